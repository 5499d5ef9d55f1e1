/*
 * Loop-invariant code motion.
 *
 * Needs: SSA form, no unreachable blocks. Guarantees: what computes the same in each turn of a loop, and is worth a
 * register, is computed before the loop; loops with such work have a preheader.
 *
 *   before  b1 from b0, b1:             after  b0:
 *             %2 = phi %0, %4                    ...
 *             %3 = mul %1, %1                    %3 = mul %1, %1
 *             %4 = add %2, %3                    jump b1
 *             ...                              b1 from b0, b1: ...
 *
 * Pure operations may be computed although the loop would never have reached them. A load may not: it moves only if it
 * stands where every entry into the loop comes by before anything else can happen, and nothing in the loop writes what
 * it reads. Constants and addresses are operands of instructions on this machine: they move only with their users; so
 * do comparisons, which are one with their branches.
 */

import { AliasAnalysis } from '../ir/alias.ts';
import { appendBeforeEnd } from '../ir/edit.ts';
import { isPure, mayTrap, writesMemory } from '../ir/effects.ts';
import { Dominators } from '../ir/graph.ts';
import { findLoops, type Loop } from '../ir/loops.ts';
import { isCompare } from '../ir/opcodes.ts';
import { makePreheader } from '../ir/preheader.ts';
import { type Block, type Instruction, type IrFunction, type IrModule, isTerminator } from '../ir/types.ts';

/** At most so many values of one loop move: there are seven registers. */
const hoistLimit = 12;

export function hoistInvariants(fn: IrFunction, module: IrModule): boolean {
  if (fn.blocks.length === 1) return false;
  const dominators = new Dominators(fn);
  const loops = findLoops(dominators);
  if (loops.length === 0) return false;
  let changed = false;
  const alias = new AliasAnalysis(fn, module);
  // outer loops first: what moves out of them need not stop on the way, and their blocks are still all known
  for (const loop of loops.reverse()) {
    const invariants = new LoopInvariants(loop, dominators, alias).find();
    if (invariants.length === 0) continue;
    moveTo(makePreheader(fn, loop), invariants);
    changed = true;
  }
  return changed;
}

function moveTo(preheader: Block, instructions: readonly Instruction[]): void {
  const moved = new Set(instructions);
  for (const block of new Set(instructions.map((instruction) => instruction.block!))) {
    block.instructions = block.instructions.filter((instruction) => !moved.has(instruction));
  }
  for (const instruction of instructions) appendBeforeEnd(preheader, instruction);
}

class LoopInvariants {
  readonly #header: Block;
  readonly #blocks: ReadonlySet<Block>;
  readonly #order: readonly Block[];
  readonly #alias: AliasAnalysis;
  readonly #writers: readonly Instruction[];
  /** In an order in which they can be computed. */
  readonly #found: Instruction[] = [];
  readonly #invariant = new Set<Instruction>();
  #weight = 0;

  constructor({ header, blocks }: Loop, dominators: Dominators, alias: AliasAnalysis) {
    this.#header = header;
    this.#blocks = blocks;
    this.#order = dominators.order.filter((block) => blocks.has(block));
    this.#alias = alias;
    this.#writers = [...blocks].flatMap(({ instructions }) => instructions.filter(writesMemory));
  }

  find(): readonly Instruction[] {
    let isCertain = true;
    for (const block of this.#order) {
      isCertain &&= block === this.#header;
      for (const instruction of block.instructions) {
        if (this.#weight < hoistLimit && this.#canMove(instruction, isCertain)) this.#move(instruction);
        // beyond a call, a trap or a way out of the loop, nothing is certain to be reached
        isCertain &&= !isTerminator(instruction.op) && !mayTrap(instruction) && !isCall(instruction);
      }
    }
    return this.#found;
  }

  #canMove(instruction: Instruction, isCertain: boolean): boolean {
    const { op } = instruction;
    if (isCheap(instruction) || isCompare(op)) return false;
    const isMovable = op === 'load' ? isCertain && this.#isUnchanged(instruction) : isPure(instruction);
    if (!isMovable) return false;
    const { args } = instruction;
    for (let n = 0; n < args.length; n++) if (!this.#isInvariant(args[n]!)) return false;
    return true;
  }

  /** Computed outside, or a constant that can be. */
  #isInvariant(value: Instruction): boolean {
    return !this.#blocks.has(value.block!) || this.#invariant.has(value) || isCheap(value);
  }

  #isUnchanged(load: Instruction): boolean {
    if (load.isVolatile) return false;
    if (this.#alias.isConstant(load)) return true;
    return this.#writers.every((writer) =>
      writer.op === 'store' ? !this.#alias.mayOverlap(writer, load) : this.#alias.isPrivate(load),
    );
  }

  #move(instruction: Instruction): void {
    for (const operand of instruction.args) {
      if (!this.#blocks.has(operand.block!) || this.#invariant.has(operand)) continue;
      this.#invariant.add(operand);
      this.#found.push(operand);
    }
    this.#invariant.add(instruction);
    this.#found.push(instruction);
    this.#weight++;
  }
}

/** Costs no instruction: it becomes a part of its users. */
function isCheap({ op }: Instruction): boolean {
  return op === 'const' || op === 'symbol' || op === 'slot';
}

function isCall({ op }: Instruction): boolean {
  return op === 'call' || op === 'callIndirect' || op === 'intrinsic';
}
