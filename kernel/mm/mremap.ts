/*
 * mremap: a mapping gets shorter, longer, or goes elsewhere.
 *
 * Moving a mapping moves the page-table entries; no frame is copied. The new region is a copy of the old one, put on the
 * list before the entries move, so that at each moment every page is within a region that may have it; then the old
 * range is unmapped like any other. What is needed of a region is read before neighbours are joined: after that the
 * record may be gone.
 *
 * The old length 0 asks for a second view of a shared mapping; MREMAP_DONTUNMAP leaves the old range there, empty.
 *
 * @source mremap(2)
 */

import { EAGAIN, EFAULT, EINVAL, ENOMEM } from '../abi/errno.ts';
import { RACE_MOVE, RACE_MOVE_FLAGS } from '../abi/races.ts';
import { MAP_FIXED, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from '../abi/mman.ts';
import { PAGE_SHIFT, PAGE_SIZE, pageCeil, USER_END } from '../arch/x86/layout.ts';
import { PAGE_TABLE_SPAN } from '../arch/x86/pageTable.ts';
import { flushUserRange } from '../arch/x86/tlb.ts';
import { type FileMappings, lockMappings } from './fileMappings.ts';
import { maxMapCount, mayExpandVm, mlockFutureOk } from './limits.ts';
import { unmapRange } from './munmap.ts';
import { acctMemory, unacctMemory } from './overcommit.ts';
import { allocPte, hasTable, moveTableEntries, tableFloor } from './pageTables.ts';
import { populate } from './populate.ts';
import { checkInUse, isOpen, RACE_1999_MOVE, RACE_1999_MOVE_FLAGS } from './raceFlags.ts';
import { type Mm, type MmapSem, VM_ACCOUNT, VM_LOCKED, VM_LOCKONFAULT, VM_SHARED, type Vma } from './types.ts';
import { getUnmappedArea } from './unmappedArea.ts';
import {
  copyVma,
  findVma,
  findVmaIntersection,
  freeMerged,
  insertVmStruct,
  mergeRange,
  mergeSegments,
  moveEnds,
  vmaAdjust,
  vmlistModifyLock,
  vmStatAccount,
} from './vma.ts';
import { fixupVma } from './vmaFixup.ts';

/** One call, with sizes in whole pages. */
class RemapRequest {
  address: u32;
  oldSize: u32;
  newSize: u32;
  flags: u32;
  target: u32; // with MREMAP_FIXED; a hint with MREMAP_DONTUNMAP
}

/**
 * Resizes the mapping at [address, address + oldLength). Returns where it is then, or -errno.
 *
 * @sleeps
 */
export function doMremap(mm: Mm, address: u32, oldLength: u32, newLength: u32, flags: u32, newAddress: u32): i32 {
  const request = zeroed<Inline<RemapRequest>>();
  request.address = address;
  request.oldSize = pageCeil(oldLength);
  request.newSize = pageCeil(newLength);
  request.flags = flags;
  request.target = newAddress;
  if (!isSound(request)) return -EINVAL;
  using mmap = mm.mmapSem.lock();
  const region = findVma(mm, address, mmap);
  if (region === null || region.vmStart > address) return -EFAULT;
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return remapTo(mm, region, request, mmap);
  if (request.newSize <= request.oldSize && request.oldSize !== 0) return shrink(mm, request, mmap);
  const refused = checkResize(mm, region, request, mmap);
  if (refused !== 0) return refused;
  if (expandInPlace(mm, region, request, mmap)) return i32(address);
  return (flags & MREMAP_MAYMOVE) === 0 ? -ENOMEM : moveVma(mm, region, request, 0, mmap);
}

/** What can be said without a look at the regions. */
function isSound(request: RemapRequest): boolean {
  const flags = request.flags;
  const size = request.newSize;
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return false;
  if ((request.address & (PAGE_SIZE - 1)) !== 0 || size === 0 || size > USER_END) return false;
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) === 0) return true;
  if ((flags & MREMAP_MAYMOVE) === 0) return false;
  if ((flags & MREMAP_DONTUNMAP) !== 0 && request.oldSize !== size) return false;
  const target = request.target;
  if ((target & (PAGE_SIZE - 1)) !== 0 || target > USER_END - size) return false;
  return request.address + request.oldSize <= target || target + size <= request.address;
}

/** The mapping gets shorter, or stays as it is. A hole in what goes is no matter. */
function shrink(mm: Mm, request: RemapRequest, mmap: Held<MmapSem>): i32 {
  const address = request.address;
  if (request.newSize === request.oldSize) return i32(address);
  if (request.oldSize > USER_END - address) return -EINVAL;
  const result = unmapRange(mm, address + request.newSize, address + request.oldSize, mmap);
  return result === 0 ? i32(address) : result;
}

