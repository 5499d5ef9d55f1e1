/*
 * Address spaces of files: the pages that hold a file's data, by page number.
 *
 * Idea. Reading, writing and mapping a file all go through the same pages, so they cannot disagree. What
 * differs between file systems is how a page that is not there comes to be: in a file system in memory an absent page
 * is a hole, full of zeroes, and a page that is there stays; one on a disk has `readPage`.
 *
 * Invariant. The tree holds one reference to each page in it, and one reservation of the file system (`reserve`).
 *
 * Locking. (A) AddressSpace.treeLock guards the tree and `pageCount`. It is never held across anything that sleeps or
 * allocates. Whoever finds a page takes a reference under (A); from then on the page stays his, whatever happens to
 * the file. The data in a page are guarded by nothing: a read that races with a write sees some of each, as on Linux.
 */

import { EAGAIN, EEXIST, ENOMEM } from '../abi/errno.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { type RadixReserve, type RadixTree } from '../lib/radixTree.ts';
import { memset } from '../lib/string.ts';
import { putPage } from '../mm/buddy.ts';
import { allocZeroedPage } from '../mm/userPages.ts';
import { getPage, type Page, pageAddress } from '../mm/page.ts';
import { type FileMappings, unmapMappingRange } from '../mm/fileMappings.ts';
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
  host: Inode; // (C)
  operations: AddressSpaceOperations; // (C)
  treeLock: Inline<Spinlock<PageTreeLock>>;
  pages: Inline<RadixTree>; // (A) Page by page number
  pageCount: u32; // (A)
  mappings: Inline<FileMappings>; // its own lock: the regions that show the file
}

/** No file has this page: as an end of a range, it leaves nothing out. */
export const ALL_PAGES: u32 = 0xffffffff;

/** Pages in the address spaces of all files. */
let cachedPages: u32 = 0;

export function cachedPageCount(): u32 {
  return cachedPages;
}

/** The page at `index` with a reference for the caller, or null when it is not there. */
export function findPage(mapping: AddressSpace, index: u32): Page | null {
  using _held = mapping.treeLock.acquire();
  const page = asOrNull<Page>(mapping.pages.find(index));
  if (page !== null) getPage(page);
  return page;
}

/**
 * The page at `index`, made if it is not there (full of zeroes, or of what `readPage` put in), with a reference for
 * the caller. 0, -ENOMEM, or what `reserve` and `readPage` say.
 *
 * @sleeps
 */
export function grabPage(mapping: AddressSpace, index: u32, result: Ptr<Page>): i32 {
  for (;;) {
    const present = findPage(mapping, index);
    if (present !== null) {
      result[0] = present;
      return 0;
    }
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
  atomic.inc(addrOf(cachedPages));
  return 0;
}

/**
 * Removes the pages from number `first` to before `end`, from the page tables as well. Who holds a reference to one keeps
 * it, but it is no longer the file's.
 *
 * The file must be shorter than that by now, or a fault may bring pages in again at any moment; for a hole in the middle
 * of a file this is called twice in a row: the second time takes what a fault has mapped that had found its page before.
 */
export function dropPages(mapping: AddressSpace, first: u32, end: u32): void {
  unmapMappingRange(mapping.mappings, first, end);
  let dropped: u32 = 0;
  for (;;) {
    const page = removeFirst(mapping, first, end);
    if (page === null) break;
    putPage(page);
    dropped++;
  }
  if (dropped > 0) giveBack(mapping, dropped);
}

function removeFirst(mapping: AddressSpace, first: u32, end: u32): Page | null {
  using _held = mapping.treeLock.acquire();
  let index: u32 = 0;
  const item = mapping.pages.findFrom(first, addrOf(index));
  if (item === 0 || reload<u32>(index) >= end) return null;
  mapping.pages.remove(index);
  mapping.pageCount--;
  atomic.dec(addrOf(cachedPages));
  return as<Page>(item);
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
      atomic.dec(addrOf(cachedPages));
      return page;
    }
    from[0]++;
  }
}

function giveBack(mapping: AddressSpace, count: u32): void {
  const unreserve = mapping.operations.unreserve;
  if (unreserve !== null) unreserve(mapping.host, count);
}

/** The file ends at `size` now: the rest of its last page must read as zeroes when the file grows again. */
export function zeroTail(mapping: AddressSpace, size: i64): void {
  const offset = u32(size) & (PAGE_SIZE - 1);
  if (offset === 0) return;
  const page = findPage(mapping, u32(size >> 12n));
  if (page === null) return;
  memset(pageAddress(page).add(offset), 0, PAGE_SIZE - offset);
  putPage(page);
}

/** What the file has of the range, which ends before `end`, and of no whole page of it, becomes zero. */
export function zeroRange(mapping: AddressSpace, start: i64, end: i64): void {
  const first = u32(start >> 12n);
  const last = u32((end - 1n) >> 12n);
  zeroWithin(
    mapping,
    first,
    u32(start) & (PAGE_SIZE - 1),
    first === last ? u32(end - 1n) & (PAGE_SIZE - 1) : PAGE_SIZE - 1,
  );
  if (first !== last) zeroWithin(mapping, last, 0, u32(end - 1n) & (PAGE_SIZE - 1));
}

/** Zeroes the bytes `from` to `to` of a page, if it is there. */
function zeroWithin(mapping: AddressSpace, index: u32, from: u32, to: u32): void {
  const page = findPage(mapping, index);
  if (page === null) return;
  memset(pageAddress(page).add(from), 0, to - from + 1);
  putPage(page);
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
