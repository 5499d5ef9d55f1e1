/*
 * Makes a failing random program smaller: drops statements, inlines branches, drops functions that nothing calls any more,
 * as long as the failure stays. Greedy, from large pieces to small ones, until nothing more can go.
 */
import type { Program, ProgramFunction, Statement } from './program.ts';

/** The smallest program found for which `fails` still holds. `fails` must hold for `program`. */
export function shrinkProgram(program: Program, fails: (candidate: Program) => boolean): Program {
  let smallest = program;
  for (let improved = true; improved;) {
    improved = false;
    for (const candidate of smallerPrograms(smallest)) {
      if (!fails(candidate)) continue;
      smallest = candidate;
      improved = true;
      break;
    }
  }
  return smallest;
}

function* smallerPrograms(program: Program): Generator<Program> {
  for (const main of smallerBlocks(program.main)) yield { ...program, main };
  for (let i = 0; i < program.functions.length; i++) {
    const before = program.functions[i]!;
    for (const body of smallerBlocks(before.body)) {
      const after: ProgramFunction = { ...before, body };
      yield { ...program, functions: program.functions.map((f, j) => (j === i ? after : f)) };
    }
    yield { ...program, functions: program.functions.filter((_, j) => j !== i) }; // fails to compile if it is called
  }
}

function* smallerBlocks(block: readonly Statement[]): Generator<readonly Statement[]> {
  for (let size = block.length; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at + size <= block.length; at += size) yield [...block.slice(0, at), ...block.slice(at + size)];
  }
  for (const [i, statement] of block.entries()) {
    for (const instead of smallerStatements(statement)) yield [...block.slice(0, i), ...instead, ...block.slice(i + 1)];
  }
}

function* smallerStatements(statement: Statement): Generator<readonly Statement[]> {
  switch (statement.kind) {
    case 'if':
      yield statement.yes;
      yield statement.no;
      for (const yes of smallerBlocks(statement.yes)) yield [{ ...statement, yes }];
      for (const no of smallerBlocks(statement.no)) yield [{ ...statement, no }];
      break;
    case 'loop':
      if (statement.count > 1) yield [{ ...statement, count: 1 }];
      for (const body of smallerBlocks(statement.body)) yield [{ ...statement, body }];
      break;
    case 'switch':
      for (const [i, body] of statement.cases.entries()) {
        for (const smaller of smallerBlocks(body))
          yield [{ ...statement, cases: statement.cases.map((c, j) => (i === j ? smaller : c)) }];
      }
      break;
    default:
      if ('value' in statement) yield* smallerValues(statement);
  }
}

/** Replaces the value by one of its operands of the same type. */
function* smallerValues(statement: Extract<Statement, { readonly value: unknown }>): Generator<readonly Statement[]> {
  const { value } = statement;
  if (value.kind === 'binary') yield* [value.left, value.right].map((v) => [{ ...statement, value: v }]);
  if (value.kind === 'unary') yield [{ ...statement, value: value.operand }];
  if (value.kind === 'choice') yield* [value.yes, value.no].map((v) => [{ ...statement, value: v }]);
}
