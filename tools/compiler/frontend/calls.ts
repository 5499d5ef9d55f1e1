/*
 * Calls: who is called, with which type arguments, and how the arguments travel.
 *
 * Witness parameters are erased. A rest parameter arrives as two words: the address of the arguments, which the caller
 * puts into one slot of its frame that all such calls share (nobody may keep the address), and how many there are.
 *
 * A call is also remembered as a CallRecord, since `using` runs the release function with the same arguments.
 */

import type { Instruction, ValueType } from '../ir/types.ts';
import { ts } from '../syntax/index.ts';
import { argument, lowerArguments } from './arguments.ts';
import { lowerAtomic, lowerBuiltin } from './builtins.ts';
import { convert, settle } from './convert.ts';
import { memberName, type FunctionInfo } from './entities.ts';
import type { FunctionLowering, Local } from './function.ts';
import { boundArguments, completed, patternEnv, unify, type Bindings } from './infer.ts';
import type { FunctionInstance } from './instances.ts';
import {
  constantOperand,
  emptyOperand,
  errorOperand,
  movedAddress,
  type Operand,
  valueOperand,
  withType,
  wordsOperand,
} from './operand.ts';
import { entityBeforeDot, lowerPlace, meaningPlace, movedPointer, readPlace } from './places.ts';
import * as types from './types.ts';
import type { ClassType, FunctionType, Type } from './types.ts';

export interface CallRecord {
  readonly result: Operand;
  /** The function that was called; null for built-ins and calls through pointers. */
  readonly callee: FunctionInstance | null;
  readonly receiver: Operand | null;
  /** As passed, without the receiver. */
  readonly args: readonly Operand[];
}

/** A function or method that a call names. */
interface DirectCallee {
  readonly info: FunctionInfo;
  readonly self: ClassType | null;
  readonly receiver: Operand | null;
}

function plainRecord(result: Operand): CallRecord {
  return { result, callee: null, receiver: null, args: [] };
}

export function lowerCall(f: FunctionLowering, node: ts.CallExpression, expected: Type | undefined): CallRecord {
  if (node.questionDotToken !== undefined) f.report(node, 'optionalChaining');
  let callee: ts.Expression = node.expression;
  while (ts.isParenthesizedExpression(callee) || ts.isNonNullExpression(callee)) callee = callee.expression;
  if (ts.isIdentifier(callee)) return callName(f, node, callee, expected);
  if (ts.isPropertyAccessExpression(callee)) return callMember(f, node, callee, expected);
  if (callee.kind === ts.SyntaxKind.ImportKeyword || callee.kind === ts.SyntaxKind.SuperKeyword) {
    f.report(callee, callee.kind === ts.SyntaxKind.SuperKeyword ? 'inheritance' : 'dynamicImport');
    return plainRecord(errorOperand);
  }
  return plainRecord(callPointer(f, node, f.expression(callee)));
}

function callName(
  f: FunctionLowering,
  node: ts.CallExpression,
  name: ts.Identifier,
  expected: Type | undefined,
): CallRecord {
  const meaning = f.meaningOf(name);
  if (meaning?.kind === 'function' && !meaning.isAmbient) {
    return callDirect(f, node, { info: meaning, self: null, receiver: null }, expected);
  }
  if (meaning?.kind === 'builtin') return plainRecord(lowerBuiltin(f, node, meaning, expected));
  return plainRecord(callPointer(f, node, readPlace(f, meaningPlace(f, meaning, name), name)));
}

