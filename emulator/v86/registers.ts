/*
 * The registers of a CPU, by name.
 */

import { layout } from './layout.ts';

const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
const CODE_SEGMENT = 1;

export interface Registers extends Readonly<Record<(typeof GENERAL)[number], number>> {
  /** Offset of the next instruction in the code segment. */
  readonly eip: number;
  readonly eflags: number;
  readonly cs: number;
  readonly cr0: number;
  readonly cr2: number;
  readonly cr3: number;
}

/** From the block of a CPU, as V86Core.saveCpu gives it. */
export function readRegisters(block: Uint8Array): Registers {
  const state = new DataView(block.buffer, block.byteOffset, block.length);
  const word = (at: number) => state.getUint32(at - layout.cpuStart, true);
  const general = Object.fromEntries(GENERAL.map((name, i) => [name, word(layout.registers + 4 * i)]));
  return {
    ...(general as Record<(typeof GENERAL)[number], number>),
    eip: (word(layout.instructionPointer) - word(layout.segmentBases + 4 * CODE_SEGMENT)) >>> 0,
    eflags: word(layout.eflags),
    cs: word(layout.selectors + 2 * CODE_SEGMENT) & 0xffff,
    cr0: word(layout.controlRegisters),
    cr2: word(layout.controlRegisters + 8),
    cr3: word(layout.controlRegisters + 12),
  };
}
