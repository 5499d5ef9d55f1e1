/*
 * IDE transfers, by interrupts.
 *
 *   queue.start -> issue ----> (the disk works) ----> interrupt -> finishBatch -> queue.start ...
 *                                                       |
 *                                            error or silence: reset, again, at last -EIO
 *
 * With a bus master, a command moves its whole batch and interrupts once. Without one the CPU moves each sector: a read
 * interrupts when a sector is there, a write when one has been taken.
 *
 * A disk that does not answer is reset; what it was told is tried again, without DMA in case that is what it cannot do,
 * and after a few attempts given up with -EIO. So a Bio always completes.
 *
 * Locking. (Q) for everything; `finishBatch` is called without. The watchdog's callback runs in the timer interrupt, of
 * any CPU, and takes (Q) as the disk's interrupt does.
 */

import { EIO } from '../../abi/errno.ts';
import { monotonicNs } from '../../arch/x86/clock.ts';
import { physToVirt, virtToPhys } from '../../arch/x86/layout.ts';
import { type Bio, BioKind, SECTOR_SIZE } from '../../block/bio.ts';
import { bioOf, finishBatch, type RequestQueue, type RequestQueueLock } from '../../block/requestQueue.ts';
import { printk } from '../../lib/printk.ts';
import { armTimer, initTimer } from '../../proc/timer.ts';
import { type IdeChannel } from './channel.ts';
import {
  BUS_MASTER_COMMAND,
  BUS_MASTER_ERROR,
  BUS_MASTER_INTERRUPT,
  BUS_MASTER_START,
  BUS_MASTER_STATUS,
  BUS_MASTER_TABLE,
  BUS_MASTER_TO_MEMORY,
  COMMAND,
  CONTROL_RESET,
  DATA,
  ERROR,
  FLUSH_CACHE,
  FLUSH_CACHE_EXT,
  LBA_HIGH,
  LBA_LOW,
  LBA_MID,
  READ_DMA,
  READ_DMA_EXT,
  READ_SECTORS,
  READ_SECTORS_EXT,
  SECTOR_COUNT,
  STATUS_BSY,
  STATUS_DF,
  STATUS_DRDY,
  STATUS_DRQ,
  STATUS_ERR,
  WRITE_DMA,
  WRITE_DMA_EXT,
  WRITE_SECTORS,
  WRITE_SECTORS_EXT,
} from './registers.ts';

/** Sectors in a batch: what a sector count of one byte can say. */
export const BATCH_SECTORS: u32 = 256;
/** 28-bit addresses end here. */
const LBA28_SECTORS: u32 = 0x10000000;
const LAST_REGION: u16 = 0x8000;
const MAX_ATTEMPTS: u32 = 3;
const PATIENCE: u64 = 5000000000n;
/** A disk that has just been given a command or a sector needs no longer than this to react. */
const REACTION_MILLISECONDS: u32 = 100;
const RESET_MILLISECONDS: u32 = 2000;

/** Makes the channel ready for commands: interrupts on. Its queue is initialised here. */
export function initTransfers(channel: IdeChannel): void {
  channel.queue.init(BATCH_SECTORS, startBatch, u32(channel));
  initTimer(channel.watchdog);
  channel.acknowledge();
  channel.enableInterrupts(true);
}

function channelOf(queue: RequestQueue): IdeChannel {
  return as<IdeChannel>(queue.data);
}

/** RequestQueue.start. */
function startBatch(queue: RequestQueue, held: Held<RequestQueueLock>): void {
  const channel = channelOf(queue);
  const first = queue.takeBatch(held);
  channel.attempts = 0;
  issue(channel, first, held);
}

/** Sectors of the batch in flight. */
function batchSectors(queue: RequestQueue): u32 {
  let sum: u32 = 0;
  for (let link = queue.inFlight.next; link !== queue.inFlight; link = link.next) sum += bioOf(link).count;
  return sum;
}

/** Tells the disk to carry out the batch in flight, whose first Bio is `first`. */
function issue(channel: IdeChannel, first: Bio, held: Held<RequestQueueLock>): void {
  const drive = channel.drives[first.disk.unit];
  const count = batchSectors(channel.queue);
  const isWide = drive.has48Bit && first.sector + count > LBA28_SECTORS;
  const isFlush = first.kind === BioKind.Flush;
  channel.usesDma = drive.canDma && !isFlush;
  channel.bio = first;
  channel.sectorsMoved = 0;
  watch(channel, held);
  channel.waitIdle(REACTION_MILLISECONDS);
  channel.select(first.disk.unit, isWide ? 0 : u8((first.sector >>> 24) & 0xf));
  const status = channel.waitIdle(REACTION_MILLISECONDS);
  if ((status & STATUS_BSY) !== 0) return; // the watchdog will see to it
  if (isWide) {
    writeAddress(channel, u8((count >>> 8) & 0xff), first.sector >>> 24);
    writeAddress(channel, u8(count & 0xff), first.sector & 0xffffff);
  } else if (!isFlush) writeAddress(channel, u8(count & 0xff), first.sector & 0xffffff);
  if (channel.usesDma) prepareDma(channel, first.kind);
  channel.writeRegister(COMMAND, commandFor(first.kind, channel.usesDma, isFlush ? drive.has48Bit : isWide));
  if (channel.usesDma) startDma(channel, first.kind);
  else if (first.kind === BioKind.Write) sendFirstSector(channel);
}

