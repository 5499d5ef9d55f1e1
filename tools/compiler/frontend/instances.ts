/*
 * Function instances: a function with values for its type parameters, its class's included.
 *
 * An instance has its own symbol (`lib/list:swap<u16>`, `mm/vma:Mm.findVma`) and its own code. Plain functions have one
 * instance.
 */

import { forEachChild, ts } from '../syntax/index.ts';
import type { Reporter } from './diagnostics.ts';
import { memberName, type EntityTable, type FunctionInfo, type FunctionNode } from './entities.ts';
import type { Local, Surroundings } from './function.ts';
import type { FunctionNeed } from './records.ts';
import { emptyEnv, envOf, extendEnv, type TypeEnv, type TypeResolver } from './resolve-type.ts';
import * as types from './types.ts';
import type { ClassType, FunctionType, Type } from './types.ts';

interface Parameter {
  readonly name: string;
  readonly type: Type;
  readonly declaration: ts.ParameterDeclaration;
}

export interface FunctionInstance {
  readonly info: FunctionInfo;
  readonly env: TypeEnv;
  /** Unique among all instances. */
  readonly key: string;
  readonly symbolName: string;
  /** Its own, its class's, and those of the function around it. */
  readonly typeArguments: readonly Type[];
  /** The class of `this`, for a method. */
  readonly receiver: ClassType | null;
  readonly parameters: readonly Parameter[];
  readonly parameterTypes: readonly Type[];
  readonly hasRest: boolean;
  readonly result: Type;
  /** For an arrow: the names of the function around it. */
  readonly outer: ReadonlyMap<string, Local> | null;
  /** What stands for it in records, once somebody needs it. */
  need: FunctionNeed | null;
}

const noTypes: readonly Type[] = [];

/** The instance as a value: what a function pointer to it is. */
export function functionTypeOf(instance: FunctionInstance): FunctionType {
  return types.functionOf(instance.parameterTypes, instance.hasRest, instance.result);
}

export class InstanceTable {
  readonly #entities: EntityTable;
  readonly #resolver: TypeResolver;
  readonly #reporter: Reporter;
  readonly #instances = new Map<string, FunctionInstance>();

  constructor(entities: EntityTable, resolver: TypeResolver, reporter: Reporter) {
    this.#entities = entities;
    this.#resolver = resolver;
    this.#reporter = reporter;
  }

  /** The instance of a declared function or method for the given type arguments; `self` is a method's class. */
  instanceOf(info: FunctionInfo, args: readonly Type[], self: ClassType | null): FunctionInstance {
    const isPlain = args.length === 0 && (info.owner === null || info.isStatic || self?.args.length === 0);
    if (isPlain && info.plain !== null) return info.plain;
    const instance = this.#findInstance(info, args, self);
    if (isPlain) info.plain = instance;
    return instance;
  }

