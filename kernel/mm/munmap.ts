/*
 * munmap: regions go, or parts of them.
 *
 * In one step under (V) all regions that the range touches leave list and tree. What the range takes of each is unmapped;
 * then `unmapFixup` puts back what is left of a region: nothing, the lower part, the upper part, or both, for which the
 * second record was made before anything happened, so that munmap cannot fail half-way. Until then the regions are seen
 * by nobody who comes through the address space. They stay on their files' lists, since a file that is cut meanwhile
 * must still find its pages.
 *
 * Last, the page tables that served nothing but the range are freed. Nobody can be in them: faults and calls need (M),
 * the page stealer and truncation only go where a region is listed.
 *
 * @source munmap(2)
 */

import { EINVAL, ENOMEM } from '../abi/errno.ts';
import { RACE_MERGE } from '../abi/races.ts';
import { PAGE_SHIFT, PAGE_SIZE, pageCeil, USER_END } from '../arch/x86/layout.ts';
import { addSharedVmStruct, lockMappings, removeSharedVmStruct } from './fileMappings.ts';
import { maxMapCount } from './limits.ts';
import { unacctMemory } from './overcommit.ts';
import { freeTables, tableCeil, tableFloor, unmapPages } from './pageTables.ts';
import { isOpen, RACE_1999_MERGE } from './raceFlags.ts';
import { type SharedMemory, sharedMemoryOf } from './sharedMemory.ts';
import { type Mm, type MmapSem, VM_ACCOUNT, type Vma } from './types.ts';
import {
  copyVma,
  findVma,
  findVmaIntersection,
  findVmaPrev,
  freeVma,
  linkVma,
  moveEnds,
  previousVma,
  unlinkVma,
  vmaPages,
  vmlistModifyLock,
  vmStatAccount,
} from './vma.ts';

/** Unmaps [address, address + length). 0, -EINVAL, -ENOMEM. @sleeps */
export function doMunmap(mm: Mm, address: u32, length: u32): i32 {
  const size = pageCeil(length);
  if ((address & (PAGE_SIZE - 1)) !== 0 || size === 0 || size > USER_END || address > USER_END - size) return -EINVAL;
  using mmap = mm.mmapSem.lock();
  return unmapRange(mm, address, address + size, mmap);
}

/** Does the region show the part of `object` that is there when the object begins at `address`? */
function showsPart(region: Vma, object: SharedMemory, address: u32): boolean {
  return sharedMemoryOf(region) === object && region.vmStart - address === region.vmOffset << PAGE_SHIFT;
}

/** The object with a name that begins at `address`, of which a part at least is mapped; null: none. */
function namedObjectAt(mm: Mm, address: u32, mmap: Held<MmapSem>): SharedMemory | null {
  for (let region = findVma(mm, address, mmap); region !== null; region = region.vmNext) {
    const object = sharedMemoryOf(region);
    if (object !== null && object.detached !== null && showsPart(region, object, address)) return object;
  }
  return null;
}

/** Unmaps the memory object with a name that was mapped at `address`, what is left of it. 0, or -EINVAL: none. @sleeps */
export function unmapSharedMemory(mm: Mm, address: u32): i32 {
  using mmap = mm.mmapSem.lock();
  const object = namedObjectAt(mm, address, mmap);
  if (object === null) return -EINVAL;
  const end = address + (object.pageCount << PAGE_SHIFT);
  let at = address;
  for (;;) {
    const region = findVmaIntersection(mm, at, end, mmap);
    if (region === null) return 0;
    at = region.vmEnd;
    if (!showsPart(region, object, address)) continue;
    const error = unmapRange(mm, region.vmStart, at, mmap);
    if (error < 0) return error;
  }
}

/** Pages of [start, end) that are in regions. */
export function intersectingPages(mm: Mm, start: u32, end: u32, mmap: Held<MmapSem>): u32 {
  let sum: u32 = 0;
  let region = findVmaIntersection(mm, start, end, mmap);
  while (region !== null && region.vmStart < end) {
    const from = region.vmStart > start ? region.vmStart : start;
    const to = region.vmEnd < end ? region.vmEnd : end;
    sum += (to - from) >>> PAGE_SHIFT;
    region = region.vmNext;
  }
  return sum;
}

/**
 * Removes whatever is in [start, end). 0, or -ENOMEM and nothing has happened: a hole in a region makes it two, for which
 * there must be memory, and room among the regions.
 *
 * @sleeps
 */
export function unmapRange(mm: Mm, start: u32, end: u32, mmap: Held<MmapSem>): i32 {
  let before: Vma | null = null;
  const first = findVmaPrev(mm, start, addrOf(before), mmap);
  if (first === null || first.vmStart >= end) return 0;
  let extra: Vma | null = null;
  if (first.vmStart < start && end < first.vmEnd) {
    if (mm.mapCount >= maxMapCount()) return -ENOMEM;
    extra = copyVma(mm, first);
    if (extra === null) return -ENOMEM;
  }
  let region: Vma | null = detachRange(mm, first, reload<Vma | null>(before), end, mmap);
  while (region !== null) {
    const next: Vma | null = region.vmNext;
    const from = region.vmStart > start ? region.vmStart : start;
    const to = region.vmEnd < end ? region.vmEnd : end;
    unmapPart(mm, region, from, to, mmap);
    unmapFixup(mm, region, from, to, extra, mmap);
    region = next;
  }
  freePgtables(mm, start, end, mmap);
  return 0;
}

