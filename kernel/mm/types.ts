/*
 * The records of an address space.
 *
 * An address space (`Mm`) is a sorted, disjoint sequence of regions (`Vma`), and a page directory, which is a cache of
 * it: everything in the page tables can be found again from the regions and the frames, except which frames are there.
 *
 * The sequence is kept twice: as a list (`mmap`, `vmNext`), which is walked in order, and as a balanced tree
 * (`mmapAvl`), which is searched; `mmapCache` remembers the answer to the last search.
 *
 * Locking. One letter per lock; locking.md tells the whole story:
 *   (M) Mm.mmapSem        sleeps. Excludes the other calls and the faults of this address space.
 *   (V) Mm.vmlistLock     spins. Excludes the page stealer, which cannot wait for (M). Nobody sleeps, allocates or calls
 *                         a method of `vmOps` under it.
 *   (I) FileMappings.iSharedLock of the file: truncation, which comes from the file's side and knows no (M). Shared memory
 *       is a file in this respect.
 *   (P) Mm.pageTableLock  spins. Page-table entries, `rss`.
 *   (L) mmListLock        spins. The list of all address spaces.
 *   (C) constant from creation on
 * "M,V": either to read, both to write. "M,V,I": any of them to read, all to write (a region without a file has no (I)).
 * Order: M, V, I, P.
 *
 * Copying from or to user memory faults, and a fault takes (M): so no copy function is called with (M) held.
 */

import { type File } from '../fs/file.ts';
import { type ListHead } from '../lib/list.ts';
import { type Mutex } from '../sync/mutex.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type PhysAddr } from '../arch/x86/layout.ts';
import { type FileMappings } from './fileMappings.ts';
import { type Page } from './page.ts';

/** The class of Mm.mmapSem. */
export class MmapSem {
  declare readonly lock: 'mmapSem';
}

/**
 * The class of Mm.vmlistLock. Nobody holds two of them.
 *
 * @single
 */
export class VmlistLock {
  declare readonly lock: 'vmlistLock';
}

/** The class of Mm.pageTableLock. */
export class PageTableLock {
  declare readonly lock: 'pageTable';
}

/** Proof that the list of regions stands still: (M), or (V) for the page stealer. Enough to read, not to change. */
export type ListStable = Held<MmapSem> | Held<VmlistLock>;

// Vma.vmFlags. The first three are PROT_READ, PROT_WRITE, PROT_EXEC; the VM_MAY ones say which of them mprotect may grant.
export const VM_READ: u32 = 0x1;
export const VM_WRITE: u32 = 0x2;
export const VM_EXEC: u32 = 0x4;
export const VM_SHARED: u32 = 0x8;
export const VM_MAYREAD: u32 = 0x10;
export const VM_MAYWRITE: u32 = 0x20;
export const VM_MAYEXEC: u32 = 0x40;
/** A stack: a fault just below extends the region. */
export const VM_GROWSDOWN: u32 = 0x100;
/** The page stealer keeps off. */
export const VM_LOCKED: u32 = 0x2000;
/** The program has said how it will read: madvise. */
export const VM_SEQ_READ: u32 = 0x8000;
export const VM_RAND_READ: u32 = 0x10000;
/** The child of a fork does not get it. */
export const VM_DONTCOPY: u32 = 0x20000;
/** With VM_LOCKED: pages are locked as they come, none is brought in for it. */
export const VM_LOCKONFAULT: u32 = 0x80000;
/** Its pages are counted as promised (overcommit.ts). */
export const VM_ACCOUNT: u32 = 0x100000;
export const VM_NORESERVE: u32 = 0x200000;
/** The child of a fork gets it empty. */
export const VM_WIPEONFORK: u32 = 0x2000000;
/** Not for core dumps. */
export const VM_DONTDUMP: u32 = 0x4000000;

/** What PROT_* and VM_* have in common. */
export const VM_ACCESS: u32 = VM_READ | VM_WRITE | VM_EXEC;

