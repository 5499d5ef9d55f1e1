/*
 * The page tables of address spaces: the only file that changes them.
 *
 * What an entry can be:
 *   0                   nothing: a fault decides
 *   PRESENT             a frame, mapped; without WRITE in a writable private region: shared until it is written
 *   PROT_NONE           a frame that may not be touched: the CPU sees an absent page, the kernel keeps its place
 * An entry with a frame holds one reference to it.
 *
 * Freeing. A frame may be reused only when no TLB knows it any more. So entries are cleared first, then the TLB is
 * flushed, then the references dropped, a batch at a time.
 *
 * Locking. (P) Mm.pageTableLock: entries, Mm.rss, Mm.tablePages. Tables come into being under (P) and go with (M) held,
 * so that who holds (M) may keep a pointer to an entry.
 */

import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE, type PhysAddr, physToVirt } from '../arch/x86/layout.ts';
import {
  directoryEntry,
  findPte,
  PAGE_TABLE_SPAN,
  type Pte,
  PTE_PRESENT,
  PTE_USER,
  PTE_WRITE,
} from '../arch/x86/pageTable.ts';
import { flushUserRange } from '../arch/x86/tlb.ts';
import { allocPages, freePages, putPage } from './buddy.ts';
import { getPage, type Page, pageAddress, pageToPhys, physToPage } from './page.ts';
import { type Mm, type MmapSem, VM_ACCESS, VM_SHARED, VM_WRITE, type Vma } from './types.ts';
import { isMemoryLow, isZeroPage } from './userPages.ts';

/** Of an entry that is not PRESENT: it holds a frame all the same. One of the bits that the CPU leaves to us. */
export const PTE_PROT_NONE: u32 = 0x200;

/** Frames that are unmapped in one go. */
const BATCH: u32 = 64;

