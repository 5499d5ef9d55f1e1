/*
 * Pages come back from their slots.
 *
 * A fault on a swap entry finds the page in the swap cache or reads it in; the neighbours of its slot, which mostly left
 * memory together with it, are read along with it and wait in the cache.
 *
 * A page that comes back is mapped read-only at first. If nobody else refers to page or slot, it leaves the swap cache
 * and becomes writable: from then on memory has the only copy. Otherwise a write makes a copy, as after a fork. So a page
 * of the swap cache is never mapped writable, and what its slot has is good.
 *
 * Locking. (M) of the faulting address space is held throughout; (P) inside.
 */

import { EIO, ENOMEM } from '../abi/errno.ts';
import { current } from '../arch/x86/cpu.ts';
import { BioKind } from '../block/bio.ts';
import { putPage } from './buddy.ts';
import { type Page, PAGE_ANON, PAGE_SWAP_CACHE, PAGE_UPTODATE, setPageFlag } from './page.ts';
import { lockPage, tryLockPage, unlockPage } from './pageLock.ts';
import {
  areaOf,
  isSlotUsed,
  makeSwapEntry,
  slotOf,
  swapArea,
  swapDuplicateUsed,
  type SwapEntry,
  swapFree,
} from './swapArea.ts';
import { addToSwapCache, lookupSwapCache, tryDeleteFromSwapCache } from './swapCache.ts';
import { rwSwapPage } from './swapIo.ts';
import { allocUserPage, isMemoryLow } from './userPages.ts';

/** Slots that are read together, and their alignment. */
const CLUSTER: u32 = 8;

/**
 * The page of a slot that is in use, with a reference for the caller. It may still be on its way: locked. Null: no
 * memory, or nobody refers to the slot any more.
 *
 * @sleeps
 */
export function readSwapCache(entry: SwapEntry): Page | null {
  for (;;) {
    const found = lookupSwapCache(entry);
    if (found !== null) return found;
    const page = allocUserPage();
    if (page === null) return null;
    setPageFlag(page, PAGE_ANON);
    if (!swapDuplicateUsed(entry)) {
      putPage(page);
      return null;
    }
    tryLockPage(page); // it is new: nobody else has it
    if (addToSwapCache(page, entry)) {
      rwSwapPage(BioKind.Read, page, entry);
      return page;
    }
    unlockPage(page);
    putPage(page);
    swapFree(entry);
  }
}

/** Starts to read the slots around `entry` that are in use, as long as there is memory. @sleeps */
function readAhead(entry: SwapEntry): void {
  const first = slotOf(entry) & ~(CLUSTER - 1);
  for (let slot = first; slot < first + CLUSTER; slot++) {
    const other = makeSwapEntry(areaOf(entry), slot);
    if (slot === 0 || slot >= swapArea(areaOf(entry)).slots || other === entry) continue;
    if (isMemoryLow()) return;
    if (!isSlotUsed(other)) continue;
    const page = readSwapCache(other);
    if (page === null) return;
    putPage(page);
  }
}

/**
 * The page of a slot that a page table refers to, read and locked, with a reference for the caller. 0; -ENOMEM; -EIO: it
 * cannot be read.
 *
 * @sleeps
 */
export function swapInPage(entry: SwapEntry, result: Ptr<Page>): i32 {
  let page = lookupSwapCache(entry);
  if (page === null) {
    page = readSwapCache(entry);
    if (page === null) return -ENOMEM;
    current().hasRead = true; // if this is for a page fault, it is a major one
    readAhead(entry);
  }
  lockPage(page);
  if ((reload<u32>(page.flags) & PAGE_UPTODATE) !== 0) {
    result[0] = page;
    return 0;
  }
  unlockPage(page);
  putPage(page);
  return -EIO;
}

/**
 * Says whether nobody has a page but one page-table entry and the caller. If it is in the swap cache it must leave that:
 * what is to be written to has no slot.
 */
export function makeExclusive(page: Page): boolean {
  if ((reload<u32>(page.flags) & PAGE_SWAP_CACHE) === 0) return page.count === 2;
  if (!tryDeleteFromSwapCache(page, 3, true)) return false;
  putPage(page); // the cache's
  return true;
}
