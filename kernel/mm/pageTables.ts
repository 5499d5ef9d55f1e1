/*
 * The page tables of address spaces: the only file that changes them.
 *
 * What an entry can be (bits of the entry, the highest first; x: the CPU's or none):
 *
 *   31        12 11 10  9  8      5      1  0
 *   | 0                                     0 |   nothing: a fault decides
 *   | frame     | x  x  0 | rights, A, D | 1  |   PRESENT: a frame, mapped. Without WRITE in a writable private region:
 *                                                 shared until it is written
 *   | frame     | x  x  1 | 0    A, D    | 0  |   PROT_NONE: a frame that may not be touched. The CPU sees an absent page,
 *                                                 the kernel keeps its place
 *   | slot      | 0  0  0 | 0    | area  | 0  |   swap: the page is in a slot (never 0) of one of 32 swap areas
 *
 * An entry with a frame holds one reference to it, and counts in Page.mapCount, unless it is the zero page.
 *
 * The CPU sets ACCESSED and DIRTY by itself while it has the entry in its TLB. So an entry that is taken away or loses
 * rights is exchanged atomically, and what comes back is the last word about it.
 *
 * Freeing. A frame may be reused only when no TLB knows it any more. So entries are cleared first, then the TLB is
 * flushed, then the references dropped, a batch at a time.
 *
 * Locking. (P) Mm.pageTableLock: entries, Mm.rss, Mm.swapEntries, Mm.tablePages. Who wants to change an entry that he has looked at
 * without (P) says what he saw, and it is changed only if that is still so. Tables come into being under (P). They go
 * with (M) held, and when no region that they serve is on any list: so who holds (M), or looks at a region on a list
 * under that list's lock, may keep a pointer to an entry.
 */

import { RACE_RSS } from '../abi/races.ts';
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE, type PhysAddr, physToVirt } from '../arch/x86/layout.ts';
import {
  directoryEntry,
  findPte,
  PAGE_TABLE_SPAN,
  type Pte,
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_USER,
  PTE_WRITE,
} from '../arch/x86/pageTable.ts';
import { flushUserPage, flushUserRange } from '../arch/x86/tlb.ts';
import { allocPages, freePages } from './buddy.ts';
import { type ISharedLock } from './fileMappings.ts';
import { getPage, type Page, PAGE_ANON, PAGE_DIRTY, pageAddress, pageToPhys, physToPage, setPageFlag } from './page.ts';
import {
  type Mm,
  type MmapSem,
  type PageTableLock,
  VM_ACCESS,
  VM_SHARED,
  VM_WIPEONFORK,
  VM_WRITE,
  type Vma,
} from './types.ts';
import { isOpen, RACE_1999_RSS } from './raceFlags.ts';
import { swapDuplicate } from './swapArea.ts';
import { freePageAndSwapCache, freeSwapEntry } from './swapCache.ts';
import { allocZeroedPage, isZeroPage } from './userPages.ts';
import { vmCounters } from './vmCounters.ts';

/** Of an entry that is not PRESENT: it holds a frame all the same. One of the bits that the CPU leaves to us. */
export const PTE_PROT_NONE: u32 = 0x200;

/** Frames that are unmapped in one go. */
const BATCH: u32 = 64;

/** Does the entry hold a frame? */
export function hasPage(entry: u32): boolean {
  return (entry & (PTE_PRESENT | PTE_PROT_NONE)) !== 0;
}

/** Does the entry name a slot of a swap area? */
export function isSwapEntry(entry: u32): boolean {
  return entry !== 0 && !hasPage(entry);
}

/** The frame of an entry that has one. */
export function pageOf(entry: u32): Page {
  return physToPage(entry & PAGE_MASK);
}

/** The bits of an entry in a region with these VM_ flags. */
export function entryRights(flags: u32): u32 {
  if ((flags & VM_ACCESS) === 0) return PTE_PROT_NONE;
  return (flags & VM_WRITE) !== 0 ? PTE_PRESENT | PTE_USER | PTE_WRITE : PTE_PRESENT | PTE_USER;
}

/** Proof that the tables of listed regions stay. */
type TablesStable = Held<MmapSem> | Held<ISharedLock>;

/** The entry for `address`, with a table made for it if there is none; null: no memory. @sleeps */
export function allocPte(mm: Mm, address: u32, _mmap: Held<MmapSem>): Ptr<Pte> | null {
  const found = findPte(mm.pageDirectory, address);
  if (found !== null) return found;
  const page = allocZeroedPage();
  if (page === null) return null;
  if (!enterTable(mm, address, page)) freePages(page, 0);
  return findPte(mm.pageDirectory, address);
}