/** A count of 256 is written as 0. */
function writeAddress(channel: IdeChannel, count: u8, address: u32): void {
  channel.writeRegister(SECTOR_COUNT, count);
  channel.writeRegister(LBA_LOW, u8(address & 0xff));
  channel.writeRegister(LBA_MID, u8((address >>> 8) & 0xff));
  channel.writeRegister(LBA_HIGH, u8((address >>> 16) & 0xff));
}

function commandFor(kind: u32, usesDma: boolean, isWide: boolean): u8 {
  if (kind === BioKind.Flush) return isWide ? FLUSH_CACHE_EXT : FLUSH_CACHE;
  if (kind === BioKind.Write) {
    if (usesDma) return isWide ? WRITE_DMA_EXT : WRITE_DMA;
    return isWide ? WRITE_SECTORS_EXT : WRITE_SECTORS;
  }
  if (usesDma) return isWide ? READ_DMA_EXT : READ_DMA;
  return isWide ? READ_SECTORS_EXT : READ_SECTORS;
}

// ---------------------------------------------------------------------------------------------------------------------
// Moving the data.

/** Writes the table of the batch's memory, and clears what the last command left. */
function prepareDma(channel: IdeChannel, kind: u32): void {
  let count: u32 = 0;
  const queue = channel.queue;
  const regions = channel.regions;
  for (let link = queue.inFlight.next; link !== queue.inFlight; link = link.next) {
    const bio = bioOf(link);
    regions[count].address = bio.memory;
    regions[count].length = u16(bio.count * SECTOR_SIZE);
    regions[count].flags = 0;
    count++;
  }
  regions[count - 1].flags = LAST_REGION;
  compilerBarrier();
  outl(u16(channel.busMaster + BUS_MASTER_TABLE), virtToPhys(u32(regions)));
  channel.writeMaster(BUS_MASTER_COMMAND, directionOf(kind));
  const status = channel.readMaster(BUS_MASTER_STATUS);
  channel.writeMaster(BUS_MASTER_STATUS, u8(status | BUS_MASTER_ERROR | BUS_MASTER_INTERRUPT));
}

function directionOf(kind: u32): u8 {
  return kind === BioKind.Read ? BUS_MASTER_TO_MEMORY : 0;
}

function startDma(channel: IdeChannel, kind: u32): void {
  channel.writeMaster(BUS_MASTER_COMMAND, u8(directionOf(kind) | BUS_MASTER_START));
}

/** Stops the bus master. Returns whether all went well there. */
function stopDma(channel: IdeChannel): boolean {
  const status = channel.readMaster(BUS_MASTER_STATUS);
  channel.writeMaster(BUS_MASTER_COMMAND, 0);
  channel.writeMaster(BUS_MASTER_STATUS, u8(status | BUS_MASTER_ERROR | BUS_MASTER_INTERRUPT));
  return (status & BUS_MASTER_ERROR) === 0;
}

/** Where the next sector lies in memory. */
function nextSector(channel: IdeChannel): Ptr<u8> {
  return ptr<u8>(physToVirt(channel.bio.memory + channel.sectorsMoved * SECTOR_SIZE));
}

/** A sector has been moved. False: it was the batch's last. */
function advance(channel: IdeChannel): boolean {
  channel.sectorsMoved++;
  if (channel.sectorsMoved < channel.bio.count) return true;
  const link = channel.bio.link.next;
  if (link === channel.queue.inFlight) return false;
  channel.bio = bioOf(link);
  channel.sectorsMoved = 0;
  return true;
}

/** A write without DMA: the disk asks for the first sector without an interrupt. */
function sendFirstSector(channel: IdeChannel): void {
  const status = channel.waitIdle(REACTION_MILLISECONDS);
  if ((status & STATUS_DRQ) !== 0) repOutsw(channel.base + DATA, nextSector(channel), SECTOR_SIZE / 2);
}

