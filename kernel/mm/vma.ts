/*
 * Regions: the sorted sequence of an address space, how it is searched and changed, and how regions join.
 *
 * Invariants. List and tree hold the same regions. For neighbours a, b on the list: a.vmEnd <= b.vmStart; both are page
 * aligned and not empty. Who looks with either lock of the pair (M,V) held sees that; in the middle of a change both are
 * held.
 *
 * A change has three steps, because nothing may sleep, allocate or call a method of the region under (V):
 *
 *   allocate what is needed               may fail; nothing has happened yet
 *   using vmlist = vmlistModifyLock(...)  change list, tree and fields; cannot fail
 *   close, free, unmap                    what the change has set free
 *
 * The hint. `findVma` reads and writes mmapCache under either lock, so two may write it at once: the stealer with (V), a
 * fault with (M).
 *
 *   fault, holds (M)                        stealer, holds (V)
 *   hint = mmapCache
 *                                           mmapCache = other
 *   hint.vmStart <= address < hint.vmEnd    (both regions stay on the list while either lock is held)
 *
 * What makes it safe is that whoever takes a region off the list clears the hint while he holds both locks: each time,
 * not once for many, so that no search in between can bring back one that is about to go.
 */

import { RACE_MERGE, RACE_SCAN } from '../abi/races.ts';
import { PAGE_SHIFT } from '../arch/x86/layout.ts';
import { assert } from '../lib/panic.ts';
import { addSharedVmStruct, type ISharedLock, lockMappings, removeSharedVmStruct } from './fileMappings.ts';
import { isOpen, RACE_1999_MERGE, RACE_1999_SCAN } from './raceFlags.ts';
import { type KmemCache, kmemCacheAlloc, kmemCacheCreate, kmemCacheFree } from './slab.ts';
import {
  type ListStable,
  type Mm,
  type MmapSem,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_SHARED,
  VM_WRITE,
  type VmlistLock,
  type Vma,
} from './types.ts';
import { avlFind, avlFindBelow, avlInsert, avlRemove, avlUpdate } from './vmaTree.ts';

// ---------------------------------------------------------------------------------------------------------------------
// The lock against the page stealer.

/**
 * Lets the page stealer look at the regions of `mm`: `using vmlist = vmlistAccessLock(mm)`.
 *
 * @releasedBy vmlistAccessUnlock
 * @locking takes (V); no (V) of another address space is held
 */
export function vmlistAccessLock(mm: Mm): Held<VmlistLock> {
  if (RACE_1999_SCAN && isOpen(RACE_SCAN)) return witness<VmlistLock>();
  return mm.vmlistLock.acquire();
}

/** Releases it. Called by `using`. */
export function vmlistAccessUnlock(mm: Mm): void {
  if (RACE_1999_SCAN && isOpen(RACE_SCAN)) return;
  mm.vmlistLock.release();
}

/**
 * Lets the holder of (M) change the regions of `mm`: `using vmlist = vmlistModifyLock(mm, mmap)`.
 *
 * @releasedBy vmlistModifyUnlock
 * @locking takes (V); no (V) of another address space is held
 */
export function vmlistModifyLock(mm: Mm, _mmap: Held<MmapSem>): Held<VmlistLock> {
  mm.mmapSem.assertHeld();
  return mm.vmlistLock.acquire();
}

/** Releases it. Called by `using`. */
export function vmlistModifyUnlock(mm: Mm, _mmap: Held<MmapSem>): void {
  mm.vmlistLock.release();
}

/** Both locks must be held, by this task and by this CPU: rules 1 and 2 (locking.md). */
function assertModifiable(mm: Mm): void {
  mm.mmapSem.assertHeld();
  mm.vmlistLock.assertHeld();
}

/** One of the two must be held: rule 3. */
function assertStable(mm: Mm): void {
  if (!mm.vmlistLock.isHeld()) mm.mmapSem.assertHeld();
}

// ---------------------------------------------------------------------------------------------------------------------
// Searching.

/** The first region that ends above `address`: the one that contains it, or the next one; null: none. */
export function findVma(mm: Mm, address: u32, stable: ListStable): Vma | null {
  assertStable(mm);
  const hint = mm.mmapCache;
  if (hint !== null && hint.vmStart <= address && address < hint.vmEnd) return hint;
  const found = avlFind(mm, address, stable);
  if (found !== null) mm.mmapCache = found;
  return found;
}

