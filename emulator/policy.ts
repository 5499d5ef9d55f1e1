/*
 * Which CPU runs next, and for how long: the interface of scheduling policies. The policies are in policies/.
 *
 * A policy is asked whenever a slice is over: its instructions are used up, or its CPU sleeps, waits, or executed PAUSE
 * while others could run. It must be a function of what it is told and of its own state, so that a run can be repeated.
 */

import type { Stateful } from './state.ts';

export interface Slice {
  readonly cpu: number;
  readonly instructions: number;
}

export interface Policy extends Stateful {
  /**
   * Whether a CPU that executes PAUSE keeps its slice. Without it, a CPU that spins gives way at once, and cannot starve
   * the machine, whatever the policy.
   */
  readonly ignoresPause?: boolean;
  /** `runnable` is not empty, and ascending; `executed` counts the instructions of all CPUs. */
  next(runnable: readonly number[], executed: number): Slice;
}
