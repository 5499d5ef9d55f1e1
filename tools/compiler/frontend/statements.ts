/*
 * Statements.
 *
 * Loops follow one pattern: the head is left unsealed until the body has been lowered, since only then are all ways to it
 * known. Code that no path reaches is lowered all the same (its errors count), into blocks that are dropped in the end.
 */

import type { Block } from '../ir/types.ts';
import { ts } from '../syntax/index.ts';
import { knownCondition, lowerCondition } from './conditions.ts';
import { convert } from './convert.ts';
import type { FunctionLowering } from './function.ts';
import { deadOperand, isError } from './operand.ts';
import { endsWithScope, leaveScopes, withScope } from './scope.ts';
import { lowerSwitch } from './switch.ts';
import { valueTypeOf } from './types.ts';
import { unsupportedStatement } from './unsupported.ts';
import { declareVariables } from './variables.ts';

/** A statement that break or continue may leave. */
export interface JumpTarget {
  readonly labels: readonly string[];
  /** Whether a break without label means this one. */
  readonly isBreakable: boolean;
  readonly onBreak: Block;
  readonly onContinue: Block | null;
  /** How many scopes were open around the statement. */
  readonly depth: number;
}

const { SyntaxKind } = ts;

type Lowering = (f: FunctionLowering, node: never, labels: readonly string[]) => void;

/** How each kind of statement is lowered. What is not among them has no place in the language. */
const lowerings: ReadonlyMap<ts.SyntaxKind, Lowering> = new Map<ts.SyntaxKind, Lowering>([
  [SyntaxKind.Block, lowerBlock],
  [SyntaxKind.VariableStatement, lowerVariables],
  [SyntaxKind.ExpressionStatement, lowerForEffect],
  [SyntaxKind.IfStatement, lowerIf],
  [SyntaxKind.WhileStatement, lowerWhile],
  [SyntaxKind.DoStatement, lowerDo],
  [SyntaxKind.ForStatement, lowerFor],
  [SyntaxKind.SwitchStatement, lowerSwitch],
  [SyntaxKind.ReturnStatement, lowerReturn],
  [SyntaxKind.BreakStatement, lowerJump],
  [SyntaxKind.ContinueStatement, lowerJump],
  [SyntaxKind.LabeledStatement, lowerLabeled],
  // These leave no code, also inside a function.
  [SyntaxKind.EmptyStatement, () => undefined],
  [SyntaxKind.TypeAliasDeclaration, () => undefined],
  [SyntaxKind.InterfaceDeclaration, () => undefined],
]);

const noLabels: readonly string[] = [];

export function lowerStatement(f: FunctionLowering, node: ts.Statement, labels: readonly string[] = noLabels): void {
  const lowering = lowerings.get(node.kind);
  if (lowering === undefined) unsupportedStatement(f, node);
  else lowering(f, node as never, labels);
}

function lowerBlock(f: FunctionLowering, { statements }: ts.Block, labels: readonly string[]): void {
  labelled(f, labels, () => withScope(f, () => lowerStatements(f, statements)));
}

function lowerVariables(f: FunctionLowering, { declarationList }: ts.VariableStatement): void {
  declareVariables(f, declarationList);
}

function lowerLabeled(f: FunctionLowering, node: ts.LabeledStatement, labels: readonly string[]): void {
  lowerStatement(f, node.statement, [...labels, node.label.text]);
}

function lowerForEffect(f: FunctionLowering, { expression }: ts.ExpressionStatement): void {
  const operand = f.expression(expression);
  if (isError(operand) && operand !== deadOperand) f.followError(expression);
}

function lowerStatements(f: FunctionLowering, nodes: readonly ts.Statement[]): void {
  for (const node of nodes) f.statement(node);
}

/** A labelled statement that is no loop: `break label` leaves it. */
function labelled(f: FunctionLowering, labels: readonly string[], body: () => void): void {
  if (labels.length === 0) {
    body();
    return;
  }
  const end = f.builder.createBlock();
  f.jumps.push({ labels, isBreakable: false, onBreak: end, onContinue: null, depth: f.scopes.length });
  body();
  f.jumps.pop();
  f.builder.jump(end);
  f.builder.startSealed(end);
}

/** A statement in a scope of its own: `if (x) using ...` is no TypeScript, but a declaration's names must not leak. */
function lowerBody(f: FunctionLowering, node: ts.Statement): void {
  withScope(f, () => f.statement(node));
}

function lowerIf(f: FunctionLowering, node: ts.IfStatement, labels: readonly string[]): void {
  labelled(f, labels, () => {
    const known = knownCondition(f, node.expression);
    if (known === null) lowerChoice(f, node);
    else lowerKnownIf(f, node, known);
  });
}

function lowerKnownIf(f: FunctionLowering, node: ts.IfStatement, known: boolean): void {
  const sides = [node.thenStatement, node.elseStatement];
  const [taken, other] = known ? sides : sides.reverse();
  if (taken !== undefined) lowerBody(f, taken);
  if (other !== undefined) f.leaveOut(other);
}

