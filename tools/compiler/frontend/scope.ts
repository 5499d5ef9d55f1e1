/*
 * Scope exit: `using` declarations.
 *
 * A scope has a list of things to run when it is left, in reverse order, on every way out: its end, break, continue,
 * return. The code for them is put in at each of these places.
 *
 * What runs is the value's `[Symbol.dispose]()`, or, for a witness, the function that the acquiring function names by
 * `@releasedBy`, with the arguments that the acquiring call had.
 */

import type { Instruction } from '../ir/types.ts';
import { sourceOf, textOf, ts } from '../syntax/index.ts';
import { Variable } from './builder.ts';
import { emitCall, lowerCall, type CallRecord } from './calls.ts';
import { knownCondition, lowerCondition } from './conditions.ts';
import { convert } from './convert.ts';
import type { FunctionInfo } from './entities.ts';
import type { FunctionLowering, Local } from './function.ts';
import type { FunctionInstance } from './instances.ts';
import { emptyOperand, isError, type Operand, valueOperand, withValue } from './operand.ts';
import * as types from './types.ts';
import type { Type } from './types.ts';

/** Emits the code that runs when a scope is left. */
type Cleanup = () => void;

/** Most scopes declare nothing, and few give anything back: the tables for it are made when they are needed. */
export class Scope {
  #names: Map<string, Local> | null = null;
  #given: Set<string> | null = null;
  #cleanups: Cleanup[] | null = null;

  /** The locals that are declared in it. */
  get names(): ReadonlyMap<string, Local> {
    return this.#names ?? noNames;
  }

  /** What to run when it is left, last first. */
  get cleanups(): readonly Cleanup[] {
    return this.#cleanups ?? noCleanups;
  }

  /** Whether the name is a local that a cleanup gives back. */
  isGiven(name: string): boolean {
    return this.#given?.has(name) ?? false;
  }

  bind(name: string, local: Local): void {
    (this.#names ??= new Map()).set(name, local);
  }

  give(name: string): void {
    (this.#given ??= new Set()).add(name);
  }

  onLeaving(cleanup: Cleanup): void {
    (this.#cleanups ??= []).push(cleanup);
  }
}

const noNames: ReadonlyMap<string, Local> = new Map();
const noCleanups: readonly Cleanup[] = [];

/** Is this a name that a `using` declaration has bound, or may it be one, so that what it means ends with its scope? */
export function endsWithScope(f: FunctionLowering, node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)) return endsWithScope(f, node.expression);
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].some((side) => endsWithScope(f, side));
  if (ts.isBinaryExpression(node)) return [node.left, node.right].some((side) => endsWithScope(f, side));
  if (!ts.isIdentifier(node)) return false;
  const scope = f.scopes.findLast(({ names }) => names.has(node.text));
  return scope?.isGiven(node.text) ?? false;
}

/** Runs `body` in a scope of its own. */
export function withScope(f: FunctionLowering, body: () => void): void {
  f.scopes.push(new Scope());
  body();
  leaveScopes(f, f.scopes.length - 1);
  f.scopes.pop();
}

/** Emits what has to happen before control leaves all scopes from number `depth` on. They stay open for the code after. */
export function leaveScopes(f: FunctionLowering, depth: number): void {
  if (f.builder.isDead) return;
  for (let index = f.scopes.length - 1; index >= depth; index--) {
    const { cleanups } = f.scopes[index]!;
    for (let last = cleanups.length - 1; last >= 0; last--) cleanups[last]!();
  }
}

/** What a `using` declaration got, and how to give it back. */
interface Acquired {
  readonly result: Operand;
  readonly cleanup: Cleanup | null;
}

/** Makes an operand available to code that comes later, but perhaps not on every path. */
type Keeper = (operand: Operand) => () => Operand;

/** `using name = initializer`. Gives the value to bind to the name. */
export function lowerUsing(
  f: FunctionLowering,
  declaration: ts.VariableDeclaration,
  expected: Type | undefined,
): Operand {
  if (declaration.initializer === undefined) return emptyOperand(types.errorType);
  const { result, cleanup } = acquire(f, declaration.initializer, expected, (operand) => () => operand);
  if (cleanup !== null) f.scopes.at(-1)?.onLeaving(cleanup);
  if (ts.isIdentifier(declaration.name)) f.scopes.at(-1)?.give(declaration.name.text);
  return result;
}

function acquire(f: FunctionLowering, node: ts.Expression, expected: Type | undefined, keep: Keeper): Acquired {
  if (ts.isParenthesizedExpression(node)) return acquire(f, node.expression, expected, keep);
  if (ts.isConditionalExpression(node)) {
    const known = knownCondition(f, node.condition);
    if (known !== null) {
      f.leaveOut(known ? node.whenFalse : node.whenTrue);
      return acquire(f, known ? node.whenTrue : node.whenFalse, expected, keep);
    }
    return acquireEither(f, node, expected);
  }
  const record: CallRecord = ts.isCallExpression(node)
    ? lowerCall(f, node, expected)
    : { result: f.expression(node, expected), callee: null, receiver: null, args: [] };
  if (isError(record.result)) return { result: record.result, cleanup: null };
  return { result: record.result, cleanup: cleanupFor(f, record, node, keep) };
}

