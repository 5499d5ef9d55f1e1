/*
 * Promotion of stack slots to values, field by field (mem2reg and scalar replacement of aggregates in one).
 *
 * Needs: SSA form, no unreachable blocks; constant offsets folded into loads and stores. Guarantees: a slot that is only
 * loaded from and stored to, at constant offsets, in pieces that do not overlap in part, is gone. What was never stored
 * reads as 0. Removes slots that nothing refers to.
 *
 *   before  %1 = slot 0                     after  %3 = add %0, %0
 *           store u32 [%1], %0                     return %3
 *           store u32 [%1 + 4], %0
 *           %2 = load u32 [%1 + 4]
 *           %3 = add %0, %2
 *           return %3
 *
 * Each piece becomes a variable; phis stand on the iterated dominance frontier of its stores (Cytron et al. 1991), and a
 * walk over the dominator tree renames. A store of a constant, and a fillBytes of a constant over a whole number of
 * pieces, may cover several pieces: so the usual "zero it, then set the fields" does not keep a struct in memory.
 */

import { Replacements } from '../ir/edit.ts';
import { Dominators } from '../ir/graph.ts';
import { extensionOp } from '../ir/opcodes.ts';
import type { Block, Instruction, IrFunction, ValueType } from '../ir/types.ts';
import { findPieces, type Piece } from './slot-pieces.ts';

export function promoteSlots(fn: IrFunction): boolean {
  if (fn.slots.length === 0) return false;
  const pieces = findPieces(fn);
  if (pieces.length > 0) new Promotion(fn, pieces).run();
  const before = fn.slots.length;
  removeUnusedSlots(fn);
  return pieces.length > 0 || fn.slots.length < before;
}

class Promotion {
  readonly #fn: IrFunction;
  readonly #dominators: Dominators;
  readonly #pieces: readonly Piece[];
  readonly #replacements: Replacements;
  /** By phi: the piece that it holds. */
  readonly #phis = new Map<Instruction, number>();
  /** By access: the pieces that it touches. */
  readonly #touched = new Map<Instruction, number[]>();

  constructor(fn: IrFunction, pieces: readonly Piece[]) {
    this.#fn = fn;
    this.#replacements = new Replacements(fn);
    this.#pieces = pieces;
    this.#dominators = new Dominators(fn);
    pieces.forEach((piece, index) => {
      for (const access of [...piece.loads, ...piece.stores]) {
        this.#touched.set(access, [...(this.#touched.get(access) ?? []), index]);
      }
    });
  }

  run(): void {
    const frontiers = this.#dominators.frontiers();
    this.#pieces.forEach((piece, index) => this.#placePhis(piece, index, frontiers));
    this.#rename();
    this.#replacements.apply(this.#fn);
  }