/** Takes the regions from `first` to before `end` off list and tree; returns them, as a list by vmNext. */
function detachRange(mm: Mm, first: Vma, before: Vma | null, end: u32, mmap: Held<MmapSem>): Vma {
  let last = first;
  let region: Vma | null = first;
  using vmlist = vmlistModifyLock(mm, mmap);
  while (region !== null && region.vmStart < end) {
    const next: Vma | null = region.vmNext;
    unlinkVma(mm, region, before, mmap, vmlist);
    last = region;
    region = next;
  }
  last.vmNext = null;
  if (RACE_1999_MERGE && isOpen(RACE_MERGE)) mm.mmapCache = null;
  return first;
}

/** Takes the pages of [from, to) out of a region that is off the list, and settles the accounts. */
function unmapPart(mm: Mm, region: Vma, from: u32, to: u32, mmap: Held<MmapSem>): void {
  const operations = region.vmOps;
  if (operations !== null) {
    const unmap = operations.unmap;
    if (unmap !== null) unmap(region, from, to - from);
  }
  unmapPages(mm, from, to, false, mmap);
  const pages = (to - from) >>> PAGE_SHIFT;
  vmStatAccount(mm, region.vmFlags, -i32(pages), mmap);
  if ((region.vmFlags & VM_ACCOUNT) !== 0) unacctMemory(pages);
}

/**
 * Puts back what is left of a region when [from, to) is gone from it: all, either end, or a hole, whose upper side
 * becomes `extra`. Nothing left: the region is closed and freed.
 */
function unmapFixup(mm: Mm, region: Vma, from: u32, to: u32, extra: Vma | null, mmap: Held<MmapSem>): void {
  if (from === region.vmStart && to === region.vmEnd) {
    removeFromFile(region);
    freeVma(region);
    return;
  }
  using vmlist = vmlistModifyLock(mm, mmap);
  using shared = lockMappings(region.vmMappings);
  const end = region.vmEnd;
  if (from === region.vmStart) {
    moveEnds(region, to, end);
  } else {
    moveEnds(region, region.vmStart, from);
    if (to < end) {
      moveEnds(extra!, to, end);
      linkVma(mm, extra!, mmap, vmlist);
      addSharedVmStruct(extra!, shared);
    }
  }
  linkVma(mm, region, mmap, vmlist);
}

function removeFromFile(region: Vma): void {
  using shared = lockMappings(region.vmMappings);
  removeSharedVmStruct(region, shared);
}

/** Frees the tables of [start, end), where nothing is mapped any more, unless they serve a neighbour, too. */
function freePgtables(mm: Mm, start: u32, end: u32, mmap: Held<MmapSem>): void {
  const after = findVma(mm, end, mmap);
  const before = previousVma(mm, after, mmap);
  const first = tableFloor(start);
  const last = tableCeil(end);
  freeTables(
    mm,
    before !== null && before.vmEnd > first ? before.vmEnd : first,
    after !== null && after.vmStart < last ? after.vmStart : last,
    mmap,
  );
}

/**
 * Empties an address space that has no users any more. The pages go first, while every region is still on the list: who
 * looks for the last users of a swap entry finds them to the end. Then the list goes, in one step, and what it named.
 *
 * @sleeps
 */
export function exitMmap(mm: Mm, mmap: Held<MmapSem>): void {
  for (let region = mm.mmap; region !== null; region = region.vmNext) {
    unmapPages(mm, region.vmStart, region.vmEnd, false, mmap);
  }
  let region: Vma | null = hideRegions(mm, mmap);
  while (region !== null) {
    const next: Vma | null = region.vmNext;
    const start = tableFloor(region.vmStart);
    let end = tableCeil(region.vmEnd);
    if (next !== null && tableFloor(next.vmStart) < end) end = tableFloor(next.vmStart);
    vmStatAccount(mm, region.vmFlags, -i32(vmaPages(region)), mmap);
    if ((region.vmFlags & VM_ACCOUNT) !== 0) unacctMemory(vmaPages(region));
    removeFromFile(region);
    freeVma(region);
    freeTables(mm, start, end, mmap);
    region = next;
  }
}

/** Takes all regions off list and tree; returns the first. */
function hideRegions(mm: Mm, mmap: Held<MmapSem>): Vma | null {
  using _vmlist = vmlistModifyLock(mm, mmap);
  const first = mm.mmap;
  mm.mmap = null;
  mm.mmapAvl = null;
  mm.mmapCache = null;
  mm.mapCount = 0;
  return first;
}
