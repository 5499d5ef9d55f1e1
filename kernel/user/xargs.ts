/*
 * xargs [-n NUMBER] [COMMAND [ARGUMENT...]]: runs a command (echo) with the words of standard input as further arguments,
 * as many at a time as fit, or NUMBER. Quotes and backslashes in the input keep blanks.
 */

import { allocate, append, type Buffer } from './lib/buffer.ts';
import { BACKSLASH, DOUBLE_QUOTE, NEWLINE, SINGLE_QUOTE, SPACE, TAB } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { executeFound } from './lib/executable.ts';
import { getByte, initInput, type Input } from './lib/input.ts';
import { flush, printError, stdout } from './lib/output.ts';
import { exitNow, fork, wait4 } from './lib/processCalls.ts';
import { parseNumber, stringsEqual, type StringList } from './lib/strings.ts';

/** Words at a time at most: their strings and pointers stay far below what execve takes. */
const MOST_WORDS: u32 = 1000;

/** What xargs makes of commands that fail, and of those that cannot be run. */
const SOME_FAILED = 123;

const input = zeroed<Inline<Input>>();
const words = zeroed<Inline<Buffer>>();

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

function main(argc: u32, argv: StringList, envp: StringList): i32 {
  const limit = zeroed<FixedArray<i32, 1>>();
  limit[0] = i32(MOST_WORDS);
  let first: u32 = 1;
  if (argc > 1 && stringsEqual(argv[1]!, bytes('-n'))) {
    if (argc < 3 || !parseNumber(argv[2]!, limit) || limit[0] <= 0) {
      printError('usage: xargs [-n NUMBER] [COMMAND [ARGUMENT...]]\n');
      return 1;
    }
    first = 3;
  }
  initInput(input, 0);
  let status: i32 = 0;
  for (let round: u32 = 0; ; round++) {
    words.length = 0;
    const count = readWords(u32(limit[0]));
    if (count === 0 && round > 0) return status;
    const result = runOnce(argv.add(first), argc - first, count, envp);
    if (result > SOME_FAILED) return result;
    if (result !== 0) status = SOME_FAILED;
    if (count < u32(limit[0])) return status;
  }
}

/** Reads up to `limit` words, each ended by a zero. Returns how many. */
function readWords(limit: u32): u32 {
  let count: u32 = 0;
  while (count < limit && readWord()) count++;
  return count;
}

function readWord(): boolean {
  let byte = getByte(input);
  while (byte === SPACE || byte === TAB || byte === NEWLINE) byte = getByte(input);
  if (byte < 0) return false;
  while (byte >= 0 && byte !== SPACE && byte !== TAB && byte !== NEWLINE) {
    if (byte === SINGLE_QUOTE || byte === DOUBLE_QUOTE) {
      const quote = byte;
      for (byte = getByte(input); byte >= 0 && byte !== quote; byte = getByte(input)) append(words, u32(byte));
    } else {
      if (byte === BACKSLASH) byte = getByte(input);
      if (byte >= 0) append(words, u32(byte));
    }
    byte = getByte(input);
  }
  append(words, 0);
  return true;
}

/** Runs the command with its own arguments and `count` words. Returns its status. */
function runOnce(command: StringList, size: u32, count: u32, envp: StringList): i32 {
  const own = size === 0 ? 1 : size;
  const list = ptr<Ptr<u8> | null>(allocate((own + count + 1) * 4));
  list[0] = bytes('echo');
  for (let i: u32 = 0; i < size; i++) list[i] = command[i];
  let at: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    list[own + i] = words.data!.add(at);
    while (words.data![at] !== 0) at++;
    at++;
  }
  list[own + count] = null;
  flush(stdout);
  const pid = fork();
  if (pid === 0) exitNow(executeFound('xargs', list, envp));
  const status = zeroed<FixedArray<u32, 1>>();
  if (pid < 0 || wait4(pid, status, 0) < 0) return 127;
  return (status[0] & 0x7f) !== 0 ? 125 : i32((status[0] >>> 8) & 0xff);
}
