/*
 * Puts a CPU into the state in which boot loaders hand over to a kernel: 32-bit protected mode without paging, all segments
 * flat, interrupts off, with a descriptor table in memory that says the same.
 *
 * Source: Multiboot Specification 0.6.96, section 3.2; Linux, Documentation/x86/boot.rst, "32-bit boot protocol".
 */

import type { V86Core } from '../v86/core.ts';
import { layout } from '../v86/layout.ts';
import type { BootState } from './boot-image.ts';

const CR0_PROTECTION_ENABLE = 0x0000_0001;
const CR0_EXTENSION_TYPE = 0x0000_0010;
const EFLAGS_RESERVED = 0x2;
const EAX = 0;
const EBX = 3;
const ESI = 6;
const SEGMENTS = 6;
const CODE_SEGMENT = 1;
/** Present, ring 0, code or data, 32 bits; read and execute, read and write, accessed. */
const CODE_ACCESS = 0x9b;
const DATA_ACCESS = 0x93;
/** Where the descriptor table is: behind the BIOS data, where nobody keeps anything. */
const DESCRIPTOR_TABLE = 0x600;
const DESCRIPTOR_BYTES = 8;

export function enterProtectedMode(core: V86Core, boot: BootState): void {
  writeDescriptorTable(core, boot);
  const state = core.state;
  const put = (at: number, value: number) => state.setUint32(at, value, true);
  const { eax = 0, ebx = 0, esi = 0 } = boot.registers;
  put(layout.registers + 4 * EAX, eax);
  put(layout.registers + 4 * EBX, ebx);
  put(layout.registers + 4 * ESI, esi);
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
    state.setUint16(layout.selectors + 2 * segment, isCode ? boot.codeSelector : boot.dataSelector, true);
  }
  put(layout.instructionPointer, boot.entry);
  put(layout.previousInstructionPointer, boot.entry);
  core.invalidate();
}

/** A kernel that is loaded there brings its own. */
function writeDescriptorTable(core: V86Core, { codeSelector, dataSelector }: BootState): void {
  const table = new DataView(core.ram.buffer, core.ram.byteOffset + DESCRIPTOR_TABLE);
  const state = core.state;
  const limit = Math.max(codeSelector, dataSelector) + DESCRIPTOR_BYTES - 1;
  if (core.ram.subarray(DESCRIPTOR_TABLE, DESCRIPTOR_TABLE + limit + 1).some((byte) => byte !== 0)) return;
  for (const [selector, access] of [
    [codeSelector, CODE_ACCESS],
    [dataSelector, DATA_ACCESS],
  ] as const) {
    table.setUint32(selector, 0x0000_ffff, true);
    table.setUint32(selector + 4, 0x00cf_0000 | (access << 8), true);
  }
  state.setUint16(layout.gdtLimit, limit, true);
  state.setUint32(layout.gdtBase, DESCRIPTOR_TABLE, true);
}
