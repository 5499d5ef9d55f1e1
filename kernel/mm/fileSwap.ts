/*
 * Pages of files that exist in memory alone, on their way to and from swap: tmpfs, and memory that is shared without a
 * file (sharedMemory.ts).
 *
 * Idea. Such a page has no other place to go than a slot. The tree of its address space has one item for each page:
 *
 *   a frame              its address, which is even
 *   a slot               the swap entry with its lowest bit set; it counts as one reference to the slot
 *
 * Out: the frame enters the swap cache and the entry takes its place in the tree, in one step, when nobody but the file
 * refers to the frame; then it is written. In: whoever looks for the page (fs/addressSpace.ts) brings the frame back by the
 * swap cache, and puts it into the tree again, if the entry is still there; the slot is free then. So a frame of the swap
 * cache that belongs to a file is in no page table and in no tree, and one in a tree has no slot.
 *
 * Two ways lead out. The page stealer takes dirty pages out of page tables and calls `swapout` of their region, which is
 * `swapOutFilePage` here. All others are found by `swapOutFiles`: it goes round the address spaces like the hand of a clock,
 * and spares once what was used since it last came by.
 *
 * Locking. (H) swappablesLock, a spinlock: the list of address spaces, and where the hand is. An address space leaves the
 * list before it goes: who finds it there may use it as long as (H) is held. Inside it (A), the tree's lock, and inside that
 * (W), swapLock. Frames are locked by trying. Nothing is read or written under a spinlock.
 */

import { EINTR, ENOMEM } from '../abi/errno.ts';
import { BioKind } from '../block/bio.ts';
import { type AddressSpace, type PageTreeLock } from '../fs/addressSpace.ts';
import { type File } from '../fs/file.ts';
import { type ListHead } from '../lib/list.ts';
import { signalPending } from '../proc/scheduler.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { putPage } from './buddy.ts';
import { type Page, PAGE_ANON, PAGE_REFERENCED, PAGE_UPTODATE, setPageFlag } from './page.ts';
import { tryLockPage, unlockPage } from './pageLock.ts';
import {
  areaOf,
  freeSwapSlots,
  getSwapPage,
  mustStopEmptying,
  swapDuplicate,
  type SwapEntry,
  swapFree,
} from './swapArea.ts';
import { addToSwapCache, tryTakeFromSwapCache } from './swapCache.ts';
import { swapInPage } from './swapIn.ts';
import { rwSwapPage } from './swapIo.ts';
import { vmCounters } from './vmCounters.ts';

/** The class of swappablesLock. */
export class SwappablesLock {
  declare readonly lock: 'swappables';
}

/** Pages that the hand looks at before it gives up for now. */
const SWEEP: u32 = 1024;
/** In an item of a tree: it is a swap entry. */
const IS_ENTRY: u32 = 1;

const swappablesLock = zeroed<Inline<Spinlock<SwappablesLock>>>();
/** (H) of AddressSpace.swappableLink; the hand is at the first. */
const swappables = zeroed<Inline<ListHead>>();

/** Makes an empty list. Before the first file. */
export function initFileSwap(): void {
  swappablesLock.init('swappables');
  swappables.init();
}

/** The pages of this address space may go to swap from now on. */
export function addSwappable(mapping: AddressSpace): void {
  using _held = swappablesLock.acquire();
  swappables.addBefore(mapping.swappableLink);
}

/** No more: it is about to go. Harmless if it never was swappable. */
export function removeSwappable(mapping: AddressSpace): void {
  using _held = swappablesLock.acquire();
  if (mapping.swappableLink.isLinked()) mapping.swappableLink.unlink();
}

/** Keeps the pages that are in memory there, or lets them go again. */
export function lockInMemory(mapping: AddressSpace, isLocked: boolean): void {
  using _held = swappablesLock.acquire();
  mapping.isLocked = isLocked;
}

function mappingOf(link: ListHead): AddressSpace {
  return as<AddressSpace>(u32(link) - offsetof<AddressSpace>('swappableLink'));
}

