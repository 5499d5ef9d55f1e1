/*
 * Liveness: which virtual registers are alive at the end of each block.
 *
 * The usual backward data flow over bit sets, in postorder until nothing changes. Real registers never live across block
 * boundaries, except into the entry, so they need no sets.
 */

import { equalNumbers } from '../../lists.ts';
import { FIRST_VIRTUAL } from '../encoder/operands.ts';
import type { MachineBlock, MachineFunction } from '../machine/types.ts';
import type { RegisterScanner } from './scan.ts';

export interface Liveness {
  /** Words of 32 bits per set. Bit v - FIRST_VIRTUAL stands for virtual register v. */
  readonly words: number;
  /** The set of block n (by position in `fn.blocks`) starts at n * words. */
  readonly liveOut: readonly number[];
  /** The real registers that some instruction writes, as bits. */
  readonly fixedDefs: number;
}

export function computeLiveness(fn: MachineFunction, scanner: RegisterScanner): Liveness {
  const { blocks } = fn;
  const words = (fn.nextVirtual - FIRST_VIRTUAL + 31) >> 5;
  const liveIn = equalNumbers(words * blocks.length, 0);
  const killed = equalNumbers(words * blocks.length, 0);
  const liveOut = equalNumbers(words * blocks.length, 0);
  let fixedDefs = 0;
  for (let n = 0; n < blocks.length; n++) fixedDefs |= scanBlock(blocks[n]!, scanner, liveIn, killed, n * words);
  const position = positionsById(fn);
  const { hasCycle, order } = postorder(blocks, position);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 0; i < order.length; i++) {
      const block = blocks[order[i]!]!;
      const at = order[i]! * words;
      for (let n = 0, next = block.successor(0); next !== undefined; next = block.successor(++n)) {
        const from = position[next.id]! * words;
        for (let w = 0; w < words; w++) liveOut[at + w]! |= liveIn[from + w]!;
      }
      for (let w = 0; w < words; w++) {
        const live = liveIn[at + w]! | (liveOut[at + w]! & ~killed[at + w]!);
        if (live === liveIn[at + w]) continue;
        liveIn[at + w] = live;
        changed = hasCycle; // else what follows each block was settled before it
      }
    }
  }
  return { words, liveOut, fixedDefs };
}

/** Notes what the block reads before writing, and what it writes. Gives the real registers that it writes, as bits. */
function scanBlock(
  { instructions }: MachineBlock,
  scanner: RegisterScanner,
  generated: number[],
  killed: number[],
  at: number,
): number {
  let fixedDefs = 0;
  for (let n = instructions.length - 1; n >= 0; n--) {
    scanner.scan(instructions[n]!);
    fixedDefs |= scanner.fixedDefs;
    for (let d = 0; d < scanner.defCount; d++) {
      const bit = scanner.defs[d]! - FIRST_VIRTUAL;
      generated[at + (bit >> 5)]! &= ~(1 << (bit & 31));
      killed[at + (bit >> 5)]! |= 1 << (bit & 31);
    }
    for (let u = 0; u < scanner.useCount; u++) {
      const bit = scanner.uses[u]! - FIRST_VIRTUAL;
      generated[at + (bit >> 5)]! |= 1 << (bit & 31);
    }
  }
  return fixedDefs;
}

/** By id of a block: its position in the list. */
function positionsById({ blockLimit, blocks }: MachineFunction): readonly number[] {
  const position = equalNumbers(blockLimit, -1);
  for (let n = 0; n < blocks.length; n++) position[blocks[n]!.id] = n;
  return position;
}

/**
 * The positions of the blocks in postorder, those that are not reachable included. Also tells whether there is an edge to a
 * block that is not before its source in that order.
 */
function postorder(
  blocks: readonly MachineBlock[],
  position: readonly number[],
): { order: readonly number[]; hasCycle: boolean } {
  // by position: one more than how many of its successors are done, 0 while it was not met, -1 when it is done itself
  const next = equalNumbers(blocks.length, 0);
  const order = equalNumbers(blocks.length, 0);
  // the blocks that are being visited
  const open = equalNumbers(blocks.length, 0);
  let done = 0;
  let hasCycle = false;
  for (let root = 0; root < blocks.length; root++) {
    if (next[root] !== 0) continue;
    next[root] = 1;
    open[0] = root;
    for (let top = 0; top >= 0;) {
      const block = open[top]!;
      const successor = blocks[block]!.successor(next[block]!++ - 1);
      if (successor === undefined) {
        order[done++] = block;
        next[block] = -1;
        top--;
        continue;
      }
      const to = position[successor.id]!;
      if (next[to]! > 0) hasCycle = true;
      if (next[to] !== 0) continue;
      next[to] = 1;
      open[++top] = to;
    }
  }
  return { order, hasCycle };
}
