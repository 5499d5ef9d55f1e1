/*
 * mlock and relatives: memory that stays in memory.
 *
 * VM_LOCKED tells the page stealer to keep off a region. Locking sets it on a range, part of a region after part, and then
 * brings the pages in (unless MLOCK_ONFAULT says that they will come by themselves). mlockall does the same for everything,
 * or leaves it in Mm.defFlags for everything that is yet to come.
 *
 * @source mlock(2), mlockall(2)
 */

import { EAGAIN, EFAULT, EINVAL, ENOMEM, EPERM } from '../abi/errno.ts';
import { MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT } from '../abi/mman.ts';
import { RLIMIT_MEMLOCK } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, PAGE_SIZE, pageCeil, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { canDoMlock } from './limits.ts';
import { populate } from './populate.ts';
import { type Mm, type MmapSem, VM_ACCESS, VM_LOCKED, VM_LOCKONFAULT } from './types.ts';
import { findVma, mergeRange } from './vma.ts';
import { fixupVma } from './vmaFixup.ts';

const LOCK_FLAGS: u32 = VM_LOCKED | VM_LOCKONFAULT;

/** The pages that [address, address + length) touches. */
class PageRange {
  start: u32;
  end: u32;

  set(address: u32, length: u32): void {
    this.start = pageFloor(address);
    this.end = this.start + pageCeil(length + (address & (PAGE_SIZE - 1)));
  }
}

/**
 * Locks the pages of [address, address + length); `lockFlags` is VM_LOCKED, perhaps with VM_LOCKONFAULT. -EPERM,
 * -ENOMEM: the limit, a hole, a page that cannot be had; -EINVAL; -EAGAIN: no memory.
 *
 * @sleeps
 */
export function doMlock(mm: Mm, address: u32, length: u32, lockFlags: u32): i32 {
  if (!canDoMlock()) return -EPERM;
  const range = zeroed<Inline<PageRange>>();
  range.set(address, length);
  using mmap = mm.mmapSem.lock();
  if (!mayLock(mm, range, mmap)) return -ENOMEM;
  const result = applyLock(mm, range.start, range.end, lockFlags, mmap);
  if (result !== 0 || range.start === range.end || (lockFlags & VM_LOCKONFAULT) !== 0) return result;
  const error = populate(mm, range.start, range.end, mmap);
  return error === -ENOMEM ? -EAGAIN : error === -EFAULT ? -ENOMEM : error;
}

/** Does the limit allow it? Pages of the range that are locked already count once. */
function mayLock(mm: Mm, range: PageRange, mmap: Held<MmapSem>): boolean {
  const self = current();
  if (self.credentials.euid === 0) return true;
  const limit = self.process.limits[RLIMIT_MEMLOCK].rlim_cur >>> PAGE_SHIFT;
  const pages = (range.end - range.start) >>> PAGE_SHIFT;
  if (mm.lockedVm + pages <= limit) return true;
  return mm.lockedVm + pages - lockedPages(mm, range.start, range.end, mmap) <= limit;
}

/** Pages of [start, end) in locked regions. */
function lockedPages(mm: Mm, start: u32, end: u32, mmap: Held<MmapSem>): u32 {
  let sum: u32 = 0;
  for (let region = findVma(mm, start, mmap); region !== null && region.vmStart < end; region = region.vmNext) {
    if ((region.vmFlags & VM_LOCKED) === 0) continue;
    const from = region.vmStart > start ? region.vmStart : start;
    const to = region.vmEnd < end ? region.vmEnd : end;
    sum += (to - from) >>> PAGE_SHIFT;
  }
  return sum;
}

/** Unlocks the pages of [address, address + length). -ENOMEM: a hole; -EINVAL. @sleeps */
export function doMunlock(mm: Mm, address: u32, length: u32): i32 {
  const range = zeroed<Inline<PageRange>>();
  range.set(address, length);
  using mmap = mm.mmapSem.lock();
  return applyLock(mm, range.start, range.end, 0, mmap);
}

/** Gives all regions of [start, end) these lock flags. */
function applyLock(mm: Mm, start: u32, end: u32, lockFlags: u32, mmap: Held<MmapSem>): i32 {
  if (end < start) return -EINVAL;
  if (end === start) return 0;
  let at = start;
  let result: i32 = 0;
  while (at < end && result === 0) {
    const region = findVma(mm, at, mmap);
    if (region === null || region.vmStart > at) {
      result = -ENOMEM;
      break;
    }
    const last = region.vmEnd < end ? region.vmEnd : end;
    result = fixupVma(mm, region, at, last, (region.vmFlags & ~LOCK_FLAGS) | lockFlags, mmap);
    at = last;
  }
  mergeRange(mm, start, end, mmap);
  return result;
}

/** mlockall. -EINVAL, -EPERM, -ENOMEM. Pages that cannot be brought in are no error. @sleeps */
export function doMlockall(mm: Mm, flags: u32): i32 {
  if (flags === 0 || flags === MCL_ONFAULT || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0) return -EINVAL;
  if (!canDoMlock()) return -EPERM;
  const lockFlags = (flags & MCL_ONFAULT) !== 0 ? LOCK_FLAGS : VM_LOCKED;
  using mmap = mm.mmapSem.lock();
  const self = current();
  const limit = self.process.limits[RLIMIT_MEMLOCK].rlim_cur >>> PAGE_SHIFT;
  if ((flags & MCL_CURRENT) !== 0 && mm.totalVm > limit && self.credentials.euid !== 0) return -ENOMEM;
  mm.defFlags = (flags & MCL_FUTURE) !== 0 ? lockFlags : 0;
  if ((flags & MCL_CURRENT) === 0) return 0;
  lockAll(mm, lockFlags, mmap);
  if ((flags & MCL_ONFAULT) === 0) populateAll(mm, mmap);
  return 0;
}

/** Undoes mlockall and mlock. @sleeps */
export function doMunlockall(mm: Mm): i32 {
  using mmap = mm.mmapSem.lock();
  mm.defFlags = 0;
  lockAll(mm, 0, mmap);
  return 0;
}

function lockAll(mm: Mm, lockFlags: u32, mmap: Held<MmapSem>): void {
  for (let region = mm.mmap; region !== null; region = region.vmNext) {
    fixupVma(mm, region, region.vmStart, region.vmEnd, (region.vmFlags & ~LOCK_FLAGS) | lockFlags, mmap);
  }
  mergeRange(mm, 0, USER_END, mmap);
}

function populateAll(mm: Mm, mmap: Held<MmapSem>): void {
  for (let region = mm.mmap; region !== null; region = region.vmNext) {
    if ((region.vmFlags & VM_ACCESS) !== 0) populate(mm, region.vmStart, region.vmEnd, mmap);
  }
}
