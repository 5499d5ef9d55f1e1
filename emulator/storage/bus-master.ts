/*
 * The bus master of one IDE channel: moves a disk's data to and from memory by a list of regions.
 *
 *   port +0  command   bit 0 start, bit 3 direction (set: to memory)
 *        +2  status    bit 0 active, bit 1 error, bit 2 interrupt (both cleared by writing 1), bits 5 and 6 for software
 *        +4  address of the list: entries of 8 bytes, base, length (0: 64 KiB), end mark in the last bit
 *
 * What software reads at the end of a transfer says how list and transfer fitted:
 *
 *   active 0, interrupt 1   both ended together
 *   active 1, interrupt 1   the list has more room than the disk had data
 *   active 0, interrupt 0   the list ended first: the disk still waits
 *
 * Source: SFF-8038i, "Programming Interface for Bus Master IDE Controller", 1.0.
 */

import type { Stateful, StateStream } from '../state.ts';

const COMMAND_START = 0x01;
const COMMAND_TO_MEMORY = 0x08;
const STATUS_ACTIVE = 0x01;
const STATUS_ERROR = 0x02;
const STATUS_INTERRUPT = 0x04;
const STATUS_SOFTWARE = 0x60;

const ENTRY_BYTES = 8;
const LAST_ENTRY = 0x8000_0000;
const LONGEST_REGION = 0x1_0000;

/** The memory that a bus master sees. */
export interface BusMemory {
  /** A copy of a range, or null if no memory answers there. */
  read(address: number, bytes: number): Uint8Array | null;
  /** Whether memory took the data. */
  write(address: number, data: Uint8Array): boolean;
}

export interface BusMasterHost {
  readonly memory: BusMemory;
  /** The master was started, by software or because it may use the bus now. */
  started(): void;
}

export class BusMaster implements Stateful {
  readonly #host: BusMasterHost;
  #command = 0;
  #status = 0;
  #list = 0;
  /** The next entry of the list, and how much of its region is used. */
  #entry = 0;
  #used = 0;
  /** Whether the PCI function may be a master of the bus. */
  #enabled = false;

  constructor(host: BusMasterHost) {
    this.#host = host;
  }

  transferState(state: StateStream): void {
    this.#command = state.number(this.#command);
    this.#status = state.number(this.#status);
    this.#list = state.number(this.#list);
    this.#entry = state.number(this.#entry);
    this.#used = state.number(this.#used);
    this.#enabled = state.flag(this.#enabled);
  }

  /** The bus master bit of the function's command register. A transfer waits while it is clear. */
  set enabled(enabled: boolean) {
    this.#enabled = enabled;
    if (this.ready) this.#host.started();
  }

  /** Whether a disk's data can move. */
  get ready(): boolean {
    return this.#enabled && (this.#status & STATUS_ACTIVE) !== 0;
  }

  /** `register`: 0 to 7. */
  read(register: number): number {
    if (register === 0) return this.#command;
    if (register === 2) return this.#status;
    return register >= 4 ? (this.#list >>> (8 * (register - 4))) & 0xff : 0;
  }

  write(register: number, value: number): void {
    if (register === 0) this.#writeCommand(value);
    else if (register === 2) this.#writeStatus(value);
    else if (register >= 4) this.#writeList(8 * (register - 4), value);
  }

  /** The disk asked for an interrupt: every one is noted, whoever moved the data. */
  noteInterrupt(): void {
    this.#status |= STATUS_INTERRUPT;
  }

  /** Moves a disk's data to memory, as far as the list goes. Returns how many bytes that was. */
  toMemory(data: Uint8Array): number {
    if ((this.#command & COMMAND_TO_MEMORY) === 0) return 0; // started the wrong way round: nothing fits together
    let moved = 0;
    this.#eachRegion(data.length, (address, bytes) => {
      if (!this.#host.memory.write(address, data.subarray(moved, moved + bytes))) return false;
      moved += bytes;
      return true;
    });
    return moved;
  }

  /** Fetches data for a disk from memory, as far as the list goes. */
  fromMemory(bytes: number): Uint8Array {
    const data = new Uint8Array(bytes);
    if ((this.#command & COMMAND_TO_MEMORY) !== 0) return data.subarray(0, 0);
    let moved = 0;
    this.#eachRegion(bytes, (address, length) => {
      const region = this.#host.memory.read(address, length);
      if (region === null) return false;
      data.set(region, moved);
      moved += length;
      return true;
    });
    return data.subarray(0, moved);
  }

  #writeCommand(value: number): void {
    const starts = (value & ~this.#command & COMMAND_START) !== 0;
    this.#command = value & (COMMAND_START | COMMAND_TO_MEMORY);
    if ((value & COMMAND_START) === 0) this.#status &= ~STATUS_ACTIVE;
    if (!starts) return;
    this.#status |= STATUS_ACTIVE;
    this.#entry = this.#list;
    this.#used = 0;
    if (this.ready) this.#host.started();
  }

  #writeStatus(value: number): void {
    const cleared = value & (STATUS_ERROR | STATUS_INTERRUPT);
    this.#status = (this.#status & ~cleared & ~STATUS_SOFTWARE) | (value & STATUS_SOFTWARE);
  }

  #writeList(shift: number, value: number): void {
    this.#list = ((this.#list & ~(0xff << shift)) | (value << shift)) & ~3;
  }

  /** Walks the list over `bytes`. `move` answers whether memory was there; if not, the transfer ends in an error. */
  #eachRegion(bytes: number, move: (address: number, bytes: number) => boolean): void {
    for (let left = bytes; left > 0 && this.ready;) {
      const entry = this.#host.memory.read(this.#entry >>> 0, ENTRY_BYTES);
      if (entry === null) {
        this.#abort();
        return;
      }
      const view = new DataView(entry.buffer, entry.byteOffset);
      const length = view.getUint32(4, true) & 0xfffe || LONGEST_REGION;
      const part = Math.min(left, length - this.#used);
      if (!move(((view.getUint32(0, true) & ~1) >>> 0) + this.#used, part)) {
        this.#abort();
        return;
      }
      left -= part;
      this.#used += part;
      if (this.#used < length) return;
      this.#used = 0;
      this.#entry += ENTRY_BYTES;
      if ((view.getUint32(4, true) & LAST_ENTRY) !== 0) this.#status &= ~STATUS_ACTIVE;
    }
  }

  #abort(): void {
    this.#status = (this.#status | STATUS_ERROR) & ~STATUS_ACTIVE;
  }
}
