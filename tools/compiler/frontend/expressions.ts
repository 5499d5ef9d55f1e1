/*
 * Expressions: from syntax to operands, bottom-up.
 *
 * `expected` is the type that the surroundings want, if they want one. It only helps where an expression does not tell
 * its own type (type arguments, arrows, `zeroed()`); converting to it is the business of whoever asked.
 */

import { textOf, tokenText, ts } from '../syntax/index.ts';
import { requireBoolean } from './boolean.ts';
import { lowerCall } from './calls.ts';
import { assignIfNull, conditional, ifNull, logical, logicalAssignment } from './choices.ts';
import { cast } from './convert.ts';
import type { Entity } from './entities.ts';
import type { FunctionLowering } from './function.ts';
import { arrowValue, functionValue } from './function-values.ts';
import {
  addressOperand,
  constantOperand,
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
  if (!Number.isSafeInteger(value) || /^\d*\.|^\d+e/i.test(textOf(node))) {
    f.report(node, Number.isInteger(value) && value > 0xffffffff ? 'constantTooLarge' : 'float', [textOf(node), 'u32']);
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
  f.report(node, 'notAValue', [textOf(node)]);
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
  const op = tokenText(node.operatorToken.kind);
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
