/*
 * Dead code elimination.
 *
 * Needs: SSA form. Guarantees: every remaining value is used, or its instruction has an effect. Keeps the blocks.
 *
 *   before  %1 = add %0, %0         after  return %0
 *           %2 = load u32 [%1]
 *           return %0
 *
 * Mark from the effects, sweep the rest: phis that use only each other go too, which counting uses would miss. A plain
 * load has no effect; a volatile one has, and so has a division that may trap. Params stay: they are the signature.
 */

import { hasEffect } from '../ir/effects.ts';
import type { Instruction, IrFunction } from '../ir/types.ts';

export function eliminateDeadCode(fn: IrFunction): boolean {
  const live = markFromEffects(fn);
  let changed = false;
  for (const { instructions } of fn.blocks) {
    let kept = 0;
    for (const instruction of instructions) {
      if (live[instruction.id] !== 0) instructions[kept++] = instruction;
    }
    if (kept === instructions.length) continue;
    instructions.length = kept;
    changed = true;
  }
  return changed;
}

/** By id: 1 for what has an effect, and for all that it needs. */
function markFromEffects(fn: IrFunction): Uint8Array {
  const live = new Uint8Array(fn.valueLimit);
  const work: Instruction[] = [];
  const mark = (instruction: Instruction): void => {
    if (live[instruction.id] !== 0) return;
    live[instruction.id] = 1;
    work.push(instruction);
  };
  for (const block of fn.blocks) {
    for (const instruction of block.instructions) {
      if (instruction.op === 'param' || hasEffect(instruction)) mark(instruction);
    }
  }
  for (let instruction = work.pop(); instruction !== undefined; instruction = work.pop())
    instruction.args.forEach(mark);
  return live;
}
