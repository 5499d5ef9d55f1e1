/*
 * Any CPU that can run, for any time: each choice is independent of the ones before it.
 *
 * The lengths are spread evenly over all scales up to the longest, so that a run has both CPUs that alternate every few
 * instructions and CPUs that fall far behind.
 */

import type { Policy, Slice } from '../policy.ts';
import type { Random } from '../random.ts';

export class RandomSlices implements Policy {
  readonly #random: Random;
  readonly #longest: number;

  constructor(random: Random, longestInstructions: number) {
    this.#random = random;
    this.#longest = longestInstructions;
  }

  /** All that it remembers is where the machine's generator is. */
  transferState(): void {}

  next(runnable: readonly number[]): Slice {
    const cpu = runnable[this.#random.below(runnable.length)]!;
    const scales = 33 - Math.clz32(this.#longest - 1); // powers of two up to the longest
    const limit = Math.min(this.#longest, 2 ** this.#random.below(scales));
    return { cpu, instructions: 1 + this.#random.below(limit) };
  }
}
