/*
 * Local variables: where each lives.
 *
 * A `const` with a constant value is that constant. Scalars live in registers, unless somebody takes their address: then
 * in a slot of the frame. Structs and arrays in place are slots that `zeroed` made; their variable is the address.
 */

import { type DeclarationKind, declarationKind, forEachChild, textOf, ts } from '../syntax/index.ts';
import { Variable } from './builder.ts';
import { convert, settle } from './convert.ts';
import type { FunctionLowering } from './function.ts';
import { emptyOperand, isError, errorOperand, retype, valueOperand, type Operand } from './operand.ts';
import { memoryPlace, store } from './places.ts';
import { endsWithScope, lowerUsing } from './scope.ts';
import * as types from './types.ts';
import type { Type } from './types.ts';

export function declareVariables(f: FunctionLowering, list: ts.VariableDeclarationList): void {
  const kind = declarationKind(list);
  if (kind === 'var') f.report(list, 'var');
  if (kind === 'await using') f.report(list, 'async');
  for (const declaration of list.declarations) declareVariable(f, declaration, kind);
}

function declareVariable(f: FunctionLowering, node: ts.VariableDeclaration, kind: DeclarationKind): void {
  if (!ts.isIdentifier(node.name)) {
    f.report(node.name, 'destructuring');
    if (node.initializer !== undefined) f.expression(node.initializer);
    return;
  }
  const declared = node.type === undefined ? undefined : f.storageType(node.type);
  if (node.initializer === undefined) {
    if (declared === undefined) f.report(node, 'variableType', [node.name.text]);
    const type = stripVolatile(declared ?? types.errorType);
    bindEmpty(f, node, node.name.text, type);
    return;
  }
  const isUsing = kind === 'using' || kind === 'await using';
  const operand = isUsing ? lowerUsing(f, node, declared) : f.expression(node.initializer, declared);
  bindValue(f, node, node.name.text, operand, declared, kind !== 'let' && kind !== 'var');
  if (operand.type.kind === 'witness' && endsWithScope(f, node.initializer)) f.scopes.at(-1)?.give(node.name.text);
}

function stripVolatile(type: Type): Type {
  return type.kind === 'volatile' ? type.of : type;
}

/** A variable that is set later. */
function bindEmpty(f: FunctionLowering, node: ts.VariableDeclaration, name: string, type: Type): void {
  if (type.kind === 'inline' || type.kind === 'array') {
    f.report(node, 'storageNotInitialized', [type.name]);
    f.bind(name, { kind: 'constant', operand: errorOperand });
    return;
  }
  const value = types.valueTypeOf(type);
  if (type.kind === 'error' || value === 'void' || type.kind === 'words') {
    const operand = value === 'void' ? emptyOperand(type) : errorOperand;
    f.bind(name, { kind: 'constant', operand });
    return;
  }
  f.at(node);
  const zero = f.builder.constant(value, 0n);
  bindScalar(f, node, name, type, valueOperand(type, zero));
}

function bindValue(
  f: FunctionLowering,
  node: ts.VariableDeclaration,
  name: string,
  operand: Operand,
  declared: Type | undefined,
  isConst: boolean,
): void {
  const initializer = node.initializer ?? node;
  const wanted = declared === undefined ? settledType(f, operand, initializer) : stripVolatile(declared);
  f.at(node);
  const isFixed = isConst && !f.isAddressTaken(node);
  if (isFixed && declared === undefined && operand.type.kind === 'untyped') {
    // It stays untyped, so that `const step = big ? 8 : 4` goes with signed and unsigned numbers.
    if (operand.constant !== null) f.bind(name, { kind: 'constant', operand });
    else bindRegister(f, name, operand.type, operand, true);
    return;
  }
  const converted = convert(f, operand, wanted, initializer);
  // What lies in place keeps that type, so that addrOf knows that there is no variable but the thing itself.
  const inPlace = wanted.kind === 'inline' || wanted.kind === 'array';
  const value = inPlace && !isError(converted) ? retype(converted, wanted) : converted;
  if (isError(value) || (value.value === null && isFixed)) {
    f.bind(name, { kind: 'constant', operand: value });
  } else if (types.valueTypeOf(wanted) === 'void') {
    f.bind(name, { kind: 'constant', operand: value });
  } else if (wanted.kind === 'words') {
    bindWords(f, name, value);
  } else {
    bindScalar(f, node, name, wanted, value, isConst);
  }
}

function settledType(f: FunctionLowering, operand: Operand, node: ts.Node): Type {
  const type = settle(operand);
  if (type.kind !== 'void') return type;
  f.report(node, 'noValue');
  return types.errorType;
}

/** In a register, or in a slot if its address is taken. */
export function bindScalar(
  f: FunctionLowering,
  node: ts.Node,
  name: string,
  type: Type,
  value: Operand,
  isFixed = false,
): void {
  const isInPlace = type.kind === 'inline' || type.kind === 'array';
  if (f.isAddressTaken(node) && !isInPlace) {
    const slot = f.createSlot(name, type);
    f.bind(name, { kind: 'slot', type, slot });
    store(f, memoryPlace(valueOperand(types.pointerTo(type), f.slotAddress(slot)), 0, type), value);
    return;
  }
  bindRegister(f, name, type, value, isFixed);
}

function bindRegister(f: FunctionLowering, name: string, type: Type, operand: Operand, isFixed: boolean): void {
  const variable = new Variable(types.valueTypeOf(type) === 'i64' ? 'i64' : 'i32');
  const value = f.value(operand);
  f.builder.write(variable, value);
  const known = isFixed && operand.value !== null ? operand : null;
  f.bind(name, { kind: 'register', type, variable, known });
}

export function bindWords(f: FunctionLowering, name: string, value: Operand): void {
  const address = new Variable('i32');
  const count = new Variable('i32');
  f.builder.write(address, f.value(value));
  f.builder.write(count, f.value(value.length ?? errorOperand));
  f.bind(name, { kind: 'words', address, count });
}

/** The locals whose address the function takes: they will live in memory from the start. */
export function findAddressTaken(f: FunctionLowering, body: ts.Node): void {
  if (!textOf(body).includes('addrOf')) return;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'addrOf') {
      let arg = node.arguments[0];
      while (arg !== undefined && (ts.isParenthesizedExpression(arg) || ts.isNonNullExpression(arg)))
        arg = arg.expression;
      const symbol = arg !== undefined && ts.isIdentifier(arg) ? f.world.entities.symbolAt(arg) : null;
      const declaration = symbol?.valueDeclaration ?? null;
      if (declaration !== null) f.takeAddress(declaration);
    }
    forEachChild(node, visit);
  };
  visit(body);
}
