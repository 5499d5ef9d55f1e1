/*
 * The page stealer: takes pages from address spaces that have not used them lately.
 *
 *   swapOut -> swapOutMm -> swapOutVma -> swapOutTable -> tryToSwapOut
 *
 * Idea. `swapOut` picks the address space with the most pages still to be looked at in this round, and goes on there
 * where the last look ended. A page that was accessed since the last look is passed by, with the mark taken off. One that
 * was not leaves the page table:
 *
 *   a page that has a slot              the slot's entry takes its place; the swap cache still has the page
 *   a page of a file                    the entry is forgotten; the file still has the page. If it was written to, the
 *                                       region's `swapout` method writes it where it belongs. Without such a method the
 *                                       file has the page for good, and it stays: to forget the entry would free nothing
 *   anonymous                           gets a slot, enters the swap cache, is written
 *
 * None of that frees anything by itself. Frames become free when the last reference is gone, which mostly is a cache's:
 * shrinkCaches (reclaim.ts) looks for those.
 *
 * Locking. The stealer cannot take (M) of its victim: whoever asks for memory may hold it, and the owner of the victim's
 * may be asking for memory. So it works under (V), which keeps list and regions still, and (P). Both spin: everything is
 * decided and changed under them, and nothing is written before both are released. A victim is kept from going away by
 * mmCount; its regions by (V). Whatever `swapout` needs of a region is taken before (V) is released.
 *
 * @source the documents that locking.md names; rules 3b, 4 and 5 are about this file
 */

import { RACE_ENTRY, RACE_REGION, RACE_RSS, RACE_SWAPOUT } from '../abi/races.ts';
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { findPte, PAGE_TABLE_SPAN, type Pte, PTE_ACCESSED, PTE_DIRTY } from '../arch/x86/pageTable.ts';
import { flushUserPage } from '../arch/x86/tlb.ts';
import { BioKind } from '../block/bio.ts';
import { type File, getFile, putFile } from '../fs/file.ts';
import { putPage } from './buddy.ts';
import { mmdrop, nextVictim } from './mm.ts';
import {
  type Page,
  PAGE_ANON,
  PAGE_REFERENCED,
  PAGE_RESERVED,
  PAGE_SWAP_CACHE,
  PAGE_UPTODATE,
  physToPage,
  setPageFlag,
} from './page.ts';
import { tryLockPage, unlockPage } from './pageLock.ts';
import {
  beginSleepHolding,
  checkInUse,
  endSleepHolding,
  isOpen,
  RACE_1999_ENTRY,
  RACE_1999_REGION,
  RACE_1999_RSS,
  RACE_1999_SWAPOUT,
} from './raceFlags.ts';
import { freeSwapSlots, getSwapPage, swapDuplicate, type SwapEntry, swapFree } from './swapArea.ts';
import { hasPage, stealPage } from './pageTables.ts';
import { addToSwapCache } from './swapCache.ts';
import { rwSwapPage } from './swapIo.ts';
import { type Mm, type PageTableLock, VM_LOCKED, type Vma, type VmlistLock } from './types.ts';
import { findVma, vmlistAccessLock } from './vma.ts';
import { isZeroPage } from './userPages.ts';

/** What `tryToSwapOut` has decided, to be carried out when no lock is held any more. */
class Stolen {
  page: Page | null; // taken out of a page table, with its reference; null: nothing was found
  entry: SwapEntry; // not 0: to be written there; the page is locked
  /** Not null: the page is a dirty one of this file, at `offset`; `swapout` is the region's. Referenced. */
  file: File | null;
  offset: u32;
  swapout: ((file: File, offset: u32, page: Page) => i32) | null;
}

/**
 * Takes one page from some address space. False: there was none to be had in all of them.
 *
 * @sleeps
 * @locking no spinlock; nobody's (V)
 */
export function swapOut(): boolean {
  const stolen = zeroed<Inline<Stolen>>();
  // Two rounds see every page without the mark that it was accessed, unless it is accessed again and again.
  for (let rounds: u32 = 0; rounds <= 2;) {
    const mm = nextVictim(addrOf(rounds));
    if (mm === null) return false;
    swapOutMm(mm, stolen);
    if (RACE_1999_RSS || RACE_1999_REGION) makeLateMistakes(mm, stolen);
    mmdrop(mm);
    if (stolen.page === null) continue;
    finishTheft(stolen);
    return true;
  }
  return false;
}

