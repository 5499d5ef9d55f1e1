/*
 * mmap, munmap and brk: regions come and go.
 *
 * Where a mapping goes that may go anywhere: the first gap from MMAP_BASE upwards, above the heap's share of addresses
 * and below the stack.
 *
 * Locking. Each call takes (M) for all its work.
 */

import { EACCES, EEXIST, EINVAL, ENODEV, ENOMEM, EOVERFLOW, EPERM } from '../abi/errno.ts';
import {
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../abi/mman.ts';
import { RLIMIT_AS, RLIMIT_DATA } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, PAGE_SIZE, pageCeil, USER_END } from '../arch/x86/layout.ts';
import { type File } from '../fs/file.ts';
import { totalPageCount } from './buddy.ts';
import { freeTables, tableCeil, tableFloor, unmapPages } from './pageTables.ts';
import { shareRegion } from './sharedMemory.ts';
import { allocate } from './slab.ts';
import {
  type Mm,
  type MmapSem,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Vma,
} from './types.ts';
import {
  findGap,
  findVma,
  freeVma,
  insertVmStruct,
  isFree,
  mergeVma,
  nextVma,
  previousVma,
  removeVma,
  splitVma,
} from './vma.ts';

/** Mappings without a fixed place begin here; the heap grows up to here. */
export const MMAP_BASE: u32 = 0x40000000;
/** Nothing is mapped below: a null pointer, or one a little off, must fault (vm.mmap_min_addr). */
const LOWEST_ADDRESS: u32 = 0x10000;
/** Regions of one address space (vm.max_map_count). */
export const MAX_REGIONS: u32 = 65530;

const ALL_PROT: u32 = PROT_READ | PROT_WRITE | PROT_EXEC;

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
  if (size === 0 || size > USER_END) return -ENOMEM;
  if (pageOffset + (size >>> PAGE_SHIFT) < pageOffset) return -EOVERFLOW;
  const vmFlags = mapFlags(prot, flags);
  if (vmFlags === 0) return -EINVAL;
  const denied = file === null ? 0 : checkFile(file, vmFlags);
  if (denied !== 0) return denied;

  using held = mm.mmapSem.lock();
  const place = choosePlace(mm, address, size, flags, held);
  if (place < 0 && place > -4096) return place;
  const start = u32(place);
  const refused = checkRoom(mm, size, vmFlags);
  if (refused !== 0) return refused;
  return createRegion(mm, start, size, vmFlags, file, pageOffset, held);
}

/** VM_ flags for a mapping; 0 (they never are otherwise) for flags that make no sense. */
function mapFlags(prot: u32, flags: u32): u32 {
  const type = flags & MAP_TYPE;
  if (type !== MAP_PRIVATE && type !== MAP_SHARED && type !== MAP_SHARED_VALIDATE) return 0;
  let result: u32 = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | (prot & ALL_PROT);
  if (type !== MAP_PRIVATE) result |= VM_SHARED;
  if ((flags & MAP_GROWSDOWN) !== 0) {
    if (type !== MAP_PRIVATE) return 0;
    result |= VM_GROWSDOWN;
  }
  if ((flags & MAP_NORESERVE) !== 0) result |= VM_NORESERVE;
  return result;
}

/** May this file be mapped like that? */
function checkFile(file: File, vmFlags: u32): i32 {
  if (!file.isReadable()) return -EACCES;
  if ((vmFlags & VM_SHARED) !== 0 && (vmFlags & VM_WRITE) !== 0 && !file.isWritable()) return -EACCES;
  return file.operations.mmap === null ? -ENODEV : 0;
}

