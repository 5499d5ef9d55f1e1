/*
 * The shape of a function: which blocks are reachable, in which order, and which dominate which.
 *
 * Dominators by iteration over reverse postorder (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm, 2001).
 * Numbering the tree in preorder makes "does a dominate b" two comparisons. What is computed here is a snapshot: who
 * changes edges computes it anew.
 */

import { equalNumbers } from '../lists.ts';
import type { Block, Instruction, IrFunction } from './types.ts';

/** The reachable blocks, each before its successors except along back edges. The entry is first. */
export function reversePostorder(fn: IrFunction): Block[] {
  const entry = fn.blocks[0];
  if (entry === undefined) return [];
  const order: Block[] = [];
  // a depth-first walk: the blocks that are being visited, and by id one more than how many of its successors a block
  // has sent the walk to, or 0 while the block was not met
  const open = [entry];
  const sent = equalNumbers(fn.blockLimit, 0);
  sent[entry.id] = 1;
  for (let top = 0; top >= 0;) {
    const block = open[top]!;
    const successor = block.successors[sent[block.id]!++ - 1];
    if (successor === undefined) {
      order.push(block);
      top--;
    } else if (sent[successor.id] === 0) {
      sent[successor.id] = 1;
      open[++top] = successor;
    }
  }
  return order.reverse();
}

/** By block id: 1 where control can come to; and how many of these there are. */
export function findReachable(fn: IrFunction): { isReachable: readonly number[]; count: number } {
  const isReachable = equalNumbers(fn.blockLimit, 0);
  const work = fn.blocks.slice(0, 1);
  let count = 0;
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (isReachable[block.id] === 1) continue;
    isReachable[block.id] = 1;
    count++;
    const { successors } = block;
    for (let n = 0; n < successors.length; n++) if (isReachable[successors[n]!.id] === 0) work.push(successors[n]!);
  }
  return { isReachable, count };
}

export class Dominators {
  /** The reachable blocks in reverse postorder. */
  readonly order: readonly Block[];
  /** By block id: position in `order`, or -1 where unreachable. */
  readonly #position: number[];
  /** By position: position of the immediate dominator; the entry's is itself. */
  readonly #parent: number[];
  /** By position: number in a preorder walk of the tree, and the highest number in the subtree. */
  readonly #first: number[];
  readonly #last: number[];
  /** The children of position n are the positions from #children[#firstChild[n]] up to #firstChild[n + 1]. */
  readonly #firstChild: number[];
  readonly #children: number[];
  #hasBackEdge = false;

  constructor(fn: IrFunction) {
    const order = reversePostorder(fn);
    this.order = order;
    this.#position = equalNumbers(fn.blockLimit, -1);
    for (let position = 0; position < order.length; position++) this.#position[order[position]!.id] = position;
    this.#parent = equalNumbers(order.length, -1);
    this.#first = equalNumbers(order.length, 0);
    this.#last = equalNumbers(order.length, 0);
    this.#firstChild = equalNumbers(order.length + 1, 0);
    this.#children = equalNumbers(order.length, 0);
    if (order.length === 0) return;
    this.#findParents();
    this.#number();
    this.#listChildren();
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

  /** Some edge goes back in the order: there are loops, or other cycles. */
  get hasBackEdge(): boolean {
    return this.#hasBackEdge;
  }

  /** The block number n of those that `block` dominates immediately; undefined if there are no more. */
  child(block: Block, n: number): Block | undefined {
    const position = this.#position[block.id]!;
    const at = this.#firstChild[position]! + n;
    return at < this.#firstChild[position + 1]! ? this.order[this.#children[at]!] : undefined;
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
    const size = equalNumbers(length, 1);
    for (let position = length - 1; position > 0; position--) {
      size[this.#parent[position]!]! += size[position]!;
    }
    this.#last[0] = length - 1;
    const free = equalNumbers(length, 1); // the next number within the subtree
    for (let position = 1; position < length; position++) {
      const parent = this.#parent[position]!;
      const first = free[parent]!;
      free[parent] = first + size[position]!;
      free[position] = first + 1;
      this.#first[position] = first;
      this.#last[position] = first + size[position]! - 1;
    }
  }

  #listChildren(): void {
    const { length } = this.order;
    const starts = this.#firstChild;
    for (let position = 1; position < length; position++) starts[this.#parent[position]! + 1]!++;
    for (let position = 0; position < length; position++) starts[position + 1]! += starts[position]!;
    const next = starts.slice();
    for (let position = 1; position < length; position++) this.#children[next[this.#parent[position]!]!++] = position;
  }
}

/** By value id: how often the value is an operand. */
export function countUses(fn: IrFunction): number[] {
  const uses = equalNumbers(fn.valueLimit, 0);
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
  readonly #first: number[];
  readonly #next: number[];
  readonly #users: Instruction[];
  #count = 1;

  constructor(fn: IrFunction) {
    const { blocks } = fn;
    let operands = 0;
    for (let b = 0; b < blocks.length; b++) {
      const { instructions } = blocks[b]!;
      for (let i = 0; i < instructions.length; i++) operands += instructions[i]!.args.length;
    }
    this.#first = equalNumbers(fn.valueLimit, 0);
    this.#next = new Array<number>(operands + 1);
    this.#users = new Array<Instruction>(operands + 1);
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
    const entry = this.#count++;
    this.#users[entry] = user;
    this.#next[entry] = this.#first[id]!;
    this.#first[id] = entry;
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
