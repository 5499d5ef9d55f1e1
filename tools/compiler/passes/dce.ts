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
  const { blocks } = fn;
  for (let b = 0; b < blocks.length; b++) {
    const { instructions } = blocks[b]!;
    let kept = 0;
    for (let n = 0; n < instructions.length; n++) {
      if (live[instructions[n]!.id] === 1) instructions[kept++] = instructions[n]!;
    }
    if (kept === instructions.length) continue;
    instructions.length = kept;
    changed = true;
  }
  return changed;
}

/** Has been looked at, and nobody was known to need it. */
const PASSED = 2;

/** By id: 1 for what has an effect, and for all that it needs. */
function markFromEffects({ blocks, valueLimit }: IrFunction): readonly number[] {
  // going backwards: users stand mostly after what they use, so that few are marked when they have been passed
  const live = equalNumbers(valueLimit, 0);
  const work: Instruction[] = [];
  for (let b = blocks.length - 1; b >= 0; b--) {
    const { instructions } = blocks[b]!;
    for (let n = instructions.length - 1; n >= 0; n--) {
      const instruction = instructions[n]!;
      if (live[instruction.id] === 0 && instruction.op !== 'param' && !hasEffect(instruction)) {
        live[instruction.id] = PASSED;
        continue;
      }
      live[instruction.id] = 1;
      markOperands(instruction, live, work);
    }
  }
  for (let instruction = work.pop(); instruction !== undefined; instruction = work.pop()) {
    markOperands(instruction, live, work);
  }
  return live;
}

/** Those that have been passed come to `work`; the others will be met. */
function markOperands({ args }: Instruction, live: number[], work: Instruction[]): void {
  for (let n = 0; n < args.length; n++) {
    const { id } = args[n]!;
    if (live[id] === PASSED) work.push(args[n]!);
    live[id] = 1;
  }
}
