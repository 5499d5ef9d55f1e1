/*
 * Follows an explicit list of slices, instruction by instruction; afterwards another policy goes on.
 *
 * A slice whose CPU cannot run when its turn comes is left out; a slice whose CPU falls asleep ends there. PAUSE does not
 * end a slice: the list says exactly what happens.
 */

import type { Policy, Slice } from '../policy.ts';
import type { StateStream } from '../state.ts';

export class Scripted implements Policy {
  readonly #slices: readonly Slice[];
  readonly #afterwards: Policy;
  #position = 0;

  constructor(slices: readonly Slice[], afterwards: Policy) {
    this.#slices = slices;
    this.#afterwards = afterwards;
  }

  get ignoresPause(): boolean {
    return this.#position <= this.#slices.length && this.#slices.length > 0;
  }

  /** Slices of the list that have been begun or left out. */
  get position(): number {
    return Math.min(this.#position, this.#slices.length);
  }

  transferState(state: StateStream): void {
    this.#position = state.number(this.#position);
    this.#afterwards.transferState(state);
  }

  next(runnable: readonly number[], executed: number): Slice {
    while (this.#position < this.#slices.length) {
      const slice = this.#slices[this.#position++]!;
      if (runnable.includes(slice.cpu)) return slice;
    }
    this.#position = this.#slices.length + 1;
    return this.#afterwards.next(runnable, executed);
  }
}
