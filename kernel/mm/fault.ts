/*
 * Page faults of programs, and of the kernel on their behalf.
 *
 * Memory is promised by a region and delivered by a fault:
 *
 *   no frame, anonymous     read: the zero page; write: a frame of zeroes
 *   no frame, of a file     the file's frame; a private copy of it when it is written
 *   frame, read-only        a write to a private region: the frame is shared with other processes or with a file since
 *                           fork or mmap. Who holds the last reference takes it over, others get a copy
 *   below a stack           the stack grows
 *
 * Everything else is the program's fault, and the result says which signal it has earned.
 *
 * Locking. (M) throughout, so faults of one address space come one by one and regions stand still. Frames are found or
 * made before (P) is taken.
 */

import { ENOMEM } from '../abi/errno.ts';
import { RLIMIT_STACK } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { type Pte, PTE_WRITE } from '../arch/x86/pageTable.ts';
import { flushStalePage, flushUserPage } from '../arch/x86/tlb.ts';
import { FAULT_WRITE } from '../arch/x86/trapFrame.ts';
import { putPage } from './buddy.ts';
import { type Page } from './page.ts';
import { allocPte, entryRights, hasPage, pageOf, replacePage, setPage } from './pageTables.ts';
import { type Mm, type MmapSem, VM_ACCESS, VM_GROWSDOWN, VM_SHARED, VM_WRITE, type Vma } from './types.ts';
import { allocZeroedPage, copyUserPage, getZeroPage, isZeroPage } from './userPages.ts';
import { findVma, previousVma, STACK_GUARD_GAP } from './vma.ts';

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
  using held = mm.mmapSem.lock();
  return faultIn(mm, address, (errorCode & FAULT_WRITE) !== 0, held);
}

/** Makes the page at `address` usable for a read or a write. Results as above. */
export function faultIn(mm: Mm, address: u32, write: boolean, held: Held<MmapSem>): i32 {
  if (address >= USER_END) return FAULT_MAPERR;
  const region = findVma(mm, address, held);
  if (region === null) return FAULT_MAPERR;
  if (address < region.vmStart && !growStack(mm, region, address)) return FAULT_MAPERR;
  if ((region.vmFlags & (write ? VM_WRITE : VM_ACCESS)) === 0) return FAULT_ACCERR;
  const pte = allocPte(mm, address, held);
  if (pte === null) return -ENOMEM;
  const entry: u32 = pte[0];
  if (!hasPage(entry)) return bringIn(mm, region, address, pte, write);
  if (write && (entry & PTE_WRITE) === 0) return unshare(mm, region, address, pte);
  flushStalePage(address); // somebody else has mended it; do not fault on an old translation again
  return FAULT_HANDLED;
}

/** Extends a stack down to `address`, if it is a stack, within its limit, and keeping its distance. */
function growStack(mm: Mm, region: Vma, address: u32): boolean {
  if ((region.vmFlags & VM_GROWSDOWN) === 0) return false;
  const start = pageFloor(address);
  if (region.vmEnd - start > current().process.limits[RLIMIT_STACK].rlim_cur) return false;
  const below = previousVma(mm, region);
  if (below !== null && (below.vmEnd > start || start - below.vmEnd < STACK_GUARD_GAP)) return false;
  const pages = (region.vmStart - start) >>> PAGE_SHIFT;
  region.vmStart = start;
  region.vmOffset -= pages;
  mm.totalVm += pages;
  return true;
}

/** The page has no frame yet. */
function bringIn(mm: Mm, region: Vma, address: u32, pte: Ptr<Pte>, write: boolean): i32 {
  if (region.vmOps !== null) return bringInFile(mm, region, address, pte, write);
  const rights = entryRights(region.vmFlags);
  if (!write && (region.vmFlags & VM_SHARED) === 0) {
    setPage(mm, pte, getZeroPage(), rights & ~PTE_WRITE);
    return FAULT_HANDLED;
  }
  const page = allocZeroedPage();
  if (page === null) return -ENOMEM;
  setPage(mm, pte, page, rights);
  return FAULT_HANDLED;
}

function bringInFile(mm: Mm, region: Vma, address: u32, pte: Ptr<Pte>, write: boolean): i32 {
  const nopage = region.vmOps!.nopage;
  if (nopage === null) return FAULT_BUS;
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
  setPage(mm, pte, page, rights);
  return FAULT_HANDLED;
}

/** A write to a frame that is mapped read-only in a writable region. */
function unshare(mm: Mm, region: Vma, address: u32, pte: Ptr<Pte>): i32 {
  const page = pageOf(pte[0]);
  const rights = entryRights(region.vmFlags);
  const isOurs = (region.vmFlags & VM_SHARED) !== 0 || (page.count === 1 && !isZeroPage(page));
  if (isOurs) {
    replacePage(mm, pte, page, rights);
  } else {
    const copy = copyUserPage(page);
    if (copy === null) return -ENOMEM;
    putPage(replacePage(mm, pte, copy, rights));
  }
  flushUserPage(mm, address);
  return FAULT_HANDLED;
}
