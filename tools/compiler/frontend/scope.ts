/*
 * Scope exit: `using` declarations.
 *
 * A scope has a list of things to run when it is left, in reverse order, on every way out: its end, break, continue,
 * return. The code for them is put in at each of these places.
 *
 * What runs is the value's `[Symbol.dispose]()`, or, for a witness, the function that the acquiring function names by
 * `@releasedBy`, with the arguments that the acquiring call had.
 */

import { emitCall, lowerCall, type CallRecord } from './calls.ts';
import { convert } from './convert.ts';
import type { FunctionInfo } from './entities.ts';
import type { FunctionLowering } from './function.ts';
import type { FunctionInstance } from './instances.ts';
import { emptyOperand, isError, type Operand } from './operand.ts';
import { ts } from './typescript.ts';
import * as types from './types.ts';

/** Emits the code that runs when a scope is left. */
export type Cleanup = () => void;

/** Runs `body` in a scope of its own. */
export function withScope(f: FunctionLowering, body: () => void): void {
  f.scopes.push([]);
  body();
  leaveScopes(f, f.scopes.length - 1);
  f.scopes.pop();
}

/** Emits what has to happen before control leaves all scopes from number `depth` on. They stay open for the code after. */
export function leaveScopes(f: FunctionLowering, depth: number): void {
  if (f.builder.isDead) return;
  for (const cleanups of f.scopes.slice(depth).reverse()) {
    for (const cleanup of [...cleanups].reverse()) cleanup();
  }
}

/** `using name = initializer`. Gives the value to bind to the name. */
export function lowerUsing(
  f: FunctionLowering,
  declaration: ts.VariableDeclaration,
  expected: types.Type | undefined,
): Operand {
  let node = declaration.initializer;
  while (node !== undefined && ts.isParenthesizedExpression(node)) node = node.expression;
  if (node === undefined) return emptyOperand(types.errorType);
  const record: CallRecord = ts.isCallExpression(node)
    ? lowerCall(f, node, expected)
    : { result: f.expression(node, expected), callee: null, receiver: null, args: [] };
  if (isError(record.result)) return record.result;
  const cleanup = cleanupFor(f, record, node);
  if (cleanup !== null) f.scopes.at(-1)?.push(cleanup);
  return record.result;
}

function cleanupFor(f: FunctionLowering, record: CallRecord, node: ts.Expression): Cleanup | null {
  const { result } = record;
  const type = types.decay(result.type);
  if (type.kind === 'class') {
    const method = type.info.methods.get('[Symbol.dispose]');
    if (method === undefined) {
      f.report(node, 'notDisposable', [type.name]);
      return null;
    }
    const instance = f.world.instances.instanceOf(method, [], type);
    const run = (): void => void emitCall(f, instance, result, []);
    return canBeNull(f, node) ? unlessNull(f, result, run) : run;
  }
  if (type.kind !== 'witness') {
    if (type.kind !== 'null' && type.kind !== 'never') f.report(node, 'notDisposable', [type.name]);
    return null;
  }
  const release = releaseOf(f, record, node);
  if (release === null) return null;
  return type.nullable ? unlessNull(f, result, release) : release;
}

/** Types of ours do not tell; tsc's do. */
function canBeNull(f: FunctionLowering, node: ts.Expression): boolean {
  const type = f.world.checker.getTypeAtLocation(node);
  return type.isUnion() && type.types.some((part) => (part.flags & ts.TypeFlags.Null) !== 0);
}

function unlessNull(f: FunctionLowering, value: Operand, run: Cleanup): Cleanup {
  return () => {
    const { builder } = f;
    const body = builder.createBlock();
    const join = builder.createBlock();
    builder.branch(f.value(value), body, join);
    builder.startSealed(body);
    run();
    builder.jump(join);
    builder.startSealed(join);
  };
}

/** The call that undoes the one in `record`. */
function releaseOf(f: FunctionLowering, record: CallRecord, node: ts.Expression): Cleanup | null {
  const acquire = record.callee;
  const name = acquire?.info.tags.releasedBy ?? null;
  if (acquire === null || name === null) {
    f.report(node, 'noRelease', [acquire?.info.name ?? node.getText()]);
    return null;
  }
  const info = findRelease(f, acquire.info, name);
  if (info === null) {
    f.report(node, 'releaseMissing', [acquire.info.name, name]);
    return null;
  }
  const args = [...acquire.env.map]
    .filter(([symbol]) => acquire.info.typeParameters.includes(symbol))
    .map(([, type]) => type);
  const self = info.owner === null || info.isStatic ? null : acquire.receiver;
  const release = f.world.instances.instanceOf(info, args.slice(0, info.typeParameters.length), self);
  const passed = releaseArguments(f, record, acquire, release, node);
  const receiver = self === null ? null : record.receiver;
  return passed === null ? null : () => void emitCall(f, release, receiver, passed);
}

/** A method of the same class, or a function of the same module. */
function findRelease(f: FunctionLowering, acquire: FunctionInfo, name: string): FunctionInfo | null {
  if (acquire.owner !== null) {
    const member = acquire.isStatic ? acquire.owner.statics.get(name) : acquire.owner.methods.get(name);
    if (member?.kind === 'function') return member;
  }
  for (const statement of acquire.declaration.getSourceFile().statements) {
    if (!ts.isFunctionDeclaration(statement) || statement.name?.text !== name) continue;
    const entity = f.world.entities.entityAt(statement.name);
    if (entity?.kind === 'function') return entity;
  }
  return null;
}

/** The release function's arguments: those of the acquiring call in order; witnesses are made up. */
function releaseArguments(
  f: FunctionLowering,
  record: CallRecord,
  acquire: FunctionInstance,
  release: FunctionInstance,
  node: ts.Expression,
): Operand[] | null {
  const isReal = (type: types.Type): boolean => types.valueTypeOf(type) !== 'void';
  const given = record.args.filter((_, index) => isReal(acquire.parameters[index]?.type ?? types.voidType));
  if (acquire.receiver !== null && release.receiver === null && record.receiver !== null)
    given.unshift(record.receiver);
  const passed: Operand[] = [];
  for (const parameter of release.parameters) {
    const next = isReal(parameter.type) ? given.shift() : emptyOperand(parameter.type);
    if (next === undefined) {
      f.report(node, 'releaseMissing', [acquire.info.name, release.info.name]);
      return null;
    }
    passed.push(convert(f, next, parameter.type, node));
  }
  return passed;
}
