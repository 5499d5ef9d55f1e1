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
import { isCommutative, isCompare, isUnary } from '../ir/opcodes.ts';
import type { Block, Instruction, IrFunction, Opcode } from '../ir/types.ts';

type Key = string | number | bigint;
type Table = Map<Key, Known>;
/** What an expression is known to be: a value computed before, or a constant. */
type Known = Instruction | number;

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
  /** By operation: what has been computed. */
  readonly #tables = new Map<Opcode, Table>();
  /** By value id: the constant that an i32 value is known to be here. */
  readonly #facts: Table = new Map();
  /** What the changes of the open subtrees have replaced. */
  readonly #undo: { readonly table: Table; readonly key: Key; readonly before: Known | undefined }[] = [];
  #usedFacts = false;
  #done: Instruction[] = [];

  constructor(fn: IrFunction) {
    this.#fn = fn;
    this.#replacements = new Replacements(fn);
    this.#dominators = new Dominators(fn);
  }

  /** Tells whether anything has changed. */
  run(): boolean {
    const open: { readonly block: Block; readonly mark: number; next: number }[] = [];
    const enter = (block: Block): void => {
      open.push({ block, mark: this.#undo.length, next: 0 });
      this.#learnFromEdge(block);
      this.#visit(block);
    };
    enter(this.#fn.blocks[0]!);
    for (let top = open[0]; top !== undefined; top = open[open.length - 1]) {
      const child = this.#dominators.children(top.block)[top.next++];
      if (child !== undefined) {
        enter(child);
      } else {
        this.#forget(top.mark);
        open.pop();
      }
    }
    this.#replacements.apply(this.#fn);
    return this.#usedFacts || !this.#replacements.isEmpty;
  }

  #visit(block: Block): void {
    this.#done = [];
    const { instructions } = block;
    for (const instruction of instructions) {
      if (instruction.op !== 'phi') this.#updateOperands(instruction, block);
      const known = this.#lookUp(instruction);
      if (known === null) {
        this.#done.push(instruction);
      } else {
        this.#replacements.replace(instruction, typeof known === 'number' ? this.#constant(known, block) : known);
      }
    }
    this.#informPhis(block);
    block.instructions = this.#done;
  }

  #updateOperands(instruction: Instruction, block: Block): void {
    this.#replacements.updateOperands(instruction);
    const { args } = instruction;
    for (let i = 0; i < args.length && this.#facts.size > 0; i++) {
      const fact = this.#facts.get(args[i]!.id);
      if (typeof fact === 'number') args[i] = this.#constant(fact, block);
    }
  }

  /** An equal value; null if the instruction is the first of its kind (and then it enters the table). */
  #lookUp(instruction: Instruction): Known | null {
    const key = keyOf(instruction);
    if (key === null) return null;
    const table = this.#tableOf(instruction.op);
    const known = table.get(key);
    if (known !== undefined) return known;
    this.#set(table, key, instruction);
    return null;
  }

  #tableOf(op: Opcode): Table {
    let table = this.#tables.get(op);
    if (table === undefined) {
      table = new Map<Key, Known>();
      this.#tables.set(op, table);
    }
    return table;
  }

  #set(table: Table, key: Key, value: Known): void {
    this.#undo.push({ table, key, before: table.get(key) });
    table.set(key, value);
  }

  /** Takes back all changes since the list of them had this length. */
  #forget(mark: number): void {
    while (this.#undo.length > mark) {
      const { table, key, before } = this.#undo.pop()!;
      if (before === undefined) table.delete(key);
      else table.set(key, before);
    }
  }

  /** A constant that can be used here. */
  #constant(value: number, block: Block): Instruction {
    this.#usedFacts = true;
    const table = this.#tableOf('const');
    const known = table.get(value);
    if (typeof known === 'object') return known;
    const constant = this.#fn.create('const', 'i32', [], null, { value });
    constant.block = block;
    this.#done.push(constant);
    this.#set(table, value, constant);
    return constant;
  }

  /** The phis of the successors are used at the end of this block: what is known here holds for them. */
  #informPhis(block: Block): void {
    if (this.#facts.size === 0) return;
    const end = this.#done.pop()!;
    for (const target of new Set(block.successors)) {
      target.predecessors.forEach((predecessor, index) => {
        if (predecessor !== block) return;
        for (const phi of target.instructions) {
          if (phi.op !== 'phi') break;
          const fact = this.#facts.get(this.#replacements.find(phi.args[index]!).id);
          if (typeof fact === 'number') phi.args[index] = this.#constant(fact, block);
        }
      });
    }
    this.#done.push(end);
  }

  /** Notes what the branch that leads to the block says. */
  #learnFromEdge(block: Block): void {
    const [predecessor] = block.predecessors;
    if (predecessor === undefined || block.predecessors.length !== 1) return;
    const { op, args, targets, cases } = predecessor.terminator!;
    const value = args[0];
    if (value === undefined || value.op === 'const') return;
    if (op === 'branch') this.#learn(value, targets[0] === block);
    const index = targets.indexOf(block);
    if (op === 'switch' && index > 0 && targets.lastIndexOf(block) === index) {
      this.#set(this.#facts, value.id, cases[index - 1]!);
    }
  }

  #learn(condition: Instruction, holds: boolean): void {
    if (!isCompare(condition.op)) {
      if (!holds) this.#set(this.#facts, condition.id, 0);
      return;
    }
    this.#set(this.#facts, condition.id, holds ? 1 : 0);
    const [a, b] = condition.args as [Instruction, Instruction];
    const { op, swapped } = inverses[condition.op]!;
    this.#set(this.#tableOf(op), pairKey(op, swapped ? b : a, swapped ? a : b), holds ? 0 : 1);
    const areEqual = (condition.op === 'eq' && holds) || (condition.op === 'ne' && !holds);
    if (areEqual && b.op === 'const' && typeof b.value === 'number') this.#set(this.#facts, a.id, b.value);
  }
}

/** Within the table of one operation, equal keys mean equal values. Null: never equal to another. */
function keyOf(instruction: Instruction): Key | null {
  const { op, args } = instruction;
  switch (op) {
    case 'const':
      return instruction.value;
    case 'symbol':
      return `${instruction.offset} ${instruction.symbol}`;
    case 'slot':
      return instruction.index;
    case 'select':
      return `${args[0]!.id} ${args[1]!.id} ${args[2]!.id}`;
    case 'phi':
      return `${instruction.block!.id} ${args.map(({ id }) => id).join(' ')}`;
    case 'intrinsic':
      return isPure(instruction) ? `${instruction.intrinsic} ${args.map(({ id }) => id).join(' ')}` : null;
    case 'load':
    case 'store':
    case 'call':
    case 'callIndirect':
      return null;
    default:
      if (args.length === 2) return pairKey(op, args[0]!, args[1]!);
      return isUnary(op) ? args[0]!.id : null;
  }
}

/** The operands, and thereby the type; ids are far below 2^26. */
function pairKey(op: Opcode, a: Instruction, b: Instruction): number {
  return isCommutative(op) && a.id > b.id ? b.id * 2 ** 26 + a.id : a.id * 2 ** 26 + b.id;
}
