/*
 * Removal of phis that choose nothing.
 *
 * Needs: SSA form. Guarantees: no phi whose operands are all one value (besides the phi itself).
 *
 *   before  b2 from b0, b1:             after  b2 from b0, b1:
 *             %2 = phi %0, %0                    return %0
 *             return %2
 *
 * When a phi goes, phis that use it may become trivial: they are looked at again.
 */

import { Replacements } from '../ir/edit.ts';
import type { Instruction, IrFunction } from '../ir/types.ts';

export function removeTrivialPhis(fn: IrFunction): boolean {
  const users = new Map<Instruction, Instruction[]>();
  const work: Instruction[] = [];
  for (const block of fn.blocks) {
    for (const phi of block.instructions) {
      if (phi.op !== 'phi') break;
      work.push(phi);
      for (const operand of phi.args) {
        if (operand.op === 'phi') users.set(operand, [...(users.get(operand) ?? []), phi]);
      }
    }
  }
  if (work.length === 0) return false;
  const replacements = new Replacements(fn);
  for (let phi = work.pop(); phi !== undefined; phi = work.pop()) {
    if (replacements.isReplaced(phi)) continue;
    const only = onlyOperand(phi, replacements);
    if (only === null) continue;
    replacements.replace(phi, only);
    const affected = users.get(phi) ?? [];
    work.push(...affected);
    if (only.op === 'phi') users.set(only, [...(users.get(only) ?? []), ...affected]);
  }
  replacements.apply(fn);
  return !replacements.isEmpty;
}

/** The one value that the phi can have; null if there are several. */
function onlyOperand(phi: Instruction, replacements: Replacements): Instruction | null {
  let only: Instruction | null = null;
  for (const operand of phi.args) {
    const value = replacements.find(operand);
    if (value === phi || value === only) continue;
    if (only !== null) return null;
    only = value;
  }
  return only;
}
