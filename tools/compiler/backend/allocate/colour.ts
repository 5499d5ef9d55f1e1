/*
 * Graph colouring with conservative coalescing (George and Appel, Iterated Register Coalescing, 1996).
 *
 * Nodes with fewer neighbours than registers left to them are taken off the graph one by one: they will find a register
 * whatever the others get. Where only crowded nodes are left, copies are tried: merging the two ends is safe if the merged
 * node stays (by Briggs' or George's test) as colourable as before. Where nothing can be merged, a copy is given up; where
 * nothing can be given up, the node that is cheapest to keep in memory is taken off in the hope that it still finds a
 * register (Briggs' optimism). Then the nodes come back in reverse order and choose.
 *
 * A node's number of registers is what `forbidden` leaves, so classes of registers and fixed operands need no special
 * treatment. The choice weighs hints: copies from and to real registers, ends of copies that were given up, what the
 * neighbours would like, and the price of a callee-saved register that nobody has used yet.
 */

import { equalNumbers } from '../../lists.ts';
import { EAX, EBP, EBX, ECX, EDI, EDX, ESI } from '../encoder/operands.ts';
import { CALLER_SAVED } from '../machine/effects.ts';
import type { InterferenceGraph } from './interference.ts';
import { NodeLinks, NodeList } from './node-list.ts';
import { ALLOCATABLE } from './scan.ts';

export interface Colouring {
  /** By node: the register, or -1 if it must live in memory. For a merged node look at its representative. */
  readonly colours: readonly number[];
  /** By node: the node that it was merged into, or itself. */
  readonly representative: readonly number[];
  /** Representatives that found no register. */
  readonly spilled: readonly number[];
}

const State = { low: 0, movable: 1, crowded: 2, stacked: 3, merged: 4, coloured: 5 } as const;
const CopyState = { pending: 0, waiting: 1, done: 2, givenUp: 3 } as const;

/** In order of preference where nothing else decides. */
const preferred = [EAX, EDX, ECX, ESI, EDI, EBX, EBP];

/** Pushing and popping a callee-saved register, in instructions. */
const savePrice = 2;

const bitCount = new Uint8Array(256).map((_, n) => {
  let count = 0;
  for (let bits = n; bits !== 0; bits &= bits - 1) count++;
  return count;
});

/**
 * Colours the graph. Nodes for which `mustColour` holds are never left in memory by choice. `usedCalleeSaved` has the
 * callee-saved registers that fixed operands use anyway.
 */
export function colourGraph(
  graph: InterferenceGraph,
  mustColour: (node: number) => boolean,
  usedCalleeSaved: number,
): Colouring {
  return new Colourer(graph, mustColour, usedCalleeSaved).run();
}

class Colourer {
  readonly #graph: InterferenceGraph;
  readonly #mustColour: (node: number) => boolean;
  readonly #state: number[];
  readonly #representative: number[];
  readonly #colours: number[];
  readonly #copyState: number[];
  /**
   * The copies of a node form a list, heaviest first: it starts at entry number #firstCopy[node] and goes on at
   * #nextCopyOf[entry], up to -1. Of copy number n, the entries are 2n, for the end `to`, and 2n + 1.
   */
  readonly #firstCopy: number[];
  readonly #nextCopyOf: number[];
  readonly #low: number[] = [];
  readonly #crowded: NodeList;
  readonly #movable: NodeList;
  readonly #stack: number[] = [];
  /** What speaks for each register, while one is chosen. */
  readonly #scores = new Float64Array(8);
  /** No copy before this one is pending. */
  #nextCopy = 0;
  #usedCalleeSaved: number;

  constructor(graph: InterferenceGraph, mustColour: (node: number) => boolean, usedCalleeSaved: number) {
    const { copies, count } = graph;
    this.#graph = graph;
    this.#mustColour = mustColour;
    this.#usedCalleeSaved = usedCalleeSaved;
    this.#state = equalNumbers(count, 0);
    this.#representative = equalNumbers(count, 0);
    for (let node = 0; node < count; node++) this.#representative[node] = node;
    this.#colours = equalNumbers(count, -1);
    const links = new NodeLinks(count); // no node is crowded and movable at once
    this.#crowded = new NodeList(links);
    this.#movable = new NodeList(links);
    copies.sort((a, b) => b.weight - a.weight);
    this.#copyState = equalNumbers(copies.length, 0);
    this.#firstCopy = equalNumbers(count, -1);
    this.#nextCopyOf = equalNumbers(copies.length * 2, -1);
    for (let n = copies.length - 1; n >= 0; n--) {
      this.#linkCopy(2 * n, copies[n]!.to);
      this.#linkCopy(2 * n + 1, copies[n]!.from);
    }
  }