/** Is this item of a tree a swap entry? */
export function isEntryItem(item: u32): boolean {
  return (item & IS_ENTRY) !== 0;
}

/** The swap entry that an item is. */
export function entryOfItem(item: u32): SwapEntry {
  return item & ~IS_ENTRY;
}

// ---------------------------------------------------------------------------------------------------------------------
// Out.

/** A frame that has left its tree: locked, to be written to its slot. The reference that the tree had is the holder's. */
class Outgoing {
  page: Page;
  entry: SwapEntry; // 0: there is none
}

/** VmOperations.swapout of files in memory: the page of a page table that was dirty. */
export function swapOutFilePage(file: File, pageOffset: u32, page: Page): i32 {
  const entry = moveUnmapped(file.inode.mapping, pageOffset, page);
  if (entry === 0) return 0; // somebody else has it still: the hand will come by
  rwSwapPage(BioKind.Write, page, entry);
  putPage(page);
  return 0;
}

function moveUnmapped(mapping: AddressSpace, index: u32, page: Page): SwapEntry {
  using tree = mapping.treeLock.acquire();
  return mapping.pages.find(index) === u32(page) ? moveToSlot(mapping, index, page, 2, tree) : 0;
}

/**
 * Gives a frame, to which there are `references`, a slot, and puts its entry in its place. Returns the entry, and the frame
 * is locked; 0, and nothing has changed: more refer to it, or there is no slot.
 */
function moveToSlot(
  mapping: AddressSpace,
  index: u32,
  page: Page,
  references: u32,
  _tree: Held<PageTreeLock>,
): SwapEntry {
  if (page.count !== references || !tryLockPage(page)) return 0;
  const entry = getSwapPage();
  if (entry === 0 || !addToSwapCache(page, entry)) {
    if (entry !== 0) swapFree(entry);
    unlockPage(page);
    return 0;
  }
  swapDuplicate(entry); // one for the cache, one for the tree
  setPageFlag(page, PAGE_UPTODATE);
  mapping.pages.replace(index, entry | IS_ENTRY);
  mapping.swapped++;
  atomic.dec(addrOf(vmCounters().filePages));
  return entry;
}

/** Starts to write up to `wanted` pages that nobody but their file has. Returns how many. @sleeps */
export function swapOutFiles(wanted: u32): u32 {
  const outgoing = zeroed<Inline<Outgoing>>();
  let started: u32 = 0;
  let left = SWEEP;
  while (started < wanted && freeSwapSlots() !== 0 && findOutgoing(outgoing, addrOf(left))) {
    rwSwapPage(BioKind.Write, outgoing.page, outgoing.entry);
    putPage(outgoing.page);
    started++;
  }
  return started;
}

/** Moves the hand on to a page that can go, and lets it. `left` counts down what is looked at; false: it is 0. */
function findOutgoing(outgoing: Outgoing, left: Ptr<u32>): boolean {
  using held = swappablesLock.acquire();
  while (left[0] !== 0 && !swappables.isEmpty()) {
    const mapping = mappingOf(swappables.next);
    if (searchMapping(mapping, outgoing, left, held)) return true;
    if (left[0] === 0) break; // the hand stays where it is
    left[0]--;
    mapping.sweepIndex = 0;
    mapping.swappableLink.unlink();
    swappables.addBefore(mapping.swappableLink);
  }
  return false;
}

/** From where the hand is to the end of one address space. */
function searchMapping(
  mapping: AddressSpace,
  outgoing: Outgoing,
  left: Ptr<u32>,
  _held: Held<SwappablesLock>,
): boolean {
  if (mapping.isLocked) return false;
  using tree = mapping.treeLock.acquire();
  while (left[0] !== 0) {
    let index: u32 = 0;
    const item = mapping.pages.findFrom(mapping.sweepIndex, addrOf(index));
    if (item === 0) return false;
    left[0]--;
    mapping.sweepIndex = index + 1;
    if (isEntryItem(item)) continue;
    const page = as<Page>(item);
    if ((reload<u32>(page.flags) & PAGE_REFERENCED) !== 0) {
      atomic.and(addrOf(page.flags), ~PAGE_REFERENCED);
      continue;
    }
    outgoing.page = page;
    outgoing.entry = moveToSlot(mapping, index, page, 1, tree);
    if (outgoing.entry !== 0) return true;
  }
  return false;
}

