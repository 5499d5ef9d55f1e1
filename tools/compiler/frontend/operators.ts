/*
 * Operators on operands: which types may meet, what comes out, and the instruction for it.
 *
 * The rules are those of the compiler's README: u8 and u16 count as u32 (next to a signed type as i32), the two
 * signednesses do not mix unless one side is known to be a value of the other, 64 bits do not mix with fewer. An untyped
 * constant takes the type of the other side.
 */

import type { BinaryOp, CompareOp } from '../ir/types.ts';
import type { ts } from '../syntax/index.ts';
import {
  arithmeticBounds,
  foldArithmetic,
  foldCompare,
  foldShift,
  shiftBounds,
  type ArithmeticOp,
  type CompareToken,
  type ShiftOp,
} from './arithmetic.ts';
import { boundsFit, fits, inType as converted, untypedFits } from './convert.ts';
import type { FunctionLowering } from './function.ts';
import {
  boundedOperand,
  constantOperand,
  errorOperand,
  falseOperand,
  isError,
  movedAddress,
  type Operand,
  trueOperand,
  valueOperand,
} from './operand.ts';
import * as types from './types.ts';
import type { IntType, Type, UntypedType } from './types.ts';

const arithmetic: ReadonlyMap<string, ArithmeticOp> = new Map(
  (['+', '-', '*', '/', '%', '&', '|', '^'] as const).map((op) => [op, op]),
);
const shifts: ReadonlyMap<string, ShiftOp> = new Map((['<<', '>>', '>>>'] as const).map((op) => [op, op]));
const comparisons: ReadonlyMap<string, CompareToken> = new Map(
  (['===', '!==', '<', '<=', '>', '>='] as const).map((op) => [op, op]),
);

/** `a op b` for all operators without control flow; null if `op` is not one. */
export function binary(f: FunctionLowering, node: ts.Node, op: string, a: Operand, b: Operand): Operand | null {
  const arithmeticOp = arithmetic.get(op);
  if (arithmeticOp !== undefined) return calculate(f, node, arithmeticOp, a, b);
  const shiftOp = shifts.get(op);
  if (shiftOp !== undefined) return shift(f, node, shiftOp, a, b);
  const comparison = comparisons.get(op);
  return comparison === undefined ? null : compare(f, node, comparison, a, b);
}

type NumberType = IntType | UntypedType;

/** The operand's type if it is an integer; else reports. */
function numberType(f: FunctionLowering, operand: Operand, node: ts.Node): NumberType | null {
  const type = types.decay(operand.type);
  if (type.kind === 'int' || type.kind === 'untyped') return type;
  if (type.kind !== 'error' && type.kind !== 'never') f.report(node, 'noArithmetic', [type.name]);
  return null;
}

function isWide(type: NumberType): boolean {
  return type.kind === 'int' ? type.bits === 64 : type.wide;
}

/** The type in which two integers are computed; reports if they do not mix. */
function commonType(f: FunctionLowering, node: ts.Node, a: Operand, b: Operand): NumberType | null {
  const left = numberType(f, a, node);
  const right = left === null ? null : numberType(f, b, node);
  if (left === null || right === null) return null;
  if (isWide(left) !== isWide(right)) {
    f.report(node, 'mixedWidth', [left.name, right.name]);
    return null;
  }
  if (left.kind === 'untyped') return right.kind === 'untyped' ? right : adapt(f, node, a, right);
  if (right.kind === 'untyped') return adapt(f, node, b, left);
  const type = mixedType(a, left, b, right);
  const bits = isWide(left) ? '64' : '32';
  if (type === null) f.report(node, 'mixedSign', [left.name, right.name, bits]);
  return type;
}

/** The type in which an untyped operand meets one of type `other`. */
function adapt(f: FunctionLowering, node: ts.Node, operand: Operand, other: IntType): IntType | null {
  const wanted = types.promote(other);
  if (untypedFits(operand, wanted)) return wanted;
  if (other.bits < 32 && untypedFits(operand, types.i32)) return types.i32;
  const value = operand.constant === null ? operand.type.name : String(operand.constant);
  f.report(node, 'constantTooLarge', [value, wanted.name]);
  return null;
}

