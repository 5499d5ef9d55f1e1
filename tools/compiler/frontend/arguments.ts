/*
 * Reading the arguments of a call, for functions and built-ins alike.
 */

import { ts } from '../syntax/index.ts';
import type { FunctionLowering } from './function.ts';
import { isError, type Operand } from './operand.ts';
import type { Type } from './types.ts';

/** One argument of a built-in, not converted; null if it is missing (tsc has said so) or wrong. */
export function argument(f: FunctionLowering, node: ts.CallExpression, index: number, expected?: Type): Operand | null {
  const arg = node.arguments[index];
  if (arg === undefined) return null;
  const operand = f.expression(arg, expected);
  return isError(operand) ? null : operand;
}

/** For their errors alone. */
export function lowerArguments(f: FunctionLowering, node: ts.CallExpression): void {
  for (const arg of node.arguments) if (!ts.isSpreadElement(arg)) f.expression(arg);
}