/** May the mapping have the new size? 0 or -errno. */
function checkResize(mm: Mm, region: Vma, request: RemapRequest, _mmap: Held<MmapSem>): i32 {
  const oldSize = request.oldSize;
  if (oldSize === 0 && (region.vmFlags & VM_SHARED) === 0) return -EINVAL;
  const kept = request.newSize < oldSize ? request.newSize : oldSize; // what goes may be several mappings
  if (kept > region.vmEnd - request.address) return -EFAULT;
  if (request.newSize <= oldSize) return 0;
  const pages = (request.newSize - oldSize) >>> PAGE_SHIFT;
  const end = region.vmOffset + ((request.address - region.vmStart + request.newSize) >>> PAGE_SHIFT);
  if (end < region.vmOffset) return -EINVAL;
  if (!mlockFutureOk(mm, region.vmFlags, pages)) return -EAGAIN;
  return mayExpandVm(mm, region.vmFlags, pages) ? 0 : -ENOMEM;
}

/** Extends the region at its end, if the mapping reaches there and the next addresses are free. */
function expandInPlace(mm: Mm, region: Vma, request: RemapRequest, mmap: Held<MmapSem>): boolean {
  const start = region.vmStart;
  const oldEnd = request.address + request.oldSize;
  const grown = request.newSize - request.oldSize;
  if (request.oldSize === 0 || region.vmEnd !== oldEnd || grown > USER_END - oldEnd) return false;
  if (findVmaIntersection(mm, oldEnd, oldEnd + grown, mmap) !== null) return false; // it may touch a stack
  const flags = region.vmFlags;
  if ((flags & VM_ACCOUNT) !== 0 && acctMemory(grown >>> PAGE_SHIFT) !== 0) return false;
  vmStatAccount(mm, flags, i32(grown >>> PAGE_SHIFT), mmap);
  {
    using vmlist = vmlistModifyLock(mm, mmap);
    using shared = lockMappings(region.vmMappings);
    vmaAdjust(mm, region, start, oldEnd + grown, mmap, vmlist, shared);
  }
  mergeRange(mm, start, oldEnd + grown, mmap);
  if ((flags & (VM_LOCKED | VM_LOCKONFAULT)) === VM_LOCKED) populate(mm, oldEnd, oldEnd + grown, mmap);
  return true;
}

/** To a place that the caller names; what is there goes first. MREMAP_DONTUNMAP alone names none, or hints. */
function remapTo(mm: Mm, region: Vma, request: RemapRequest, mmap: Held<MmapSem>): i32 {
  if (mm.mapCount + 2 >= maxMapCount() - 3) return -ENOMEM;
  const isFixed = (request.flags & MREMAP_FIXED) !== 0;
  if (isFixed && request.oldSize === request.newSize) return moveAll(mm, request, mmap);
  const refused = checkResize(mm, region, request, mmap);
  return refused !== 0 ? refused : remapOne(mm, request, mmap);
}

/** Moves what may be several mappings, with the gaps between them, to a named place: only resizing is for one alone. */
function moveAll(mm: Mm, request: RemapRequest, mmap: Held<MmapSem>): i32 {
  const target = request.target;
  const start = request.address;
  const end = start + request.oldSize;
  if (end < start) return -EFAULT;
  let at = start;
  while (at < end) {
    const region = findVma(mm, at, mmap);
    if (region === null || region.vmStart >= end) break;
    const from = region.vmStart > at ? region.vmStart : at;
    const to = region.vmEnd < end ? region.vmEnd : end;
    request.address = from;
    request.oldSize = to - from;
    request.newSize = to - from;
    request.target = target + (from - start);
    const result = remapOne(mm, request, mmap);
    if (u32(result) !== request.target) return result;
    at = to;
  }
  return i32(target);
}

/** The mapping at the address, which is within one region, goes elsewhere. */
function remapOne(mm: Mm, request: RemapRequest, mmap: Held<MmapSem>): i32 {
  let target: u32 = 0;
  if ((request.flags & MREMAP_FIXED) !== 0) {
    target = request.target;
    const place = getUnmappedArea(mm, target, request.newSize, MAP_FIXED, mmap);
    if (u32(place) !== target) return place;
    const result = unmapRange(mm, target, target + request.newSize, mmap);
    if (result !== 0) return result;
  }
  if (request.newSize < request.oldSize) {
    const result = shrink(mm, request, mmap);
    if (result < 0 && result > -4096) return result;
    request.oldSize = request.newSize;
  }
  const region = findVma(mm, request.address, mmap);
  if (region === null || region.vmStart > request.address) return -EFAULT;
  const isKept = (request.flags & MREMAP_DONTUNMAP) !== 0;
  if (isKept && !mayExpandVm(mm, region.vmFlags, request.oldSize >>> PAGE_SHIFT)) return -ENOMEM;
  return moveVma(mm, region, request, target, mmap);
}

