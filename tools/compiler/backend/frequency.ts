/*
 * A guess at how often each block runs: ten times as often per level of loops, rarely where the front end says `isCold`
 * or where control only goes to trap.
 *
 * Loops are natural loops (../ir/loops.ts); those with the same header are one.
 */

import type { Dominators } from '../ir/graph.ts';
import { findLoops } from '../ir/loops.ts';
import type { Block, IrFunction } from '../ir/types.ts';
import { equalNumbers } from '../lists.ts';

const perLevel = 10;
const deepest = 5;
const cold = 0.01;

/** By block id: executions per execution of the entry. */
export function estimateFrequencies(fn: IrFunction, dominators: Dominators): Float64Array {
  const depth = equalNumbers(fn.blockLimit, 0);
  for (const { blocks } of findLoops(dominators)) for (const { id } of blocks) depth[id]!++;
  const frequencies = new Float64Array(fn.blockLimit);
  const { order } = dominators;
  for (let n = 0; n < order.length; n++) {
    const { id } = order[n]!;
    frequencies[id] = perLevel ** Math.min(depth[id]!, deepest) * (isUnlikely(order[n]!) ? cold : 1);
  }
  return frequencies;
}

function isUnlikely(block: Block): boolean {
  return block.isCold || block.terminator?.op === 'unreachable';
}
