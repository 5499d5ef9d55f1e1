/*
 * The swap cache: frames whose contents have a slot, by the slot's entry.
 *
 * Idea. While a page is on its way out or in, several may want it: the processes that share it since a fork, the stealer,
 * swapoff. They all find it here, under the name that stands in their page tables, and so never read or write a slot
 * twice at the same time, nor make two frames of one page.
 *
 *   out   frame gets a slot and enters the cache; then page tables let go of it; then it is written; when nobody else
 *         has it any more, it leaves the cache and is free
 *   in    a fault makes a frame, enters it here locked, and reads; whoever comes later waits for the lock
 *
 * The order of the first line matters: a fault that finds the entry in a page table must find the frame here, as long as
 * the slot has not been written. (That order is one of the historic mistakes: locking.md.)
 *
 * A chain in the frames themselves, so that entering a page never allocates: it happens when memory is short.
 *
 * The cache holds one reference to the frame, and one to the slot. A frame in it that is not locked is as good as the
 * slot, unless PAGE_DIRTY says that it has not been written yet.
 *
 * Locking. (W) swapLock (swapArea.ts): chains, Page.index and Page.cacheNext of frames in the cache.
 */

import { assert } from '../lib/panic.ts';
import { physToVirt } from '../arch/x86/layout.ts';
import { putPage } from './buddy.ts';
import { earlyAllocate } from './earlyMemory.ts';
import { getPage, type Page, PAGE_SWAP_CACHE, pageFrameCount } from './page.ts';
import { freeHeld, lockSwap, swapCount, type SwapEntry, type SwapLock } from './swapArea.ts';

/** Frames for each chain, when all are in the cache. */
const FRAMES_PER_CHAIN: u32 = 4;

let chains: Ptr<Page | null> = ptr<Page | null>(0); // (W) of Page.cacheNext
let chainMask: u32 = 0;
let cachedFrames: u32 = 0; // (W)

/** Makes an empty cache. While memory is given out early. */
export function initSwapCache(): void {
  let count: u32 = 64;
  while (count < pageFrameCount() / FRAMES_PER_CHAIN) count *= 2;
  chains = ptr<Page | null>(physToVirt(earlyAllocate(count * 4)));
  fillBytes(ptr<u8>(chains), 0, count * 4);
  chainMask = count - 1;
}

function chainOf(entry: SwapEntry): Ptr<Page | null> {
  return chains.add(((entry >>> 12) + (entry >>> 1)) & chainMask);
}

/** Frames in the cache. A snapshot. */
export function swapCachePages(): u32 {
  return reload<u32>(cachedFrames);
}

/** How many page tables, and trees of files, refer to a slot that the caller knows to be in use. */
export function swapUsers(entry: SwapEntry): u32 {
  using held = lockSwap();
  return swapCount(entry, held) - (findHeld(entry) === null ? 0 : 1);
}

/** The frame of a slot with a reference for the caller; null: it is not in memory. */
export function lookupSwapCache(entry: SwapEntry): Page | null {
  using _held = lockSwap();
  const page = findHeld(entry);
  if (page !== null) getPage(page);
  return page;
}

function findHeld(entry: SwapEntry): Page | null {
  let page = chainOf(entry)[0];
  while (page !== null && page.index !== entry) page = page.cacheNext;
  return page;
}

/**
 * Enters a frame under a slot of which the caller has a reference that becomes the cache's. The cache takes a reference
 * to the frame. False: somebody else has entered a frame for it meanwhile; nothing is changed.
 */
export function addToSwapCache(page: Page, entry: SwapEntry): boolean {
  assert((page.flags & PAGE_SWAP_CACHE) === 0, 'addToSwapCache: it is in it');
  using _held = lockSwap();
  if (findHeld(entry) !== null) return false;
  getPage(page);
  const chain = chainOf(entry);
  page.index = entry;
  page.cacheNext = chain[0];
  chain[0] = page;
  atomic.or(addrOf(page.flags), PAGE_SWAP_CACHE);
  cachedFrames++;
  return true;
}

/** Takes a frame out, and drops the slot's reference. The cache's reference to the frame is the caller's now. */
function removeHeld(page: Page, held: Held<SwapLock>): void {
  assert((page.flags & PAGE_SWAP_CACHE) !== 0, 'deleteFromSwapCache: it is not in it');
  const chain = chainOf(page.index);
  if (chain[0] === page) chain[0] = page.cacheNext;
  else {
    let other = chain[0]!;
    while (other.cacheNext !== page) other = other.cacheNext!;
    other.cacheNext = page.cacheNext;
  }
  page.cacheNext = null;
  atomic.and(addrOf(page.flags), ~PAGE_SWAP_CACHE);
  cachedFrames--;
  freeHeld(page.index, held);
}

/**
 * Takes a frame out if `references` are all that there are to it, the cache's included (0: any number), and, with
 * `lastSlot`, if the cache's is the last reference to the slot. Says whether it did; the cache's reference to the frame is the caller's then.
 */
export function tryDeleteFromSwapCache(page: Page, references: u32, lastSlot: boolean): boolean {
  using held = lockSwap();
  const isInCache = (reload<u32>(page.flags) & PAGE_SWAP_CACHE) !== 0;
  const isFree =
    isInCache && (references === 0 || page.count === references) && (!lastSlot || swapCount(page.index, held) === 1);
  if (isFree) removeHeld(page, held);
  return isFree;
}

/** Takes a frame out if it is there under `entry`; the cache's reference to it is the caller's then. Says whether it did. */
export function tryTakeFromSwapCache(page: Page, entry: SwapEntry): boolean {
  using held = lockSwap();
  if ((reload<u32>(page.flags) & PAGE_SWAP_CACHE) === 0 || page.index !== entry) return false;
  removeHeld(page, held);
  return true;
}

/** Drops a page table's reference to a page; one that nobody else wants leaves the swap cache, too. */
export function freePageAndSwapCache(page: Page): void {
  if ((reload<u32>(page.flags) & PAGE_SWAP_CACHE) !== 0 && tryDeleteFromSwapCache(page, 2, true)) putPage(page);
  putPage(page);
}

/** Drops a page table's reference to a slot; a page of it that nobody else wants leaves the swap cache. */
export function freeSwapEntry(entry: SwapEntry): void {
  const page = dropEntry(entry);
  if (page !== null) freePageAndSwapCache(page);
}

/** Returns the slot's page with a reference if only the cache refers to the slot now; else null. */
function dropEntry(entry: SwapEntry): Page | null {
  using held = lockSwap();
  freeHeld(entry, held);
  if (swapCount(entry, held) !== 1) return null;
  const page = findHeld(entry);
  if (page !== null) getPage(page);
  return page;
}
