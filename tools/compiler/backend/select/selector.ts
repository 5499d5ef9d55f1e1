/*
 * Instruction selection, the common ground: which virtual register holds which value, what has been asked for, what may
 * be folded into what.
 *
 * Idea. Blocks are visited users first (postorder), and each block backwards. A user asks for its operands; a value that
 * nobody asked for by the time the walk reaches it is not computed at all. So an addition that was absorbed by the
 * addressing modes of all its loads, or a comparison that became the flags of a jump, costs nothing.
 *
 * Within one IR instruction, code is emitted forwards into `current`.
 *
 * An i64 lives in two virtual registers, and its halves are asked for one by one: the upper half of a sum that is
 * narrowed is never computed.
 */

import { countUses } from '../../ir/graph.ts';
import { writesMemory } from '../../ir/effects.ts';
import { intrinsics } from '../../ir/intrinsics.ts';
import type { Block, Instruction, IrFunction, SourceLocation } from '../../ir/types.ts';
import { equalNumbers } from '../../lists.ts';
import {
  FIRST_VIRTUAL,
  immediate,
  type ImmediateOperand,
  memory,
  type MemoryOperand,
  type Operand,
  register,
  type RegisterOperand,
  slotMemory,
  type Width,
} from '../encoder/operands.ts';
import { type MachineBlock, MachineFunction, MachineInstruction, OUTGOING_SLOT } from '../machine/types.ts';
import { addressOf } from './address.ts';

export class Selector {
  readonly source: IrFunction;
  readonly machine: MachineFunction;
  /** By value id: how often the IR uses the value. */
  readonly uses: readonly number[];
  /** By IR block id. */
  readonly blocks: MachineBlock[];
  /** Frame slot of each IR slot. */
  readonly slots: number[];
  /** The IR block that is being selected. */
  block!: Block;
  /** Code of the IR instruction at hand, in order. Who enters the next one takes it out. */
  current: MachineInstruction[] = [];
  location: SourceLocation | null = null;
  /** The code at hand contains a volatile load: none of it is dead. */
  hasVolatile = false;
  /** By value id: register of the value, or of the low half; null while nobody has asked for it. */
  readonly #low: (RegisterOperand | null)[];
  /** The same of high halves; empty until somebody asks for one. */
  #high: (RegisterOperand | null)[] = [];
  /** By value id: how many ordered events come before it in its block. */
  readonly #eventsBefore: number[];
  /** By a number of events: how many of the first so many in the block at hand write memory. All writes are events. */
  readonly #writesAmong = [0];
  /** Before the instruction at hand. */
  #writes = 0;
  #events = 0;
  /** By value id: 1 if its code has been emitted as part of another's. */
  readonly #done: number[];
  /** By value id: 1 if all users are loads and stores of the value's block that use it as their address. */
  readonly #addressOnly: readonly number[];
  /** Of a division, the one whose other half of the result it provides. */
  readonly #partners = new Map<Instruction, Instruction>();
  /** While the code at hand is emitted more than once, loads must not be folded into it. */
  #duplicating = false;
  #tables = 0;

