/*
 * Nodes of the interference graph in the order in which they came, of which any may go at once.
 *
 * A Set would do the same; but nodes come and go all the time while a graph is taken apart, and each time it looks them up
 * by hash, and makes itself larger or smaller.
 */

import { equalNumbers } from '../../lists.ts';

/** What stands before and after each node. Lists that have no node in common can share it. */
export class NodeLinks {
  readonly next: number[];
  readonly previous: number[];

  /** For so many nodes. */
  constructor(count: number) {
    this.next = equalNumbers(count, -1);
    this.previous = equalNumbers(count, -1);
  }
}

export class NodeList {
  readonly #links: NodeLinks;
  /** -1 if there are none. */
  first = -1;
  #last = -1;

  constructor(links: NodeLinks) {
    this.#links = links;
  }

  /** The one after a node of the list, or -1. */
  after(node: number): number {
    return this.#links.next[node]!;
  }

  /** The node must be in none of the lists. */
  add(node: number): void {
    const { next, previous } = this.#links;
    if (this.#last === -1) this.first = node;
    else next[this.#last] = node;
    previous[node] = this.#last;
    next[node] = -1;
    this.#last = node;
  }

  /** The node must be in the list. */
  remove(node: number): void {
    const { next, previous } = this.#links;
    const before = previous[node]!;
    const after = next[node]!;
    if (before === -1) this.first = after;
    else next[before] = after;
    if (after === -1) this.#last = before;
    else previous[after] = before;
  }
}
