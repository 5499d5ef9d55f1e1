/*
 * The registers of the CPU that occupies the core, by name.
 */

import type { V86Core } from './core.ts';
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

/** A copy. */
export function readRegisters(core: V86Core): Registers {
  const state = core.state;
  const word = (at: number) => state.getUint32(at, true);
  const general = Object.fromEntries(GENERAL.map((name, i) => [name, word(layout.registers + 4 * i)]));
  return {
    ...(general as Record<(typeof GENERAL)[number], number>),
    eip: (word(layout.instructionPointer) - word(layout.segmentBases + 4 * CODE_SEGMENT)) >>> 0,
    eflags: core.eflags,
    cs: state.getUint16(layout.selectors + 2 * CODE_SEGMENT, true),
    cr0: word(layout.controlRegisters),
    cr2: word(layout.controlRegisters + 8),
    cr3: word(layout.controlRegisters + 12),
  };
}
