/*
 * sleep SECONDS: waits. Fractions are allowed (0.25).
 */

import { type Timespec } from '../abi/time.ts';
import { DIGIT_0, DOT } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { printError } from './lib/output.ts';
import { isDigit, type StringList } from './lib/strings.ts';
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
  if (argc !== 2 || !parseTime(argv[1]!, time)) {
    printError('usage: sleep SECONDS\n');
    return 1;
  }
  while (nanosleep(time, time) < 0) continue; // a signal that was caught: sleep on for the rest
  return 0;
}

/** Reads a decimal number with up to nine digits after the point. */
function parseTime(text: Ptr<u8>, result: Timespec): boolean {
  let i: u32 = 0;
  let seconds: i32 = 0;
  let nanoseconds: i32 = 0;
  for (; isDigit(text[i]); i++) seconds = seconds * 10 + (i32(text[i]) - DIGIT_0);
  if (text[i] === DOT) {
    i++;
    let unit: i32 = 100000000;
    for (; isDigit(text[i]); i++) {
      nanoseconds += (i32(text[i]) - DIGIT_0) * unit;
      unit = unit / 10;
    }
  }
  result.tv_sec = seconds;
  result.tv_nsec = nanoseconds;
  return i > 0 && text[i] === 0;
}
