/*
 * mmap and brk: regions come.
 *
 * The checks come in the order in which Linux makes them, since a call with two faults shows only the first. Then the
 * region is made, complete with its file, while nobody can see it; what is in its way goes; it is put on the list; and
 * neighbours that are alike are joined. From the insertion on the new region may be part of another one: nothing is read
 * from it any more.
 *
 * Locking. Each call takes (M) for all its work, and (V) and (I) for the moment of the insertion.
 *
 * @source mmap(2), brk(2)
 */

import { EACCES, EAGAIN, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, EOVERFLOW, EPERM } from '../abi/errno.ts';
import {
  MAP_GROWSDOWN,
  MAP_LOCKED,
  MAP_NONBLOCK,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../abi/mman.ts';
import { RLIMIT_DATA } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, PAGE_SIZE, pageCeil, USER_END } from '../arch/x86/layout.ts';
import { type File } from '../fs/file.ts';
import { lockMappings } from './fileMappings.ts';
import { canDoMlock, maxMapCount, mayExpandVm, mlockFutureOk } from './limits.ts';
import { intersectingPages, unmapRange } from './munmap.ts';
import { acctMemory, isAccountable, OVERCOMMIT_NEVER, overcommitPolicy, unacctMemory } from './overcommit.ts';
import { populate } from './populate.ts';
import { shareRegion, type SharedMemory, showSharedMemory } from './sharedMemory.ts';
import {
  type Mm,
  type MmapSem,
  VM_ACCOUNT,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_LOCKONFAULT,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type VmlistLock,
  type Vma,
} from './types.ts';
import { getUnmappedArea } from './unmappedArea.ts';
import {
  allocateVma,
  findVmaIntersection,
  freeMerged,
  freeVma,
  insertVmStruct,
  mergeSegments,
  vmlistModifyLock,
  vmStatAccount,
} from './vma.ts';
import { lowestTaken } from './vmaTree.ts';

const ALL_PROT: u32 = PROT_READ | PROT_WRITE | PROT_EXEC;
/** Flags that every kernel knows: MAP_SHARED_VALIDATE allows no others. */
const OLD_FLAGS: u32 = 0x1ffff;

/**
 * Maps `length` bytes of `file` from `pageOffset` on, or of nothing for MAP_ANONYMOUS. Returns the address, or -errno:
 * as the address space ends at 3 GiB, results from -4095 on, unsigned, are errors.
 *
 * @sleeps
 */
export function doMmap(
  mm: Mm,
  address: u32,
  length: u32,
  prot: u32,
  flags: u32,
  file: File | null,
  pageOffset: u32,
): i32 {
  const size = pageCeil(length);
  if (length === 0) return -EINVAL;
  if (size === 0) return -ENOMEM;
  if (pageOffset + (size >>> PAGE_SHIFT) < pageOffset) return -EOVERFLOW;
  return mapAnything(mm, address, size, prot, flags, file, null, pageOffset);
}

/** Maps `length` bytes of a memory object, MAP_SHARED: results as doMmap. The caller has a reference. @sleeps */
export function mapSharedMemory(mm: Mm, address: u32, length: u32, prot: u32, flags: u32, object: SharedMemory): i32 {
  return mapAnything(mm, address, pageCeil(length), prot, flags, null, object, 0);
}

/** The rest of mmap: `size` is whole pages; there is a file, an object, or neither. */
function mapAnything(
  mm: Mm,
  address: u32,
  size: u32,
  prot: u32,
  flags: u32,
  file: File | null,
  object: SharedMemory | null,
  pageOffset: u32,
): i32 {
  using mmap = mm.mmapSem.lock();
  if (mm.mapCount > maxMapCount()) return -ENOMEM;
  const place = getUnmappedArea(mm, address, size, flags, mmap);
  if (place < 0 && place > -4096) return place;
  if ((flags & MAP_LOCKED) !== 0 && !canDoMlock()) return -EPERM;
  const vmFlags = mapFlags(prot, flags) | mm.defFlags;
  if (!mlockFutureOk(mm, vmFlags, size >>> PAGE_SHIFT)) return -EAGAIN;
  const refused = file === null ? checkAnonymous(flags) : checkFile(file, flags, vmFlags);
  if (refused !== 0) return refused;
  const result = mmapRegion(mm, u32(place), size, vmFlags, file, object, pageOffset, mmap);
  if (u32(result) === u32(place)) populateNew(mm, u32(place), size, flags, vmFlags, mmap);
  return result;
}

