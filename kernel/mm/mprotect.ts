/*
 * mprotect, madvise and msync: what may be done with pages that are mapped already.
 */

import { EACCES, EINVAL, ENOMEM } from '../abi/errno.ts';
import {
  MADV_DODUMP,
  MADV_DOFORK,
  MADV_DONTDUMP,
  MADV_DONTFORK,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_NORMAL,
  MADV_RANDOM,
  MADV_SEQUENTIAL,
  MADV_WILLNEED,
  MS_ASYNC,
  MS_INVALIDATE,
  MS_SYNC,
  PROT_EXEC,
  PROT_GROWSDOWN,
  PROT_READ,
  PROT_WRITE,
} from '../abi/mman.ts';
import { PAGE_SIZE, pageCeil, USER_END } from '../arch/x86/layout.ts';
import { splitAt } from './mmap.ts';
import { protectPages, unmapPages } from './pageTables.ts';
import { type Mm, type MmapSem, VM_ACCESS, VM_DONTCOPY, VM_GROWSDOWN, VM_LOCKED, type Vma } from './types.ts';
import { findVma, mergeVma, nextVma } from './vma.ts';

/** From VM_READ to VM_MAYREAD, and so on. */
const MAY_SHIFT: u32 = 4;

/**
 * Changes the rights of [address, address + length). -ENOMEM if there is a hole in it, -EACCES if a mapping may never
 * have such rights; what comes before the obstacle is changed, as on Linux.
 *
 * @sleeps
 */
export function doMprotect(mm: Mm, address: u32, length: u32, prot: u32): i32 {
  if ((address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN)) !== 0) return -EINVAL;
  if (length === 0) return 0;
  const size = pageCeil(length);
  if (size === 0 || size > USER_END || address > USER_END - size) return -ENOMEM;
  using held = mm.mmapSem.lock();
  let start = address;
  if ((prot & PROT_GROWSDOWN) !== 0) {
    const stack = findVma(mm, address, held);
    if (stack === null || stack.vmStart > address) return -ENOMEM;
    if ((stack.vmFlags & VM_GROWSDOWN) === 0) return -EINVAL;
    start = stack.vmStart;
  }
  return protectRange(mm, start, address + size, prot & VM_ACCESS, held);
}

function protectRange(mm: Mm, start: u32, end: u32, access: u32, held: Held<MmapSem>): i32 {
  let at = start;
  while (at < end) {
    const region = findVma(mm, at, held);
    if (region === null || region.vmStart > at) return -ENOMEM;
    if ((access & ~(region.vmFlags >>> MAY_SHIFT)) !== 0) return -EACCES;
    const flags = (region.vmFlags & ~VM_ACCESS) | access;
    const last = region.vmEnd < end ? region.vmEnd : end;
    if (flags !== region.vmFlags) {
      if (!splitAt(mm, at, held) || !splitAt(mm, last, held)) return -ENOMEM;
      const changed = findVma(mm, at, held)!;
      changed.vmFlags = flags;
      protectPages(mm, at, last, flags, held);
      mergeVma(mm, changed, held);
    }
    at = last;
  }
  return 0;
}

/**
 * Advice about [address, address + length). All of it is legal to ignore but for MADV_DONTNEED, after which anonymous
 * memory reads as zero. -ENOMEM if there is a hole (the rest is done all the same).
 *
 * @sleeps
 */
export function doMadvise(mm: Mm, address: u32, length: u32, advice: u32): i32 {
  if ((address & (PAGE_SIZE - 1)) !== 0 || !isKnownAdvice(advice)) return -EINVAL;
  const size = pageCeil(length);
  if (size < length || address > USER_END || size > USER_END - address) return -EINVAL;
  using held = mm.mmapSem.lock();
  const end = address + size;
  let at = address;
  let result: i32 = 0;
  for (let region = findVma(mm, at, held); region !== null && at < end; region = nextVma(mm, region)) {
    if (region.vmStart >= end) break;
    if (region.vmStart > at) {
      result = -ENOMEM;
      at = region.vmStart;
    }
    const last = region.vmEnd < end ? region.vmEnd : end;
    const done = advise(mm, region, at, last, advice, held);
    if (done !== 0) return done;
    at = last;
  }
  return at < end ? -ENOMEM : result;
}

function isKnownAdvice(advice: u32): boolean {
  switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
      return true;
    default:
      return false;
  }
}

/**
 * Puts what was written to a shared mapping of a file into the file. Mappings show the file's own pages, and those are
 * where the file is, so only the question is checked: -EINVAL, or -ENOMEM if there is a hole.
 *
 * @sleeps
 */
export function doMsync(mm: Mm, address: u32, length: u32, flags: u32): i32 {
  const size = pageCeil(length);
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0 || (address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  if ((flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0) return -EINVAL;
  if (size < length || address > USER_END || size > USER_END - address) return -ENOMEM;
  using held = mm.mmapSem.lock();
  let at = address;
  while (at < address + size) {
    const region = findVma(mm, at, held);
    if (region === null || region.vmStart > at) return -ENOMEM;
    at = region.vmEnd;
  }
  return 0;
}

/** Within one region. The fork advice holds for the whole of it. */
function advise(mm: Mm, region: Vma, start: u32, end: u32, advice: u32, held: Held<MmapSem>): i32 {
  if (advice === MADV_DONTNEED || advice === MADV_FREE) {
    if ((region.vmFlags & VM_LOCKED) !== 0) return -EINVAL;
    if (advice === MADV_FREE && region.vmOps !== null) return -EINVAL;
    unmapPages(mm, start, end, held);
  } else if (advice === MADV_DONTFORK) {
    region.vmFlags |= VM_DONTCOPY;
  } else if (advice === MADV_DOFORK) {
    region.vmFlags &= ~VM_DONTCOPY;
  }
  return 0;
}
