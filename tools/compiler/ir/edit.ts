/*
 * How passes change a function without breaking its invariants.
 *
 * Values are replaced in bulk: a pass notes "this one by that one" while it walks, and one sweep at the end puts the
 * replacements in place. So nobody needs lists of uses, and a pass stays linear.
 */

import { type Block, type Instruction, type IrFunction, noValues } from './types.ts';

export class Replacements {
  /** By id of the replaced value; empty as long as there is none. Chains are allowed; `find` follows and shortens them. */
  #by: (Instruction | undefined)[] = [];
  readonly #capacity: number;

  /** For the values of one function, and those that are made meanwhile. */
  constructor(fn: IrFunction) {
    this.#capacity = fn.valueLimit;
  }

  get isEmpty(): boolean {
    return this.#by.length === 0;
  }

  /** From now on, `by` stands for `value`. */
  replace(value: Instruction, by: Instruction): void {
    if (this.isEmpty) this.#by = new Array<undefined>(this.#capacity); // at once: an array that grows by leaps is slow
    this.#by[value.id] = by;
  }

  isReplaced(value: Instruction): boolean {
    return this.#by[value.id] !== undefined;
  }

  /** What stands for `value` in the end. */
  find(value: Instruction): Instruction {
    let last = value;
    for (let next = this.#by[last.id]; next !== undefined; next = this.#by[last.id]) last = next;
    for (let step = value; step !== last;) {
      const next = this.#by[step.id]!;
      this.#by[step.id] = last;
      step = next;
    }
    return last;
  }

  /** Puts the replacements into the operands of one instruction. */
  updateOperands({ args }: Instruction): void {
    const by = this.#by;
    if (by.length === 0) return;
    for (let i = 0; i < args.length; i++) {
      if (by[args[i]!.id] !== undefined) args[i] = this.find(args[i]!);
    }
  }

  /** Puts the replacements into every operand, and removes the replaced instructions. */
  apply(fn: IrFunction): void {
    if (this.isEmpty) return;
    for (const block of fn.blocks) {
      let kept = 0;
      const { instructions } = block;
      for (let n = 0; n < instructions.length; n++) {
        const instruction = instructions[n]!;
        if (this.#by[instruction.id] !== undefined) {
          instruction.block = null;
          continue;
        }
        this.updateOperands(instruction);
        instructions[kept++] = instruction;
      }
      if (kept < instructions.length) instructions.length = kept; // which takes V8 long even if it changes nothing
    }
  }
}

/** The phis of a block; the array is new. */
export function phisOf(block: Block): Instruction[] {
  const { instructions } = block;
  let count = 0;
  while (instructions[count]?.op === 'phi') count++;
  return instructions.slice(0, count);
}

/** Takes one edge out of the books of `target`: an entry of `from` among the predecessors, and the phis' operands. */
export function forgetEdge(from: Block, target: Block): void {
  const index = target.predecessors.indexOf(from);
  target.predecessors.splice(index, 1);
  for (const instruction of target.instructions) {
    if (instruction.op !== 'phi') break;
    instruction.args.splice(index, 1);
  }
}

/** Notes that an edge of `target` comes from `to` now, not from `from`. The phis' operands stay. */
export function renameEdge(target: Block, from: Block, to: Block): void {
  target.predecessors[target.predecessors.indexOf(from)] = to;
}

/** Where control went from `block` to `from`, it goes to `to`: that many edges are to be noted. */
export function retarget(block: Block, from: Block, to: Block): number {
  const { targets } = block.terminator!;
  let count = 0;
  for (let n = 0; n < targets.length; n++) {
    if (targets[n] !== from) continue;
    targets[n] = to;
    count++;
  }
  return count;
}

/** Adds one edge to the books of `target`; `operands` are the phis' new ones, in their order. */
export function noteEdge(from: Block, target: Block, operands: readonly Instruction[]): void {
  target.predecessors.push(from);
  for (let i = 0; i < operands.length; i++) target.instructions[i]!.args.push(operands[i]!);
}

/** The operands that the phis of `target` have for an edge from `from`. */
export function edgeOperands(from: Block, target: Block): Instruction[] {
  const index = target.predecessors.indexOf(from);
  const operands: Instruction[] = [];
  for (const phi of target.instructions) {
    if (phi.op !== 'phi') break;
    operands.push(phi.args[index]!);
  }
  return operands;
}

/** Makes `instruction` the last of the block. */
export function append(block: Block, instruction: Instruction): Instruction {
  instruction.block = block;
  block.instructions.push(instruction);
  return instruction;
}

/** Puts `instruction` before the block's terminator. */
export function appendBeforeEnd(block: Block, instruction: Instruction): Instruction {
  instruction.block = block;
  block.instructions.splice(block.instructions.length - 1, 0, instruction);
  return instruction;
}

/** Replaces the terminator by a jump to one of its targets, and forgets the other edges. */
export function jumpTo(block: Block, target: Block): void {
  const end = block.instructions[block.instructions.length - 1]!;
  let isKept = false;
  for (const other of end.targets) {
    if (other === target && !isKept) isKept = true;
    else forgetEdge(block, other);
  }
  end.op = 'jump';
  end.args = noValues;
  end.targets = [target];
  end.cases = [];
}
