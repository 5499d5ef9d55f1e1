/*
 * Where things are in the physical memory of a PC, and how a kernel is told.
 *
 *        0 .. 9FBFF   RAM          interrupt vectors and BIOS data in the first 1.5 KiB
 *    9FC00 .. 9FFFF   reserved     extended BIOS data
 *    A0000 .. BFFFF                display
 *    F0000 .. FFFFF   reserved     ROM, with the MP tables
 *   100000 ..         RAM
 *
 * Source: ACPI specification, 15 (address range types); IBM PC AT Technical Reference.
 */

import { IO_APIC_ADDRESS, LOCAL_APIC_ADDRESS } from './mp-table.ts';

export const EXTENDED_BIOS_DATA = 0x9_fc00;
/** Where RAM ends for the display, and goes on after the ROM. */
export const BASE_MEMORY_END = 0xa_0000;
export const UPPER_MEMORY = 0x10_0000;
const ROM = 0xf_0000;
const PAGE = 4096;

export const AVAILABLE = 1;
const RESERVED = 2;

export interface MemoryRegion {
  readonly start: number;
  readonly bytes: number;
  /** AVAILABLE, or a type that means that it is not. */
  readonly type: number;
}

/** All regions that are not simply empty, in order. */
export function memoryMap(memoryBytes: number): readonly MemoryRegion[] {
  return [
    { start: 0, bytes: EXTENDED_BIOS_DATA, type: AVAILABLE },
    { start: EXTENDED_BIOS_DATA, bytes: BASE_MEMORY_END - EXTENDED_BIOS_DATA, type: RESERVED },
    { start: ROM, bytes: UPPER_MEMORY - ROM, type: RESERVED },
    { start: UPPER_MEMORY, bytes: memoryBytes - UPPER_MEMORY, type: AVAILABLE },
    { start: IO_APIC_ADDRESS, bytes: PAGE, type: RESERVED },
    { start: LOCAL_APIC_ADDRESS, bytes: PAGE, type: RESERVED },
  ];
}
