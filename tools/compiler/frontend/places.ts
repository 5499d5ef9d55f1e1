/*
 * Places: what can be assigned to or have its address taken. Local variables, module variables, fields, elements.
 *
 * A place in memory is a base address and a constant offset, so that `a.b.c[2].d` becomes one load with one offset. What
 * the base is made of (constant, linker's address, register) stays open until the access.
 */

import type { Instruction } from '../ir/types.ts';
import { textOf, ts } from '../syntax/index.ts';
import { convert } from './convert.ts';
import type { Entity, VariableInfo } from './entities.ts';
import type { FunctionLowering, Local } from './function.ts';
import { functionValue } from './function-values.ts';
import {
  addressOperand,
  constantOperand,
  emptyOperand,
  errorOperand,
  isError,
  type Operand,
  valueOperand,
  withType,
  withValue,
  wordsOperand,
} from './operand.ts';
import * as types from './types.ts';
import type { Type } from './types.ts';

interface RegisterPlace {
  readonly kind: 'register';
  readonly local: Extract<Local, { kind: 'register' }>;
  readonly type: Type;
}

interface MemoryPlace {
  readonly kind: 'memory';
  readonly base: Operand;
  readonly offset: number;
  /** Without Volatile. */
  readonly type: Type;
  readonly isVolatile: boolean;
  /** In a constant table. */
  readonly isConstant: boolean;
}

/** Something that has a value but no storage of its own. */
interface ValuePlace {
  readonly kind: 'value';
  readonly operand: Operand;
  readonly type: Type;
}

export type Place = RegisterPlace | MemoryPlace | ValuePlace;

export function memoryPlace(base: Operand, offset: number, type: Type, isConstant = false): MemoryPlace {
  const isVolatile = type.kind === 'volatile';
  return { kind: 'memory', base, offset, type: isVolatile ? type.of : type, isVolatile, isConstant };
}

function valuePlace(operand: Operand): ValuePlace {
  return { kind: 'value', operand, type: operand.type };
}

/** The place that an expression names; a plain value if it names none. */
export function lowerPlace(f: FunctionLowering, node: ts.Expression): Place {
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)) return lowerPlace(f, node.expression);
  if (ts.isIdentifier(node)) return meaningPlace(f, f.meaningOf(node), node);
  if (ts.isPropertyAccessExpression(node)) return propertyPlace(f, node);
  if (ts.isElementAccessExpression(node)) return elementPlace(f, node);
  return valuePlace(f.expression(node));
}

// ---------------------------------------------------------------------------------------------------------------------
// Names

/** What a name stands for, as a place or value. */
export function meaningPlace(f: FunctionLowering, meaning: Local | Entity | null, node: ts.Identifier): Place {
  if (meaning === null) return valuePlace(errorOperand); // tsc has said so
  switch (meaning.kind) {
    case 'register':
      return { kind: 'register', local: meaning, type: meaning.type };
    case 'slot': {
      const address = f.slotAddress(meaning.slot);
      return memoryPlace(valueOperand(types.pointerTo(meaning.type), address), 0, meaning.type);
    }
    case 'words': {
      const address = valueOperand(types.wordsType, f.builder.read(meaning.address));
      return valuePlace(wordsOperand(address, valueOperand(types.u32, f.builder.read(meaning.count))));
    }
    case 'constant':
      return valuePlace(meaning.operand);
    default:
      return entityPlace(f, meaning, node);
  }
}

/** What a module-level name stands for, as a place or value. */
function entityPlace(f: FunctionLowering, entity: Entity, node: ts.Node): Place {
  if ('isAmbient' in entity && entity.isAmbient) {
    f.report(node, 'ambient', [textOf(node)]);
    return valuePlace(errorOperand);
  }
  switch (entity.kind) {
    case 'variable':
      return variablePlace(f, entity);
    case 'enumMember':
      return valuePlace(f.world.constants.enumMember(entity.of, entity.name) ?? errorOperand);
    case 'function':
      return valuePlace(functionValue(f, entity, node));
    case 'other':
      reportOther(f, entity.declaration, node);
      return valuePlace(errorOperand);
    default:
      f.report(node, 'notAValue', [textOf(node)]);
      return valuePlace(errorOperand);
  }
}

function reportOther(f: FunctionLowering, declaration: ts.Declaration | null, node: ts.Node): void {
  const isReported =
    declaration !== null && (ts.isBindingElement(declaration) || ts.isFunctionDeclaration(declaration));
  if (isReported) return; // where it is declared
  const isVariable = declaration !== null && (ts.isVariableDeclaration(declaration) || ts.isParameter(declaration));
  if (isVariable) f.report(node, 'capture', [textOf(node)], [{ node: declaration, message: 'declared here' }]);
  else if (textOf(node) === 'undefined') f.report(node, 'undefinedValue');
  else f.report(node, 'notAValue', [textOf(node)]);
}

