/*
 * The shape of a function: which blocks are reachable, in which order, and which dominate which.
 *
 * Dominators by iteration over reverse postorder (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm, 2001).
 * Numbering the tree in preorder makes "does a dominate b" two comparisons. What is computed here is a snapshot: who
 * changes edges computes it anew.
 */

import type { Block, Instruction, IrFunction } from './types.ts';

/** The reachable blocks, each before its successors except along back edges. The entry is first. */
export function reversePostorder(fn: IrFunction): Block[] {
  const entry = fn.blocks[0];
  if (entry === undefined) return [];
  const seen = new Uint8Array(fn.blockLimit);
  const order: Block[] = [];
  // a depth-first walk: the blocks that are being visited, their successors, and how many of these are done
  const open = [entry];
  const targets = [entry.successors];
  const done = [0];
  seen[entry.id] = 1;
  for (let top = 0; top >= 0;) {
    const successor = targets[top]![done[top]!++];
    if (successor === undefined) {
      order.push(open[top]!);
      top--;
    } else if (seen[successor.id] === 0) {
      seen[successor.id] = 1;
      top++;
      open[top] = successor;
      targets[top] = successor.successors;
      done[top] = 0;
    }
  }
  return order.reverse();
}

export class Dominators {
  /** The reachable blocks in reverse postorder. */
  readonly order: readonly Block[];
  /** By block id: position in `order`, or -1 where unreachable. */
  readonly #position: Int32Array;
  /** By position: position of the immediate dominator; the entry's is itself. */
  readonly #parent: Int32Array;
  /** By position: number in a preorder walk of the tree, and the highest number in the subtree. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #children: Block[][];

  constructor(fn: IrFunction) {
    this.order = reversePostorder(fn);
    this.#position = new Int32Array(fn.blockLimit).fill(-1);
    this.order.forEach((block, position) => (this.#position[block.id] = position));
    this.#parent = new Int32Array(this.order.length).fill(-1);
    this.#first = new Int32Array(this.order.length);
    this.#last = new Int32Array(this.order.length);
    this.#children = this.order.map(() => []);
    this.#findParents();
    this.#number();
  }

  isReachable(block: Block): boolean {
    return this.#position[block.id] !== -1;
  }

  /** Position in reverse postorder; -1 where unreachable. */
  position(block: Block): number {
    return this.#position[block.id]!;
  }

  /** Null for the entry. The block must be reachable. */
  immediateDominator(block: Block): Block | null {
    const position = this.#position[block.id]!;
    return position === 0 ? null : this.order[this.#parent[position]!]!;
  }

  /** The blocks that `block` dominates immediately. */
  children(block: Block): readonly Block[] {
    return this.#children[this.#position[block.id]!]!;
  }

  /** Every block dominates itself. Both must be reachable. */
  dominates(a: Block, b: Block): boolean {
    const above = this.#position[a.id]!;
    const below = this.#position[b.id]!;
    return this.#first[above]! <= this.#first[below]! && this.#first[below]! <= this.#last[above]!;
  }

  /** By block id: the blocks where the dominance of the block ends (its successors' joins). */
  frontiers(): Block[][] {
    const frontiers: Block[][] = Array.from({ length: this.#position.length }, () => []);
    for (const block of this.order) {
      if (block.predecessors.length < 2) continue;
      const end = this.#parent[this.position(block)]!;
      for (const predecessor of block.predecessors) {
        let runner = this.position(predecessor);
        while (runner !== -1 && runner !== end) {
          const frontier = frontiers[this.order[runner]!.id]!;
          if (frontier[frontier.length - 1] !== block) frontier.push(block);
          runner = this.#parent[runner]!;
        }
      }
    }
    return frontiers;
  }

  #findParents(): void {
    if (this.order.length > 0) this.#parent[0] = 0;
    for (let changed = true; changed;) {
      changed = false;
      for (let position = 1; position < this.order.length; position++) {
        const parent = this.#commonDominator(this.order[position]!);
        if (parent === this.#parent[position]) continue;
        this.#parent[position] = parent;
        changed = true;
      }
    }
  }

  #commonDominator(block: Block): number {
    let common = -1;
    for (const predecessor of block.predecessors) {
      const position = this.#position[predecessor.id]!;
      if (position === -1 || this.#parent[position] === -1) continue;
      common = common === -1 ? position : this.#intersect(common, position);
    }
    return common;
  }

  #intersect(a: number, b: number): number {
    while (a !== b) {
      while (a > b) a = this.#parent[a]!;
      while (b > a) b = this.#parent[b]!;
    }
    return a;
  }

  #number(): void {
    for (let position = 1; position < this.order.length; position++) {
      this.#children[this.#parent[position]!]!.push(this.order[position]!);
    }
    let number = 0;
    const stack = this.order.length === 0 ? [] : [0];
    const preorder: number[] = [];
    for (let position = stack.pop(); position !== undefined; position = stack.pop()) {
      this.#first[position] = this.#last[position] = number++;
      preorder.push(position);
      for (const child of this.#children[position]!) stack.push(this.position(child));
    }
    for (const position of preorder.reverse()) {
      const parent = this.#parent[position]!;
      this.#last[parent] = Math.max(this.#last[parent]!, this.#last[position]!);
    }
  }
}

/** By value id: how often the value is an operand. */
export function countUses(fn: IrFunction): Int32Array {
  const uses = new Int32Array(fn.valueLimit);
  for (const block of fn.blocks) {
    for (const instruction of block.instructions) {
      for (const operand of instruction.args) uses[operand.id]!++;
    }
  }
  return uses;
}

/** For each value, the instructions that have it as an operand. */
export class Users {
  /** The users of the value number n stand from #start[n] up to #start[n + 1]. */
  readonly #start: Int32Array;
  readonly #users: Instruction[];

  constructor(fn: IrFunction) {
    const uses = countUses(fn);
    this.#start = new Int32Array(fn.valueLimit + 1);
    for (let id = 0; id < uses.length; id++) this.#start[id + 1] = this.#start[id]! + uses[id]!;
    const next = this.#start.slice();
    this.#users = new Array<Instruction>(this.#start[uses.length]!);
    for (const block of fn.blocks) {
      for (const instruction of block.instructions) {
        for (const operand of instruction.args) this.#users[next[operand.id]!++] = instruction;
      }
    }
  }

  /** Whether all users pass the test. */
  every(value: Instruction, test: (user: Instruction) => boolean): boolean {
    const end = this.#start[value.id + 1]!;
    for (let i = this.#start[value.id]!; i < end; i++) if (!test(this.#users[i]!)) return false;
    return true;
  }

  /** Calls `visit` for each user, once for each operand. */
  forEach(value: Instruction, visit: (user: Instruction) => void): void {
    const end = this.#start[value.id + 1]!;
    for (let i = this.#start[value.id]!; i < end; i++) visit(this.#users[i]!);
  }
}