function callMember(
  f: FunctionLowering,
  node: ts.CallExpression,
  callee: ts.PropertyAccessExpression,
  expected: Type | undefined,
): CallRecord {
  const name = memberName(callee.name) ?? '';
  const entity = entityBeforeDot(f, callee.expression);
  if (entity?.kind === 'builtin') return plainRecord(lowerAtomic(f, node, entity.name, callee.name));
  if (entity?.kind === 'class' || entity?.kind === 'namespace') {
    const member = entity.kind === 'class' ? entity.statics.get(name) : f.world.entities.exportOf(entity.symbol, name);
    if (member?.kind === 'function') return callDirect(f, node, { info: member, self: null, receiver: null }, expected);
    return plainRecord(callPointer(f, node, readPlace(f, lowerPlace(f, callee), callee)));
  }
  if (callee.questionDotToken !== undefined) f.report(callee, 'optionalChaining');
  const object = f.expression(callee.expression);
  const type = types.decay(object.type);
  if (type.kind === 'class') {
    const method = type.info.methods.get(name);
    if (method !== undefined) return callDirect(f, node, { info: method, self: type, receiver: object }, expected);
    const field = f.recorder.layoutOf(type).fields.get(name);
    if (field !== undefined) return plainRecord(callField(f, node, callee, object, field.offset, field.type));
  }
  if (name === 'add' && (type.kind === 'pointer' || type.kind === 'array')) {
    return plainRecord(addToPointer(f, node, object, type.element));
  }
  if (type.kind !== 'error' && type.kind !== 'never') f.report(callee.name, 'noMember', [type.name, name]);
  lowerArguments(f, node);
  return plainRecord(errorOperand);
}

function callField(
  f: FunctionLowering,
  node: ts.CallExpression,
  callee: ts.PropertyAccessExpression,
  object: Operand,
  offset: number,
  type: Type,
): Operand {
  const isVolatile = type.kind === 'volatile';
  const place = {
    kind: 'memory',
    base: object,
    offset,
    type: isVolatile ? type.of : type,
    isVolatile,
    isConstant: false,
  } as const;
  return callPointer(f, node, readPlace(f, place, callee));
}

/** `p.add(n)`: n elements further on. */
function addToPointer(f: FunctionLowering, node: ts.CallExpression, pointer: Operand, element: Type): Operand {
  const count = argument(f, node, 0, types.i32);
  if (count === null) return errorOperand;
  const type = types.decay(count.type);
  if (type.kind !== 'int' && type.kind !== 'untyped') {
    f.report(node, 'notANumber', [type.name, 'u32']);
    return errorOperand;
  }
  const result = types.pointerTo(element);
  const size = f.sizeOf(element);
  f.at(node);
  if (count.constant === null) return withType(movedPointer(f, pointer, count, size), result);
  const distance = count.constant * BigInt(size);
  if (pointer.constant !== null) return constantOperand(result, BigInt.asUintN(32, pointer.constant + distance));
  if (pointer.address !== null) return withType(movedAddress(pointer, distance), result);
  return valueOperand(result, f.builder.binary('add', f.value(pointer), f.builder.constant('i32', distance)));
}

// ---------------------------------------------------------------------------------------------------------------------
// Functions and methods

function callDirect(
  f: FunctionLowering,
  node: ts.CallExpression,
  callee: DirectCallee,
  expected: Type | undefined,
): CallRecord {
  const prepared =
    callee.info.typeParameters.length === 0
      ? plainArguments(f, node, callee)
      : genericArguments(f, node, callee, expected);
  if (prepared === null) return plainRecord(errorOperand);
  const { instance, args } = prepared;
  f.at(ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node);
  const result = emitCall(f, instance, callee.receiver, args);
  if (callee.info.tags.releasedBy !== null) checkSingle(f, node, types.decay(result.type));
  return { result, callee: instance, receiver: callee.receiver, args };
}

/** Reports a lock that is taken where a witness says that another one of its class, which is @single, is held. */
function checkSingle(f: FunctionLowering, node: ts.CallExpression, taken: Type): void {
  if (taken.kind !== 'witness' || taken.of.kind !== 'class' || !taken.of.info.tags.isSingle) return;
  const locals = f.scopes.flatMap(({ names }) => [...names.values()]);
  if (locals.some((local) => isWitnessFor(local, taken.of))) f.report(node, 'secondLock', [taken.of.name]);
}

function isWitnessFor(local: Local, lock: Type): boolean {
  if (local.kind === 'words') return false;
  const type = types.decay(local.kind === 'constant' ? local.operand.type : local.type);
  return type.kind === 'witness' && types.isSame(type.of, lock);
}

const noTypes: readonly Type[] = [];
const noOperands: readonly Operand[] = [];

interface Prepared {
  readonly instance: FunctionInstance;
  readonly args: readonly Operand[];
}

function plainArguments(f: FunctionLowering, node: ts.CallExpression, callee: DirectCallee): Prepared | null {
  const instance = f.world.instances.instanceOf(callee.info, noTypes, callee.self);
  const args = convertArguments(f, node, instance.parameterTypes, instance.hasRest, noOperands);
  return args === null ? null : { instance, args };
}

