/*
 * Machine code before it is bytes: instructions of the i386 with virtual registers, in basic blocks.
 *
 * The path of a function: selection makes this from IR; register allocation replaces virtual registers (numbers from
 * FIRST_VIRTUAL) by real ones and frame slots; layout orders the blocks; emission turns it into bytes.
 *
 * This form is not SSA: a phi has become moves at the ends of the predecessors. Control flow is held by each block's
 * `exit`, not by jump instructions, until emission.
 */

import type { SourceLocation } from '../../ir/types.ts';
import type { FinishedCode, Fixup } from '../encoder/code.ts';
import type { Operand } from '../encoder/operands.ts';
import { effectsOf, type Effects } from './effects.ts';

export class MachineInstruction {
  /** Mnemonic, as in the encoder's table. */
  op: string;
  /** Operands are shared, the list is not. */
  operands: Operand[];
  location: SourceLocation | null;
  prefix: 'lock' | 'rep' | null = null;
  /** Reads memory that must be read, whether the result is wanted or not. */
  isVolatile = false;
  /** What the instruction does to its operands, the flags and fixed registers. */
  effects: Effects;
  /** Registers (bit n = register n) that this one reads or writes beyond `effects`: arguments of a call, and so on. */
  extraUses = 0;
  extraDefs = 0;

  /** Takes the list of operands for its own. */
  constructor(op: string, operands: Operand[], location: SourceLocation | null) {
    this.op = op;
    this.operands = operands;
    this.location = location;
    this.effects = effectsOf(op, operands.length);
  }

  /** Makes another instruction of this one, in place. */
  become(op: string, ...operands: Operand[]): void {
    this.op = op;
    this.operands = operands;
    this.effects = effectsOf(op, operands.length);
  }
}

/** How control leaves a block. Conditions are numbered as in the encoder's `conditionNames`. */
export type Exit =
  | { readonly kind: 'jump'; target: MachineBlock }
  | { readonly kind: 'branch'; condition: number; ifTrue: MachineBlock; ifFalse: MachineBlock }
  /** The block ends in `jmp [table + register * 4]`. */
  | { readonly kind: 'table'; readonly targets: MachineBlock[]; readonly table: JumpTable }
  /** The block ends in `ret`, or in something that does not come back. */
  | { readonly kind: 'none' };

export interface JumpTable {
  /** Symbol of the table. */
  readonly name: string;
}

const noExit: Exit = { kind: 'none' };

export class MachineBlock {
  readonly id: number;
  instructions: MachineInstruction[] = [];
  exit: Exit = noExit;
  /** How often it runs, as a guess, in relation to the function's entry, which has 1. */
  frequency = 1;
  isCold = false;
  /** Where the branch at the end comes from. */
  exitLocation: SourceLocation | null = null;

  constructor(id: number) {
    this.id = id;
  }

  /** The block number n of those that control may go to; undefined if there are no more. */
  successor(n: number): MachineBlock | undefined {
    const { exit } = this;
    switch (exit.kind) {
      case 'jump':
        return n === 0 ? exit.target : undefined;
      case 'branch':
        return n === 0 ? exit.ifTrue : n === 1 ? exit.ifFalse : undefined;
      case 'table':
        return exit.targets[n];
      case 'none':
        return undefined;
    }
  }

  /** All of them, in a list that is made for it. */
  get successors(): readonly MachineBlock[] {
    const successors: MachineBlock[] = [];
    for (let n = 0, next = this.successor(0); next !== undefined; next = this.successor(++n)) successors.push(next);
    return successors;
  }
}

/**
 * A piece of the frame. `outgoing` holds arguments for callees and lies at ESP; `incoming` is an argument of this
 * function and lies above the return address, at a place that the caller determines (`offset`).
 */
export interface FrameSlot {
  readonly kind: 'local' | 'spill' | 'outgoing' | 'incoming';
  size: number;
  readonly align: number;
  /** For `incoming`: from the first stack argument. Else from ESP, set when the frame is laid out. */
  offset: number;
}

