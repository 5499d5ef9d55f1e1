/*
 * Spilling: rewrites a function so that some virtual registers live in memory.
 *
 * A register's home is a slot of the frame, or, where its only definition is a constant, the address of a slot or an
 * argument on the stack, that itself: then nothing is stored, and uses compute it anew.
 *
 * Where an instruction can work on the slot directly, it does. Otherwise the value is fetched into a new register,
 * which serves all further uses up to the next call or redefinition in the block. Such a register may be spilled in its
 * turn; its uses then each get a register of their own, and those must be coloured.
 */

import type { SourceLocation } from '../../ir/types.ts';
import { immediate, memory, NONE, type Operand, register, slotMemory, withRegisters } from '../encoder/operands.ts';
import { CALLER_SAVED, READS, WRITES } from '../machine/effects.ts';
import { type MachineBlock, type MachineFunction, MachineInstruction } from '../machine/types.ts';
import { canBeImmediate, canBeMemory } from './spillable.ts';

/** Where a spilled register lives. */
export type Home =
  | { readonly kind: 'slot'; readonly slot: number }
  /** `mov` of an immediate, or `lea` of a frame address: recomputed at each use. */
  | { readonly kind: 'value'; readonly op: string; readonly source: Operand };

/** What must be known about registers that spilling made, from one round to the next. */
export class SpillHistory {
  /** Registers that hold a slot's content for a stretch of a block: their home is that slot. */
  readonly reloads = new Map<number, number>();
  /** Registers that serve one instruction only. */
  readonly momentary = new Set<number>();
}

/** How many instructions a fetched value may wait for its next use. */
const longestStretch = 32;

/**
 * Moves registers to memory. `homes` is by number of the register. Definitions of registers whose home is a value or an
 * incoming argument must have been removed.
 */
export function rewriteSpilled(fn: MachineFunction, homes: readonly (Home | undefined)[], history: SpillHistory): void {
  const rewriter = new Rewriter(fn, homes, history);
  for (const block of fn.blocks) rewriter.rewriteBlock(block);
}

class Rewriter {
  readonly #fn: MachineFunction;
  readonly #homes: readonly (Home | undefined)[];
  readonly #history: SpillHistory;
  /** Code of the block as it is rewritten: the first #count entries. */
  readonly #code: MachineInstruction[] = [];
  #count = 0;
  /** Fetched values that are still good, by spilled register. */
  readonly #fetched = new Map<number, number>();

  constructor(fn: MachineFunction, homes: readonly (Home | undefined)[], history: SpillHistory) {
    this.#fn = fn;
    this.#homes = homes;
    this.#history = history;
  }

  rewriteBlock(block: MachineBlock): void {
    const { instructions } = block;
    let first = 0;
    while (first < instructions.length && this.#spilledIn(instructions[first]!) === NONE) first++;
    if (first === instructions.length) return;
    this.#forgetFetched();
    this.#count = 0;
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n]!;
      for (let spilled = this.#spilledIn(instruction); spilled !== NONE; spilled = this.#spilledIn(instruction)) {
        this.#prepare(instructions, n, spilled);
      }
      this.#put(instruction);
      if (this.#pendingStores.length > 0) this.#store(instruction.location);
      if ((instruction.effects.defs & CALLER_SAVED) === CALLER_SAVED) this.#forgetFetched();
    }
    block.instructions = this.#code.slice(0, this.#count);
  }

