/*
 * The functions of the ambient library (library/kernel.d.ts): conversions, pointers, storage, atomics, instructions.
 *
 * What is not special is a row of the IR's table of intrinsics with the parameter types that the library declares.
 */

import { intrinsics } from '../ir/intrinsics.ts';
import type { Instruction } from '../ir/types.ts';
import { textOf, ts } from '../syntax/index.ts';
import { argument, lowerArguments } from './arguments.ts';
import { cast, convert } from './convert.ts';
import type { Entity } from './entities.ts';
import type { FunctionLowering } from './function.ts';
import {
  addressOperand,
  constantOperand,
  emptyOperand,
  errorOperand,
  isError,
  retype,
  valueOperand,
  voidOperand,
  type Operand,
} from './operand.ts';
import { accessSize, addressOfPlace, lowerPlace, readPlace } from './places.ts';
import { emptyEnv } from './resolve-type.ts';
import { copyInstance, frameStorage } from './storage.ts';
import * as types from './types.ts';
import type { Type } from './types.ts';

interface Call {
  readonly node: ts.CallExpression;
  readonly name: string;
  /** What the surroundings want. */
  readonly expected: Type | undefined;
}

type Handler = (f: FunctionLowering, call: Call) => Operand;

const handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...[...types.integerTypes.keys()].map((name): [string, Handler] => [name, conversion]),
  ['bytes', bytes],
  ['ptr', pointer],
  ['as', instance],
  ['asOrNull', instance],
  ['addrOf', addressOf],
  ['reload', reload],
  ['sizeof', sizeOf],
  ['offsetof', offsetOf],
  ['zeroed', storage],
  ['uninitialized', storage],
  ['table', misplacedTable],
  ['assign', assign],
  ['linkerSymbol', linkerSymbol],
  ['define', define],
  ['staticAssert', staticAssert],
  ['unreachable', unreachable],
  ['witness', witness],
  ['mulHigh', mulHigh],
]);

export function lowerBuiltin(
  f: FunctionLowering,
  node: ts.CallExpression,
  entity: Extract<Entity, { kind: 'builtin' }>,
  expected: Type | undefined,
): Operand {
  const handler = handlers.get(entity.name);
  if (handler !== undefined) return handler(f, { node, name: entity.name, expected });
  const row = intrinsics.get(entity.name);
  if (row !== undefined && ts.isFunctionDeclaration(entity.declaration)) {
    return instruction(f, node, entity.name, entity.declaration);
  }
  f.report(node.expression, 'otherType', [entity.name, 'a function']);
  lowerArguments(f, node);
  return errorOperand;
}

/** An intrinsic that is one instruction: parameters and result as the library declares them. */
function instruction(
  f: FunctionLowering,
  node: ts.CallExpression,
  name: string,
  declaration: ts.FunctionDeclaration,
): Operand {
  const values = [];
  for (let index = 0; index < declaration.parameters.length; index++) {
    const arg = node.arguments[index];
    const wanted = declaration.parameters[index]!.type;
    if (arg === undefined || wanted === undefined) return errorOperand;
    const type = f.world.resolver.resolve(wanted, emptyEnv);
    values.push(f.value(convert(f, f.expression(arg, type), type, arg)));
  }
  const row = intrinsics.get(name)!;
  f.at(node);
  const result = f.builder.emit('intrinsic', row.result, values, { intrinsic: name });
  if (row.noReturn) f.endPath();
  const type = declaration.type === undefined ? types.voidType : f.world.resolver.resolve(declaration.type, emptyEnv);
  return types.valueTypeOf(type) === 'void' ? emptyOperand(type) : valueOperand(type, result);
}

// ---------------------------------------------------------------------------------------------------------------------
// Conversions and pointers

/** The type argument: written, or taken from what the surroundings want. */
function typeArgument(f: FunctionLowering, call: Call, wanted: Type | undefined): Type | null {
  const written = call.node.typeArguments?.[0];
  if (written !== undefined) return f.resolveType(written);
  if (wanted !== undefined) return wanted;
  f.report(call.node, 'typeArguments', [call.name]);
  return null;
}