/** Writes what has to be written, and drops the page table's reference. No lock is held. */
function finishTheft(stolen: Stolen): void {
  const page = stolen.page!;
  if (stolen.entry !== 0) rwSwapPage(BioKind.Write, page, stolen.entry);
  else if (stolen.file !== null) {
    const swapout = stolen.swapout!;
    swapout(stolen.file, stolen.offset, page);
    putFile(stolen.file);
  }
  putPage(page);
}

/** Looks for a page from mm.swapAddress on, to the end of the address space: the next round begins at 0. */
function swapOutMm(mm: Mm, stolen: Stolen): void {
  using vmlist = vmlistAccessLock(mm);
  let region = findVma(mm, mm.swapAddress, vmlist);
  while (region !== null) {
    swapOutVma(mm, region, stolen, vmlist);
    if (RACE_1999_SWAPOUT && isOpen(RACE_SWAPOUT)) writeHolding(mm, stolen);
    if (stolen.page !== null || mm.swapCnt === 0) return;
    region = region.vmNext;
  }
  mm.swapAddress = 0;
  mm.swapCnt = 0;
}

function swapOutVma(mm: Mm, region: Vma, stolen: Stolen, vmlist: Held<VmlistLock>): void {
  if (mm.swapAddress < region.vmStart) mm.swapAddress = region.vmStart;
  if ((region.vmFlags & VM_LOCKED) !== 0) {
    mm.swapAddress = region.vmEnd;
    return;
  }
  while (mm.swapAddress < region.vmEnd && stolen.page === null && mm.swapCnt !== 0) {
    swapOutTable(mm, region, stolen, vmlist);
  }
}

/** The part of a region that one page table serves. Ends at the first page that is taken. */
function swapOutTable(mm: Mm, region: Vma, stolen: Stolen, vmlist: Held<VmlistLock>): void {
  using held = mm.pageTableLock.acquire();
  const boundary = (mm.swapAddress & ~(PAGE_TABLE_SPAN - 1)) + PAGE_TABLE_SPAN;
  const end = boundary < region.vmEnd ? boundary : region.vmEnd;
  const first = findPte(mm.pageDirectory, mm.swapAddress);
  if (first === null) {
    mm.swapAddress = end;
    return;
  }
  let pte = first;
  while (mm.swapAddress < end) {
    const address = mm.swapAddress;
    mm.swapAddress += PAGE_SIZE;
    if (hasPage(pte[0])) {
      if (mm.swapCnt !== 0) mm.swapCnt--;
      tryToSwapOut(mm, region, address, pte, stolen, vmlist, held);
      if (stolen.page !== null || mm.swapCnt === 0) return;
    }
    pte = pte.add(1);
  }
}

/** Looks at one page that is there, be it out of the program's reach (PROT_NONE). If it is to go, it has left the page table when this returns. */
function tryToSwapOut(
  mm: Mm,
  region: Vma,
  address: u32,
  pte: Ptr<Pte>,
  stolen: Stolen,
  _vmlist: Held<VmlistLock>,
  held: Held<PageTableLock>,
): void {
  const entry: u32 = pte[0];
  const page = physToPage(entry & PAGE_MASK);
  if (isZeroPage(page) || (page.flags & PAGE_RESERVED) !== 0) return;
  if ((entry & PTE_ACCESSED) !== 0) {
    atomic.and(pte, ~PTE_ACCESSED);
    setPageFlag(page, PAGE_REFERENCED);
    flushUserPage(mm, address); // or the CPU would not set the mark again
    return;
  }
  if (!tryLockPage(page)) return; // on its way already
  if ((page.flags & PAGE_SWAP_CACHE) !== 0) leaveToSwapCache(mm, address, pte, page, stolen, held);
  else if ((page.flags & PAGE_ANON) === 0) leaveToFile(mm, region, address, pte, page, stolen, held);
  else moveToSwap(mm, address, pte, page, stolen, held);
  if (stolen.entry === 0) unlockPage(page);
}

/** The slot has, or will have, what the page has: a page of the swap cache is mapped read-only. */
function leaveToSwapCache(
  mm: Mm,
  address: u32,
  pte: Ptr<Pte>,
  page: Page,
  stolen: Stolen,
  held: Held<PageTableLock>,
): void {
  if (!swapDuplicate(page.index)) return;
  stealPage(mm, address, pte, page.index, held);
  stolen.page = page;
}

