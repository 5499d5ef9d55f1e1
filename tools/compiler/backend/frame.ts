/*
 * Frames: which registers a function must save, where the pieces of its frame lie, and the prologue and epilogue.
 *
 *   high   arguments 4, 5, ...      ESP + size + 4
 *          return address           ESP + size
 *          saved registers          pushed in the order EBX ESI EDI EBP
 *          local variables
 *          spilled registers
 *   low    arguments for callees    ESP
 *
 * The depth does not change between prologue and epilogue, so everything is addressed from ESP.
 */

import { EBP, EBX, EDI, ESI, ESP, NONE, type Operand } from './encoder/operands.ts';
import { RegisterScanner } from './allocate/scan.ts';
import type { MachineFunction } from './machine/types.ts';

export interface Frame {
  /** Callee-saved registers to push, in order. */
  readonly pushes: readonly number[];
  /** Bytes that the prologue subtracts from ESP after the pushes. */
  readonly room: number;
}

const calleeSaved = [EBX, ESI, EDI, EBP];

/** Lays out the frame, and turns frame slots into addresses relative to ESP. */
export function layOutFrame(fn: MachineFunction): Frame {
  const pushes = savedRegisters(fn);
  const room = placeSlots(fn);
  const incoming = room + pushes.length * 4 + 4;
  for (const block of fn.blocks) {
    for (const { operands } of block.instructions) {
      for (const operand of operands) resolveSlot(fn, operand, incoming);
    }
  }
  return { pushes, room };
}

function savedRegisters(fn: MachineFunction): number[] {
  const scanner = new RegisterScanner();
  let written = 0;
  for (const block of fn.blocks) {
    for (const instruction of block.instructions) {
      scanner.scan(instruction);
      written |= scanner.fixedDefs;
    }
  }
  return calleeSaved.filter((register) => (written & (1 << register)) !== 0);
}

/** Gives offsets to the slots that are used: small ones near ESP, where displacements are short. */
function placeSlots(fn: MachineFunction): number {
  const used = new Set<number>();
  for (const block of fn.blocks) {
    for (const { operands } of block.instructions) {
      for (const operand of operands) if (operand.kind === 'memory' && operand.slot !== NONE) used.add(operand.slot);
    }
  }
  let offset = fn.slots[0]!.size;
  const order = [...used].filter((slot) => slot !== 0 && fn.slots[slot]!.kind !== 'incoming');
  order.sort((a, b) => fn.slots[a]!.size - fn.slots[b]!.size);
  for (const number of order) {
    const slot = fn.slots[number]!;
    slot.offset = Math.ceil(offset / slot.align) * slot.align;
    offset = slot.offset + slot.size;
  }
  return Math.ceil(offset / 4) * 4;
}

function resolveSlot(fn: MachineFunction, operand: Operand, incoming: number): void {
  if (operand.kind !== 'memory' || operand.slot === NONE) return;
  const slot = fn.slots[operand.slot]!;
  operand.displacement += slot.offset + (slot.kind === 'incoming' ? incoming : 0);
  operand.slot = NONE;
  operand.base = ESP;
}