function mixedType(a: Operand, left: IntType, b: Operand, right: IntType): IntType | null {
  const wide = left.bits === 64;
  if (left.signed === right.signed) return types.promote(left);
  const [signed, unsigned] = left.signed ? [a, b] : [b, a];
  const narrow = left.signed ? right : left;
  if (wide) {
    if (unsigned.constant !== null && types.wrap(types.i64, unsigned.constant) === unsigned.constant) return types.i64;
    return signed.constant !== null && signed.constant >= 0n ? types.u64 : null;
  }
  if (narrow.bits < 32 || boundsFit(unsigned, types.i32)) return types.i32;
  return signed.min >= 0 ? types.u32 : null;
}

/** An operand in the type that commonType gave: the same bits. */
function inType(operand: Operand, type: NumberType): Operand {
  return type.kind === 'untyped' ? operand : converted(operand, type);
}

/** Untyped results must stay in reach. */
function constantResult(f: FunctionLowering, node: ts.Node, type: NumberType, value: bigint, isMask: boolean): Operand {
  if (type.kind === 'int') return constantOperand(type, value);
  if (value < -(1n << 64n) || value >= 1n << 64n) {
    f.report(node, 'constantTooLarge', [String(value).slice(0, 40), type.wide ? 'u64' : 'u32']);
    return errorOperand;
  }
  return constantOperand(type, value, isMask && value < 0n);
}

function calculate(f: FunctionLowering, node: ts.Node, op: ArithmeticOp, a: Operand, b: Operand): Operand {
  const type = commonType(f, node, a, b);
  if (type === null) return errorOperand;
  const left = inType(a, type);
  const right = inType(b, type);
  if (right.constant === 0n && (op === '/' || op === '%')) {
    f.report(node, 'divisionByZero');
    return errorOperand;
  }
  if (left.constant !== null && right.constant !== null) {
    const value = foldArithmetic(op, left.constant, right.constant) ?? 0n;
    if (isQuotientTooLarge(op, type, left.constant, right.constant)) {
      f.report(node, 'constantTooLarge', [String(-left.constant), type.name]);
      return errorOperand;
    }
    return constantResult(f, node, type, value, a.isMask || b.isMask);
  }
  if (op === '+' && left.address !== null && right.constant !== null) return movedAddress(left, right.constant);
  const signed = isSigned(type, left, right);
  const value = f.builder.binary(instructionFor(op, signed), f.value(left), f.value(right));
  if (left.isMask || right.isMask || types.valueTypeOf(type) === 'i64') return valueOperand(type, value);
  return boundedOperand(type, value, arithmeticBounds(op, left, right));
}

/** The one quotient of a type that it has not: the machine traps there, also for the remainder. */
function isQuotientTooLarge(op: ArithmeticOp, type: NumberType, left: bigint, right: bigint): boolean {
  if (op !== '/' && op !== '%') return false;
  return type.kind === 'int' && type.signed && right === -1n && left === types.rangeOf(type).min;
}

function instructionFor(op: ArithmeticOp, signed: boolean): BinaryOp {
  switch (op) {
    case '+':
      return 'add';
    case '-':
      return 'sub';
    case '*':
      return 'mul';
    case '/':
      return signed ? 'divS' : 'divU';
    case '%':
      return signed ? 'remS' : 'remU';
    case '&':
      return 'and';
    case '|':
      return 'or';
    case '^':
      return 'xor';
  }
}

/** The left side's type decides. A constant shifted by a variable count stays untyped: `mask & (1 << bit)`. */
function shift(f: FunctionLowering, node: ts.Node, op: ShiftOp, a: Operand, b: Operand): Operand {
  const left = numberType(f, a, node);
  const right = left === null ? null : numberType(f, b, node);
  if (left === null || right === null) return errorOperand;
  if (!isWide(left) && isWide(right)) {
    f.report(node, 'mixedWidth', [left.name, right.name]);
    return errorOperand;
  }
  const type = left.kind === 'int' ? types.promote(left) : left;
  const operand = inType(a, type);
  if (operand.constant !== null && b.constant !== null) {
    const value = foldShift(op, operand.constant, b.constant, type.kind === 'int' ? type : null);
    if (value !== null) return constantResult(f, node, type, value, a.isMask);
    f.report(node, 'shiftCount', [String(b.constant)]);
    return errorOperand;
  }
  const wideCount = isWide(right) && b.constant === null;
  const count = wideCount
    ? f.builder.emit('narrow', 'i32', [f.value(b)])
    : f.value(b.constant === null ? b : constantOperand(types.u32, b.constant));
  const signed = isSigned(type, operand, operand);
  const instruction: BinaryOp = op === '<<' ? 'shl' : op === '>>' && signed ? 'shrS' : 'shrU';
  const value = f.builder.binary(instruction, f.value(operand), count);
  if (operand.isMask || types.valueTypeOf(type) === 'i64') return valueOperand(type, value);
  return boundedOperand(type, value, shiftBounds(op, operand, b.constant, 32));
}

