/*
 * Address spaces of files: the pages that hold a file's data, by page number.
 *
 * Idea. Reading, writing and mapping a file all go through the same pages, so they cannot disagree. What
 * differs between file systems is how a page that is not there comes to be: in a file system in memory an absent page
 * is a hole, full of zeroes, and a page that is there stays, or is in a slot of a swap area (mm/fileSwap.ts); one on a disk
 * has `readPage`.
 *
 * Invariant. The tree holds one reference to each page in it, and one reservation of the file system (`reserve`).
 *
 * Locking. (A) AddressSpace.treeLock guards the tree and `pageCount`. It is never held across anything that sleeps or
 * allocates. Whoever finds a page takes a reference under (A); from then on the page stays his, whatever happens to
 * the file. The data in a page are guarded by nothing: a read that races with a write sees some of each, as on Linux.
 */

import { EAGAIN, EEXIST, ENOENT, ENOMEM } from '../abi/errno.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { type RadixReserve, type RadixTree } from '../lib/radixTree.ts';
import { memset } from '../lib/string.ts';
import { putPage } from '../mm/buddy.ts';
import { allocZeroedPage } from '../mm/userPages.ts';
import { getPage, type Page, PAGE_REFERENCED, pageAddress, setPageFlag } from '../mm/page.ts';
import { type FileMappings, unmapMappingRange } from '../mm/fileMappings.ts';
import { entryOfItem, isEntryItem, removeSwappable, swapInItem } from '../mm/fileSwap.ts';
import { freeSwapEntry } from '../mm/swapCache.ts';
import { vmCounters } from '../mm/vmCounters.ts';
import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type Inode } from './inode.ts';

/** Class of AddressSpace.treeLock. */
export class PageTreeLock {
  declare readonly lock: 'pageTree';
}

/** What a file system has to say about the pages of its files. */
export class AddressSpaceOperations {
  /** Fills a page that has just been made for `index`. Null: absent pages are holes. 0 or -errno. */
  readPage: ((inode: Inode, page: Page, index: u32) => i32) | null;
  /** Asked before a page is added; -ENOSPC refuses it. Null: no limit. */
  reserve: ((inode: Inode) => i32) | null;
  /** Told how many pages have gone. */
  unreserve: ((inode: Inode, count: u32) => void) | null;
}

export class AddressSpace {
  host: Inode; // (C) null for shared memory without a file, which has no reservations and no readPage
  operations: AddressSpaceOperations; // (C)
  treeLock: Inline<Spinlock<PageTreeLock>>;
  pages: Inline<RadixTree>; // (A) Page, or the entry of its slot (mm/fileSwap.ts), by page number
  pageCount: u32; // (A) of both kinds
  swapped: u32; // (A) entries
  swappableLink: Inline<ListHead>; // (H) of mm/fileSwap.ts: its pages may go to swap
  sweepIndex: u32; // (H) where the hand is
  isLocked: boolean; // (H) it passes by
  mappings: Inline<FileMappings>; // its own lock: the regions that show the file
}

/** No file has this page: as an end of a range, it leaves nothing out. */
export const ALL_PAGES: u32 = 0xffffffff;

/** An empty address space, of a record that is all zeroes. */
export function initAddressSpace(mapping: AddressSpace, operations: AddressSpaceOperations): void {
  mapping.operations = operations;
  mapping.treeLock.init('page tree');
  mapping.mappings.init();
  mapping.swappableLink.init();
}

/** The end of an address space: its pages go. */
export function emptyAddressSpace(mapping: AddressSpace): void {
  removeSwappable(mapping);
  dropPages(mapping, 0, ALL_PAGES, false);
}

/** The page at `index` with a reference for the caller, or null when it is not in memory. */
export function findPage(mapping: AddressSpace, index: u32): Page | null {
  const item = takeItem(mapping, index);
  return item === 0 || isEntryItem(item) ? null : as<Page>(item);
}

/** The item at `index`; of a page, with a reference for the caller. */
function takeItem(mapping: AddressSpace, index: u32): u32 {
  using _held = mapping.treeLock.acquire();
  const item = mapping.pages.find(index);
  if (item !== 0 && !isEntryItem(item)) getPage(as<Page>(item));
  return item;
}

/**
 * The page at `index` with a reference for the caller, from swap if it is there. 0; -ENOENT if the file has none; -ENOMEM,
 * -EIO.
 *
 * @sleeps
 */
