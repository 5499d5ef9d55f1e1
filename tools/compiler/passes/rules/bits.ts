/*
 * Rules for and, or, xor, not and the shifts.
 */

import { isNotNegative, possibleBits } from '../../ir/known-bits.ts';
import { isCompare } from '../../ir/opcodes.ts';
import type { Instruction, Opcode } from '../../ir/types.ts';
import { invert } from './comparison.ts';
import {
  constantLike,
  constantOf,
  type Emitter,
  isConstant,
  operandsOf,
  type Rule,
  wideConstantOf,
  withConstant,
} from './rule.ts';

const and: Rule = (instruction, emitter) => {
  const { type } = instruction;
  const [a, b] = operandsOf(instruction);
  if (a === b || isConstant(b, -1)) return a;
  if (isConstant(b, 0)) return b;
  if (type === 'i64') return andWide(a, b, emitter);
  const mask = constantOf(b);
  return mask === null ? null : andMask(a, mask >>> 0, emitter);
};

function andMask(a: Instruction, mask: number, emitter: Emitter): Instruction | null {
  const possible = possibleBits(a);
  if ((possible & ~mask) === 0) return a;
  if ((possible & mask) === 0) return emitter.constant(0);
  const masked = withConstant(a, 'and');
  if (masked !== null) return emitter.emit('and', 'i32', [masked.value, emitter.constant(masked.constant & mask)]);
  const filled = withConstant(a, 'or');
  if (filled !== null && (filled.constant & mask) === 0) {
    return emitter.emit('and', 'i32', [filled.value, emitter.constant(mask | 0)]);
  }
  const width = a.op === 'zext8' || a.op === 'sext8' ? 0xff : a.op === 'zext16' || a.op === 'sext16' ? 0xffff : 0;
  if (mask <= width) return emitter.emit('and', 'i32', [a.args[0]!, emitter.constant(mask)]);
  if (mask === 0xff) return emitter.emit('zext8', 'i32', [a]);
  if (mask === 0xffff) return emitter.emit('zext16', 'i32', [a]);
  return null;
}

/** Where the upper half cannot matter, the lower half does the work. */
function andWide(a: Instruction, b: Instruction, emitter: Emitter): Instruction | null {
  if (a.op === 'zextWide' && b.op === 'zextWide') return onLowHalves('and', a, b, emitter);
  const mask = wideConstantOf(b);
  if (mask === null) return null;
  const low = Number(BigInt.asIntN(32, mask));
  if (a.op === 'zextWide') {
    return emitter.emit('zextWide', 'i64', [emitter.emit('and', 'i32', [a.args[0]!, emitter.constant(low)])]);
  }
  if (mask < 0n || mask >= 1n << 32n) return null;
  const half = emitter.emit('narrow', 'i32', [a]);
  return emitter.emit('zextWide', 'i64', [emitter.emit('and', 'i32', [half, emitter.constant(low)])]);
}

function onLowHalves(op: 'and' | 'or' | 'xor', a: Instruction, b: Instruction, emitter: Emitter): Instruction {
  return emitter.emit('zextWide', 'i64', [emitter.emit(op, 'i32', [a.args[0]!, b.args[0]!])]);
}

const or: Rule = (instruction, emitter) => {
  const [a, b] = operandsOf(instruction);
  if (a === b || isConstant(b, 0)) return a;
  if (isConstant(b, -1)) return b;
  if (a.op === 'zextWide' && b.op === 'zextWide') return onLowHalves('or', a, b, emitter);
  const outer = constantOf(b);
  const inner = withConstant(a, 'or');
  if (outer === null || inner === null) return null;
  return emitter.emit('or', 'i32', [inner.value, emitter.constant(inner.constant | outer)]);
};

const xor: Rule = (instruction, emitter) => {
  const { type } = instruction;
  const [a, b] = operandsOf(instruction);
  if (a === b) return constantLike(type, 0, emitter);
  if (isConstant(b, 0)) return a;
  if (isConstant(b, -1)) return emitter.emit('not', type, [a]);
  if (a.op === 'zextWide' && b.op === 'zextWide') return onLowHalves('xor', a, b, emitter);
  if (isConstant(b, 1) && isCompare(a.op) && emitter.isUsedOnce(a)) return invert(a, emitter);
  const outer = constantOf(b);
  const inner = withConstant(a, 'xor');
  if (outer === null || inner === null) return null;
  return emitter.emit('xor', 'i32', [inner.value, emitter.constant(inner.constant ^ outer)]);
};

