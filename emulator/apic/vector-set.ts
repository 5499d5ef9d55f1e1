/*
 * A set of vectors: 256 bits in eight words, as the IRR, ISR and TMR show them.
 */

import type { Stateful, StateStream } from '../state.ts';

export class VectorSet implements Stateful {
  readonly #words = new Uint32Array(8);

  transferState(state: StateStream): void {
    state.array(this.#words);
  }

  /** Vectors 32 * index to 32 * index + 31. */
  word(index: number): number {
    return this.#words[index]!;
  }

  /** The highest vector in the set, or -1. */
  get highest(): number {
    for (let i = 7; i >= 0; i--) {
      if (this.#words[i] !== 0) return 32 * i + 31 - Math.clz32(this.#words[i]!);
    }
    return -1;
  }

  has(vector: number): boolean {
    return ((this.#words[vector >> 5]! >>> (vector & 31)) & 1) !== 0;
  }

  set(vector: number, isIn: boolean): void {
    const bit = 1 << (vector & 31);
    if (isIn) this.#words[vector >> 5]! |= bit;
    else this.#words[vector >> 5]! &= ~bit;
  }

  clear(): void {
    this.#words.fill(0);
  }
}
