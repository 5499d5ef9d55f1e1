/*
 * Liveness: which virtual registers are alive at the end of each block.
 *
 * The usual backward data flow over bit sets, in postorder until nothing changes. Real registers never live across block
 * boundaries, except into the entry, so they need no sets.
 */

import { FIRST_VIRTUAL } from '../encoder/operands.ts';
import type { MachineBlock, MachineFunction } from '../machine/types.ts';
import { RegisterScanner } from './scan.ts';

export interface Liveness {
  /** Words of 32 bits per set. Bit v - FIRST_VIRTUAL stands for virtual register v. */
  readonly words: number;
  /** The set of block n (by position in `fn.blocks`) starts at n * words. */
  readonly liveOut: Uint32Array;
}

export function computeLiveness(fn: MachineFunction): Liveness {
  const { blocks } = fn;
  const words = (fn.nextVirtual - FIRST_VIRTUAL + 31) >> 5;
  const generated = new Uint32Array(words * blocks.length);
  const killed = new Uint32Array(words * blocks.length);
  blocks.forEach((block, n) => scanBlock(block, generated, killed, n * words));
  const position = new Map(blocks.map((block, n) => [block, n]));
  const successors = blocks.map((block) => block.successors.map((successor) => position.get(successor)!));
  const liveIn = generated.slice();
  const liveOut = new Uint32Array(words * blocks.length);
  const order = postorder(successors);
  for (let changed = true; changed;) {
    changed = false;
    for (const n of order) {
      const at = n * words;
      for (const successor of successors[n]!) {
        for (let w = 0; w < words; w++) liveOut[at + w]! |= liveIn[successor * words + w]!;
      }
      for (let w = 0; w < words; w++) {
        const live = generated[at + w]! | (liveOut[at + w]! & ~killed[at + w]!);
        if (live >>> 0 === liveIn[at + w]) continue;
        liveIn[at + w] = live;
        changed = true;
      }
    }
  }
  return { words, liveOut };
}

/** What the block reads before writing, and what it writes. */
function scanBlock(block: MachineBlock, generated: Uint32Array, killed: Uint32Array, at: number): void {
  const scanner = new RegisterScanner();
  const { instructions } = block;
  for (let n = instructions.length - 1; n >= 0; n--) {
    scanner.scan(instructions[n]!);
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
}

function postorder(successors: readonly (readonly number[])[]): number[] {
  const seen = new Uint8Array(successors.length);
  const order: number[] = [];
  const stack: { block: number; next: number }[] = [];
  for (let root = 0; root < successors.length; root++) {
    if (seen[root] === 1) continue;
    seen[root] = 1;
    stack.push({ block: root, next: 0 });
    for (let top = stack[0]; top !== undefined; top = stack[stack.length - 1]) {
      const successor = successors[top.block]![top.next++];
      if (successor === undefined) {
        order.push(top.block);
        stack.pop();
      } else if (seen[successor] === 0) {
        seen[successor] = 1;
        stack.push({ block: successor, next: 0 });
      }
    }
  }
  return order;
}
