/*
 * A guess at how often each block runs: ten times as often per level of loops, rarely where the front end says `isCold`
 * or where control only goes to trap.
 *
 * Loops are natural loops: a back edge goes to a block that dominates its source, and the loop is what reaches the back
 * edge without passing the block that it goes to.
 */

import { Dominators } from '../ir/graph.ts';
import type { Block, IrFunction } from '../ir/types.ts';
import { equalNumbers } from '../lists.ts';

const perLevel = 10;
const deepest = 5;
const cold = 0.01;

/** By block id: executions per execution of the entry. `order` is the reachable blocks in reverse postorder. */
export function estimateFrequencies(fn: IrFunction, order: readonly Block[]): Float64Array {
  const depth = loopDepths(fn, order);
  const frequencies = new Float64Array(fn.blockLimit);
  for (const block of order) {
    frequencies[block.id] = perLevel ** Math.min(depth[block.id]!, deepest) * (isUnlikely(block) ? cold : 1);
  }
  return frequencies;
}

function isUnlikely(block: Block): boolean {
  return block.isCold || block.terminator?.op === 'unreachable';
}

function loopDepths(fn: IrFunction, order: readonly Block[]): readonly number[] {
  const depth = equalNumbers(fn.blockLimit, 0);
  if (!hasBackEdge(fn, order)) return depth;
  const dominators = new Dominators(fn);
  for (const header of order) {
    const latches = header.predecessors.filter(
      (block) => dominators.isReachable(block) && dominators.dominates(header, block),
    );
    if (latches.length === 0) continue;
    for (const block of loopBody(header, latches)) depth[block.id]!++;
  }
  return depth;
}

function hasBackEdge(fn: IrFunction, order: readonly Block[]): boolean {
  const seen = equalNumbers(fn.blockLimit, 0);
  for (let b = 0; b < order.length; b++) {
    const { id, successors } = order[b]!;
    seen[id] = 1;
    for (let n = 0; n < successors.length; n++) if (seen[successors[n]!.id] === 1) return true;
  }
  return false;
}

function loopBody(header: Block, latches: readonly Block[]): Set<Block> {
  const body = new Set([header, ...latches]);
  const work = latches.filter((block) => block !== header);
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    for (const predecessor of block.predecessors) {
      if (body.has(predecessor)) continue;
      body.add(predecessor);
      work.push(predecessor);
    }
  }
  return body;
}
