/*
 * Control flow in expressions: `&&`, `||`, `?:`, `??`, and their assignments.
 *
 * What decides is computed first, each side in a block of its own, and a variable of the builder's carries the value to
 * where they meet. A condition that is known leaves the other side out.
 */

import type { Block } from '../ir/types.ts';
import { ts } from '../syntax/index.ts';
import { requireBoolean } from './boolean.ts';
import { Variable } from './builder.ts';
import { knownCondition, lowerCondition } from './conditions.ts';
import { convert, fits, settle, untypedFits } from './convert.ts';
import type { FunctionLowering } from './function.ts';
import {
  boundedOperand,
  emptyOperand,
  errorOperand,
  falseOperand,
  isError,
  trueOperand,
  valueOperand,
  type Operand,
} from './operand.ts';
import { lowerPlace, readPlace, writePlace } from './places.ts';
import * as types from './types.ts';
import type { Type } from './types.ts';

/** `a && b` and `a || b` where a value is wanted. */
export function logical(f: FunctionLowering, node: ts.BinaryExpression): Operand {
  const known = knownCondition(f, node);
  if (known !== null) {
    f.leaveOut(node);
    return known ? trueOperand : falseOperand;
  }
  const isAnd = node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
  const left = knownCondition(f, node.left);
  if (left !== null) {
    const right = f.expression(node.right);
    return requireBoolean(f, right, node.right) ? right : errorOperand;
  }
  const { builder } = f;
  const result = new Variable('i32');
  builder.write(result, builder.constant('i32', isAnd ? 0n : 1n));
  const more = builder.createBlock();
  const join = builder.createBlock();
  if (isAnd) lowerCondition(f, node.left, more, join);
  else lowerCondition(f, node.left, join, more);
  builder.startSealed(more);
  const right = f.expression(node.right);
  const isOk = requireBoolean(f, right, node.right);
  builder.write(result, f.value(isOk ? right : falseOperand));
  builder.jump(join);
  builder.startSealed(join);
  return valueOperand(types.boolType, builder.read(result));
}

/** `a &&= b` and `a ||= b`. */
export function logicalAssignment(f: FunctionLowering, node: ts.BinaryExpression, isOr: boolean): Operand {
  const { builder } = f;
  const place = lowerPlace(f, node.left);
  const before = readPlace(f, place, node.left);
  if (!requireBoolean(f, before, node.left)) return errorOperand;
  const result = new Variable('i32');
  const value = f.value(before);
  builder.write(result, value);
  const more = builder.createBlock();
  const join = builder.createBlock();
  builder.branch(value, isOr ? join : more, isOr ? more : join);
  builder.startSealed(more);
  const after = writePlace(f, place, f.expression(node.right), node.right);
  builder.write(result, f.value(after));
  builder.jump(join);
  builder.startSealed(join);
  return valueOperand(types.boolType, builder.read(result));
}

/** `c ? a : b`. */
export function conditional(f: FunctionLowering, node: ts.ConditionalExpression, expected: Type | undefined): Operand {
  const known = knownCondition(f, node.condition);
  if (known !== null) {
    f.leaveOut(known ? node.whenFalse : node.whenTrue);
    return f.expression(known ? node.whenTrue : node.whenFalse, expected);
  }
  const { builder } = f;
  const blocks = { yes: builder.createBlock(), no: builder.createBlock(), join: builder.createBlock() };
  lowerCondition(f, node.condition, blocks.yes, blocks.no);
  builder.startSealed(blocks.yes);
  const yes = f.expression(node.whenTrue, expected);
  const yesEnd = builder.block;
  builder.startSealed(blocks.no);
  const no = f.expression(node.whenFalse, expected);
  const noEnd = builder.block;
  const type = joinedType(f, node, yes, no, expected);
  return joinSides(
    f,
    node,
    type,
    { value: yes, end: yesEnd, node: node.whenTrue },
    { value: no, end: noEnd, node: node.whenFalse },
    blocks.join,
  );
}

/** A side's value in the joined type. Untyped sides stay untyped, but must have 32 bits now. */
function joinedSide(f: FunctionLowering, side: Side, type: Type): Operand {
  if (type.kind !== 'untyped') return convert(f, side.value, type, side.node);
  const { constant } = side.value;
  if (type.wide || constant === null || (constant >= -0x80000000n && constant <= 0xffffffffn)) return side.value;
  f.report(side.node, 'constantTooLarge', [String(constant), 'u32']);
  return errorOperand;
}

