/*
 * An ATA disk: its registers, and the commands that it carries out.
 *
 * A command takes virtual time: the head moves to the first sector, then the sectors pass. While that lasts the disk is
 * busy; at its end data are ready or were taken, and the disk asks for an interrupt. Nothing else decides when a command
 * ends, so that the same run always sees the same.
 *
 *   PIO read    busy -> data request (the host reads a block) -> busy -> ... -> idle      interrupt before each block
 *   PIO write   data request (the host writes a block) -> busy -> data request ... -> idle   interrupt after each block
 *   DMA         busy until the bus master has started and the data have moved -> idle        interrupt at the end
 *
 * Data move at the end of the time that the medium takes: a DMA transfer reads or writes all of the guest's memory at once.
 *
 * Source: ATA/ATAPI-6 (T13/1410D): registers 7, commands 8, protocols 9.
 */

import type { Timer, VirtualClock } from '../clock.ts';
import type { Stateful, StateStream } from '../state.ts';
import * as ata from './ata-commands.ts';
import { type Disk, SECTOR_BYTES } from './disk.ts';
import { DiskSettings } from './disk-settings.ts';
import { identifyData } from './identify.ts';
import { TaskFile } from './task-file.ts';

/** What every command takes. */
const COMMAND_NS = 10_000;
/** To another track: this, and up to that much more across the whole disk. */
const SEEK_NS = 50_000;
const FULL_STROKE_NS = 450_000;
/** 50 MB/s. */
const SECTOR_NS = 10_240;
const FLUSH_NS = 200_000;
const RESET_NS = 50_000;

const IDLE_STATUS = ata.STATUS_READY | ata.STATUS_SEEK_COMPLETE;

/** What the disk is in the middle of. `busy` stages end when the timer fires, the others by the host. */
const STAGES = [
  'idle',
  'busy: completing',
  'busy: failing',
  'busy: reading',
  'busy: answering',
  'busy: writing',
  'busy: moving by DMA',
  'busy: resetting',
  'data in',
  'data out',
  'waits for DMA',
] as const;
type Stage = (typeof STAGES)[number];

/** What a disk asks of the channel that it is connected to. */
export interface AtaHost {
  /** INTRQ may have changed. */
  interruptChanged(): void;
  /** A DMA command waits for the bus master: `startDma` is wanted when it is ready. */
  dmaRequested(): void;
  /** Moves data to memory. Returns how many bytes the bus master took. */
  toMemory(data: Uint8Array): number;
  /** Fetches up to `bytes` from memory. */
  fromMemory(bytes: number): Uint8Array;
}

export class AtaDisk implements Stateful {
  /** The disk asks for an interrupt. */
  interrupt = false;

  readonly disk: Disk;
  readonly #clock: VirtualClock;
  readonly #host: AtaHost;
  readonly #position: number;
  readonly #timer: Timer;
  readonly #registers = new TaskFile();
  readonly #settings: DiskSettings;
  #status = IDLE_STATUS;
  #error = 0;
  #stage: Stage = 'idle';
  /** The command under way. */
  #command = 0;
  /** Its next sector, and how many are left. */
  #sector = 0;
  #left = 0;
  /** Data on their way through the data register, and how many bytes have passed. */
  #buffer: Uint8Array = new Uint8Array(0);
  #passed = 0;
  /** What READ BUFFER and WRITE BUFFER share. */
  #sectorBuffer: Uint8Array = new Uint8Array(SECTOR_BYTES);
  /** Where the head is: the sector after the last one that was moved. */
  #head = 0;
  #unflushed = false;
  #powerMode = ata.POWER_ACTIVE;

  /** `position`: 0 to 3, the disk's place at the controller. */
  constructor(clock: VirtualClock, disk: Disk, position: number, host: AtaHost) {
    this.#clock = clock;
    this.disk = disk;
    this.#position = position;
    this.#host = host;
    this.#timer = clock.timer(() => this.#proceed());
    this.#settings = new DiskSettings(disk.sectors);
    this.#showSignature();
  }

