/*
 * Rules for the extensions and for narrow. An extension of what is extended already goes away; `narrow` moves up to the
 * operands, so that work on 64 bits of which 32 are wanted is done on 32.
 */

import { isNotNegative, isSignExtended, possibleBits } from '../../ir/known-bits.ts';
import { isConversion } from '../../ir/opcodes.ts';
import type { Instruction, Opcode } from '../../ir/types.ts';
import { constantOf, type Emitter, type Rule, withConstant } from './rule.ts';

/** Extensions that keep the low 8, or the low 16 bits. */
const keepsByte: ReadonlySet<Opcode> = new Set<Opcode>(['sext8', 'zext8', 'sext16', 'zext16']);
const keepsWord: ReadonlySet<Opcode> = new Set<Opcode>(['sext16', 'zext16']);

function zeroExtend(op: 'zext8' | 'zext16'): Rule {
  const bits = op === 'zext8' ? 8 : 16;
  const mask = 2 ** bits - 1;
  return ({ args: [a] }, emitter) => {
    if (possibleBits(a!) <= mask) return a!;
    if ((op === 'zext8' ? keepsByte : keepsWord).has(a!.op)) return emitter.emit(op, 'i32', [a!.args[0]!]);
    const masked = withConstant(a!, 'and');
    if (masked !== null) return emitter.emit('and', 'i32', [masked.value, emitter.constant(masked.constant & mask)]);
    return reload(a!, bits, false, emitter);
  };
}

function signExtend(op: 'sext8' | 'sext16'): Rule {
  const bits = op === 'sext8' ? 8 : 16;
  return ({ args: [a] }, emitter) => {
    if (isSignExtended(a!, bits)) return a!;
    if ((op === 'sext8' ? keepsByte : keepsWord).has(a!.op)) return emitter.emit(op, 'i32', [a!.args[0]!]);
    return reload(a!, bits, true, emitter);
  };
}

/** A load that only this extension uses can extend by itself. */
function reload(value: Instruction, bits: number, signed: boolean, emitter: Emitter): Instruction | null {
  if (value.op !== 'load' || 8 * value.size !== bits || !emitter.isUsedOnce(value)) return null;
  value.signed = signed;
  return value;
}

const sextWide: Rule = ({ args: [a] }, emitter) => {
  return isNotNegative(a!) ? emitter.emit('zextWide', 'i64', [a!]) : null;
};

const narrow: Rule = ({ args: [a] }, emitter) => {
  const { op, args } = a!;
  if (isConversion(op)) return args[0]!;
  if (!emitter.isUsedOnce(a!)) return null;
  const half = (value: Instruction): Instruction => emitter.emit('narrow', 'i32', [value]);
  switch (op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'and':
    case 'or':
    case 'xor':
      return emitter.emit(op, 'i32', [half(args[0]!), half(args[1]!)]);
    case 'neg':
    case 'not':
      return emitter.emit(op, 'i32', [half(args[0]!)]);
    case 'select':
      return emitter.emit('select', 'i32', [args[0]!, half(args[1]!), half(args[2]!)]);
    case 'shl': {
      const count = constantOf(args[1]!);
      if (count === null) return null;
      return count > 31 ? emitter.constant(0) : emitter.emit('shl', 'i32', [half(args[0]!), args[1]!]);
    }
    case 'shrU':
    case 'shrS':
      return constantOf(args[1]!) === 32 && emitter.isUsedOnce(args[0]!) ? loadHalf(args[0]!, 4) : null;
    case 'load':
      return loadHalf(a!, 0);
    default:
      return null;
  }
};

/** Turns a load of 64 bits into one of the half at `offset`. */
function loadHalf(load: Instruction, offset: number): Instruction | null {
  if (load.op !== 'load' || load.isVolatile) return null;
  load.type = 'i32';
  load.size = 4;
  load.signed = false;
  load.offset = (load.offset + offset) | 0;
  return load;
}

export const conversionRules: readonly (readonly [Opcode, Rule])[] = [
  ['zext8', zeroExtend('zext8')],
  ['zext16', zeroExtend('zext16')],
  ['sext8', signExtend('sext8')],
  ['sext16', signExtend('sext16')],
  ['sextWide', sextWide],
  ['narrow', narrow],
];