function variablePlace(f: FunctionLowering, info: VariableInfo): Place {
  const state = f.world.constants.variable(info);
  if (state.constant !== null) return valuePlace(state.constant);
  if (state.global === null) return valuePlace(errorOperand);
  const { global } = state;
  const base = addressOperand(types.pointerTo(global.type), { kind: 'global', global });
  return memoryPlace(base, 0, global.type, global.isConstant);
}

// ---------------------------------------------------------------------------------------------------------------------
// Members and elements

/** The entity that the left side of a dot names: a class, an enum, a namespace, `atomic`; null if it is a value. */
export function entityBeforeDot(f: FunctionLowering, node: ts.Expression): Entity | null {
  if (ts.isParenthesizedExpression(node)) return entityBeforeDot(f, node.expression);
  if (ts.isPropertyAccessExpression(node)) {
    const outer = entityBeforeDot(f, node.expression);
    return outer?.kind === 'namespace' ? f.world.entities.exportOf(outer.symbol, node.name.text) : null;
  }
  if (!ts.isIdentifier(node)) return null;
  const meaning = f.meaningOf(node);
  switch (meaning?.kind) {
    case 'class':
    case 'enum':
    case 'namespace':
    case 'builtin':
      return meaning;
    default:
      return null;
  }
}

function propertyPlace(f: FunctionLowering, node: ts.PropertyAccessExpression): Place {
  if (node.questionDotToken !== undefined) f.report(node, 'optionalChaining');
  const entity = entityBeforeDot(f, node.expression);
  if (entity !== null) return staticPlace(f, entity, node);
  const object = f.expression(node.expression);
  f.at(node.name);
  return memberPlace(f, object, node.name.text, node);
}

function staticPlace(f: FunctionLowering, entity: Entity, node: ts.PropertyAccessExpression): Place {
  const name = node.name.text;
  if (entity.kind === 'class') {
    const member = entity.statics.get(name);
    if (member !== undefined) return entityPlace(f, member, node.name);
  } else if (entity.kind === 'enum') {
    const member = f.world.constants.enumMember(entity, name);
    if (member !== null) return valuePlace(member);
  } else if (entity.kind === 'namespace') {
    const member = f.world.entities.exportOf(entity.symbol, name);
    if (member !== null) return entityPlace(f, member, node.name);
  }
  f.report(node, 'noMember', [textOf(node.expression), name]);
  return valuePlace(errorOperand);
}

/** `object.name` for an object that is a value. */
function memberPlace(f: FunctionLowering, object: Operand, name: string, node: ts.PropertyAccessExpression): Place {
  const type = types.decay(object.type);
  if (type.kind === 'error' || type.kind === 'never') return valuePlace(errorOperand);
  if (name === 'length' && type.kind === 'array' && type.length.kind === 'length') {
    return valuePlace(constantOperand(types.untyped, BigInt(type.length.value)));
  }
  if (name === 'length' && object.length !== null) return valuePlace(object.length);
  if (type.kind === 'class') {
    const field = f.recorder.layoutOf(type).fields.get(name);
    if (field !== undefined) return memoryPlace(object, field.offset, field.type);
    if (type.info.methods.has(name)) {
      f.report(node.name, 'methodAsValue', [name]);
      return valuePlace(errorOperand);
    }
  }
  f.report(node.name, 'noMember', [type.name, name]);
  return valuePlace(errorOperand);
}

function elementPlace(f: FunctionLowering, node: ts.ElementAccessExpression): Place {
  if (node.questionDotToken !== undefined) f.report(node, 'optionalChaining');
  const array = lowerPlace(f, node.expression);
  const operand = readPlace(f, array, node.expression);
  const isConstant = array.kind === 'memory' && array.isConstant && array.type.kind === 'array';
  const index = f.expression(node.argumentExpression);
  f.at(node);
  if (isError(operand) || isError(index)) return valuePlace(errorOperand);
  const type = types.decay(operand.type);
  const element =
    type.kind === 'pointer' || type.kind === 'array' ? type.element : type.kind === 'words' ? types.wordType : null;
  if (element === null || element.kind === 'unknown') {
    f.report(node.expression, 'notIndexable', [type.name]);
    return valuePlace(errorOperand);
  }
  const number = types.decay(index.type);
  if (number.kind !== 'int' && number.kind !== 'untyped') {
    f.report(node.argumentExpression, 'notANumber', [number.name, 'u32']);
    return valuePlace(errorOperand);
  }
  checkIndex(f, index, type, node.argumentExpression);
  return moveBy(f, operand, index, element, isConstant);
}

