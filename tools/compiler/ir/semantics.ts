/*
 * What the operations compute. The interpreter and the passes that fold constants share these tables, so that they
 * cannot disagree.
 *
 * An i32 is a signed JavaScript number, an i64 a signed bigint. Division is not total: ask divisionTraps first.
 */

import type { BinaryOp, CompareOp, UnaryOp } from './types.ts';

export type Binary32 = (a: number, b: number) => number;
export type Binary64 = (a: bigint, b: bigint) => bigint;

/** The width and shift operations that exist for i64 too. */
export type WideBinaryOp = Exclude<BinaryOp, 'mulHighS' | 'mulHighU' | 'shl' | 'shrS' | 'shrU'>;

export const binary32: Readonly<Record<BinaryOp, Binary32>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
  divS: (a, b) => (a / b) | 0,
  divU: (a, b) => ((a >>> 0) / (b >>> 0)) | 0,
  remS: (a, b) => (a % b) | 0,
  remU: (a, b) => ((a >>> 0) % (b >>> 0)) | 0,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shrS: (a, b) => a >> b,
  shrU: (a, b) => (a >>> b) | 0,
  mulHighS: (a, b) => Number(BigInt.asIntN(32, (BigInt(a) * BigInt(b)) >> 32n)),
  mulHighU: (a, b) => Number(BigInt.asIntN(32, (BigInt(a >>> 0) * BigInt(b >>> 0)) >> 32n)),
};

export const binary64: Readonly<Record<WideBinaryOp, Binary64>> = {
  add: (a, b) => wrap64(a + b),
  sub: (a, b) => wrap64(a - b),
  mul: (a, b) => wrap64(a * b),
  divS: (a, b) => wrap64(a / b),
  divU: (a, b) => wrap64(unsigned64(a) / unsigned64(b)),
  remS: (a, b) => a % b,
  remU: (a, b) => wrap64(unsigned64(a) % unsigned64(b)),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

/** Shifts of an i64 by an i32, which counts modulo 64. */
export const shift64: Readonly<Record<'shl' | 'shrS' | 'shrU', (a: bigint, count: number) => bigint>> = {
  shl: (a, count) => wrap64(a << BigInt(count & 63)),
  shrS: (a, count) => a >> BigInt(count & 63),
  shrU: (a, count) => wrap64(unsigned64(a) >> BigInt(count & 63)),
};

export const compare32: Readonly<Record<CompareOp, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ltS: (a, b) => a < b,
  leS: (a, b) => a <= b,
  ltU: (a, b) => a >>> 0 < b >>> 0,
  leU: (a, b) => a >>> 0 <= b >>> 0,
};

export const compare64: Readonly<Record<CompareOp, (a: bigint, b: bigint) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ltS: (a, b) => a < b,
  leS: (a, b) => a <= b,
  ltU: (a, b) => unsigned64(a) < unsigned64(b),
  leU: (a, b) => unsigned64(a) <= unsigned64(b),
};

export const unary32: Readonly<Record<Exclude<UnaryOp, 'sextWide' | 'zextWide' | 'narrow'>, (a: number) => number>> = {
  neg: (a) => -a | 0,
  not: (a) => ~a,
  sext8: (a) => (a << 24) >> 24,
  sext16: (a) => (a << 16) >> 16,
  zext8: (a) => a & 0xff,
  zext16: (a) => a & 0xffff,
};

export const unary64: Readonly<Record<'neg' | 'not', (a: bigint) => bigint>> = {
  neg: (a) => wrap64(-a),
  not: (a) => ~a,
};

export const widen: Readonly<Record<'sextWide' | 'zextWide', (a: number) => bigint>> = {
  sextWide: (a) => BigInt(a),
  zextWide: (a) => BigInt(a >>> 0),
};

/** The low half. */
export function narrow(a: bigint): number {
  return Number(BigInt.asIntN(32, a));
}

/** The pure intrinsics. bsf and bsr of 0 are undefined; here they give 0. */
export const pureIntrinsics: ReadonlyMap<string, (a: number) => number> = new Map([
  ['bsf', (a: number) => (a === 0 ? 0 : 31 - Math.clz32(a & -a))],
  ['bsr', (a: number) => (a === 0 ? 0 : 31 - Math.clz32(a))],
  ['bswap', (a: number) => (a << 24) | ((a << 8) & 0xff0000) | ((a >>> 8) & 0xff00) | (a >>> 24)],
]);

/** #DE: the divisor is zero, or the quotient of a signed division (and then also the remainder) does not fit. */
export function divisionTraps(op: BinaryOp, a: number | bigint, b: number | bigint): boolean {
  if (b == 0) return true; // loosely, so that it holds for 0n too
  if (op !== 'divS' && op !== 'remS') return false;
  return typeof a === 'bigint' ? b === -1n && a === minI64 : b === -1 && a === minI32;
}

export const minI32 = -0x80000000;
export const minI64 = -0x8000000000000000n;

export function wrap64(a: bigint): bigint {
  return BigInt.asIntN(64, a);
}

export function unsigned64(a: bigint): bigint {
  return BigInt.asUintN(64, a);
}

/** What a load of this many bytes makes of the low bits of a stored i32. */
export function extend(value: number, size: number, signed: boolean): number {
  if (size === 1) return signed ? unary32.sext8(value) : unary32.zext8(value);
  if (size === 2) return signed ? unary32.sext16(value) : unary32.zext16(value);
  return value;
}
