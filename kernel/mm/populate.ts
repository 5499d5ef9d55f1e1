/*
 * Bringing pages in before they are touched: MAP_POPULATE, mlock, madvise.
 */

import { EFAULT, ENOMEM } from '../abi/errno.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { FAULT_HANDLED, faultIn } from './fault.ts';
import { type Mm, type MmapSem, VM_ACCESS, VM_LOCKONFAULT, VM_SHARED, VM_WRITE } from './types.ts';
import { findVma } from './vma.ts';

/**
 * Makes all pages of [start, end) present; those that are private and writable get frames of their own. Regions whose
 * pages are locked as they come are left alone. 0; -ENOMEM: no memory; -EFAULT: a hole, a page that nobody may touch, or
 * one beyond the end of its file. What comes before is done.
 *
 * @sleeps
 */
export function populate(mm: Mm, start: u32, end: u32, mmap: Held<MmapSem>): i32 {
  let at = start;
  while (at < end) {
    const region = findVma(mm, at, mmap);
    if (region === null || region.vmStart > at) return -EFAULT;
    if ((region.vmFlags & VM_LOCKONFAULT) === 0) {
      if ((region.vmFlags & VM_ACCESS) === 0) return -EFAULT;
      const error = faultInRange(mm, at, region.vmEnd < end ? region.vmEnd : end, isOwned(region.vmFlags), mmap);
      if (error !== 0) return error;
    }
    at = region.vmEnd;
  }
  return 0;
}

function isOwned(vmFlags: u32): boolean {
  return (vmFlags & (VM_WRITE | VM_SHARED)) === VM_WRITE;
}

/** The same for a read or a write of each page, which the regions must allow. */
export function faultInRange(mm: Mm, start: u32, end: u32, write: boolean, mmap: Held<MmapSem>): i32 {
  for (let at = start; at < end; at += PAGE_SIZE) {
    const result = faultIn(mm, at, write, mmap);
    if (result !== FAULT_HANDLED) return result === -ENOMEM ? -ENOMEM : -EFAULT;
  }
  return 0;
}
