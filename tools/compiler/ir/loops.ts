/*
 * The natural loops of a function: a header that dominates an edge back to itself, and the blocks on the way.
 *
 * Loops with the same header are one. Control flow that jumps into the middle of a cycle forms no natural loop; such
 * cycles are reported by `isReducible`, for passes that must know all cycles.
 */

import type { Dominators } from './graph.ts';
import type { Block } from './types.ts';

export interface Loop {
  readonly header: Block;
  /** The predecessors of the header inside the loop. */
  readonly latches: readonly Block[];
  /** All blocks, those of inner loops and the header included. */
  readonly blocks: ReadonlySet<Block>;
}

/** Inner loops come before the loops that contain them. */
export function findLoops(dominators: Dominators): Loop[] {
  const loops: Loop[] = [];
  if (!dominators.hasBackEdge) return loops;
  for (let position = dominators.order.length - 1; position >= 0; position--) {
    const header = dominators.order[position]!;
    const latches = latchesOf(header, position, dominators);
    if (latches.length > 0) loops.push({ header, latches, blocks: collectBlocks(header, latches) });
  }
  return loops;
}

const none: readonly Block[] = [];

/** The predecessors of the block at `position` that it dominates; they are no less far on in the order. */
function latchesOf(header: Block, position: number, dominators: Dominators): readonly Block[] {
  const { predecessors } = header;
  let latches = none;
  for (let n = 0; n < predecessors.length; n++) {
    const block = predecessors[n]!;
    if (dominators.position(block) < position || !dominators.dominates(header, block)) continue;
    latches = latches === none ? [block] : [...latches, block];
  }
  return latches;
}

/** Every edge that goes back in reverse postorder goes back to a dominator. */
export function isReducible(dominators: Dominators): boolean {
  const { order } = dominators;
  for (let position = 0; position < order.length; position++) {
    const block = order[position]!;
    const { successors } = block;
    for (let n = 0; n < successors.length; n++) {
      const target = successors[n]!;
      if (dominators.position(target) <= position && !dominators.dominates(target, block)) return false;
    }
  }
  return true;
}

function collectBlocks(header: Block, latches: readonly Block[]): Set<Block> {
  const blocks = new Set([header]);
  const work = latches.slice();
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (blocks.has(block)) continue;
    blocks.add(block);
    const { predecessors } = block;
    for (let n = 0; n < predecessors.length; n++) if (!blocks.has(predecessors[n]!)) work.push(predecessors[n]!);
  }
  return blocks;
}
