/*
 * Address spaces: made, copied, switched to, taken down.
 *
 * Two counts, for two kinds of interest. `mmUsers` counts those who need the memory: tasks, and whoever looks into it
 * from outside; when it is 0, regions and frames go. `mmCount` counts those who need the record and its page directory:
 * all users together are one of them.
 */

import { EFAULT } from '../abi/errno.ts';
import { PAGE_SIZE, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { findPte, PTE_PRESENT, PTE_WRITE } from '../arch/x86/pageTable.ts';
import { flushUserRange } from '../arch/x86/tlb.ts';
import { FAULT_HANDLED, faultIn } from './fault.ts';
import { kernelDirectory } from './kernelMap.ts';
import { pageAddress } from './page.ts';
import {
  copyPages,
  createDirectory,
  freeDirectory,
  freeTables,
  pageOf,
  tableCeil,
  tableFloor,
  unmapPages,
} from './pageTables.ts';
import { allocate, kfree } from './slab.ts';
import { type Mm, type MmapSem, VM_DONTCOPY } from './types.ts';
import { isMemoryLow } from './userPages.ts';
import { copyVma, freeVma, insertVmStruct, regionOf, removeVma } from './vma.ts';

/** An empty address space with one user; null: no memory. */
export function createMm(): Mm | null {
  if (isMemoryLow()) return null;
  const mm = allocate<Mm>();
  if (mm === null) return null;
  mm.pageDirectory = createDirectory(kernelDirectory());
  if (mm.pageDirectory === 0) {
    kfree(mm);
    return null;
  }
  mm.mmUsers = 1;
  mm.mmCount = 1;
  mm.mmapSem.init('mmapSem');
  mm.pageTableLock.init('pageTable');
  mm.regions.init();
  return mm;
}

/** A copy of an address space that shares all frames until one of the two writes; null: no memory. @sleeps */
export function forkMm(old: Mm): Mm | null {
  const mm = createMm();
  if (mm === null) return null;
  let complete = false;
  {
    using held = old.mmapSem.lock();
    copyPlaces(mm, old);
    complete = copyRegions(mm, old, held);
    flushUserRange(old, 0, USER_END);
  }
  if (complete) return mm;
  mmput(mm);
  return null;
}

function copyPlaces(mm: Mm, old: Mm): void {
  mm.startCode = old.startCode;
  mm.endCode = old.endCode;
  mm.startData = old.startData;
  mm.endData = old.endData;
  mm.startBrk = old.startBrk;
  mm.brk = old.brk;
  mm.startStack = old.startStack;
  mm.argStart = old.argStart;
  mm.argEnd = old.argEnd;
  mm.envStart = old.envStart;
  mm.envEnd = old.envEnd;
}

function copyRegions(mm: Mm, old: Mm, held: Held<MmapSem>): boolean {
  for (let link = old.regions.next; link !== old.regions; link = link.next) {
    const region = regionOf(link);
    if ((region.vmFlags & VM_DONTCOPY) !== 0) continue;
    const copy = copyVma(mm, region);
    if (copy === null) return false;
    insertVmStruct(mm, copy, held);
    if (!copyPages(mm, old, region, held)) return false;
  }
  return true;
}

/** One more user. */
export function mmget(mm: Mm): void {
  atomic.inc(addrOf(mm.mmUsers));
}

/** One user less; the last one takes regions and memory along. If a CPU has it loaded, it is a lazy one. @sleeps */
export function mmput(mm: Mm): void {
  if (!atomic.decAndTest(addrOf(mm.mmUsers))) return;
  exitMmap(mm);
  mmdrop(mm);
}

/** Drops a reference to the record. */
export function mmdrop(mm: Mm): void {
  if (atomic.decAndTest(addrOf(mm.mmCount))) freeMm(mm);
}

/** Frees the record and its directory. There are no references left, so no CPU has it loaded. */
export function freeMm(mm: Mm): void {
  freeDirectory(mm.pageDirectory);
  kfree(mm);
}

/** Empties an address space. Tables go with the last region that they serve: nobody looks through the empty ones. */
export function exitMmap(mm: Mm): void {
  using held = mm.mmapSem.lock();
  while (!mm.regions.isEmpty()) {
    const region = regionOf(mm.regions.next);
    const start = region.vmStart;
    let end = tableCeil(region.vmEnd);
    unmapPages(mm, start, region.vmEnd, held);
    removeVma(mm, region, held);
    freeVma(region);
    if (!mm.regions.isEmpty()) {
      const next = tableFloor(regionOf(mm.regions.next).vmStart);
      if (next < end) end = next;
    }
    freeTables(mm, tableFloor(start), end, held);
  }
}

/**
 * Copies between a buffer of the kernel's and an address space that need not be loaded: for /proc and ptrace. The caller
 * is a user. 0, or -EFAULT with a part done.
 *
 * @sleeps
 */
export function accessProcessVm(mm: Mm, address: u32, buffer: Ptr<u8>, count: u32, write: boolean): i32 {
  using held = mm.mmapSem.lock();
  let done: u32 = 0;
  while (done < count) {
    const at = address + done;
    const place = reach(mm, at, write, held);
    if (place === null) return -EFAULT;
    const inPage = PAGE_SIZE - (at - pageFloor(at));
    const size = count - done < inPage ? count - done : inPage;
    if (write) copyBytes(place, buffer.add(done), size);
    else copyBytes(buffer.add(done), place, size);
    done += size;
  }
  return 0;
}

/** Where the kernel sees the byte at a user address; null: it may not be accessed. */
function reach(mm: Mm, address: u32, write: boolean, held: Held<MmapSem>): Ptr<u8> | null {
  const wanted = write ? PTE_PRESENT | PTE_WRITE : PTE_PRESENT;
  for (;;) {
    const pte = address < USER_END ? findPte(mm.pageDirectory, address) : null;
    if (pte !== null && (pte[0] & wanted) === wanted) {
      return pageAddress(pageOf(pte[0])).add(address - pageFloor(address));
    }
    if (faultIn(mm, address, write, held) !== FAULT_HANDLED) return null;
  }
}

/** Pages in regions with all these VM_ flags: for /proc. @sleeps */
export function regionPages(mm: Mm, flags: u32): u32 {
  using _held = mm.mmapSem.lock();
  let sum: u32 = 0;
  for (let link = mm.regions.next; link !== mm.regions; link = link.next) {
    const region = regionOf(link);
    if ((region.vmFlags & flags) === flags) sum += (region.vmEnd - region.vmStart) / PAGE_SIZE;
  }
  return sum;
}