  #put(instruction: MachineInstruction): void {
    this.#code[this.#count++] = instruction;
  }

  #forgetFetched(): void {
    if (this.#fetched.size > 0) this.#fetched.clear(); // which makes a new table even if there is nothing in the old one
  }

  /** The first spilled register that the instruction mentions, or NONE. What it is prepared for it mentions no more. */
  #spilledIn({ operands }: MachineInstruction): number {
    for (let n = 0; n < operands.length; n++) {
      const operand = operands[n]!;
      if (operand.kind === 'register') {
        if (this.#isSpilled(operand.register)) return operand.register;
      } else if (operand.kind === 'memory') {
        if (this.#isSpilled(operand.base)) return operand.base;
        if (this.#isSpilled(operand.index)) return operand.index;
      }
    }
    return NONE;
  }

  #isSpilled(register: number): boolean {
    return register !== NONE && this.#homes[register] !== undefined;
  }

  /** Makes the instruction not mention a spilled register, as far as it reads it. */
  #prepare(instructions: readonly MachineInstruction[], n: number, virtual: number): void {
    const instruction = instructions[n]!;
    const home = this.#homes[virtual]!;
    if (home.kind === 'value') {
      this.#prepareValue(instruction, virtual, home);
      return;
    }
    const at = soleOperand(instruction, virtual);
    const fetched = this.#fetched.get(virtual);
    if (fetched !== undefined && !writesRegister(instruction, virtual)) {
      replaceRegister(instruction, virtual, fetched);
      return;
    }
    const isInMemory = this.#history.reloads.has(virtual) || this.#isFoldedAllAlong(instructions, n, virtual);
    if (at >= 0 && canBeMemory(instruction, at) && (writes(instruction, at) || isInMemory)) {
      const operand = instruction.operands[at]!;
      const width = operand.kind === 'register' ? operand.width : 32;
      instruction.operands[at] = memory(width, { slot: home.slot });
      this.#fetched.delete(virtual);
      return;
    }
    if (isTestOfItself(instruction, virtual) && isInMemory) {
      instruction.become('cmp', slotMemory(home.slot), immediate(0));
      return;
    }
    this.#fetch(instruction, virtual, home.slot, writesRegister(instruction, virtual));
  }

  /** Loads the slot into a register, which replaces the spilled one in the instruction. */
  #fetch(instruction: MachineInstruction, virtual: number, slot: number, isWritten: boolean): void {
    const replacement = this.#fn.newVirtual();
    if (isWritten || this.#history.reloads.has(virtual)) {
      this.#history.momentary.add(replacement);
    } else {
      this.#history.reloads.set(replacement, slot);
      this.#fetched.set(virtual, replacement);
    }
    if (reads(instruction, virtual)) {
      const load = [register(replacement), slotMemory(slot)];
      this.#put(new MachineInstruction('mov', load, instruction.location));
    }
    replaceRegister(instruction, virtual, replacement);
    if (isWritten) {
      this.#fetched.delete(virtual);
      this.#pendingStores.push({ register: replacement, slot });
    }
  }

  readonly #pendingStores: { register: number; slot: number }[] = [];

  /** Stores what the instruction has left in registers whose home is a slot. */
  #store(location: SourceLocation | null): void {
    for (const { register: from, slot } of this.#pendingStores) {
      this.#put(new MachineInstruction('mov', [slotMemory(slot), register(from)], location));
    }
    this.#pendingStores.length = 0;
  }

  #prepareValue(instruction: MachineInstruction, virtual: number, home: Home & { kind: 'value' }): void {
    const at = soleOperand(instruction, virtual);
    if (at >= 0 && home.source.kind === 'immediate' && canBeImmediate(instruction, at)) {
      instruction.operands[at] = home.source;
      return;
    }
    if (at === 1 && home.op === 'lea' && instruction.op === 'mov' && instruction.operands[0]!.kind === 'register') {
      instruction.become('lea', instruction.operands[0]!, home.source);
      return;
    }
    const replacement = this.#fn.newVirtual();
    this.#history.momentary.add(replacement);
    this.#put(new MachineInstruction(home.op, [register(replacement), home.source], instruction.location));
    replaceRegister(instruction, virtual, replacement);
  }

  /** From instruction n on, up to where a fetched value would be lost, every use can read the slot itself. */
  #isFoldedAllAlong(instructions: readonly MachineInstruction[], n: number, virtual: number): boolean {
    const end = Math.min(instructions.length, n + longestStretch);
    for (let i = n; i < end; i++) {
      const instruction = instructions[i]!;
      if (mentions(instruction, virtual)) {
        const at = soleOperand(instruction, virtual);
        const canFold = at >= 0 ? canBeMemory(instruction, at) : isTestOfItself(instruction, virtual);
        if (!canFold) return false;
        if (at >= 0 && writes(instruction, at)) return true;
      }
      if ((instruction.effects.defs & CALLER_SAVED) === CALLER_SAVED) return true;
    }
    return true;
  }
}

