/*
 * Do the time-stamp counters of two CPUs agree?
 *
 * A CPU that starts asks CPU 0 for its count, and looks at its own before and after. If the answer lies between the two,
 * they may be the same clock, and are taken to be. Otherwise the difference goes to `Cpu.tscOffset`, and the clock
 * (clock.ts) makes sure that what is left of it cannot be seen. Of several rounds the quickest tells most.
 *
 *   CPU n                        CPU 0
 *   before = rdtsc
 *   asked = true       ----->    answer = rdtsc
 *   after = rdtsc      <-----    asked = false
 *
 * One CPU starts at a time, so one question is under way at most.
 */

import { suspectClocks } from './clock.ts';
import { type Cpu } from './cpu.ts';

const ROUNDS: u32 = 5;

let asked: Volatile<boolean> = false;
let answer: u64 = 0n;

/** On CPU 0: answers if there is a question. */
export function answerClock(): void {
  if (!asked) return;
  answer = rdtsc();
  asked = false;
}

/** On a CPU that starts: sets its `tscOffset`. CPU 0 calls `answerClock` meanwhile. */
export function compareClock(cpu: Cpu): void {
  let quickest: u64 = 0xffffffffffffffffn;
  cpu.tscOffset = 0n;
  for (let round: u32 = 0; round < ROUNDS; round++) {
    const before = rdtsc();
    asked = true;
    while (reload<boolean>(asked)) pause();
    const after = rdtsc();
    if (after - before >= quickest) continue;
    quickest = after - before;
    cpu.tscOffset = before <= answer && answer <= after ? 0n : answer - (before + quickest / 2n);
  }
  if (cpu.tscOffset !== 0n) suspectClocks();
}
