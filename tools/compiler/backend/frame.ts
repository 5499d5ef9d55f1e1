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

import { EBP, EBX, EDI, ESI, ESP, makeMemory, type MemoryOperand, NONE } from './encoder/operands.ts';
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
  const { used, written } = survey(fn);
  const pushes = calleeSaved.filter((register) => (written & (1 << register)) !== 0);
  const room = placeSlots(fn, used);
  const incoming = room + pushes.length * 4 + 4;
  for (const { instructions } of fn.blocks) {
    for (let i = 0; i < instructions.length; i++) {
      const { operands } = instructions[i]!;
      for (let n = 0; n < operands.length; n++) {
        const operand = operands[n]!;
        if (operand.kind === 'memory' && operand.slot !== NONE) operands[n] = resolveSlot(fn, operand, incoming);
      }
    }
  }
  return { pushes, room };
}

/** The registers that instructions write, as bits, and the slots that they mention, in that order. */
function survey(fn: MachineFunction): { used: Set<number>; written: number } {
  const scanner = new RegisterScanner();
  const used = new Set<number>();
  let written = 0;
  for (const { instructions } of fn.blocks) {
    for (let i = 0; i < instructions.length; i++) {
      const instruction = instructions[i]!;
      scanner.scan(instruction);
      written |= scanner.fixedDefs;
      const { operands } = instruction;
      for (let n = 0; n < operands.length; n++) {
        const operand = operands[n]!;
        if (operand.kind === 'memory' && operand.slot !== NONE) used.add(operand.slot);
      }
    }
  }
  return { used, written };
}

/** Gives offsets to the slots that are used: small ones near ESP, where displacements are short. */
function placeSlots(fn: MachineFunction, used: ReadonlySet<number>): number {
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

function resolveSlot(fn: MachineFunction, operand: MemoryOperand, incoming: number): MemoryOperand {
  const { kind, offset } = fn.slots[operand.slot]!;
  const { width, index, scale, symbol, segment, addressSize } = operand;
  const displacement = operand.displacement + offset + (kind === 'incoming' ? incoming : 0);
  return makeMemory(width, ESP, index, scale, displacement, symbol, NONE, segment, addressSize);
}
