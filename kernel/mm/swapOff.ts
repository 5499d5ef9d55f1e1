/*
 * Emptying a swap area: every page that has a slot there comes back to memory.
 *
 * Files in memory come first: their trees tell at once which of their pages are in the area (fileSwap.ts). Then, for each
 * slot in use the page is read into the swap cache, if it is not there. Then all address spaces are searched for
 * entries that name the slot, and each is replaced by the page. When nobody but the cache refers to the slot, the page
 * leaves the cache, and the slot is free.
 *
 * No entry can be missed. An address space is on the list from before it can have one until after it has lost the last
 * (exitMmap keeps its regions on their list until their pages are gone); one that fork makes copies its parent's entries
 * under the parent's (M), is on the list before it does, and at its end: a slot that is still in use after a search is
 * searched for again.
 *
 * Locking. (M) of each address space in turn, never two, and (P) inside. The page is locked meanwhile, so nobody writes it
 * out again.
 *
 * @source swapoff(2)
 */

import { EINTR, EIO, ENOMEM } from '../abi/errno.ts';
import { signalPending } from '../proc/scheduler.ts';
import { putPage } from './buddy.ts';
import { nextMm } from './mm.ts';
import { unuseFiles } from './fileSwap.ts';
import { type Page, PAGE_UPTODATE } from './page.ts';
import { lockPage, unlockPage } from './pageLock.ts';
import { replaceSwapEntries } from './pageTables.ts';
import {
  isSlotUsed,
  lockSwap,
  makeSwapEntry,
  mustStopEmptying,
  SWAP_MAP_BAD,
  swapArea,
  type SwapEntry,
  swapFree,
} from './swapArea.ts';
import { tryDeleteFromSwapCache } from './swapCache.ts';
import { readSwapCache } from './swapIn.ts';
import { type Mm } from './types.ts';

/**
 * Brings all pages of area `place`, which hands no slots out any more, back. 0; -ENOMEM: memory has no room for them, as we
 * have found out, or somebody else who is out of memory because of us (proc/oom.ts); -EINTR; -EIO.
 *
 * @sleeps
 */
export function unuseArea(place: u32): i32 {
  let slot: u32 = 0;
  for (;;) {
    const next = nextUsed(place, slot);
    if (next === 0) return 0;
    if (next <= slot || slot === 0) {
      const error = unuseFiles(place); // once for each time round
      if (error !== 0) return error;
    }
    slot = next;
    if (signalPending()) return -EINTR;
    if (mustStopEmptying()) return -ENOMEM;
    const error = unuseSlot(makeSwapEntry(place, slot));
    if (error !== 0) return error;
  }
}

/** Brings the page of one slot back to all who have its entry. Its count is 0 then, unless an entry was on the move. */
function unuseSlot(entry: SwapEntry): i32 {
  const page = readSwapCache(entry);
  if (page === null) return isSlotUsed(entry) ? -ENOMEM : 0;
  lockPage(page);
  const isGood = (reload<u32>(page.flags) & PAGE_UPTODATE) !== 0;
  if (isGood) {
    for (let mm = nextMm(null); mm !== null; mm = nextMm(mm)) unuseMm(mm, entry, page);
    if (tryDeleteFromSwapCache(page, 0, true)) putPage(page);
  }
  unlockPage(page);
  putPage(page);
  return isGood ? 0 : -EIO;
}

/** Replaces the entry wherever an address space has it. */
function unuseMm(mm: Mm, entry: SwapEntry, page: Page): void {
  using mmap = mm.mmapSem.lock();
  for (let region = mm.mmap; region !== null; region = region.vmNext) {
    const found = replaceSwapEntries(mm, region, entry, page, mmap);
    for (let i: u32 = 0; i < found; i++) swapFree(entry);
  }
}

/** The first slot in use after `slot`, from the start again after the last; 0: none is. */
function nextUsed(place: u32, slot: u32): u32 {
  const area = swapArea(place);
  using _held = lockSwap();
  for (let i: u32 = 1; i <= area.slots; i++) {
    const next = (slot + i) % area.slots;
    const count = area.swapMap[next];
    if (count !== 0 && count !== SWAP_MAP_BAD) return next;
  }
  return 0;
}
