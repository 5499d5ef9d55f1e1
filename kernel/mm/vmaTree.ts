/*
 * The tree of regions: an AVL tree by address (Adelson-Velsky and Landis, 1962; Knuth, vol. 3, 6.2.3), which also knows
 * where there is room.
 *
 * Balance. The heights of the two subtrees of a node differ by at most one, so a tree of n regions is at most
 * 1.44 log2(n) high: 23 for the 65,530 that a process may have. Functions recurse from the root down, and mend heights
 * and balance on the way back.
 *
 * Gaps. Each node also has the extent of its subtree and the largest gap between two neighbours inside it:
 *
 *           |  left subtree  |   node   |   right subtree   |
 *    subtreeStart          gap        gap             subtreeEnd
 *
 * so the largest gap of a subtree is the largest of four numbers that its top can see: those of left and right, and the
 * gaps before and behind the node itself. A search for room goes down only where the number says that there is some, and
 * costs as much as a search for an address. The gap that a stack wants below itself counts as taken.
 *
 * Locking. (M) and (V) to change; either to read. The witnesses say so. Nothing here sleeps.
 */

import { type ListStable, type Mm, type MmapSem, VM_GROWSDOWN, type VmlistLock, type Vma } from './types.ts';

/** What stays free below a stack, so that it does not grow into its neighbour: 1 MiB. */
export const STACK_GUARD_GAP: u32 = 0x100000;

