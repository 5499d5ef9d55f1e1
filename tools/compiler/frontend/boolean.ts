/*
 * The one rule about truth: a condition is a boolean.
 */

import type { ts } from '../syntax/index.ts';
import type { FunctionLowering } from './function.ts';
import type { Operand } from './operand.ts';
import { decay } from './types.ts';

/** False, and reported, if the operand is anything else. */
export function requireBoolean(f: FunctionLowering, operand: Operand, node: ts.Node): boolean {
  const type = decay(operand.type);
  if (type.kind === 'bool') return true;
  if (type.kind === 'error') f.followError(node);
  else if (type.kind !== 'never') f.report(node, 'notBoolean', [type.name]);
  return false;
}