/** The same, and in `before` the last region that begins at or below `address` and is not the result; or null. */
export function findVmaPrev(mm: Mm, address: u32, before: Ptr<Vma | null>, stable: ListStable): Vma | null {
  const found = findVma(mm, address, stable);
  before[0] = previousVma(mm, found, stable);
  return found;
}

/** The region before `region`, or the last of all if that is null; null: none. */
export function previousVma(mm: Mm, region: Vma | null, stable: ListStable): Vma | null {
  return avlFindBelow(mm, region === null ? 0xffffffff : region.vmStart, stable);
}

/** The first region that has a byte of [start, end); null: none. */
export function findVmaIntersection(mm: Mm, start: u32, end: u32, stable: ListStable): Vma | null {
  const region = findVma(mm, start, stable);
  return region !== null && region.vmStart < end ? region : null;
}

/** Pages in a region. */
export function vmaPages(region: Vma): u32 {
  return (region.vmEnd - region.vmStart) >>> PAGE_SHIFT;
}

// ---------------------------------------------------------------------------------------------------------------------
// Changing. All of it is quick and cannot fail.

/** Puts a region on the list and in the tree, at its place, and on its file's list. It overlaps no other. */
export function insertVmStruct(
  mm: Mm,
  region: Vma,
  mmap: Held<MmapSem>,
  vmlist: Held<VmlistLock>,
  shared: Held<ISharedLock>,
): void {
  linkVma(mm, region, mmap, vmlist);
  addSharedVmStruct(region, shared);
}

/** The same for a region that is on its file's list already. */
export function linkVma(mm: Mm, region: Vma, mmap: Held<MmapSem>, vmlist: Held<VmlistLock>): void {
  assertModifiable(mm);
  const before = avlFindBelow(mm, region.vmStart, mmap);
  if (before === null) {
    region.vmNext = mm.mmap;
    mm.mmap = region;
  } else {
    region.vmNext = before.vmNext;
    before.vmNext = region;
  }
  avlInsert(mm, region, mmap, vmlist);
  mm.mapCount++;
}

/** Takes a region off the list and out of the tree. `before` is the one before it, or null. */
export function unlinkVma(
  mm: Mm,
  region: Vma,
  before: Vma | null,
  mmap: Held<MmapSem>,
  vmlist: Held<VmlistLock>,
): void {
  assertModifiable(mm);
  if (before === null) mm.mmap = region.vmNext;
  else before.vmNext = region.vmNext;
  avlRemove(mm, region, mmap, vmlist);
  if (!(RACE_1999_MERGE && isOpen(RACE_MERGE))) mm.mmapCache = null;
  mm.mapCount--;
}

/** Gives a region on the list new ends. Nothing else may be where it will be. What it shows where does not change. */
export function vmaAdjust(
  mm: Mm,
  region: Vma,
  start: u32,
  end: u32,
  mmap: Held<MmapSem>,
  vmlist: Held<VmlistLock>,
  _shared: Held<ISharedLock>,
): void {
  assertModifiable(mm);
  moveEnds(region, start, end);
  avlUpdate(mm, region, mmap, vmlist);
}

/** The same for a region that is on no list. The offset moves with the start. */
export function moveEnds(region: Vma, start: u32, end: u32): void {
  region.vmOffset += u32(i32(start - region.vmStart) >> i32(PAGE_SHIFT));
  region.vmStart = start;
  region.vmEnd = end;
}

// ---------------------------------------------------------------------------------------------------------------------
// Making and freeing. These may sleep.

let vmAreaCache: KmemCache = as<KmemCache>(0);

/** Makes the cache that regions come from. */
export function initVma(): void {
  const cache = kmemCacheCreate('vm_area_struct', sizeof<Vma>(), null);
  assert(cache !== null, 'memory for the cache of regions');
  vmAreaCache = cache!;
}

/** A zeroed region of `mm`, on no list; null: no memory. */
export function allocateVma(mm: Mm): Vma | null {
  const block = kmemCacheAlloc(vmAreaCache);
  if (block === null) return null;
  fillBytes(block, 0, sizeof<Vma>());
  const region = as<Vma>(block);
  region.vmMm = mm;
  region.shareLink.init();
  return region;
}

/** Frees a region that is on no list. */
export function freeVma(region: Vma): void {
  const operations = region.vmOps;
  if (operations !== null) {
    const close = operations.close;
    if (close !== null) close(region);
  }
  kmemCacheFree(vmAreaCache, ptr<u8>(region));
}

