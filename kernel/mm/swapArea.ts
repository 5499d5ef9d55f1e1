/*
 * Swap areas: room on disks for pages that memory has none for.
 *
 * Idea. An area is a block device, divided into slots of one page; slot 0 holds the area's header. `swapMap` counts, for
 * each slot, who refers to it: page-table entries, and the swap cache (swapCache.ts), which counts as one. A slot whose
 * count is 0 is free.
 *
 * A slot is named by a *swap entry*, one word that stands in the page table in the place of the frame:
 *
 *   31 ... 12      11 10 9 8 7 6   5 ... 1   0
 *   slot           0               area      0: not PRESENT
 *
 * As slot 0 is never handed out, no entry is 0; and bit 9 is clear, which tells it from PTE_PROT_NONE.
 *
 * Areas of higher priority are filled first, those of equal priority in turn. Within an area slots are handed out in
 * clusters, one after the other, so that pages that leave together lie together and can be read again together.
 *
 * Locking. (W) swapLock, interrupts off: everything here, and the chains of the swap cache. Innermost but for the run
 * queue; nothing is allocated and nobody sleeps under it.
 */

import { type BlockDevice } from '../block/blockDevice.ts';
import { type File } from '../fs/file.ts';
import { assert } from '../lib/panic.ts';
import { type Spinlock } from '../sync/spinlock.ts';

/** The class of swapLock. */
export class SwapLock {
  declare readonly lock: 'swap';
}

/** Names a slot of an area; 0 names none. */
export type SwapEntry = u32 & { readonly __space?: 'swap' };

export const MAX_SWAP_AREAS: u32 = 8;
/** Slots that an entry can name. */
export const MAX_SWAP_SLOTS: u32 = 0x100000;
/** In SwapArea.swapMap: the device cannot store this page. */
export const SWAP_MAP_BAD: u16 = 0x8000;
/** A slot with so many references takes no more. */
const SWAP_MAP_MAX: u16 = 0x7fff;
/** Slots handed out in a row. */
const CLUSTER: u32 = 32;

/** The area exists: it may be read. */
export const SWAP_USED: u32 = 1;
/** Slots are handed out. Cleared when swapoff begins. */
export const SWAP_WRITE_OK: u32 = 2;

export class SwapArea {
  flags: u32; // (W)
  device: BlockDevice; // (W) while SWAP_USED
  file: File; // (W) the device's, open for as long as the area is used
  priority: i32; // (W)
  swapMap: Ptr<u16>; // (W) references by slot
  slots: u32; // (W) the header's included
  usable: u32; // (W) slots that were free at first
  inUse: u32; // (W) slots with references
  nextSlot: u32; // (W) where the current cluster goes on
  clusterLeft: u32; // (W) slots of it that are left
}

const swapLock = zeroed<Inline<Spinlock<SwapLock>>>();
const areas = zeroed<FixedArray<Inline<SwapArea>, 8>>();
/** (W) the area that the last slot came from: the next of equal priority has its turn first. */
let lastArea: u32 = 0;
/** (W) free slots of all areas that hand slots out. */
let freeSlots: u32 = 0;
/** (W) all their slots. */
let usableSlots: u32 = 0;
/** (W) swapoff is at work: an area is being emptied. */
let isEmptying: boolean = false;
/** (W) It is to give up: others have no memory any more because of it. */
let mustStop: boolean = false;

export function initSwap(): void {
  swapLock.init('swap');
}

/** @releasedBy unlockSwap */
export function lockSwap(): Held<SwapLock> {
  return swapLock.acquireIrqSave();
}

export function unlockSwap(): void {
  swapLock.releaseIrqRestore();
}

/** By number, 0 to MAX_SWAP_AREAS - 1. */
export function swapArea(index: u32): SwapArea {
  return areas[index];
}

/** @inline */
export function makeSwapEntry(area: u32, slot: u32): SwapEntry {
  return (slot << 12) | (area << 1);
}

/** The number of an entry's area. @inline */
export function areaOf(entry: SwapEntry): u32 {
  return (entry >>> 1) & 31;
}

/** An entry's slot. @inline */
export function slotOf(entry: SwapEntry): u32 {
  return entry >>> 12;
}

/** Free slots. A snapshot. */
export function freeSwapSlots(): u32 {
  return reload<u32>(freeSlots);
}

/** Slots of all areas that hand slots out, free or not. A snapshot. */
export function totalSwapSlots(): u32 {
  return reload<u32>(usableSlots);
}

/** The area is complete: from now on slots are handed out. */
export function enableArea(area: SwapArea, _held: Held<SwapLock>): void {
  area.flags |= SWAP_WRITE_OK;
  freeSlots += area.usable - area.inUse;
  usableSlots += area.usable;
}

/** No more slots are handed out. */
export function disableArea(area: SwapArea, _held: Held<SwapLock>): void {
  area.flags &= ~SWAP_WRITE_OK;
  freeSlots -= area.usable - area.inUse;
  usableSlots -= area.usable;
}