export function lookUpPage(mapping: AddressSpace, index: u32, result: Ptr<Page>): i32 {
  for (;;) {
    const item = takeItem(mapping, index);
    if (item === 0) return -ENOENT;
    if (!isEntryItem(item)) {
      result[0] = as<Page>(item);
      setPageFlag(result[0], PAGE_REFERENCED);
      return 0;
    }
    const error = swapInItem(mapping, index, item);
    if (error !== 0) return error;
  }
}

/**
 * The page at `index`, made if it is not there (full of zeroes, or of what `readPage` put in), with a reference for
 * the caller. 0, -ENOMEM, or what `reserve` and `readPage` say.
 *
 * @sleeps
 */
export function grabPage(mapping: AddressSpace, index: u32, result: Ptr<Page>): i32 {
  for (;;) {
    const found = lookUpPage(mapping, index, result);
    if (found !== -ENOENT) return found;
    const error = addPage(mapping, index, result);
    if (error !== -EEXIST) return error;
  }
}

/** Makes the page at `index`. -EEXIST when another task was faster. */
function addPage(mapping: AddressSpace, index: u32, result: Ptr<Page>): i32 {
  const reserve = mapping.operations.reserve;
  if (reserve !== null) {
    const refused = reserve(mapping.host);
    if (refused !== 0) return refused;
  }
  let error: i32 = -ENOMEM;
  const page = allocZeroedPage();
  if (page !== null) {
    error = fillPage(mapping, page, index);
    if (error === 0) error = insertPage(mapping, page, index);
    if (error === 0) {
      result[0] = page;
      return 0;
    }
    putPage(page);
  }
  giveBack(mapping, 1);
  return error;
}

function fillPage(mapping: AddressSpace, page: Page, index: u32): i32 {
  const readPage = mapping.operations.readPage;
  return readPage === null ? 0 : readPage(mapping.host, page, index);
}

/** Where the pages of this address space are counted. What can be read again is a device's. */
function counterOf(mapping: AddressSpace): Ptr<u32> {
  const counters = vmCounters();
  return mapping.operations.readPage === null ? addrOf(counters.filePages) : addrOf(counters.devicePages);
}

/** Puts `page` into the tree, which takes a reference of its own. */
function insertPage(mapping: AddressSpace, page: Page, index: u32): i32 {
  const nodes = zeroed<Inline<RadixReserve>>();
  let error: i32;
  for (;;) {
    error = tryInsert(mapping, page, index, nodes);
    if (error !== -EAGAIN) break;
    if (!nodes.fill()) {
      error = -ENOMEM;
      break;
    }
  }
  nodes.drain();
  return error;
}

function tryInsert(mapping: AddressSpace, page: Page, index: u32, nodes: RadixReserve): i32 {
  using _held = mapping.treeLock.acquire();
  const error = mapping.pages.insert(index, u32(page), nodes);
  if (error !== 0) return error;
  getPage(page);
  mapping.pageCount++;
  atomic.inc(counterOf(mapping));
  return 0;
}

/**
 * Removes the pages from number `first` to before `end`, from the page tables as well, where private copies may be kept.
 * Who holds a reference to a page keeps it, but it is no longer the file's.
 *
 * The file must be shorter than that by now, or a fault may bring pages in again at any moment.
 */
export function dropPages(mapping: AddressSpace, first: u32, end: u32, keepsCopies: boolean): void {
  unmapMappingRange(mapping.mappings, first, end, keepsCopies);
  let dropped: u32 = 0;
  for (;;) {
    const item = removeFirst(mapping, first, end);
    if (item === 0) break;
    if (isEntryItem(item)) freeSwapEntry(entryOfItem(item));
    else putPage(as<Page>(item));
    dropped++;
  }
  if (dropped > 0) giveBack(mapping, dropped);
}

/**
 * Makes pages in the middle of a file in memory a hole. Private copies stay. The second time takes what a fault has mapped
 * that had found its page before the first.
 */
export function punchPages(mapping: AddressSpace, first: u32, end: u32): void {
  dropPages(mapping, first, end, true);
  dropPages(mapping, first, end, true);
}