function checkIndex(f: FunctionLowering, index: Operand, array: Type, node: ts.Expression): void {
  const length = array.kind === 'array' && array.length.kind === 'length' ? array.length.value : null;
  if (index.constant === null || length === null) return;
  if (index.constant < 0n || index.constant >= BigInt(length)) {
    f.report(node, 'indexRange', [String(index.constant), String(length)]);
  }
}

/** The element number `index` from `base` on. */
function moveBy(f: FunctionLowering, base: Operand, index: Operand, element: Type, isConstant: boolean): Place {
  const size = f.sizeOf(element);
  const inner = types.decay(index.type);
  const isSmall = inner.kind === 'int' ? inner.bits < 64 : inner.kind === 'untyped' && !inner.wide;
  if (index.constant !== null && isSmall) {
    return memoryPlace(base, Number(BigInt.asIntN(32, index.constant * BigInt(size))), element, isConstant);
  }
  return memoryPlace(movedPointer(f, base, index, size), 0, element, isConstant);
}

/** `base + index * size` in a register. */
export function movedPointer(f: FunctionLowering, base: Operand, index: Operand, size: number): Operand {
  const { builder } = f;
  const shift = Math.log2(size);
  const count = f.value(index);
  const isPower = Number.isInteger(shift);
  const factor = builder.constant('i32', BigInt(isPower ? shift : size));
  const distance = builder.binary(isPower ? 'shl' : 'mul', count, factor);
  return valueOperand(types.decay(base.type), builder.binary('add', f.value(base), distance));
}

// ---------------------------------------------------------------------------------------------------------------------
// Access

/** The value of a place. Structs and arrays in place give their address. */
export function readPlace(f: FunctionLowering, place: Place, node: ts.Node): Operand {
  if (place.kind === 'value') return place.operand;
  if (place.kind === 'register') {
    const { known, variable } = place.local;
    const value = f.builder.read(variable);
    return known === null ? valueOperand(place.type, value) : withValue(known, value);
  }
  const { type } = place;
  if (type.kind === 'error') return errorOperand;
  if (type.kind === 'inline' || type.kind === 'array') return withType(addressOfPlace(f, place, type), type);
  if (types.valueTypeOf(type) === 'void') return emptyOperand(type);
  f.at(ts.isPropertyAccessExpression(node) ? node.name : node);
  return valueOperand(type, load(f, place));
}

function load(f: FunctionLowering, place: MemoryPlace): Instruction {
  const { type, offset, isVolatile } = place;
  const signed = type.kind === 'int' && type.signed && type.bits < 32;
  const size = accessSize(f, type);
  return f.builder.emit('load', types.valueTypeOf(type), [f.value(place.base)], { offset, size, signed, isVolatile });
}

export function accessSize(f: FunctionLowering, type: Type): 1 | 2 | 4 | 8 {
  const size = f.sizeOf(type);
  return size === 1 || size === 2 || size === 8 ? size : 4;
}

/** Assigns. Converts the value to the place's type, and gives it as converted. */
export function writePlace(f: FunctionLowering, place: Place, operand: Operand, node: ts.Node): Operand {
  const value = convert(f, operand, place.type, node);
  if (isError(value)) return value;
  if (place.kind === 'value') {
    if (!isError(place.operand)) f.report(node, 'notAPlace');
    return errorOperand;
  }
  if (place.kind === 'register') {
    f.builder.write(place.local.variable, f.value(value));
    return value;
  }
  if (place.isConstant) f.report(node, 'constantTable');
  if (place.type.kind === 'inline' || place.type.kind === 'array') {
    f.report(node, 'assignInPlace', [place.type.name]);
    return errorOperand;
  }
  store(f, place, value);
  return value;
}

export function store(f: FunctionLowering, place: MemoryPlace, value: Operand): void {
  const { type, offset, isVolatile } = place;
  if (types.valueTypeOf(type) === 'void') return;
  const size = accessSize(f, type);
  f.builder.emit('store', 'void', [f.value(place.base), f.value(value)], { offset, size, isVolatile });
}

/** A pointer to the place, as an operand of the given type. */
export function addressOfPlace(f: FunctionLowering, place: MemoryPlace, type: Type): Operand {
  const { base, offset } = place;
  if (base.address !== null) {
    return addressOperand(type, base.address.target, base.address.offset + offset);
  }
  if (base.constant !== null) return constantOperand(type, BigInt.asUintN(32, base.constant + BigInt(offset)));
  const value = f.value(base);
  if (offset === 0) return valueOperand(type, value);
  return valueOperand(type, f.builder.binary('add', value, f.builder.constant('i32', BigInt(offset))));
}