/** A copy of `region` for `mm`, on no list; null: no memory. */
export function copyVma(mm: Mm, region: Vma): Vma | null {
  const copy = allocateVma(mm);
  if (copy === null) return null;
  assign(copy, region);
  copy.vmMm = mm;
  copy.vmNext = null;
  copy.shareLink.init();
  const operations = region.vmOps;
  if (operations !== null) {
    const open = operations.open;
    if (open !== null) open(copy);
  }
  return copy;
}

// ---------------------------------------------------------------------------------------------------------------------
// Joining.

/** Could these two neighbours, of which `upper` begins where `lower` ends, be one? */
function canMerge(lower: Vma, upper: Vma): boolean {
  if (lower.vmEnd !== upper.vmStart || lower.vmFlags !== upper.vmFlags) return false;
  if (lower.vmFile !== upper.vmFile || lower.vmOps !== upper.vmOps) return false;
  if (lower.vmOps === null) return true;
  if (lower.vmOps!.isCounted) return false;
  return lower.vmPrivateData === upper.vmPrivateData && lower.vmOffset + vmaPages(lower) === upper.vmOffset;
}

/** Joins `upper` to `lower`, its neighbour: it is on no list after. */
function absorb(mm: Mm, lower: Vma, upper: Vma, mmap: Held<MmapSem>, vmlist: Held<VmlistLock>): void {
  const end = upper.vmEnd;
  unlinkVma(mm, upper, lower, mmap, vmlist);
  using shared = lockMappings(lower.vmMappings);
  removeSharedVmStruct(upper, shared);
  vmaAdjust(mm, lower, lower.vmStart, end, mmap, vmlist, shared);
}

/**
 * Joins neighbours that are alike in [start, end] and at its ends. Returns those that are left over, as a list by
 * vmNext, for `freeMerged` when (V) has been released. A pointer to any region of the range may be stale after.
 */
export function mergeSegments(mm: Mm, start: u32, end: u32, mmap: Held<MmapSem>, vmlist: Held<VmlistLock>): Vma | null {
  let left: Vma | null = null;
  let lower = avlFindBelow(mm, start, mmap);
  if (lower === null) lower = mm.mmap;
  if (RACE_1999_MERGE && isOpen(RACE_MERGE)) mm.mmapCache = null;
  while (lower !== null) {
    const upper: Vma | null = lower.vmNext;
    if (upper === null || upper.vmStart > end) break;
    if (!canMerge(lower, upper)) {
      lower = upper;
      continue;
    }
    absorb(mm, lower, upper, mmap, vmlist);
    if (RACE_1999_MERGE && isOpen(RACE_MERGE)) {
      closeInBetween(mm, upper);
      continue;
    }
    upper.vmNext = left;
    left = upper;
  }
  return left;
}

/** The mistake of RACE_1999_MERGE: lets go of (V), and then goes on. */
function closeInBetween(mm: Mm, region: Vma): void {
  mm.vmlistLock.release();
  freeVma(region);
  mm.vmlistLock.acquire();
}

/** Frees what `mergeSegments` has left over. @sleeps */
export function freeMerged(left: Vma | null): void {
  let region = left;
  while (region !== null) {
    const next: Vma | null = region.vmNext;
    freeVma(region);
    region = next;
  }
}

/** Joins what can be joined in [start, end] and at its ends. @sleeps */
export function mergeRange(mm: Mm, start: u32, end: u32, mmap: Held<MmapSem>): void {
  let left: Vma | null = null;
  {
    using vmlist = vmlistModifyLock(mm, mmap);
    left = mergeSegments(mm, start, end, mmap, vmlist);
  }
  freeMerged(left);
}

// ---------------------------------------------------------------------------------------------------------------------
// Accounts.

/** Counts `pages` pages of a region with these flags in; a negative number, out. */
export function vmStatAccount(mm: Mm, vmFlags: u32, pages: i32, _mmap: Held<MmapSem>): void {
  const change = u32(pages);
  mm.totalVm += change;
  if (mm.totalVm > mm.peakVm) mm.peakVm = mm.totalVm;
  if ((vmFlags & VM_LOCKED) !== 0) mm.lockedVm += change;
  if ((vmFlags & VM_GROWSDOWN) !== 0) mm.stackVm += change;
  else if ((vmFlags & (VM_WRITE | VM_SHARED)) === VM_WRITE) mm.dataVm += change;
  else if ((vmFlags & (VM_EXEC | VM_WRITE)) === VM_EXEC) mm.execVm += change;
}