/** Takes the first page of the range out; returns its item, 0 if there is none. */
function removeFirst(mapping: AddressSpace, first: u32, end: u32): u32 {
  using _held = mapping.treeLock.acquire();
  let index: u32 = 0;
  const item = mapping.pages.findFrom(first, addrOf(index));
  if (item === 0 || reload<u32>(index) >= end) return 0;
  mapping.pages.remove(index);
  mapping.pageCount--;
  if (isEntryItem(item)) mapping.swapped--;
  else atomic.dec(counterOf(mapping));
  return item;
}

/**
 * Gives up to `wanted` pages back that nobody but the file has: for files that can read them again, and whose pages are
 * never changed without being written at once. Returns how many.
 */
export function releasePages(mapping: AddressSpace, wanted: u32): u32 {
  let released: u32 = 0;
  let from: u32 = 0;
  while (released < wanted) {
    const page = takeUnused(mapping, addrOf(from));
    if (page === null) break;
    putPage(page);
    released++;
  }
  if (released > 0) giveBack(mapping, released);
  return released;
}

/** Takes the first page from number `from` on out of the tree that has no other reference; `from` moves behind it. */
function takeUnused(mapping: AddressSpace, from: Ptr<u32>): Page | null {
  using _held = mapping.treeLock.acquire();
  for (;;) {
    const item = mapping.pages.findFrom(from[0], from);
    if (item === 0) return null;
    const page = as<Page>(item);
    if (page.count === 1) {
      mapping.pages.remove(from[0]);
      mapping.pageCount--;
      atomic.dec(counterOf(mapping));
      return page;
    }
    from[0]++;
  }
}

function giveBack(mapping: AddressSpace, count: u32): void {
  const unreserve = mapping.operations.unreserve;
  if (unreserve !== null) unreserve(mapping.host, count);
}

/**
 * A file is about to end at `size`: gets hold of the page that its end will be in, which must be in memory for that, so
 * that nothing can fail later. 0, and `result` has the page with a reference, or null: there is none; -ENOMEM, -EIO.
 *
 * @sleeps
 */
export function holdTail(mapping: AddressSpace, size: i64, result: Ptr<Page | null>): i32 {
  result[0] = null;
  if ((u32(size) & (PAGE_SIZE - 1)) === 0) return 0;
  const error = lookUpPage(mapping, pageNumber(size), ptr<Page>(result));
  return error === -ENOENT ? 0 : error;
}

/** The file ends at `size` now: the rest of that page must read as zeroes when the file grows again. Lets go of it. */
export function zeroTail(tail: Page | null, size: i64): void {
  if (tail === null) return;
  const offset = u32(size) & (PAGE_SIZE - 1);
  memset(pageAddress(tail).add(offset), 0, PAGE_SIZE - offset);
  putPage(tail);
}

function pageNumber(position: i64): u32 {
  return u32(position >> i64(PAGE_SHIFT));
}

/**
 * What the file has of the range, which ends before `end`, and of no whole page in its middle, becomes zero. 0, -ENOMEM,
 * -EIO.
 *
 * @sleeps
 */
export function zeroRange(mapping: AddressSpace, start: i64, end: i64): i32 {
  const first = pageNumber(start);
  const last = pageNumber(end - 1n);
  const from = u32(start) & (PAGE_SIZE - 1);
  const to = u32(end - 1n) & (PAGE_SIZE - 1);
  if (first === last) return zeroWithin(mapping, first, from, to);
  const error = zeroWithin(mapping, first, from, PAGE_SIZE - 1);
  return error !== 0 ? error : zeroWithin(mapping, last, 0, to);
}

/** Zeroes the bytes `from` to `to` of a page, if the file has it. */
function zeroWithin(mapping: AddressSpace, index: u32, from: u32, to: u32): i32 {
  let page = as<Page>(0);
  const error = lookUpPage(mapping, index, addrOf(page));
  if (error !== 0) return error === -ENOENT ? 0 : error;
  memset(pageAddress(page).add(from), 0, to - from + 1);
  putPage(page);
  return 0;
}

/** The number of the first page that is there, from `from` on; false when there is none. */
export function nextPage(mapping: AddressSpace, from: u32, found: Ptr<u32>): boolean {
  using _held = mapping.treeLock.acquire();
  return mapping.pages.findFrom(from, found) !== 0;
}

/** The number of the first page that is not there, from `from` on. */
export function nextHole(mapping: AddressSpace, from: u32): u32 {
  using _held = mapping.treeLock.acquire();
  let index = from;
  while (mapping.pages.find(index) !== 0) index++;
  return index;
}