function lowerChoice(f: FunctionLowering, node: ts.IfStatement): void {
  const { builder } = f;
  const yes = builder.createBlock();
  const no = builder.createBlock();
  const join = node.elseStatement === undefined ? no : builder.createBlock();
  lowerCondition(f, node.expression, yes, no);
  builder.startSealed(yes);
  lowerBody(f, node.thenStatement);
  builder.jump(join);
  if (node.elseStatement !== undefined) {
    builder.startSealed(no);
    lowerBody(f, node.elseStatement);
    builder.jump(join);
  }
  builder.startSealed(join);
}

// ---------------------------------------------------------------------------------------------------------------------
// Loops

/** Lowers the body of a loop; `onContinue` is sealed after it. */
function lowerLoopBody(
  f: FunctionLowering,
  node: ts.Statement,
  labels: readonly string[],
  end: Block,
  onContinue: Block,
): void {
  f.jumps.push({ labels, isBreakable: true, onBreak: end, onContinue, depth: f.scopes.length });
  lowerBody(f, node);
  f.jumps.pop();
  f.builder.jump(onContinue);
}

function lowerWhile(f: FunctionLowering, node: ts.WhileStatement, labels: readonly string[]): void {
  const { builder } = f;
  const head = builder.createBlock();
  const body = builder.createBlock();
  const end = builder.createBlock();
  builder.jump(head);
  builder.start(head);
  lowerCondition(f, node.expression, body, end);
  builder.startSealed(body);
  lowerLoopBody(f, node.statement, labels, end, head);
  builder.seal(head);
  builder.startSealed(end);
}

function lowerDo(f: FunctionLowering, node: ts.DoStatement, labels: readonly string[]): void {
  const { builder } = f;
  const head = builder.createBlock();
  const test = builder.createBlock();
  const end = builder.createBlock();
  builder.jump(head);
  builder.start(head);
  lowerLoopBody(f, node.statement, labels, end, test);
  builder.startSealed(test);
  lowerCondition(f, node.expression, head, end);
  builder.seal(head);
  builder.startSealed(end);
}

function lowerFor(f: FunctionLowering, node: ts.ForStatement, labels: readonly string[]): void {
  withScope(f, () => lowerLoop(f, node, labels));
}

function lowerLoop(f: FunctionLowering, node: ts.ForStatement, labels: readonly string[]): void {
  const { builder } = f;
  const { initializer } = node;
  if (initializer !== undefined) {
    if (ts.isVariableDeclarationList(initializer)) declareVariables(f, initializer);
    else f.expression(initializer);
  }
  const head = builder.createBlock();
  const body = builder.createBlock();
  const step = builder.createBlock();
  const end = builder.createBlock();
  builder.jump(head);
  builder.start(head);
  if (node.condition === undefined) builder.jump(body);
  else lowerCondition(f, node.condition, body, end);
  builder.startSealed(body);
  lowerLoopBody(f, node.statement, labels, end, step);
  builder.startSealed(step);
  if (node.incrementor !== undefined) f.expression(node.incrementor);
  builder.jump(head);
  builder.seal(head);
  builder.startSealed(end);
}

// ---------------------------------------------------------------------------------------------------------------------
// Leaving

function lowerReturn(f: FunctionLowering, node: ts.ReturnStatement): void {
  const { result } = f.surroundings;
  const isEmpty = valueTypeOf(result) === 'void';
  let value = null;
  if (node.expression !== undefined) {
    const operand = f.expression(node.expression, result);
    const isGiven = result.kind === 'witness' && endsWithScope(f, node.expression);
    if (isGiven) f.report(node.expression, 'witnessEscapes', ['returned from the scope that releases the lock']);
    const isEndless = operand.type.kind === 'never';
    if (isEndless) return;
    f.at(node);
    const isVoid = result.kind === 'void' || result.kind === 'never';
    const converted = isVoid && operand.type.kind === 'void' ? operand : convert(f, operand, result, node.expression);
    if (converted.value?.op === 'slot') f.report(node.expression, 'ownFrame');
    if (!isEmpty) value = converted.type.kind === 'error' ? null : f.value(converted);
  }
  leaveScopes(f, 0);
  f.at(node);
  if (isEmpty || value !== null) f.builder.return(value);
  else f.builder.unreachable(); // an error has been reported, by tsc or by us
}

function lowerJump(f: FunctionLowering, node: ts.BreakOrContinueStatement): void {
  const isContinue = ts.isContinueStatement(node);
  const label = node.label?.text;
  const target = f.jumps.findLast((one) => {
    if (label !== undefined) return one.labels.includes(label);
    return isContinue ? one.onContinue !== null : one.isBreakable;
  });
  const block = isContinue ? target?.onContinue : target?.onBreak;
  if (target === undefined || block === undefined || block === null) return; // tsc has said so
  f.at(node);
  leaveScopes(f, target.depth);
  f.builder.jump(block);
}
