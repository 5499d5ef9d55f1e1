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
import { equalNumbers } from '../lists.ts';

export function eliminateDeadCode(fn: IrFunction): boolean {
  const live = markFromEffects(fn);
  let changed = false;
  for (const { instructions } of fn.blocks) {
    let kept = 0;
    for (let n = 0; n < instructions.length; n++) {
      if (live[instructions[n]!.id] !== 0) instructions[kept++] = instructions[n]!;
    }
    if (kept === instructions.length) continue;
    instructions.length = kept;
    changed = true;
  }
  return changed;
}

/** By id: 1 for what has an effect, and for all that it needs. */
function markFromEffects(fn: IrFunction): readonly number[] {
  const live = equalNumbers(fn.valueLimit, 0);
  const work: Instruction[] = [];
  const mark = (instruction: Instruction): void => {
    if (live[instruction.id] !== 0) return;
    live[instruction.id] = 1;
    work.push(instruction);
  };
  for (const { instructions } of fn.blocks) {
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n]!;
      if (instruction.op === 'param' || hasEffect(instruction)) mark(instruction);
    }
  }
  for (let instruction = work.pop(); instruction !== undefined; instruction = work.pop()) {
    const { args } = instruction;
    for (let n = 0; n < args.length; n++) mark(args[n]!);
  }
  return live;
}
