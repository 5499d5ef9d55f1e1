/*
 * Rules for the comparisons. "At most 4" becomes "below 5", so that equal questions look equal; what the operands can
 * be answers many of them.
 */

import { isNotNegative, largest, possibleBits } from '../../ir/known-bits.ts';
import { isCompare } from '../../ir/opcodes.ts';
import { minI32 } from '../../ir/semantics.ts';
import type { CompareOp, Instruction, Opcode } from '../../ir/types.ts';
import { constantOf, type Emitter, isConstant, narrowConstantOf, operandsOf, type Rule, withConstant } from './rule.ts';

const maxI32 = 0x7fffffff;

/** The opposite question: `not (a < b)` is `b <= a`. */
export function invert(comparison: Instruction, emitter: Emitter): Instruction {
  const [a, b] = operandsOf(comparison);
  switch (comparison.op) {
    case 'eq':
      return emitter.emit('ne', 'i32', [a, b]);
    case 'ne':
      return emitter.emit('eq', 'i32', [a, b]);
    case 'ltS':
      return emitter.emit('leS', 'i32', [b, a]);
    case 'leS':
      return emitter.emit('ltS', 'i32', [b, a]);
    case 'ltU':
      return emitter.emit('leU', 'i32', [b, a]);
    case 'leU':
      return emitter.emit('ltU', 'i32', [b, a]);
    default:
      throw new Error(`${comparison.op} is no comparison`);
  }
}

/** Rules that hold for both widths come first, then those for i32. */
function comparison(
  op: CompareOp,
  rest: (a: Instruction, b: Instruction, emitter: Emitter) => Instruction | null,
): Rule {
  return (instruction, emitter) => {
    const [a, b] = operandsOf(instruction);
    if (a === b) return emitter.constant(op === 'eq' || op === 'leS' || op === 'leU' ? 1 : 0);
    return a.type === 'i64' ? compareWide(op, a, b, emitter) : rest(a, b, emitter);
  };
}

/** Two halves that were extended from 32 bits compare as those do. */
function compareWide(op: CompareOp, a: Instruction, b: Instruction, emitter: Emitter): Instruction | null {
  if (a.op === 'sextWide' && b.op === 'sextWide') return emitter.emit(op, 'i32', [a.args[0]!, b.args[0]!]);
  const low = [a, b].map((value) => {
    if (value.op === 'zextWide') return value.args[0]!;
    const constant = narrowConstantOf(value);
    return constant === null ? null : emitter.constant(constant);
  });
  const [left, right] = low;
  if (left === null || left === undefined || right === null || right === undefined) return null;
  return emitter.emit(op === 'ltS' ? 'ltU' : op === 'leS' ? 'leU' : op, 'i32', [left, right]);
}

function equality(op: 'eq' | 'ne'): Rule {
  return comparison(op, (a, b, emitter) => {
    if ((a.op === 'sub' || a.op === 'xor') && isConstant(b, 0))
      return emitter.emit(op, 'i32', [a.args[0]!, a.args[1]!]);
    const constant = constantOf(b);
    return constant === null ? null : equalsConstant(op, a, constant, emitter);
  });
}

function equalsConstant(op: 'eq' | 'ne', a: Instruction, constant: number, emitter: Emitter): Instruction | null {
  const possible = possibleBits(a);
  const isNever = (constant & ~possible) !== 0 || (constant === 0 && isAddress(a, emitter));
  if (isNever) return emitter.constant(op === 'eq' ? 0 : 1);
  if (possible === 1) return equalsBoolean(op, a, constant, emitter);
  const sum = withConstant(a, 'add');
  if (sum !== null) return compareWith(op, sum.value, (constant - sum.constant) | 0, emitter);
  const flipped = withConstant(a, 'xor');
  if (flipped !== null) return compareWith(op, flipped.value, constant ^ flipped.constant, emitter);
  if (a.op === 'neg') return compareWith(op, a.args[0]!, -constant | 0, emitter);
  if (constant === 0 && a.op === 'remS') return isMultiple(op, a, emitter);
  const masked = withConstant(a, 'and');
  if (masked !== null && constant !== 0 && masked.constant === constant && (constant & (constant - 1)) === 0) {
    return emitter.emit(op === 'eq' ? 'ne' : 'eq', 'i32', [a, emitter.constant(0)]);
  }
  return a.op === 'select' ? equalsSelected(op, a, constant, emitter) : null;
}

function compareWith(op: 'eq' | 'ne', value: Instruction, wanted: number, emitter: Emitter): Instruction {
  return emitter.emit(op, 'i32', [value, emitter.constant(wanted)]);
}