  #linkCopy(entry: number, node: number): void {
    this.#nextCopyOf[entry] = this.#firstCopy[node]!;
    this.#firstCopy[node] = entry;
  }

  run(): Colouring {
    for (let node = 0; node < this.#graph.count; node++) this.#classify(node);
    for (;;) {
      if (this.#low.length > 0) this.#simplify(this.#low.pop()!);
      else if (this.#coalesceNext()) continue;
      else if (this.#movable.first !== -1) this.#giveUpCopies(this.#cheapestMovable());
      else if (this.#crowded.first !== -1) this.#simplify(this.#cheapestCrowded());
      else break;
    }
    const spilled: number[] = [];
    for (let node = this.#stack.pop(); node !== undefined; node = this.#stack.pop()) {
      if (!this.#choose(node)) spilled.push(node);
    }
    for (let node = 0; node < this.#graph.count; node++) this.#representative[node] = this.#find(node);
    return { colours: this.#colours, representative: this.#representative, spilled };
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Taking the graph apart.

  /** How many registers the node may have. */
  #choices(node: number): number {
    return bitCount[ALLOCATABLE & ~this.#graph.forbidden[node]!]!;
  }

  #isCrowded(node: number): boolean {
    return this.#graph.degree[node]! >= this.#choices(node);
  }

  #isInGraph(node: number): boolean {
    return this.#state[node]! <= State.crowded;
  }

  #isInCopies(node: number): boolean {
    for (let entry = this.#firstCopy[node]!; entry !== -1; entry = this.#nextCopyOf[entry]!) {
      if (this.#copyState[entry >> 1]! <= CopyState.waiting) return true;
    }
    return false;
  }

  /** Takes a node off the set that it is in by its state, if any. */
  #takeOff(node: number): void {
    if (this.#state[node] === State.crowded) this.#crowded.remove(node);
    else if (this.#state[node] === State.movable) this.#movable.remove(node);
  }

  /** Puts a node on the list where it belongs. */
  #classify(node: number): void {
    this.#takeOff(node);
    if (this.#isCrowded(node)) {
      this.#state[node] = State.crowded;
      this.#crowded.add(node);
    } else if (this.#isInCopies(node)) {
      this.#state[node] = State.movable;
      this.#movable.add(node);
    } else {
      this.#state[node] = State.low;
      this.#low.push(node);
    }
  }

  #simplify(node: number): void {
    if (!this.#isInGraph(node)) return;
    this.#takeOff(node);
    if (this.#isInCopies(node)) this.#dropCopies(node);
    this.#state[node] = State.stacked;
    this.#stack.push(node);
    const { first, neighbour, next } = this.#graph;
    for (let entry = first[node]!; entry !== 0; entry = next[entry]!) {
      if (this.#isInGraph(neighbour[entry]!)) this.#lowerDegree(neighbour[entry]!);
    }
  }

  #lowerDegree(node: number): void {
    const degree = this.#graph.degree[node]!--;
    if (degree !== this.#choices(node) || this.#state[node] !== State.crowded) return;
    // It is not crowded any more: copies around it that looked risky may be safe now.
    this.#wakeCopies(node);
    const { first, neighbour, next } = this.#graph;
    for (let entry = first[node]!; entry !== 0; entry = next[entry]!) {
      if (this.#isInGraph(neighbour[entry]!)) this.#wakeCopies(neighbour[entry]!);
    }
    this.#classify(node);
  }

  #wakeCopies(node: number): void {
    for (let entry = this.#firstCopy[node]!; entry !== -1; entry = this.#nextCopyOf[entry]!) {
      const n = entry >> 1;
      if (this.#copyState[n] !== CopyState.waiting) continue;
      this.#copyState[n] = CopyState.pending;
      this.#nextCopy = Math.min(this.#nextCopy, n);
    }
  }

  #cheapestMovable(): number {
    let best = -1;
    let bestWeight = Infinity;
    for (let node = this.#movable.first; node !== -1; node = this.#movable.after(node)) {
      let weight = 0;
      for (let entry = this.#firstCopy[node]!; entry !== -1; entry = this.#nextCopyOf[entry]!) {
        const n = entry >> 1;
        if (this.#copyState[n]! <= CopyState.waiting) weight += this.#graph.copies[n]!.weight;
      }
      if (weight >= bestWeight) continue;
      best = node;
      bestWeight = weight;
    }
    return best;
  }

  #giveUpCopies(node: number): void {
    this.#movable.remove(node);
    this.#dropCopies(node);
    this.#state[node] = State.low;
    this.#low.push(node);
  }

  #dropCopies(node: number): void {
    for (let entry = this.#firstCopy[node]!; entry !== -1; entry = this.#nextCopyOf[entry]!) {
      const n = entry >> 1;
      if (this.#copyState[n]! > CopyState.waiting) continue;
      this.#copyState[n] = CopyState.givenUp;
      const { from, to } = this.#graph.copies[n]!;
      const toNode = this.#find(to);
      const fromNode = this.#find(from);
      if (toNode !== node) this.#reconsider(toNode);
      if (fromNode !== node) this.#reconsider(fromNode);
    }
  }

  #cheapestCrowded(): number {
    let best = -1;
    let bestCost = Infinity;
    for (let node = this.#crowded.first; node !== -1; node = this.#crowded.after(node)) {
      const cost = this.#mustColour(node) ? Infinity : this.#graph.spillCost[node]! / (this.#graph.degree[node]! + 1);
      if (best >= 0 && cost >= bestCost) continue;
      best = node;
      bestCost = cost;
    }
    return best;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Coalescing.

  #find(node: number): number {
    let root = node;
    while (this.#representative[root] !== root) root = this.#representative[root]!;
    for (let n = node; n !== root;) {
      const above = this.#representative[n]!;
      this.#representative[n] = root;
      n = above;
    }
    return root;
  }

  /** Decides about the heaviest pending copy. Says whether there was one. */
  #coalesceNext(): boolean {
    const { copies } = this.#graph;
    while (this.#nextCopy < copies.length && this.#copyState[this.#nextCopy] !== CopyState.pending) this.#nextCopy++;
    const n = this.#nextCopy;
    const copy = copies[n];
    if (copy === undefined) return false;
    const a = this.#find(copy.to);
    const b = this.#find(copy.from);
    if (a === b || this.#graph.interferes(a, b) || !this.#isInGraph(a) || !this.#isInGraph(b)) {
      this.#copyState[n] = a === b ? CopyState.done : CopyState.givenUp;
      this.#reconsider(a);
      this.#reconsider(b);
    } else if (this.#isSafe(a, b)) {
      this.#copyState[n] = CopyState.done;
      this.#merge(a, b);
    } else {
      this.#copyState[n] = CopyState.waiting;
    }
    return true;
  }

  /** A node that has no copies any more may be simplified. */
  #reconsider(node: number): void {
    if (this.#state[node] === State.movable && !this.#isInCopies(node)) this.#classify(node);
  }

  #isSafe(a: number, b: number): boolean {
    const merged = this.#graph.forbidden[a]! | this.#graph.forbidden[b]!;
    if ((ALLOCATABLE & ~merged) === 0) return false;
    return this.#isSafeByBriggs(a, b, merged) || this.#isSafeByGeorge(a, b) || this.#isSafeByGeorge(b, a);
  }

  /** The merged node has fewer crowded neighbours than registers. */
  #isSafeByBriggs(a: number, b: number, forbidden: number): boolean {
    const { degree, first, neighbour, next } = this.#graph;
    let crowded = 0;
    for (let entry = first[a]!; entry !== 0; entry = next[entry]!) {
      const node = neighbour[entry]!;
      if (!this.#isInGraph(node)) continue;
      const left = degree[node]! - (this.#graph.interferes(node, b) ? 1 : 0);
      if (left >= this.#choices(node)) crowded++;
    }
    for (let entry = first[b]!; entry !== 0; entry = next[entry]!) {
      const node = neighbour[entry]!;
      if (this.#isInGraph(node) && !this.#graph.interferes(node, a) && this.#isCrowded(node)) crowded++;
    }
    return crowded < bitCount[ALLOCATABLE & ~forbidden]!;
  }

  /** Each neighbour of `from` is harmless, or a neighbour of `into` already; and `into` loses no choice. */
  #isSafeByGeorge(from: number, into: number): boolean {
    const { first, forbidden, neighbour, next } = this.#graph;
    if ((forbidden[from]! & ~forbidden[into]! & ALLOCATABLE) !== 0) return false;
    for (let entry = first[from]!; entry !== 0; entry = next[entry]!) {
      const node = neighbour[entry]!;
      if (this.#isInGraph(node) && this.#isCrowded(node) && !this.#graph.interferes(node, into)) return false;
    }
    return true;
  }

  #merge(into: number, node: number): void {
    const graph = this.#graph;
    this.#takeOff(node);
    this.#state[node] = State.merged;
    this.#representative[node] = into;
    graph.forbidden[into]! |= graph.forbidden[node]!;
    graph.spillCost[into]! += graph.spillCost[node]!;
    graph.needsRegister[into]! |= graph.needsRegister[node]!;
    graph.mergeHints(into, node);
    this.#mergeCopies(into, node);
    // new edges may move the pool of neighbours: it is asked for each time
    for (let entry = graph.first[node]!; entry !== 0; entry = graph.next[entry]!) {
      this.#passOn(graph.neighbour[entry]!, into);
    }
    this.#classify(into);
    this.#wakeCopies(into);
  }

  /** The copies of `node` come to those of `into`, in their order; what was between the two is there once. */
  #mergeCopies(into: number, node: number): void {
    if (this.#firstCopy[node] === -1) return;
    const next = this.#nextCopyOf;
    let a = this.#firstCopy[into]!;
    let b = this.#firstCopy[node]!;
    let last = -1;
    while (a !== -1 || b !== -1) {
      const entry = b === -1 || (a !== -1 && a >> 1 <= b >> 1) ? a : b;
      if (entry === a) a = next[a]!;
      else b = next[b]!;
      if (last === -1) this.#firstCopy[into] = entry;
      else if (last >> 1 === entry >> 1) continue;
      else next[last] = entry;
      last = entry;
    }
    if (last !== -1) next[last] = -1;
  }

  /** A neighbour of a node that has just been merged becomes one of `into`. */
  #passOn(neighbour: number, into: number): void {
    const graph = this.#graph;
    if (!this.#isInGraph(neighbour)) {
      // What is on the stack must know its new neighbour when it chooses.
      if (this.#state[neighbour] === State.stacked) graph.addEdge(neighbour, into, 0);
      return;
    }
    // The neighbour loses the merged node, and gains `into` unless it had that already.
    if (graph.interferes(neighbour, into)) this.#lowerDegree(neighbour);
    else {
      graph.addEdge(neighbour, into, 0);
      graph.degree[into]!++;
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Choosing.

  /** Gives a node that comes back from the stack a register. Says no if there is none, or memory is cheaper. */
  #choose(node: number): boolean {
    const graph = this.#graph;
    this.#state[node] = State.coloured;
    let taken = graph.forbidden[node]!;
    const scores = this.#scores;
    const hints = graph.hints[node] ?? null;
    for (let r = 0; r < 8; r++) scores[r] = hints === null ? 0 : hints[r]!;
    for (let entry = graph.first[node]!; entry !== 0; entry = graph.next[entry]!) {
      const other = this.#find(graph.neighbour[entry]!);
      if (this.#colours[other]! >= 0) taken |= 1 << this.#colours[other]!;
      else if (this.#state[other] === State.stacked) this.#makeWayFor(other, scores);
    }
    const available = ALLOCATABLE & ~taken;
    if (available === 0) return false;
    this.#scorePartners(node, scores);
    const colour = this.#best(available, scores);
    const isFirstUse = ((1 << colour) & (CALLER_SAVED | this.#usedCalleeSaved)) === 0;
    if (isFirstUse && this.#isBetterInMemory(node)) return false;
    if (isFirstUse) this.#usedCalleeSaved |= 1 << colour;
    this.#colours[node] = colour;
    return true;
  }

  /** A neighbour that is yet to choose should find what it would like to have. */
  #makeWayFor(neighbour: number, scores: Float64Array): void {
    const hints = this.#graph.hints[neighbour] ?? null;
    if (hints !== null) for (let r = 0; r < 8; r++) scores[r]! -= hints[r]! * 0.9;
  }

  /** Keeping the node on the stack is cheaper than saving a register for it, and takes no register elsewhere. */
  #isBetterInMemory(node: number): boolean {
    const { needsRegister, spillCost } = this.#graph;
    return spillCost[node]! < savePrice && needsRegister[node] === 0 && !this.#mustColour(node);
  }

  #best(available: number, scores: Float64Array): number {
    let best = -1;
    let bestScore = -Infinity;
    for (let i = 0; i < preferred.length; i++) {
      const r = preferred[i]!;
      if ((available & (1 << r)) === 0) continue;
      const isFirstUse = ((1 << r) & (CALLER_SAVED | this.#usedCalleeSaved)) === 0;
      const score = scores[r]! - (isFirstUse ? savePrice : 0);
      if (score <= bestScore) continue;
      best = r;
      bestScore = score;
    }
    return best;
  }

  /** Copies that were given up still vanish if both ends happen to get the same register. */
  #scorePartners(node: number, scores: Float64Array): void {
    const graph = this.#graph;
    for (let entry = this.#firstCopy[node]!; entry !== -1; entry = this.#nextCopyOf[entry]!) {
      const { from, to, weight } = graph.copies[entry >> 1]!;
      const partner = this.#find(from) === node ? this.#find(to) : this.#find(from);
      if (partner === node) continue;
      const colour = this.#colours[partner]!;
      if (colour >= 0) scores[colour]! += weight;
      else if (!graph.interferes(partner, node)) {
        const hints = graph.hints[partner] ?? null;
        if (hints !== null) for (let r = 0; r < 8; r++) scores[r]! += Math.min(weight, hints[r]!) * 0.5;
      }
    }
  }
}
