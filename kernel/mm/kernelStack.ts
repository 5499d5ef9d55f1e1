/*
 * Kernel stacks.
 *
 * Idea. A stack that overflows must not run into somebody else's memory. So stacks live in an area of their own, one in
 * each slot of 16 KiB: two pages at the upper end, and a hole of two pages below, which turns an overflow into a double
 * fault (arch/x86/doubleFault.ts) at once.
 *
 *   slot   | hole | hole | page | page |
 *                        ^ lowest      ^ top
 *
 * A freed stack is kept for the next task, mapped as it is; only when there are a few of these is one unmapped.
 *
 * Locking. (K) stackLock: the slots and their table entries.
 */

import { KERNEL_STACK_SIZE, PAGE_SIZE, STACK_AREA_START } from '../arch/x86/layout.ts';
import { PTE_WRITE } from '../arch/x86/pageTable.ts';
import { flushKernelRange } from '../arch/x86/tlb.ts';
import { clearBit, findClearBit, setBit } from '../lib/bitmap.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { allocPages, freePages } from './buddy.ts';
import { kernelPageAt, mapKernelPage, unmapKernelPage } from './kernelMap.ts';
import { type Page, pageToPhys, physToPage } from './page.ts';

const SLOT_SIZE: u32 = 0x4000;
const STACK_PAGES: u32 = 2;
/** What STACK_AREA has room for. */
const MAX_SLOTS: u32 = 2048;
/** Free stacks that are kept mapped. */
const MAX_SPARE: u32 = 8;

/** The class of stackLock. */
export class StackLock {
  declare readonly lock: 'kernelStack';
}

const stackLock = zeroed<Inline<Spinlock<StackLock>>>();
/** (K) slots in use, or spare. */
const used = zeroed<FixedArray<u32, 64>>();
/** (K) */
const spare = zeroed<FixedArray<u32, 8>>();
/** (K) */
let spareCount: u32 = 0;
/** Slots that have page tables. Constant after boot. */
let slots: u32 = 0;

/** How many stacks a machine with `pages` pages of memory gets: more tasks than that have no memory to live in. */
export function stackSlotsFor(pages: u32): u32 {
  const wanted = (pages / 8 + 255) & ~255;
  return wanted < MAX_SLOTS ? wanted : MAX_SLOTS;
}

/** `count` slots have their page tables. */
export function initKernelStacks(count: u32): void {
  stackLock.init('kernelStack');
  slots = count;
}

/** Kernel stacks that there is room for: a bound for the number of tasks. */
export function kernelStackLimit(): u32 {
  return slots;
}

/** A stack of KERNEL_STACK_SIZE bytes: its lowest address; 0 if there is no memory, or no slot. */
export function allocKernelStack(): u32 {
  const kept = takeSpare();
  if (kept !== 0) return kept;
  const lower = allocPages(0);
  if (lower === null) return 0;
  const upper = allocPages(0);
  const lowest = upper === null ? 0 : mapStack(lower, upper);
  if (lowest === 0) {
    freePages(lower, 0);
    if (upper !== null) freePages(upper, 0);
  }
  return lowest;
}

/** Frees a stack that nobody is standing on. */
export function freeKernelStack(lowest: u32): void {
  if (keepSpare(lowest)) return;
  const lower = physToPage(kernelPageAt(lowest));
  const upper = physToPage(kernelPageAt(lowest + PAGE_SIZE));
  unmapKernelPage(lowest);
  unmapKernelPage(lowest + PAGE_SIZE);
  flushKernelRange(lowest, lowest + KERNEL_STACK_SIZE);
  freePages(lower, 0);
  freePages(upper, 0);
  using _held = stackLock.acquireIrqSave();
  clearBit(used, (lowest - STACK_AREA_START) / SLOT_SIZE);
}

/** Pages in kernel stacks. For /proc/meminfo. */
export function kernelStackPages(): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < slots; i++) count += (used[i >>> 5] >>> (i & 31)) & 1;
  return count * STACK_PAGES;
}

function takeSpare(): u32 {
  using _held = stackLock.acquireIrqSave();
  if (spareCount === 0) return 0;
  spareCount--;
  return spare[spareCount];
}

function keepSpare(lowest: u32): boolean {
  using _held = stackLock.acquireIrqSave();
  if (spareCount === MAX_SPARE) return false;
  spare[spareCount] = lowest;
  spareCount++;
  return true;
}

/** Maps two pages at the end of a free slot. 0: there is none. */
function mapStack(lower: Page, upper: Page): u32 {
  using _held = stackLock.acquireIrqSave();
  const slot = findClearBit(used, slots, 0);
  if (slot === slots) return 0;
  setBit(used, slot);
  const lowest = STACK_AREA_START + slot * SLOT_SIZE + (SLOT_SIZE - KERNEL_STACK_SIZE);
  mapKernelPage(lowest, pageToPhys(lower), PTE_WRITE);
  mapKernelPage(lowest + PAGE_SIZE, pageToPhys(upper), PTE_WRITE);
  return lowest;
}
