/*
 * mprotect: other rights for pages that are mapped already.
 *
 * @source mprotect(2)
 */

import { EACCES, EINVAL, ENOMEM } from '../abi/errno.ts';
import { PROT_EXEC, PROT_GROWSDOWN, PROT_GROWSUP, PROT_READ, PROT_SEM, PROT_WRITE } from '../abi/mman.ts';
import { PAGE_SHIFT, PAGE_SIZE, pageCeil } from '../arch/x86/layout.ts';
import { mayExpandVm } from './limits.ts';
import { acctMemory, isAccountable, unacctMemory } from './overcommit.ts';
import { protectPages } from './pageTables.ts';
import { populate } from './populate.ts';
import {
  type Mm,
  type MmapSem,
  VM_ACCESS,
  VM_ACCOUNT,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_SHARED,
  VM_WRITE,
  type Vma,
} from './types.ts';
import { findVma, mergeRange } from './vma.ts';
import { fixupVma } from './vmaFixup.ts';

/** From VM_READ to VM_MAYREAD, and so on. */
const MAY_SHIFT: u32 = 4;

/**
 * Changes the rights of [address, address + length). -ENOMEM if there is a hole in it, -EACCES if a mapping may never
 * have such rights; what comes before the obstacle is changed, as on Linux.
 *
 * @sleeps
 */
export function doMprotect(mm: Mm, address: u32, length: u32, prot: u32): i32 {
  const grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
  if (grows === (PROT_GROWSDOWN | PROT_GROWSUP) || (address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  if (length === 0) return 0;
  const end = address + pageCeil(length);
  if (end <= address) return -ENOMEM;
  if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | grows)) !== 0) return -EINVAL;
  using mmap = mm.mmapSem.lock();
  const first = findVma(mm, address, mmap);
  if (first === null) return -ENOMEM;
  let start = address;
  if (grows === PROT_GROWSDOWN) {
    if (first.vmStart >= end) return -ENOMEM;
    if ((first.vmFlags & VM_GROWSDOWN) === 0) return -EINVAL;
    start = first.vmStart;
  } else if (first.vmStart > address) {
    return -ENOMEM;
  } else if (grows !== 0) {
    return -EINVAL; // nothing grows upwards here
  }
  const result = protectRange(mm, start, end, prot & VM_ACCESS, mmap);
  mergeRange(mm, start, end, mmap);
  return result;
}

function protectRange(mm: Mm, start: u32, end: u32, access: u32, mmap: Held<MmapSem>): i32 {
  let at = start;
  while (at < end) {
    const region = findVma(mm, at, mmap);
    if (region === null || region.vmStart > at) return -ENOMEM;
    if ((access & ~(region.vmFlags >>> MAY_SHIFT)) !== 0) return -EACCES;
    const last = region.vmEnd < end ? region.vmEnd : end;
    const error = mprotectFixup(mm, region, at, last, (region.vmFlags & ~VM_ACCESS) | access, mmap);
    if (error !== 0) return error;
    at = last;
  }
  return 0;
}

/** Within one region. A private mapping that becomes writable promises its pages. */
function mprotectFixup(mm: Mm, region: Vma, start: u32, end: u32, wanted: u32, mmap: Held<MmapSem>): i32 {
  const old = region.vmFlags;
  if (wanted === old) return 0;
  const pages = (end - start) >>> PAGE_SHIFT;
  let flags = wanted;
  if ((wanted & VM_WRITE) !== 0) {
    if (!mayExpandVm(mm, wanted, pages) && mayExpandVm(mm, old, pages)) return -ENOMEM; // it turns into data
    if ((old & (VM_ACCOUNT | VM_WRITE)) === 0 && isAccountable(wanted)) {
      if (acctMemory(pages) !== 0) return -ENOMEM;
      flags |= VM_ACCOUNT;
    }
  }
  const error = fixupVma(mm, region, start, end, flags, mmap);
  if (error !== 0) {
    if (flags !== wanted) unacctMemory(pages);
    return error;
  }
  protectPages(mm, start, end, flags, mmap);
  // What is locked is there, so that no write waits for a page: now there must be pages of its own.
  const isLockedReadOnly = (old & (VM_WRITE | VM_SHARED | VM_LOCKED)) === VM_LOCKED;
  if (isLockedReadOnly && (wanted & VM_WRITE) !== 0) populate(mm, start, end, mmap);
  return 0;
}
