/*
 * Rules for add, sub and neg. Constants move outwards, `(x + 4) + y` to `(x + y) + 4`, where loads and stores take them
 * up into their offsets.
 */

import type { Instruction, Opcode } from '../../ir/types.ts';
import { constantOf, isConstant, operandsOf, type Rule, wideConstantOf, withConstant } from './rule.ts';

const add: Rule = (instruction, emitter) => {
  const { type } = instruction;
  const [a, b] = operandsOf(instruction);
  if (isConstant(b, 0)) return a;
  if (b.op === 'neg') return emitter.emit('sub', type, [a, b.args[0]!]);
  if (a.op === 'neg') return emitter.emit('sub', type, [b, a.args[0]!]);
  if (a.op === 'sub' && a.args[1] === b) return a.args[0]!;
  if (b.op === 'sub' && b.args[1] === a) return b.args[0]!;
  if (a === b) return emitter.emit('shl', type, [a, emitter.constant(1)]);
  if (type !== 'i32') return addWideConstants(instruction, emitter);
  const constant = constantOf(b);
  if (constant !== null) return addConstant(a, constant, emitter);
  return addToSum(a, b, emitter) ?? addToSum(b, a, emitter);
};

function addToSum(inner: Instruction, other: Instruction, emitter: Parameters<Rule>[1]): Instruction | null {
  const sum = withConstant(inner, 'add');
  if (sum === null || !emitter.isUsedOnce(inner)) return null;
  return emitter.emit('add', 'i32', [emitter.emit('add', 'i32', [sum.value, other]), emitter.constant(sum.constant)]);
}

function addConstant(a: Instruction, constant: number, emitter: Parameters<Rule>[1]): Instruction | null {
  const sum = withConstant(a, 'add');
  if (sum !== null) return emitter.emit('add', 'i32', [sum.value, emitter.constant((sum.constant + constant) | 0)]);
  if (a.op === 'symbol') {
    return emitter.emit('symbol', 'i32', [], { symbol: a.symbol, offset: (a.offset + constant) | 0 });
  }
  const minuend = a.op === 'sub' ? constantOf(a.args[0]!) : null;
  if (minuend !== null) return emitter.emit('sub', 'i32', [emitter.constant((minuend + constant) | 0), a.args[1]!]);
  return null;
}

const addWideConstants: Rule = (instruction, emitter) => {
  const [a, b] = operandsOf(instruction);
  const outer = wideConstantOf(b);
  const inner = a.op === 'add' ? wideConstantOf(a.args[1]!) : null;
  if (outer === null || inner === null) return null;
  return emitter.emit('add', 'i64', [a.args[0]!, emitter.wideConstant(BigInt.asIntN(64, inner + outer))]);
};

const sub: Rule = (instruction, emitter) => {
  const { type } = instruction;
  const [a, b] = operandsOf(instruction);
  if (a === b) return type === 'i64' ? emitter.wideConstant(0n) : emitter.constant(0);
  if (isConstant(a, 0)) return emitter.emit('neg', type, [b]);
  if (b.op === 'neg') return emitter.emit('add', type, [a, b.args[0]!]);
  if (a.op === 'add' && a.args[1] === b) return a.args[0]!;
  if (a.op === 'add' && a.args[0] === b) return a.args[1]!;
  if (b.op === 'sub' && b.args[0] === a) return b.args[1]!;
  if (b.op === 'add' && b.args[0] === a) return emitter.emit('neg', type, [b.args[1]!]);
  if (b.op === 'add' && b.args[1] === a) return emitter.emit('neg', type, [b.args[0]!]);
  const wide = wideConstantOf(b);
  if (wide !== null) return emitter.emit('add', 'i64', [a, emitter.wideConstant(BigInt.asIntN(64, -wide))]);
  if (type !== 'i32') return null;
  const constant = constantOf(b);
  if (constant !== null) return emitter.emit('add', 'i32', [a, emitter.constant(-constant | 0)]);
  const subtrahend = withConstant(b, 'add');
  if (subtrahend !== null && (constantOf(a) !== null || emitter.isUsedOnce(b))) {
    const difference = emitter.emit('sub', 'i32', [a, subtrahend.value]);
    return emitter.emit('add', 'i32', [difference, emitter.constant(-subtrahend.constant | 0)]);
  }
  const minuend = withConstant(a, 'add');
  if (minuend === null || !emitter.isUsedOnce(a)) return null;
  return emitter.emit('add', 'i32', [
    emitter.emit('sub', 'i32', [minuend.value, b]),
    emitter.constant(minuend.constant),
  ]);
};

const neg: Rule = ({ type, args }, emitter) => {
  const [a] = args as [Instruction];
  if (a.op === 'neg') return a.args[0]!;
  if (a.op === 'sub' && emitter.isUsedOnce(a)) return emitter.emit('sub', type, [a.args[1]!, a.args[0]!]);
  return null;
};

export const additionRules: readonly (readonly [Opcode, Rule])[] = [
  ['add', add],
  ['sub', sub],
  ['neg', neg],
];