// ---------------------------------------------------------------------------------------------------------------------
// In.

/**
 * Brings a page back whose item in the tree was `item`. The caller looks again: the item may have become another one
 * meanwhile. 0; -ENOMEM, -EIO if it is still the same.
 *
 * @sleeps
 */
export function swapInItem(mapping: AddressSpace, index: u32, item: u32): i32 {
  let page = as<Page>(0);
  const error = swapInPage(entryOfItem(item), addrOf(page));
  if (error !== 0) return hasItem(mapping, index, item) ? error : 0;
  putIntoTree(mapping, index, item, page);
  unlockPage(page);
  putPage(page);
  return 0;
}

function hasItem(mapping: AddressSpace, index: u32, item: u32): boolean {
  using _tree = mapping.treeLock.acquire();
  return mapping.pages.find(index) === item;
}

/** Puts a frame, which is locked, in the place of its entry, unless either is not what it was. */
function putIntoTree(mapping: AddressSpace, index: u32, item: u32, page: Page): void {
  using _tree = mapping.treeLock.acquire();
  if (mapping.pages.find(index) !== item || !tryTakeFromSwapCache(page, entryOfItem(item))) return;
  atomic.and(addrOf(page.flags), ~PAGE_ANON); // reading has taken it for a program's own
  mapping.pages.replace(index, u32(page)); // the reference that the cache had is the tree's
  mapping.swapped--;
  atomic.inc(addrOf(vmCounters().filePages));
  swapFree(entryOfItem(item));
}

/** A page that is in an area which is to be emptied. */
class Found {
  mapping: AddressSpace;
  index: u32;
  item: u32;
}

/** Brings all pages of files back that are in area `place`. 0, -ENOMEM, -EIO, -EINTR. @sleeps */
export function unuseFiles(place: u32): i32 {
  const found = zeroed<Inline<Found>>();
  while (findInArea(place, found)) {
    if (signalPending()) return -EINTR;
    if (mustStopEmptying()) return -ENOMEM;
    const error = bringBack(found);
    if (error !== 0) return error;
  }
  return 0;
}

/** The next page that has a slot in the area, from where `found` is, if that is still there; else from the start. */
function findInArea(place: u32, found: Found): boolean {
  using held = swappablesLock.acquire();
  if (isListed(found.mapping, held) && searchArea(found.mapping, found.index, place, found)) return true;
  for (let link = swappables.next; link !== swappables; link = link.next) {
    if (searchArea(mappingOf(link), 0, place, found)) return true;
  }
  return false;
}

function isListed(mapping: AddressSpace, _held: Held<SwappablesLock>): boolean {
  for (let link = swappables.next; link !== swappables; link = link.next) if (mappingOf(link) === mapping) return true;
  return false;
}

function searchArea(mapping: AddressSpace, from: u32, place: u32, found: Found): boolean {
  using _tree = mapping.treeLock.acquire();
  let index = from;
  while (mapping.swapped !== 0) {
    const item = mapping.pages.findFrom(index, addrOf(index));
    if (item === 0) return false;
    if (isEntryItem(item) && areaOf(entryOfItem(item)) === place) {
      found.mapping = mapping;
      found.index = index;
      found.item = item;
      return true;
    }
    index++;
  }
  return false;
}

/** Reads the page without holding on to its file, which may be gone by then: that is no error. */
function bringBack(found: Found): i32 {
  let page = as<Page>(0);
  const error = swapInPage(entryOfItem(found.item), addrOf(page));
  {
    using held = swappablesLock.acquire();
    if (!isListed(found.mapping, held)) found.item = 0;
    else if (error === 0) putIntoTree(found.mapping, found.index, found.item, page);
    else if (!hasItem(found.mapping, found.index, found.item)) found.item = 0;
  }
  if (error !== 0) return found.item === 0 ? 0 : error;
  unlockPage(page);
  putPage(page);
  return 0;
}
