/*
 * Module variables and enums: their types, and the values that the build knows.
 *
 * There is no module evaluation at run time, so every initial value must be constant. It is lowered like any expression,
 * into a function that is thrown away; that it is constant shows in that no instruction came out.
 */

import { IrFunction } from '../ir/types.ts';
import { textOf, ts } from '../syntax/index.ts';
import { convert, settle } from './convert.ts';
import type { EnumInfo, VariableInfo } from './entities.ts';
import { reportFailure } from './failure.ts';
import { FunctionLowering } from './function.ts';
import { maximumSize } from './layout.ts';
import { constantOperand, errorOperand, isError, type Global, type Operand } from './operand.ts';
import { Recorder } from './recorder.ts';
import { emptyEnv, type ConstantSource } from './resolve-type.ts';
import * as types from './types.ts';
import type { IntType, Type } from './types.ts';
import type { World } from './world.ts';

/** Either a constant or storage; neither after an error. */
interface VariableState {
  readonly constant: Operand | null;
  readonly global: Global | null;
}

interface EnumState {
  /** Null while the members are being computed. */
  type: Type | null;
  readonly values: Map<string, bigint>;
}

const failed: VariableState = { constant: errorOperand, global: null };

export class ConstantTable implements ConstantSource {
  readonly #world: World;
  /** null while it is being evaluated: a value that depends on itself meets that. */
  readonly #variables = new Map<VariableInfo, VariableState | null>();
  readonly #enums = new Map<ts.EnumDeclaration, EnumState>();

  constructor(world: World) {
    this.#world = world;
  }

  variable(info: VariableInfo): VariableState {
    const known = this.#variables.get(info);
    if (known === null) {
      this.#world.reporter.report(info.declaration.name, 'cyclicConstant', [textOf(info.declaration.name)]);
      return failed;
    }
    if (known !== undefined) return known;
    this.#variables.set(info, null);
    const state = this.#guarded(info.declaration, () => this.#evaluateVariable(info)) ?? failed;
    this.#variables.set(info, state);
    return state;
  }

  #guarded<T>(node: ts.Node, action: () => T): T | null {
    try {
      return action();
    } catch (error) {
      reportFailure(this.#world.reporter, node, error);
      return null;
    }
  }

  #evaluateVariable(info: VariableInfo): VariableState {
    const { declaration, isConst } = info;
    const { reporter, resolver } = this.#world;
    const declared = declaration.type === undefined ? undefined : resolver.variable(declaration.type, emptyEnv);
    const { initializer } = declaration;
    if (declared?.kind === 'error') return failed;
    if (initializer === undefined) {
      if (declared !== undefined) return { constant: null, global: this.#global(info, declared, false, []) };
      reporter.report(declaration, 'variableType', [textOf(declaration.name)]);
      return failed;
    }
    const call = this.#storageCall(initializer);
    if (call !== null) return this.#storage(info, call.node, call.name, declared);
    const f = this.#scratch(info.symbolName);
    const operand = this.#evaluate(f, initializer, declared);
    if (operand === null) return failed;
    if (isConst && declared === undefined && operand.type.kind === 'untyped')
      return { constant: operand, global: null };
    const type = declared ?? settle(operand);
    const value = convert(f, operand, type, initializer);
    if (isError(value)) return failed;
    const isVolatile = type.kind === 'volatile';
    if (isConst && !isVolatile && info.tags.section === null) return { constant: value, global: null };
    if (types.valueTypeOf(type) === 'void' || type.kind === 'inline' || type.kind === 'array') {
      reporter.report(initializer, 'notStorage', [type.name]);
      return failed;
    }
    return { constant: null, global: this.#global(info, type, isConst && !isVolatile, [{ offset: 0, type, value }]) };
  }

  #global(info: VariableInfo, type: Type, isConstant: boolean, initial: Global['initial']): Global {
    const { section, align, isExported } = info.tags;
    const { symbolName, declaration } = info;
    const { size } = this.#world.layouts.extentOf(type);
    if (size > maximumSize) {
      this.#world.reporter.report(declaration.name, 'tooLarge', [type.name, String(size), String(maximumSize)]);
      return { symbolName, declaration, type: types.errorType, isConstant, initial: [], section, align, isExported };
    }
    return { symbolName, declaration, type, isConstant, initial, section, align, isExported };
  }

