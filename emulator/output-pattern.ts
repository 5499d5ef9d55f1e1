/*
 * Finds a text in a stream of bytes, one byte at a time (Knuth, Morris, Pratt 1977): no byte is looked at twice, and the
 * match is known with its last byte, so that a run can end exactly there.
 */

export class OutputPattern {
  readonly #pattern: Uint8Array;
  /** For each prefix, the length of its longest proper prefix that is also its suffix. */
  readonly #fallback: Uint32Array;
  #matched = 0;

  constructor(pattern: string | Uint8Array) {
    this.#pattern = typeof pattern === 'string' ? new TextEncoder().encode(pattern) : pattern;
    this.#fallback = new Uint32Array(this.#pattern.length + 1);
    for (let i = 1, length = 0; i < this.#pattern.length; i++) {
      while (length > 0 && this.#pattern[i] !== this.#pattern[length]) length = this.#fallback[length]!;
      if (this.#pattern[i] === this.#pattern[length]) length++;
      this.#fallback[i + 1] = length;
    }
  }

  /** Takes the next byte. Returns whether the text ends with it. */
  next(byte: number): boolean {
    while (this.#matched > 0 && this.#pattern[this.#matched] !== byte) this.#matched = this.#fallback[this.#matched]!;
    if (this.#pattern[this.#matched] === byte) this.#matched++;
    if (this.#matched < this.#pattern.length) return false;
    this.#matched = this.#fallback[this.#matched]!;
    return true;
  }
}