/** VM_ flags for a mapping of known type. */
function mapFlags(prot: u32, flags: u32): u32 {
  let result: u32 = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | (prot & ALL_PROT);
  if ((flags & MAP_TYPE) !== MAP_PRIVATE) result |= VM_SHARED;
  if ((flags & MAP_GROWSDOWN) !== 0) result |= VM_GROWSDOWN;
  if ((flags & MAP_LOCKED) !== 0) result |= VM_LOCKED;
  if ((flags & MAP_NORESERVE) !== 0 && overcommitPolicy() !== OVERCOMMIT_NEVER) result |= VM_NORESERVE;
  return result;
}

function checkAnonymous(flags: u32): i32 {
  const type = flags & MAP_TYPE;
  if (type === MAP_SHARED) return (flags & MAP_GROWSDOWN) !== 0 ? -EINVAL : 0;
  return type === MAP_PRIVATE ? 0 : -EINVAL;
}

/** May this file be mapped like that? */
function checkFile(file: File, flags: u32, vmFlags: u32): i32 {
  const type = flags & MAP_TYPE;
  if (type === MAP_SHARED_VALIDATE && (flags & ~(OLD_FLAGS | MAP_SHARED_VALIDATE)) !== 0) return -EOPNOTSUPP;
  if (type === MAP_SHARED || type === MAP_SHARED_VALIDATE) {
    if ((vmFlags & VM_WRITE) !== 0 && !file.isWritable()) return -EACCES;
  } else if (type !== MAP_PRIVATE) {
    return -EINVAL;
  }
  if (!file.isReadable()) return -EACCES;
  if (file.operations.mmap === null) return -ENODEV;
  return (vmFlags & VM_GROWSDOWN) !== 0 ? -EINVAL : 0;
}

/** Brings the pages of a new mapping in, if that is wanted. That it may not work out is no error of mmap's. */
function populateNew(mm: Mm, start: u32, size: u32, flags: u32, vmFlags: u32, mmap: Held<MmapSem>): void {
  const wanted = (flags & (MAP_POPULATE | MAP_NONBLOCK)) === MAP_POPULATE;
  if (wanted || (vmFlags & (VM_LOCKED | VM_LOCKONFAULT)) === VM_LOCKED) populate(mm, start, start + size, mmap);
}

/** Makes a region at a place that has been chosen; what is in the way goes. Returns the address, or -errno. */
function mmapRegion(
  mm: Mm,
  start: u32,
  size: u32,
  vmFlags: u32,
  file: File | null,
  object: SharedMemory | null,
  pageOffset: u32,
  mmap: Held<MmapSem>,
): i32 {
  const pages = size >>> PAGE_SHIFT;
  const replaced = intersectingPages(mm, start, start + size, mmap);
  if (!mayExpandVm(mm, vmFlags, pages - replaced)) return -ENOMEM;
  const region = allocateVma(mm);
  if (region === null) return -ENOMEM;
  region.vmStart = start;
  region.vmEnd = start + size;
  region.vmFlags = vmFlags;
  region.vmOffset = file === null ? start >>> PAGE_SHIFT : pageOffset;
  let result = replaced === 0 ? 0 : unmapRange(mm, start, start + size, mmap);
  if (result === 0) result = promise(region);
  if (result === 0) result = attach(region, file, object);
  if (result !== 0) {
    region.vmOps = null;
    freeVma(region);
    return result;
  }
  placeRegion(mm, region, mmap);
  return i32(start);
}