/** The address that a mapping of `size` bytes gets, or -errno. What is in the way of a fixed one is unmapped. */
function choosePlace(mm: Mm, address: u32, size: u32, flags: u32, held: Held<MmapSem>): i32 {
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0) {
    if ((address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
    if (address > USER_END - size) return -ENOMEM;
    if (address < LOWEST_ADDRESS) return -EPERM;
    if (isFree(mm, address, address + size, held)) return i32(address);
    if ((flags & MAP_FIXED_NOREPLACE) !== 0) return -EEXIST;
    const result = unmapRange(mm, address, address + size, held);
    return result === 0 ? i32(address) : result;
  }
  const hint = pageCeil(address);
  if (hint >= LOWEST_ADDRESS && hint <= USER_END - size && findGap(mm, hint, size, held) === hint) return i32(hint);
  const gap = findGap(mm, MMAP_BASE, size, held);
  if (gap !== 0) return i32(gap);
  const low = findGap(mm, LOWEST_ADDRESS, size, held);
  return low !== 0 ? i32(low) : -ENOMEM;
}

/** Are there limits in the way? More than all memory at once is refused, unless nobody means to use it. */
function checkRoom(mm: Mm, size: u32, vmFlags: u32): i32 {
  const pages = size >>> PAGE_SHIFT;
  if (mm.mapCount >= MAX_REGIONS) return -ENOMEM;
  if (mm.totalVm + pages > current().process.limits[RLIMIT_AS].rlim_cur >>> PAGE_SHIFT) return -ENOMEM;
  if ((vmFlags & VM_WRITE) !== 0 && (vmFlags & VM_NORESERVE) === 0 && pages > totalPageCount()) return -ENOMEM;
  return 0;
}

function createRegion(
  mm: Mm,
  start: u32,
  size: u32,
  vmFlags: u32,
  file: File | null,
  pageOffset: u32,
  held: Held<MmapSem>,
): i32 {
  const region = allocate<Vma>();
  if (region === null) return -ENOMEM;
  region.vmMm = mm;
  region.link.init();
  region.vmStart = start;
  region.vmEnd = start + size;
  region.vmFlags = vmFlags;
  region.vmOffset = file === null ? start >>> PAGE_SHIFT : pageOffset;
  const result = file !== null ? attachFile(region, file) : (vmFlags & VM_SHARED) !== 0 ? shareRegion(region) : 0;
  if (result !== 0) {
    region.vmOps = null;
    freeVma(region);
    return result;
  }
  insertVmStruct(mm, region, held);
  mergeVma(mm, region, held);
  return i32(start);
}

/** The file's own function sets `region.vmFile` and `region.vmOps`. */
function attachFile(region: Vma, file: File): i32 {
  if ((region.vmFlags & VM_SHARED) !== 0 && !file.isWritable()) region.vmFlags &= ~VM_MAYWRITE;
  const attach = file.operations.mmap;
  return attach === null ? -ENODEV : attach(file, region);
}

/** Unmaps [address, address + length). 0, -EINVAL, -ENOMEM. @sleeps */
export function doMunmap(mm: Mm, address: u32, length: u32): i32 {
  const size = pageCeil(length);
  if ((address & (PAGE_SIZE - 1)) !== 0 || size === 0 || size > USER_END || address > USER_END - size) return -EINVAL;
  using held = mm.mmapSem.lock();
  return unmapRange(mm, address, address + size, held);
}

/** Removes whatever is in [start, end): whole regions, ends of regions, the middle of one. 0 or -ENOMEM. */
export function unmapRange(mm: Mm, start: u32, end: u32, held: Held<MmapSem>): i32 {
  const result = splitAt(mm, start, held) ? splitAt(mm, end, held) : false;
  if (!result) return -ENOMEM;
  let region = findVma(mm, start, held);
  while (region !== null && region.vmStart < end) {
    const next = nextVma(mm, region);
    unmapPages(mm, region.vmStart, region.vmEnd, held);
    removeVma(mm, region, held);
    freeVma(region);
    region = next;
  }
  freeUnusedTables(mm, start, end, held);
  return 0;
}

/** Makes sure that no region extends across `address`. False: no memory. */
export function splitAt(mm: Mm, address: u32, held: Held<MmapSem>): boolean {
  const region = findVma(mm, address, held);
  if (region === null || region.vmStart >= address) return true;
  return mm.mapCount < MAX_REGIONS && splitVma(mm, region, address, held);
}

/** The tables of what was unmapped, unless they serve a neighbour, too. */
function freeUnusedTables(mm: Mm, start: u32, end: u32, held: Held<MmapSem>): void {
  const after = findVma(mm, end, held);
  const before = after !== null ? previousVma(mm, after) : lastVma(mm);
  const first = tableFloor(start);
  const last = tableCeil(end);
  freeTables(
    mm,
    before !== null && before.vmEnd > first ? before.vmEnd : first,
    after !== null && after.vmStart < last ? after.vmStart : last,
    held,
  );
}

function lastVma(mm: Mm): Vma | null {
  return mm.regions.isEmpty() ? null : as<Vma>(u32(mm.regions.prev) - offsetof<Vma>('link'));
}

/**
 * Moves the end of the heap. Returns where it is now: as before, if it cannot be moved to `brk`.
 *
 * @sleeps
 */
export function doBrk(mm: Mm, brk: u32): u32 {
  using held = mm.mmapSem.lock();
  if (brk < mm.startBrk || brk > MMAP_BASE) return mm.brk;
  const from = pageCeil(mm.brk);
  const to = pageCeil(brk);
  if (to < from) {
    if (unmapRange(mm, to, from, held) !== 0) return mm.brk;
  } else if (to > from) {
    const flags = VM_READ | VM_WRITE | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
    if (brk - mm.startBrk > current().process.limits[RLIMIT_DATA].rlim_cur) return mm.brk;
    if (!isFree(mm, from, to + PAGE_SIZE, held) || checkRoom(mm, to - from, flags) !== 0) return mm.brk;
    if (createRegion(mm, from, to - from, flags, null, 0, held) < 0) return mm.brk;
  }
  mm.brk = brk;
  return brk;
}
