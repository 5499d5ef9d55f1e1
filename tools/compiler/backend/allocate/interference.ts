/*
 * The interference graph: which virtual registers must not share a register, and what speaks for which register.
 *
 * Two virtual registers interfere if one is written while the other is alive, unless the writing instruction copies the
 * one to the other. Real registers are not nodes: what a node must not have is a set of eight bits (`forbidden`), whether
 * because a call destroys it, a fixed operand lives in it, or it has no low byte.
 *
 * Building the graph also drops pure instructions whose result is dead.
 */

import { equalNumbers } from '../../lists.ts';
import { FIRST_VIRTUAL, type RegisterOperand } from '../encoder/operands.ts';
import type { MachineBlock, MachineFunction, MachineInstruction } from '../machine/types.ts';
import { computeLiveness } from './liveness.ts';
import { canBeMemory } from './spillable.ts';
import { isCopy, NOT_BYTE, type RegisterScanner } from './scan.ts';

/** A copy between two virtual registers, worth `weight` if it vanishes. */
export interface Copy {
  readonly to: number;
  readonly from: number;
  readonly weight: number;
}

/** Nodes are numbered from 0: node n is virtual register n + FIRST_VIRTUAL. */
export class InterferenceGraph {
  readonly count: number;
  /** Registers that a node must not have, as bits. */
  readonly forbidden: number[];
  /** What it would cost to keep the node in memory: extra instructions, weighted by frequency. */
  readonly spillCost: Float64Array;
  /** 1 if some instruction needs the node in a register: in memory it would be fetched into one there. */
  readonly needsRegister: number[];
  /** By node: what having each of the eight registers would save; null if that is nothing for all of them. */
  readonly hints: (number[] | null)[];
  readonly degree: number[];
  readonly copies: Copy[] = [];
  /** The real registers that instructions write whatever the colouring, as bits. */
  readonly fixedDefs: number;
  /**
   * The neighbours of a node form a list in one pool: it starts at entry number `first[node]` and goes on at
   * `next[entry]`, up to 0. Those that were merged into others are among them.
   */
  readonly first: number[];
  next = new Int32Array(256);
  neighbour = new Int32Array(256);
  #poolSize = 1;
  /** A triangular bit matrix. */
  readonly #matrix: Uint32Array;

  constructor(count: number, fixedDefs: number) {
    this.count = count;
    this.fixedDefs = fixedDefs;
    this.forbidden = equalNumbers(count, 0);
    this.spillCost = new Float64Array(count);
    this.needsRegister = equalNumbers(count, 0);
    this.hints = new Array<number[] | null>(count).fill(null);
    this.degree = equalNumbers(count, 0);
    this.#matrix = new Uint32Array((((count * (count + 1)) / 2) >> 5) + 1);
    this.first = equalNumbers(count, 0);
  }

  addHint(node: number, register: number, saving: number): void {
    const hints = (this.hints[node] ??= [0, 0, 0, 0, 0, 0, 0, 0]);
    hints[register]! += saving;
  }

  /** Gives `into` the hints of `node` too, which nobody asks for any more. */
  mergeHints(into: number, node: number): void {
    const own = this.hints[into] ?? null;
    const added = this.hints[node] ?? null;
    if (own === null) this.hints[into] = added;
    else if (added !== null) for (let r = 0; r < 8; r++) own[r]! += added[r]!;
  }

