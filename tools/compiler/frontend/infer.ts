/*
 * Type arguments: written, or found by matching the parameters' types against the arguments'.
 *
 * tsc's own inference works on its types, which have forgotten that `a + b` is a u16; so we match ours. Typed arguments
 * come first; an untyped constant decides only what nothing else has decided, the result's expected type goes before it.
 */

import type { FunctionInfo } from './entities.ts';
import type { FunctionLowering } from './function.ts';
import type { SourceSymbol } from './names.ts';
import { envOf, extendEnv, type TypeEnv } from './resolve-type.ts';
import * as types from './types.ts';
import type { ClassType, Type } from './types.ts';

export type Bindings = Map<SourceSymbol, Type>;

/** The environment in which a generic function's type parameters stand for themselves. */
export function patternEnv(info: FunctionInfo, self: ClassType | null): TypeEnv {
  const start = self === null ? { map: new Map<SourceSymbol, Type>(), self } : envOf(self);
  const parameters = info.typeParameters.map((symbol): Type => {
    const key = `$${info.module}:${info.name}.${symbol.name}`;
    return { kind: 'parameter', key, name: symbol.name, symbol, isInline: false };
  });
  return extendEnv(start, info.typeParameters, parameters);
}

/** Matches `actual` against `pattern`, and notes what type parameters must be. The first match counts. */
export function unify(pattern: Type, actual: Type, bindings: Bindings): void {
  if (pattern.kind === 'parameter') {
    const type = pattern.isInline && actual.kind === 'inline' ? actual.of : actual;
    const isKnown = !['untyped', 'null', 'never', 'void'].includes(type.kind);
    if (isKnown && !bindings.has(pattern.symbol)) bindings.set(pattern.symbol, type);
    return;
  }
  if (pattern.kind === 'volatile') {
    unify(pattern.of, actual.kind === 'volatile' ? actual.of : actual, bindings);
    return;
  }
  if (pattern.kind === 'pointer') {
    if (actual.kind === 'pointer' || actual.kind === 'array') unify(pattern.element, actual.element, bindings);
  } else if (pattern.kind === 'array' && actual.kind === 'array') {
    unify(pattern.element, actual.element, bindings);
    unify(pattern.length, actual.length, bindings);
  } else if (pattern.kind === 'class' || pattern.kind === 'inline') {
    const wanted = pattern.kind === 'inline' ? pattern.of : pattern;
    const given = types.decay(actual);
    if (given.kind === 'class' && given.info === wanted.info) unifyAll(wanted.args, given.args, bindings);
  } else if (pattern.kind === 'function' && actual.kind === 'function') {
    unifyAll(pattern.parameters, actual.parameters, bindings);
    unify(pattern.result, actual.result, bindings);
  } else if (pattern.kind === 'witness' && actual.kind === 'witness') unify(pattern.of, actual.of, bindings);
}

function unifyAll(patterns: readonly Type[], actuals: readonly Type[], bindings: Bindings): void {
  patterns.forEach((pattern, index) => {
    const actual = actuals[index];
    if (actual !== undefined) unify(pattern, actual, bindings);
  });
}

/** The type arguments in order, with defaults put in; null if one is not known. */
export function boundArguments(
  f: FunctionLowering,
  info: FunctionInfo,
  env: TypeEnv,
  bindings: Bindings,
): Type[] | null {
  return completed(
    f,
    info,
    env,
    info.typeParameters.map((symbol) => bindings.get(symbol)),
  );
}

/** Type arguments with defaults put in; null if one is not known. */
export function completed(
  f: FunctionLowering,
  info: FunctionInfo,
  env: TypeEnv,
  given: readonly (Type | undefined)[],
): Type[] | null {
  const all = f.world.resolver.withDefaults(info.declaration.typeParameters ?? [], given, env);
  return all.every((type) => type !== undefined) ? all : null;
}

/** The type arguments that make a generic function a value of type `expected`. */
export function bindFrom(f: FunctionLowering, info: FunctionInfo, expected: Type): Type[] | null {
  if (expected.kind !== 'function') return null;
  const env = patternEnv(info, null);
  const bindings: Bindings = new Map();
  info.declaration.parameters.forEach((parameter, index) => {
    const actual = expected.parameters[index];
    if (parameter.type !== undefined && actual !== undefined) {
      unify(f.world.resolver.resolve(parameter.type, env), actual, bindings);
    }
  });
  const { type } = info.declaration;
  if (type !== undefined) unify(f.world.resolver.resolve(type, env), expected.result, bindings);
  return boundArguments(f, info, env, bindings);
}
