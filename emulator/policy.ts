/*
 * Which CPU runs next, and for how long.
 *
 * A policy is asked whenever a slice is over, or the CPU that had it cannot run any more. It must be a function of what it
 * is told and of its own state, so that a run can be repeated.
 */

import type { Random } from './random.ts';

/** Runs `cpu` for so many instructions; the machine may end a slice early when the CPU halts. */
export interface Slice {
  readonly cpu: number;
  readonly instructions: number;
}

export interface Policy {
  /** `runnable` is not empty, and ascending; `executed` counts the instructions of all CPUs. */
  next(runnable: readonly number[], executed: number): Slice;
}

/**
 * One CPU after the other, in slices of random length. With slices of one length, a CPU that spins for a lock can meet it
 * held every time, forever; here every length comes up.
 */
export class RoundRobin implements Policy {
  readonly #random: Random;
  readonly #mean: number;
  #last = -1;

  constructor(random: Random, meanInstructions: number) {
    this.#random = random;
    this.#mean = meanInstructions;
  }

  next(runnable: readonly number[]): Slice {
    const cpu = runnable.find((index) => index > this.#last) ?? runnable[0]!;
    this.#last = cpu;
    // Alone, a CPU has nobody to be fair to; its slice ends when another one wakes.
    const instructions = Math.ceil(this.#mean / 2) + this.#random.below(this.#mean);
    return { cpu, instructions };
  }
}
