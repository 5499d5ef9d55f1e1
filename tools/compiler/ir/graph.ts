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

/** Most blocks dominate no others: they share this. */
const noBlocks = Object.freeze<Block[]>([]) as Block[];

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
  #hasBackEdge = false;

  constructor(fn: IrFunction) {
    const order = reversePostorder(fn);
    this.order = order;
    this.#position = new Int32Array(fn.blockLimit).fill(-1);
    for (let position = 0; position < order.length; position++) this.#position[order[position]!.id] = position;
    this.#parent = new Int32Array(order.length).fill(-1);
    this.#first = new Int32Array(order.length);
    this.#last = new Int32Array(order.length);
    this.#children = new Array<Block[]>(order.length).fill(noBlocks);
    if (order.length === 0) return;
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
    this.#parent[0] = 0;
    for (let changed = true; changed;) {
      changed = false;
      for (let position = 1; position < this.order.length; position++) {
        const parent = this.#commonDominator(this.order[position]!, position);
        if (parent === this.#parent[position]) continue;
        this.#parent[position] = parent;
        changed = this.#hasBackEdge; // else all that a block depends on was settled before it
      }
    }
  }

  #commonDominator({ predecessors }: Block, own: number): number {
    let common = -1;
    for (let n = 0; n < predecessors.length; n++) {
      const position = this.#position[predecessors[n]!.id]!;
      if (position >= own) this.#hasBackEdge = true;
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

  /** Numbers the tree. In `order` parents stand before their children, so walks over it do. */
  #number(): void {
    const { length } = this.order;
    const size = new Int32Array(length).fill(1);
    for (let position = length - 1; position > 0; position--) {
      size[this.#parent[position]!]! += size[position]!;
    }
    this.#last[0] = length - 1;
    const free = new Int32Array(length).fill(1); // the next number within the subtree
    for (let position = 1; position < length; position++) {
      const parent = this.#parent[position]!;
      const first = free[parent]!;
      free[parent] = first + size[position]!;
      free[position] = first + 1;
      this.#first[position] = first;
      this.#last[position] = first + size[position]! - 1;
      this.#addChild(parent, this.order[position]!);
    }
  }

  #addChild(parent: number, child: Block): void {
    const children = this.#children[parent]!;
    if (children.length === 0) this.#children[parent] = [child];
    else children.push(child);
  }
}

/** By value id: how often the value is an operand. */
export function countUses(fn: IrFunction): Int32Array {
  const uses = new Int32Array(fn.valueLimit);
  const { blocks } = fn;
  for (let b = 0; b < blocks.length; b++) {
    const { instructions } = blocks[b]!;
    for (let i = 0; i < instructions.length; i++) {
      const { args } = instructions[i]!;
      for (let n = 0; n < args.length; n++) uses[args[n]!.id]!++;
    }
  }
  return uses;
}

/** For each value, the instructions that have it as an operand, once for each operand. */
export class Users {
  /** The users of a value form a list: it starts at entry number #first[id] and goes on at #next[entry], up to 0. */
  readonly #first: Int32Array;
  readonly #next: number[] = [0];
  readonly #users: (Instruction | null)[] = [null];

  constructor(fn: IrFunction) {
    this.#first = new Int32Array(fn.valueLimit);
    const { blocks } = fn;
    for (let b = 0; b < blocks.length; b++) {
      const { instructions } = blocks[b]!;
      for (let i = 0; i < instructions.length; i++) {
        const { args } = instructions[i]!;
        for (let n = 0; n < args.length; n++) this.add(args[n]!, instructions[i]!);
      }
    }
  }

  /** Notes an operand more. The value must have been there from the beginning. */
  add({ id }: Instruction, user: Instruction): void {
    this.#next.push(this.#first[id]!);
    this.#first[id] = this.#users.push(user) - 1;
  }

  /** Whether all users pass the test. */
  every({ id }: Instruction, test: (user: Instruction) => boolean): boolean {
    for (let entry = this.#first[id]!; entry !== 0; entry = this.#next[entry]!) {
      if (!test(this.#users[entry]!)) return false;
    }
    return true;
  }

  /** Calls `visit` for each user. */
  forEach({ id }: Instruction, visit: (user: Instruction) => void): void {
    for (let entry = this.#first[id]!; entry !== 0; entry = this.#next[entry]!) visit(this.#users[entry]!);
  }
}
