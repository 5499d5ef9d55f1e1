/*
 * sort [-rnu] [FILE...]: prints the lines of files, or of standard input, in order: by bytes, with -n by the number that
 * they begin with; -r the other way round; -u without repetitions.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { allocate, append, type Buffer, contents } from './lib/buffer.ts';
import { DIGIT_0, MINUS, NEWLINE, SPACE, TAB } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, open } from './lib/fileCalls.ts';
import { getByte, initInput, type Input } from './lib/input.ts';
import { print } from './lib/output.ts';
import { compareStrings, isDigit, type StringList } from './lib/strings.ts';

const REVERSE = 0;
const NUMERIC = 1;
const UNIQUE = 2;

const options = zeroed<Inline<Options>>();
const input = zeroed<Inline<Input>>();
const text = zeroed<Inline<Buffer>>();

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(argc: u32, argv: StringList): i32 {
  if (!readOptions(argv, 'rnu', options)) return 2;
  let status: i32 = 0;
  if (options.operands === argc) readAll(0);
  for (let i = options.operands; i < argc; i++) {
    const fd = argv[i]![0] === MINUS && argv[i]![1] === 0 ? 0 : open(argv[i]!, O_RDONLY, 0);
    if (fd < 0) {
      complain('sort', argv[i]!, fd);
      return 2;
    }
    readAll(fd);
    if (fd > 0) close(fd);
  }
  const count = countLines();
  const lines = splitLines(count);
  const spare = ptr<Ptr<u8>>(allocate((count + 1) * 4));
  mergeSort(lines, spare, count);
  for (let i: u32 = 0; i < count; i++) {
    if (hasOption(options, UNIQUE) && i > 0 && compareKeys(lines[i - 1], lines[i]) === 0) continue;
    print('%s\n', lines[i]);
  }
  return status;
}

/** Adds a file's lines to the text, each ended by a zero. */
function readAll(fd: i32): void {
  initInput(input, fd);
  let last: i32 = NEWLINE;
  for (let byte = getByte(input); byte >= 0; byte = getByte(input)) {
    append(text, byte === NEWLINE ? 0 : u32(byte));
    last = byte;
  }
  if (last !== NEWLINE) append(text, 0);
}

function countLines(): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < text.length; i++) {
    if (text.data![i] === 0) count++;
  }
  return count;
}

function splitLines(count: u32): Ptr<Ptr<u8>> {
  const lines = ptr<Ptr<u8>>(allocate((count + 1) * 4));
  let at = contents(text);
  for (let i: u32 = 0; i < count; i++) {
    lines[i] = at;
    while (at[0] !== 0) at = at.add(1);
    at = at.add(1);
  }
  return lines;
}

/** Merges runs of 1, 2, 4 ... lines: equal ones keep their order. */
function mergeSort(lines: Ptr<Ptr<u8>>, spare: Ptr<Ptr<u8>>, count: u32): void {
  for (let width: u32 = 1; width < count; width *= 2) {
    for (let from: u32 = 0; from < count; from += 2 * width) {
      const middle = from + width < count ? from + width : count;
      const end = from + 2 * width < count ? from + 2 * width : count;
      merge(lines, spare, from, middle, end);
    }
    for (let i: u32 = 0; i < count; i++) lines[i] = spare[i];
  }
}

function merge(lines: Ptr<Ptr<u8>>, target: Ptr<Ptr<u8>>, from: u32, middle: u32, end: u32): void {
  let left = from;
  let right = middle;
  for (let i = from; i < end; i++) {
    if (right === end || (left < middle && compare(lines[left], lines[right]) <= 0)) {
      target[i] = lines[left];
      left++;
    } else {
      target[i] = lines[right];
      right++;
    }
  }
}

function compare(a: Ptr<u8>, b: Ptr<u8>): i32 {
  const byKey = compareKeys(a, b);
  const order = byKey !== 0 || hasOption(options, UNIQUE) ? byKey : compareStrings(a, b);
  return hasOption(options, REVERSE) ? 0 - order : order;
}

function compareKeys(a: Ptr<u8>, b: Ptr<u8>): i32 {
  if (!hasOption(options, NUMERIC)) return compareStrings(a, b);
  const first = numberOf(a);
  const second = numberOf(b);
  return first < second ? -1 : first > second ? 1 : 0;
}

function numberOf(line: Ptr<u8>): i64 {
  let i: u32 = 0;
  while (line[i] === SPACE || line[i] === TAB) i++;
  const negative = line[i] === MINUS;
  if (negative) i++;
  let value: i64 = 0n;
  for (; isDigit(line[i]); i++) value = value * 10n + i64(line[i] - DIGIT_0);
  return negative ? 0n - value : value;
}