  #placePhis(piece: Piece, index: number, frontiers: readonly (readonly Block[])[]): void {
    if (piece.loads.length === 0) return;
    const placed = new Set<Block>();
    const work = piece.stores.map(({ block }) => block!);
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      for (const join of frontiers[block.id]!) {
        if (placed.has(join)) continue;
        placed.add(join);
        const phi = this.#fn.create('phi', pieceType(piece), [], null);
        phi.block = join;
        for (const _ of join.predecessors) phi.args.push(phi); // until it is known what comes from there
        join.instructions.unshift(phi);
        this.#phis.set(phi, index);
        work.push(join);
      }
    }
  }

  /** Walks down the dominator tree with the current value of each piece. */
  #rename(): void {
    const dominators = this.#dominators;
    const entry = this.#fn.blocks[0]!;
    const start = this.#pieces.map((piece) => this.#initialValue(piece));
    const work: { block: Block; values: Instruction[] }[] = [{ block: entry, values: start }];
    for (let item = work.pop(); item !== undefined; item = work.pop()) {
      const { block, values } = item;
      block.instructions = this.#renameBlock(block, values);
      for (const target of new Set(block.successors)) this.#fillPhis(block, target, values);
      for (let child = dominators.firstChild(block); child !== undefined; child = dominators.nextSibling(child)) {
        work.push({ block: child, values: values.slice() });
      }
    }
  }

  /** What was never stored: a zero at the head of the function. */
  #initialValue(piece: Piece): Instruction {
    const entry = this.#fn.blocks[0]!;
    const type = pieceType(piece);
    const zero = this.#fn.create('const', type, [], null, { value: type === 'i64' ? 0n : 0 });
    zero.block = entry;
    const firstOther = entry.instructions.findIndex(({ op }) => op !== 'param');
    entry.instructions.splice(firstOther, 0, zero);
    return zero;
  }

  /** Updates `values`; gives the instructions that stay. */
  #renameBlock(block: Block, values: Instruction[]): Instruction[] {
    const kept: Instruction[] = [];
    for (const instruction of block.instructions) {
      const own = this.#phis.get(instruction);
      const touched = this.#touched.get(instruction);
      if (own !== undefined) values[own] = instruction;
      if (touched === undefined) {
        kept.push(instruction);
      } else if (instruction.op === 'load') {
        this.#renameLoad(instruction, values[touched[0]!]!, kept);
      } else {
        for (const index of touched) {
          const piece = this.#pieces[index]!;
          if (piece.loads.length > 0) values[index] = this.#storedValue(instruction, piece, kept);
        }
      }
    }
    return kept;
  }

  /** A narrow load extends what is stored; a full one is the value itself. */
  #renameLoad(load: Instruction, value: Instruction, kept: Instruction[]): void {
    if (load.size >= 4) {
      this.#replacements.replace(load, value);
      return;
    }
    load.op = extensionOp(load.size, load.signed);
    load.args = [value];
    load.size = 4;
    load.offset = 0;
    load.signed = false;
    kept.push(load);
  }

  /** The part of the store that falls on the piece. */
  #storedValue(store: Instruction, piece: Piece, kept: Instruction[]): Instruction {
    if (store.op === 'store' && store.size === piece.size) return this.#replacements.find(store.args[1]!);
    const type = pieceType(piece);
    const value = constantPart(store, piece);
    const constant = this.#fn.create('const', type, [], store.location, {
      value: type === 'i64' ? value : Number(BigInt.asIntN(32, value)),
    });
    constant.block = store.block;
    kept.push(constant);
    return constant;
  }

  #fillPhis(block: Block, target: Block, values: readonly Instruction[]): void {
    for (const phi of target.instructions) {
      if (phi.op !== 'phi') break;
      const index = this.#phis.get(phi);
      if (index === undefined) continue;
      target.predecessors.forEach((predecessor, position) => {
        if (predecessor === block) phi.args[position] = values[index]!;
      });
    }
  }
}

function pieceType(piece: Piece): ValueType {
  return piece.size === 8 ? 'i64' : 'i32';
}

/** The bytes that a store of a constant, or a fillBytes, leaves in the piece, as a signed number. */
function constantPart(store: Instruction, piece: Piece): bigint {
  if (store.op === 'intrinsic') {
    const byte = BigInt(Number(store.args[1]!.value) & 0xff);
    return BigInt.asIntN(8 * piece.size, byte * 0x0101010101010101n);
  }
  const value = BigInt(store.args[1]!.value) >> BigInt(8 * (piece.offset - store.offset));
  return BigInt.asIntN(8 * piece.size, value);
}

/** Slots are numbered; who is left moves up. */
function removeUnusedSlots(fn: IrFunction): void {
  const referenced = findReferenced(fn);
  const isUsed = fn.slots.map(() => false);
  for (const { instructions } of fn.blocks) {
    let kept = 0;
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n]!;
      if (instruction.op === 'slot') {
        if (!referenced.has(instruction)) continue;
        isUsed[instruction.index] = true;
      }
      instructions[kept++] = instruction;
    }
    if (kept < instructions.length) instructions.length = kept;
  }
  if (isUsed.includes(false)) renumber(fn, isUsed);
}

/** The addresses of slots that are operands. There are few. */
function findReferenced({ blocks }: IrFunction): ReadonlySet<Instruction> {
  const referenced = new Set<Instruction>();
  for (let b = 0; b < blocks.length; b++) {
    const { instructions } = blocks[b]!;
    for (let n = 0; n < instructions.length; n++) {
      const { args } = instructions[n]!;
      for (let i = 0; i < args.length; i++) if (args[i]!.op === 'slot') referenced.add(args[i]!);
    }
  }
  return referenced;
}

function renumber(fn: IrFunction, isUsed: readonly boolean[]): void {
  let count = 0;
  const numbers = isUsed.map((used) => (used ? count++ : -1));
  fn.slots = fn.slots.filter((_, index) => isUsed[index]);
  for (const { instructions } of fn.blocks) {
    for (const instruction of instructions) {
      if (instruction.op === 'slot') instruction.index = numbers[instruction.index]!;
    }
  }
}