function mentions(instruction: MachineInstruction, virtual: number): boolean {
  const { operands } = instruction;
  for (let n = 0; n < operands.length; n++) {
    const operand = operands[n]!;
    if (operand.kind === 'register' ? operand.register === virtual : isInAddress(operand, virtual)) return true;
  }
  return false;
}

function isInAddress(operand: Operand, virtual: number): boolean {
  return operand.kind === 'memory' && (operand.base === virtual || operand.index === virtual);
}

/** The index of the operand that is the register, if it is mentioned just there; else -1. */
function soleOperand({ operands }: MachineInstruction, virtual: number): number {
  let found = -1;
  for (let n = 0; n < operands.length; n++) {
    const operand = operands[n]!;
    if (operand.kind === 'register' && operand.register === virtual) {
      if (found >= 0) return -1;
      found = n;
    } else if (isInAddress(operand, virtual)) {
      return -1;
    }
  }
  return found;
}

function writes(instruction: MachineInstruction, n: number): boolean {
  return ((instruction.effects.roles[n] ?? READS) & WRITES) !== 0;
}

/** Does it change the register? `lea v, [v+1]` reads and writes it in two operands. */
function writesRegister(instruction: MachineInstruction, virtual: number): boolean {
  const { operands } = instruction;
  for (let n = 0; n < operands.length; n++) {
    const operand = operands[n]!;
    if (operand.kind === 'register' && operand.register === virtual && writes(instruction, n)) return true;
  }
  return false;
}

function reads(instruction: MachineInstruction, virtual: number): boolean {
  const { effects, operands } = instruction;
  for (let n = 0; n < operands.length; n++) {
    const operand = operands[n]!;
    if (isInAddress(operand, virtual)) return true;
    const isIt = operand.kind === 'register' && operand.register === virtual;
    if (isIt && ((effects.roles[n] ?? READS) & READS) !== 0) return true;
  }
  return false;
}

function replaceRegister({ operands }: MachineInstruction, from: number, to: number): void {
  for (let n = 0; n < operands.length; n++) operands[n] = renamed(operands[n]!, from, to);
}

function renamed(operand: Operand, from: number, to: number): Operand {
  if (operand.kind === 'register') return operand.register === from ? register(to, operand.width) : operand;
  if (operand.kind !== 'memory' || (operand.base !== from && operand.index !== from)) return operand;
  const { base, index } = operand;
  return withRegisters(operand, base === from ? to : base, index === from ? to : index);
}

/** `test v, v` on memory is `cmp [slot], 0`. */
function isTestOfItself({ op, operands }: MachineInstruction, virtual: number): boolean {
  const [a, b] = operands;
  return (
    op === 'test' &&
    a?.kind === 'register' &&
    b?.kind === 'register' &&
    a.register === virtual &&
    b.register === virtual
  );
}

/**
 * The home of a register whose only definition is `definition`, if that can be repeated at will: a constant, the address
 * of a frame slot, or an argument on the stack, which nobody else writes.
 */
export function repeatableHome(fn: MachineFunction, definition: MachineInstruction): Home | null {
  const source = definition.operands[1];
  if (definition.op === 'mov' && source?.kind === 'immediate') return { kind: 'value', op: 'mov', source };
  if (source?.kind !== 'memory' || source.slot === NONE || source.base !== NONE || source.index !== NONE) return null;
  if (definition.op === 'lea') return { kind: 'value', op: 'lea', source };
  const isArgument = definition.op === 'mov' && fn.slots[source.slot]!.kind === 'incoming' && source.width === 32;
  return isArgument ? { kind: 'slot', slot: source.slot } : null;
}
