/*
 * Where a part of a wasm module is put together.
 */

/** A small non-negative integer as a signed LEB128 of three bytes, so that it can be overwritten in place. */
export function paddedSigned(value: number): number[] {
  return [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, (value >> 14) & 0x3f];
}

/** Bytes that become more and more, in an array that grows with them. */
export class ByteWriter {
  length = 0;
  #buffer: Uint8Array<ArrayBuffer>;

  constructor(capacity: number) {
    this.#buffer = new Uint8Array(capacity + 256);
  }

  push(...bytes: readonly number[]): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  copy(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    for (let at = start; at < end; at++) this.#buffer[this.length++] = source[at]!;
  }

  /** Overwrites a number of three bytes (`paddedSigned`). */
  patchNumber(at: number, value: number): void {
    this.#buffer.set(paddedSigned(value), at);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#buffer.length) return;
    const grown = new Uint8Array((this.length + more) * 2);
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}