  interferes(a: number, b: number): boolean {
    const bit = a > b ? (a * (a - 1)) / 2 + b : (b * (b - 1)) / 2 + a;
    return (this.#matrix[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  /** Adds an edge unless it is there; the degrees of both ends grow by `degree`. */
  addEdge(a: number, b: number, degree = 1): void {
    if (a === b) return;
    const bit = a > b ? (a * (a - 1)) / 2 + b : (b * (b - 1)) / 2 + a;
    const mask = 1 << (bit & 31);
    if ((this.#matrix[bit >>> 5]! & mask) !== 0) return;
    this.#matrix[bit >>> 5]! |= mask;
    this.#link(a, b);
    this.#link(b, a);
    this.degree[a]! += degree;
    this.degree[b]! += degree;
  }

  #link(from: number, to: number): void {
    if (this.#poolSize === this.next.length) this.#growPool();
    const entry = this.#poolSize++;
    this.neighbour[entry] = to;
    this.next[entry] = this.first[from]!;
    this.first[from] = entry;
  }

  #growPool(): void {
    const next = new Int32Array(this.next.length * 2);
    const neighbour = new Int32Array(next.length);
    next.set(this.next);
    neighbour.set(this.neighbour);
    this.next = next;
    this.neighbour = neighbour;
  }
}

/** Builds the graph of a function, and removes dead code from it. */
export function buildGraph(fn: MachineFunction, scanner: RegisterScanner): InterferenceGraph {
  const { fixedDefs, liveOut, words } = computeLiveness(fn, scanner);
  const graph = new InterferenceGraph(fn.nextVirtual - FIRST_VIRTUAL, fixedDefs);
  const builder = new GraphBuilder(graph, scanner);
  for (let n = 0; n < fn.blocks.length; n++) builder.addBlock(fn.blocks[n]!, liveOut, n * words, (n + 1) * words);
  return graph;
}

/** Walks blocks backwards with the set of what is alive. */
class GraphBuilder {
  readonly #graph: InterferenceGraph;
  readonly #scanner: RegisterScanner;
  /** The live nodes, and where each stands in that list (-1: not alive). */
  readonly #live: number[];
  readonly #place: number[];
  #liveCount = 0;
  /** Live real registers, as bits. */
  #liveFixed = 0;
  #frequency = 1;

  constructor(graph: InterferenceGraph, scanner: RegisterScanner) {
    this.#graph = graph;
    this.#scanner = scanner;
    this.#live = equalNumbers(graph.count, 0);
    this.#place = equalNumbers(graph.count, -1);
  }

  /** What is alive at the end of the block are the bits of `liveOut` between the words `from` and `to`. */
  addBlock(block: MachineBlock, liveOut: readonly number[], from: number, to: number): void {
    while (this.#liveCount > 0) this.#remove(this.#live[0]!);
    this.#liveFixed = 0;
    this.#frequency = block.frequency;
    for (let w = from; w < to; w++) {
      const first = (w - from) * 32;
      for (let bits = liveOut[w]!; bits !== 0; bits &= bits - 1) this.#add(first + 31 - Math.clz32(bits & -bits));
    }
    const { instructions } = block;
    let hasDead = false;
    for (let n = instructions.length - 1; n >= 0; n--) {
      const instruction = instructions[n]!;
      this.#scanner.scan(instruction);
      if (this.#isDead(instruction)) {
        instruction.op = '';
        hasDead = true;
      } else {
        this.#addInstruction(instruction);
      }
    }
    if (hasDead) block.instructions = instructions.filter(({ op }) => op !== '');
  }

  #isDead(instruction: MachineInstruction): boolean {
    const { defCount, defs, fixedDefs } = this.#scanner;
    return (
      instruction.effects.isPure &&
      !instruction.isVolatile &&
      defCount === 1 &&
      fixedDefs === 0 &&
      this.#place[defs[0]! - FIRST_VIRTUAL]! < 0
    );
  }

  #addInstruction(instruction: MachineInstruction): void {
    const scanner = this.#scanner;
    const graph = this.#graph;
    if (isCopy(instruction)) this.#noteCopy(instruction);
    for (let d = 0; d < scanner.defCount; d++) this.#add(scanner.defs[d]! - FIRST_VIRTUAL);
    for (let d = 0; d < scanner.defCount; d++) {
      const node = scanner.defs[d]! - FIRST_VIRTUAL;
      graph.forbidden[node]! |= this.#liveFixed | scanner.fixedDefs;
      for (let n = 0; n < this.#liveCount; n++) graph.addEdge(node, this.#live[n]!);
    }
    if (scanner.fixedDefs !== 0) {
      for (let n = 0; n < this.#liveCount; n++) graph.forbidden[this.#live[n]!]! |= scanner.fixedDefs;
    }
    for (let d = 0; d < scanner.defCount; d++) this.#remove(scanner.defs[d]! - FIRST_VIRTUAL);
    this.#liveFixed = (this.#liveFixed & ~scanner.fixedDefs) | scanner.fixedUses;
    for (let u = 0; u < scanner.useCount; u++) this.#add(scanner.uses[u]! - FIRST_VIRTUAL);
    for (let b = 0; b < scanner.byteCount; b++) graph.forbidden[scanner.bytes[b]! - FIRST_VIRTUAL]! |= NOT_BYTE;
    this.#addCosts(instruction);
  }

  /** The source of a copy does not interfere with its destination: it counts as alive only before. */
  #noteCopy(instruction: MachineInstruction): void {
    const to = (instruction.operands[0] as RegisterOperand).register;
    const from = (instruction.operands[1] as RegisterOperand).register;
    const graph = this.#graph;
    if (from >= FIRST_VIRTUAL) this.#remove(from - FIRST_VIRTUAL);
    else this.#liveFixed &= ~(1 << from);
    if (to >= FIRST_VIRTUAL && from >= FIRST_VIRTUAL) {
      graph.copies.push({ to: to - FIRST_VIRTUAL, from: from - FIRST_VIRTUAL, weight: this.#frequency });
    } else if (to >= FIRST_VIRTUAL) {
      graph.addHint(to - FIRST_VIRTUAL, from, this.#frequency);
    } else if (from >= FIRST_VIRTUAL) {
      graph.addHint(from - FIRST_VIRTUAL, to, this.#frequency);
    }
  }

  #addCosts(instruction: MachineInstruction): void {
    const { operands } = instruction;
    for (let n = 0; n < operands.length; n++) {
      const operand = operands[n]!;
      if (operand.kind === 'register') {
        // A memory operand is no extra instruction, but not free either.
        if (operand.register < FIRST_VIRTUAL) continue;
        if (canBeMemory(instruction, n))
          this.#graph.spillCost[operand.register - FIRST_VIRTUAL]! += this.#frequency * 0.4;
        else this.#addNeed(operand.register);
      } else if (operand.kind === 'memory') {
        this.#addNeed(operand.base);
        this.#addNeed(operand.index);
      }
    }
  }

  /** The register must be one where it is used. */
  #addNeed(register: number): void {
    if (register < FIRST_VIRTUAL) return;
    this.#graph.spillCost[register - FIRST_VIRTUAL]! += this.#frequency;
    this.#graph.needsRegister[register - FIRST_VIRTUAL] = 1;
  }

  #add(node: number): void {
    if (this.#place[node]! >= 0) return;
    this.#place[node] = this.#liveCount;
    this.#live[this.#liveCount++] = node;
  }

  #remove(node: number): void {
    const place = this.#place[node]!;
    if (place < 0) return;
    const last = this.#live[--this.#liveCount]!;
    this.#live[place] = last;
    this.#place[last] = place;
    this.#place[node] = -1;
  }
}
