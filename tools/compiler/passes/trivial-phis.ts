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

import { phisOf, Replacements } from '../ir/edit.ts';
import type { Instruction, IrFunction } from '../ir/types.ts';

export function removeTrivialPhis(fn: IrFunction): boolean {
  const replacements = new Replacements(fn);
  if (!hasTrivialPhi(fn, replacements)) return false;
  const work = fn.blocks.flatMap(phisOf);
  const users = phiUsers(work);
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

function hasTrivialPhi({ blocks }: IrFunction, replacements: Replacements): boolean {
  for (let b = 0; b < blocks.length; b++) {
    const { instructions } = blocks[b]!;
    for (let n = 0; instructions[n]!.op === 'phi'; n++) {
      if (onlyOperand(instructions[n]!, replacements) !== null) return true;
    }
  }
  return false;
}

/** For each phi, the phis that it is an operand of. */
function phiUsers(phis: readonly Instruction[]): Map<Instruction, Instruction[]> {
  const users = new Map<Instruction, Instruction[]>();
  for (const phi of phis) {
    for (const operand of phi.args) {
      if (operand.op === 'phi') users.set(operand, [...(users.get(operand) ?? []), phi]);
    }
  }
  return users;
}

/** The one value that the phi can have; null if there are several. */
function onlyOperand(phi: Instruction, replacements: Replacements): Instruction | null {
  let only: Instruction | null = null;
  const { args } = phi;
  for (let n = 0; n < args.length; n++) {
    const value = replacements.find(args[n]!);
    if (value === phi || value === only) continue;
    if (only !== null) return null;
    only = value;
  }
  return only;
}