/** `a ?? b`. */
export function ifNull(f: FunctionLowering, node: ts.BinaryExpression, expected: Type | undefined): Operand {
  const { builder } = f;
  const left = f.expression(node.left, expected);
  if (isError(left)) return left;
  if (!requireNullable(f, left, node.left)) return errorOperand;
  const blocks = { yes: builder.createBlock(), no: builder.createBlock(), join: builder.createBlock() };
  f.at(node.operatorToken);
  builder.branch(f.value(left), blocks.yes, blocks.no);
  builder.startSealed(blocks.yes);
  const yes: Side = { value: left, end: blocks.yes, node: node.left };
  builder.startSealed(blocks.no);
  const value = f.expression(node.right, expected);
  const no: Side = { value, end: builder.block, node: node.right };
  return joinSides(f, node, joinedType(f, node, left, value, expected), yes, no, blocks.join);
}

/** `a ??= b`. */
export function assignIfNull(f: FunctionLowering, node: ts.BinaryExpression): Operand {
  const { builder } = f;
  const place = lowerPlace(f, node.left);
  const before = readPlace(f, place, node.left);
  if (isError(before) || !requireNullable(f, before, node.left)) return errorOperand;
  const result = new Variable('i32');
  const value = f.value(before);
  builder.write(result, value);
  const more = builder.createBlock();
  const join = builder.createBlock();
  f.at(node.operatorToken);
  builder.branch(value, join, more);
  builder.startSealed(more);
  const after = writePlace(f, place, f.expression(node.right, place.type), node.right);
  builder.write(result, f.value(after));
  builder.jump(join);
  builder.startSealed(join);
  return valueOperand(types.decay(before.type), builder.read(result));
}

function requireNullable(f: FunctionLowering, operand: Operand, node: ts.Node): boolean {
  const type = types.decay(operand.type);
  if (types.isAddress(type)) return true;
  if (type.kind !== 'never') f.report(node, 'neverNull', [type.name]);
  return false;
}

interface Side {
  readonly value: Operand;
  readonly end: Block;
  readonly node: ts.Expression;
}

/** Converts both sides to the type, each where it ends, and joins them. */
function joinSides(f: FunctionLowering, node: ts.Node, type: Type, yes: Side, no: Side, join: Block): Operand {
  const { builder } = f;
  const result = new Variable(types.valueTypeOf(type) === 'i64' ? 'i64' : 'i32');
  const isEmpty = types.valueTypeOf(type) === 'void';
  for (const side of [yes, no]) {
    builder.start(side.end);
    f.at(node);
    const value = isEmpty ? side.value : joinedSide(f, side, type);
    if (!isEmpty && !isError(value)) builder.write(result, f.value(value));
    builder.jump(join);
  }
  builder.startSealed(join);
  if (type.kind === 'error') return errorOperand;
  if (isEmpty) return emptyOperand(type);
  const value = builder.read(result);
  const isBounded = (type.kind === 'untyped' && !type.wide) || (type.kind === 'int' && type.bits < 64);
  if (!isBounded || yes.value.isMask || no.value.isMask) return valueOperand(type, value);
  const { value: a } = yes;
  const { value: b } = no;
  const min = Math.min(a.min, b.min);
  const max = Math.max(a.max, b.max);
  if (type.kind === 'untyped' && min < 0 && max > 0x7fffffff) {
    f.report(node, 'constantTooLarge', [String(max), 'i32']);
    return errorOperand;
  }
  return boundedOperand(type, value, { min, max });
}

function isNumber(type: Type): boolean {
  return type.kind === 'int' || type.kind === 'untyped';
}

/** The type of a choice between an untyped number and another one: as in arithmetic, a narrow one gives way. */
function besideUntyped(operand: Operand, other: Type): Type {
  if (other.kind !== 'int' || untypedFits(operand, other)) return other;
  const promoted = types.promote(other);
  return other.bits < 32 && !untypedFits(operand, promoted) ? types.i32 : promoted;
}

/** The type of `c ? a : b`. */
function joinedType(f: FunctionLowering, node: ts.Node, yes: Operand, no: Operand, expected: Type | undefined): Type {
  const a = types.decay(yes.type);
  const b = types.decay(no.type);
  if (a.kind === 'error' || b.kind === 'error') return types.errorType;
  if (a.kind === 'never') return settle(no);
  if (b.kind === 'never') return settle(yes);
  const wanted = expected === undefined ? null : types.decay(expected);
  if (a.kind === 'untyped' && b.kind === 'untyped' && a.wide === b.wide) return a;
  if (wanted?.kind === 'int' && isNumber(a) && isNumber(b)) return wanted;
  if (a.kind === 'untyped') return besideUntyped(yes, b);
  if (b.kind === 'untyped') return besideUntyped(no, a);
  if (a.kind === 'int' && b.kind === 'int') {
    if (types.widensTo(a, b)) return b;
    if (types.widensTo(b, a)) return a;
    return types.promote(a.signed ? a : b);
  }
  if (fits(a, b)) return b;
  if (fits(b, a)) return a;
  if (wanted !== null && fits(a, wanted) && fits(b, wanted)) return wanted;
  f.report(node, 'otherType', [b.name, a.name]);
  return types.errorType;
}
