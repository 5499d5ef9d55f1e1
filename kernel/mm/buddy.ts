/*
 * The page allocator: blocks of 2^order frames (the buddy system; Knuth, vol. 1, 2.5).
 *
 * Idea. A free block of order k starts at a frame number that is a multiple of 2^k. Its buddy is the block whose number
 * differs in bit k alone; the two together are a block of order k + 1. Allocating splits a larger block as often as it
 * takes; freeing joins with the buddy as long as that is free too. Both are a few list operations per order.
 *
 * The state of a frame tells which blocks are free: PAGE_FREE and `order` in the first frame of each free block, and
 * nowhere else.
 *
 * Contents are not cleared, neither way.
 *
 * Locking. (B) buddyLock, interrupts off: free lists, counts, and `flags`, `order`, `link` of free frames.
 */

import { type ListHead } from '../lib/list.ts';
import { assert } from '../lib/panic.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { frameOf, type Page, PAGE_FREE, PAGE_RESERVED, pageFrame, pageFrameCount } from './page.ts';

/** The largest block has 2^MAX_ORDER frames: 4 MiB. */
export const MAX_ORDER: u32 = 10;

/** The class of buddyLock. */
export class BuddyLock {
  declare readonly lock: 'buddy';
}

const buddyLock = zeroed<Inline<Spinlock<BuddyLock>>>();
/** (B) free blocks by order. */
const freeLists = zeroed<FixedArray<Inline<ListHead>, 11>>();
/** (B) frames in them. */
let freeFrames: u32 = 0;
/** (B) frames that were ever put in the allocator's care. */
let totalFrames: u32 = 0;

/** Makes an empty allocator. All frames are reserved until `freePageRange` says otherwise. */
export function initBuddy(): void {
  buddyLock.init('buddy');
  for (let order: u32 = 0; order <= MAX_ORDER; order++) freeLists[order].init();
  for (let frame: u32 = 0; frame < pageFrameCount(); frame++) pageFrame(frame).flags = PAGE_RESERVED;
}

/**
 * Frames in a block.
 *
 * @inline
 */
function blockSize(order: u32): u32 {
  return u32(1) << order;
}

/**
 * Takes a block of 2^order frames with a reference count of 1; null if there is none. Contents are undefined.
 *
 * @locking takes (B)
 */
export function allocPages(order: u32): Page | null {
  using held = buddyLock.acquireIrqSave();
  for (let larger = order; larger <= MAX_ORDER; larger++) {
    const link = freeLists[larger].takeFirst();
    if (link === null) continue;
    const page = as<Page>(u32(link) - offsetof<Page>('link'));
    page.flags = 0;
    page.count = 1;
    splitBlock(page, larger, order, held);
    freeFrames -= blockSize(order);
    return page;
  }
  return null;
}

/** Keeps the first 2^order frames of a block of order `from`; the rest becomes free blocks. */
function splitBlock(page: Page, from: u32, order: u32, held: Held<BuddyLock>): void {
  const frame = frameOf(page);
  for (let k = from; k > order; k--) linkBlock(pageFrame(frame + blockSize(k - 1)), k - 1, held);
}

function linkBlock(page: Page, order: u32, _held: Held<BuddyLock>): void {
  page.flags = PAGE_FREE;
  page.order = order;
  freeLists[order].addAfter(page.link);
}

/**
 * Gives a block back that `allocPages(order)` returned, whatever its reference count.
 *
 * @locking takes (B)
 */
export function freePages(page: Page, order: u32): void {
  using held = buddyLock.acquireIrqSave();
  assert((page.flags & (PAGE_FREE | PAGE_RESERVED)) === 0, 'freePages: the block is not in use');
  assert(page.mapCount === 0, 'freePages: the frame is mapped');
  page.count = 0;
  page.flags = 0;
  freeFrames += blockSize(order);
  freeBlock(frameOf(page), order, held);
}

/** Joins a block with its buddies as far as they are free. */
function freeBlock(first: u32, order: u32, held: Held<BuddyLock>): void {
  let frame = first;
  let k = order;
  for (; k < MAX_ORDER; k++) {
    const other = frame ^ blockSize(k);
    if (other + blockSize(k) > pageFrameCount()) break;
    const buddy = pageFrame(other);
    if ((buddy.flags & PAGE_FREE) === 0 || buddy.order !== k) break;
    buddy.link.unlink();
    buddy.flags = 0;
    frame &= other; // the lower of the two
  }
  linkBlock(pageFrame(frame), k, held);
}

/** Drops a reference to a single frame; the last one frees it. */
export function putPage(page: Page): void {
  assert(page.count !== 0, 'putPage: the frame is free');
  if (atomic.decAndTest(addrOf(page.count))) freePages(page, 0);
}

/** Puts reserved frames [first, last) in the allocator's care: as few and as large blocks as possible. */
export function freePageRange(first: u32, last: u32): void {
  using held = buddyLock.acquireIrqSave();
  let frame = first;
  while (frame < last) {
    let order: u32 = frame === 0 ? MAX_ORDER : bsf(frame);
    if (order > MAX_ORDER) order = MAX_ORDER;
    while (frame + blockSize(order) > last) order--;
    for (let i = frame; i < frame + blockSize(order); i++) pageFrame(i).flags = 0;
    freeBlock(frame, order, held);
    frame += blockSize(order);
  }
  freeFrames += last - first;
  totalFrames += last - first;
}

/** Frames that are free now. A snapshot. */
export function freePageCount(): u32 {
  return reload<u32>(freeFrames);
}

/** Frames that the allocator manages, free or not. */
export function totalPageCount(): u32 {
  return totalFrames;
}