  get busy(): boolean {
    return (this.#status & (ata.STATUS_BUSY | ata.STATUS_DATA_REQUEST)) !== 0;
  }

  /** Whether a DMA command waits for the bus master. */
  get waitsForDma(): boolean {
    return this.#stage === 'waits for DMA';
  }

  get status(): number {
    return this.#status;
  }

  /** Reading the status register, other than the alternate one, acknowledges the interrupt. */
  acknowledge(): void {
    this.#setInterrupt(false);
  }

  /** The error, count, LBA and device registers; the high order bytes when `highOrder`. */
  readRegister(register: number, highOrder: boolean): number {
    return register === ata.REG_ERROR ? this.#error : this.#registers.read(register, highOrder);
  }

  /** Registers other than the command; ignored while a command is under way. */
  writeRegister(register: number, value: number): void {
    if (!this.busy) this.#registers.write(register, value);
  }

  /** Two bytes of the data register. Without a data request there is nothing to read. */
  readData(): number {
    if (this.#stage !== 'data in') return 0;
    const low = this.#buffer[this.#passed]!;
    const word = low | (this.#buffer[this.#passed + 1]! << 8);
    this.#passed += 2;
    if (this.#passed === this.#buffer.length) this.#dataTaken();
    return word;
  }

  writeData(word: number): void {
    if (this.#stage !== 'data out') return;
    this.#buffer[this.#passed] = word & 0xff;
    this.#buffer[this.#passed + 1] = word >> 8;
    this.#passed += 2;
    if (this.#passed === this.#buffer.length) this.#dataGiven();
  }

  /** A write to the command register of the selected disk; ignored while a command is under way. */
  execute(command: number): void {
    if (this.busy) return;
    this.#setInterrupt(false);
    this.#command = command;
    this.#error = 0;
    this.#powerMode = ata.isCheckPower(command) ? this.#powerMode : ata.POWER_ACTIVE;
    const sectors = ata.SECTOR_COMMANDS.get(command);
    if (sectors !== undefined) this.#beginSectors(sectors);
    else this.#executeOther(command);
  }

  /** The first half of a software reset: what was under way is over. The disk is busy until `endReset`. */
  beginReset(): void {
    this.#timer.cancel();
    this.#setInterrupt(false);
    this.#stage = 'busy: resetting';
    this.#status = ata.STATUS_BUSY;
    this.#settings.reset();
  }

  endReset(): void {
    this.#busyFor(RESET_NS, 'busy: resetting');
  }

  /** EXECUTE DEVICE DIAGNOSTIC, which all disks of a channel carry out. Device 0 asks for the interrupt. */
  diagnose(): void {
    this.#setInterrupt(false);
    this.#command = ata.COMMAND_DIAGNOSTICS;
    this.#registers.selectDeviceZero();
    this.#busyFor(RESET_NS, 'busy: resetting');
  }

  /** The bus master is ready: the medium starts to move. */
  startDma(): void {
    const sectors = Math.min(this.#left, this.disk.sectors - this.#sector);
    this.#busyFor(this.#accessTime(this.#sector) + Math.max(0, sectors) * SECTOR_NS, 'busy: moving by DMA');
  }

  transferState(state: StateStream): void {
    this.disk.transferState(state);
    this.#registers.transferState(state);
    this.#settings.transferState(state);
    this.interrupt = state.flag(this.interrupt);
    this.#status = state.number(this.#status);
    this.#error = state.number(this.#error);
    this.#stage = STAGES[state.number(STAGES.indexOf(this.#stage))]!;
    this.#command = state.number(this.#command);
    this.#sector = state.number(this.#sector);
    this.#left = state.number(this.#left);
    this.#buffer = state.bytes(this.#buffer);
    this.#passed = state.number(this.#passed);
    this.#sectorBuffer = state.bytes(this.#sectorBuffer);
    this.#head = state.number(this.#head);
    this.#unflushed = state.flag(this.#unflushed);
    this.#powerMode = state.number(this.#powerMode);
  }

  #showSignature(): void {
    this.#registers.showSignature();
    this.#error = ata.DIAGNOSTICS_PASSED;
  }

  // Commands that move sectors

  #beginSectors(command: ata.SectorCommand): void {
    const first = this.#registers.address(command.extended, this.#settings.geometry);
    this.#left = this.#registers.sectorCount(command.extended);
    if (command.multiple && this.#settings.multiple === 0) {
      this.#fail(ata.ERROR_ABORTED);
    } else if (first < 0) {
      this.#fail(ata.ERROR_NOT_FOUND);
    } else {
      this.#sector = first;
      if (command.dma) this.#waitForDma();
      else if (command.action === 'write') this.#requestBlock(false);
      else this.#busyFor(this.#accessTime(first) + this.#block * SECTOR_NS, 'busy: reading');
    }
  }

  /** Sectors of the block that moves next for one interrupt; a command that only verifies moves none. */
  get #block(): number {
    const { multiple, action } = ata.SECTOR_COMMANDS.get(this.#command)!;
    if (action === 'verify') return this.#left;
    return Math.min(this.#left, multiple ? this.#settings.multiple : 1);
  }

  #accessTime(sector: number): number {
    if (sector === this.#head) return COMMAND_NS;
    const distance = Math.abs(sector - this.#head) / this.disk.sectors;
    return COMMAND_NS + SEEK_NS + Math.floor(Math.min(1, distance) * FULL_STROKE_NS);
  }

  /** Whether the next block exists; if not, the command fails at the first sector that does not. */
  #checkBlock(sectors: number): boolean {
    if (this.#sector + sectors <= this.disk.sectors) return true;
    this.#sector = Math.max(this.#sector, this.disk.sectors);
    const { extended } = ata.SECTOR_COMMANDS.get(this.#command)!;
    this.#registers.showAddress(this.#sector, extended, this.#settings.geometry);
    this.#fail(ata.ERROR_NOT_FOUND);
    return false;
  }

  #advance(sectors: number): void {
    this.#sector += sectors;
    this.#left -= sectors;
    this.#head = this.#sector;
  }

  #readBlock(): void {
    const sectors = this.#block;
    if (!this.#checkBlock(sectors)) return;
    const isVerify = ata.SECTOR_COMMANDS.get(this.#command)!.action === 'verify';
    const data = isVerify ? null : this.disk.read(this.#sector, sectors);
    this.#advance(sectors);
    if (data === null) this.#complete();
    else this.#offer(data);
  }

  /** Lets the host write the next block; the first one without an interrupt. */
  #requestBlock(interrupts: boolean): void {
    const sectors = this.#block;
    if (!this.#checkBlock(sectors)) return;
    this.#take(sectors * SECTOR_BYTES);
    if (interrupts) this.#setInterrupt(true);
  }

  #writeBlock(): void {
    this.disk.write(this.#sector, this.#buffer);
    this.#unflushed = true;
    this.#advance(this.#buffer.length / SECTOR_BYTES);
    if (this.#left > 0) this.#requestBlock(true);
    else this.#complete();
  }

  #waitForDma(): void {
    this.#stage = 'waits for DMA';
    this.#status = ata.STATUS_BUSY;
    this.#host.dmaRequested();
  }

  /** When the bus master takes less than there is, the command stays as it is until the master is started again. */
  #moveByDma(): void {
    const sectors = Math.max(0, Math.min(this.#left, this.disk.sectors - this.#sector));
    const moved = this.#moveSectors(sectors);
    this.#advance(moved);
    if (moved < sectors) this.#waitForDma();
    else if (this.#left === 0) this.#complete();
    else this.#checkBlock(this.#left);
  }

  #moveSectors(sectors: number): number {
    if (ata.SECTOR_COMMANDS.get(this.#command)!.action === 'read') {
      return Math.floor(this.#host.toMemory(this.disk.read(this.#sector, sectors)) / SECTOR_BYTES);
    }
    const data = this.#host.fromMemory(sectors * SECTOR_BYTES);
    const whole = Math.floor(data.length / SECTOR_BYTES);
    this.disk.write(this.#sector, data.subarray(0, whole * SECTOR_BYTES));
    this.#unflushed = true;
    return whole;
  }

  // Other commands

  #executeOther(command: number): void {
    const registers = this.#registers;
    switch (command) {
      case ata.COMMAND_IDENTIFY:
      case ata.COMMAND_READ_BUFFER:
        this.#busyFor(COMMAND_NS, 'busy: answering');
        break;
      case ata.COMMAND_WRITE_BUFFER:
        this.#take(SECTOR_BYTES);
        break;
      case ata.COMMAND_FLUSH:
      case ata.COMMAND_FLUSH_EXTENDED:
        this.#busyFor(this.#unflushed ? FLUSH_NS : COMMAND_NS, 'busy: completing');
        this.#unflushed = false;
        break;
      case ata.COMMAND_SEEK:
        this.#seek();
        break;
      case ata.COMMAND_SET_MULTIPLE:
        this.#finish(this.#settings.setMultiple(registers.count));
        break;
      case ata.COMMAND_SET_FEATURES:
        this.#finish(this.#settings.setFeature(registers.features, registers.count));
        break;
      case ata.COMMAND_INITIALIZE_PARAMETERS:
        this.#finish(this.#settings.setGeometry(registers.head + 1, registers.count));
        break;
      default:
        this.#finish(ata.isRecalibrate(command) || this.#managePower(command));
    }
  }

  /** A command that takes no time of its own ends, or is not one of ours. */
  #finish(isDone: boolean): void {
    if (isDone) this.#busyFor(COMMAND_NS, 'busy: completing');
    else this.#fail(ata.ERROR_ABORTED);
  }

  #seek(): void {
    const sector = this.#registers.address(false, this.#settings.geometry);
    if (sector < 0 || sector >= this.disk.sectors) {
      this.#fail(ata.ERROR_NOT_FOUND);
    } else {
      this.#busyFor(this.#accessTime(sector), 'busy: completing');
      this.#head = sector;
    }
  }

  #managePower(command: number): boolean {
    if (ata.isCheckPower(command)) {
      this.#registers.count = this.#powerMode;
      return true;
    }
    const mode = ata.POWER_COMMANDS.get(command);
    if (mode === undefined) return false;
    this.#powerMode = mode;
    return true;
  }

  // The course of a command

  #busyFor(nanoseconds: number, stage: Stage): void {
    this.#stage = stage;
    this.#status = ata.STATUS_BUSY;
    this.#timer.set(this.#clock.now() + nanoseconds);
  }

  /** Time is up. */
  #proceed(): void {
    switch (this.#stage) {
      case 'busy: completing':
        this.#complete();
        break;
      case 'busy: failing':
        this.#end(IDLE_STATUS | ata.STATUS_ERROR, true);
        break;
      case 'busy: reading':
        this.#readBlock();
        break;
      case 'busy: answering':
        this.#offer(this.#command === ata.COMMAND_IDENTIFY ? this.#identify() : this.#sectorBuffer.slice());
        break;
      case 'busy: writing':
        this.#writeBlock();
        break;
      case 'busy: moving by DMA':
        this.#moveByDma();
        break;
      default:
        this.#endReset();
    }
  }

  #endReset(): void {
    this.#showSignature();
    const byCommand = this.#command === ata.COMMAND_DIAGNOSTICS;
    this.#command = 0;
    this.#end(IDLE_STATUS, byCommand && (this.#position & 1) === 0);
  }

  #identify(): Uint8Array {
    return identifyData({ settings: this.#settings, sectors: this.disk.sectors, position: this.#position });
  }

  /** Data wait for the host to read them. */
  #offer(data: Uint8Array): void {
    this.#buffer = data;
    this.#passed = 0;
    this.#stage = 'data in';
    this.#status = IDLE_STATUS | ata.STATUS_DATA_REQUEST;
    this.#setInterrupt(true);
  }

  #dataTaken(): void {
    const isSectors = ata.SECTOR_COMMANDS.has(this.#command);
    if (isSectors && this.#left > 0) this.#busyFor(this.#block * SECTOR_NS, 'busy: reading');
    else this.#end(IDLE_STATUS, false);
  }

  /** The host may write data. */
  #take(bytes: number): void {
    this.#buffer = new Uint8Array(bytes);
    this.#passed = 0;
    this.#stage = 'data out';
    this.#status = IDLE_STATUS | ata.STATUS_DATA_REQUEST;
  }

  #dataGiven(): void {
    if (ata.SECTOR_COMMANDS.has(this.#command)) {
      const seek = this.#settings.writeCache ? COMMAND_NS : this.#accessTime(this.#sector);
      this.#busyFor(seek + (this.#buffer.length / SECTOR_BYTES) * SECTOR_NS, 'busy: writing');
    } else {
      this.#sectorBuffer = Uint8Array.from(this.#buffer);
      this.#busyFor(COMMAND_NS, 'busy: completing');
    }
  }

  #complete(): void {
    this.#end(IDLE_STATUS, true);
  }

  #fail(error: number): void {
    this.#error = error;
    this.#busyFor(COMMAND_NS, 'busy: failing');
  }

  #end(status: number, interrupts: boolean): void {
    this.#stage = 'idle';
    this.#status = status;
    this.#buffer = new Uint8Array(0);
    this.#passed = 0;
    if (interrupts) this.#setInterrupt(true);
  }

  #setInterrupt(active: boolean): void {
    this.interrupt = active;
    this.#host.interruptChanged();
  }
}