/** Finds the type arguments, and lowers the arguments on the way. */
function genericArguments(
  f: FunctionLowering,
  node: ts.CallExpression,
  callee: DirectCallee,
  expected: Type | undefined,
): Prepared | null {
  const { info, self } = callee;
  const lowered: (Operand | undefined)[] = [];
  const written = node.typeArguments?.map((arg) => f.resolveType(arg));
  const args =
    written === undefined
      ? inferArguments(f, node, callee, expected, lowered)
      : completed(f, info, patternEnv(info, self), written);
  if (args === null) {
    f.report(node.expression, 'typeArguments', [info.name]);
    return null;
  }
  if (args.some(({ kind }) => kind === 'witness')) {
    f.report(node, 'witnessEscapes', ['what a type parameter stands for']);
    return null;
  }
  const instance = f.world.instances.instanceOf(info, args, self);
  const converted = convertArguments(f, node, instance.parameterTypes, instance.hasRest, lowered);
  return converted === null ? null : { instance, args: converted };
}

/** `lowered` receives the operands that inference had to look at. Arrows wait: they need to know their parameters. */
function inferArguments(
  f: FunctionLowering,
  node: ts.CallExpression,
  callee: DirectCallee,
  expected: Type | undefined,
  lowered: (Operand | undefined)[],
): Type[] | null {
  const { info, self } = callee;
  const env = patternEnv(info, self);
  const bindings: Bindings = new Map();
  const patterns = info.declaration.parameters.map((parameter) =>
    parameter.type === undefined ? types.errorType : f.world.resolver.resolve(parameter.type, env),
  );
  node.arguments.forEach((arg, index) => {
    const pattern = patterns[index];
    if (pattern === undefined || pattern.kind === 'words' || ts.isSpreadElement(arg) || ts.isFunctionLike(arg)) return;
    const operand = f.expression(arg);
    lowered[index] = operand;
    const isPlain = pattern.kind === 'parameter' && !pattern.isInline;
    unify(pattern, isPlain ? types.decay(operand.type) : operand.type, bindings);
  });
  const { type } = info.declaration;
  if (type !== undefined && expected !== undefined) unify(f.world.resolver.resolve(type, env), expected, bindings);
  lowered.forEach((operand, index) => {
    if (operand?.type.kind === 'untyped') unify(patterns[index]!, settle(operand), bindings);
  });
  node.arguments.forEach((arg, index) => {
    if (ts.isFunctionLike(arg)) unifyArrow(f, arg, patterns[index], bindings);
  });
  if (lowered.some((operand) => operand?.type.kind === 'error')) {
    // Reported already: no word about what follows from it.
    for (const symbol of info.typeParameters) if (!bindings.has(symbol)) bindings.set(symbol, types.errorType);
  }
  return boundArguments(f, info, env, bindings);
}

/** Arrows tell what their written types say. */
function unifyArrow(
  f: FunctionLowering,
  arrow: ts.SignatureDeclaration,
  pattern: Type | undefined,
  bindings: Bindings,
): void {
  if (pattern?.kind !== 'function') return;
  arrow.parameters.forEach((parameter, index) => {
    const wanted = pattern.parameters[index];
    if (parameter.type !== undefined && wanted !== undefined) unify(wanted, f.resolveType(parameter.type), bindings);
  });
  if (arrow.type !== undefined) unify(pattern.result, f.resolveType(arrow.type), bindings);
}

/** The arguments as the parameters want them; null if the call cannot be made (the reason has been reported). */
function convertArguments(
  f: FunctionLowering,
  node: ts.CallExpression,
  parameters: readonly Type[],
  hasRest: boolean,
  lowered: readonly (Operand | undefined)[],
): Operand[] | null {
  const fixed = hasRest ? parameters.length - 1 : parameters.length;
  const args: Operand[] = [];
  const count = Math.min(fixed, node.arguments.length);
  for (let index = 0; index < count; index++) {
    const arg = node.arguments[index]!;
    const type = parameters[index]!;
    if (ts.isSpreadElement(arg)) {
      f.report(arg, 'spread');
      return null;
    }
    args.push(convert(f, lowered[index] ?? f.expression(arg, type), type, arg));
  }
  if (args.length < fixed) return null; // tsc has counted
  if (hasRest) args.push(restArgument(f, node.arguments.slice(fixed)));
  return args;
}