  // -------------------------------------------------------------------------------------------------------------------
  // zeroed<T>(), table<T, N>(...)

  /** The initializer as a call of a built-in that makes storage. */
  #storageCall(node: ts.Expression): { node: ts.CallExpression; name: string } | null {
    if (ts.isParenthesizedExpression(node)) return this.#storageCall(node.expression);
    if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return null;
    const entity = this.#world.entities.entityAt(node.expression);
    const isStorage = entity?.kind === 'builtin' && ['zeroed', 'uninitialized', 'table'].includes(entity.name);
    return isStorage ? { node, name: entity.name } : null;
  }

  #storage(info: VariableInfo, node: ts.CallExpression, name: string, declared: Type | undefined): VariableState {
    const type = name === 'table' ? this.#tableType(node, declared) : this.#zeroedType(node, declared);
    if (type === null) return failed;
    const initial: { offset: number; type: Type; value: Operand }[] = [];
    if (name === 'table') this.#tableItems(node, type, 0, initial, info.symbolName);
    const isConstant = info.isConst && name === 'table';
    return { constant: null, global: this.#global(info, type, isConstant, initial) };
  }

  #zeroedType(node: ts.CallExpression, declared: Type | undefined): Type | null {
    const { resolver, reporter } = this.#world;
    const written = node.typeArguments?.[0];
    const type = written === undefined ? declared : resolver.storage(written, emptyEnv);
    if (type === undefined) reporter.report(node, 'typeArguments', ['zeroed']);
    return type === undefined || type.kind === 'error' ? null : type;
  }

  #tableType(node: ts.CallExpression, declared: Type | undefined): Type | null {
    const { resolver, reporter } = this.#world;
    const [element, length] = (node.typeArguments ?? []).map((arg) => resolver.resolve(arg, emptyEnv));
    const type = element !== undefined && length !== undefined ? types.arrayOf(element, length) : declared;
    if (type?.kind !== 'array') {
      reporter.report(node, 'typeArguments', ['table']);
      return null;
    }
    const problem = resolver.problemOf(type);
    if (problem !== null && problem !== '') reporter.report(node, 'notAValueType', [type.name, problem]);
    return problem === null ? type : null;
  }

  #tableItems(
    node: ts.CallExpression,
    type: Type,
    start: number,
    initial: { offset: number; type: Type; value: Operand }[],
    name: string,
  ): void {
    const { reporter, layouts } = this.#world;
    if (type.kind !== 'array' || type.length.kind !== 'length') return;
    const expected = type.length.value;
    if (node.arguments.length !== expected) {
      reporter.report(node, 'tableLength', [String(node.arguments.length), String(expected)]);
    }
    const { element } = type;
    const { size } = layouts.extentOf(element);
    node.arguments.slice(0, expected).forEach((arg, index) => {
      const inner = this.#storageCall(arg);
      const offset = start + index * size;
      if (inner?.name === 'table') {
        this.#tableItems(inner.node, element, offset, initial, name);
        return;
      }
      const f = this.#scratch(name);
      const operand = this.#evaluate(f, arg, element);
      const value = operand === null ? errorOperand : convert(f, operand, element, arg);
      if (!isError(value)) initial.push({ offset, type: element, value });
    });
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Expressions

  /** The value of a constant expression outside of functions; null, and reported, if it is not constant. */
  #evaluate(f: FunctionLowering, node: ts.Expression, expected: Type | undefined): Operand | null {
    const operand = f.expression(node, expected);
    if (isError(operand)) return null;
    const isConstant = f.builder.isUntouched && (operand.constant !== null || operand.address !== null);
    if (!isConstant) this.#world.reporter.report(node, 'notConstant');
    return isConstant ? operand : null;
  }

  /** `staticAssert(...)` outside of functions. */
  runStaticAssert(node: ts.CallExpression): void {
    this.#guarded(node, () => this.#scratch('staticAssert').expression(node));
  }

  /** A function to lower into that nobody will see. */
  #scratch(name: string): FunctionLowering {
    const options = { section: null, align: 1, inline: null, isExported: false };
    const location = { file: '', line: 1, column: 1 };
    const fn = new IrFunction(name, [], 'void', options, { name, location });
    const module = name.slice(0, Math.max(0, name.indexOf(':')));
    return new FunctionLowering(
      this.#world,
      new Recorder(this.#world),
      {
        key: name,
        symbolName: name,
        module,
        env: emptyEnv,
        receiver: null,
        result: types.voidType,
        instance: null,
        outer: null,
      },
      fn,
    );
  }

  numberOf(name: ts.EntityName): bigint | null {
    const entity = this.#world.entities.entityAt(name);
    if (entity?.kind === 'enumMember') return this.enumMember(entity.of, entity.name)?.constant ?? null;
    return entity?.kind === 'variable' && entity.isConst ? (this.variable(entity).constant?.constant ?? null) : null;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Enums

  enumType(declaration: ts.EnumDeclaration): Type {
    return this.#enum(declaration).type ?? types.i32;
  }

  /** Null if there is no such member. */
  enumMember(info: EnumInfo, name: string): Operand | null {
    const { values, type } = this.#enum(info.declaration);
    const value = values.get(name);
    if (value !== undefined) return constantOperand(type ?? types.untyped, value);
    const isDeclared = info.declaration.members.some((member) => textOf(member.name) === name);
    return isDeclared ? errorOperand : null;
  }

  /** Names and values in order. */
  enumValues(info: EnumInfo): ReadonlyMap<string, bigint> {
    return this.#enum(info.declaration).values;
  }

  #enum(declaration: ts.EnumDeclaration): EnumState {
    const known = this.#enums.get(declaration);
    if (known !== undefined) return known;
    const state: EnumState = { type: null, values: new Map() };
    this.#enums.set(declaration, state);
    let next: bigint | null = 0n;
    for (const member of declaration.members) {
      const value: bigint | null = member.initializer === undefined ? next : this.#enumValue(member.initializer);
      if (value === null) continue;
      state.values.set(textOf(member.name), value);
      next = value + 1n;
    }
    state.type = this.#enumTypeFor(declaration, [...state.values.values()]);
    return state;
  }

  #enumValue(node: ts.Expression): bigint | null {
    const { reporter } = this.#world;
    const operand = this.#guarded(node, () => this.#evaluate(this.#scratch('enum'), node, undefined));
    if (operand === null) return null;
    const kind = operand.type.kind;
    if (operand.constant !== null && (kind === 'int' || kind === 'untyped')) return operand.constant;
    reporter.report(node, 'enumValue');
    return null;
  }

  #enumTypeFor(declaration: ts.EnumDeclaration, values: readonly bigint[]): IntType {
    const fitsIn = (type: IntType): boolean => {
      const { min, max } = types.rangeOf(type);
      return values.every((value) => value >= min && value <= max);
    };
    const entity = this.#world.entities.entityAt(declaration.name);
    const base = fitsIn(types.i32) ? types.i32 : types.u32;
    if (!fitsIn(base)) this.#world.reporter.report(declaration.name, 'enumRange', [declaration.name.text]);
    const key = entity?.kind === 'enum' ? entity.qualifiedName : declaration.name.text;
    return types.enumOf(base, key, declaration.name.text);
  }
}
