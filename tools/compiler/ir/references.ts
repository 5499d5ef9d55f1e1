/*
 * What names what: the references between the items of a module.
 */

import type { IrFunction } from './types.ts';

/** How a function names a symbol: calls it, or takes its address (which assembly may do, too). */
export type ReferenceKind = 'call' | 'address';

/** Reports every symbol that the function names, as often as it does. */
export function forEachReference(fn: IrFunction, visit: (symbol: string, kind: ReferenceKind) => void): void {
  if (fn.asm !== null) for (const operand of fn.asm.operands) if ('symbol' in operand) visit(operand.symbol, 'address');
  for (const { instructions } of fn.blocks) {
    for (let n = 0; n < instructions.length; n++) {
      const { op, symbol } = instructions[n]!;
      if (op === 'call') visit(symbol, 'call');
      else if (op === 'symbol') visit(symbol, 'address');
    }
  }
}
