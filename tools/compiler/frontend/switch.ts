/*
 * The switch statement, with fallthrough.
 *
 * All-constant 32-bit cases become one `switch` terminator (the back end decides between a table and comparisons); others
 * are computed and compared one after the other, until one is equal.
 */

import type { Block } from '../ir/types.ts';
import { ts } from '../syntax/index.ts';
import { isConstantExpression } from './conditions.ts';
import { fits } from './convert.ts';
import type { FunctionLowering } from './function.ts';
import { isError, type Operand } from './operand.ts';
import { binary } from './operators.ts';
import { withScope } from './scope.ts';
import * as types from './types.ts';

interface Clause {
  readonly node: ts.CaseClause;
  readonly block: Block;
}

interface Case extends Clause {
  readonly operand: Operand;
}

export function lowerSwitch(f: FunctionLowering, node: ts.SwitchStatement, labels: readonly string[]): void {
  const { builder } = f;
  const subject = f.expression(node.expression);
  const end = builder.createBlock();
  const clauses = node.caseBlock.clauses.map((clause) => ({ clause, block: builder.createBlock() }));
  const otherwise = clauses.find(({ clause }) => ts.isDefaultClause(clause))?.block ?? end;
  const tests = clauses.flatMap(({ clause, block }): Clause[] =>
    ts.isCaseClause(clause) ? [{ node: clause, block }] : [],
  );
  const caseOf = (test: Clause): Case => ({ ...test, operand: f.expression(test.node.expression, subject.type) });
  const areConstant = tests.every(({ node: { expression } }) => isConstantExpression(f, expression));
  const constants = areConstant ? tests.map(caseOf) : [];
  f.at(node);
  const isTable = areConstant && isPlain(subject, constants);
  if (isTable) dispatch(f, subject, constants, otherwise);
  checkDuplicates(f, isTable ? constants : compareAll(f, subject, tests, caseOf, otherwise));
  f.jumps.push({ labels, isBreakable: true, onBreak: end, onContinue: null, depth: f.scopes.length });
  withScope(f, () => {
    for (const { clause, block } of clauses) {
      builder.jump(block); // falls through from the clause before
      builder.startSealed(block);
      for (const statement of clause.statements) f.statement(statement);
    }
  });
  f.jumps.pop();
  builder.jump(end);
  builder.startSealed(end);
}

function isPlain(subject: Operand, cases: readonly Case[]): boolean {
  const type = types.decay(subject.type);
  if (type.kind !== 'int' || type.bits === 64 || subject.constant !== null) return false;
  return cases.every(({ operand }) => {
    const kind = types.decay(operand.type);
    if (operand.constant === null) return false;
    if (kind.kind === 'untyped') return !kind.wide && inRange(operand.constant, type);
    return kind.kind === 'int' && (fits(kind, types.promote(type)) || inRange(operand.constant, type));
  });
}

function inRange(value: bigint, type: types.IntType): boolean {
  const { min, max } = types.rangeOf(types.promote(type));
  return value >= min && value <= max;
}

function dispatch(f: FunctionLowering, subject: Operand, cases: readonly Case[], otherwise: Block): void {
  const targets = cases.map(({ operand, block }) => ({
    value: Number(BigInt.asIntN(32, operand.constant ?? 0n)),
    target: block,
  }));
  f.builder.switch(f.value(subject), otherwise, targets);
}

/**
 * One comparison after the other: what a case computes runs only if none before it was equal. Reports what cannot be
 * compared. Gives the cases as they were lowered.
 */
function compareAll(
  f: FunctionLowering,
  subject: Operand,
  tests: readonly Clause[],
  caseOf: (test: Clause) => Case,
  otherwise: Block,
): Case[] {
  const { builder } = f;
  const cases = tests.map((test) => {
    const { node, operand, block } = caseOf(test);
    f.at(node);
    const isSame = binary(f, node.expression, '===', subject, operand);
    if (isSame !== null && !isError(isSame)) {
      const next = builder.createBlock();
      builder.branch(f.value(isSame), block, next);
      builder.startSealed(next);
    }
    return { node, operand, block };
  });
  builder.jump(otherwise);
  return cases;
}

function checkDuplicates(f: FunctionLowering, cases: readonly Case[]): void {
  const seen = new Map<bigint, ts.Node>();
  for (const { node, operand } of cases) {
    if (operand.constant === null || isError(operand)) continue;
    const first = seen.get(operand.constant);
    if (first === undefined) seen.set(operand.constant, node.expression);
    else
      f.report(node.expression, 'duplicateCase', [String(operand.constant)], [{ node: first, message: 'first here' }]);
  }
}
