/*
 * tr [-ds] SET1 [SET2]: copies standard input with characters replaced; with -d, without those of SET1; with -s, runs of
 * the same character of the last set become one. Sets are characters, ranges (a-z), classes ([:upper:]) and \n \t \\.
 */

import { hasOption, type Options, readOptions } from './lib/args.ts';
import { BACKSLASH, COLON, MINUS, OPEN_BRACKET } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { getByte, initInput, type Input } from './lib/input.ts';
import { printError, putByte, stdout } from './lib/output.ts';
import { startsWith, type StringList } from './lib/strings.ts';

const DELETE_OPTION = 0;
const SQUEEZE_OPTION = 1;
const COMPLEMENT_OPTION = 2;

/** Characters in their order, as they are named. */
class Set {
  count: u32;
  members: FixedArray<u8, 256>;
}

const input = zeroed<Inline<Input>>();
const first = zeroed<Inline<Set>>();
const second = zeroed<Inline<Set>>();
const map = zeroed<FixedArray<u8, 256>>();
const isFirst = zeroed<FixedArray<boolean, 256>>();
const isLast = zeroed<FixedArray<boolean, 256>>();

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
  const options = zeroed<Inline<Options>>();
  if (!readOptions(argv, 'dsc', options)) return 1;
  const operands = argc - options.operands;
  const deletes = hasOption(options, DELETE_OPTION);
  const squeezes = hasOption(options, SQUEEZE_OPTION);
  if (operands < 1 || operands > 2 || (operands === 1 && !deletes && !squeezes)) {
    printError('usage: tr [-cds] SET1 [SET2]\n');
    return 1;
  }
  readSet(argv[options.operands]!, first);
  if (hasOption(options, COMPLEMENT_OPTION)) complement(first);
  if (operands === 2) readSet(argv[options.operands + 1]!, second);
  for (let i: u32 = 0; i < 256; i++) map[i] = u8(i);
  for (let i: u32 = 0; i < first.count; i++) {
    const member = first.members[i];
    isFirst[member] = true;
    if (!deletes && second.count > 0) map[member] = second.members[i < second.count ? i : second.count - 1];
  }
  const last: Set = operands === 2 ? second : first;
  for (let i: u32 = 0; i < last.count; i++) isLast[last.members[i]] = true;
  initInput(input, 0);
  let previous: i32 = -1;
  for (let byte = getByte(input); byte >= 0; byte = getByte(input)) {
    if (deletes && isFirst[byte]) continue;
    const result: i32 = map[byte];
    if (squeezes && result === previous && isLast[result]) continue;
    putByte(stdout, u32(result));
    previous = result;
  }
  return 0;
}

function addRange(set: Set, from: u32, to: u32): void {
  for (let byte = from; byte <= to && set.count < 256; byte++) {
    set.members[set.count] = u8(byte);
    set.count++;
  }
}

function readSet(text: Ptr<u8>, set: Set): void {
  let i: u32 = 0;
  while (text[i] !== 0) {
    const known = text[i] === OPEN_BRACKET && text[i + 1] === COLON ? addClass(text.add(i + 2), set) : 0;
    if (known > 0) {
      i += known + 4;
      continue;
    }
    const from = character(text.add(i));
    i += text[i] === BACKSLASH && text[i + 1] !== 0 ? 2 : 1;
    if (text[i] !== MINUS || text[i + 1] === 0) {
      addRange(set, from, from);
      continue;
    }
    addRange(set, from, character(text.add(i + 1)));
    i += text[i + 1] === BACKSLASH && text[i + 2] !== 0 ? 3 : 2;
  }
}

/** A character, or what a backslash makes of the next. */
function character(text: Ptr<u8>): u32 {
  if (text[0] !== BACKSLASH || text[1] === 0) return text[0];
  switch (text[1]) {
    case 0x6e:
      return 10;
    case 0x74:
      return 9;
    case 0x72:
      return 13;
    case 0x30:
      return 0;
    default:
      return text[1];
  }
}

/** Adds the class whose name begins `text`. Returns the name's length, 0 if there is none such. */
function addClass(text: Ptr<u8>, set: Set): u32 {
  if (startsWith(text, bytes('upper:]'))) addRange(set, 0x41, 0x5a);
  else if (startsWith(text, bytes('lower:]'))) addRange(set, 0x61, 0x7a);
  else if (startsWith(text, bytes('digit:]'))) addRange(set, 0x30, 0x39);
  else if (startsWith(text, bytes('alpha:]')) || startsWith(text, bytes('alnum:]'))) {
    if (text[2] === 0x6e) addRange(set, 0x30, 0x39);
    addRange(set, 0x41, 0x5a);
    addRange(set, 0x61, 0x7a);
  } else if (startsWith(text, bytes('space:]'))) {
    addRange(set, 9, 13);
    addRange(set, 32, 32);
  } else return 0;
  return 5;
}

function complement(set: Set): void {
  const held = zeroed<FixedArray<boolean, 256>>();
  for (let i: u32 = 0; i < set.count; i++) held[set.members[i]] = true;
  set.count = 0;
  for (let byte: u32 = 0; byte < 256; byte++) {
    if (!held[byte]) addRange(set, byte, byte);
  }
}
