/*
 * Sparse conditional constant propagation (Wegman and Zadeck, 1991).
 *
 * Needs: SSA form. Guarantees: a value that is the same constant on every path that can be taken is that constant.
 * Branches on such values are left for simplify-cfg, which finds constant conditions.
 *
 *   before  b0:                                after  b0:
 *             %0 = const 1                              %0 = const 1
 *             branch %0, b1, b2                         branch %0, b1, b2
 *           b1 from b0:                               ...
 *             jump b3                                 b3 from b1, b2:
 *           b2 from b0:                                 %3 = const 1
 *             %1 = const 7                              return %3
 *             jump b3
 *           b3 from b1, b2:
 *             %2 = phi %0, %1
 *             return %2
 *
 * All values begin as "unknown yet", all edges as "never taken". Following only edges that can be taken, values fall to
 * a constant and then perhaps to "varies"; each falls at most twice. The blocks are gone over until nothing falls any more,
 * which is once where control only goes on to blocks further down. Lists of who uses what would cost more than they save.
 */

import { foldConstants, isFoldable } from '../ir/fold.ts';
import { type Block, type Instruction, type IrFunction, noValues } from '../ir/types.ts';
import { equalNumbers } from '../lists.ts';

type Known = number | bigint;
const varies = Symbol('varies');
/** undefined: no path to the definition was found yet. */
type State = Known | typeof varies | undefined;

export function propagateConstants(fn: IrFunction): boolean {
  if (fn.blocks.length === 1) return false; // nothing that simplify would not see
  const states = new Propagation(fn).run();
  let changed = false;
  for (const block of fn.blocks) {
    let wasPhi = false;
    const { instructions } = block;
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n]!;
      const state = states[instruction.id];
      if (state === varies || state === undefined || instruction.op === 'const') continue;
      wasPhi ||= instruction.op === 'phi';
      becomeConstant(instruction, state);
      changed = true;
    }
    if (!wasPhi) continue;
    const phis = block.instructions.filter(({ op }) => op === 'phi');
    block.instructions = [...phis, ...block.instructions.filter(({ op }) => op !== 'phi')];
  }
  return changed;
}

function becomeConstant(instruction: Instruction, value: Known): void {
  instruction.op = 'const';
  instruction.args = noValues;
  instruction.value = value;
}

class Propagation {
  readonly #fn: IrFunction;
  /** By value id. */
  readonly #states: State[];
  /** By block id, and by the number of the predecessor: 1 if control can come from there. Null: it cannot come at all. */
  readonly #entered: (number[] | null)[];
  /** By block id: 1 if it has been gone over. */
  readonly #isPassed: number[];
  /** Control can come to a block that was passed before it was known. */
  #goesBack = false;
  /** How often something fell, or control could come to where it could not. */
  #changes = 0;

  constructor(fn: IrFunction) {
    this.#fn = fn;
    this.#states = new Array<State>(fn.valueLimit).fill(undefined);
    this.#entered = new Array<number[] | null>(fn.blockLimit).fill(null);
    this.#isPassed = equalNumbers(fn.blockLimit, 0);
  }

  run(): readonly State[] {
    this.#entered[this.#fn.blocks[0]!.id] = [];
    for (let changed = true; changed;) {
      const before = this.#changes;
      this.#goOver(this.#fn.blocks);
      changed = this.#goesBack && this.#changes > before;
    }
    return this.#states;
  }

  #goOver(blocks: readonly Block[]): void {
    for (let n = 0; n < blocks.length; n++) {
      const { id, instructions } = blocks[n]!;
      this.#isPassed[id] = 1;
      if (this.#entered[id] !== null) this.#visitAll(instructions);
    }
  }

  #visitAll(instructions: readonly Instruction[]): void {
    for (let n = 0; n < instructions.length; n++) {
      // what varies already falls no further
      if (this.#states[instructions[n]!.id] !== varies) this.#visit(instructions[n]!);
    }
  }

  #visit(instruction: Instruction): void {
    const { op } = instruction;
    if (op === 'jump' || op === 'branch' || op === 'switch') this.#follow(instruction);
    else if (op === 'phi') this.#fall(instruction, this.#meet(instruction));
    else if (op === 'select') this.#fall(instruction, this.#choose(instruction));
    else this.#fall(instruction, this.#evaluate(instruction));
  }

  /** Notes a state that may be lower than before. */
  #fall({ id }: Instruction, state: State): void {
    if (state === this.#states[id]) return;
    this.#states[id] = this.#states[id] === undefined ? state : varies;
    this.#changes++;
  }

  #enter(from: Block, { id, predecessors }: Block): void {
    const entered = (this.#entered[id] ??= equalNumbers(predecessors.length, 0));
    for (let n = 0; n < predecessors.length; n++) {
      if (predecessors[n] !== from || entered[n] === 1) continue;
      entered[n] = 1;
      this.#changes++;
      if (this.#isPassed[id] === 1) this.#goesBack = true;
    }
  }

  #meet({ args, block }: Instruction): State {
    const entered = this.#entered[block!.id]!;
    let met: State;
    for (let index = 0; index < args.length; index++) {
      const state = this.#states[args[index]!.id];
      if (state === undefined || state === met || entered[index] !== 1) continue;
      if (met !== undefined) return varies;
      met = state;
    }
    return met;
  }

  #choose({ args }: Instruction): State {
    const condition = this.#states[args[0]!.id];
    const ifTrue = this.#states[args[1]!.id];
    const ifFalse = this.#states[args[2]!.id];
    if (condition === undefined) return undefined;
    if (condition !== varies) return condition !== 0 ? ifTrue : ifFalse;
    if (ifTrue === ifFalse || ifFalse === undefined) return ifTrue;
    return ifTrue === undefined ? ifFalse : varies;
  }

  #evaluate(instruction: Instruction): State {
    if (instruction.op === 'const') return instruction.value;
    if (!isFoldable(instruction)) return varies;
    const { args } = instruction;
    for (let n = 0; n < args.length; n++) {
      const state = this.#states[args[n]!.id];
      if (state === undefined || state === varies) return state;
    }
    return this.#fold(instruction);
  }

  /** What it gives for operands that are all known. */
  #fold(instruction: Instruction): State {
    const values = instruction.args.map(({ id }) => this.#states[id] as Known);
    return foldConstants(instruction, values) ?? varies;
  }

  #follow({ id, op, args, targets, cases, block }: Instruction): void {
    const state = args[0] === undefined ? varies : this.#states[args[0].id];
    if (state === undefined) return;
    if (state === varies) {
      for (let n = 0; n < targets.length; n++) this.#enter(block!, targets[n]!);
      this.#states[id] = varies; // there is nothing more to follow
    } else if (op === 'branch') this.#enter(block!, targets[state !== 0 ? 0 : 1]!);
    else this.#enter(block!, targets[cases.indexOf(Number(state)) + 1]!);
  }
}