  #findInstance(info: FunctionInfo, args: readonly Type[], self: ClassType | null): FunctionInstance {
    const owner = info.owner;
    const holder = owner === null ? null : info.isStatic ? types.classOf(owner, []) : self;
    const prefix = holder === null ? `${info.module}:` : `${holder.key}.`;
    const key = prefix + info.name + types.angled(args.map((arg) => arg.key));
    if (types.isEndless(key)) return this.#endless(info, args, self);
    const known = this.#instances.get(key);
    if (known !== undefined) return known;
    const start = holder === null ? emptyEnv : envOf(holder);
    const env = extendEnv(start, info.typeParameters, args);
    const shown = holder === null ? '' : `${info.owner!.name}${types.angled(holder.args.map((arg) => arg.name))}.`;
    const longName = `${info.module}:${shown}${info.name}${types.angled(args.map((arg) => arg.name))}`;
    const symbolName = info.tags.isExported ? info.name : longName;
    return this.#add({ info, env, key, symbolName, receiver: info.isStatic ? null : holder }, null, null);
  }

  /** A function that calls itself with ever larger type arguments would never be done. */
  #endless(info: FunctionInfo, args: readonly Type[], self: ClassType | null): FunctionInstance {
    this.#reporter.report(info.declaration.name ?? info.declaration, 'recursiveInstance', [info.name]);
    const errors = (list: readonly Type[]): Type[] => list.map(() => types.errorType);
    const owner = self === null ? null : types.classOf(self.info, errors(self.args));
    return this.instanceOf(info, errors(args), owner);
  }

  /**
   * The instance of an arrow inside `outer`; `expected` gives the types that the arrow does not say itself, `locals` the
   * names around it, of which it may use the constants.
   */
  nested(
    node: ts.ArrowFunction | ts.FunctionExpression,
    outer: Surroundings,
    locals: ReadonlyMap<string, Local>,
    expected: Type | null,
  ): FunctionInstance {
    const name = `arrow${arrowNumber(node)}`;
    const key = `${outer.key}.${name}`;
    const known = this.#instances.get(key);
    if (known !== undefined) return known;
    const info = this.#entities.nestedFunction(node, name, outer.module);
    const symbolName = `${outer.symbolName.includes(':') ? '' : `${outer.module}:`}${outer.symbolName}.${name}`;
    const part = { info, env: { map: outer.env.map, self: null }, key, symbolName, receiver: null };
    return this.#add(part, expected?.kind === 'function' ? expected : null, locals);
  }

  #add(
    part: Pick<FunctionInstance, 'info' | 'env' | 'key' | 'symbolName' | 'receiver'>,
    expected: FunctionType | null,
    outer: ReadonlyMap<string, Local> | null,
  ): FunctionInstance {
    const { env, info, key, receiver, symbolName } = part;
    const { declaration } = info;
    const parameters = declaration.parameters.map((parameter, index) =>
      this.#parameter(parameter, env, expected?.parameters[index]),
    );
    const instance: FunctionInstance = {
      info,
      env,
      key,
      symbolName,
      typeArguments: env.map.size === 0 ? noTypes : [...env.map.values()],
      receiver,
      parameters,
      parameterTypes: parameters.map(({ type }) => type),
      hasRest: declaration.parameters.at(-1)?.dotDotDotToken !== undefined,
      result: this.#result(declaration, env, expected),
      outer,
      need: null,
    };
    this.#instances.set(key, instance);
    return instance;
  }

  #parameter(node: ts.ParameterDeclaration, env: TypeEnv, expected: Type | undefined): Parameter {
    const name = memberName(node.name);
    if (name === null) this.#reporter.report(node.name, 'destructuring');
    if (name === 'this') this.#reporter.report(node, 'thisParameter');
    if (node.initializer !== undefined) this.#reporter.report(node, 'defaultParameter');
    if (node.questionToken !== undefined) this.#reporter.report(node, 'optionalParameter');
    if (node.type === undefined) {
      if (expected === undefined) this.#reporter.report(node, 'variableType', [name ?? '']);
      return { name: name ?? '', type: expected ?? types.errorType, declaration: node };
    }
    const type = this.#resolver.storage(node.type, env);
    return { name: name ?? '', type, declaration: node };
  }

  #result(declaration: FunctionNode, env: TypeEnv, expected: FunctionType | null): Type {
    if (declaration.type !== undefined) return this.#resolver.storage(declaration.type, env);
    if (expected !== null) return expected.result;
    const { body } = declaration;
    if (body !== undefined && (!ts.isBlock(body) || returnsValue(body))) {
      this.#reporter.report(declaration.name ?? declaration, 'returnType');
      return types.errorType;
    }
    return types.voidType;
  }
}

function returnsValue(node: ts.Node): boolean {
  if (ts.isReturnStatement(node)) return node.expression !== undefined;
  if (ts.isFunctionLike(node)) return false;
  return forEachChild(node, (child) => returnsValue(child) || undefined) ?? false;
}

/** Which arrow of its outermost function or variable it is, counted from 1 in the order of the source. */
function arrowNumber(node: ts.ArrowFunction | ts.FunctionExpression): number {
  let outermost: ts.Node = node;
  while (!ts.isSourceFile(outermost.parent)) outermost = outermost.parent;
  let count = 0;
  const visit = (at: ts.Node): boolean => {
    if (ts.isArrowFunction(at) || ts.isFunctionExpression(at)) count++;
    return at === node || (forEachChild(at, (child) => visit(child) || undefined) ?? false);
  };
  visit(outermost);
  return count;
}
