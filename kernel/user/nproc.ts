/*
 * nproc [--all]: how many CPUs the caller may run on; with --all, how many there are.
 */

import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { readFile } from './lib/files.ts';
import { print } from './lib/output.ts';
import { affinity } from './lib/processCalls.ts';
import { startsWith, stringsEqual, type StringList } from './lib/strings.ts';

const text = zeroed<FixedArray<u8, 16384>>();

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
  if (argc > 1 && stringsEqual(argv[1]!, bytes('--all'))) return printAll();
  const mask = zeroed<FixedArray<u32, 1>>();
  const error = affinity(0, mask);
  if (error < 0) return complain('nproc', bytes('affinity'), error);
  let count: u32 = 0;
  for (let rest: u32 = mask[0]; rest !== 0; rest >>>= 1) count += rest & 1;
  print('%u\n', count);
  return 0;
}

/** Counts the processors in /proc/cpuinfo. */
function printAll(): i32 {
  const length = readFile(bytes('/proc/cpuinfo'), text, 16384);
  if (length < 0) return complain('nproc', bytes('/proc/cpuinfo'), length);
  let count: u32 = 0;
  for (let i: i32 = 0; i < length; i++) {
    if ((i === 0 || text[i - 1] === 0x0a) && startsWith(addrOf(text[i]), bytes('processor'))) count++;
  }
  print('%u\n', count);
  return 0;
}