/** The lowest address that a neighbour may not cross below `region`: a stack wants its gap. */
export function lowestTaken(region: Vma): u32 {
  if ((region.vmFlags & VM_GROWSDOWN) === 0) return region.vmStart;
  return region.vmStart > STACK_GUARD_GAP ? region.vmStart - STACK_GUARD_GAP : 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Balance.

function heightOf(node: Vma | null): u32 {
  return node === null ? 0 : node.avlHeight;
}

/** From `start` to `end`; 0 if a stack's gap reaches over its neighbour. @inline */
function distance(start: u32, end: u32): u32 {
  return end > start ? end - start : 0;
}

/** Computes what `node` says about its subtree from its children. */
function summarise(node: Vma): void {
  const left = node.avlLeft;
  const right = node.avlRight;
  const leftHeight = heightOf(left);
  const rightHeight = heightOf(right);
  node.avlHeight = (leftHeight > rightHeight ? leftHeight : rightHeight) + 1;
  node.subtreeStart = lowestTaken(node);
  node.subtreeEnd = node.vmEnd;
  let gap: u32 = 0;
  if (left !== null) {
    gap = distance(left.subtreeEnd, node.subtreeStart);
    if (left.subtreeGap > gap) gap = left.subtreeGap;
    node.subtreeStart = left.subtreeStart;
  }
  if (right !== null) {
    const behind = distance(node.vmEnd, right.subtreeStart);
    if (behind > gap) gap = behind;
    if (right.subtreeGap > gap) gap = right.subtreeGap;
    node.subtreeEnd = right.subtreeEnd;
  }
  node.subtreeGap = gap;
}

/** Lifts the left child above `node`; returns it. */
function rotateRight(node: Vma): Vma {
  const top = node.avlLeft!;
  node.avlLeft = top.avlRight;
  top.avlRight = node;
  summarise(node);
  summarise(top);
  return top;
}

/** Lifts the right child above `node`; returns it. */
function rotateLeft(node: Vma): Vma {
  const top = node.avlRight!;
  node.avlRight = top.avlLeft;
  top.avlLeft = node;
  summarise(node);
  summarise(top);
  return top;
}

/** Mends a node whose subtrees are in order but may differ by two in height; returns the top of the result. */
function balance(node: Vma): Vma {
  const left = node.avlLeft;
  const right = node.avlRight;
  if (heightOf(left) > heightOf(right) + 1) {
    if (heightOf(left!.avlLeft) < heightOf(left!.avlRight)) node.avlLeft = rotateLeft(left!);
    return rotateRight(node);
  }
  if (heightOf(right) > heightOf(left) + 1) {
    if (heightOf(right!.avlRight) < heightOf(right!.avlLeft)) node.avlRight = rotateRight(right!);
    return rotateLeft(node);
  }
  summarise(node);
  return node;
}

// ---------------------------------------------------------------------------------------------------------------------
// Changing.

/** Puts a region, which overlaps no other, into the tree. */
export function avlInsert(mm: Mm, region: Vma, _mmap: Held<MmapSem>, _vmlist: Held<VmlistLock>): void {
  region.avlLeft = null;
  region.avlRight = null;
  mm.mmapAvl = insertBelow(mm.mmapAvl, region);
}

function insertBelow(node: Vma | null, region: Vma): Vma {
  if (node === null) {
    summarise(region);
    return region;
  }
  if (region.vmStart < node.vmStart) node.avlLeft = insertBelow(node.avlLeft, region);
  else node.avlRight = insertBelow(node.avlRight, region);
  return balance(node);
}

/** Takes a region out of the tree. */
export function avlRemove(mm: Mm, region: Vma, _mmap: Held<MmapSem>, _vmlist: Held<VmlistLock>): void {
  mm.mmapAvl = removeBelow(mm.mmapAvl!, region);
}

function removeBelow(node: Vma, region: Vma): Vma | null {
  if (node === region) return join(node.avlLeft, node.avlRight);
  if (region.vmStart < node.vmStart) node.avlLeft = removeBelow(node.avlLeft!, region);
  else node.avlRight = removeBelow(node.avlRight!, region);
  return balance(node);
}

/** One tree of two, all of `left` below all of `right`, whose heights differ by at most one. */
function join(left: Vma | null, right: Vma | null): Vma | null {
  if (left === null) return right;
  if (right === null) return left;
  let top = left;
  while (top.avlRight !== null) top = top.avlRight;
  top.avlLeft = removeBelow(left, top);
  top.avlRight = right;
  return balance(top);
}

/** The region, which is in the tree, has other ends now, still between those of its neighbours. */
export function avlUpdate(mm: Mm, region: Vma, _mmap: Held<MmapSem>, _vmlist: Held<VmlistLock>): void {
  updateBelow(mm.mmapAvl!, region);
}

function updateBelow(node: Vma, region: Vma): void {
  if (node !== region) updateBelow(region.vmStart < node.vmStart ? node.avlLeft! : node.avlRight!, region);
  summarise(node);
}

// ---------------------------------------------------------------------------------------------------------------------
// Searching.

/** The first region that ends above `address`; null: none. */
export function avlFind(mm: Mm, address: u32, _stable: ListStable): Vma | null {
  let found: Vma | null = null;
  let node = mm.mmapAvl;
  while (node !== null) {
    if (address >= node.vmEnd) {
      node = node.avlRight;
    } else {
      found = node;
      if (node.vmStart <= address) break;
      node = node.avlLeft;
    }
  }
  return found;
}

/** The last region that begins below `address`; null: none. */
export function avlFindBelow(mm: Mm, address: u32, _stable: ListStable): Vma | null {
  let found: Vma | null = null;
  let node = mm.mmapAvl;
  while (node !== null) {
    if (node.vmStart >= address) {
      node = node.avlLeft;
    } else {
      found = node;
      node = node.avlRight;
    }
  }
  return found;
}

/** What a search for room wants. */
export class GapRequest {
  length: u32; // bytes
  low: u32; // not below
  high: u32; // not beyond
  topDown: boolean; // the highest place, not the lowest
}

/** The start of the highest or lowest place that is free and fits; 0: there is none. */
export function findGap(mm: Mm, request: GapRequest, _stable: ListStable): u32 {
  return findGapBelow(mm.mmapAvl, request, 0, 0xffffffff);
}

/** The same among `node` and what is below it. All else is outside of (start, end), where nothing else is. */
function findGapBelow(node: Vma | null, request: GapRequest, start: u32, end: u32): u32 {
  const first = start > request.low ? start : request.low;
  const last = end < request.high ? end : request.high;
  if (distance(first, last) < request.length) return 0;
  if (node === null) return request.topDown ? last - request.length : first;
  if (
    node.subtreeGap < request.length &&
    distance(start, node.subtreeStart) < request.length &&
    distance(node.subtreeEnd, end) < request.length
  ) {
    return 0;
  }
  if (request.topDown) {
    const above = findGapBelow(node.avlRight, request, node.vmEnd, end);
    return above !== 0 ? above : findGapBelow(node.avlLeft, request, start, lowestTaken(node));
  }
  const below = findGapBelow(node.avlLeft, request, start, lowestTaken(node));
  return below !== 0 ? below : findGapBelow(node.avlRight, request, node.vmEnd, end);
}
