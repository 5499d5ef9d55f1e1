/*
 * The tree of regions against a plain array: random regions come, go and change their ends; after each step the tree must
 * be in balance and tell the truth about gaps, and its answers must be those of a search through the array. Each check
 * returns 0, or the number of the step that went wrong.
 */

import { type Mm, type MmapSem, VM_GROWSDOWN, type VmlistLock, type Vma } from '../../../kernel/mm/types.ts';
import {
  avlFind,
  avlFindBelow,
  avlInsert,
  avlRemove,
  avlUpdate,
  findGap,
  type GapRequest,
  lowestTaken,
  STACK_GUARD_GAP,
} from '../../../kernel/mm/vmaTree.ts';

const SLOTS: u32 = 64;
/** A slot of the address space; a region is somewhere within its slot. */
const SLOT: u32 = 0x100000;
const PAGE: u32 = 0x1000;

const mm = zeroed<Inline<Mm>>();
const pool = zeroed<FixedArray<Inline<Vma>, 64>>();
const isIn = zeroed<FixedArray<boolean, 64>>();
let seed: u32 = 1;

function draw(limit: u32): u32 {
  seed = seed * 1103515245 + 12345;
  return (seed >>> 16) % limit;
}

/** Is the subtree in order and balance, and is what it says of itself true? Its height; 0xffffffff: it is not. */
function heightOf(node: Vma | null): u32 {
  if (node === null) return 0;
  const left = node.avlLeft;
  const right = node.avlRight;
  const below = heightOf(left);
  const above = heightOf(right);
  if (below === 0xffffffff || above === 0xffffffff) return 0xffffffff;
  if (below > above + 1 || above > below + 1) return 0xffffffff;
  const height = (below > above ? below : above) + 1;
  if (node.avlHeight !== height) return 0xffffffff;
  if (left !== null && left.subtreeEnd > node.vmStart) return 0xffffffff;
  if (right !== null && right.vmStart < node.vmEnd) return 0xffffffff;
  if (node.subtreeStart !== (left === null ? lowestTaken(node) : left.subtreeStart)) return 0xffffffff;
  if (node.subtreeEnd !== (right === null ? node.vmEnd : right.subtreeEnd)) return 0xffffffff;
  return height;
}

function placeIn(region: Vma, slot: u32): void {
  const start = slot * SLOT + draw(100) * PAGE;
  region.vmStart = start + SLOT;
  region.vmEnd = region.vmStart + (1 + draw(100)) * PAGE;
}

/** One random change. */
function step(mmap: Held<MmapSem>, vmlist: Held<VmlistLock>): void {
  const slot = draw(SLOTS);
  const region = pool[slot];
  if (!isIn[slot]) {
    region.vmFlags = draw(8) === 0 ? VM_GROWSDOWN : 0;
    placeIn(region, slot);
    avlInsert(mm, region, mmap, vmlist);
    isIn[slot] = true;
  } else if (draw(2) === 0) {
    avlRemove(mm, region, mmap, vmlist);
    isIn[slot] = false;
  } else {
    placeIn(region, slot);
    avlUpdate(mm, region, mmap, vmlist);
  }
}

/** Does the tree find what a walk through the array finds? */
function findsRightly(mmap: Held<MmapSem>): boolean {
  const address = draw(SLOTS + 2) * SLOT + draw(256) * PAGE;
  let first: Vma | null = null;
  let last: Vma | null = null;
  for (let i: u32 = 0; i < SLOTS; i++) {
    if (!isIn[i]) continue;
    if (first === null && address < pool[i].vmEnd) first = pool[i];
    if (pool[i].vmStart < address) last = pool[i];
  }
  return avlFind(mm, address, mmap) === first && avlFindBelow(mm, address, mmap) === last;
}

/** Is [start, start + length) free, and not in the gap of the region above, if that is a stack? */
function isFree(start: u32, length: u32): boolean {
  let isFirst = true;
  for (let i: u32 = 0; i < SLOTS; i++) {
    if (!isIn[i] || pool[i].vmEnd <= start) continue;
    if ((isFirst ? lowestTaken(pool[i]) : pool[i].vmStart) < start + length) return false;
    isFirst = false;
  }
  return true;
}

/** May a gap for the request begin here? */
function fits(request: GapRequest, start: u32): boolean {
  if (start < request.low || request.length > request.high || start > request.high - request.length) return false;
  return isFree(start, request.length);
}

/** The best place by trying all that may be it: at an end of the range, or at a region. */
function bestPlace(request: GapRequest): u32 {
  const edge = request.topDown ? request.high - request.length : request.low;
  if (fits(request, edge)) return edge;
  let best: u32 = 0;
  for (let i: u32 = 0; i < SLOTS; i++) {
    const at = request.topDown ? lowestTaken(pool[i]) - request.length : pool[i].vmEnd;
    const isBetter = best === 0 || (request.topDown ? at > best : at < best);
    if (isIn[i] && isBetter && fits(request, at)) best = at;
  }
  return best;
}

/** Is the gap that the tree finds the first, or the last, that there is? */
function findsGaps(topDown: boolean, mmap: Held<MmapSem>): boolean {
  const request = zeroed<Inline<GapRequest>>();
  request.low = SLOT + draw(SLOTS) * SLOT;
  request.high = request.low + (1 + draw(20)) * SLOT;
  request.length = (1 + draw(600)) * PAGE;
  request.topDown = topDown;
  return findGap(mm, request, mmap) === bestPlace(request);
}

/** @export */
export function structure(): u32 {
  for (let i: u32 = 1; i <= 3000; i++) {
    step(witness<MmapSem>(), witness<VmlistLock>());
    if (heightOf(mm.mmapAvl) === 0xffffffff) return i;
  }
  return 0;
}

/** @export */
export function searches(): u32 {
  for (let i: u32 = 1; i <= 1500; i++) {
    step(witness<MmapSem>(), witness<VmlistLock>());
    if (!findsRightly(witness<MmapSem>())) return i;
  }
  return 0;
}

/** @export */
export function gaps(): u32 {
  for (let i: u32 = 1; i <= 300; i++) {
    step(witness<MmapSem>(), witness<VmlistLock>());
    if (!findsGaps((i & 1) !== 0, witness<MmapSem>())) return i;
  }
  return STACK_GUARD_GAP === SLOT ? 0 : 1;
}
