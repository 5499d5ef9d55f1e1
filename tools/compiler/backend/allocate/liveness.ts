/*
 * Liveness: which virtual registers are alive at the end of each block.
 *
 * The usual backward data flow over bit sets, in postorder until nothing changes. Real registers never live across block
 * boundaries, except into the entry, so they need no sets.
 */

import { equalNumbers } from '../../lists.ts';
import { FIRST_VIRTUAL } from '../encoder/operands.ts';
import type { MachineBlock, MachineFunction } from '../machine/types.ts';
import { RegisterScanner } from './scan.ts';

export interface Liveness {
  /** Words of 32 bits per set. Bit v - FIRST_VIRTUAL stands for virtual register v. */
  readonly words: number;
  /** The set of block n (by position in `fn.blocks`) starts at n * words. */
  readonly liveOut: Uint32Array;
  /** The real registers that some instruction writes, as bits. */
  readonly fixedDefs: number;
}

export function computeLiveness(fn: MachineFunction): Liveness {
  const { blocks } = fn;
  const words = (fn.nextVirtual - FIRST_VIRTUAL + 31) >> 5;
  const liveIn = new Uint32Array(words * blocks.length);
  const killed = new Uint32Array(words * blocks.length);
  const liveOut = new Uint32Array(words * blocks.length);
  const scanner = new RegisterScanner();
  let fixedDefs = 0;
  for (let n = 0; n < blocks.length; n++) fixedDefs |= scanBlock(blocks[n]!, scanner, liveIn, killed, n * words);
  const successors = successorsByPosition(blocks);
  const { hasCycle, order } = postorder(successors);
  for (let changed = true; changed;) {
    changed = false;
    for (const n of order) {
      const at = n * words;
      const next = successors[n]!;
      for (let i = 0; i < next.length; i++) {
        const from = next[i]! * words;
        for (let w = 0; w < words; w++) liveOut[at + w]! |= liveIn[from + w]!;
      }
      for (let w = 0; w < words; w++) {
        const live = (liveIn[at + w]! | (liveOut[at + w]! & ~killed[at + w]!)) >>> 0;
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
  generated: Uint32Array,
  killed: Uint32Array,
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

/** Of each block the successors; blocks are told by their positions in the list. */
function successorsByPosition(blocks: readonly MachineBlock[]): number[][] {
  const position: number[] = []; // by id
  for (let n = 0; n < blocks.length; n++) position[blocks[n]!.id] = n;
  return blocks.map(({ exit }) => {
    switch (exit.kind) {
      case 'jump':
        return [position[exit.target.id]!];
      case 'branch':
        return [position[exit.ifTrue.id]!, position[exit.ifFalse.id]!];
      case 'table':
        return exit.targets.map(({ id }) => position[id]!);
      case 'none':
        return [];
    }
  });
}

/** Also tells whether there is an edge to a block that is not before its source in that order. */
function postorder(successors: readonly (readonly number[])[]): { order: number[]; hasCycle: boolean } {
  const seen = equalNumbers(successors.length, 0);
  const isDone = equalNumbers(successors.length, 0);
  const order: number[] = [];
  let hasCycle = false;
  // the blocks that are being visited, and how many of their successors are done
  const open: number[] = [];
  const next: number[] = [];
  for (let root = 0; root < successors.length; root++) {
    if (seen[root] === 1) continue;
    seen[root] = 1;
    open[0] = root;
    next[0] = 0;
    for (let top = 0; top >= 0;) {
      const block = open[top]!;
      const successor = successors[block]![next[top]!++];
      if (successor === undefined) {
        order.push(block);
        isDone[block] = 1;
        top--;
      } else if (seen[successor] === 0) {
        seen[successor] = 1;
        top++;
        open[top] = successor;
        next[top] = 0;
      } else if (isDone[successor] === 0) {
        hasCycle = true;
      }
    }
  }
  return { order, hasCycle };
}
