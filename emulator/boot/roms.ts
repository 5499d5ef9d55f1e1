/*
 * ROMs that are given to the machine.
 *
 * They are there to be read: by kernels that look for a BIOS's tables, or for the display's. None of their code is run at
 * the start, since loaders enter kernels directly; what a BIOS would have found out is in its data area (bios-data.ts) and in
 * what the loader hands over. With a BIOS in the ROM's place, the MP tables are in the extended BIOS data.
 */

import { BootError } from './boot-error.ts';
import { EXTENDED_BIOS_DATA, UPPER_MEMORY } from './memory-map.ts';
import { MP_TABLE_ADDRESS } from './mp-table.ts';

export interface Roms {
  readonly bios?: Uint8Array | undefined;
  readonly vgaBios?: Uint8Array | undefined;
}

const VGA_BIOS = 0xc_0000;
const VGA_BIOS_BYTES = 0x1_0000;
/** Of a larger BIOS, the end is visible below 1 MiB. */
const BIOS_BYTES = 0x2_0000;
/** Behind the size of the extended data, its first byte; a multiple of 16. */
const MP_TABLE_IN_DATA = EXTENDED_BIOS_DATA + 0x10;

/** Writes the ROMs into RAM. Throws BootError if one does not fit. */
export function writeRoms(ram: Uint8Array, { bios, vgaBios }: Roms): void {
  if (vgaBios !== undefined && vgaBios.length > VGA_BIOS_BYTES) {
    throw new BootError(`the VGA BIOS has ${vgaBios.length} bytes; there is room for ${VGA_BIOS_BYTES}`);
  }
  if (vgaBios !== undefined) ram.set(vgaBios, VGA_BIOS);
  if (bios === undefined) return;
  const visible = bios.subarray(Math.max(0, bios.length - BIOS_BYTES));
  ram.set(visible, UPPER_MEMORY - visible.length);
}

/** Where the MP tables go. */
export function mpTableAddress({ bios }: Roms): number {
  return bios === undefined ? MP_TABLE_ADDRESS : MP_TABLE_IN_DATA;
}
