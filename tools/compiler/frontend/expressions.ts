/*
 * Expressions: from syntax to operands, bottom-up.
 *
 * `expected` is the type that the surroundings want, if they want one. It only helps where an expression does not tell
 * its own type (type arguments, arrows, `zeroed()`); converting to it is the business of whoever asked.
 */

import type { Block } from '../ir/types.ts';
import { requireBoolean } from './boolean.ts';
import { Variable } from './builder.ts';
import { lowerCall } from './calls.ts';
import { lowerCondition, knownCondition } from './conditions.ts';
import { cast, convert, fits, settle, untypedFits } from './convert.ts';
import type { Entity } from './entities.ts';
import type { FunctionLowering } from './function.ts';
import { arrowValue, functionValue } from './function-values.ts';
import {
  addressOperand,
  boundedOperand,
  constantOperand,
  emptyOperand,
  errorOperand,
  falseOperand,
  isError,
  nullOperand,
  trueOperand,
  valueOperand,
  type Operand,
} from './operand.ts';
import { binary, unary } from './operators.ts';
import { entityBeforeDot, lowerPlace, meaningPlace, readPlace, writePlace, type Place } from './places.ts';
import { ts } from './typescript.ts';
import * as types from './types.ts';
import type { Type } from './types.ts';
import { unsupportedExpression } from './unsupported.ts';

const { SyntaxKind } = ts;

type Lowering = (f: FunctionLowering, node: never, expected?: Type) => Operand;

/** How each kind of expression is lowered. What is not among them has no place in the language. */
const lowerings: ReadonlyMap<ts.SyntaxKind, Lowering> = new Map<ts.SyntaxKind, Lowering>([
  [SyntaxKind.Identifier, identifier],
  [SyntaxKind.NumericLiteral, number],
  [SyntaxKind.BigIntLiteral, bigint],
  [SyntaxKind.StringLiteral, string],
  [SyntaxKind.TrueKeyword, () => trueOperand],
  [SyntaxKind.FalseKeyword, () => falseOperand],
  [SyntaxKind.NullKeyword, () => nullOperand],
  [SyntaxKind.ThisKeyword, receiver],
  [SyntaxKind.ParenthesizedExpression, inner],
  [SyntaxKind.NonNullExpression, inner],
  [SyntaxKind.PropertyAccessExpression, access],
  [SyntaxKind.ElementAccessExpression, access],
  [SyntaxKind.CallExpression, call],
  [SyntaxKind.BinaryExpression, binaryExpression],
  [SyntaxKind.PrefixUnaryExpression, prefix],
  [SyntaxKind.PostfixUnaryExpression, postfix],
  [SyntaxKind.ConditionalExpression, conditional],
  [SyntaxKind.ArrowFunction, arrowValue],
  [SyntaxKind.FunctionExpression, arrowValue],
  [SyntaxKind.ExpressionWithTypeArguments, instantiation],
]);

export function lowerExpression(f: FunctionLowering, node: ts.Expression, expected?: Type): Operand {
  const lowering = lowerings.get(node.kind);
  if (lowering !== undefined) return lowering(f, node as never, expected);
  unsupportedExpression(f, node);
  return errorOperand;
}

function inner(
  f: FunctionLowering,
  node: ts.ParenthesizedExpression | ts.NonNullExpression,
  expected: Type | undefined,
): Operand {
  return f.expression(node.expression, expected);
}

function access(f: FunctionLowering, node: ts.PropertyAccessExpression | ts.ElementAccessExpression): Operand {
  return readPlace(f, lowerPlace(f, node), node);
}

function call(f: FunctionLowering, node: ts.CallExpression, expected: Type | undefined): Operand {
  return lowerCall(f, node, expected).result;
}

function postfix(f: FunctionLowering, node: ts.PostfixUnaryExpression): Operand {
  return step(f, node, node.operand, node.operator, true);
}

function string(_: FunctionLowering, node: ts.StringLiteral): Operand {
  return addressOperand(types.stringType, { kind: 'text', text: node.text });
}

function receiver(f: FunctionLowering, node: ts.Expression): Operand {
  if (f.receiver === null) f.report(node, 'noThis');
  return f.receiver ?? errorOperand;
}

