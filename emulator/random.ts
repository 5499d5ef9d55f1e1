/*
 * The machine's only source of randomness: a small generator that is fully determined by its seed.
 *
 * SplitMix32 stretches the seed to 128 bits of state for xoshiro128** (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", 2021), which passes the usual statistical tests and needs no 64-bit arithmetic.
 */

import type { Stateful, StateStream } from './state.ts';

export class Random implements Stateful {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    let mix = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      mix = (mix + 0x9e3779b9) >>> 0;
      let word = Math.imul(mix ^ (mix >>> 16), 0x85ebca6b);
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
      this.#state[i] = word ^ (word >>> 16);
    }
  }

  transferState(state: StateStream): void {
    state.array(this.#state);
  }

  /** 32 random bits. */
  next32(): number {
    const s = this.#state;
    const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.next32() / 0x1_0000_0000) * limit);
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