function conversion(f: FunctionLowering, { node, name }: Call): Operand {
  const operand = argument(f, node, 0);
  if (operand === null) return errorOperand;
  f.at(node);
  return cast(f, operand, types.integerTypes.get(name)!, node.arguments[0]!);
}

function bytes(f: FunctionLowering, { node }: Call): Operand {
  const operand = argument(f, node, 0, types.stringType);
  if (operand === null) return errorOperand;
  return retype(convert(f, operand, types.stringType, node.arguments[0]!), types.pointerTo(types.u8));
}

/** The argument as a 32-bit address. */
function address(f: FunctionLowering, node: ts.CallExpression): Operand | null {
  const operand = argument(f, node, 0);
  if (operand === null) return null;
  const type = types.decay(operand.type);
  if (types.isAddress(type) || type.kind === 'word') return operand;
  const value = convert(f, operand, types.u32, node.arguments[0]!);
  return isError(value) ? null : value;
}

function pointer(f: FunctionLowering, call: Call): Operand {
  const wanted = call.expected?.kind === 'pointer' ? call.expected.element : undefined;
  const element = typeArgument(f, call, wanted);
  const operand = element === null ? null : address(f, call.node);
  return element === null || operand === null ? errorOperand : retype(operand, types.pointerTo(element));
}

function instance(f: FunctionLowering, call: Call): Operand {
  const wanted = typeArgument(f, call, call.expected === undefined ? undefined : types.decay(call.expected));
  const operand = wanted === null ? null : address(f, call.node);
  if (wanted === null || operand === null) return errorOperand;
  const type = types.decay(wanted);
  if (types.isAddress(type)) return retype(operand, type);
  if (type.kind !== 'error') f.report(call.node, 'notAnAddressType', [type.name]);
  return errorOperand;
}

function addressOf(f: FunctionLowering, { node }: Call): Operand {
  const arg = node.arguments[0];
  if (arg === undefined) return errorOperand;
  const place = lowerPlace(f, arg);
  f.at(node);
  if (place.kind === 'memory') {
    if (place.type.kind === 'error') return errorOperand;
    const type = place.isVolatile ? types.volatileOf(place.type) : place.type;
    return addressOfPlace(f, place, types.pointerTo(type));
  }
  const operand = readPlace(f, place, arg);
  const isInPlace = place.type.kind === 'inline' || place.type.kind === 'array';
  if (isInPlace) return retype(operand, types.pointerTo(place.type));
  if (!isError(operand)) f.report(arg, 'noAddress');
  return errorOperand;
}

function reload(f: FunctionLowering, call: Call): Operand {
  const arg = call.node.arguments[0];
  if (arg === undefined) return errorOperand;
  const place = lowerPlace(f, arg);
  const type = typeArgument(f, call, place.type);
  f.at(call.node);
  const fresh = place.kind === 'memory' ? { ...place, isVolatile: true } : place;
  const operand = readPlace(f, fresh, arg);
  if (type === null || isError(operand)) return errorOperand;
  const to = types.decay(type);
  const from = types.decay(operand.type);
  const isRenaming = types.isAddress(to) && (types.isAddress(from) || from.kind === 'word');
  return isRenaming ? retype(operand, to) : convert(f, operand, to, arg);
}

// ---------------------------------------------------------------------------------------------------------------------
// Storage and layout

function sizeOf(f: FunctionLowering, call: Call): Operand {
  const type = typeArgument(f, call, undefined);
  if (type === null || type.kind === 'error') return errorOperand;
  const measured = type.kind === 'class' ? f.recorder.layoutOf(type).size : f.sizeOf(type);
  return constantOperand(types.u32, BigInt(measured));
}

