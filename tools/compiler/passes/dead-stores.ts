/*
 * Removal of stores that nobody can read.
 *
 * Needs: SSA form. Guarantees: a plain store goes if the same bytes are stored again in the same block before anything
 * could look at them, or if they are in a slot that is private to the function and never loaded from. Keeps the blocks.
 *
 *   before  store u32 [%0 + 4], %1        after  store u32 [%0 + 4], %2
 *           store u32 [%0 + 4], %2               return
 *           return
 *
 * Each block is read backwards with the stores that will come. A trap looks at all memory, as a call does: what has
 * been stored before a fault can be seen in a debugger, and by whoever handles it. So does a volatile access: somebody
 * else may take it as a signal to look.
 */

import { AliasAnalysis, offsetOf, sameBase } from '../ir/alias.ts';
import { mayTrap, readsMemory } from '../ir/effects.ts';
import { type Instruction, type IrFunction, type IrModule, isTerminator } from '../ir/types.ts';

export function removeDeadStores(fn: IrFunction, module: IrModule): boolean {
  const blocks = fn.blocks.filter(({ instructions }) => instructions.some(isPlainStore));
  if (blocks.length === 0) return false;
  const alias = new AliasAnalysis(fn, module);
  const loads = fn.slots.length === 0 ? [] : fn.blocks.flatMap((block) => block.instructions.filter(isLoad));
  let changed = false;
  for (const block of blocks) {
    const kept = keepUseful(block.instructions, loads, alias);
    if (kept.length === block.instructions.length) continue;
    block.instructions = kept;
    changed = true;
  }
  return changed;
}

function isPlainStore({ op, isVolatile }: Instruction): boolean {
  return op === 'store' && !isVolatile;
}

function isLoad({ op }: Instruction): boolean {
  return op === 'load';
}

function keepUseful(
  instructions: readonly Instruction[],
  loads: readonly Instruction[],
  alias: AliasAnalysis,
): Instruction[] {
  /** Stores further down, before which nobody looks. */
  let coming: Instruction[] = [];
  const kept: Instruction[] = [];
  for (let i = instructions.length - 1; i >= 0; i--) {
    const instruction = instructions[i]!;
    if (isPlainStore(instruction)) {
      if (coming.some((later) => covers(later, instruction)) || isUnread(instruction, loads, alias)) continue;
      coming.push(instruction);
    } else if (coming.length > 0) {
      coming = afterLook(instruction, coming, alias);
    }
    kept.push(instruction);
  }
  return kept.reverse();
}

/** What is left of `coming` above an instruction. */
function afterLook(instruction: Instruction, coming: Instruction[], alias: AliasAnalysis): Instruction[] {
  if (instruction.isVolatile || isTerminator(instruction.op) || mayTrap(instruction)) return [];
  if (instruction.op === 'load') return coming.filter((store) => !alias.mayOverlap(store, instruction));
  return readsMemory(instruction) ? [] : coming;
}

/** All bytes of `earlier` are written by `later`. */
function covers(later: Instruction, earlier: Instruction): boolean {
  if (!sameBase(later.args[0]!, earlier.args[0]!)) return false;
  const from = offsetOf(later);
  return from <= offsetOf(earlier) && offsetOf(earlier) + earlier.size <= from + later.size;
}

function isUnread(store: Instruction, loads: readonly Instruction[], alias: AliasAnalysis): boolean {
  return alias.isPrivate(store) && !loads.some((load) => alias.mayOverlap(store, load));
}
