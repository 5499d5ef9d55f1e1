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
  const constant = value.args[1]?.op === 'const' ? Number(value.args[1].value) : null;
  switch (value.op) {
    case 'load':
      return value.signed ? 0xffffffff : lowBits(8 * value.size);
    case 'and':
      return (operandBits(value, 0, depth) & operandBits(value, 1, depth)) >>> 0;
    case 'or':
    case 'xor':
      return (operandBits(value, 0, depth) | operandBits(value, 1, depth)) >>> 0;
    case 'add':
      return below(operandBits(value, 0, depth) + operandBits(value, 1, depth));
    case 'mul':
      return below(operandBits(value, 0, depth) * operandBits(value, 1, depth));
    case 'shl':
      return constant === null ? 0xffffffff : (operandBits(value, 0, depth) << constant) >>> 0;
    case 'shrU':
      return constant === null ? smear(operandBits(value, 0, depth)) : operandBits(value, 0, depth) >>> constant;
    case 'shrS':
      return constant === null || operandBits(value, 0, depth) > 0x7fffffff
        ? 0xffffffff
        : operandBits(value, 0, depth) >>> constant;
    case 'divU':
      return constant === null || constant === 0
        ? smear(operandBits(value, 0, depth))
        : smear(Math.floor(operandBits(value, 0, depth) / (constant >>> 0)));
    case 'remU':
      return constant === null || constant === 0 ? smear(operandBits(value, 0, depth)) : smear((constant - 1) >>> 0);
    case 'zext8':
      return (operandBits(value, 0, depth) & 0xff) >>> 0;
    case 'zext16':
      return (operandBits(value, 0, depth) & 0xffff) >>> 0;
    case 'select':
      return (operandBits(value, 1, depth) | operandBits(value, 2, depth)) >>> 0;
    case 'phi':
      return value.args.length > depthLimit ? 0xffffffff : anyOperandBits(value, depth);
    case 'intrinsic':
      return intrinsicBits(value);
    default:
      return 0xffffffff;
  }
}

function operandBits(value: Instruction, index: number, depth: number): number {
  return possibleBits(value.args[index]!, depth + 1);
}

/** Of all operands together. */
function anyOperandBits(value: Instruction, depth: number): number {
  let bits = 0;
  for (const operand of value.args) bits |= possibleBits(operand, depth + 1);
  return bits >>> 0;
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