/** Whether a power of two divides a number does not depend on the number's sign. */
function isMultiple(op: 'eq' | 'ne', remainder: Instruction, emitter: Emitter): Instruction | null {
  const divisor = withConstant(remainder, 'remS');
  if (divisor === null || divisor.constant <= 0 || (divisor.constant & (divisor.constant - 1)) !== 0) return null;
  const rest = emitter.emit('and', 'i32', [divisor.value, emitter.constant(divisor.constant - 1)]);
  return emitter.emit(op, 'i32', [rest, emitter.constant(0)]);
}

/** Objects of the module do not lie at address 0. */
function isAddress(value: Instruction, { module }: Emitter): boolean {
  if (value.op === 'slot') return true;
  return (
    value.op === 'symbol' && value.offset === 0 && (module.functions.has(value.symbol) || module.data.has(value.symbol))
  );
}

/** `a` is 0 or 1. */
function equalsBoolean(op: 'eq' | 'ne', a: Instruction, constant: number, emitter: Emitter): Instruction | null {
  if ((op === 'eq') === (constant === 1)) return a;
  if (isCompare(a.op) && emitter.isUsedOnce(a)) return invert(a, emitter);
  return constant === 1 ? emitter.emit('eq', 'i32', [a, emitter.constant(0)]) : null;
}

/** `(c ? 1 : 2) === 1` is c. */
function equalsSelected(op: 'eq' | 'ne', a: Instruction, constant: number, emitter: Emitter): Instruction | null {
  const [condition, ifTrue, ifFalse] = a.args as [Instruction, Instruction, Instruction];
  if (constantOf(ifTrue) === null || constantOf(ifFalse) === null) return null;
  const whenTrue = (constantOf(ifTrue) === constant) === (op === 'eq');
  const whenFalse = (constantOf(ifFalse) === constant) === (op === 'eq');
  if (whenTrue === whenFalse) return emitter.constant(whenTrue ? 1 : 0);
  return emitter.emit(whenTrue ? 'ne' : 'eq', 'i32', [condition, emitter.constant(0)]);
}

const ltU = comparison('ltU', (a, b, emitter) => {
  if (isConstant(b, 0) || isConstant(a, -1)) return emitter.constant(0);
  if (isConstant(a, 0)) return emitter.emit('ne', 'i32', [b, a]);
  if (isConstant(b, 1)) return emitter.emit('eq', 'i32', [a, emitter.constant(0)]);
  const above = constantOf(b);
  if (above !== null && largest(a) < above >>> 0) return emitter.constant(1);
  const below = constantOf(a);
  return below !== null && largest(b) <= below >>> 0 ? emitter.constant(0) : null;
});

const leU = comparison('leU', (a, b, emitter) => {
  const above = constantOf(b);
  if (above === -1) return emitter.constant(1);
  if (above !== null) return emitter.emit('ltU', 'i32', [a, emitter.constant((above + 1) | 0)]);
  const below = constantOf(a);
  if (below === 0) return emitter.constant(1);
  return below === null ? null : emitter.emit('ltU', 'i32', [emitter.constant((below - 1) | 0), b]);
});

const ltS = comparison('ltS', (a, b, emitter) => {
  if (constantOf(b) === minI32 || constantOf(a) === maxI32) return emitter.constant(0);
  if (isConstant(b, 0) && isSmallDifference(a)) return emitter.emit('ltS', 'i32', [a.args[0]!, a.args[1]!]);
  if (isConstant(a, 0) && isSmallDifference(b)) return emitter.emit('ltS', 'i32', [b.args[1]!, b.args[0]!]);
  if (!isNotNegative(a)) return null;
  if (isConstant(b, 0)) return emitter.constant(0);
  if (isNotNegative(b)) return emitter.emit('ltU', 'i32', [a, b]);
  return null;
});

/** A difference that cannot overflow has the sign that comparing gives. */
function isSmallDifference(value: Instruction): boolean {
  return value.op === 'sub' && isNotNegative(value.args[0]!) && isNotNegative(value.args[1]!);
}

const leS = comparison('leS', (a, b, emitter) => {
  const above = constantOf(b);
  if (above === maxI32) return emitter.constant(1);
  if (above !== null) return emitter.emit('ltS', 'i32', [a, emitter.constant(above + 1)]);
  const below = constantOf(a);
  if (below === minI32) return emitter.constant(1);
  if (below !== null) return emitter.emit('ltS', 'i32', [emitter.constant(below - 1), b]);
  return isNotNegative(a) && isNotNegative(b) ? emitter.emit('leU', 'i32', [a, b]) : null;
});

export const comparisonRules: readonly (readonly [Opcode, Rule])[] = [
  ['eq', equality('eq')],
  ['ne', equality('ne')],
  ['ltU', ltU],
  ['leU', leU],
  ['ltS', ltS],
  ['leS', leS],
];
