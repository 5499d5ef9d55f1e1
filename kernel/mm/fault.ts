/*
 * Page faults of programs, and of the kernel on their behalf.
 *
 * Memory is promised by a region and delivered by a fault:
 *
 *   no frame, anonymous     read: the zero page; write: a frame of zeroes
 *   no frame, of a file     the file's frame; a private copy of it when it is written
 *   a slot                  the page is in the swap cache, or read from the slot
 *   frame, read-only        a write to a private region: the frame is shared with other processes or with a file since
 *                           fork or mmap. Who holds the last reference takes it over, others get a copy
 *   below a stack           the stack grows
 *
 * Everything else is the program's fault, and the result says which signal it has earned.
 *
 * Locking. (M), so regions stand still. Entries do not: the page stealer takes pages away, and truncation comes from the
 * file's side. So a fault looks at the entry, finds or makes a frame, which may sleep, and changes the entry under (P) only
 * if it is still as it was; if not, somebody else has been faster, and the access is simply repeated.
 */

import { ENOMEM } from '../abi/errno.ts';
import { PAGE_MASK, PAGE_SHIFT, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { type Pte, PTE_WRITE } from '../arch/x86/pageTable.ts';
import { flushStalePage, flushUserPage } from '../arch/x86/tlb.ts';
import { FAULT_WRITE } from '../arch/x86/trapFrame.ts';
import { putPage } from './buddy.ts';
import { expandStack } from './expandStack.ts';
import { lockMappings } from './fileMappings.ts';
import { getPage, type Page, PAGE_ANON } from './page.ts';
import { unlockPage } from './pageLock.ts';
import { addRights, allocPte, entryRights, hasPage, isSwapEntry, pageOf, setPage } from './pageTables.ts';
import { freeSwapEntry } from './swapCache.ts';
import { makeExclusive, swapInPage } from './swapIn.ts';
import { type Mm, type MmapSem, VM_ACCESS, VM_MAYREAD, VM_MAYWRITE, VM_SHARED, VM_WRITE, type Vma } from './types.ts';
import { allocAnonymousPage, copyUserPage, getZeroPage } from './userPages.ts';
import { findVma } from './vma.ts';
import { vmCounters } from './vmCounters.ts';

// What `handleMmFault` returns, besides -ENOMEM. The first two are the si_code of the SIGSEGV.
/** The access may be repeated. */
export const FAULT_HANDLED: i32 = 0;
/** SEGV_MAPERR: nothing is mapped there. */
export const FAULT_MAPERR: i32 = 1;
/** SEGV_ACCERR: not for this kind of access. */
export const FAULT_ACCERR: i32 = 2;
/** SIGBUS, BUS_ADRERR: beyond the end of a file. */
export const FAULT_BUS: i32 = 3;

/**
 * Handles a page fault at `address`, below USER_END, of the current task. `errorCode` is the CPU's.
 *
 * @sleeps
 * @locking no lock held
 */
export function handleMmFault(mm: Mm, address: u32, errorCode: u32): i32 {
  atomic.inc(addrOf(vmCounters().faults));
  using mmap = mm.mmapSem.lock();
  return faultIn(mm, address, (errorCode & FAULT_WRITE) !== 0, mmap);
}

/** Makes the page at `address` usable for a read or a write. Results as above. @sleeps */
export function faultIn(mm: Mm, address: u32, write: boolean, mmap: Held<MmapSem>): i32 {
  if (address >= USER_END) return FAULT_MAPERR;
  const region = findVma(mm, address, mmap);
  if (region === null) return FAULT_MAPERR;
  if (address < region.vmStart && expandStack(mm, region, address, mmap) !== 0) return FAULT_MAPERR;
  if ((region.vmFlags & (write ? VM_WRITE : VM_ACCESS)) === 0) return FAULT_ACCERR;
  return faultInRegion(mm, region, address, write, mmap);
}

/**
 * The same for a debugger (accessVm.ts), who may read what the program itself may not, and write to private memory that is
 * read-only: to a copy then, which stays read-only for the program.
 *
 * @sleeps
 */
export function faultInForced(mm: Mm, address: u32, write: boolean, mmap: Held<MmapSem>): i32 {
  if (address >= USER_END) return FAULT_MAPERR;
  const region = findVma(mm, address, mmap);
  if (region === null || address < region.vmStart) return FAULT_MAPERR;
  const isReadOnly = (region.vmFlags & VM_WRITE) === 0;
  if (write && isReadOnly && (region.vmFlags & VM_SHARED) !== 0) return FAULT_ACCERR;
  if ((region.vmFlags & (write ? VM_MAYWRITE : VM_MAYREAD)) === 0) return FAULT_ACCERR;
  return faultInRegion(mm, region, address, write, mmap);
}

/** The access is allowed: makes the page usable for it. */
function faultInRegion(mm: Mm, region: Vma, address: u32, write: boolean, mmap: Held<MmapSem>): i32 {
  const pte = allocPte(mm, address, mmap);
  if (pte === null) return -ENOMEM;
  const entry: u32 = pte[0];
  if (entry === 0) {
    if (region.vmOps !== null) return doNoPage(mm, region, address, pte, write);
    return doAnonymousPage(mm, region, pte, write);
  }
  if (isSwapEntry(entry)) return doSwapPage(mm, region, address, pte, entry, write);
  if (write && (entry & PTE_WRITE) === 0) return doWpPage(mm, region, address, pte, entry);
  flushStalePage(address); // somebody else has mended it; do not fault on an old translation again
  return FAULT_HANDLED;
}

/** Nothing is there yet, and no file is behind it. */
function doAnonymousPage(mm: Mm, region: Vma, pte: Ptr<Pte>, write: boolean): i32 {
  const rights = entryRights(region.vmFlags);
  const page = write ? allocAnonymousPage() : getZeroPage();
  if (page === null) return -ENOMEM;
  if (!setPage(mm, pte, 0, page, write ? rights : rights & ~PTE_WRITE)) putPage(page);
  return FAULT_HANDLED;
}

/** Nothing is there yet: the region knows what should be. */
function doNoPage(mm: Mm, region: Vma, address: u32, pte: Ptr<Pte>, write: boolean): i32 {
  const nopage = region.vmOps!.nopage;
  if (nopage === null) return FAULT_BUS;
  const truncations = truncateCount(region);
  const pageOffset = region.vmOffset + ((pageFloor(address) - region.vmStart) >>> PAGE_SHIFT);
  const found = zeroed<FixedArray<Page | null, 1>>();
  const result = nopage(region, pageOffset, found);
  if (result !== 0) return result === -ENOMEM ? -ENOMEM : FAULT_BUS;
  let page = found[0]!;
  let rights = entryRights(region.vmFlags);
  if ((region.vmFlags & VM_SHARED) === 0) {
    if (!write) {
      rights &= ~PTE_WRITE;
    } else {
      const copy = copyUserPage(page);
      putPage(page);
      if (copy === null) return -ENOMEM;
      page = copy;
    }
  }
  if (!setFilePage(mm, region, pte, page, rights, truncations)) putPage(page);
  return FAULT_HANDLED;
}

/**
 * The page is in a slot. It comes back read-only; if it turns out that nobody else has it, it is taken out of the swap
 * cache and may be written to, else a write makes a copy when it is tried again.
 */
function doSwapPage(mm: Mm, region: Vma, address: u32, pte: Ptr<Pte>, entry: u32, write: boolean): i32 {
  let page = as<Page>(0);
  const error = swapInPage(entry, addrOf(page));
  if (error !== 0) return error === -ENOMEM ? -ENOMEM : FAULT_BUS;
  const rights = entryRights(region.vmFlags);
  if (setPage(mm, pte, entry, page, rights & ~PTE_WRITE)) {
    unlockPage(page);
    freeSwapEntry(entry);
    return write ? doWpPage(mm, region, address, pte, pte[0]) : FAULT_HANDLED;
  }
  unlockPage(page);
  putPage(page); // somebody has been faster
  return FAULT_HANDLED;
}

/** How often the file of the region has been cut. */
function truncateCount(region: Vma): u32 {
  const mappings = region.vmMappings;
  return mappings === null ? 0 : mappings.truncateCount;
}

/** Maps a page of a file where nothing is. False: the entry is not empty any more, or the file has been cut. */
function setFilePage(mm: Mm, region: Vma, pte: Ptr<Pte>, page: Page, rights: u32, truncations: u32): boolean {
  using _shared = lockMappings(region.vmMappings);
  return truncateCount(region) === truncations && setPage(mm, pte, 0, page, rights);
}

/**
 * A write to a frame that is mapped read-only in a writable region. Whose reference is the only one, and who sees the
 * frame in one place only, takes it over: nobody can get at it but through this address space, which (M) keeps still.
 */
function doWpPage(mm: Mm, region: Vma, address: u32, pte: Ptr<Pte>, entry: u32): i32 {
  const page = holdPage(mm, pte, entry);
  if (page === null) return FAULT_HANDLED;
  const rights = entryRights(region.vmFlags);
  const isAnonymous = (page.flags & PAGE_ANON) !== 0;
  const isOurs = (region.vmFlags & VM_SHARED) !== 0 || (isAnonymous && makeExclusive(page));
  let result = FAULT_HANDLED;
  if (!isOurs) result = copyOnWrite(mm, address, pte, entry, rights, page);
  else if (addRights(mm, pte, entry, rights)) flushStalePage(address);
  putPage(page);
  return result;
}

/** Puts a copy of `page` in its place. */
function copyOnWrite(mm: Mm, address: u32, pte: Ptr<Pte>, entry: u32, rights: u32, page: Page): i32 {
  const copy = copyUserPage(page);
  if (copy === null) return -ENOMEM;
  if (!setPage(mm, pte, entry, copy, rights)) {
    putPage(copy);
    return FAULT_HANDLED;
  }
  flushUserPage(mm, address); // before the entry's reference goes: a CPU may still see the old page
  putPage(page);
  return FAULT_HANDLED;
}

/** The frame of an entry, with a reference; null: it is not the one that was seen. */
function holdPage(mm: Mm, pte: Ptr<Pte>, entry: u32): Page | null {
  using _table = mm.pageTableLock.acquire();
  if (((pte[0] ^ entry) & PAGE_MASK) !== 0 || !hasPage(pte[0])) return null;
  const page = pageOf(entry);
  getPage(page);
  return page;
}