/** Packs the arguments of a rest parameter, or hands on a whole one: `...args`. */
function restArgument(f: FunctionLowering, args: readonly ts.Expression[]): Operand {
  const first = args[0];
  if (first !== undefined && ts.isSpreadElement(first)) {
    const operand = f.expression(first.expression);
    if (operand.length !== null && args.length === 1) return operand;
    f.report(first, 'spread');
    return errorOperand;
  }
  const words = args.map((arg) => {
    if (!ts.isSpreadElement(arg)) return convert(f, f.expression(arg), types.wordType, arg);
    f.report(arg, 'spread');
    return errorOperand;
  });
  const length = constantOperand(types.u32, BigInt(words.length));
  if (words.length === 0) return wordsOperand(constantOperand(types.wordsType, 0n), length);
  const address = restSlot(f, words.length);
  words.forEach((word, index) => {
    f.builder.emit('store', 'void', [address, f.value(word)], { offset: index * 4, size: 4 });
  });
  return wordsOperand(valueOperand(types.wordsType, address), length);
}

function restSlot(f: FunctionLowering, words: number): Instruction {
  f.restSlot ??= { index: f.createSlot('rest', types.u32), words: 0 };
  const { index } = f.restSlot;
  f.restSlot.words = Math.max(f.restSlot.words, words);
  f.builder.fn.slots[index] = { name: 'rest', size: f.restSlot.words * 4, align: 4 };
  return f.slotAddress(index);
}

// ---------------------------------------------------------------------------------------------------------------------
// Emission

/** Adds what operands are in the IR: each is nothing, one value, or two. */
function pass(f: FunctionLowering, values: Instruction[], args: readonly Operand[], parameters: readonly Type[]): void {
  for (let n = 0; n < parameters.length; n++) {
    const operand = args[n] ?? errorOperand;
    const type = parameters[n]!;
    if (types.valueTypeOf(type) === 'void') continue;
    values.push(f.value(operand));
    if (type.kind === 'words') values.push(f.value(operand.length ?? constantOperand(types.u32, 0n)));
  }
}

/** Emits the call; the arguments have been converted. */
export function emitCall(
  f: FunctionLowering,
  instance: FunctionInstance,
  receiver: Operand | null,
  args: readonly Operand[],
): Operand {
  const values = receiver === null ? [] : [f.value(receiver)];
  pass(f, values, args, instance.parameterTypes);
  const symbol = f.recorder.symbolOf({ kind: 'function', instance });
  const call = f.builder.emit('call', types.valueTypeOf(instance.result), values, { symbol });
  return callResult(f, call, instance.result);
}

function callResult(f: FunctionLowering, call: Instruction, type: Type): Operand {
  if (type.kind === 'never') f.endPath();
  return types.valueTypeOf(type) === 'void' ? emptyOperand(type) : valueOperand(types.decay(type), call);
}

function callPointer(f: FunctionLowering, node: ts.CallExpression, target: Operand): Operand {
  const type = types.decay(target.type);
  if (type.kind !== 'function') {
    if (type.kind !== 'error' && type.kind !== 'never')
      f.report(node.expression, 'otherType', [type.name, 'a function']);
    lowerArguments(f, node);
    return errorOperand;
  }
  const args = convertArguments(f, node, type.parameters, type.rest, noOperands);
  if (args === null) return errorOperand;
  const values = [f.value(target)];
  pass(f, values, args, type.parameters);
  f.at(node);
  const call = f.builder.emit('callIndirect', types.valueTypeOf(type.result), values, {
    parameters: parameterTypes(type),
  });
  return callResult(f, call, type.result);
}

function parameterTypes(type: FunctionType): ValueType[] {
  return type.parameters.flatMap((parameter) => irParameters(parameter));
}

/** What a parameter is in the IR. */
export function irParameters(type: Type): ValueType[] {
  const value = types.valueTypeOf(type);
  if (value === 'void') return [];
  return type.kind === 'words' ? ['i32', 'i32'] : [value];
}
