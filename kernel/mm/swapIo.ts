/*
 * Pages between memory and their slots.
 *
 * Idea. A transfer is started and forgotten: the page is locked, and the interrupt that ends the transfer unlocks it. So
 * a stealer can have many pages on their way, and who needs one of them waits for its lock.
 *
 * What the disk needs to know about a transfer stands in one of a fixed number of records. When all are in use, starting
 * one more waits until one comes back: that is also what keeps a stealer from running far ahead of the disk.
 *
 * Locking. (I) ioLock, interrupts off: the list of free records. A record in use belongs to its transfer.
 */

import { BioKind, type Bio, PAGE_SECTORS } from '../block/bio.ts';
import { submitBio } from '../block/requestQueue.ts';
import { assert } from '../lib/panic.ts';
import { printk } from '../lib/printk.ts';
import { schedule } from '../proc/scheduler.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { putPage } from './buddy.ts';
import { getPage, type Page, PAGE_DIRTY, PAGE_ERROR, PAGE_LOCKED, PAGE_UPTODATE, pageToPhys } from './page.ts';
import { unlockPage } from './pageLock.ts';
import { areaOf, slotOf, swapArea, type SwapEntry } from './swapArea.ts';

/** The class of ioLock. */
export class SwapIoLock {
  declare readonly lock: 'swapIo';
}

const RECORDS: u32 = 64;

/** A transfer under way. */
class SwapIo {
  bio: Inline<Bio>;
  page: Page;
  next: SwapIo | null; // (I)
}

const ioLock = zeroed<Inline<Spinlock<SwapIoLock>>>();
const records = zeroed<FixedArray<Inline<SwapIo>, 64>>();
let free: SwapIo | null = null; // (I)
const waiters = zeroed<Inline<WaitQueue>>();
/** Pages read and written since boot: pswpin and pswpout of /proc/vmstat. */
let pagesIn: u32 = 0;
let pagesOut: u32 = 0;
/** Transfers that have not ended, and those that have: counted modulo 2^32. */
let underWay: u32 = 0;
let ended: u32 = 0;
const endWaiters = zeroed<Inline<WaitQueue>>();

export function initSwapIo(): void {
  ioLock.init('swapIo');
  waiters.init();
  endWaiters.init();
  for (let i: u32 = 0; i < RECORDS; i++) {
    records[i].next = free;
    free = records[i];
  }
}

export function swappedIn(): u32 {
  return pagesIn;
}

export function swappedOut(): u32 {
  return pagesOut;
}

function takeRecord(): SwapIo | null {
  using _held = ioLock.acquireIrqSave();
  const record = free;
  if (record !== null) free = record.next;
  return record;
}

/** @sleeps */
function getRecord(): SwapIo {
  let record = takeRecord();
  if (record !== null) return record;
  const entry = zeroed<Inline<WaitEntry>>();
  for (;;) {
    waiters.prepare(entry, false);
    record = takeRecord();
    if (record !== null) break;
    schedule();
  }
  waiters.finish(entry);
  return record;
}

function putRecord(record: SwapIo): void {
  {
    using _held = ioLock.acquireIrqSave();
    record.next = free;
    free = record;
  }
  waiters.wakeOne();
}

/**
 * Starts reading a slot into a page, or writing it, which the caller has locked; the end of the transfer unlocks it.
 * A page that was read has PAGE_UPTODATE then, or PAGE_ERROR.
 *
 * @param kind BioKind.Read or Write
 * @sleeps
 */
export function rwSwapPage(kind: u32, page: Page, entry: SwapEntry): void {
  assert((reload<u32>(page.flags) & PAGE_LOCKED) !== 0, 'rwSwapPage: the page is not locked');
  const record = getRecord();
  const device = swapArea(areaOf(entry)).device;
  getPage(page);
  record.page = page;
  record.bio.disk = device.disk;
  record.bio.kind = kind;
  record.bio.sector = device.start + slotOf(entry) * PAGE_SECTORS;
  record.bio.count = PAGE_SECTORS;
  record.bio.memory = pageToPhys(page);
  record.bio.complete = kind === BioKind.Read ? endRead : endWrite;
  record.bio.data = u32(record);
  if (kind === BioKind.Read) atomic.inc(addrOf(pagesIn));
  else {
    atomic.and(addrOf(page.flags), ~PAGE_DIRTY);
    atomic.inc(addrOf(pagesOut));
  }
  atomic.inc(addrOf(underWay));
  submitBio(record.bio);
}

function endRead(bio: Bio): void {
  const page = as<SwapIo>(bio.data).page;
  atomic.or(addrOf(page.flags), bio.error === 0 ? PAGE_UPTODATE : PAGE_ERROR);
  if (bio.error !== 0) printk('swap: cannot read page %x\n', page.index);
  endTransfer(as<SwapIo>(bio.data));
}

/** A page that could not be written stays dirty, and so in memory. */
function endWrite(bio: Bio): void {
  const page = as<SwapIo>(bio.data).page;
  if (bio.error !== 0) {
    atomic.or(addrOf(page.flags), PAGE_DIRTY | PAGE_ERROR);
    printk('swap: cannot write page %x\n', page.index);
  }
  endTransfer(as<SwapIo>(bio.data));
}

function endTransfer(record: SwapIo): void {
  const page = record.page;
  putRecord(record);
  unlockPage(page);
  putPage(page);
  atomic.dec(addrOf(underWay));
  atomic.inc(addrOf(ended));
  endWaiters.wakeAll();
}

/** Pages on their way to or from a slot. A snapshot. */
export function pagesUnderWay(): u32 {
  return reload<u32>(underWay);
}

/** Waits until one of the transfers that are under way has ended. False: there is none. @sleeps */
export function waitForSwapIo(): boolean {
  const before = reload<u32>(ended);
  if (pagesUnderWay() === 0) return reload<u32>(ended) !== before;
  const entry = zeroed<Inline<WaitEntry>>();
  for (;;) {
    endWaiters.prepare(entry, false);
    if (reload<u32>(ended) !== before || pagesUnderWay() === 0) break;
    schedule();
  }
  endWaiters.finish(entry);
  return true;
}