function offsetOf(f: FunctionLowering, call: Call): Operand {
  const type = typeArgument(f, call, undefined);
  const name = call.node.arguments[0];
  if (type === null || name === undefined) return errorOperand;
  const of = types.decay(type);
  const field =
    of.kind === 'class' && ts.isStringLiteral(name) ? f.recorder.layoutOf(of).fields.get(name.text) : undefined;
  if (field !== undefined) return constantOperand(types.u32, BigInt(field.offset));
  if (of.kind !== 'error') f.report(name, 'noMember', [of.name, textOf(name)]);
  return errorOperand;
}

function storage(f: FunctionLowering, call: Call): Operand {
  const written = call.node.typeArguments?.[0];
  const type = written === undefined ? typeArgument(f, call, call.expected) : f.storageType(written);
  f.at(call.node);
  return type === null || type.kind === 'error'
    ? errorOperand
    : frameStorage(f, type, call.name === 'zeroed', call.node);
}

function misplacedTable(f: FunctionLowering, { node }: Call): Operand {
  f.report(node, 'misplacedTable');
  return errorOperand;
}

function assign(f: FunctionLowering, { node }: Call): Operand {
  const target = argument(f, node, 0);
  const source = argument(f, node, 1);
  if (target === null || source === null) return errorOperand;
  const type = types.decay(target.type);
  if (type.kind !== 'class' && type.kind !== 'array') {
    f.report(node.arguments[0]!, 'assignTarget', [type.name]);
    return errorOperand;
  }
  const from = convert(f, source, type, node.arguments[1]!);
  f.at(node);
  if (type.kind === 'class') f.recorder.layoutOf(type);
  if (!isError(from)) copyInstance(f, target, from, type.kind === 'class' ? types.inlineOf(type) : type);
  return voidOperand;
}

// ---------------------------------------------------------------------------------------------------------------------
// What the build knows

/** A string literal argument. */
function literalText(f: FunctionLowering, node: ts.CallExpression, index: number): string | null {
  const arg = node.arguments[index];
  if (arg !== undefined && ts.isStringLiteral(arg)) return arg.text;
  if (arg !== undefined) f.report(arg, 'notALiteral');
  return null;
}

function linkerSymbol(f: FunctionLowering, { node }: Call): Operand {
  const name = literalText(f, node, 0);
  return name === null ? errorOperand : addressOperand(types.u32, { kind: 'linker', name });
}

function define(f: FunctionLowering, { node }: Call): Operand {
  const name = literalText(f, node, 0);
  const otherwise = argument(f, node, 1);
  if (name === null || otherwise === null) return errorOperand;
  if (otherwise.constant === null) {
    f.report(node.arguments[1]!, 'notConstant');
    return errorOperand;
  }
  const value = f.world.defines.get(name);
  if (value === undefined) return otherwise;
  const isBoolean = otherwise.type.kind === 'bool';
  const isFlag = typeof value === 'boolean' || value === 0 || value === 1;
  if (isBoolean ? isFlag : Number.isSafeInteger(value)) {
    return constantOperand(otherwise.type, BigInt(value));
  }
  f.report(node, 'badDefine', [name, String(value), isBoolean ? 'true or false' : 'an integer']);
  return errorOperand;
}

function staticAssert(f: FunctionLowering, { node }: Call): Operand {
  const condition = argument(f, node, 0);
  const message = literalText(f, node, 1);
  if (condition === null || message === null) return voidOperand;
  if (condition.constant === null) f.report(node.arguments[0]!, 'notConstant');
  else if (condition.constant === 0n) f.report(node, 'staticAssert', [message]);
  return voidOperand;
}

function unreachable(f: FunctionLowering, { node }: Call): Operand {
  f.at(node);
  f.endPath();
  return emptyOperand(types.neverType);
}

function witness(f: FunctionLowering, call: Call): Operand {
  const written = call.node.typeArguments?.[0];
  return emptyOperand(types.witnessOf(written === undefined ? types.unknownType : f.resolveType(written), false));
}