function number(f: FunctionLowering, node: ts.NumericLiteral): Operand {
  const value = Number(node.text);
  if (!Number.isSafeInteger(value) || /^\d*\.|^\d+e/i.test(node.getText())) {
    f.report(node, Number.isInteger(value) && value > 0xffffffff ? 'constantTooLarge' : 'float', [
      node.getText(),
      'u32',
    ]);
    return errorOperand;
  }
  return constantOperand(types.untyped, BigInt(value));
}

function bigint(f: FunctionLowering, node: ts.BigIntLiteral): Operand {
  const value = BigInt(node.text.slice(0, -1));
  if (value < 1n << 64n) return constantOperand(types.untypedWide, value);
  f.report(node, 'constantTooLarge', [node.text, 'u64']);
  return errorOperand;
}

function identifier(f: FunctionLowering, node: ts.Identifier, expected: Type | undefined): Operand {
  const meaning = f.meaningOf(node);
  if (meaning?.kind === 'function' && !meaning.isAmbient) return functionValue(f, meaning, node, [], expected);
  return readPlace(f, meaningPlace(f, meaning, node), node);
}

/** What `compare` or `sort.compare` names at the top of a module. */
function namedEntity(f: FunctionLowering, node: ts.Expression): Entity | null {
  if (ts.isIdentifier(node)) return f.world.entities.entityAt(node);
  if (!ts.isPropertyAccessExpression(node)) return null;
  const owner = entityBeforeDot(f, node.expression);
  return owner?.kind === 'namespace' ? f.world.entities.exportOf(owner.symbol, node.name.text) : null;
}

/** `compare<u32>` as a value. */
function instantiation(f: FunctionLowering, node: ts.ExpressionWithTypeArguments): Operand {
  const entity = namedEntity(f, node.expression);
  const args = (node.typeArguments ?? []).map((arg) => f.resolveType(arg));
  if (entity?.kind === 'function') return functionValue(f, entity, node, args);
  f.report(node, 'notAValue', [node.getText()]);
  return errorOperand;
}

// ---------------------------------------------------------------------------------------------------------------------
// Operators

const assignments: ReadonlyMap<ts.SyntaxKind, string> = new Map<ts.SyntaxKind, string>([
  [SyntaxKind.PlusEqualsToken, '+'],
  [SyntaxKind.MinusEqualsToken, '-'],
  [SyntaxKind.AsteriskEqualsToken, '*'],
  [SyntaxKind.SlashEqualsToken, '/'],
  [SyntaxKind.PercentEqualsToken, '%'],
  [SyntaxKind.AmpersandEqualsToken, '&'],
  [SyntaxKind.BarEqualsToken, '|'],
  [SyntaxKind.CaretEqualsToken, '^'],
  [SyntaxKind.LessThanLessThanEqualsToken, '<<'],
  [SyntaxKind.GreaterThanGreaterThanEqualsToken, '>>'],
  [SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken, '>>>'],
]);

function binaryExpression(f: FunctionLowering, node: ts.BinaryExpression, expected: Type | undefined): Operand {
  const kind = node.operatorToken.kind;
  switch (kind) {
    case SyntaxKind.EqualsToken:
      return assignment(f, node);
    case SyntaxKind.CommaToken:
      f.expression(node.left);
      return f.expression(node.right, expected);
    case SyntaxKind.AmpersandAmpersandToken:
    case SyntaxKind.BarBarToken:
      return logical(f, node);
    case SyntaxKind.QuestionQuestionToken:
      return ifNull(f, node, expected);
    case SyntaxKind.QuestionQuestionEqualsToken:
      return assignIfNull(f, node);
    case SyntaxKind.AmpersandAmpersandEqualsToken:
    case SyntaxKind.BarBarEqualsToken:
      return logicalAssignment(f, node, kind === SyntaxKind.BarBarEqualsToken);
    default: {
      const compound = assignments.get(kind);
      return compound === undefined ? plainBinary(f, node) : compoundAssignment(f, node, compound);
    }
  }
}

function plainBinary(f: FunctionLowering, node: ts.BinaryExpression): Operand {
  const op = ts.tokenToString(node.operatorToken.kind) ?? '';
  const left = f.expression(node.left);
  const right = f.expression(node.right);
  f.at(node.operatorToken);
  const result = binary(f, node, op, left, right);
  if (result !== null) return result;
  f.report(node.operatorToken, op === '==' || op === '!=' ? 'looseEquality' : 'operator', [op]);
  return errorOperand;
}