/** Puts a fresh table in its place; false: another one is there. */
function enterTable(mm: Mm, address: u32, page: Page): boolean {
  using _table = mm.pageTableLock.acquire();
  const place = directoryEntry(mm.pageDirectory, address);
  if ((place[0] & PTE_PRESENT) !== 0) return false;
  place[0] = pageToPhys(page) | PTE_PRESENT | PTE_WRITE | PTE_USER;
  mm.tablePages++;
  atomic.inc(addrOf(vmCounters().tablePages));
  return true;
}

/** Of frames that are in some page table. */
function mappedCounter(isAnonymous: boolean): Ptr<u32> {
  const counters = vmCounters();
  return isAnonymous ? addrOf(counters.anonPages) : addrOf(counters.mappedPages);
}

/** One more entry shows `page`, which is not the zero page. Says whether it is a program's own. */
function mapPage(page: Page): boolean {
  const isAnonymous = (page.flags & PAGE_ANON) !== 0;
  if (atomic.fetchAdd(addrOf(page.mapCount), 1) === 0) atomic.inc(mappedCounter(isAnonymous));
  return isAnonymous;
}

/** An entry for `page` comes into being. */
function countIn(mm: Mm, page: Page, _table: Held<PageTableLock>): void {
  if (isZeroPage(page)) return;
  if (!mapPage(page)) mm.fileRss++;
  mm.rss++;
  if (mm.rss > mm.peakRss) mm.peakRss = mm.rss;
}

/** `entry`, which has a page, has gone. */
function countOut(mm: Mm, entry: u32, _table: Held<PageTableLock>): void {
  const page = pageOf(entry);
  if (isZeroPage(page)) return;
  const isAnonymous = (page.flags & PAGE_ANON) !== 0;
  if (atomic.decAndTest(addrOf(page.mapCount))) atomic.dec(mappedCounter(isAnonymous));
  mm.rss--;
  if (isAnonymous) return;
  mm.fileRss--;
  if ((entry & PTE_DIRTY) !== 0) setPageFlag(page, PAGE_DIRTY);
}

/**
 * Makes an entry that was `expected` show `page`, with the reference that the caller has. What it showed before, the
 * caller has a reference to now. False, and nothing has changed: the entry is another one by now. The caller flushes.
 */
export function setPage(mm: Mm, pte: Ptr<Pte>, expected: u32, page: Page, rights: u32): boolean {
  using table = mm.pageTableLock.acquire();
  if (((pte[0] ^ expected) & ~(PTE_ACCESSED | PTE_DIRTY)) !== 0) return false;
  const old = atomic.xchg<u32>(ptr<u32>(pte), pageToPhys(page) | rights);
  if (hasPage(old)) countOut(mm, old, table);
  else if (old !== 0) mm.swapEntries--;
  countIn(mm, page, table);
  return true;
}

/**
 * For the page stealer: puts `value`, nothing or a swap entry, in the place of a page, and flushes. The
 * entry's reference to the page is the caller's now. Returns what the entry was at the last moment.
 */
export function stealPage(mm: Mm, address: u32, pte: Ptr<Pte>, value: u32, table: Held<PageTableLock>): u32 {
  const old = atomic.xchg<u32>(ptr<u32>(pte), value);
  countOut(mm, old, table);
  if (value !== 0) mm.swapEntries++;
  if (RACE_1999_RSS && isOpen(RACE_RSS)) mm.rss++; // the stealer will do it
  flushUserPage(mm, address);
  return old;
}

/** Gives an entry that was `expected` more rights: nobody else has its page. False: it is another one by now. */
export function addRights(mm: Mm, pte: Ptr<Pte>, expected: u32, rights: u32): boolean {
  using _table = mm.pageTableLock.acquire();
  if (((pte[0] ^ expected) & ~(PTE_ACCESSED | PTE_DIRTY)) !== 0) return false;
  atomic.or(ptr<u32>(pte), rights);
  return true;
}

/** The next address after `address` that another table is responsible for, or `end` if that comes first. */
function tableEnd(address: u32, end: u32): u32 {
  const next = (address & ~(PAGE_TABLE_SPAN - 1)) + PAGE_TABLE_SPAN;
  return next < end ? next : end;
}

/** Frames taken out of page tables, not yet freed. */
class Batch {
  count: u32;
  pages: FixedArray<Page, 64>; // BATCH
}

/**
 * Takes all frames of [start, end) out, or, if it `keepsCopies`, those of files alone, and drops the references. Tables
 * stay.
 */
