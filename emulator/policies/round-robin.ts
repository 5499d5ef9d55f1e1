/*
 * One CPU after the other, in slices of random length.
 *
 * With slices of one length, a CPU that spins without PAUSE can meet the lock that it wants held every time, for ever; here
 * every length from half to one and a half of the mean comes up.
 */

import type { Policy, Slice } from '../policy.ts';
import type { Random } from '../random.ts';
import type { StateStream } from '../state.ts';

export class RoundRobin implements Policy {
  readonly #random: Random;
  readonly #mean: number;
  #last = -1;

  constructor(random: Random, meanInstructions: number) {
    this.#random = random;
    this.#mean = meanInstructions;
  }

  transferState(state: StateStream): void {
    this.#last = state.number(this.#last);
  }

  next(runnable: readonly number[]): Slice {
    this.#last = runnable.find((cpu) => cpu > this.#last) ?? runnable[0]!;
    return { cpu: this.#last, instructions: Math.ceil(this.#mean / 2) + this.#random.below(this.#mean) };
  }
}