function assignment(f: FunctionLowering, node: ts.BinaryExpression): Operand {
  const target = node.left;
  if (ts.isObjectLiteralExpression(target) || ts.isArrayLiteralExpression(target)) {
    f.report(target, 'destructuring');
    return errorOperand;
  }
  const place = lowerPlace(f, target);
  const value = f.expression(node.right, place.type);
  if (types.decay(place.type).kind === 'witness') {
    f.report(node, 'witnessEscapes', ['assigned']);
    return errorOperand;
  }
  f.at(node);
  return writePlace(f, place, value, node.right);
}

function compoundAssignment(f: FunctionLowering, node: ts.BinaryExpression, op: string): Operand {
  const place = lowerPlace(f, node.left);
  const before = readPlace(f, place, node.left);
  const right = f.expression(node.right);
  f.at(node.operatorToken);
  const result = binary(f, node, op, before, right) ?? errorOperand;
  return writeBack(f, place, result, node);
}

/** Stores the result of a compound assignment, cut to the place's width. */
function writeBack(f: FunctionLowering, place: Place, result: Operand, node: ts.Node): Operand {
  if (isError(result)) return result;
  const value = place.type.kind === 'int' ? cast(f, result, place.type, node) : result;
  return writePlace(f, place, value, node);
}

function prefix(f: FunctionLowering, node: ts.PrefixUnaryExpression): Operand {
  switch (node.operator) {
    case SyntaxKind.PlusPlusToken:
    case SyntaxKind.MinusMinusToken:
      return step(f, node, node.operand, node.operator, false);
    case SyntaxKind.ExclamationToken:
      return not(f, node);
    default: {
      const operand = f.expression(node.operand);
      f.at(node);
      return unary(f, node, operatorText(node.operator), operand);
    }
  }
}

function operatorText(operator: ts.PrefixUnaryOperator): '-' | '~' | '+' {
  if (operator === SyntaxKind.MinusToken) return '-';
  return operator === SyntaxKind.TildeToken ? '~' : '+';
}

function not(f: FunctionLowering, node: ts.PrefixUnaryExpression): Operand {
  const operand = f.expression(node.operand);
  if (isError(operand) || !requireBoolean(f, operand, node.operand)) return errorOperand;
  if (operand.constant !== null) return operand.constant === 0n ? trueOperand : falseOperand;
  f.at(node);
  const zero = f.builder.constant('i32', 0n);
  return valueOperand(types.boolType, f.builder.emit('eq', 'i32', [f.value(operand), zero]));
}

/** `x++` and the like. */
function step(
  f: FunctionLowering,
  node: ts.Node,
  target: ts.Expression,
  operator: ts.SyntaxKind,
  isPostfix: boolean,
): Operand {
  const place = lowerPlace(f, target);
  const before = readPlace(f, place, target);
  if (isError(before)) return before;
  const isWide = types.valueTypeOf(before.type) === 'i64';
  const one = constantOperand(isWide ? types.untypedWide : types.untyped, 1n);
  f.at(node);
  const result = binary(f, node, operator === SyntaxKind.PlusPlusToken ? '+' : '-', before, one) ?? errorOperand;
  const after = writeBack(f, place, result, node);
  return isPostfix ? before : after;
}

// ---------------------------------------------------------------------------------------------------------------------
// Control flow in expressions

/** `a && b` and `a || b` where a value is wanted. */
function logical(f: FunctionLowering, node: ts.BinaryExpression): Operand {
  const known = knownCondition(f, node);
  if (known !== null) {
    f.leaveOut(node);
    return known ? trueOperand : falseOperand;
  }
  const isAnd = node.operatorToken.kind === SyntaxKind.AmpersandAmpersandToken;
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
function logicalAssignment(f: FunctionLowering, node: ts.BinaryExpression, isOr: boolean): Operand {
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

function conditional(f: FunctionLowering, node: ts.ConditionalExpression, expected: Type | undefined): Operand {
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
function ifNull(f: FunctionLowering, node: ts.BinaryExpression, expected: Type | undefined): Operand {
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
function assignIfNull(f: FunctionLowering, node: ts.BinaryExpression): Operand {
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
  return boundedOperand(type, value, min, max);
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
