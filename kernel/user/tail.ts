/*
 * tail [-NUMBER | -n NUMBER | -n +NUMBER | -c NUMBER] [FILE]: copies the last lines (10) or bytes of a file, or of
 * standard input; with a plus, from line NUMBER on.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { append, type Buffer } from './lib/buffer.ts';
import { MINUS, NEWLINE, PLUS } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { open } from './lib/fileCalls.ts';
import { getByte, initInput, type Input } from './lib/input.ts';
import { printError, putByte, putBytes, stdout } from './lib/output.ts';
import { parseNumber, stringsEqual, type StringList } from './lib/strings.ts';

class Choice {
  bytes: boolean;
  fromStart: boolean;
  count: u32;
}

const input = zeroed<Inline<Input>>();
const text = zeroed<Inline<Buffer>>();
const choice = zeroed<Inline<Choice>>();

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
  let next: u32 = 1;
  choice.count = 10;
  if (argc > 2 && (stringsEqual(argv[1]!, bytes('-n')) || stringsEqual(argv[1]!, bytes('-c')))) {
    choice.bytes = stringsEqual(argv[1]!, bytes('-c'));
    if (!readCount(argv[2]!)) return usage();
    next = 3;
  } else if (argc > 1 && argv[1]![0] === MINUS && argv[1]![1] !== 0) {
    if (!readCount(argv[1]!.add(1))) return usage();
    next = 2;
  }
  let fd: i32 = 0;
  if (next < argc && !stringsEqual(argv[next]!, bytes('-'))) fd = open(argv[next]!, O_RDONLY, 0);
  if (fd < 0) return complain('tail', argv[next]!, fd);
  initInput(input, fd);
  if (choice.fromStart) copyFrom(choice.count);
  else copyLast(choice.count);
  return 0;
}

function usage(): i32 {
  printError('usage: tail [-NUMBER | -n [+]NUMBER | -c [+]NUMBER] [FILE]\n');
  return 1;
}

function readCount(word: Ptr<u8>): boolean {
  const number = zeroed<FixedArray<i32, 1>>();
  choice.fromStart = word[0] === PLUS;
  if (!parseNumber(choice.fromStart ? word.add(1) : word, number)) return false;
  choice.count = u32(number[0] < 0 ? 0 - number[0] : number[0]);
  return true;
}

/** Copies all from line (or byte) `first` on, which counts from 1. */
function copyFrom(first: u32): void {
  let skip = first > 0 ? first - 1 : 0;
  for (let byte = getByte(input); byte >= 0; byte = getByte(input)) {
    if (skip === 0) putByte(stdout, u32(byte));
    else if (choice.bytes || byte === NEWLINE) skip--;
  }
}

/** Reads all, then looks for the place from the end. */
function copyLast(count: u32): void {
  for (let byte = getByte(input); byte >= 0; byte = getByte(input)) append(text, u32(byte));
  const data = text.data;
  if (data === null || count === 0) return;
  let from = text.length;
  let left = count;
  // The newline that ends the last line begins no other.
  if (!choice.bytes && data[from - 1] === NEWLINE) from--;
  for (; from > 0; from--) {
    if (choice.bytes ? text.length - from === count : data[from - 1] === NEWLINE) left--;
    if (left === 0 || (choice.bytes && text.length - from === count)) break;
  }
  putBytes(stdout, data.add(from), text.length - from);
}