function mulHigh(f: FunctionLowering, { node }: Call): Operand {
  const [a, b] = [argument(f, node, 0, types.u32), argument(f, node, 1, types.u32)];
  if (a === null || b === null) return errorOperand;
  const left = convert(f, a, types.u32, node.arguments[0]!);
  const right = convert(f, b, types.u32, node.arguments[1]!);
  f.at(node);
  return valueOperand(types.u32, f.builder.emit('mulHighU', 'i32', [f.value(left), f.value(right)]));
}

// ---------------------------------------------------------------------------------------------------------------------
// Atomics

/** By method: the IR's name, how many values follow the place, and what comes back. */
const atomics: ReadonlyMap<string, { op: string; values: number; result: 'void' | 'old' | 'bool' }> = new Map([
  ['xchg', { op: 'atomicXchg', values: 1, result: 'old' }],
  ['cmpxchg', { op: 'atomicCmpxchg', values: 2, result: 'old' }],
  ['fetchAdd', { op: 'atomicFetchAdd', values: 1, result: 'old' }],
  ['add', { op: 'atomicAdd', values: 1, result: 'void' }],
  ['sub', { op: 'atomicSub', values: 1, result: 'void' }],
  ['and', { op: 'atomicAnd', values: 1, result: 'void' }],
  ['or', { op: 'atomicOr', values: 1, result: 'void' }],
  ['inc', { op: 'atomicInc', values: 0, result: 'void' }],
  ['dec', { op: 'atomicDec', values: 0, result: 'void' }],
  ['decAndTest', { op: 'atomicDecAndTest', values: 0, result: 'bool' }],
  ['testAndSetBit', { op: 'atomicTestAndSetBit', values: 1, result: 'bool' }],
  ['testAndClearBit', { op: 'atomicTestAndClearBit', values: 1, result: 'bool' }],
]);

export function lowerAtomic(
  f: FunctionLowering,
  node: ts.CallExpression,
  object: string,
  method: ts.MemberName,
): Operand {
  const row = object === 'atomic' ? atomics.get(method.text) : undefined;
  if (row === undefined) {
    f.report(method, 'noMember', [object, method.text]);
    return errorOperand;
  }
  const place = argument(f, node, 0);
  if (place === null) return errorOperand;
  const type = types.decay(place.type);
  const element = type.kind === 'pointer' ? types.decay(type.element) : null;
  const isBit = row.op.endsWith('Bit');
  if (element === null || !isAtomic(element, row.op) || (isBit && f.sizeOf(element) !== 4)) {
    f.report(node.arguments[0]!, 'notAtomic', [type.name]);
    return errorOperand;
  }
  const values = [f.value(place)];
  for (const arg of node.arguments.slice(1, 1 + row.values)) {
    const wanted = isBit ? types.u32 : element;
    values.push(f.value(convert(f, f.expression(arg, wanted), wanted, arg)));
  }
  if (values.length <= row.values) return errorOperand;
  f.at(node);
  const result = row.result === 'void' ? 'void' : row.result === 'bool' ? 'i32' : types.valueTypeOf(element);
  const size = accessSize(f, element);
  const value = f.builder.emit('intrinsic', result, values, { intrinsic: row.op, size });
  if (row.result === 'void') return voidOperand;
  return row.result === 'bool' ? valueOperand(types.boolType, value) : extended(f, value, element);
}

function isAtomic(type: Type, op: string): boolean {
  if (type.kind === 'int') return type.bits < 64 || op === 'atomicCmpxchg';
  return type.kind === 'bool' || type.kind === 'class' || (type.kind !== 'null' && types.isAddress(type));
}

/** The old value arrives zero-extended; a signed narrow one needs its sign. */
function extended(f: FunctionLowering, value: Instruction, element: Type): Operand {
  const needsSign = element.kind === 'int' && element.signed && element.bits < 32;
  if (!needsSign) return valueOperand(element, value);
  return valueOperand(element, f.builder.emit(element.bits === 8 ? 'sext8' : 'sext16', 'i32', [value]));
}
