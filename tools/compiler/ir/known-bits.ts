/*
 * Which bits of a value can be one.
 *
 * A load of a byte, a comparison, a mask: many values are small for a reason that stands one or two instructions away.
 * The search goes only so deep, and gives up on phis that it meets again, so each question costs a small constant.
 */

import { intrinsics } from './intrinsics.ts';
import { isCompare } from './opcodes.ts';
import type { Instruction } from './types.ts';

const depthLimit = 4;

/** A mask of the bits that may be one in an i32, as an unsigned number. */
export function possibleBits(value: Instruction, depth = 0): number {
  if (value.op === 'const') return Number(value.value) >>> 0;
  if (isCompare(value.op)) return 1;
  if (depth >= depthLimit || value.type !== 'i32') return 0xffffffff;
  const of = (index: number): number => possibleBits(value.args[index]!, depth + 1);
  const constant = value.args[1]?.op === 'const' ? Number(value.args[1].value) : null;
  switch (value.op) {
    case 'load':
      return value.signed ? 0xffffffff : lowBits(8 * value.size);
    case 'and':
      return (of(0) & of(1)) >>> 0;
    case 'or':
    case 'xor':
      return (of(0) | of(1)) >>> 0;
    case 'add':
      return below(of(0) + of(1));
    case 'mul':
      return below(of(0) * of(1));
    case 'shl':
      return constant === null ? 0xffffffff : (of(0) << constant) >>> 0;
    case 'shrU':
      return constant === null ? smear(of(0)) : of(0) >>> constant;
    case 'shrS':
      return constant === null || of(0) > 0x7fffffff ? 0xffffffff : of(0) >>> constant;
    case 'divU':
      return constant === null || constant === 0 ? smear(of(0)) : smear(Math.floor(of(0) / (constant >>> 0)));
    case 'remU':
      return constant === null || constant === 0 ? smear(of(0)) : smear((constant - 1) >>> 0);
    case 'zext8':
      return (of(0) & 0xff) >>> 0;
    case 'zext16':
      return (of(0) & 0xffff) >>> 0;
    case 'select':
      return (of(1) | of(2)) >>> 0;
    case 'phi':
      return value.args.length > depthLimit ? 0xffffffff : value.args.reduce((bits, _, i) => (bits | of(i)) >>> 0, 0);
    case 'intrinsic':
      return intrinsicBits(value);
    default:
      return 0xffffffff;
  }
}

/** The largest value, unsigned. */
export function largest(value: Instruction): number {
  return value.op === 'const' ? Number(value.value) >>> 0 : smear(possibleBits(value));
}

/** It is not negative when taken as signed. */
export function isNotNegative(value: Instruction): boolean {
  return possibleBits(value) <= 0x7fffffff;
}

/** Extending the low `bits` bits by their sign gives the value itself. */
export function isSignExtended(value: Instruction, bits: 8 | 16): boolean {
  if (possibleBits(value) <= lowBits(bits - 1)) return true;
  switch (value.op) {
    case 'const':
      return Number(value.value) === (Number(value.value) << (32 - bits)) >> (32 - bits);
    case 'load':
      return value.signed && 8 * value.size <= bits;
    case 'sext8':
      return true;
    case 'sext16':
      return bits === 16;
    default:
      return false;
  }
}

function intrinsicBits({ intrinsic, size }: Instruction): number {
  if (intrinsics.get(intrinsic)?.sized !== undefined) return lowBits(8 * size);
  switch (intrinsic) {
    case 'inb':
      return 0xff;
    case 'inw':
    case 'readFs':
    case 'readGs':
      return 0xffff;
    case 'bsf':
    case 'bsr':
      return 31;
    case 'atomicTestAndSetBit':
    case 'atomicTestAndClearBit':
      return 1;
    default:
      return 0xffffffff;
  }
}

function lowBits(count: number): number {
  return 2 ** Math.min(count, 32) - 1;
}

/** The bits of all numbers up to `limit`, if that does not overflow. */
function below(limit: number): number {
  return limit > 0xffffffff ? 0xffffffff : smear(limit);
}

/** All bits up to the highest one. */
function smear(bits: number): number {
  return bits === 0 ? 0 : lowBits(32 - Math.clz32(bits));
}
