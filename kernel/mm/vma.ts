/*
 * Regions: the sorted list of an address space, and how regions split and join.
 *
 * Invariants. For neighbours a, b on the list: a.vmEnd <= b.vmStart; both are page aligned and not empty. Two anonymous
 * neighbours that touch and agree in their flags are one region (so that a heap that grows page by page stays one).
 *
 * Locking. All under (M), which the witness shows.
 */

import { PAGE_SHIFT, USER_END } from '../arch/x86/layout.ts';
import { type ListHead } from '../lib/list.ts';
import { allocate, kfree } from './slab.ts';
import { type Mm, type MmapSem, VM_GROWSDOWN, type Vma } from './types.ts';

/** What stays free below a stack, so that it does not grow into its neighbour: 1 MiB. */
export const STACK_GUARD_GAP: u32 = 0x100000;

/** The region that a link is in. */
export function regionOf(link: ListHead): Vma {
  return as<Vma>(u32(link) - offsetof<Vma>('link'));
}

/** The first region that ends above `address`: the one that contains it, or the next one; null: none. */
export function findVma(mm: Mm, address: u32, _held: Held<MmapSem>): Vma | null {
  const hint = mm.mmapCache;
  if (hint !== null && hint.vmStart <= address && address < hint.vmEnd) return hint;
  for (let link = mm.regions.next; link !== mm.regions; link = link.next) {
    const region = regionOf(link);
    if (address < region.vmEnd) {
      mm.mmapCache = region;
      return region;
    }
  }
  return null;
}

/** The region that follows `region`; null: none. */
export function nextVma(mm: Mm, region: Vma): Vma | null {
  return region.link.next === mm.regions ? null : regionOf(region.link.next);
}

/** The region before `region`; null: none. */
export function previousVma(mm: Mm, region: Vma): Vma | null {
  return region.link.prev === mm.regions ? null : regionOf(region.link.prev);
}

/** Puts a region on the list, at its place, and accounts it. It overlaps no other. */
export function insertVmStruct(mm: Mm, region: Vma, held: Held<MmapSem>): void {
  const after = findVma(mm, region.vmStart, held);
  if (after === null) mm.regions.addBefore(region.link);
  else after.link.addBefore(region.link);
  mm.mapCount++;
  mm.totalVm += (region.vmEnd - region.vmStart) >>> PAGE_SHIFT;
}

/** Takes a region off the list. */
export function removeVma(mm: Mm, region: Vma, _held: Held<MmapSem>): void {
  region.link.unlink();
  if (mm.mmapCache === region) mm.mmapCache = null;
  mm.mapCount--;
  mm.totalVm -= (region.vmEnd - region.vmStart) >>> PAGE_SHIFT;
}

/** Frees a region that is on no list. */
export function freeVma(region: Vma): void {
  const operations = region.vmOps;
  if (operations !== null) {
    const close = operations.close;
    if (close !== null) close(region);
  }
  kfree(region);
}

/** A copy of `region` for `mm`, on no list; null: no memory. */
export function copyVma(mm: Mm, region: Vma): Vma | null {
  const copy = allocate<Vma>();
  if (copy === null) return null;
  assign(copy, region);
  copy.vmMm = mm;
  copy.link.init();
  const operations = region.vmOps;
  if (operations !== null) {
    const open = operations.open;
    if (open !== null) open(copy);
  }
  return copy;
}

/** Cuts a region in two at `address`, which is inside it. The upper part is new. False: no memory. */
export function splitVma(mm: Mm, region: Vma, address: u32, _held: Held<MmapSem>): boolean {
  const upper = copyVma(mm, region);
  if (upper === null) return false;
  upper.vmStart = address;
  upper.vmOffset += (address - region.vmStart) >>> PAGE_SHIFT;
  region.vmEnd = address;
  region.link.addAfter(upper.link);
  mm.mapCount++;
  return true;
}

/** Could these two, of which `upper` begins where `lower` ends, be one? */
export function canMerge(lower: Vma, upper: Vma): boolean {
  if (lower.vmEnd !== upper.vmStart || lower.vmFlags !== upper.vmFlags || (lower.vmFlags & VM_GROWSDOWN) !== 0)
    return false;
  return lower.vmFile === null && upper.vmFile === null && lower.vmOps === null && upper.vmOps === null;
}

/** Joins a region with its neighbours where possible. Returns the region that has its addresses now. */
export function mergeVma(mm: Mm, region: Vma, _held: Held<MmapSem>): Vma {
  let result = region;
  const before = previousVma(mm, region);
  if (before !== null && canMerge(before, region)) {
    absorb(mm, before, region);
    result = before;
  }
  const after = nextVma(mm, result);
  if (after !== null && canMerge(result, after)) absorb(mm, result, after);
  return result;
}

function absorb(mm: Mm, lower: Vma, upper: Vma): void {
  lower.vmEnd = upper.vmEnd;
  upper.link.unlink();
  if (mm.mmapCache === upper) mm.mmapCache = null;
  mm.mapCount--;
  freeVma(upper);
}

/** The lowest address that a new region may not cross below `region`: a stack wants its gap. */
export function lowestTaken(region: Vma): u32 {
  if ((region.vmFlags & VM_GROWSDOWN) === 0) return region.vmStart;
  return region.vmStart > STACK_GUARD_GAP ? region.vmStart - STACK_GUARD_GAP : 0;
}

/** Where `length` bytes are free, at `from` or above; 0: nowhere. First fit. */
export function findGap(mm: Mm, from: u32, length: u32, held: Held<MmapSem>): u32 {
  let address = from;
  for (let region = findVma(mm, address, held); region !== null; region = nextVma(mm, region)) {
    const limit = lowestTaken(region);
    if (address <= limit && length <= limit - address) return address;
    address = region.vmEnd;
  }
  return address <= USER_END && length <= USER_END - address ? address : 0;
}

/** Is nothing in [start, end)? */
export function isFree(mm: Mm, start: u32, end: u32, held: Held<MmapSem>): boolean {
  const region = findVma(mm, start, held);
  return region === null || end <= region.vmStart;
}