function compare(f: FunctionLowering, node: ts.Node, op: CompareToken, a: Operand, b: Operand): Operand {
  if (isError(a) || isError(b)) return errorOperand;
  const left = types.decay(a.type);
  const right = types.decay(b.type);
  const areNumbers = [left, right].every((type) => type.kind === 'int' || type.kind === 'untyped');
  if (!areNumbers) return compareOthers(f, node, op, a, b);
  const type = commonType(f, node, a, b);
  return type === null ? errorOperand : emitCompare(f, op, inType(a, type), inType(b, type), isSigned(type, a, b));
}

/** Untyped values count as i32, unless they are known not to be negative. */
function isSigned(type: NumberType, a: Operand, b: Operand): boolean {
  if (type.kind === 'int') return type.signed;
  return type.wide || a.isMask || b.isMask || a.min < 0 || b.min < 0;
}

function emitCompare(f: FunctionLowering, op: CompareToken, a: Operand, b: Operand, signed: boolean): Operand {
  if (a.constant !== null && b.constant !== null) {
    return foldCompare(op, a.constant, b.constant) ? trueOperand : falseOperand;
  }
  const left = f.value(a);
  const right = f.value(b);
  const swapped = op === '>' || op === '>=';
  const args = swapped ? [right, left] : [left, right];
  return valueOperand(types.boolType, f.builder.emit(compareInstruction(op, signed), 'i32', args));
}

function compareInstruction(op: CompareToken, signed: boolean): CompareOp {
  switch (op) {
    case '===':
      return 'eq';
    case '!==':
      return 'ne';
    case '<':
    case '>':
      return signed ? 'ltS' : 'ltU';
    default:
      return signed ? 'leS' : 'leU';
  }
}

/** Booleans and strings by equality; addresses of other things also by order. */
function compareOthers(f: FunctionLowering, node: ts.Node, op: CompareToken, a: Operand, b: Operand): Operand {
  const left = types.decay(a.type);
  const right = types.decay(b.type);
  const isEquality = op === '===' || op === '!==';
  const areBooleans = left.kind === 'bool' && right.kind === 'bool';
  const areTexts = left.kind === 'string' || right.kind === 'string';
  const areAddresses = types.isAddress(left) && types.isAddress(right) && comparable(left, right);
  const isInOrder = areAddresses && !areTexts; // `<` would compare where strings lie, not what they say
  const nullable = (type: Type): boolean => type.kind === 'null' || (type.kind === 'witness' && type.nullable);
  const areEqualable = areBooleans || areAddresses || (nullable(left) && nullable(right));
  const isOk = isEquality ? areEqualable : isInOrder;
  if (isOk) return emitCompare(f, op, a, b, false);
  if (left.kind !== 'never' && right.kind !== 'never') f.report(node, 'cannotCompare', [left.name, right.name]);
  return errorOperand;
}

function comparable(left: Type, right: Type): boolean {
  return left.kind === 'object' || right.kind === 'object' || fits(left, right) || fits(right, left);
}

/** `-x` and `~x`. */
export function unary(f: FunctionLowering, node: ts.Node, op: '-' | '~' | '+', operand: Operand): Operand {
  const from = numberType(f, operand, node);
  if (from === null) return errorOperand;
  const type = from.kind === 'int' ? types.promote(from) : from;
  const inner = inType(operand, type);
  if (op === '+') return inner;
  if (inner.constant !== null) {
    const value = op === '-' ? -inner.constant : ~inner.constant;
    return constantResult(f, node, type, value, op === '~' || operand.isMask);
  }
  const value = f.builder.emit(op === '-' ? 'neg' : 'not', types.valueTypeOf(type), [f.value(inner)]);
  if (op === '~' || inner.isMask || types.valueTypeOf(type) === 'i64') return valueOperand(type, value);
  return boundedOperand(type, value, { min: -inner.max, max: -inner.min });
}
