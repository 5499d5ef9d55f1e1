/*
 * Functions as values: the name of a function, a generic function with its type arguments, an arrow. Each is the address
 * of an instance.
 */

import { ts } from '../syntax/index.ts';
import type { FunctionInfo } from './entities.ts';
import type { FunctionLowering } from './function.ts';
import { bindFrom, completed, patternEnv } from './infer.ts';
import { functionTypeOf, type FunctionInstance } from './instances.ts';
import { addressOperand, errorOperand, type Operand } from './operand.ts';
import type { Type } from './types.ts';

function functionOperand(instance: FunctionInstance): Operand {
  return addressOperand(functionTypeOf(instance), { kind: 'function', instance });
}

/** A function's name where a value is wanted. `args` are the type arguments, if they are written or known. */
export function functionValue(
  f: FunctionLowering,
  info: FunctionInfo,
  node: ts.Node,
  args: readonly Type[] = [],
  expected?: Type,
): Operand {
  if (info.owner !== null && !info.isStatic) {
    f.report(node, 'methodAsValue', [info.name]);
    return errorOperand;
  }
  let given = args;
  if (info.typeParameters.length > args.length) {
    const known = args.length > 0 ? completed(f, info, patternEnv(info, null), args) : null;
    const inferred = known ?? (expected === undefined ? null : bindFrom(f, info, expected));
    if (inferred === null) {
      f.report(node, 'typeArguments', [info.name]);
      return errorOperand;
    }
    given = inferred;
  }
  return functionOperand(f.world.instances.instanceOf(info, given, null));
}

/** `(a: u32): u32 => ...`, `function (a: u32) { ... }`. It may use the constants of its surroundings, but no variables. */
export function arrowValue(
  f: FunctionLowering,
  node: ts.ArrowFunction | ts.FunctionExpression,
  expected: Type | undefined,
): Operand {
  f.leaveOut(node); // until somebody needs it
  const instance = f.world.instances.nested(node, f.surroundings, f.visible(), expected ?? null);
  return functionOperand(instance);
}