export class MachineFunction {
  readonly name: string;
  /** blocks[0] is the entry. */
  blocks: MachineBlock[] = [];
  readonly slots: FrameSlot[] = [{ kind: 'outgoing', size: 0, align: 4, offset: 0 }];
  /** The next virtual register's number. */
  nextVirtual: number;
  #nextBlock = 0;

  constructor(name: string, firstVirtual: number) {
    this.name = name;
    this.nextVirtual = firstVirtual;
  }

  /** All ids of blocks are below this. */
  get blockLimit(): number {
    return this.#nextBlock;
  }

  newVirtual(): number {
    return this.nextVirtual++;
  }

  newBlock(): MachineBlock {
    const block = new MachineBlock(this.#nextBlock++);
    this.blocks.push(block);
    return block;
  }

  newSlot(kind: FrameSlot['kind'], size: number, align: number, offset = 0): number {
    return this.slots.push({ kind, size, align, offset }) - 1;
  }
}

/** Slot number of the area for outgoing arguments. */
export const OUTGOING_SLOT = 0;

// ---------------------------------------------------------------------------------------------------------------------
// What code generation gives.

/** From `offset` on, code comes from `location`. */
export interface LineEntry {
  readonly offset: number;
  readonly location: SourceLocation;
}

/** Where code comes from. There are so many entries that each of them would be a burden as an object. */
export interface LineTable {
  /** A name may be there twice. */
  readonly files: readonly string[];
  /** Groups of four (LINE_LENGTH), by offset: offset in the code, number of the file, line, column. */
  readonly rows: Int32Array;
}

export const LINE_LENGTH = 4;

/** The table of entries whose offsets are draft positions in `code`. */
export function packLines(entries: readonly LineEntry[], code: Pick<FinishedCode, 'translate'>): LineTable {
  const files: string[] = [];
  const rows = new Int32Array(entries.length * LINE_LENGTH);
  let number = -1; // of the file, which seldom changes from one entry to the next
  for (let n = 0; n < entries.length; n++) {
    const { location, offset } = entries[n]!;
    if (files[number] !== location.file) number = files.indexOf(location.file);
    if (number < 0) number = files.push(location.file) - 1;
    const at = n * LINE_LENGTH;
    rows[at] = code.translate(offset);
    rows[at + 1] = number;
    rows[at + 2] = location.line;
    rows[at + 3] = location.column;
  }
  return { files, rows };
}

/** How deep the stack is. After the prologue the return address lies at ESP + `size`. */
export interface FrameInfo {
  /** Bytes between ESP and the return address, pushed registers included. */
  readonly size: number;
  /** Registers pushed by the prologue, in order. */
  readonly pushes: readonly number[];
  /** Changes of the stack's depth for the unwinder: from code offset `at` on, the return address is at ESP + `depth`. */
  readonly depths: readonly FrameChange[];
}

/** A point where the frame changes. `saved` and `restored` name a register that was pushed or popped there. */
export interface FrameChange {
  readonly at: number;
  readonly depth: number;
  readonly saved?: number;
  readonly restored?: number;
  /** Set on the instruction after a `ret`: back to what holds in the body. */
  readonly isBody?: true;
}

/** A function or a table in final form but for the addresses of symbols. */
export interface MachineCode {
  readonly name: string;
  /** Null: .text. */
  readonly section: string | null;
  readonly align: number;
  readonly bytes: Uint8Array;
  readonly fixups: readonly Fixup[];
  readonly lines: LineTable;
  /** Null for naked functions: their frames are their own business. */
  readonly frame: FrameInfo | null;
  /** Code offsets: a fault at `from` continues at `to`. */
  readonly exceptions: readonly { readonly from: number; readonly to: number }[];
  readonly isExported: boolean;
  readonly debugName: string;
  readonly location: SourceLocation;
  /** Jump tables and the like that belong to this function. */
  readonly tables: readonly CodeTable[];
}

/** A jump table: addresses of places in the function that owns it. */
export interface CodeTable {
  readonly name: string;
  /** Offsets in the owner's code. */
  readonly targets: readonly number[];
}