/** Does the entry hold a frame? */
export function hasPage(entry: u32): boolean {
  return (entry & (PTE_PRESENT | PTE_PROT_NONE)) !== 0;
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

/** The entry for `address`, with a table made for it if there is none; null: no memory. */
export function allocPte(mm: Mm, address: u32, _held: Held<MmapSem>): Ptr<Pte> | null {
  const found = findPte(mm.pageDirectory, address);
  if (found !== null) return found;
  const page = isMemoryLow() ? null : allocPages(0);
  if (page === null) return null;
  fillBytes(pageAddress(page), 0, PAGE_SIZE);
  using _table = mm.pageTableLock.acquire();
  directoryEntry(mm.pageDirectory, address)[0] = pageToPhys(page) | PTE_PRESENT | PTE_WRITE | PTE_USER;
  mm.tablePages++;
  return findPte(mm.pageDirectory, address);
}

/** Puts a frame where none is, with the reference that the caller has. */
export function setPage(mm: Mm, pte: Ptr<Pte>, page: Page, rights: u32): void {
  using _held = mm.pageTableLock.acquire();
  pte[0] = pageToPhys(page) | rights;
  if (!isZeroPage(page)) mm.rss++;
}

/** Puts `page` in the place of another frame, which is returned with its reference. The caller flushes. */
export function replacePage(mm: Mm, pte: Ptr<Pte>, page: Page, rights: u32): Page {
  using _held = mm.pageTableLock.acquire();
  const old = pageOf(pte[0]);
  pte[0] = pageToPhys(page) | rights;
  if (isZeroPage(old)) mm.rss++;
  return old;
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

/** Takes all frames of [start, end) out, and frees them. Tables stay. */
export function unmapPages(mm: Mm, start: u32, end: u32, _held: Held<MmapSem>): void {
  const batch = uninitialized<Inline<Batch>>();
  let address = start;
  while (address < end) {
    batch.count = 0;
    const next = gather(mm, address, end, batch);
    if (batch.count !== 0) {
      flushUserRange(mm, address, next);
      for (let i: u32 = 0; i < batch.count; i++) putPage(batch.pages[i]);
    }
    address = next;
  }
}

/** Clears entries from `start` on until the batch is full or `end` is reached; returns where it stopped. */
function gather(mm: Mm, start: u32, end: u32, batch: Batch): u32 {
  using _held = mm.pageTableLock.acquire();
  let address = start;
  while (address < end && batch.count < BATCH) {
    const pte = findPte(mm.pageDirectory, address);
    if (pte === null) {
      address = tableEnd(address, end);
      continue;
    }
    const entry: u32 = pte[0];
    if (hasPage(entry)) {
      pte[0] = 0;
      const page = pageOf(entry);
      batch.pages[batch.count] = page;
      batch.count++;
      if (!isZeroPage(page)) mm.rss--;
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
    }
    flushUserRange(mm, address, address + PAGE_TABLE_SPAN);
    freePages(pageOf(table), 0);
  }
}

/**
 * Gives `target` the frames that `source` has in a region: fork. Private memory becomes read-only in both, so that the
 * first to write gets a copy. False: no memory. The caller flushes the source's TLB.
 */
export function copyPages(target: Mm, source: Mm, region: Vma, held: Held<MmapSem>): boolean {
  const isPrivate = (region.vmFlags & VM_SHARED) === 0;
  let address = region.vmStart;
  while (address < region.vmEnd) {
    const end = tableEnd(address, region.vmEnd);
    const from = findPte(source.pageDirectory, address);
    if (from !== null && hasPages(from, (end - address) >>> PAGE_SHIFT)) {
      const to = allocPte(target, address, held);
      if (to === null) return false;
      copyEntries(target, source, to, from, (end - address) >>> PAGE_SHIFT, isPrivate);
    }
    address = end;
  }
  return true;
}

function hasPages(entries: Ptr<Pte>, count: u32): boolean {
  for (let i: u32 = 0; i < count; i++) if (hasPage(entries[i])) return true;
  return false;
}

/** Within one table. Nobody knows the target yet. */
function copyEntries(target: Mm, source: Mm, to: Ptr<Pte>, from: Ptr<Pte>, count: u32, isPrivate: boolean): void {
  using _held = source.pageTableLock.acquire();
  for (let i: u32 = 0; i < count; i++) {
    let entry: u32 = from[i];
    if (!hasPage(entry)) continue;
    if (isPrivate && (entry & PTE_WRITE) !== 0) {
      entry &= ~PTE_WRITE;
      from[i] = entry;
    }
    const page = pageOf(entry);
    getPage(page);
    to[i] = entry;
    if (!isZeroPage(page)) target.rss++;
  }
}

/** Brings the entries of [start, end) in line with new VM_ flags, and flushes. Private pages get WRITE by a fault. */
export function protectPages(mm: Mm, start: u32, end: u32, flags: u32, _held: Held<MmapSem>): void {
  const isShared = (flags & VM_SHARED) !== 0;
  const rights = entryRights(flags);
  {
    using _table = mm.pageTableLock.acquire();
    let address = start;
    while (address < end) {
      const pte = findPte(mm.pageDirectory, address);
      if (pte === null) {
        address = tableEnd(address, end);
        continue;
      }
      const entry: u32 = pte[0];
      if (hasPage(entry)) pte[0] = (entry & PAGE_MASK) | (isShared ? rights : rights & ~PTE_WRITE);
      address += PAGE_SIZE;
    }
  }
  flushUserRange(mm, start, end);
}

/** Moves the entry for `from` to `to`: mremap. False: no memory for a table. The caller flushes. */
export function moveEntry(mm: Mm, from: u32, to: u32, held: Held<MmapSem>): boolean {
  const old = findPte(mm.pageDirectory, from);
  if (old === null || !hasPage(old[0])) return true;
  const place = allocPte(mm, to, held);
  if (place === null) return false;
  using _table = mm.pageTableLock.acquire();
  place[0] = old[0];
  old[0] = 0;
  return true;
}

/** A page directory with the kernel's half; 0: no memory. */
export function createDirectory(kernel: PhysAddr): PhysAddr {
  const page = allocPages(0);
  if (page === null) return 0;
  const entries = pageAddress(page);
  fillBytes(entries, 0, 3072);
  copyBytes(entries.add(3072), ptr<u8>(physToVirt(kernel) + 3072), 1024);
  return pageToPhys(page);
}

/** Frees a directory whose lower part is empty. No CPU has it loaded. */
export function freeDirectory(directory: PhysAddr): void {
  freePages(physToPage(directory), 0);
}
