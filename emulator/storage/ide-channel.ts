/*
 * An IDE channel: the cable between the controller and up to two disks.
 *
 * Both disks see every write to the command block; the device register says which of them carries out commands and answers
 * reads. Where a disk is missing, the status reads as zero, which no driver takes for a disk, and so does the rest. But a
 * device 0 that is missing beside a device 1 reads as one that is ready, and aborts every command: no specification has that
 * case, and drivers that know of one disk only wait for device 0 before they select the other.
 *
 *   port  base + 0 .. 7   data, error/features, count, LBA low, mid and high, device, status/command
 *         control         alternate status / device control
 *
 * The interrupt of the selected disk drives the line, unless the host has disabled it (nIEN).
 *
 * Source: ATA/ATAPI-6 (T13/1410D), 5.2 (signals), 7 (registers), 9.1 to 9.3 (resets, diagnostics), 9.16 (device 0 or 1 alone).
 */

import type { VirtualClock } from '../clock.ts';
import type { PortHandler } from '../ports.ts';
import type { Stateful, StateStream } from '../state.ts';
import * as ata from './ata-commands.ts';
import { AtaDisk, type AtaHost } from './ata-disk.ts';
import { BusMaster, type BusMemory } from './bus-master.ts';
import type { Disk } from './disk.ts';

/** The control register lies so far above the command block, on both channels of a PC. */
export const CONTROL_OFFSET = 0x206;

export interface ChannelWiring {
  readonly clock: VirtualClock;
  readonly memory: BusMemory;
  /** Line 14 or 15. */
  readonly setIrq: (active: boolean) => void;
}

export class IdeChannel implements PortHandler, AtaHost, Stateful {
  readonly busMaster: BusMaster;
  readonly #disks: readonly (AtaDisk | null)[];
  readonly #setIrq: (active: boolean) => void;
  /** The device register as last written: it selects, though the disk that it selects may be missing. */
  #device = 0;
  #control = 0;
  /** The missing device 0 was given a command. */
  #missingAborted = false;
  /** The selected disk asked for an interrupt when we last looked. */
  #asked = false;

  /** `first`: 0 or 2, the position of the first of the two disks at the controller. */
  constructor(wiring: ChannelWiring, first: number, disks: readonly (Disk | undefined)[]) {
    this.#setIrq = wiring.setIrq;
    this.busMaster = new BusMaster({ memory: wiring.memory, started: () => this.dmaRequested() });
    this.#disks = [0, 1].map((i) => {
      const disk = disks[first + i];
      return disk === undefined ? null : new AtaDisk(wiring.clock, disk, first + i, this);
    });
  }

  transferState(state: StateStream): void {
    this.#device = state.number(this.#device);
    this.#control = state.number(this.#control);
    this.#missingAborted = state.flag(this.#missingAborted);
    this.#asked = state.flag(this.#asked);
    this.busMaster.transferState(state);
    for (const disk of this.#disks) disk?.transferState(state);
  }

  // Ports

  read(port: number): number {
    const selected = this.#selected;
    const register = port & 7;
    if (selected === null) return this.#readMissing(isControl(port) ? ata.REG_STATUS : register);
    if (isControl(port)) return selected.status;
    if (register === ata.REG_DATA) return selected.readData() & 0xff;
    if (register !== ata.REG_STATUS) {
      return selected.readRegister(register, (this.#control & ata.CONTROL_HIGH_ORDER) !== 0);
    }
    const status = selected.status;
    selected.acknowledge();
    return status;
  }

  /** The data register is 16 bits wide; 32 bits are two transfers. */
  read16(port: number): number {
    if (isData(port)) return this.#selected?.readData() ?? 0;
    return this.read(port) | (this.read(port + 1) << 8);
  }

  read32(port: number): number {
    return this.read16(port) | (this.read16(isData(port) ? port : port + 2) << 16);
  }

  write(port: number, value: number): void {
    if (isControl(port)) {
      this.#writeControl(value);
      return;
    }
    this.#control &= ~ata.CONTROL_HIGH_ORDER;
    const register = port & 7;
    if (register === ata.REG_DATA) this.#selected?.writeData(value);
    else if (register === ata.REG_COMMAND) this.#execute(value);
    else this.#writeRegister(register, value);
  }

  write16(port: number, value: number): void {
    if (isData(port)) {
      this.#selected?.writeData(value);
    } else {
      this.write(port, value & 0xff);
      this.write(port + 1, value >> 8);
    }
  }

  write32(port: number, value: number): void {
    this.write16(port, value & 0xffff);
    this.write16(isData(port) ? port : port + 2, value >>> 16);
  }

  // The disks' side

  interruptChanged(): void {
    const asks = this.#selected?.interrupt ?? false;
    if (asks && !this.#asked) this.busMaster.noteInterrupt();
    this.#asked = asks;
    this.#setIrq(asks && (this.#control & ata.CONTROL_NO_INTERRUPT) === 0);
  }

  dmaRequested(): void {
    const waiting = this.#disks.find((disk) => disk?.waitsForDma === true);
    if (waiting !== undefined && waiting !== null && this.busMaster.ready) waiting.startDma();
  }

  toMemory(data: Uint8Array): number {
    return this.busMaster.toMemory(data);
  }

  fromMemory(bytes: number): Uint8Array {
    return this.busMaster.fromMemory(bytes);
  }

  get #selected(): AtaDisk | null {
    return this.#disks[(this.#device & ata.DEVICE_ONE) === 0 ? 0 : 1]!;
  }

  /** What a register of a missing device reads as. */
  #readMissing(register: number): number {
    const isAlone = (this.#device & ata.DEVICE_ONE) === 0 && this.#disks[1] !== null;
    if (!isAlone) return 0;
    const ready = ata.STATUS_READY | ata.STATUS_SEEK_COMPLETE;
    if (register === ata.REG_STATUS) return ready | (this.#missingAborted ? ata.STATUS_ERROR : 0);
    return register === ata.REG_ERROR && this.#missingAborted ? ata.ERROR_ABORTED : 0;
  }

  /** A disk that is busy does not listen; if it is the selected one, the selection stays. */
  #writeRegister(register: number, value: number): void {
    if (this.#selected?.busy === true) return;
    for (const disk of this.#disks) disk?.writeRegister(register, value);
    if (register !== ata.REG_DEVICE) return;
    this.#device = value;
    this.interruptChanged();
  }

  #execute(command: number): void {
    if (command !== ata.COMMAND_DIAGNOSTICS) {
      if (this.#selected === null) this.#missingAborted = true;
      else this.#selected.execute(command);
      return;
    }
    if (this.#disks.some((disk) => disk?.busy === true)) return;
    this.#device = 0;
    for (const disk of this.#disks) disk?.diagnose();
  }

  /** A software reset lasts as long as its bit is set, and a while longer. It selects device 0. */
  #writeControl(value: number): void {
    const before = this.#control;
    this.#control = value;
    const changed = (before ^ value) & ata.CONTROL_RESET;
    if (changed !== 0) {
      this.#device = 0;
      this.#missingAborted = false;
      for (const disk of this.#disks) {
        if ((value & ata.CONTROL_RESET) !== 0) disk?.beginReset();
        else disk?.endReset();
      }
    }
    this.interruptChanged();
  }
}

function isControl(port: number): boolean {
  return (port & CONTROL_OFFSET) === CONTROL_OFFSET;
}

function isData(port: number): boolean {
  return (port & 7) === ata.REG_DATA && !isControl(port);
}
