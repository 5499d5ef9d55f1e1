/*
 * taskset MASK COMMAND [ARGUMENT...]: runs a command on the CPUs of a mask (hexadecimal, bit n is CPU n).
 * taskset -c LIST COMMAND...: the same with numbers and ranges (0,2-3).
 * taskset -p [MASK] PID: shows or sets the mask of a process.
 */

import { COMMA, MINUS } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { executeFound } from './lib/executable.ts';
import { flush, print, printError, stdout } from './lib/output.ts';
import { affinity, setAffinityOf } from './lib/processCalls.ts';
import { isDigit, parseNumber, stringsEqual, type StringList } from './lib/strings.ts';

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
  if (argc > 2 && stringsEqual(argv[1]!, bytes('-p'))) return ofProcess(argc, argv);
  const isList = argc > 1 && stringsEqual(argv[1]!, bytes('-c'));
  const at: u32 = isList ? 2 : 1;
  if (argc < at + 2) return usage();
  const mask = isList ? parseList(argv[at]!) : parseMask(argv[at]!);
  if (mask === 0) {
    printError('taskset: %s: names no CPU\n', argv[at]);
    return 1;
  }
  const error = setAffinityOf(0, mask);
  if (error < 0) return complain('taskset', argv[at]!, error);
  flush(stdout);
  return executeFound('taskset', argv.add(at + 1), envp);
}

function usage(): i32 {
  printError('usage: taskset [-c] MASK COMMAND [ARGUMENT...], or taskset -p [MASK] PID\n');
  return 1;
}

function ofProcess(argc: u32, argv: StringList): i32 {
  const pid = zeroed<FixedArray<i32, 1>>();
  const mask = zeroed<FixedArray<u32, 1>>();
  if (argc > 4 || !parseNumber(argv[argc - 1]!, pid)) return usage();
  const error = affinity(pid[0], mask);
  if (error < 0) return complain('taskset', argv[argc - 1]!, error);
  print("pid %d's current affinity mask: %x\n", pid[0], mask[0]);
  if (argc === 3) return 0;
  const failed = setAffinityOf(pid[0], parseMask(argv[2]!));
  if (failed < 0) return complain('taskset', argv[argc - 1]!, failed);
  affinity(pid[0], mask);
  print("pid %d's new affinity mask: %x\n", pid[0], mask[0]);
  return 0;
}

/** A mask in hexadecimal, with or without 0x. 0 if it is none. */
function parseMask(text: Ptr<u8>): u32 {
  let i: u32 = text[0] === 0x30 && (text[1] | 0x20) === 0x78 ? 2 : 0;
  let mask: u32 = 0;
  for (; text[i] !== 0; i++) {
    const letter = text[i] | 0x20;
    if (!isDigit(text[i]) && (letter < 0x61 || letter > 0x66)) return 0;
    mask = mask * 16 + (isDigit(text[i]) ? text[i] - 0x30 : letter - 0x57);
  }
  return mask;
}

/** Numbers and ranges, with commas between them. 0 if it is no such list. */
function parseList(text: Ptr<u8>): u32 {
  let mask: u32 = 0;
  let i: u32 = 0;
  while (true) {
    if (!isDigit(text[i])) return 0;
    let first: u32 = 0;
    for (; isDigit(text[i]); i++) first = first * 10 + (text[i] - 0x30);
    let last = first;
    if (text[i] === MINUS) {
      last = 0;
      for (i++; isDigit(text[i]); i++) last = last * 10 + (text[i] - 0x30);
    }
    for (let cpu = first; cpu <= last && cpu < 32; cpu++) mask |= u32(1) << cpu;
    if (text[i] === 0) return mask;
    if (text[i] !== COMMA) return 0;
    i++;
  }
}
