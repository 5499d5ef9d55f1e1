/*
 * SHA-256, for hashes of the machine's state. The Web Crypto interface has it too, but only asynchronously, and for one
 * piece of memory.
 *
 * Source: FIPS 180-4.
 */

const BLOCK_BYTES = 64;

/** "The first thirty-two bits of the fractional parts of the cube (square) roots of the first primes." */
const ROUND_CONSTANTS = Int32Array.from(firstPrimes(64), (prime) => rootFraction(prime, 3n));
const INITIAL = Int32Array.from(firstPrimes(8), (prime) => rootFraction(prime, 2n));

export class Sha256 {
  readonly #state = INITIAL.slice();
  readonly #schedule = new Int32Array(64);
  /** Bytes that do not fill a block yet. */
  readonly #rest = new Uint8Array(BLOCK_BYTES);
  #restLength = 0;
  #total = 0;

  update(bytes: Uint8Array): this {
    this.#total += bytes.length;
    let at = 0;
    if (this.#restLength > 0) {
      at = Math.min(BLOCK_BYTES - this.#restLength, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#restLength);
      this.#restLength += at;
      if (this.#restLength < BLOCK_BYTES) return this;
      this.#block(new DataView(this.#rest.buffer), 0);
      this.#restLength = 0;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) this.#block(view, at);
    this.#rest.set(bytes.subarray(at));
    this.#restLength = bytes.length - at;
    return this;
  }

  /** Hashes numbers as doubles, which tells all integers up to 2^53 apart. */
  updateNumbers(numbers: Iterable<number>): this {
    return this.update(new Uint8Array(Float64Array.from(numbers).buffer));
  }

  /** The hash, in hexadecimal. Nothing can be added afterwards. */
  digest(): string {
    return Array.from(this.digestBytes(), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  /** The hash, 32 bytes. Nothing can be added afterwards. */
  digestBytes(): Uint8Array {
    const bits = this.#total * 8;
    const zeros = (55 - (this.#total % BLOCK_BYTES) + BLOCK_BYTES) % BLOCK_BYTES;
    const padding = new Uint8Array(1 + zeros + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 0x1_0000_0000));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.update(padding);
    const digest = new Uint8Array(32);
    const words = new DataView(digest.buffer);
    for (const [i, word] of this.#state.entries()) words.setInt32(4 * i, word);
    return digest;
  }

  #block(view: DataView, at: number): void {
    const w = this.#schedule;
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15]!;
      const b = w[i - 2]!;
      const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
      const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
      w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
    }
    this.#rounds(w);
  }

  #rounds(w: Int32Array): void {
    const state = this.#state;
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    let f = state[5]!;
    let g = state[6]!;
    let h = state[7]!;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[i]! + w[i]!) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] = state[0]! + a;
    state[1] = state[1]! + b;
    state[2] = state[2]! + c;
    state[3] = state[3]! + d;
    state[4] = state[4]! + e;
    state[5] = state[5]! + f;
    state[6] = state[6]! + g;
    state[7] = state[7]! + h;
  }
}

/** The first 32 bits of the fractional part of a root: the root of value * 2^(32 * degree), by bisection, modulo 2^32. */
function rootFraction(value: number, degree: bigint): number {
  const scaled = BigInt(value) << (32n * degree);
  let low = 0n;
  let high = 1n << 40n; // roots of numbers below 2^8
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= scaled) low = middle;
    else high = middle;
  }
  return Number(BigInt.asUintN(32, low));
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  return primes;
}
