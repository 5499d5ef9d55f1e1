/*
 * The records of an address space.
 *
 * An address space (`Mm`) is a sorted, disjoint sequence of regions (`Vma`), and a page directory, which is a cache of
 * it: everything in the page tables can be found again from the regions and the frames, except which frames are there.
 *
 * Locking. One letter per lock:
 *   (M) Mm.mmapSem      sleeps. Regions are changed, and faults are handled, under it.
 *   (P) Mm.pageTableLock  page-table entries and `rss`. Taken inside (M); nothing sleeps under it.
 *   (C) constant from creation on
 * Copying from or to user memory faults, and a fault takes (M): so no copy function is called with (M) held.
 */

import { type File } from '../fs/file.ts';
import { type ListHead } from '../lib/list.ts';
import { type Mutex } from '../sync/mutex.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type PhysAddr } from '../arch/x86/layout.ts';
import { type Page } from './page.ts';

/** The class of Mm.mmapSem. */
export class MmapSem {
  declare readonly lock: 'mmapSem';
}

/** The class of Mm.pageTableLock. */
export class PageTableLock {
  declare readonly lock: 'pageTable';
}

// Vma.flags. The first three are PROT_READ, PROT_WRITE, PROT_EXEC; the next three say which of them mprotect may grant.
export const VM_READ: u32 = 0x1;
export const VM_WRITE: u32 = 0x2;
export const VM_EXEC: u32 = 0x4;
export const VM_SHARED: u32 = 0x8;
export const VM_MAYREAD: u32 = 0x10;
export const VM_MAYWRITE: u32 = 0x20;
export const VM_MAYEXEC: u32 = 0x40;
/** A stack: a fault just below extends the region. */
export const VM_GROWSDOWN: u32 = 0x100;
export const VM_LOCKED: u32 = 0x2000;
/** The child of a fork does not get it. */
export const VM_DONTCOPY: u32 = 0x20000;
export const VM_NORESERVE: u32 = 0x200000;

/** What PROT_* and VM_* have in common. */
export const VM_ACCESS: u32 = VM_READ | VM_WRITE | VM_EXEC;

/** What a region of a file or device can do. Any may be null. */
export class VmOperations {
  /** The region was copied or split: another one with the same file is there. */
  open: ((region: Vma) => void) | null;
  /** The region is about to go. */
  close: ((region: Vma) => void) | null;
  /**
   * Finds the frame for page `pageOffset` of the file, and stores it in `result` with a reference for the caller.
   * 0; -ENOMEM; -EFAULT beyond the end of the file (SIGBUS). With (M) held; may sleep.
   */
  nopage: ((region: Vma, pageOffset: u32, result: Ptr<Page | null>) => i32) | null;
}

/** A region: addresses of one kind, [start, end). */
export class Vma {
  vmMm: Mm; // (C)
  link: Inline<ListHead>; // (M) in Mm.regions, by address
  vmStart: u32; // (M) page aligned
  vmEnd: u32; // (M) first byte after
  vmFlags: u32; // (M) VM_*
  vmOffset: u32; // (M) of `start` within the file, in pages; moves with start
  vmFile: File | null; // (C) referenced by `operations`
  vmOps: VmOperations | null; // (C) null: anonymous and private
  vmPrivateData: u32; // (C) what `operations` keeps here
}

export class Mm {
  /** Tasks that run in it, and who else needs its memory. The last one takes the memory along. */
  mmUsers: Volatile<u32>;
  /** References to the record: one for all users together, one for each other. */
  mmCount: Volatile<u32>;
  mmapSem: Inline<Mutex<MmapSem>>;
  pageTableLock: Inline<Spinlock<PageTableLock>>;
  pageDirectory: PhysAddr; // (C)
  /** Atomic: bit n: CPU n has the page directory loaded, and may have translations in its TLB (arch/x86/tlb.ts). */
  cpus: Volatile<u32>;
  regions: Inline<ListHead>; // (M) of Vma.link
  mapCount: u32; // (M)
  /** The region that the last search found: a hint, to be checked. (M) */
  mmapCache: Vma | null;
  totalVm: u32; // (M) pages in all regions
  rss: u32; // (P) pages present
  tablePages: u32; // (P) pages of page tables
  // Where exec put things. (M)
  startCode: u32;
  endCode: u32;
  startData: u32;
  endData: u32;
  startBrk: u32;
  brk: u32;
  startStack: u32;
  argStart: u32;
  argEnd: u32;
  envStart: u32;
  envEnd: u32;
}
