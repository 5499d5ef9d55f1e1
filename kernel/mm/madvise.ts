/*
 * madvise: what a program tells about its use of memory.
 *
 * Some advice is about pages and done at once (DONTNEED, FREE, POPULATE_...), some is a flag of the region, which may have
 * to be split for it (DONTFORK, SEQUENTIAL, ...), and some is only a hint.
 *
 * @source madvise(2)
 */

import { EACCES, EAGAIN, EINVAL, ENOMEM } from '../abi/errno.ts';
import {
  MADV_COLD,
  MADV_DODUMP,
  MADV_DOFORK,
  MADV_DONTDUMP,
  MADV_DONTFORK,
  MADV_DONTNEED,
  MADV_DONTNEED_LOCKED,
  MADV_FREE,
  MADV_KEEPONFORK,
  MADV_NORMAL,
  MADV_PAGEOUT,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_RANDOM,
  MADV_REMOVE,
  MADV_SEQUENTIAL,
  MADV_WILLNEED,
  MADV_WIPEONFORK,
} from '../abi/mman.ts';
import { PAGE_SHIFT, PAGE_SIZE, pageCeil } from '../arch/x86/layout.ts';
import { unmapPages } from './pageTables.ts';
import { faultInRange } from './populate.ts';
import {
  type Mm,
  type MmapSem,
  VM_ACCESS,
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_LOCKED,
  VM_MAYWRITE,
  VM_RAND_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_WIPEONFORK,
  VM_WRITE,
  type Vma,
} from './types.ts';
import { findVma, mergeRange } from './vma.ts';
import { fixupVma } from './vmaFixup.ts';

/** What `changedFlags` says about advice that is no flag. */
const NO_FLAG: u32 = 0xffffffff;

/**
 * Advice about [address, address + length). -ENOMEM if there is a hole (the rest is done all the same, but for populating,
 * which stops there); -EINVAL; -EBADF and others from advice that is about a file.
 *
 * @sleeps
 */
export function doMadvise(mm: Mm, address: u32, length: u32, advice: u32): i32 {
  if (!isKnownAdvice(advice) || (address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  const size = pageCeil(length);
  if (size === 0 && length !== 0) return -EINVAL;
  const end = address + size;
  if (end < address) return -EINVAL;
  if (end === address) return 0;
  using mmap = mm.mmapSem.lock();
  if (advice === MADV_POPULATE_READ || advice === MADV_POPULATE_WRITE) {
    return populateRange(mm, address, end, advice === MADV_POPULATE_WRITE, mmap);
  }
  const result = adviseRange(mm, address, end, advice, mmap);
  mergeRange(mm, address, end, mmap);
  return result;
}

function isKnownAdvice(advice: u32): boolean {
  if (advice <= MADV_DONTNEED) return true;
  if (advice >= MADV_FREE && advice <= MADV_DOFORK) return true;
  return advice >= MADV_DONTDUMP && advice <= MADV_DONTNEED_LOCKED;
}

function adviseRange(mm: Mm, start: u32, end: u32, advice: u32, mmap: Held<MmapSem>): i32 {
  let at = start;
  let result: i32 = 0;
  while (at < end) {
    const region = findVma(mm, at, mmap);
    if (region === null || region.vmStart >= end) return -ENOMEM;
    if (region.vmStart > at) {
      result = -ENOMEM;
      at = region.vmStart;
    }
    const last = region.vmEnd < end ? region.vmEnd : end;
    const error = advise(mm, region, at, last, advice, mmap);
    if (error !== 0) return error;
    at = last;
  }
  return result;
}

/** Within one region. */
function advise(mm: Mm, region: Vma, start: u32, end: u32, advice: u32, mmap: Held<MmapSem>): i32 {
  switch (advice) {
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_DONTNEED_LOCKED:
      return discard(mm, region, start, end, advice, mmap);
    case MADV_REMOVE:
      return punchHole(region, start, end);
    case MADV_COLD:
    case MADV_PAGEOUT:
      return (region.vmFlags & VM_LOCKED) !== 0 ? -EINVAL : 0;
    case MADV_WILLNEED:
      return 0;
    default: {
      const flags = changedFlags(region, advice);
      return flags === NO_FLAG ? -EINVAL : fixupVma(mm, region, start, end, flags, mmap);
    }
  }
}

/** Drops pages: private ones are zero, or the file's, when they are touched again. */
function discard(mm: Mm, region: Vma, start: u32, end: u32, advice: u32, mmap: Held<MmapSem>): i32 {
  if (advice !== MADV_DONTNEED_LOCKED && (region.vmFlags & VM_LOCKED) !== 0) return -EINVAL;
  if (advice === MADV_FREE && region.vmOps !== null) return -EINVAL;
  unmapPages(mm, start, end, false, mmap);
  return 0;
}

/** The flags of the region after advice that is one; NO_FLAG: not for this region. */
function changedFlags(region: Vma, advice: u32): u32 {
  const flags = region.vmFlags;
  switch (advice) {
    case MADV_NORMAL:
      return flags & ~(VM_RAND_READ | VM_SEQ_READ);
    case MADV_RANDOM:
      return (flags & ~VM_SEQ_READ) | VM_RAND_READ;
    case MADV_SEQUENTIAL:
      return (flags & ~VM_RAND_READ) | VM_SEQ_READ;
    case MADV_DONTFORK:
      return flags | VM_DONTCOPY;
    case MADV_DOFORK:
      return flags & ~VM_DONTCOPY;
    case MADV_WIPEONFORK:
      return region.vmOps === null ? flags | VM_WIPEONFORK : NO_FLAG;
    case MADV_KEEPONFORK:
      return flags & ~VM_WIPEONFORK;
    case MADV_DONTDUMP:
      return flags | VM_DONTDUMP;
    case MADV_DODUMP:
      return flags & ~VM_DONTDUMP;
    default:
      return NO_FLAG;
  }
}

/** Takes the pages out of the file behind a shared mapping that is writable or may become so. */
function punchHole(region: Vma, start: u32, end: u32): i32 {
  if ((region.vmFlags & VM_LOCKED) !== 0) return -EINVAL;
  const operations = region.vmOps;
  if (operations === null) return -EINVAL;
  if ((region.vmFlags & (VM_SHARED | VM_MAYWRITE)) !== (VM_SHARED | VM_MAYWRITE)) return -EACCES;
  const punch = operations.punchHole;
  if (punch === null) return -EINVAL;
  const first = region.vmOffset + ((start - region.vmStart) >>> PAGE_SHIFT);
  return punch(region, first, first + ((end - start) >>> PAGE_SHIFT));
}

/** Brings all pages in, for reading or for writing. */
function populateRange(mm: Mm, start: u32, end: u32, write: boolean, mmap: Held<MmapSem>): i32 {
  let at = start;
  while (at < end) {
    const region = findVma(mm, at, mmap);
    if (region === null || region.vmStart > at) return -ENOMEM;
    if ((region.vmFlags & (write ? VM_WRITE : VM_ACCESS)) === 0) return -EINVAL;
    const error = faultInRange(mm, at, region.vmEnd < end ? region.vmEnd : end, write, mmap);
    if (error !== 0) return error === -ENOMEM ? -EAGAIN : error;
    at = region.vmEnd;
  }
  return 0;
}
