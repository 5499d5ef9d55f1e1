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
    const dead = findDead(block.instructions, loads, alias);
    if (dead.length === 0) continue;
    block.instructions = block.instructions.filter((instruction) => !dead.includes(instruction));
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

function findDead(
  instructions: readonly Instruction[],
  loads: readonly Instruction[],
  alias: AliasAnalysis,
): readonly Instruction[] {
  /** Stores further down, before which nobody looks. */
  const coming: Instruction[] = [];
  const dead: Instruction[] = [];
  for (let i = instructions.length - 1; i >= 0; i--) {
    const instruction = instructions[i]!;
    if (!isPlainStore(instruction)) {
      if (coming.length > 0) look(instruction, coming, alias);
    } else if (isCovered(instruction, coming) || isUnread(instruction, loads, alias)) {
      dead.push(instruction);
    } else {
      coming.push(instruction);
    }
  }
  return dead;
}

/** Leaves in `coming` what is left of it above an instruction. */
function look(instruction: Instruction, coming: Instruction[], alias: AliasAnalysis): void {
  let kept = coming.length;
  if (instruction.isVolatile || isTerminator(instruction.op) || mayTrap(instruction)) {
    kept = 0;
  } else if (instruction.op === 'load') {
    kept = 0;
    for (let n = 0; n < coming.length; n++) {
      if (!alias.mayOverlap(coming[n]!, instruction)) coming[kept++] = coming[n]!;
    }
  } else if (readsMemory(instruction)) {
    kept = 0;
  }
  if (kept < coming.length) coming.length = kept;
}

function isCovered(store: Instruction, coming: readonly Instruction[]): boolean {
  for (let n = 0; n < coming.length; n++) if (covers(coming[n]!, store)) return true;
  return false;
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
