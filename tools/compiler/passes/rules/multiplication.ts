/*
 * Rules for mul, division and remainder. Powers of two become shifts and masks; divisions by other constants are the
 * business of strength.ts.
 */

import { isNotNegative } from '../../ir/known-bits.ts';
import type { Opcode } from '../../ir/types.ts';
import { constantLike, constantOf, isConstant, operandsOf, powerOfTwo, type Rule, withConstant } from './rule.ts';

const mul: Rule = (instruction, emitter) => {
  const { type } = instruction;
  const [a, b] = operandsOf(instruction);
  if (isConstant(b, 0)) return b;
  if (isConstant(b, 1)) return a;
  if (isConstant(b, -1)) return emitter.emit('neg', type, [a]);
  const shift = powerOfTwo(b);
  if (shift !== null) return emitter.emit('shl', type, [a, emitter.constant(shift)]);
  const factor = constantOf(b);
  if (type !== 'i32' || factor === null) return null;
  const product = withConstant(a, 'mul');
  if (product !== null) {
    return emitter.emit('mul', 'i32', [product.value, emitter.constant(Math.imul(product.constant, factor))]);
  }
  const shifted = withConstant(a, 'shl');
  if (shifted !== null) {
    return emitter.emit('mul', 'i32', [shifted.value, emitter.constant(factor << shifted.constant)]);
  }
  const sum = withConstant(a, 'add');
  if (sum === null || !emitter.isUsedOnce(a)) return null;
  const scaled = emitter.emit('mul', 'i32', [sum.value, b]);
  return emitter.emit('add', 'i32', [scaled, emitter.constant(Math.imul(sum.constant, factor))]);
};

/** Where neither operand can be negative, the unsigned operation does the same. */
function preferUnsigned(op: 'divU' | 'remU'): Rule {
  return (instruction, emitter) => {
    const [a, b] = operandsOf(instruction);
    if (isConstant(b, 1)) return op === 'divU' ? a : constantLike(instruction.type, 0, emitter);
    if (instruction.type !== 'i32' || !isNotNegative(a) || !isNotNegative(b)) return null;
    return emitter.emit(op, 'i32', [a, b]);
  };
}

const divU: Rule = (instruction, emitter) => {
  const [a, b] = operandsOf(instruction);
  const shift = powerOfTwo(b);
  return shift === null ? null : emitter.emit('shrU', instruction.type, [a, emitter.constant(shift)]);
};

const remU: Rule = (instruction, emitter) => {
  const [a, b] = operandsOf(instruction);
  const shift = powerOfTwo(b);
  if (shift === null) return null;
  const mask =
    instruction.type === 'i64'
      ? emitter.wideConstant(BigInt.asIntN(64, (1n << BigInt(shift)) - 1n))
      : emitter.constant((2 ** shift - 1) | 0);
  return emitter.emit('and', instruction.type, [a, mask]);
};

export const multiplicationRules: readonly (readonly [Opcode, Rule])[] = [
  ['mul', mul],
  ['divS', preferUnsigned('divU')],
  ['remS', preferUnsigned('remU')],
  ['divU', divU],
  ['remU', remU],
];
