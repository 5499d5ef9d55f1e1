/*
 * An IDE channel: one cable with one or two disks, of which one at a time can be told something.
 *
 * Everything here is what the interrupt-driven part (transfer.ts) and the polled part (probe.ts) have in common: the
 * record, the registers, and waiting for a disk that is busy for a moment.
 *
 * Locking. (Q) the lock of the channel's request queue; the registers of the channel are (Q) once interrupts are on.
 * (C) constant once the disks are registered.
 */

import { monotonicNs } from '../../arch/x86/clock.ts';
import { type PhysAddr } from '../../arch/x86/layout.ts';
import { type Bio, type Disk } from '../../block/bio.ts';
import { type RequestQueue } from '../../block/requestQueue.ts';
import { type Timer } from '../../proc/timer.ts';
import { CONTROL_NO_INTERRUPT, DEVICE, DEVICE_LBA, DEVICE_SECOND, STATUS, STATUS_BSY } from './registers.ts';

/** An entry of the table that the bus master follows. */
export class PhysicalRegion {
  address: PhysAddr; // even; the region does not cross a multiple of 64 KiB
  length: u16; // in bytes, even
  flags: u16;
}

export class IdeDrive {
  isPresent: boolean; // (C)
  canDma: boolean; // (C), or turned off for good when DMA fails
  has48Bit: boolean; // (C)
  disk: Inline<Disk>; // (C)
}

export class IdeChannel {
  base: u16; // (C)
  control: u16; // (C)
  irq: u32; // (C)
  busMaster: u16; // (C) 0: there is none, all data go through the CPU
  regions: Ptr<Inline<PhysicalRegion>>; // (Q) a page, for the bus master
  drives: FixedArray<Inline<IdeDrive>, 2>;
  queue: Inline<RequestQueue>;
  /** A command is under way, and the disk owes us an interrupt. */
  isWaiting: boolean; // (Q)
  usesDma: boolean; // (Q) that command
  /** Without DMA: the Bio whose sectors are being moved, and how many of them have been. */
  bio: Bio; // (Q)
  sectorsMoved: u32; // (Q)
  attempts: u32; // (Q) failures of what is being tried
  deadline: u64; // (Q) when we lose patience with the command
  watchdog: Inline<Timer>;
  isWatched: boolean; // (Q) the watchdog is armed

  readRegister(register: u16): u8 {
    return inb(u16(this.base + register));
  }

  writeRegister(register: u16, value: u8): void {
    outb(u16(this.base + register), value);
  }

  readMaster(register: u16): u8 {
    return inb(u16(this.busMaster + register));
  }

  writeMaster(register: u16, value: u8): void {
    outb(u16(this.busMaster + register), value);
  }

  /** The status, without taking an interrupt back. */
  alternateStatus(): u8 {
    return inb(this.control);
  }

  enableInterrupts(enable: boolean): void {
    outb(this.control, enable ? 0 : CONTROL_NO_INTERRUPT);
  }

  /** Selects a disk, and gives it the 400 ns that it may take to notice. */
  select(unit: u32, address: u8): void {
    this.writeRegister(DEVICE, u8(DEVICE_LBA | (unit === 0 ? 0 : DEVICE_SECOND) | address));
    for (let i: u32 = 0; i < 4; i++) this.alternateStatus();
  }

  /** Waits until the disk is not busy, `milliseconds` at most. Returns the status; STATUS_BSY is set if it still is. */
  waitIdle(milliseconds: u32): u8 {
    const deadline = monotonicNs() + u64(milliseconds) * 1000000n;
    let status = this.alternateStatus();
    while ((status & STATUS_BSY) !== 0 && monotonicNs() < deadline) {
      pause();
      status = this.alternateStatus();
    }
    return status;
  }

  /** Reads the status and with it takes the interrupt back. */
  acknowledge(): u8 {
    return this.readRegister(STATUS);
  }
}
