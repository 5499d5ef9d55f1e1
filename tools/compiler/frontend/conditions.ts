/*
 * Conditions: boolean expressions that decide where control goes. `&&`, `||` and `!` become branches, never values.
 *
 * A condition that is constant is known before anything is lowered (`knownCondition`), so that code which a build flag
 * rules out leaves no trace: its functions are not even asked for.
 */

import type { Block } from '../ir/types.ts';
import { ts } from '../syntax/index.ts';
import { requireBoolean } from './boolean.ts';
import type { Entity } from './entities.ts';
import type { FunctionLowering, Local } from './function.ts';

const { SyntaxKind } = ts;

/** Goes to one of two blocks. The caller seals them. */
export function lowerCondition(f: FunctionLowering, node: ts.Expression, ifTrue: Block, ifFalse: Block): void {
  const { builder } = f;
  const known = knownCondition(f, node);
  if (known !== null) {
    f.leaveOut(node);
    builder.jump(known ? ifTrue : ifFalse);
    return;
  }
  if (ts.isParenthesizedExpression(node)) {
    lowerCondition(f, node.expression, ifTrue, ifFalse);
    return;
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken) {
    lowerCondition(f, node.operand, ifFalse, ifTrue);
    return;
  }
  if (isLogical(node)) {
    f.nested(node, () => lowerLogical(f, node, ifTrue, ifFalse));
    return;
  }
  const operand = f.expression(node);
  const isOk = requireBoolean(f, operand, node);
  f.at(node);
  if (isOk && operand.constant !== null) builder.jump(operand.constant === 0n ? ifFalse : ifTrue);
  else builder.branch(f.value(operand), ifTrue, ifFalse);
}

function lowerLogical(f: FunctionLowering, node: ts.BinaryExpression, ifTrue: Block, ifFalse: Block): void {
  const { builder } = f;
  const more = builder.createBlock();
  const isAnd = node.operatorToken.kind === SyntaxKind.AmpersandAmpersandToken;
  if (isAnd) lowerCondition(f, node.left, more, ifFalse);
  else lowerCondition(f, node.left, ifTrue, more);
  builder.startSealed(more);
  lowerCondition(f, node.right, ifTrue, ifFalse);
}

function isLogical(node: ts.Expression): node is ts.BinaryExpression {
  if (!ts.isBinaryExpression(node)) return false;
  const { kind } = node.operatorToken;
  return kind === SyntaxKind.AmpersandAmpersandToken || kind === SyntaxKind.BarBarToken;
}

/** The condition's value if the build fixes it. Lowers nothing that makes code. */
export function knownCondition(f: FunctionLowering, node: ts.Expression): boolean | null {
  if (ts.isParenthesizedExpression(node)) return knownCondition(f, node.expression);
  if (ts.isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken) {
    const inner = knownCondition(f, node.operand);
    return inner === null ? null : !inner;
  }
  if (isLogical(node)) {
    const decides = node.operatorToken.kind === SyntaxKind.BarBarToken;
    const left = knownCondition(f, node.left);
    if (left === null || left === decides) return left;
    return knownCondition(f, node.right);
  }
  if (!isConstantExpression(f, node)) return null;
  const operand = f.expression(node);
  return operand.type.kind === 'bool' && operand.constant !== null ? operand.constant !== 0n : null;
}

/** Made of constants alone, as far as the syntax and the names tell. */
export function isConstantExpression(f: FunctionLowering, node: ts.Expression): boolean {
  switch (node.kind) {
    case SyntaxKind.Identifier:
      return isConstantName(f, node as ts.Identifier);
    case SyntaxKind.PropertyAccessExpression:
      return isConstantMember(f, node as ts.PropertyAccessExpression);
    case SyntaxKind.BinaryExpression:
      return isConstantBinary(f, node as ts.BinaryExpression);
    case SyntaxKind.CallExpression:
      return isConstantCall(f, node as ts.CallExpression);
    case SyntaxKind.PrefixUnaryExpression: {
      const { operand, operator } = node as ts.PrefixUnaryExpression;
      const isStep = operator === SyntaxKind.PlusPlusToken || operator === SyntaxKind.MinusMinusToken;
      return !isStep && isConstantExpression(f, operand);
    }
    case SyntaxKind.ParenthesizedExpression:
      return isConstantExpression(f, (node as ts.ParenthesizedExpression).expression);
    case SyntaxKind.NumericLiteral:
    case SyntaxKind.BigIntLiteral:
    case SyntaxKind.TrueKeyword:
    case SyntaxKind.FalseKeyword:
      return true;
    default:
      return false;
  }
}

function isConstantBinary(f: FunctionLowering, { left, operatorToken, right }: ts.BinaryExpression): boolean {
  const { kind } = operatorToken;
  const isAssignment = kind >= SyntaxKind.EqualsToken && kind <= SyntaxKind.CaretEqualsToken;
  return !isAssignment && isConstantExpression(f, left) && isConstantExpression(f, right);
}

function isConstantName(f: FunctionLowering, node: ts.Identifier): boolean {
  return isConstant(f, f.meaningOf(node));
}

function isConstant(f: FunctionLowering, meaning: Local | Entity | null): boolean {
  if (meaning?.kind === 'constant') return meaning.operand.constant !== null;
  if (meaning?.kind !== 'variable') return meaning?.kind === 'enumMember';
  return meaning.isConst && !meaning.isAmbient && f.world.constants.variable(meaning).constant?.constant != null;
}

/** `Enum.Member`, `Class.CONSTANT`, `namespace.CONSTANT`. */
function isConstantMember(f: FunctionLowering, node: ts.PropertyAccessExpression): boolean {
  if (!ts.isIdentifier(node.expression)) return false;
  const owner = f.meaningOf(node.expression);
  const name = node.name.text;
  if (owner?.kind === 'enum') return true;
  if (owner?.kind === 'class') return isConstant(f, owner.statics.get(name) ?? null);
  return owner?.kind === 'namespace' && isConstant(f, f.world.entities.exportOf(owner.symbol, name));
}

const constantCalls = new Set(['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64', 'sizeof', 'offsetof', 'define']);

function isConstantCall(f: FunctionLowering, node: ts.CallExpression): boolean {
  if (!ts.isIdentifier(node.expression)) return false;
  const entity = f.meaningOf(node.expression);
  if (entity?.kind !== 'builtin' || !constantCalls.has(entity.name)) return false;
  return node.arguments.every((arg) => ts.isStringLiteral(arg) || isConstantExpression(f, arg));
}
