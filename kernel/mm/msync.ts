/*
 * msync and mincore: questions about the pages of a mapping.
 *
 * @source msync(2), mincore(2)
 */

import { EBUSY, EFAULT, EINVAL, ENOMEM } from '../abi/errno.ts';
import { MS_ASYNC, MS_INVALIDATE, MS_SYNC } from '../abi/mman.ts';
import { PAGE_SHIFT, PAGE_SIZE, pageCeil, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { findPte } from '../arch/x86/pageTable.ts';
import { copyToUser } from '../arch/x86/userCopy.ts';
import { type File, getFile, putFile } from '../fs/file.ts';
import { putPage } from './buddy.ts';
import { PAGE_UPTODATE } from './page.ts';
import { hasPage } from './pageTables.ts';
import { lookupSwapCache } from './swapCache.ts';
import { type Mm, type MmapSem, VM_LOCKED, VM_SHARED, type Vma } from './types.ts';
import { findVma } from './vma.ts';

/**
 * Puts what was written to shared mappings of files to where the files are. The pages that a mapping shows are the
 * file's own, so what is left is the file's fsync. -EINVAL; -ENOMEM if there is a hole (the rest is done); -EBUSY: locked
 * pages cannot be invalidated; what fsync says.
 *
 * @sleeps
 */
export function doMsync(mm: Mm, address: u32, length: u32, flags: u32): i32 {
  const size = pageCeil(length);
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0 || (address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  if ((flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0) return -EINVAL;
  const end = address + size;
  if (end < address || size < length) return -ENOMEM;
  let at = address;
  let result: i32 = 0;
  while (at < end) {
    const step = zeroed<Inline<SyncStep>>();
    if (!nextStep(mm, at, end, flags, step)) return -ENOMEM;
    if (step.start > at) result = -ENOMEM;
    if (step.isBusy) return -EBUSY;
    const file = step.file;
    if (file !== null) {
      const error = syncFile(file);
      putFile(file);
      if (error !== 0) return error;
    }
    at = step.end;
  }
  return result;
}

/** A region on the way, and its file, with a reference, if that is to be written. */
class SyncStep {
  start: u32;
  end: u32;
  isBusy: boolean;
  file: File | null;
}

/** The first region above `at`; false: there is none before `end`. Files are written without (M). */
function nextStep(mm: Mm, at: u32, end: u32, flags: u32, step: SyncStep): boolean {
  using mmap = mm.mmapSem.lock();
  const region = findVma(mm, at, mmap);
  if (region === null || region.vmStart >= end) return false;
  step.start = region.vmStart;
  step.end = region.vmEnd;
  step.isBusy = (flags & MS_INVALIDATE) !== 0 && (region.vmFlags & VM_LOCKED) !== 0;
  const file = region.vmFile;
  if (file !== null && (flags & MS_SYNC) !== 0 && (region.vmFlags & VM_SHARED) !== 0) step.file = getFile(file);
  return true;
}

function syncFile(file: File): i32 {
  const fsync = file.operations.fsync;
  return fsync === null ? 0 : fsync(file, false);
}

function isInSwapCache(entry: u32): boolean {
  const page = lookupSwapCache(entry);
  if (page === null) return false;
  const isRead = (reload<u32>(page.flags) & PAGE_UPTODATE) !== 0;
  putPage(page);
  return isRead;
}

/** Answers are brought to the program so many at a time. */
const CHUNK: u32 = 64;

/**
 * Stores a byte for each page of [address, address + length) at `vector`: 1 if it is in memory. -EINVAL, -EFAULT; -ENOMEM
 * if there is a hole, with the answers up to it.
 *
 * @sleeps
 */
export function doMincore(mm: Mm, address: u32, length: u32, vector: u32): i32 {
  if ((address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  if (length > USER_END || address > USER_END - length) return -ENOMEM;
  const pages = pageCeil(length) >>> PAGE_SHIFT;
  if (vector >= USER_END || pages > USER_END - vector) return -EFAULT;
  const answers = zeroed<FixedArray<u8, 64>>();
  for (let done: u32 = 0; done < pages;) {
    const wanted = pages - done < CHUNK ? pages - done : CHUNK;
    const got = lookUp(mm, address + (done << PAGE_SHIFT), wanted, answers);
    if (got === 0) return -ENOMEM;
    if (copyToUser(vector + done, answers, got) !== 0) return -EFAULT;
    done += got;
  }
  return 0;
}

/** Fills in answers for `count` pages, or as many as there are in regions. */
function lookUp(mm: Mm, address: u32, count: u32, answers: Ptr<u8>): u32 {
  using mmap = mm.mmapSem.lock();
  for (let i: u32 = 0; i < count; i++) {
    const at = address + (i << PAGE_SHIFT);
    const region = findVma(mm, at, mmap);
    if (region === null || region.vmStart > at) return i;
    answers[i] = isInCore(mm, region, at, mmap) ? 1 : 0;
  }
  return count;
}

/** In the page table, or at least in the swap cache or among the file's pages. */
function isInCore(mm: Mm, region: Vma, address: u32, _mmap: Held<MmapSem>): boolean {
  const pte = findPte(mm.pageDirectory, address);
  const entry: u32 = pte === null ? 0 : pte[0];
  if (hasPage(entry)) return true;
  if (entry !== 0) return isInSwapCache(entry);
  const operations = region.vmOps;
  if (operations === null) return false;
  const isCached = operations.isCached;
  if (isCached === null) return false;
  return isCached(region, region.vmOffset + ((pageFloor(address) - region.vmStart) >>> PAGE_SHIFT));
}
