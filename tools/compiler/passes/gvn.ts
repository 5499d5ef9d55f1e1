/*
 * Global value numbering.
 *
 * Needs: SSA form, no unreachable blocks. Guarantees: an operation is not computed again where an equal one dominates
 * it. Keeps the blocks. Loads are the business of forward-loads.ts.
 *
 *   before  %2 = add %0, %1            after  %2 = add %0, %1
 *           %3 = add %1, %0                   %4 = mul %2, %2
 *           %4 = mul %2, %3
 *
 * A walk down the dominator tree with a table of what has been computed on the way; leaving a subtree takes out what it
 * put in. Below the edge of a branch the answer is known too, and enters the table: where `%2 = ltS %0, %1` was found
 * true, %2 is 1, and so are its later copies, while `leS %1, %0` is 0; where `eq %0, %5` holds with a constant %5, that
 * constant stands for %0.
 */

import { Replacements } from '../ir/edit.ts';
import { Dominators } from '../ir/graph.ts';
import { isPure } from '../ir/effects.ts';
import { binaryOps, compareOps, isCommutative, isCompare, unaryOps } from '../ir/opcodes.ts';
import { type Block, type Instruction, type IrFunction, noValues, type Opcode } from '../ir/types.ts';
import { equalNumbers } from '../lists.ts';
import { type Known, PairTable } from './pair-table.ts';

export function numberValues(fn: IrFunction): boolean {
  return new Numbering(fn).run();
}

const inverses: Readonly<Partial<Record<Opcode, { readonly op: Opcode; readonly swapped: boolean }>>> = {
  eq: { op: 'ne', swapped: false },
  ne: { op: 'eq', swapped: false },
  ltS: { op: 'leS', swapped: true },
  leS: { op: 'ltS', swapped: true },
  ltU: { op: 'leU', swapped: true },
  leU: { op: 'ltU', swapped: true },
};

class Numbering {
  readonly #fn: IrFunction;
  readonly #dominators: Dominators;
  readonly #replacements: Replacements;
  /** What has been computed, and what is known of values: see `Kind`. */
  readonly #pairs: PairTable;
  /** Numbers for names, and for what it takes a text to tell from others. */
  readonly #texts = new Map<string, number>();
  /** By value id: 0 if no fact about the value was ever learned. */
  readonly #mayHaveFact: number[];
  #hasFacts = false;
  #usedFacts = false;
  /** What the block will consist of: the first #count entries; and whether it did not before. */
  readonly #done: Instruction[] = [];
  #count = 0;
  #differs = false;

  constructor(fn: IrFunction) {
    this.#fn = fn;
    this.#replacements = new Replacements(fn);
    this.#pairs = new PairTable(fn.valueLimit);
    this.#mayHaveFact = equalNumbers(fn.valueLimit, 0);
    this.#dominators = new Dominators(fn);
  }