/** `using held = c ? a.lock() : b.lock()`: a variable remembers which side it was. */
function acquireEither(f: FunctionLowering, node: ts.ConditionalExpression, expected: Type | undefined): Acquired {
  const { builder } = f;
  const [yes, no, join] = [builder.createBlock(), builder.createBlock(), builder.createBlock()];
  const side = new Variable('i32');
  const keep: Keeper = (operand) => keepInVariable(f, operand);
  lowerCondition(f, node.condition, yes, no);
  const sides = [
    { start: yes, node: node.whenTrue },
    { start: no, node: node.whenFalse },
  ].map((one, index) => {
    builder.startSealed(one.start);
    const acquired = acquire(f, one.node, expected, keep);
    builder.write(side, builder.constant('i32', BigInt(1 - index)));
    return { ...acquired, node: one.node, end: builder.block };
  });
  const [first, second] = [sides[0]!, sides[1]!];
  const type = eitherType(first.result, second.result);
  const value = new Variable('i32');
  for (const one of sides) {
    builder.start(one.end);
    const converted = convert(f, one.result, type, one.node);
    if (types.valueTypeOf(type) === 'i32') builder.write(value, f.value(converted));
    builder.jump(join);
  }
  builder.startSealed(join);
  const hasValue = types.valueTypeOf(type) === 'i32' && type.kind !== 'error';
  const result = hasValue ? valueOperand(type, builder.read(value)) : emptyOperand(type);
  const cleanup = (): void => runEither(f, builder.read(side), first.cleanup, second.cleanup);
  return { result, cleanup };
}

function eitherType(a: Operand, b: Operand): Type {
  const [first, second] = [types.decay(a.type), types.decay(b.type)];
  const witness = [first, second].find((type) => type.kind === 'witness');
  if (witness === undefined) return first.kind === 'null' ? second : first;
  const isNullable = [first, second].some((type) => type.kind === 'null' || (type.kind === 'witness' && type.nullable));
  return types.witnessOf(witness.of, isNullable);
}

function keepInVariable(f: FunctionLowering, operand: Operand): () => Operand {
  if (operand.value === null) return () => operand;
  const variable = new Variable(types.valueTypeOf(operand.type) === 'i64' ? 'i64' : 'i32');
  f.builder.write(variable, operand.value);
  return () => withValue(operand, f.builder.read(variable));
}

function runEither(f: FunctionLowering, condition: Instruction, ifTrue: Cleanup | null, ifFalse: Cleanup | null): void {
  const { builder } = f;
  const [yes, no, join] = [builder.createBlock(), builder.createBlock(), builder.createBlock()];
  builder.branch(condition, yes, no);
  for (const [block, cleanup] of [[yes, ifTrue] as const, [no, ifFalse] as const]) {
    builder.startSealed(block);
    cleanup?.();
    builder.jump(join);
  }
  builder.startSealed(join);
}

function cleanupFor(f: FunctionLowering, record: CallRecord, node: ts.Expression, keep: Keeper): Cleanup | null {
  const { result } = record;
  const type = types.decay(result.type);
  if (type.kind === 'null' || type.kind === 'never') return null;
  if (type.kind === 'class') {
    const method = type.info.methods.get('[Symbol.dispose]');
    if (method !== undefined) {
      const instance = f.world.instances.instanceOf(method, [], type);
      const kept = keep(result);
      const run = (): void => void emitCall(f, instance, kept(), []);
      return canBeNull(f, node, record.callee) ? () => runEither(f, f.value(kept()), run, null) : run;
    }
  }
  if (type.kind !== 'witness') {
    f.report(node, 'notDisposable', [type.name]);
    return null;
  }
  const release = releaseOf(f, record, node, keep);
  if (release === null || !type.nullable) return release;
  const kept = keep(result);
  return () => runEither(f, f.value(kept()), release, null);
}

/**
 * Types of ours do not tell whether a value may be null. It is not if the function that gives it says that it returns
 * some class; else the code has to look.
 */
function canBeNull(f: FunctionLowering, node: ts.Expression, callee: FunctionInstance | null): boolean {
  if (ts.isNonNullExpression(node)) return false;
  const type = callee?.info.declaration.type;
  return (
    type === undefined || !ts.isTypeReferenceNode(type) || f.world.entities.entityAt(type.typeName)?.kind !== 'class'
  );
}

/** The call that undoes the one in `record`. */
function releaseOf(f: FunctionLowering, record: CallRecord, node: ts.Expression, keep: Keeper): Cleanup | null {
  const acquire = record.callee;
  const name = acquire?.info.tags.releasedBy ?? null;
  if (acquire === null || name === null) {
    f.report(node, 'noRelease', [acquire?.info.name ?? textOf(node)]);
    return null;
  }
  const info = findRelease(f, acquire.info, name);
  if (info === null) {
    f.report(node, 'releaseMissing', [acquire.info.name, name]);
    return null;
  }
  const args = acquire.info.typeParameters.map((parameter) => acquire.env.map.get(parameter) ?? types.errorType);
  const self = info.owner === null || info.isStatic ? null : acquire.receiver;
  const release = f.world.instances.instanceOf(info, args.slice(0, info.typeParameters.length), self);
  const passed = releaseArguments(f, record, acquire, release, node)?.map(keep);
  const receiver = self === null || record.receiver === null ? null : keep(record.receiver);
  if (passed === undefined) return null;
  return () =>
    void emitCall(
      f,
      release,
      receiver?.() ?? null,
      passed.map((kept) => kept()),
    );
}

/** A method of the same class, or a function of the same module. */
function findRelease(f: FunctionLowering, acquire: FunctionInfo, name: string): FunctionInfo | null {
  if (acquire.owner !== null) {
    const member = acquire.isStatic ? acquire.owner.statics.get(name) : acquire.owner.methods.get(name);
    if (member?.kind === 'function') return member;
  }
  for (const statement of sourceOf(acquire.declaration).statements) {
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
  const isReal = (type: Type): boolean => types.valueTypeOf(type) !== 'void';
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