/** What a region of a file or device can do. Any may be null. None is called with (V) held: each may sleep. */
export class VmOperations {
  /** The region was copied or split: another one with the same file is there. */
  open: ((region: Vma) => void) | null;
  /** The region is off the list for ever, and about to be freed. */
  close: ((region: Vma) => void) | null;
  /** [start, start + length) of the region is about to lose its pages. The region is not on the list. With (M) held. */
  unmap: ((region: Vma, start: u32, length: u32) => void) | null;
  /**
   * Finds the frame for page `pageOffset` of the file, and stores it in `result` with a reference for the caller.
   * 0; -ENOMEM; -EFAULT beyond the end of the file (SIGBUS). With (M) held; may sleep.
   */
  nopage: ((region: Vma, pageOffset: u32, result: Ptr<Page | null>) => i32) | null;
  /** Is page `pageOffset` of the file in memory? With (M) held. Null: nobody knows. */
  isCached: ((region: Vma, pageOffset: u32) => boolean) | null;
  /** Makes pages [first, end) of the file a hole. With (M) held. 0 or -errno. Null: -EINVAL. */
  punchHole: ((region: Vma, first: u32, end: u32) => i32) | null;
  /**
   * Writes `page`, number `pageOffset` of `file`, to where it belongs, for the page stealer, which has taken it out of the
   * page table. Neither (M) nor (V) is held, so the region may be gone by now: what is needed of it was noted under (V),
   * and the file is referenced. 0 or -errno. May sleep, but must not ask for memory.
   */
  swapout: ((file: File, pageOffset: u32, page: Page) => i32) | null;
  /** Pages belong to no disk: without a free slot of a swap area, to take them out of a page table is in vain. */
  needsSlot: boolean;
  /** Regions are counted: one that was split is not joined again. */
  isCounted: boolean;
}

/** A region: addresses of one kind, [vmStart, vmEnd). */
export class Vma {
  vmMm: Mm; // (C)
  vmStart: u32; // (M,V,I) page aligned
  vmEnd: u32; // (M,V,I) first byte after
  vmOffset: u32; // (M,V,I) of `vmStart` within the file, in pages; moves with vmStart, never alone
  vmFlags: u32; // (M,V) VM_*
  vmNext: Vma | null; // (M,V) by address
  avlLeft: Vma | null; // (M,V) lower addresses
  avlRight: Vma | null; // (M,V) higher addresses
  avlHeight: u32; // (M,V) of the subtree; a leaf has 1
  // Of the subtree, for the search for gaps (vmaTree.ts):
  subtreeStart: u32; // (M,V) the lowest address that is taken
  subtreeEnd: u32; // (M,V) the first byte after the highest
  subtreeGap: u32; // (M,V) the largest gap between two neighbours, in bytes
  shareLink: Inline<ListHead>; // (I) in the list of vmMappings
  vmMappings: FileMappings | null; // (C) of the file or shared memory whose pages it shows; null: it has but its own
  vmFile: File | null; // (C) referenced by `vmOps`
  vmOps: VmOperations | null; // (C) null: anonymous and private
  vmPrivateData: u32; // (C) what `vmOps` keeps here
}

export class Mm {
  /** Tasks that run in it, and who else needs its memory. The last one takes the memory along. */
  mmUsers: Volatile<u32>;
  /** References to the record: one for all users together, one for each other. */
  mmCount: Volatile<u32>;
  mmapSem: Inline<Mutex<MmapSem>>;
  vmlistLock: Inline<Spinlock<VmlistLock>>;
  pageTableLock: Inline<Spinlock<PageTableLock>>;
  pageDirectory: PhysAddr; // (C)
  /** The program has registered for membarrier. Set once. */
  usesMembarrier: boolean;
  /** Atomic: bit n: CPU n has the page directory loaded, and may have translations in its TLB (arch/x86/tlb.ts). */
  cpus: Volatile<u32>;
  mmList: Inline<ListHead>; // (L) in the list of all address spaces
  isNewborn: boolean; // (L) fork is filling it: passed by

  mmap: Vma | null; // (M,V) the first region
  mmapAvl: Vma | null; // (M,V) the root of the tree
  /** The region that the last search found: written under either lock, so a hint, and checked before use. */
  mmapCache: Vma | null;
  mapCount: u32; // (M,V) regions

  // Accounts, in pages.
  totalVm: u32; // (M) in all regions
  dataVm: u32; // (M) private and writable, but for stacks
  stackVm: u32; // (M) in stacks
  execVm: u32; // (M) executable and not writable
  lockedVm: u32; // (M) in VM_LOCKED regions
  peakVm: u32; // (M) the most that totalVm ever was
  rss: u32; // (P) present
  fileRss: u32; // (P) of them, pages of files
  swapEntries: u32; // (P) in slots
  peakRss: u32; // (P) the most that rss ever was
  tablePages: u32; // (P) of page tables

  /** Flags that every new region gets: VM_LOCKED, VM_LOCKONFAULT, by mlockall. (M) */
  defFlags: u32;
  /** mmap looks downwards from here for a place. (C) after exec */
  mmapBase: u32;
  /** Nobody looks downwards: the stack has no limit, so mmap goes upwards. (C) after exec */
  isLegacyLayout: boolean;

  // For the page stealer. (L)
  swapCnt: u32; // pages that are still to be looked at in this round
  swapAddress: u32; // where the last look ended

  /** The program that runs here, for /proc/PID/exe; while it is open nobody can write it. Null: a kernel thread's. */
  program: File | null; // (C) after exec

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
