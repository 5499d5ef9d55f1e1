/*
 * The lock of a page: one bit, held while its contents are on their way from or to a disk.
 *
 * It is not the lock of a task. Whoever starts a transfer takes it; the interrupt that ends the transfer lets it go. So
 * it may be released by anybody, and holding it does not keep the holder from sleeping.
 *
 * Those who wait sleep on one of a few queues, chosen by the page: a queue for each page would cost more than now and
 * then waking somebody in vain.
 *
 * Locking. The bit is changed atomically, with the other bits of Page.flags.
 */

import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { schedule } from '../proc/scheduler.ts';
import { frameOf, type Page, PAGE_LOCKED } from './page.ts';

const QUEUES: u32 = 16;
const queues = zeroed<FixedArray<Inline<WaitQueue>, 16>>();

/** Prepares the queues. Before any page is locked. */
export function initPageLocks(): void {
  for (let i: u32 = 0; i < QUEUES; i++) queues[i].init();
}

function queueOf(page: Page): WaitQueue {
  return queues[frameOf(page) % QUEUES];
}

/** Takes the lock if it is free; says whether it did. From anywhere. */
export function tryLockPage(page: Page): boolean {
  return !atomic.testAndSetBit(addrOf(page.flags), bsf(PAGE_LOCKED));
}

/** Lets the lock go, and wakes who waits for it. From anywhere, interrupts included. */
export function unlockPage(page: Page): void {
  const queue = queueOf(page);
  atomic.and(addrOf(page.flags), ~PAGE_LOCKED);
  queue.wakeAll();
}

export function isPageLocked(page: Page): boolean {
  return (reload<u32>(page.flags) & PAGE_LOCKED) !== 0;
}

/** Takes the lock. The caller has a reference. @sleeps */
export function lockPage(page: Page): void {
  while (!tryLockPage(page)) waitOnPage(page);
}

/** Waits until nobody holds the lock. The caller has a reference. @sleeps */
export function waitOnPage(page: Page): void {
  if (!isPageLocked(page)) return;
  const entry = zeroed<Inline<WaitEntry>>();
  const queue = queueOf(page);
  for (;;) {
    queue.prepare(entry, false);
    if (!isPageLocked(page)) break;
    schedule();
  }
  queue.finish(entry);
}
