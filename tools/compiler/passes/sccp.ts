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
 * a constant and then perhaps to "varies"; each falls at most twice, so the work is linear in the uses.
 */

import { foldConstants, isFoldable } from '../ir/fold.ts';
import { Users } from '../ir/graph.ts';
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
    for (const instruction of block.instructions) {
      const state = states[instruction.id];
      if (instruction.op === 'const' || state === undefined || state === varies) continue;
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
  readonly #users: Users;
  /** By value id. */
  readonly #states: State[];
  /** By block id, and by the number of the predecessor: 1 if control can come from there. Null: it cannot come at all. */
  readonly #entered: (number[] | null)[];
  /** Edges that control can take, two blocks each. */
  readonly #edges: Block[] = [];
  readonly #fallen: Instruction[] = [];

  constructor(fn: IrFunction) {
    this.#fn = fn;
    this.#users = new Users(fn);
    this.#states = new Array<State>(fn.valueLimit).fill(undefined);
    this.#entered = new Array<number[] | null>(fn.blockLimit).fill(null);
  }

  run(): readonly State[] {
    const entry = this.#fn.blocks[0]!;
    this.#entered[entry.id] = [];
    this.#visitAll(entry);
    for (;;) {
      const to = this.#edges.pop();
      if (to !== undefined) {
        this.#enter(this.#edges.pop()!, to);
        continue;
      }
      const value = this.#fallen.pop();
      if (value === undefined) return this.#states;
      this.#users.forEach(value, (user) => {
        // what varies already falls no further
        if (this.#states[user.id] !== varies && this.#entered[user.block!.id] !== null) this.#visit(user);
      });
    }
  }

  #enter(from: Block, to: Block): void {
    const { id, instructions, predecessors } = to;
    const before = this.#entered[id] ?? null;
    const entered = before ?? equalNumbers(predecessors.length, 0);
    let isNew = false;
    for (let n = 0; n < predecessors.length; n++) {
      if (predecessors[n] !== from || entered[n] === 1) continue;
      entered[n] = 1;
      isNew = true;
    }
    this.#entered[id] = entered;
    if (before === null) this.#visitAll(to);
    else if (isNew) for (let n = 0; instructions[n]!.op === 'phi'; n++) this.#visit(instructions[n]!);
  }

  #visitAll(block: Block): void {
    const { instructions } = block;
    for (let n = 0; n < instructions.length; n++) this.#visit(instructions[n]!);
  }

  #visit(instruction: Instruction): void {
    const { op } = instruction;
    if (op === 'jump' || op === 'branch' || op === 'switch') this.#follow(instruction);
    else if (op === 'phi') this.#fall(instruction, this.#meet(instruction));
    else if (op === 'select') this.#fall(instruction, this.#choose(instruction));
    else this.#fall(instruction, this.#evaluate(instruction));
  }

  /** Notes a state that may be lower than before. */
  #fall(instruction: Instruction, state: State): void {
    if (state === this.#states[instruction.id]) return;
    this.#states[instruction.id] = this.#states[instruction.id] === undefined ? state : varies;
    this.#fallen.push(instruction);
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
    const values: Known[] = [];
    const { args } = instruction;
    for (let n = 0; n < args.length; n++) {
      const state = this.#states[args[n]!.id];
      if (state === undefined) return undefined;
      if (state === varies) return varies;
      values.push(state);
    }
    return foldConstants(instruction, values) ?? varies;
  }

  #follow({ op, args, targets, cases, block }: Instruction): void {
    const state = args[0] === undefined ? varies : this.#states[args[0].id];
    if (state === undefined) return;
    if (state === varies) for (let n = 0; n < targets.length; n++) this.#edges.push(block!, targets[n]!);
    else if (op === 'branch') this.#edges.push(block!, targets[state !== 0 ? 0 : 1]!);
    else this.#edges.push(block!, targets[cases.indexOf(Number(state)) + 1]!);
  }
}
