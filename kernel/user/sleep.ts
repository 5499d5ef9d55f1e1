/*
 * sleep TIME...: waits for the sum of some times: numbers, perhaps with a fraction, of seconds, or with s, m, h or d.
 */

import { type Timespec } from '../abi/time.ts';
import { run } from './lib/crt.ts';
import { parseDuration } from './lib/duration.ts';
import { printError } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';
import { nanosleep } from './lib/time.ts';

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
  const time = zeroed<Inline<Timespec>>();
  let isGood = argc > 1;
  for (let i: u32 = 1; i < argc; i++) isGood = parseDuration(argv[i]!, time) && isGood;
  if (!isGood) {
    printError('usage: sleep TIME...\n');
    return 1;
  }
  for (let i: u32 = 1; i < argc; i++) {
    parseDuration(argv[i]!, time);
    while (nanosleep(time, time) < 0) continue; // a signal that was caught: sleep on for the rest
  }
  return 0;
}