/** Moves the mapping, part of `region`, to `target` (0: wherever there is room). The new address, or -errno. */
function moveVma(mm: Mm, region: Vma, request: RemapRequest, target: u32, mmap: Held<MmapSem>): i32 {
  const size = request.newSize;
  const pages = size >>> PAGE_SHIFT;
  const flags = region.vmFlags;
  const mappings = region.vmMappings;
  if (mm.mapCount >= maxMapCount() - 3) return -ENOMEM; // this may take as many for a while
  let to = target;
  if (to === 0) {
    const place = getUnmappedArea(mm, request.target, size, 0, mmap);
    if (place < 0 && place > -4096) return place;
    to = u32(place);
  }
  if ((flags & VM_ACCOUNT) !== 0 && acctMemory(pages) !== 0) return -ENOMEM;
  const copy = copyVma(mm, region);
  if (copy === null) {
    if ((flags & VM_ACCOUNT) !== 0) unacctMemory(pages);
    return -ENOMEM;
  }
  moveEnds(copy, request.address, request.address + size);
  copy.vmStart = to;
  copy.vmEnd = to + size;
  if (copy.vmOps === null) copy.vmOffset = to >>> PAGE_SHIFT;
  vmStatAccount(mm, flags, i32(pages), mmap);
  if (RACE_1999_MOVE && isOpen(RACE_MOVE)) insertAndMerge(mm, region, copy, mmap);
  else insertCopy(mm, copy, mmap);
  if (!moveEntries(mm, mappings, request.address, request.oldSize, to, mmap)) {
    unmapRange(mm, to, to + size, mmap);
    return -ENOMEM;
  }
  leaveOld(mm, request, flags, mmap);
  mergeRange(mm, to, to + size, mmap);
  const known = RACE_1999_MOVE_FLAGS && isOpen(RACE_MOVE_FLAGS) ? flagsAfterMerge(mm, copy) : flags;
  if ((known & (VM_LOCKED | VM_LOCKONFAULT)) === VM_LOCKED) populate(mm, to + request.oldSize, to + size, mmap);
  return i32(to);
}

/** The old range, whose pages have moved, goes, or stays there empty and not locked. */
function leaveOld(mm: Mm, request: RemapRequest, flags: u32, mmap: Held<MmapSem>): void {
  const from = request.address;
  if (request.oldSize === 0) return;
  if ((request.flags & MREMAP_DONTUNMAP) === 0) {
    unmapRange(mm, from, from + request.oldSize, mmap);
  } else if ((flags & VM_LOCKED) !== 0) {
    const old = findVma(mm, from, mmap)!;
    fixupVma(mm, old, from, from + request.oldSize, flags & ~(VM_LOCKED | VM_LOCKONFAULT), mmap);
  }
}

function insertCopy(mm: Mm, copy: Vma, mmap: Held<MmapSem>): void {
  using vmlist = vmlistModifyLock(mm, mmap);
  using shared = lockMappings(copy.vmMappings);
  insertVmStruct(mm, copy, mmap, vmlist, shared);
}

/** RACE_1999_MOVE_FLAGS: what can be read in the new region, if it is still there. */
function flagsAfterMerge(mm: Mm, copy: Vma): u32 {
  checkInUse(mm, copy);
  return copy.vmFlags;
}

/** RACE_1999_MOVE: inserts, joins, and lets go of (V) by way of `region`, which may be gone by then. */
function insertAndMerge(mm: Mm, region: Vma, copy: Vma, mmap: Held<MmapSem>): void {
  const vmlist = mm.vmlistLock.acquire();
  {
    using shared = lockMappings(copy.vmMappings);
    insertVmStruct(mm, copy, mmap, vmlist, shared);
  }
  freeMerged(mergeSegments(mm, copy.vmStart, copy.vmEnd, mmap, vmlist));
  region.vmMm.vmlistLock.release();
}

/** Moves the entries of [from, from + size) to `to`. False: no memory for a table, and all are back where they were. */
function moveEntries(
  mm: Mm,
  mappings: FileMappings | null,
  from: u32,
  size: u32,
  to: u32,
  mmap: Held<MmapSem>,
): boolean {
  let offset: u32 = 0;
  while (offset < size) {
    const step = movable(from + offset, to + offset, size - offset);
    if (hasTable(mm, from + offset)) {
      if (allocPte(mm, to + offset, mmap) === null) break;
      movePart(mm, mappings, from + offset, to + offset, step, mmap);
    }
    offset += step;
  }
  flushUserRange(mm, from, from + size);
  if (offset >= size) return true;
  for (let back: u32 = 0; back < offset;) {
    const step = movable(from + back, to + back, offset - back);
    if (hasTable(mm, to + back)) movePart(mm, mappings, to + back, from + back, step, mmap);
    back += step;
  }
  flushUserRange(mm, to, to + size);
  return false;
}

/** How much of `left` bytes both addresses have in one table each. */
function movable(from: u32, to: u32, left: u32): u32 {
  const first = tableFloor(from) + PAGE_TABLE_SPAN - from;
  const second = tableFloor(to) + PAGE_TABLE_SPAN - to;
  const both = first < second ? first : second;
  return left < both ? left : both;
}

/** Under (I), or truncation could look at the new place before a page is there, and at the old one after. */
function movePart(mm: Mm, mappings: FileMappings | null, from: u32, to: u32, size: u32, mmap: Held<MmapSem>): void {
  using _shared = lockMappings(mappings);
  moveTableEntries(mm, from, to, size >>> PAGE_SHIFT, mmap);
}
