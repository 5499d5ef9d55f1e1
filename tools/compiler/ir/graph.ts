/*
 * The shape of a function: which blocks are reachable, in which order, and which dominate which.
 *
 * Dominators by iteration over reverse postorder (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm, 2001).
 * Numbering the tree in preorder makes "does a dominate b" two comparisons. What is computed here is a snapshot: who
 * changes edges computes it anew.
 */

import { equalNumbers } from '../lists.ts';
import type { Block, Instruction, IrFunction } from './types.ts';

/**
 * The reachable blocks, each before its successors except along back edges. The entry is first. `sent` has -1 for each block by
 * id; it is left to tell which of them were met.
 *
 * A depth-first walk: `sent` counts the successors of a block that the walk was sent to. The blocks that are being visited
 * stand at the beginning of one list, those that are done at its end: together they are never more than there are.
 */
function reversePostorder({ blocks }: IrFunction, sent: number[]): Block[] {
  const entry = blocks[0];
  if (entry === undefined) return [];
  const list = blocks.slice();
  let firstDone = list.length;
  sent[entry.id] = 0;
  for (let top = 0; top >= 0;) {
    const block = list[top]!;
    const successor = block.successors[sent[block.id]!++];
    if (successor === undefined) {
      top--;
      list[--firstDone] = block;
    } else if (sent[successor.id] === -1) {
      sent[successor.id] = 0;
      list[++top] = successor;
    }
  }
  return firstDone === 0 ? list : list.slice(firstDone);
}

/** By block id: 0 where control cannot come to; and how many blocks it can come to. */
export function findReachable({ blockLimit, blocks }: IrFunction): { isReachable: readonly number[]; count: number } {
  const isReachable = equalNumbers(blockLimit, 0);
  if (blocks.length === 0) return { isReachable, count: 0 };
  isReachable[blocks[0]!.id] = 1;
  let count = 1;
  // blocks stand mostly before their successors, so that there is little left for a second round
  for (let done = 0; done < count;) {
    for (let b = 0; b < blocks.length; b++) {
      const { id, successors } = blocks[b]!;
      if (isReachable[id] !== 1) continue;
      isReachable[id] = 2; // its successors are known
      done++;
      for (let n = 0; n < successors.length; n++) {
        if (isReachable[successors[n]!.id] !== 0) continue;
        isReachable[successors[n]!.id] = 1;
        count++;
      }
    }
  }
  return { isReachable, count };
}

/** What most blocks have for a frontier. */
const none: Block[] = [];

export class Dominators {
  /** The reachable blocks in reverse postorder. */
  readonly order: readonly Block[];
  /** By block id: position in `order`, or -1 where unreachable. */
  readonly #position: number[];
  /** By position: position of the immediate dominator; the entry's is itself. */
  readonly #parent: number[];
  /** By position: number in a preorder walk of the tree, and the highest number in the subtree; empty until asked for. */
  #first: number[] = [];
  #last: number[] = [];
  /** By position: the first child, and the next one of the same parent, or -1; empty until asked for. */
  #firstChild: number[] = [];
  #nextSibling: number[] = [];
  #hasBackEdge = false;

  constructor(fn: IrFunction) {
    this.#position = equalNumbers(fn.blockLimit, -1);
    const order = reversePostorder(fn, this.#position);
    this.order = order;
    for (let position = 0; position < order.length; position++) this.#position[order[position]!.id] = position;
    this.#parent = equalNumbers(order.length, -1);
    if (order.length > 0) this.#findParents();
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

  /** The first of the blocks that `block` dominates immediately, in reverse postorder; undefined if there are none. */
  firstChild(block: Block): Block | undefined {
    if (this.#firstChild.length === 0) this.#listChildren();
    return this.#at(this.#firstChild[this.#position[block.id]!]!);
  }

  /** The next block with the same immediate dominator. For what firstChild or this has given. */
  nextSibling(block: Block): Block | undefined {
    return this.#at(this.#nextSibling[this.#position[block.id]!]!);
  }

  #at(position: number): Block | undefined {
    return position === -1 ? undefined : this.order[position];
  }

  /** Every block dominates itself. Both must be reachable. */
  dominates(a: Block, b: Block): boolean {
    if (this.#first.length === 0) this.#number();
    const above = this.#position[a.id]!;
    const below = this.#position[b.id]!;
    return this.#first[above]! <= this.#first[below]! && this.#first[below]! <= this.#last[above]!;
  }

  /** By block id: the blocks where the dominance of the block ends (its successors' joins). */
  frontiers(): (readonly Block[])[] {
    const frontiers = new Array<Block[]>(this.#position.length).fill(none);
    for (const block of this.order) {
      if (block.predecessors.length < 2) continue;
      const end = this.#parent[this.position(block)]!;
      for (const predecessor of block.predecessors) {
        let runner = this.position(predecessor);
        while (runner !== -1 && runner !== end) {
          const { id } = this.order[runner]!;
          const frontier = frontiers[id]!;
          if (frontier === none) frontiers[id] = [block];
          else if (frontier[frontier.length - 1] !== block) frontier.push(block);
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
    this.#first = equalNumbers(length, 0);
    this.#last = size; // each is looked at once more, and is replaced then
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
    this.#firstChild = equalNumbers(length, -1);
    this.#nextSibling = equalNumbers(length, -1);
    for (let position = length - 1; position > 0; position--) {
      const parent = this.#parent[position]!;
      this.#nextSibling[position] = this.#firstChild[parent]!;
      this.#firstChild[parent] = position;
    }
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

/** For each value that somebody may ask about, the instructions that have it as an operand, once for each operand. */
export class Users {
  /** The users of a value form a list: it starts at entry number #first[id] and goes on at #next[entry], up to 0. */
  readonly #first: number[];
  readonly #next = [0];
  readonly #users: (Instruction | null)[] = [null];

  constructor({ blocks, valueLimit }: IrFunction, isAskedAbout: (value: Instruction) => boolean) {
    this.#first = equalNumbers(valueLimit, 0);
    for (let b = 0; b < blocks.length; b++) {
      const { instructions } = blocks[b]!;
      for (let i = 0; i < instructions.length; i++) {
        const { args } = instructions[i]!;
        for (let n = 0; n < args.length; n++) if (isAskedAbout(args[n]!)) this.add(args[n]!, instructions[i]!);
      }
    }
  }

  /** Notes an operand more. The value must have been there from the beginning. */
  add({ id }: Instruction, user: Instruction): void {
    this.#users.push(user);
    this.#first[id] = this.#next.push(this.#first[id]!) - 1;
  }

  /** Whether all users pass the test. */
  every({ id }: Instruction, test: (user: Instruction) => boolean): boolean {
    for (let entry = this.#first[id]!; entry !== 0; entry = this.#next[entry]!) {
      if (!test(this.#users[entry]!)) return false;
    }
    return true;
  }
}
