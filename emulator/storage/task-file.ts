/*
 * The command block of an ATA disk: the registers that say which sectors are meant.
 *
 * Each register is two bytes deep: a write pushes what it held before back, and the commands with 48-bit addresses take both
 * bytes, the first written being the higher.
 *
 * Source: ATA/ATAPI-6 (T13/1410D), 6.2 (addresses), 6.20 (48 bits), 9.12 (signature).
 */

import type { Stateful, StateStream } from '../state.ts';
import * as ata from './ata-commands.ts';
import type { Geometry } from './identify.ts';

const LBA_REGISTERS = [ata.REG_LBA_LOW, ata.REG_LBA_MID, ata.REG_LBA_HIGH];

export class TaskFile implements Stateful {
  readonly #registers = new Uint8Array(8);
  readonly #previous = new Uint8Array(8);

  transferState(state: StateStream): void {
    state.array(this.#registers);
    state.array(this.#previous);
  }

  read(register: number, highOrder: boolean): number {
    if (register === ata.REG_DEVICE) return this.#registers[ata.REG_DEVICE]! | ata.DEVICE_OBSOLETE;
    return (highOrder ? this.#previous : this.#registers)[register]!;
  }

  write(register: number, value: number): void {
    this.#previous[register] = this.#registers[register]!;
    this.#registers[register] = value;
  }

  get features(): number {
    return this.#registers[ata.REG_FEATURES]!;
  }

  /** The count register as it is. */
  get count(): number {
    return this.#registers[ata.REG_COUNT]!;
  }

  set count(value: number) {
    this.#registers[ata.REG_COUNT] = value;
  }

  get head(): number {
    return this.#registers[ata.REG_DEVICE]! & 0xf;
  }

  selectDeviceZero(): void {
    this.#registers[ata.REG_DEVICE] = 0;
  }

  /** How many sectors a command means: zero stands for as many as the register cannot hold. */
  sectorCount(extended: boolean): number {
    if (!extended) return this.count === 0 ? 0x100 : this.count;
    const count = this.count | (this.#previous[ata.REG_COUNT]! << 8);
    return count === 0 ? 0x1_0000 : count;
  }

  /** The first sector that a command means, or -1 if cylinder, head and sector are not of this geometry. */
  address(extended: boolean, geometry: Geometry): number {
    const [low, mid, high] = LBA_REGISTERS.map((register) => this.#registers[register]!);
    const address = low! | (mid! << 8) | (high! << 16);
    if (extended) {
      const [b3, b4, b5] = LBA_REGISTERS.map((register) => this.#previous[register]!);
      return address + b3! * 2 ** 24 + b4! * 2 ** 32 + b5! * 2 ** 40;
    }
    const device = this.#registers[ata.REG_DEVICE]!;
    if ((device & ata.DEVICE_LBA) !== 0) return address + this.head * 2 ** 24;
    const { cylinders, heads, sectorsPerTrack } = geometry;
    const [sector, cylinder] = [address & 0xff, address >> 8];
    if (sector === 0 || sector > sectorsPerTrack || this.head >= heads || cylinder >= cylinders) return -1;
    return (cylinder * heads + this.head) * sectorsPerTrack + sector - 1;
  }

  /** After an error, the registers name the sector, in the form in which the command did. */
  showAddress(sector: number, extended: boolean, { heads, sectorsPerTrack }: Geometry): void {
    const byte = (value: number, n: number) => Math.floor(value / 2 ** (8 * n)) & 0xff;
    const device = this.#registers[ata.REG_DEVICE]!;
    const showHead = (head: number) => (this.#registers[ata.REG_DEVICE] = (device & 0xf0) | head);
    if (extended || (device & ata.DEVICE_LBA) !== 0) {
      LBA_REGISTERS.forEach((register, n) => (this.#registers[register] = byte(sector, n)));
      if (extended) LBA_REGISTERS.forEach((register, n) => (this.#previous[register] = byte(sector, n + 3)));
      else showHead(byte(sector, 3) & 0xf);
      return;
    }
    const track = Math.floor(sector / sectorsPerTrack);
    const cylinder = Math.floor(track / heads);
    this.#registers.set([(sector % sectorsPerTrack) + 1, byte(cylinder, 0), byte(cylinder, 1)], ata.REG_LBA_LOW);
    showHead(track % heads);
  }

  /** What the registers hold after a reset or diagnostics: an ATA disk. */
  showSignature(): void {
    this.#registers.set([1, 1, 0, 0, 0], ata.REG_COUNT); // up to the device register
  }
}