/** The disk has interrupted in a command without DMA. True: the command is complete. */
function moveSector(channel: IdeChannel, status: u8): boolean {
  if (channel.bio.kind === BioKind.Flush) return true;
  if (channel.bio.kind === BioKind.Read) {
    if ((status & STATUS_DRQ) === 0) return false; // not yet
    repInsw(channel.base + DATA, nextSector(channel), SECTOR_SIZE / 2);
    return !advance(channel);
  }
  if (!advance(channel)) return true;
  repOutsw(channel.base + DATA, nextSector(channel), SECTOR_SIZE / 2);
  return false;
}

// ---------------------------------------------------------------------------------------------------------------------
// Interrupts, errors and silence.

/** The disk's interrupt. On a PC both ends of an edge-triggered line are ours alone, so there is nobody to share with. */
export function handleIdeInterrupt(channel: IdeChannel): void {
  if (takeInterrupt(channel)) finishBatch(channel.queue, 0);
}

/** True: the batch in flight is done. */
function takeInterrupt(channel: IdeChannel): boolean {
  using held = channel.queue.lock.acquireIrqSave();
  if (channel.usesDma && (channel.readMaster(BUS_MASTER_STATUS) & BUS_MASTER_INTERRUPT) === 0) return false;
  const status = channel.acknowledge();
  if (!channel.isWaiting || (status & STATUS_BSY) !== 0) return false;
  const isGood = !channel.usesDma || stopDma(channel);
  if (!isGood || (status & (STATUS_ERR | STATUS_DF)) !== 0) {
    channel.deadline = 0n; // the watchdog takes over, outside this interrupt
    reportError(channel, status);
    armWatchdog(channel, held);
    return false;
  }
  if (!channel.usesDma && !moveSector(channel, status)) return false;
  channel.isWaiting = false;
  return true;
}

function reportError(channel: IdeChannel, status: u8): void {
  const bio = channel.bio;
  const what = bio.kind === BioKind.Read ? 'read' : bio.kind === BioKind.Write ? 'write' : 'flush';
  printk(
    '%s: %s error at sector %u (status %x, error %x)\n',
    bio.disk.name,
    what,
    bio.sector,
    status,
    channel.readRegister(ERROR),
  );
}

/** Notes that the disk owes us an answer from now on. */
function watch(channel: IdeChannel, held: Held<RequestQueueLock>): void {
  channel.isWaiting = true;
  channel.deadline = monotonicNs() + PATIENCE;
  if (!channel.isWatched) armWatchdog(channel, held);
}

function armWatchdog(channel: IdeChannel, _held: Held<RequestQueueLock>): void {
  channel.isWatched = true;
  armTimer(channel.watchdog, channel.deadline, lookAfter, u32(channel));
}

/**
 * The watchdog. It is not cancelled when a command completes, but finds nothing to do: cancelling it under (Q) would
 * wait for a callback that waits for (Q).
 */
function lookAfter(argument: u32): void {
  const channel = as<IdeChannel>(argument);
  if (!tryAgain(channel)) return;
  printk('%s: giving up\n', channel.bio.disk.name);
  finishBatch(channel.queue, -EIO);
}

/** Tries a command that failed, or that is not answered, once more. True: it was the last time. */
function tryAgain(channel: IdeChannel): boolean {
  using held = channel.queue.lock.acquireIrqSave();
  channel.isWatched = false;
  if (!channel.isWaiting) return false;
  if (monotonicNs() < channel.deadline) {
    armWatchdog(channel, held);
    return false;
  }
  const queue = channel.queue;
  const isSilent = channel.deadline !== 0n;
  if (isSilent) printk('%s: no answer, resetting\n', channel.bio.disk.name);
  channel.isWaiting = false;
  resetChannel(channel);
  if (queue.splitBatch(held)) {
    queue.start(queue, held);
    return false;
  }
  channel.attempts++;
  if (channel.attempts === MAX_ATTEMPTS) return true;
  const first = bioOf(queue.inFlight.next);
  if (isSilent && channel.usesDma) channel.drives[first.disk.unit].canDma = false;
  issue(channel, first, held);
  return false;
}

/** Software reset of both disks of the channel (ATA-6, 9.2). Interrupts are on afterwards. */
function resetChannel(channel: IdeChannel): void {
  if (channel.busMaster !== 0) stopDma(channel);
  outb(channel.control, CONTROL_RESET);
  for (let i: u32 = 0; i < 16; i++) channel.alternateStatus(); // 5 us
  channel.enableInterrupts(true);
  const status = channel.waitIdle(RESET_MILLISECONDS);
  if ((status & STATUS_DRDY) === 0) printk('ide: the disks of irq %u do not come back\n', channel.irq);
  channel.acknowledge();
}
