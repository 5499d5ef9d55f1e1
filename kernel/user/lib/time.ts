/*
 * Clocks and sleeping.
 */

import { type Timespec } from '../../abi/time.ts';
import { SYS_clock_gettime, SYS_nanosleep } from '../../abi/syscallNumbers.ts';

/** Sleeps. Returns 0, or -EINTR when a signal came first; the time left is then in `remaining` (may be null). */
export function nanosleep(duration: Timespec, remaining: Timespec | null): i32 {
  return int80(SYS_nanosleep, u32(duration), u32(remaining), 0, 0, 0, 0);
}

export function clockGettime(clock: u32, result: Timespec): i32 {
  return int80(SYS_clock_gettime, clock, u32(result), 0, 0, 0, 0);
}