/** The file keeps the page, which can be freed once it is written where it belongs; if nobody writes it, it stays here. */
function leaveToFile(
  mm: Mm,
  region: Vma,
  address: u32,
  pte: Ptr<Pte>,
  page: Page,
  stolen: Stolen,
  held: Held<PageTableLock>,
): void {
  const swapout = region.vmOps === null ? null : region.vmOps.swapout;
  if (swapout === null || (region.vmOps!.needsSlot && freeSwapSlots() === 0)) return;
  const old = stealPage(mm, address, pte, 0, held);
  stolen.page = page;
  if ((old & PTE_DIRTY) === 0 || region.vmFile === null) return; // without a file: fileSwap.ts finds the page by itself
  stolen.swapout = swapout;
  if (RACE_1999_REGION && isOpen(RACE_REGION)) {
    stolen.file = as<File>(region);
    stolen.offset = address;
    return;
  }
  stolen.file = getFile(region.vmFile);
  stolen.offset = region.vmOffset + ((address - region.vmStart) >>> PAGE_SHIFT);
}

/** An anonymous page gets a slot. It is in the swap cache before its entry can be found in the page table. */
function moveToSwap(mm: Mm, address: u32, pte: Ptr<Pte>, page: Page, stolen: Stolen, held: Held<PageTableLock>): void {
  // Somebody has it besides page tables: a debugger, who may be writing to it.
  if (page.count !== page.mapCount) return;
  const entry = getSwapPage();
  if (entry === 0) return;
  if (RACE_1999_ENTRY && isOpen(RACE_ENTRY)) {
    swapDuplicate(entry);
    stealPage(mm, address, pte, entry, held);
    setPageFlag(page, PAGE_UPTODATE);
    if (!addToSwapCache(page, entry)) swapFree(entry);
    stolen.page = page;
    stolen.entry = entry;
    return;
  }
  if (!addToSwapCache(page, entry)) {
    swapFree(entry);
    return;
  }
  swapDuplicate(entry); // one for the cache, one for the page table
  setPageFlag(page, PAGE_UPTODATE);
  stealPage(mm, address, pte, entry, held);
  stolen.page = page;
  stolen.entry = entry;
}

// ---------------------------------------------------------------------------------------------------------------------
// Tests.

/** Takes a page of `mm` alone, if there is one to be had. @sleeps */
export function swapOutOf(mm: Mm): boolean {
  const stolen = zeroed<Inline<Stolen>>();
  mm.swapCnt = mm.rss + 1;
  swapOutMm(mm, stolen);
  if (RACE_1999_RSS || RACE_1999_REGION) makeLateMistakes(mm, stolen);
  if (stolen.page === null) return false;
  finishTheft(stolen);
  return true;
}

/** RACE_1999_SWAPOUT: writes what belongs to a file while (V) is held. */
function writeHolding(mm: Mm, stolen: Stolen): void {
  const file = stolen.file;
  if (file === null) return;
  const swapout = stolen.swapout!;
  stolen.file = null;
  beginSleepHolding(mm.vmlistLock);
  swapout(file, stolen.offset, stolen.page!);
  putFile(file);
  endSleepHolding(mm.vmlistLock);
}

/**
 * RACE_1999_RSS: what has been reckoned is stored. (A function of its own, since one instruction that did it all could not
 * be interrupted on this machine.)
 *
 * @noinline
 */
function setRss(mm: Mm, rss: u32): void {
  mm.rss = rss;
}

/**
 * What was done too late in 1999: after all locks were released. Nothing, unless a race is open.
 *
 * @noinline
 */
function makeLateMistakes(mm: Mm, stolen: Stolen): void {
  if (RACE_1999_RSS && isOpen(RACE_RSS) && stolen.page !== null) {
    setRss(mm, mm.rss - 1);
  }
  if (RACE_1999_REGION && isOpen(RACE_REGION) && stolen.file !== null) {
    const region = as<Vma>(stolen.file);
    checkInUse(mm, region);
    stolen.offset = region.vmOffset + ((stolen.offset - region.vmStart) >>> PAGE_SHIFT);
    stolen.file = getFile(region.vmFile!);
  }
}
