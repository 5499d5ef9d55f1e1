/*
 * Fills the memory of a machine that was switched on: what a BIOS leaves behind, ROMs, the MP tables, and the kernel, and
 * puts the boot processor at the kernel's first instruction.
 */

import type { V86Core } from '../v86/core.ts';
import { writeBiosData } from './bios-data.ts';
import type { BootImage } from './boot-image.ts';
import { isLinux, loadLinux } from './linux.ts';
import { mpTables } from './mp-table.ts';
import { loadMultiboot } from './multiboot.ts';
import { enterProtectedMode } from './protected-mode.ts';
import { mpTableAddress, type Roms, writeRoms } from './roms.ts';

export interface BootOptions extends BootImage {
  readonly roms: Roms;
  readonly cpus: number;
  /** First ports of the serial ports. */
  readonly serialPorts: readonly number[];
  /** How many there are. */
  readonly disks: number;
}

/** Throws BootError. */
export function boot(core: V86Core, options: BootOptions): void {
  writeBiosData(core.ram, options.serialPorts, options.disks);
  writeRoms(core.ram, options.roms);
  const tables = mpTableAddress(options.roms);
  core.ram.set(mpTables(options.cpus, tables), tables);
  const load = isLinux(options.kernel) ? loadLinux : loadMultiboot;
  enterProtectedMode(core, load(options, core.ram));
}