export function unmapPages(mm: Mm, start: u32, end: u32, keepsCopies: boolean, _stable: TablesStable): void {
  const batch = uninitialized<Inline<Batch>>();
  let address = start;
  while (address < end) {
    batch.count = 0;
    const next = gather(mm, address, end, keepsCopies, batch);
    if (batch.count !== 0) {
      flushUserRange(mm, address, next);
      for (let i: u32 = 0; i < batch.count; i++) freePageAndSwapCache(batch.pages[i]);
    }
    address = next;
  }
}

/** Is there something else than the page of a file? */
function isCopy(entry: u32): boolean {
  return !hasPage(entry) || (pageOf(entry).flags & PAGE_ANON) !== 0;
}

/** Clears entries from `start` on until the batch is full or `end` is reached; returns where it stopped. */
function gather(mm: Mm, start: u32, end: u32, keepsCopies: boolean, batch: Batch): u32 {
  using table = mm.pageTableLock.acquire();
  let address = start;
  while (address < end && batch.count < BATCH) {
    const pte = findPte(mm.pageDirectory, address);
    if (pte === null) {
      address = tableEnd(address, end);
      continue;
    }
    if (keepsCopies && isCopy(pte[0])) {
      address += PAGE_SIZE;
      continue;
    }
    if (hasPage(pte[0])) {
      const entry = atomic.xchg<u32>(ptr<u32>(pte), 0);
      countOut(mm, entry, table);
      batch.pages[batch.count] = pageOf(entry);
      batch.count++;
    } else if (pte[0] !== 0) {
      freeSwapEntry(atomic.xchg<u32>(ptr<u32>(pte), 0));
      mm.swapEntries--;
    }
    address += PAGE_SIZE;
  }
  return address;
}

/** The first address that the table of `address` serves. */
export function tableFloor(address: u32): u32 {
  return address & ~(PAGE_TABLE_SPAN - 1);
}

/** The first address from `address` on that is the first of a table. */
export function tableCeil(address: u32): u32 {
  return tableFloor(address + PAGE_TABLE_SPAN - 1);
}

/** Frees the tables that serve nothing but [start, end), where nothing is mapped any more. */
export function freeTables(mm: Mm, start: u32, end: u32, _held: Held<MmapSem>): void {
  for (let address = tableCeil(start); address < end; address += PAGE_TABLE_SPAN) {
    if (end - address < PAGE_TABLE_SPAN) return;
    const entry = directoryEntry(mm.pageDirectory, address);
    const table: u32 = entry[0];
    if ((table & PTE_PRESENT) === 0) continue;
    {
      using _table = mm.pageTableLock.acquire();
      entry[0] = 0;
      mm.tablePages--;
      atomic.dec(addrOf(vmCounters().tablePages));
    }
    flushUserRange(mm, address, address + PAGE_TABLE_SPAN);
    freePages(pageOf(table), 0);
  }
}

/**
 * Gives `target` the frames that `source` has in a region: fork. Private memory becomes read-only in both, so that the
 * first to write gets a copy. False: no memory, or a slot that too many refer to. The caller flushes the source's TLB.
 */
export function copyPages(target: Mm, source: Mm, region: Vma, mmap: Held<MmapSem>): boolean {
  if ((region.vmFlags & VM_WIPEONFORK) !== 0) return true;
  const isPrivate = (region.vmFlags & VM_SHARED) === 0;
  let address = region.vmStart;
  while (address < region.vmEnd) {
    const end = tableEnd(address, region.vmEnd);
    const from = findPte(source.pageDirectory, address);
    if (from !== null && hasEntries(from, (end - address) >>> PAGE_SHIFT)) {
      const to = allocPte(target, address, mmap);
      if (to === null) return false;
      const copied = zeroed<Inline<Copied>>();
      const isComplete = copyEntries(source, to, from, (end - address) >>> PAGE_SHIFT, isPrivate, copied);
      settle(target, copied);
      if (!isComplete) return false;
    }
    address = end;
  }
  return true;
}

function hasEntries(entries: Ptr<Pte>, count: u32): boolean {
  for (let i: u32 = 0; i < count; i++) if (entries[i] !== 0) return true;
  return false;
}

/** Entries that fork has copied. */
class Copied {
  pages: u32;
  filePages: u32;
  slots: u32;
}