  /** Tells whether anything has changed. */
  run(): boolean {
    const dominators = this.#dominators;
    const entry = this.#fn.blocks[0]!;
    /** Of the blocks on the way from the entry: how much was known before. */
    const before = [0];
    for (let block = entry; ;) {
      this.#learnFromEdge(block);
      this.#visit(block);
      let next = dominators.firstChild(block);
      for (; next === undefined && block !== entry; block = dominators.immediateDominator(block)!) {
        this.#pairs.forget(before.pop()!);
        next = dominators.nextSibling(block);
      }
      if (next === undefined) break;
      before.push(this.#pairs.count);
      block = next;
    }
    this.#replacements.apply(this.#fn);
    return this.#usedFacts || !this.#replacements.isEmpty;
  }

  #visit(block: Block): void {
    this.#count = 0;
    this.#differs = false;
    const { instructions } = block;
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n]!;
      if (instruction.op !== 'phi') this.#updateOperands(instruction, block);
      const known = instruction.op === 'phi' ? earlierPhi(instructions, n) : this.#lookUp(instruction);
      if (known === null) {
        this.#done[this.#count++] = instruction;
      } else {
        this.#differs = true;
        this.#replacements.replace(instruction, typeof known === 'number' ? this.#constant(known, block) : known);
      }
    }
    this.#informPhis(block);
    if (this.#differs) block.instructions = this.#done.slice(0, this.#count);
  }

  #updateOperands(instruction: Instruction, block: Block): void {
    this.#replacements.updateOperands(instruction);
    if (!this.#hasFacts) return;
    const { args } = instruction;
    for (let i = 0; i < args.length; i++) {
      const fact = this.#factAbout(args[i]!);
      if (fact !== null) args[i] = this.#constant(fact, block);
    }
  }

  #factAbout({ id }: Instruction): number | null {
    if (this.#mayHaveFact[id] !== 1) return null; // undefined for what has been made since, of which nothing is known
    const fact = this.#pairs.find(Kind.fact, id, 0);
    return typeof fact === 'number' ? fact : null;
  }

  #learnFact({ id }: Instruction, value: number): void {
    this.#hasFacts = true;
    this.#mayHaveFact[id] = 1;
    this.#pairs.add(Kind.fact, id, 0, value);
  }

  /** An equal value; null if the instruction is the first of its kind (and then it enters the table). */
  #lookUp(instruction: Instruction): Known | null {
    const operation = operations.get(instruction.op);
    if (operation !== undefined) return this.#lookUpPair(operation, instruction);
    const { index, offset, symbol, value } = instruction;
    switch (instruction.op) {
      case 'const':
        if (typeof value === 'number') return this.#pairs.findOrAdd(Kind.constant, value, 0, instruction);
        return this.#pairs.findOrAdd(Kind.wideConstant, this.#numberOf(String(value)), 0, instruction);
      case 'symbol':
        return this.#pairs.findOrAdd(Kind.symbol, this.#numberOf(symbol), offset, instruction);
      case 'slot':
        return this.#pairs.findOrAdd(Kind.slot, index, 0, instruction);
      default: {
        const text = textOf(instruction);
        return text === null ? null : this.#pairs.findOrAdd(Kind.other, this.#numberOf(text), 0, instruction);
      }
    }
  }

  #numberOf(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const { size } = this.#texts;
    this.#texts.set(text, size);
    return size;
  }

  #lookUpPair({ isCommutative, number }: Operation, instruction: Instruction): Known | null {
    const { args } = instruction;
    const a = args[0]!.id;
    const b = args.length > 1 ? args[1]!.id : a;
    const isSwapped = isCommutative && a > b;
    return this.#pairs.findOrAdd(number, isSwapped ? b : a, isSwapped ? a : b, instruction);
  }

  /** A constant that can be used here. */
  #constant(value: number, block: Block): Instruction {
    this.#usedFacts = true;
    const known = this.#pairs.find(Kind.constant, value, 0);
    if (typeof known === 'object' && known !== null) return known;
    const constant = this.#fn.create('const', 'i32', noValues, null, { value });
    constant.block = block;
    this.#done[this.#count++] = constant;
    this.#differs = true;
    this.#pairs.add(Kind.constant, value, 0, constant);
    return constant;
  }

  /** The phis of the successors are used at the end of this block: what is known here holds for them. */
  #informPhis(block: Block): void {
    if (!this.#hasFacts) return;
    const end = this.#done[--this.#count]!; // constants go in front of it
    const { targets } = end;
    for (let t = 0; t < targets.length; t++) {
      const target = targets[t]!;
      if (target.instructions[0]!.op !== 'phi') continue;
      const { predecessors } = target;
      for (let n = 0; n < predecessors.length; n++) if (predecessors[n] === block) this.#informPhi(target, n, block);
    }
    this.#done[this.#count++] = end;
  }

  #informPhi(target: Block, index: number, block: Block): void {
    for (const phi of target.instructions) {
      if (phi.op !== 'phi') break;
      const fact = this.#factAbout(this.#replacements.find(phi.args[index]!));
      if (fact !== null) phi.args[index] = this.#constant(fact, block);
    }
  }

  /** Notes what the branch that leads to the block says. */
  #learnFromEdge(block: Block): void {
    if (block.predecessors.length !== 1) return;
    const { op, args, targets, cases } = block.predecessors[0]!.terminator!;
    const value = args[0];
    if (value === undefined || value.op === 'const') return;
    if (op === 'branch') this.#learn(value, targets[0] === block);
    if (op !== 'switch') return;
    const index = targets.indexOf(block);
    if (index > 0 && targets.lastIndexOf(block) === index) this.#learnFact(value, cases[index - 1]!);
  }

  #learn(condition: Instruction, holds: boolean): void {
    if (!isCompare(condition.op)) {
      if (!holds) this.#learnFact(condition, 0);
      return;
    }
    this.#learnFact(condition, holds ? 1 : 0);
    const a = condition.args[0]!;
    const b = condition.args[1]!;
    const { op, swapped } = inverses[condition.op]!;
    const { isCommutative, number } = operations.get(op)!;
    const isSwapped = isCommutative ? a.id > b.id : swapped;
    this.#pairs.add(number, isSwapped ? b.id : a.id, isSwapped ? a.id : b.id, holds ? 0 : 1);
    const areEqual = (condition.op === 'eq' && holds) || (condition.op === 'ne' && !holds);
    if (areEqual && b.op === 'const' && typeof b.value === 'number') this.#learnFact(a, b.value);
  }
}

/** An equal phi that stands before number `n` of a block's instructions, or null. */
function earlierPhi(instructions: readonly Instruction[], n: number): Instruction | null {
  const { args } = instructions[n]!;
  for (let i = 0; i < n; i++) {
    const other = instructions[i]!.args;
    let same = 0;
    while (same < args.length && args[same] === other[same]) same++;
    if (same === args.length) return instructions[i]!;
  }
  return null;
}

/** Equal texts, equal values. Null: never equal to another, or told by numbers. */
function textOf(instruction: Instruction): string | null {
  const { args, intrinsic, op } = instruction;
  if (op === 'select') return `select ${args[0]!.id} ${args[1]!.id} ${args[2]!.id}`;
  if (op !== 'intrinsic' || !isPure(instruction)) return null;
  return `${intrinsic} ${args.map(({ id }) => id).join(' ')}`;
}

/** What stands in the table besides operations, whose numbers begin at 0, with two numbers that tell it from others. */
const Kind = {
  constant: -1, // value
  wideConstant: -2, // number of the value as text
  symbol: -3, // number of the name, offset
  slot: -4, // index
  other: -5, // number of a text
  fact: -6, // id of an i32 value that is a constant here
} as const;

interface Operation {
  readonly number: number;
  readonly isCommutative: boolean;
}

const operations: ReadonlyMap<Opcode, Operation> = new Map(
  [...binaryOps, ...compareOps, ...unaryOps].map((op, number) => [op, { number, isCommutative: isCommutative(op) }]),
);
