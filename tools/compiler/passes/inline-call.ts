/*
 * Puts a copy of a function's body in the place of one call.
 *
 * The caller's block is cut in two at the call. The callee's params are the arguments, its returns jump to the second
 * half, where a phi collects the results; its slots become slots of the caller.
 */

import { append, renameEdge, type Replacements } from '../ir/edit.ts';
import { type Block, type Instruction, type IrFunction, noValues, type SourceLocation } from '../ir/types.ts';

/**
 * `call` stands in `fn`, and calls `callee`, which is another function and has blocks. Its result is noted in
 * `replacements`, for the caller to apply.
 */
export function inlineCall(fn: IrFunction, call: Instruction, callee: IrFunction, replacements: Replacements): void {
  replacements.updateOperands(call);
  if (callee.blocks.length === 1 && callee.blocks[0]!.terminator!.op === 'return') {
    inlineStraight(fn, call, callee, replacements);
    return;
  }
  const before = call.block!;
  const after = cutAt(fn, call);
  const copy = new BodyCopy(fn, call, callee);
  const blocks = copy.copyBlocks(after);
  fn.blocks.splice(fn.blocks.indexOf(after), 0, ...blocks);
  append(before, fn.create('jump', 'void', [], call.location, { targets: [blocks[0]!] }));
  blocks[0]!.predecessors = [before];
  if (call.type !== 'void') replacements.replace(call, copy.result(after));
}

/** A body without branches takes the place of the call in its block. */
function inlineStraight(fn: IrFunction, call: Instruction, callee: IrFunction, replacements: Replacements): void {
  const block = call.block!;
  const copies = new BodyCopy(fn, call, callee).copyLines(callee.blocks[0]!);
  const end = copies.pop()!;
  for (const copy of copies) copy.block = block;
  block.instructions.splice(block.instructions.indexOf(call), 1, ...copies);
  if (call.type !== 'void') replacements.replace(call, end.args[0]!);
}

/** Moves what follows the call to a new block, behind the old one, and removes the call. */
function cutAt(fn: IrFunction, call: Instruction): Block {
  const before = call.block!;
  const after = newBlock(fn, before.isCold);
  fn.blocks.splice(fn.blocks.indexOf(before) + 1, 0, after);
  const position = before.instructions.indexOf(call);
  for (const instruction of before.instructions.slice(position + 1)) append(after, instruction);
  before.instructions.length = position;
  for (const target of after.successors) renameEdge(target, before, after);
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
  readonly #firstSlot: number;
  /** By id in the callee. */
  readonly #values: Instruction[] = [];
  readonly #blocks: Block[] = [];
  readonly #locations = new Map<SourceLocation, SourceLocation>();
  #lastLocation: SourceLocation | null = null;
  #lastRebased: SourceLocation | null = null;
  /** The results of the returns, in the order of the returns. */
  readonly #results: Instruction[] = [];

  constructor(fn: IrFunction, call: Instruction, callee: IrFunction) {
    this.#fn = fn;
    this.#call = call;
    this.#callee = callee;
    this.#firstSlot = fn.slots.length;
    fn.slots.push(...callee.slots);
  }

  /** The instructions of a block that has no phis and whose operands stand in it; the params are left out. */
  copyLines({ instructions }: Block): Instruction[] {
    const lines: Instruction[] = [];
    for (const instruction of instructions) {
      const copy = this.#copy(instruction);
      if (instruction.op === 'param') continue;
      copy.args = this.#copiesOf(instruction.args);
      lines.push(copy);
    }
    return lines;
  }

  /** The blocks, with jumps to `after` instead of returns. */
  copyBlocks(after: Block): Block[] {
    for (const block of this.#callee.blocks) {
      this.#blocks[block.id] = newBlock(this.#fn, block.isCold || this.#call.block!.isCold);
      for (const instruction of block.instructions) this.#copy(instruction);
    }
    for (const block of this.#callee.blocks) this.#fill(block, after);
    return this.#copiesOfBlocks(this.#callee.blocks);
  }

  /** What the call gave. A callee that never returns gives nothing: any value will do where control never comes. */
  result(after: Block): Instruction {
    const { type, location } = this.#call;
    const [first] = this.#results;
    if (first !== undefined && this.#results.every((value) => value === first)) return first;
    const isWide = type === 'i64';
    const result =
      first === undefined
        ? this.#fn.create('const', type, [], location, { value: isWide ? 0n : 0 })
        : this.#fn.create('phi', type, this.#results, location);
    result.block = after;
    after.instructions.unshift(result);
    return result;
  }

  /** Makes the copy, without operands: these may come later in the text. A param is the argument. */
  #copy(instruction: Instruction): Instruction {
    const { op, type } = instruction;
    if (op === 'param') return (this.#values[instruction.id] = this.#call.args[instruction.index]!);
    const copy = this.#fn.create(op, type, [], this.#rebase(instruction.location));
    copy.value = instruction.value;
    copy.index = op === 'slot' ? instruction.index + this.#firstSlot : instruction.index;
    copy.symbol = instruction.symbol;
    copy.offset = instruction.offset;
    copy.size = instruction.size;
    copy.signed = instruction.signed;
    copy.isVolatile = instruction.isVolatile;
    copy.intrinsic = instruction.intrinsic;
    copy.parameters = instruction.parameters;
    if (instruction.cases.length > 0) copy.cases = [...instruction.cases];
    this.#values[instruction.id] = copy;
    return copy;
  }

  #fill(original: Block, after: Block): void {
    const block = this.#blocks[original.id]!;
    block.predecessors = this.#copiesOfBlocks(original.predecessors);
    for (const instruction of original.instructions) {
      if (instruction.op === 'param') continue;
      const copy = append(block, this.#values[instruction.id]!);
      copy.args = this.#copiesOf(instruction.args);
      if (instruction.targets.length > 0) copy.targets = this.#copiesOfBlocks(instruction.targets);
      if (instruction.op === 'return') this.#returnFrom(block, copy, after);
    }
  }

  #copiesOf(operands: readonly Instruction[]): Instruction[] {
    const copies = operands.slice();
    for (let n = 0; n < copies.length; n++) copies[n] = this.#values[copies[n]!.id]!;
    return copies;
  }

  #copiesOfBlocks(originals: readonly Block[]): Block[] {
    const copies = originals.slice();
    for (let n = 0; n < copies.length; n++) copies[n] = this.#blocks[copies[n]!.id]!;
    return copies;
  }

  #returnFrom(block: Block, copy: Instruction, after: Block): void {
    const [value] = copy.args;
    if (value !== undefined) this.#results.push(value);
    copy.op = 'jump';
    copy.args = noValues;
    copy.targets = [after];
    after.predecessors.push(block);
  }

  /** Where the code comes from, and that it was inlined at the call. Equal locations stay shared. */
  #rebase(location: SourceLocation | null): SourceLocation | null {
    const place = this.#call.location;
    if (location === null || place === null) return location ?? place;
    if (location === this.#lastLocation) return this.#lastRebased; // as so often
    let rebased = this.#locations.get(location);
    if (rebased === undefined) {
      const { file, line, column, inlinedAt } = location;
      rebased = { file, line, column, inlinedAt: inlinedAt === undefined ? place : this.#rebase(inlinedAt)! };
      this.#locations.set(location, rebased);
    }
    this.#lastLocation = location;
    this.#lastRebased = rebased;
    return rebased;
  }
}
