/*
 * Finds the factors by which strength.ts divides.
 *
 * n / d is the upper part of n * m where m is 2^(32+s)/d, rounded up. With e = m*d - 2^(32+s) the error of the product
 * is n*e, and the quotient is right for all n up to `limit` if limit * e < 2^(32+s). The smallest s that will do gives
 * the smallest factor, which should have 32 bits.
 */

export interface UnsignedMagic {
  /** First shift the dividend right by this. */
  readonly before: number;
  /** Then take the upper half of its product with this, an unsigned 32-bit number. */
  readonly factor: number;
  /** The factor has 33 bits, of which the uppermost is left out: with t the upper half, take ((n - t) >> 1) + t. */
  readonly needsAdd: boolean;
  /** Then shift right by this. */
  readonly after: number;
}

/** For dividends from 0 to `limit`; the divisor is at least 3, and no power of two. */
export function magicUnsigned(divisor: number, limit: number): UnsignedMagic {
  const direct = find(divisor, limit);
  if (direct !== null) return { before: 0, needsAdd: false, ...direct };
  const before = 31 - Math.clz32(divisor & -divisor);
  const shifted = before === 0 ? null : find(divisor >>> before, limit >>> before);
  if (shifted !== null) return { before, needsAdd: false, ...shifted };
  const bits = 32 - Math.clz32(divisor - 1);
  const factor = factorOf(divisor, bits);
  return { before: 0, factor: Number(factor - (1n << 32n)), needsAdd: true, after: bits - 1 };
}

export interface SignedMagic {
  /** An unsigned 32-bit number; from 2^31 on, a signed multiplication is short by the dividend. */
  readonly factor: number;
  readonly after: number;
}

/** For all signed dividends; the divisor is at least 3 and below 2^31, and no power of two. */
export function magicSigned(divisor: number): SignedMagic {
  for (let after = 0; ; after++) {
    const factor = factorOf(divisor, after);
    if (error(divisor, factor, after) < 1n << BigInt(after + 1)) return { factor: Number(factor), after };
  }
}

function find(divisor: number, limit: number): { factor: number; after: number } | null {
  for (let after = 0; after < 32; after++) {
    const factor = factorOf(divisor, after);
    if (factor >= 1n << 32n) return null;
    const isExact = BigInt(limit) * error(divisor, factor, after) < 1n << BigInt(32 + after);
    if (isExact) return { factor: Number(factor), after };
  }
  return null;
}

/** 2^(32 + shift) / divisor, rounded up. */
function factorOf(divisor: number, shift: number): bigint {
  const d = BigInt(divisor);
  return ((1n << BigInt(32 + shift)) + d - 1n) / d;
}

function error(divisor: number, factor: bigint, shift: number): bigint {
  return factor * BigInt(divisor) - (1n << BigInt(32 + shift));
}