/** The usable area of the highest priority that has a free slot; of equal ones, the next after the last. */
function bestArea(_held: Held<SwapLock>): u32 {
  let best = MAX_SWAP_AREAS;
  for (let i: u32 = 1; i <= MAX_SWAP_AREAS; i++) {
    const index = (lastArea + i) % MAX_SWAP_AREAS;
    const area: SwapArea = areas[index];
    if ((area.flags & SWAP_WRITE_OK) === 0 || area.inUse === area.usable) continue;
    if (best === MAX_SWAP_AREAS || area.priority > areas[best].priority) best = index;
  }
  return best;
}

/** Takes a free slot, with one reference; 0: all are taken. */
export function getSwapPage(): SwapEntry {
  using held = swapLock.acquireIrqSave();
  const index = bestArea(held);
  if (index === MAX_SWAP_AREAS) return 0;
  const area: SwapArea = areas[index];
  const slot = findFreeSlot(area, held);
  area.swapMap[slot] = 1;
  area.inUse++;
  freeSlots--;
  if (area.clusterLeft === 0) lastArea = index; // the next area's turn
  return makeSwapEntry(index, slot);
}

/** A free slot, of which there is one: the next of the cluster, or the first of a new one. */
function findFreeSlot(area: SwapArea, _held: Held<SwapLock>): u32 {
  if (area.clusterLeft === 0) {
    area.nextSlot = startOfCluster(area);
    area.clusterLeft = CLUSTER;
  }
  area.clusterLeft--;
  for (;;) {
    if (area.nextSlot === area.slots) area.nextSlot = 1;
    const slot = area.nextSlot;
    area.nextSlot++;
    if (area.swapMap[slot] === 0) return slot;
  }
}

/** The start of a run of CLUSTER free slots, searched for from where the last one ended; else go on there. */
function startOfCluster(area: SwapArea): u32 {
  let run: u32 = 0;
  for (let i: u32 = 0; i < area.slots; i++) {
    const slot = (area.nextSlot + i) % area.slots;
    run = slot !== 0 && area.swapMap[slot] === 0 ? run + 1 : 0;
    if (run === CLUSTER) return slot - (CLUSTER - 1);
  }
  return area.nextSlot;
}

/** One more reference to a slot that has one. False: it cannot take more. */
export function swapDuplicate(entry: SwapEntry): boolean {
  using held = swapLock.acquireIrqSave();
  return duplicateHeld(entry, held);
}

/** The same, under the lock. */
export function duplicateHeld(entry: SwapEntry, _held: Held<SwapLock>): boolean {
  const map = areas[areaOf(entry)].swapMap;
  const count = map[slotOf(entry)];
  assert(count !== 0 && count !== SWAP_MAP_BAD, 'swapDuplicate: the slot is free');
  if (count === SWAP_MAP_MAX) return false;
  map[slotOf(entry)] = u16(count + 1);
  return true;
}

/** One more reference to a slot, if it has one. For those who read ahead, and do not have one of their own. */
export function swapDuplicateUsed(entry: SwapEntry): boolean {
  using held = swapLock.acquireIrqSave();
  return isUsedHeld(entry, held) && duplicateHeld(entry, held);
}

/** Does anybody refer to the slot? A snapshot. */
export function isSlotUsed(entry: SwapEntry): boolean {
  using held = swapLock.acquireIrqSave();
  return isUsedHeld(entry, held);
}

function isUsedHeld(entry: SwapEntry, held: Held<SwapLock>): boolean {
  const count = swapCount(entry, held);
  return count !== 0 && count !== SWAP_MAP_BAD;
}

/** One reference less; the last one frees the slot. */
export function swapFree(entry: SwapEntry): void {
  using held = swapLock.acquireIrqSave();
  freeHeld(entry, held);
}

/** The same, under the lock. */
export function freeHeld(entry: SwapEntry, _held: Held<SwapLock>): void {
  const area: SwapArea = areas[areaOf(entry)];
  const slot = slotOf(entry);
  const count = area.swapMap[slot];
  assert(count !== 0 && count !== SWAP_MAP_BAD, 'swapFree: the slot is free');
  area.swapMap[slot] = u16(count - 1);
  if (count !== 1) return;
  area.inUse--;
  if ((area.flags & SWAP_WRITE_OK) !== 0) freeSlots++;
}

/** References to a slot. */
export function swapCount(entry: SwapEntry, _held: Held<SwapLock>): u32 {
  return areas[areaOf(entry)].swapMap[slotOf(entry)];
}

// ---------------------------------------------------------------------------------------------------------------------
// swapoff, when it turns out that memory has no room for what is in the area.

/** An area is being emptied from now on. One at a time. */
export function beginEmptying(): void {
  using _held = lockSwap();
  isEmptying = true;
  mustStop = false;
}

/** It is empty, or stays in use. */
export function endEmptying(): void {
  using _held = lockSwap();
  isEmptying = false;
}

/** If an area is being emptied, lets that end. False: none is. */
export function stopEmptying(): boolean {
  using _held = lockSwap();
  if (isEmptying) mustStop = true;
  return isEmptying;
}

/** Is whoever empties an area to give up? */
export function mustStopEmptying(): boolean {
  return reload<boolean>(mustStop);
}
