/*
 * Conversions: which value may go where, and what that takes.
 *
 * `convert` is what happens by itself (assignment, argument, return): only what cannot lose anything. An integer goes
 * into a narrower place if its bounds show that it fits. `cast` is what `u8(x)` does: anything, by cutting or extending.
 */

import { extensionOp } from '../ir/opcodes.ts';
import type { Instruction } from '../ir/types.ts';
import type { ts } from '../syntax/index.ts';
import type { FunctionLowering } from './function.ts';
import {
  constantOperand,
  deadOperand,
  emptyOperand,
  errorOperand,
  type Operand,
  retype,
  valueOperand,
  withType,
  withValue,
} from './operand.ts';
import * as types from './types.ts';
import type { FunctionType, IntType, Type } from './types.ts';

/** The operand as a value of type `target`, or an error. */
export function convert(f: FunctionLowering, operand: Operand, target: Type, node: ts.Node): Operand {
  const to = types.decay(target);
  const from = types.decay(operand.type);
  if (operand === deadOperand || from.kind === 'never') return deadOperand;
  if (from.kind === 'error' || to.kind === 'error') {
    f.followError(node);
    return errorOperand;
  }
  if (to.kind === 'int') return toInteger(f, operand, to, node);
  if (to.kind === 'word') return toWord(f, operand, node);
  if (to.kind === 'witness') return toWitness(f, operand, to, node);
  if (fits(from, to)) return retype(operand, to);
  return mismatch(f, operand, to, node);
}

function mismatch(f: FunctionLowering, operand: Operand, to: Type, node: ts.Node): Operand {
  const from = types.decay(operand.type);
  if (to.kind === 'class' && from.kind === 'class') f.report(node, 'otherClass', [from.name, to.name]);
  else if (to.kind === 'pointer' && (from.kind === 'pointer' || from.kind === 'array')) {
    f.report(node, 'otherPointer', [from.name, to.name, to.element.name]);
  } else if (to.kind === 'function' && from.kind === 'function') f.report(node, 'otherFunction', [from.name, to.name]);
  else f.report(node, 'otherType', [from.name, to.name]);
  return errorOperand;
}

/** Whether a value of type `from` is one of type `to` with the same bits. Not for the integers of an operand: these have bounds. */
export function fits(from: Type, to: Type): boolean {
  if (types.isSame(from, to)) return true;
  if (from.kind === 'null') return types.isAddress(to);
  if (from.kind === 'int' && to.kind === 'int') return types.widensTo(from, to);
  switch (to.kind) {
    case 'object':
      return types.isAddress(from);
    case 'pointer':
      return (from.kind === 'pointer' || from.kind === 'array') && pointeeFits(from.element, to.element);
    case 'function':
      return from.kind === 'function' && functionFits(from, to);
    case 'witness':
      return from.kind === 'witness' && from.nullable === to.nullable;
    default:
      return false;
  }
}

/** Volatile may be added to what a pointer points at, but not forgotten. */
function pointeeFits(from: Type, to: Type): boolean {
  return to.kind === 'unknown' || types.isSame(from, to) || (to.kind === 'volatile' && types.isSame(from, to.of));
}

/** A function may take fewer parameters than it is given: the caller removes them. */
function functionFits(from: FunctionType, to: FunctionType): boolean {
  const erased = (list: readonly Type[]): Type[] => list.filter((type) => types.valueTypeOf(type) !== 'void');
  const given = erased(to.parameters);
  const taken = erased(from.parameters);
  if (taken.length > given.length || (from.rest && !to.rest)) return false;
  if (!taken.every((type, index) => fits(types.decay(given[index]!), types.decay(type)))) return false;
  return types.valueTypeOf(to.result) === 'void' || fits(types.decay(from.result), types.decay(to.result));
}

function toWitness(f: FunctionLowering, operand: Operand, to: types.WitnessType, node: ts.Node): Operand {
  const { type } = operand;
  if (to.nullable) {
    if (type.kind === 'null') return constantOperand(to, 0n);
    if (type.kind === 'witness') return type.nullable ? withType(operand, to) : constantOperand(to, 1n);
  } else if (type.kind === 'witness') return emptyOperand(to);
  return mismatch(f, operand, to, node);
}

/** An argument for a rest parameter. */
function toWord(f: FunctionLowering, operand: Operand, node: ts.Node): Operand {
  const type = types.decay(operand.type);
  const isWide = (type.kind === 'int' && type.bits === 64) || (type.kind === 'untyped' && type.wide);
  const isScalar = ['int', 'untyped', 'bool', 'word'].includes(type.kind) || types.isAddress(type);
  if (!isScalar || isWide) return mismatch(f, operand, types.wordType, node);
  if (operand.constant === null) return withType(operand, types.wordType);
  if (operand.constant > 0xffffffffn || operand.constant < -0x80000000n) {
    f.report(node, 'constantTooLarge', [String(operand.constant), 'Word']);
    return errorOperand;
  }
  return constantOperand(types.wordType, operand.constant);
}

