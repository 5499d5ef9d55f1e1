/*
 * Puts a CPU into the state in which the Multiboot Specification (section 3.2) hands over to a kernel.
 */

import type { V86Core } from '../v86/core.ts';
import { layout } from '../v86/layout.ts';
import { BOOT_MAGIC, type BootState } from './multiboot.ts';

const CR0_PROTECTION_ENABLE = 0x0000_0001;
const CR0_EXTENSION_TYPE = 0x0000_0010;
const EFLAGS_RESERVED = 0x2;
const EBX = 3;
const SEGMENTS = 6;
const CODE_SEGMENT = 1;
const CODE_SELECTOR = 0x08;
const DATA_SELECTOR = 0x10;
/** Present, ring 0, code or data, 32 bits; read and execute, read and write, accessed. */
const CODE_ACCESS = 0x9b;
const DATA_ACCESS = 0x93;

/** 32-bit protected mode without paging, all segments flat, interrupts off. */
export function enterProtectedMode(core: V86Core, boot: BootState): void {
  const state = core.state;
  const put = (at: number, value: number) => state.setUint32(at, value, true);
  put(layout.registers, BOOT_MAGIC);
  put(layout.registers + 4 * EBX, boot.information);
  put(layout.controlRegisters, CR0_PROTECTION_ENABLE | CR0_EXTENSION_TYPE);
  put(layout.eflags, EFLAGS_RESERVED);
  put(layout.protectedMode, 1);
  put(layout.is32Bit, 1);
  put(layout.stackIs32Bit, 1);
  for (let segment = 0; segment < SEGMENTS; segment++) {
    const isCode = segment === CODE_SEGMENT;
    state.setUint8(layout.segmentIsNull + segment, 0);
    state.setUint8(layout.segmentAccess + segment, isCode ? CODE_ACCESS : DATA_ACCESS);
    put(layout.segmentBases + 4 * segment, 0);
    put(layout.segmentLimits + 4 * segment, 0xffff_ffff);
    state.setUint16(layout.selectors + 2 * segment, isCode ? CODE_SELECTOR : DATA_SELECTOR, true);
  }
  put(layout.instructionPointer, boot.entry);
  put(layout.previousInstructionPointer, boot.entry);
  core.invalidate();
}
