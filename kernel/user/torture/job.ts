/*
 * A job of torture: its random sequence, and how a round says that something is wrong.
 */

import { EAGAIN, EINTR, ENOMEM } from '../../abi/errno.ts';
import { printError } from '../lib/output.ts';
import { exitNow, wait4 } from '../lib/processCalls.ts';

export class Job {
  number: u32;
  iteration: u32;
  state: u32;
  /** The path that torture was started by, for exec. */
  program: Ptr<u8>;
}

export function seedJob(job: Job, seed: u32, number: u32, program: Ptr<u8>): void {
  job.number = number;
  job.state = seed * 2654435761 + number * 40503 + 1;
  job.program = program;
}

/** A number below `bound` (xorshift32, Marsaglia 2003). */
export function random(job: Job, bound: u32): u32 {
  let x: u32 = job.state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  job.state = x;
  return x % bound;
}

/** Ends the job unless the two are equal. */
export function expectEqual(job: Job, what: string, got: u32, wanted: u32): void {
  if (got === wanted) return;
  printError('torture: job %u, iteration %u: %s: got %d', job.number, job.iteration, what, got);
  printError(' (0x%x), wanted %d (0x%x)\n', got, wanted, wanted);
  exitNow(1);
}

/** Ends the job if `result` is an error, unless it says that resources are out. Returns whether it is none. */
export function succeeded(job: Job, what: string, result: i32): boolean {
  if (result >= 0 || u32(result) < 0xfffff001) return true;
  if (result !== -EAGAIN && result !== -ENOMEM) {
    printError('torture: job %u, iteration %u: %s: error %d\n', job.number, job.iteration, what, -result);
    exitNow(1);
  }
  return false;
}

/** In a wait status: a core was dumped, which depends on the system's settings. */
const CORE_DUMPED: u32 = 0x80;

/** Waits for child `pid`; it must have ended with exactly this wait status, dumped cores aside. */
export function expectEnd(job: Job, what: string, pid: i32, wanted: u32): void {
  const status = zeroed<FixedArray<u32, 1>>();
  let waited: i32 = 0;
  do waited = wait4(pid, status, 0);
  while (waited === -EINTR);
  expectEqual(job, what, u32(waited), u32(pid));
  expectEqual(job, what, status[0] & ~CORE_DUMPED, wanted);
}

/** The byte that belongs at `index` of the pattern number `key`. */
export function patternByte(key: u32, index: u32): u32 {
  return ((key + index) * 2654435761) >>> 24;
}

/** Fills memory with a pattern. */
export function fillPattern(target: Ptr<u8>, length: u32, key: u32): void {
  for (let i: u32 = 0; i < length; i++) target[i] = u8(patternByte(key, i));
}

/** Ends the job unless memory holds the pattern. */
export function expectPattern(job: Job, what: string, source: Ptr<u8>, length: u32, key: u32): void {
  for (let i: u32 = 0; i < length; i++) {
    if (source[i] !== patternByte(key, i)) expectEqual(job, what, source[i], patternByte(key, i));
  }
}