/** Counts the pages of the region as promised, if they are to be. 0 or -ENOMEM. */
function promise(region: Vma): i32 {
  if (!isAccountable(region.vmFlags)) return 0;
  const result = acctMemory((region.vmEnd - region.vmStart) >>> PAGE_SHIFT);
  if (result === 0) region.vmFlags |= VM_ACCOUNT;
  return result;
}

/** Gives the region what is behind it. The file's own function sets `region.vmFile` and `region.vmOps`. */
function attach(region: Vma, file: File | null, object: SharedMemory | null): i32 {
  let result: i32 = 0;
  if (file !== null) {
    if ((region.vmFlags & VM_SHARED) !== 0 && !file.isWritable()) region.vmFlags &= ~VM_MAYWRITE;
    const map = file.operations.mmap;
    result = map === null ? -ENODEV : map(file, region);
  } else if (object !== null) {
    if ((region.vmFlags & VM_WRITE) === 0) region.vmFlags &= ~VM_MAYWRITE;
    showSharedMemory(region, object);
  } else if ((region.vmFlags & VM_SHARED) !== 0) {
    result = shareRegion(region);
  }
  if (result !== 0 && (region.vmFlags & VM_ACCOUNT) !== 0) unacctMemory((region.vmEnd - region.vmStart) >>> PAGE_SHIFT);
  return result;
}

/** Puts a region that is complete on the list, and joins it with its neighbours. It may be gone after. */
function placeRegion(mm: Mm, region: Vma, mmap: Held<MmapSem>): void {
  vmStatAccount(mm, region.vmFlags, i32((region.vmEnd - region.vmStart) >>> PAGE_SHIFT), mmap);
  let left: Vma | null = null;
  {
    using vmlist = vmlistModifyLock(mm, mmap);
    insertOnly(mm, region, mmap, vmlist);
    left = mergeSegments(mm, region.vmStart, region.vmEnd, mmap, vmlist);
  }
  freeMerged(left);
}

function insertOnly(mm: Mm, region: Vma, mmap: Held<MmapSem>, vmlist: Held<VmlistLock>): void {
  using shared = lockMappings(region.vmMappings);
  insertVmStruct(mm, region, mmap, vmlist, shared);
}

/**
 * Moves the end of the heap. Returns where it is now: as before, if it cannot be moved to `brk`.
 *
 * @sleeps
 */
export function doBrk(mm: Mm, brk: u32): u32 {
  using mmap = mm.mmapSem.lock();
  if (brk < mm.startBrk || brk > USER_END - PAGE_SIZE) return mm.brk;
  const dataSize = mm.endData - mm.startData;
  const limit = current().process.limits[RLIMIT_DATA].rlim_cur;
  if (dataSize > limit || brk - mm.startBrk > limit - dataSize) return mm.brk;
  const from = pageCeil(mm.brk);
  const to = pageCeil(brk);
  if (to < from && unmapRange(mm, to, from, mmap) !== 0) return mm.brk;
  if (to > from && !growHeap(mm, from, to, mmap)) return mm.brk;
  mm.brk = brk;
  return brk;
}

/** Maps [from, to) for the heap, if a page stays free behind it. */
function growHeap(mm: Mm, from: u32, to: u32, mmap: Held<MmapSem>): boolean {
  const next = findVmaIntersection(mm, from, USER_END, mmap);
  if (next !== null && to + PAGE_SIZE > lowestTaken(next)) return false;
  const flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | mm.defFlags;
  const pages = (to - from) >>> PAGE_SHIFT;
  if (mm.mapCount > maxMapCount() || !mlockFutureOk(mm, flags, pages)) return false;
  if (mmapRegion(mm, from, to - from, flags, null, null, 0, mmap) < 0) return false;
  populateNew(mm, from, to - from, 0, flags, mmap);
  return true;
}