const not: Rule = ({ args: [a] }, emitter) => {
  if (a!.op === 'not') return a!.args[0]!;
  const flipped = withConstant(a!, 'xor');
  return flipped === null ? null : emitter.emit('xor', 'i32', [flipped.value, emitter.constant(~flipped.constant)]);
};

/** What all shifts share: the count is taken modulo the width, and 0 changes nothing. */
function shift(rest: (a: Instruction, count: number, emitter: Emitter) => Instruction | null): Rule {
  return (instruction, emitter) => {
    const [a, b] = operandsOf(instruction);
    const width = instruction.type === 'i64' ? 64 : 32;
    const masked = withConstant(b, 'and');
    if (masked !== null && (masked.constant & (width - 1)) === width - 1) {
      return emitter.emit(instruction.op, instruction.type, [a, masked.value]);
    }
    const count = constantOf(b);
    if (count === null) return null;
    if ((count & (width - 1)) === 0) return a;
    if (count !== (count & (width - 1))) {
      return emitter.emit(instruction.op, instruction.type, [a, emitter.constant(count & (width - 1))]);
    }
    return instruction.type === 'i64' ? shiftWide(instruction, count, emitter) : rest(a, count, emitter);
  };
}

function shiftWide({ op, args: [a] }: Instruction, count: number, emitter: Emitter): Instruction | null {
  if (op === 'shrS' && a!.op === 'zextWide') return emitter.emit('shrU', 'i64', [a!, emitter.constant(count)]);
  if (op !== 'shrU' || a!.op !== 'zextWide') return null;
  if (count >= 32) return emitter.wideConstant(0n);
  const half = emitter.emit('shrU', 'i32', [a!.args[0]!, emitter.constant(count)]);
  return emitter.emit('zextWide', 'i64', [half]);
}

const shl = shift((a, count, emitter) => {
  const inner = withConstant(a, 'shl');
  if (inner !== null) {
    const total = inner.constant + count;
    return total > 31 ? emitter.constant(0) : emitter.emit('shl', 'i32', [inner.value, emitter.constant(total)]);
  }
  const down = withConstant(a, 'shrU') ?? withConstant(a, 'shrS');
  if (down?.constant === count) {
    return emitter.emit('and', 'i32', [down.value, emitter.constant(-1 << count)]);
  }
  const sum = withConstant(a, 'add');
  if (sum === null || !emitter.isUsedOnce(a)) return null;
  const scaled = emitter.emit('shl', 'i32', [sum.value, emitter.constant(count)]);
  return emitter.emit('add', 'i32', [scaled, emitter.constant(sum.constant << count)]);
});

const shrU = shift((a, count, emitter) => {
  if (possibleBits(a) >>> count === 0) return emitter.constant(0);
  const inner = withConstant(a, 'shrU');
  if (inner !== null) {
    const total = inner.constant + count;
    return total > 31 ? emitter.constant(0) : emitter.emit('shrU', 'i32', [inner.value, emitter.constant(total)]);
  }
  const up = withConstant(a, 'shl');
  if (up?.constant !== count) return null;
  return emitter.emit('and', 'i32', [up.value, emitter.constant(-1 >>> count)]);
});

const shrS = shift((a, count, emitter) => {
  if (isNotNegative(a)) return emitter.emit('shrU', 'i32', [a, emitter.constant(count)]);
  const inner = withConstant(a, 'shrS');
  if (inner !== null) {
    return emitter.emit('shrS', 'i32', [inner.value, emitter.constant(Math.min(31, inner.constant + count))]);
  }
  const up = withConstant(a, 'shl');
  if (up?.constant !== count) return null;
  if (count === 24) return emitter.emit('sext8', 'i32', [up.value]);
  return count === 16 ? emitter.emit('sext16', 'i32', [up.value]) : null;
});

export const bitRules: readonly (readonly [Opcode, Rule])[] = [
  ['and', and],
  ['or', or],
  ['xor', xor],
  ['not', not],
  ['shl', shl],
  ['shrU', shrU],
  ['shrS', shrS],
];