/** Within one table. False: a slot can take no more references, and `copied` says how far it went. */
function copyEntries(
  source: Mm,
  to: Ptr<Pte>,
  from: Ptr<Pte>,
  count: u32,
  isPrivate: boolean,
  copied: Copied,
): boolean {
  using _table = source.pageTableLock.acquire();
  for (let i: u32 = 0; i < count; i++) {
    if (from[i] === 0) continue;
    if (!hasPage(from[i])) {
      if (!swapDuplicate(from[i])) return false;
      to[i] = from[i];
      copied.slots++;
      continue;
    }
    if (isPrivate && (from[i] & PTE_WRITE) !== 0) atomic.and(ptr<u32>(from.add(i)), ~PTE_WRITE);
    const entry: u32 = from[i];
    const page = pageOf(entry);
    getPage(page);
    to[i] = entry & ~(PTE_ACCESSED | PTE_DIRTY);
    if (isZeroPage(page)) continue;
    if (!mapPage(page)) copied.filePages++;
    copied.pages++;
  }
  return true;
}

/**
 * Adds what was copied to the accounts. Two page-table locks are not held at once, so this comes late: truncation, which
 * finds the new region by way of its file, may have taken pages out again and counted them down already.
 */
function settle(mm: Mm, copied: Copied): void {
  using _table = mm.pageTableLock.acquire();
  mm.rss += copied.pages;
  mm.fileRss += copied.filePages;
  mm.swapEntries += copied.slots;
  if (mm.rss > mm.peakRss) mm.peakRss = mm.rss;
}

/** Brings the entries of [start, end) in line with new VM_ flags, and flushes. Private pages get WRITE by a fault. */
export function protectPages(mm: Mm, start: u32, end: u32, flags: u32, _mmap: Held<MmapSem>): void {
  const isShared = (flags & VM_SHARED) !== 0;
  const rights = isShared ? entryRights(flags) : entryRights(flags) & ~PTE_WRITE;
  {
    using _table = mm.pageTableLock.acquire();
    let address = start;
    while (address < end) {
      const pte = findPte(mm.pageDirectory, address);
      if (pte === null) {
        address = tableEnd(address, end);
        continue;
      }
      if (hasPage(pte[0])) {
        const entry = atomic.xchg<u32>(ptr<u32>(pte), 0);
        pte[0] = (entry & (PAGE_MASK | PTE_ACCESSED | PTE_DIRTY)) | rights;
      }
      address += PAGE_SIZE;
    }
  }
  flushUserRange(mm, start, end);
}

/** Is there a table for `address`? */
export function hasTable(mm: Mm, address: u32): boolean {
  return findPte(mm.pageDirectory, address) !== null;
}

/**
 * Puts `page`, read-only, in the place of each entry of a region that is `entry`, a swap entry; each takes a reference.
 * Returns how many.
 */
export function replaceSwapEntries(mm: Mm, region: Vma, entry: u32, page: Page, _mmap: Held<MmapSem>): u32 {
  const rights = entryRights(region.vmFlags) & ~PTE_WRITE;
  let found: u32 = 0;
  using table = mm.pageTableLock.acquire();
  let address = region.vmStart;
  while (address < region.vmEnd) {
    const pte = findPte(mm.pageDirectory, address);
    if (pte === null) {
      address = tableEnd(address, region.vmEnd);
      continue;
    }
    if (pte[0] === entry) {
      getPage(page);
      pte[0] = pageToPhys(page) | rights;
      mm.swapEntries--;
      countIn(mm, page, table);
      found++;
    }
    address += PAGE_SIZE;
  }
  return found;
}

/** Moves `count` entries from `from` to `to`: mremap. The table for each is there, and one each. The caller flushes. */
export function moveTableEntries(mm: Mm, from: u32, to: u32, count: u32, _mmap: Held<MmapSem>): void {
  const old = findPte(mm.pageDirectory, from)!;
  const place = findPte(mm.pageDirectory, to)!;
  using _table = mm.pageTableLock.acquire();
  for (let i: u32 = 0; i < count; i++) {
    if (old[i] !== 0) place[i] = atomic.xchg<u32>(ptr<u32>(old.add(i)), 0);
  }
}

/** A page directory with the kernel's half; 0: no memory. */
export function createDirectory(kernel: PhysAddr): PhysAddr {
  const page = allocPages(0);
  if (page === null) return 0;
  atomic.inc(addrOf(vmCounters().tablePages));
  const entries = pageAddress(page);
  fillBytes(entries, 0, 3072);
  copyBytes(entries.add(3072), ptr<u8>(physToVirt(kernel) + 3072), 1024);
  return pageToPhys(page);
}

/** Frees a directory whose lower part is empty. No CPU has it loaded. */
export function freeDirectory(directory: PhysAddr): void {
  atomic.dec(addrOf(vmCounters().tablePages));
  freePages(physToPage(directory), 0);
}
