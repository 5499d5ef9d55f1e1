/*
 * Puts a copy of a function's body in the place of one call.
 *
 * The caller's block is cut in two at the call. The callee's params are the arguments, its returns jump to the second
 * half, where a phi collects the results; its slots become slots of the caller.
 */

import { append, type Replacements } from '../ir/edit.ts';
import { Block, type Instruction, type IrFunction, type SourceLocation } from '../ir/types.ts';

/**
 * `call` stands in `fn`, and calls `callee`, which is another function and has blocks. Its result is noted in
 * `replacements`, for the caller to apply.
 */
export function inlineCall(fn: IrFunction, call: Instruction, callee: IrFunction, replacements: Replacements): void {
  const before = call.block!;
  const after = cutAt(fn, call);
  replacements.updateOperands(call);
  const copy = new BodyCopy(fn, call, callee, after);
  const blocks = copy.make();
  fn.blocks.splice(fn.blocks.indexOf(after), 0, ...blocks);
  append(before, fn.create('jump', 'void', [], call.location, { targets: [blocks[0]!] }));
  blocks[0]!.predecessors = [before];
  if (call.type !== 'void') replacements.replace(call, copy.result());
}

/** Moves what follows the call to a new block, behind the old one, and removes the call. */
function cutAt(fn: IrFunction, call: Instruction): Block {
  const before = call.block!;
  const after = newBlock(fn, before.isCold);
  fn.blocks.splice(fn.blocks.indexOf(before) + 1, 0, after);
  const position = before.instructions.indexOf(call);
  for (const instruction of before.instructions.slice(position + 1)) append(after, instruction);
  before.instructions.length = position;
  for (const target of new Set(after.successors)) {
    target.predecessors = target.predecessors.map((block) => (block === before ? after : block));
  }
  return after;
}

/** A block that is not in the list of blocks yet. */
function newBlock(fn: IrFunction, isCold: boolean): Block {
  const block = fn.createBlock();
  fn.blocks.pop();
  block.isCold = isCold;
  return block;
}

class BodyCopy {
  readonly #fn: IrFunction;
  readonly #call: Instruction;
  readonly #callee: IrFunction;
  readonly #after: Block;
  /** By id in the callee. */
  readonly #values: Instruction[] = [];
  readonly #blocks: Block[] = [];
  readonly #locations = new Map<SourceLocation, SourceLocation>();
  /** The results of the returns, in the order of the predecessors of `after`. */
  readonly #results: Instruction[] = [];

  constructor(fn: IrFunction, call: Instruction, callee: IrFunction, after: Block) {
    this.#fn = fn;
    this.#call = call;
    this.#callee = callee;
    this.#after = after;
  }

  make(): Block[] {
    const firstSlot = this.#fn.slots.length;
    this.#fn.slots.push(...this.#callee.slots);
    for (const block of this.#callee.blocks) {
      this.#blocks[block.id] = newBlock(this.#fn, block.isCold || this.#call.block!.isCold);
      for (const instruction of block.instructions) this.#copy(instruction, firstSlot);
    }
    for (const block of this.#callee.blocks) this.#fill(block);
    return this.#callee.blocks.map(({ id }) => this.#blocks[id]!);
  }

  /** What the call gave. A callee that never returns gives nothing: any value will do where control never comes. */
  result(): Instruction {
    const { type, location } = this.#call;
    const [first] = this.#results;
    if (first !== undefined && this.#results.every((value) => value === first)) return first;
    const isWide = type === 'i64';
    const result =
      first === undefined
        ? this.#fn.create('const', type, [], location, { value: isWide ? 0n : 0 })
        : this.#fn.create('phi', type, this.#results, location);
    result.block = this.#after;
    this.#after.instructions.unshift(result);
    return result;
  }

  /** Makes the copy, without operands: these may come later in the text. */
  #copy(instruction: Instruction, firstSlot: number): void {
    const { op, type } = instruction;
    if (op === 'param') {
      this.#values[instruction.id] = this.#call.args[instruction.index]!;
      return;
    }
    const copy = this.#fn.create(op, type, [], this.#rebase(instruction.location));
    copy.value = instruction.value;
    copy.index = op === 'slot' ? instruction.index + firstSlot : instruction.index;
    copy.symbol = instruction.symbol;
    copy.offset = instruction.offset;
    copy.size = instruction.size;
    copy.signed = instruction.signed;
    copy.isVolatile = instruction.isVolatile;
    copy.intrinsic = instruction.intrinsic;
    copy.parameters = instruction.parameters;
    copy.cases = [...instruction.cases];
    this.#values[instruction.id] = copy;
  }

  #fill(original: Block): void {
    const block = this.#blocks[original.id]!;
    block.predecessors = original.predecessors.map(({ id }) => this.#blocks[id]!);
    for (const instruction of original.instructions) {
      if (instruction.op === 'param') continue;
      const copy = append(block, this.#values[instruction.id]!);
      copy.args = instruction.args.map(({ id }) => this.#values[id]!);
      copy.targets = instruction.targets.map(({ id }) => this.#blocks[id]!);
      if (instruction.op === 'return') this.#returnFrom(block, copy);
    }
  }

  #returnFrom(block: Block, copy: Instruction): void {
    const [value] = copy.args;
    if (value !== undefined) this.#results.push(value);
    copy.op = 'jump';
    copy.args = [];
    copy.targets = [this.#after];
    this.#after.predecessors.push(block);
  }

  /** Where the code comes from, and that it was inlined at the call. Equal locations stay shared. */
  #rebase(location: SourceLocation | null): SourceLocation | null {
    const place = this.#call.location;
    if (location === null || place === null) return location ?? place;
    const known = this.#locations.get(location);
    if (known !== undefined) return known;
    const { inlinedAt } = location;
    const rebased = { ...location, inlinedAt: inlinedAt === undefined ? place : this.#rebase(inlinedAt)! };
    this.#locations.set(location, rebased);
    return rebased;
  }
}
