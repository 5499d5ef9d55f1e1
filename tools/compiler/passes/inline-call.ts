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
  for (let n = 0; n < copies.length; n++) copies[n]!.block = block;
  block.instructions.splice(block.instructions.indexOf(call), 1, ...copies);
  if (call.type !== 'void') replacements.replace(call, end.args[0]!);
}

/** Moves what follows the call to a new block, behind the old one, and removes the call. */
function cutAt(fn: IrFunction, call: Instruction): Block {
  const before = call.block!;
  const after = newBlock(fn, before.isCold);
  fn.blocks.splice(fn.blocks.indexOf(before) + 1, 0, after);
  const position = before.instructions.indexOf(call);
  after.instructions = before.instructions.slice(position + 1);
  for (let n = 0; n < after.instructions.length; n++) after.instructions[n]!.block = after;
  before.instructions.length = position;
  const { successors } = after;
  for (let n = 0; n < successors.length; n++) renameEdge(successors[n]!, before, after);
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
  readonly #values: Instruction[];
  readonly #blocks: Block[];
  /** Pairs: a location in the callee, and the one that stands for it. There are few; a Map would take more. */
  readonly #locations: SourceLocation[] = [];
  #lastLocation: SourceLocation | null = null;
  #lastRebased: SourceLocation | null = null;
  /** The results of the returns, in the order of the returns. */
  readonly #results: Instruction[] = [];

  constructor(fn: IrFunction, call: Instruction, callee: IrFunction) {
    this.#fn = fn;
    this.#call = call;
    this.#callee = callee;
    this.#values = new Array<Instruction>(callee.valueLimit);
    this.#blocks = new Array<Block>(callee.blockLimit);
    this.#firstSlot = fn.slots.length;
    for (let n = 0; n < callee.slots.length; n++) fn.slots.push(callee.slots[n]!);
  }

  /** The instructions of a block that has no phis and whose operands stand in it; the params are left out. */
  copyLines(block: Block): Instruction[] {
    const lines = this.#copyAll(block);
    for (let n = 0; n < lines.length; n++) lines[n]!.args = this.#copiesOf(lines[n]!.args);
    return lines;
  }

  /** The blocks, with jumps to `after` instead of returns. */
  copyBlocks(after: Block): Block[] {
    const { blocks } = this.#callee;
    const isCold = this.#call.block!.isCold;
    for (let n = 0; n < blocks.length; n++) {
      const block = newBlock(this.#fn, blocks[n]!.isCold || isCold);
      this.#blocks[blocks[n]!.id] = block;
      block.instructions = this.#copyAll(blocks[n]!);
    }
    const copies = this.#copiesOfBlocks(blocks);
    for (let n = 0; n < blocks.length; n++) this.#fill(copies[n]!, blocks[n]!, after);
    return copies;
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

  /** Copies of all instructions but params, for which the arguments stand. */
  #copyAll({ instructions }: Block): Instruction[] {
    let params = 0;
    for (; instructions[params]!.op === 'param'; params++) {
      const { id, index } = instructions[params]!;
      this.#values[id] = this.#call.args[index]!;
    }
    const copies = instructions.slice(params);
    for (let n = 0; n < copies.length; n++) copies[n] = this.#copy(copies[n]!);
    return copies;
  }

  /** The copy still has the operands and targets of the original, whose copies may come later in the text. */
  #copy(instruction: Instruction): Instruction {
    const { args, op, type } = instruction;
    const copy = this.#fn.create(op, type, args, this.#rebase(instruction.location));
    copy.value = instruction.value;
    copy.index = op === 'slot' ? instruction.index + this.#firstSlot : instruction.index;
    copy.symbol = instruction.symbol;
    copy.offset = instruction.offset;
    copy.size = instruction.size;
    copy.signed = instruction.signed;
    copy.isVolatile = instruction.isVolatile;
    copy.intrinsic = instruction.intrinsic;
    copy.parameters = instruction.parameters;
    copy.targets = instruction.targets;
    if (instruction.cases.length > 0) copy.cases = instruction.cases.slice();
    this.#values[instruction.id] = copy;
    return copy;
  }

  #fill(block: Block, original: Block, after: Block): void {
    block.predecessors = this.#copiesOfBlocks(original.predecessors);
    const { instructions } = block;
    for (let n = 0; n < instructions.length; n++) {
      const copy = instructions[n]!;
      copy.block = block;
      copy.args = this.#copiesOf(copy.args);
      if (copy.targets.length > 0) copy.targets = this.#copiesOfBlocks(copy.targets);
      if (copy.op === 'return') this.#returnFrom(block, copy, after);
    }
  }

  #copiesOf(operands: Instruction[]): Instruction[] {
    if (operands === noValues) return noValues;
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
    if (copy.args.length > 0) this.#results.push(copy.args[0]!);
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
    const rebased = this.#knownRebased(location) ?? this.#newRebased(location, place);
    this.#lastLocation = location;
    this.#lastRebased = rebased;
    return rebased;
  }
  #knownRebased(location: SourceLocation): SourceLocation | null {
    for (let n = this.#locations.length - 2; n >= 0; n -= 2) {
      if (this.#locations[n] === location) return this.#locations[n + 1]!;
    }
    return null;
  }

  #newRebased(location: SourceLocation, place: SourceLocation): SourceLocation {
    const { file, line, column, inlinedAt } = location;
    const rebased = { file, line, column, inlinedAt: inlinedAt === undefined ? place : this.#rebase(inlinedAt)! };
    this.#locations.push(location, rebased);
    return rebased;
  }
}