  constructor(source: IrFunction) {
    const count = source.valueLimit;
    this.source = source;
    this.machine = new MachineFunction(source.name, FIRST_VIRTUAL);
    this.uses = countUses(source);
    this.slots = source.slots.map(({ align, size }) => {
      // The stack is aligned to 4; what wants more gets room to align itself (see slotAddress).
      const extra = align > 4 ? align - 4 : 0;
      return this.machine.newSlot('local', size + extra, Math.min(align, 4));
    });
    this.blocks = new Array<MachineBlock>(source.blockLimit);
    this.#low = new Array<RegisterOperand | null>(count).fill(null);
    this.#eventsBefore = equalNumbers(count, 0);
    this.#done = equalNumbers(count, 0);
    this.#addressOnly = findAddresses(source);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Emission.

  emit(op: string, ...operands: Operand[]): MachineInstruction {
    const instruction = new MachineInstruction(op, operands, this.location);
    this.current.push(instruction);
    return instruction;
  }

  move(to: RegisterOperand, from: Operand): void {
    this.emit('mov', to, from);
  }

  /** A fresh virtual register. */
  temporary(width: Width = 32): RegisterOperand {
    return register(this.machine.newVirtual(), width);
  }

  /** The place of an outgoing argument: `offset` bytes into the arguments on the stack. */
  outgoing(offset: number): MemoryOperand {
    const area = this.machine.slots[OUTGOING_SLOT]!;
    area.size = Math.max(area.size, offset + 4);
    return slotMemory(OUTGOING_SLOT, offset);
  }

  newTableName(): string {
    return `${this.source.name}$table${this.#tables++}`;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Results: the registers that users have asked for.

  isWanted(value: Instruction): boolean {
    return this.isLowWanted(value) || this.isHighWanted(value);
  }

  isLowWanted(value: Instruction): boolean {
    return this.#low[value.id] !== null;
  }

  isHighWanted(value: Instruction): boolean {
    return this.#high.length > 0 && this.#high[value.id] !== null;
  }

  /** Where to put the result (the low half of an i64). */
  result({ id }: Instruction): RegisterOperand {
    return (this.#low[id] ??= this.temporary());
  }

  resultHigh({ id }: Instruction): RegisterOperand {
    if (this.#high.length === 0) this.#high = new Array<RegisterOperand | null>(this.#low.length).fill(null);
    return (this.#high[id] ??= this.temporary());
  }

  /** The user at hand is the last one: nobody after it has asked for the value, and no loop brings it back. */
  diesHere(value: Instruction): boolean {
    return this.#low[value.id] === null && value.block === this.block;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Operands.

  /** An i32 in a register. */
  registerOf(value: Instruction, width: Width = 32): RegisterOperand {
    let operand = this.lowOf(value);
    if (operand.kind !== 'register') {
      const copy = this.temporary();
      this.move(copy, operand);
      operand = copy;
    }
    return operand.width === width ? operand : register(operand.register, width);
  }

  /** An i32 as a register or an immediate. */
  registerOrImmediate(value: Instruction): RegisterOperand | ImmediateOperand {
    return this.lowOf(value);
  }

  /** An i32 as a register, or as the memory that it is loaded from if the load can happen here. */
  registerOrMemory(value: Instruction): RegisterOperand | MemoryOperand {
    return this.foldedLoad(value) ?? this.registerOf(value);
  }

  /** An i32 in whatever form an instruction's source may have. */
  anyOperand(value: Instruction): RegisterOperand | ImmediateOperand | MemoryOperand {
    return this.foldedLoad(value) ?? this.lowOf(value);
  }

  /** The value of an i32, or the low half of an i64. */
  lowOf(value: Instruction): RegisterOperand | ImmediateOperand {
    switch (value.op) {
      case 'const':
        return immediate(lowBits(value.value));
      case 'symbol':
        return immediate(value.offset, value.symbol);
      case 'slot':
        return this.#slotAddress(value.index);
      case 'zextWide':
      case 'sextWide':
      case 'narrow':
        return this.lowOf(value.args[0]!);
      default:
        return this.result(value);
    }
  }

  /** The upper half of an i64. */
  highOf(value: Instruction): RegisterOperand | ImmediateOperand {
    if (value.op === 'const') return immediate(highBits(value.value));
    if (value.op === 'zextWide') return immediate(0);
    return this.resultHigh(value);
  }

  highRegisterOf(value: Instruction): RegisterOperand {
    const operand = this.highOf(value);
    if (operand.kind === 'register') return operand;
    const copy = this.temporary();
    this.move(copy, operand);
    return copy;
  }

  /** The memory operand of `width` bits at the address `value` plus `offset`. */
  memoryAt(width: number, value: Instruction, offset: number): MemoryOperand {
    return addressOf(this, width, value, offset);
  }

  #slotAddress(index: number): RegisterOperand {
    const address = this.temporary();
    const align = this.source.slots[index]!.align;
    const slot = this.slots[index]!;
    this.emit('lea', address, memory(0, { slot, displacement: align > 4 ? align - 4 : 0 }));
    if (align > 4) this.emit('and', address, immediate(-align));
    return address;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Folding.

  /** The value's code becomes part of its only user, the instruction at hand. */
  isFoldable(value: Instruction): boolean {
    return this.uses[value.id] === 1 && value.block === this.block && !this.#duplicating && this.#done[value.id] === 0;
  }

  /** The memory that a 32-bit load reads, if it may as well be read by the instruction at hand. Takes the load over. */
  foldedLoad(value: Instruction): MemoryOperand | null {
    if (!this.canFoldLoad(value) || value.size !== 4) return null;
    return this.takeLoad(value);
  }

  /** Whether a load may happen at the instruction at hand instead of where it stands. */
  canFoldLoad(load: Instruction): boolean {
    if (load.op !== 'load' || !this.isFoldable(load) || this.isWanted(load)) return false;
    if (load.isVolatile) return this.#eventsBefore[load.id]! + 1 === this.#events;
    return this.#writesAmong[this.#eventsBefore[load.id]!] === this.#writes;
  }

  /** The memory operand of a load that canFoldLoad allowed. The load itself is not emitted any more. */
  takeLoad(load: Instruction): MemoryOperand {
    this.markDone(load);
    if (load.isVolatile) this.hasVolatile = true;
    return this.memoryAt(load.size * 8, load.args[0]!, load.offset);
  }

  /** All users of the value are addresses of a few loads and stores in its block. */
  isAddressOnly(value: Instruction): boolean {
    return this.#addressOnly[value.id] === 1 && this.uses[value.id]! <= 4;
  }

  /** Makes `division` provide the result of `other` too. Says whether that was possible. */
  shareDivision(division: Instruction, other: Instruction): boolean {
    if (this.#partners.has(division)) return false;
    this.#partners.set(division, other);
    return true;
  }

  partnerOf(division: Instruction): Instruction | null {
    return this.#partners.get(division) ?? null;
  }

  markDone(value: Instruction): void {
    this.#done[value.id] = 1;
  }

  isDone(value: Instruction): boolean {
    return this.#done[value.id] === 1;
  }

  /** Runs `emit` where the code that it emits may be emitted again elsewhere. */
  withoutFolding<T>(emit: () => T): T {
    const before = this.#duplicating;
    this.#duplicating = true;
    const result = emit();
    this.#duplicating = before;
    return result;
  }

  /** Moves to another instruction of the block: what is emitted now happens there. */
  enter(instruction: Instruction): void {
    this.location = instruction.location;
    this.#events = this.#eventsBefore[instruction.id]!;
    this.#writes = this.#writesAmong[this.#events]!;
    this.hasVolatile = false;
  }

  /** Turns to a block, before any of its instructions is entered. */
  begin(block: Block): void {
    this.block = block;
    let writes = 0;
    let events = 0;
    const { instructions } = block;
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n]!;
      this.#eventsBefore[instruction.id] = events;
      if (!isEvent(instruction)) continue;
      if (writesMemory(instruction)) writes++;
      this.#writesAmong[++events] = writes;
    }
  }
}

/** By value id: 1 if the value is used as the address of loads and stores in its own block, and for nothing else. */
function findAddresses(source: IrFunction): readonly number[] {
  const isAddress = equalNumbers(source.valueLimit, 1);
  for (const block of source.blocks) {
    const { instructions } = block;
    for (let i = 0; i < instructions.length; i++) {
      const { args, op } = instructions[i]!;
      const isAccess = op === 'load' || op === 'store';
      for (let n = 0; n < args.length; n++) {
        if (!isAccess || n > 0 || args[n]!.block !== block) isAddress[args[n]!.id] = 0;
      }
    }
  }
  return isAddress;
}

/** Whether the order of this and a volatile load is observable. */
function isEvent(instruction: Instruction): boolean {
  switch (instruction.op) {
    case 'load':
      return instruction.isVolatile;
    case 'store':
    case 'call':
    case 'callIndirect':
      return true;
    case 'intrinsic':
      return intrinsics.get(instruction.intrinsic)?.effect !== 'pure';
    default:
      return false;
  }
}

function lowBits(value: number | bigint): number {
  return typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value));
}

function highBits(value: number | bigint): number {
  return typeof value === 'number' ? value >> 31 : Number(BigInt.asIntN(32, value >> 32n));
}