function toInteger(f: FunctionLowering, operand: Operand, to: IntType, node: ts.Node): Operand {
  const from = operand.type.kind === 'volatile' ? operand.type.of : operand.type;
  if (from.kind !== 'int' && from.kind !== 'untyped') {
    f.report(node, 'notANumber', [types.decay(from).name, to.base]);
    return errorOperand;
  }
  const isWide = from.kind === 'int' ? from.bits === 64 : from.wide;
  if (isWide !== (to.bits === 64)) {
    f.report(node, 'mixedWidth', [from.name, to.name]);
    return errorOperand;
  }
  if (operand.constant !== null) return constantToInteger(f, operand, operand.constant, to, node);
  if (from.kind === 'untyped') {
    if (untypedFits(operand, to)) return inType(operand, to);
  } else if (types.widensTo(from, to) || (to.bits < 64 && boundsFit(operand, to))) {
    return withType(operand, to);
  }
  const isSignChange = from.kind === 'int' && from.bits === to.bits;
  f.report(node, isSignChange ? 'signChange' : 'narrowing', [from.name, to.name, to.base]);
  return errorOperand;
}

export function boundsFit(operand: Operand, to: IntType): boolean {
  const { min, max } = types.boundsOf(to);
  return operand.min >= min && operand.max <= max;
}

/** Whether an untyped operand may become `to` by itself. */
export function untypedFits(operand: Operand, to: IntType): boolean {
  if (operand.constant !== null) return constantFits(operand, operand.constant, to);
  return operand.isMask || to.bits === 64 ? to.bits >= 32 : boundsFit(operand, to);
}

/** An operand that fits an integer type, in that type: the same bits. */
export function inType(operand: Operand, type: IntType): Operand {
  if (operand.constant !== null) return constantOperand(type, operand.constant);
  return type.bits < 64 && boundsFit(operand, type) ? withType(operand, type, false) : retype(operand, type);
}

/** Whether a constant may become `to` by itself. */
function constantFits(operand: Operand, value: bigint, to: IntType): boolean {
  const { min, max } = types.rangeOf(to);
  if (value >= min && value <= max) return true;
  const limit = 1n << BigInt(to.bits);
  return operand.isMask && value >= -limit && value < limit;
}

function constantToInteger(f: FunctionLowering, operand: Operand, value: bigint, to: IntType, node: ts.Node): Operand {
  if (constantFits(operand, value, to)) return constantOperand(to, value);
  f.report(node, 'constantTooLarge', [String(value), to.name]);
  return errorOperand;
}

/** `u8(x)`: the operand cut or extended to the type, whatever it was. */
export function cast(f: FunctionLowering, operand: Operand, to: IntType, node: ts.Node): Operand {
  const from = types.decay(operand.type);
  if (from.kind === 'error' || from.kind === 'never') return errorOperand;
  const isScalar = ['int', 'untyped', 'bool', 'word'].includes(from.kind) || types.isAddress(from);
  if (!isScalar) {
    f.report(node, 'otherType', [from.name, to.name]);
    return errorOperand;
  }
  if (operand.constant !== null) return constantOperand(to, operand.constant);
  if (operand.address !== null && to.bits === 32) return withType(operand, to);
  if (from.kind === 'int' && from.bits === to.bits && from.signed === to.signed) return withType(operand, to);
  const fromWide = types.valueTypeOf(from) === 'i64';
  if (to.bits === 64) return fromWide ? retype(operand, to) : extendWide(f, operand, to);
  const value = f.value(operand);
  const low = fromWide ? f.builder.emit('narrow', 'i32', [value]) : value;
  if (!fromWide && boundsFit(operand, to) && from.kind !== 'word') return withType(withValue(operand, low), to);
  return valueOperand(to, to.bits === 32 ? low : extendNarrow(f, low, to));
}

function extendWide(f: FunctionLowering, operand: Operand, to: IntType): Operand {
  const { kind } = operand.type;
  const isSigned = operand.min < 0 && (kind === 'untyped' || (operand.type.kind === 'int' && operand.type.signed));
  return valueOperand(to, f.builder.emit(isSigned ? 'sextWide' : 'zextWide', 'i64', [f.value(operand)]));
}

function extendNarrow(f: FunctionLowering, value: Instruction, to: IntType): Instruction {
  return f.builder.emit(extensionOp(to.bits / 8, to.signed), 'i32', [value]);
}

/** The type that a variable without annotation gets from its initial value. */
export function settle(operand: Operand): Type {
  const { type, constant: value } = operand;
  if (type.kind === 'volatile') return type.of;
  if (type.kind === 'null') return types.objectType;
  if (type.kind !== 'untyped') return type;
  if (type.wide) return value === null || types.wrap(types.i64, value) === value ? types.i64 : types.u64;
  return operand.isMask || operand.max <= 0x7fffffff ? types.i32 : types.u32;
}
