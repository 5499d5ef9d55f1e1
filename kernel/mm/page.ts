/*
 * Page frames: one `Page` for each 4 KiB of physical memory.
 *
 * memMap[n] describes the frame at physical address n * 4096. Whatever is asked of a frame (is it free, how many refer to
 * it, which slab does it belong to) is asked here.
 *
 * Locking. `count` and `mapCount` are atomic, and so are changes of `flags` in a frame that is in use. Everything else
 * belongs to whoever owns the frame:
 *   (B) the buddy allocator's lock, while the frame is free
 *   (S) the slab cache's lock, while PAGE_SLAB is set
 *   (W) swapLock, while PAGE_SWAP_CACHE is set
 */

import { KERNEL_BASE, PAGE_SHIFT, type PhysAddr } from '../arch/x86/layout.ts';
import { type ListHead } from '../lib/list.ts';
import { assert } from '../lib/panic.ts';

/** Not memory that the allocator hands out: the kernel image, memMap, holes between memories. */
export const PAGE_RESERVED: u32 = 0x1;
/** The first frame of a free block. */
export const PAGE_FREE: u32 = 0x2;
/** A frame of a slab cache. */
export const PAGE_SLAB: u32 = 0x4;
/** The first frame of a block that kmalloc took from the buddy allocator as it is. */
export const PAGE_LARGE: u32 = 0x8;
/** A program's own memory: not of a file, not of shared memory. */
export const PAGE_ANON: u32 = 0x10;
/** Written to since it was last the same as what it was read from. */
export const PAGE_DIRTY: u32 = 0x20;
/** On its way from or to a disk (pageLock.ts). */
export const PAGE_LOCKED: u32 = 0x40;
/** Used since the hand of the clock last came by (reclaim.ts). */
export const PAGE_REFERENCED: u32 = 0x80;
/** Holds what it should. */
export const PAGE_UPTODATE: u32 = 0x100;
/** In the swap cache, under the entry in Page.index. */
export const PAGE_SWAP_CACHE: u32 = 0x200;
/** The last transfer failed. */
export const PAGE_ERROR: u32 = 0x400;

export class Page {
  flags: u32;
  /** References; 0: free, or reserved. */
  count: Volatile<u32>;
  /** Page-table entries that show the frame; each has one of the references. */
  mapCount: Volatile<u32>;
  link: Inline<ListHead>; // (B) in a list of free blocks; (S) in a list of the cache
  order: u32; // (B) of the free block that begins here; of a PAGE_LARGE block
  cache: u32; // (S) the KmemCache
  freeObject: u32; // (S) first object of the slab that is free; 0: none
  inUse: u32; // (S) objects of the slab that are handed out
  index: u32; // (W) its swap entry
  cacheNext: Page | null; // (W) the next in its chain of the swap cache
}

let memMap: Ptr<Inline<Page>> = ptr<Inline<Page>>(0);
let frameCount: u32 = 0;

/** Tells where the map is: `frames` zeroed records. */
export function setMemMap(map: u32, frames: u32): void {
  memMap = ptr<Inline<Page>>(map);
  frameCount = frames;
}

/** Frames that have a Page. */
export function pageFrameCount(): u32 {
  return frameCount;
}

/** The frame with this number: physical address / 4096. */
export function pageFrame(frame: u32): Page {
  return memMap[frame];
}

/** The number of a frame. */
export function frameOf(page: Page): u32 {
  return (u32(page) - u32(memMap)) / sizeof<Page>();
}

export function physToPage(address: PhysAddr): Page {
  return memMap[address >>> PAGE_SHIFT];
}

/** Of an address in the direct map. */
export function virtToPage(address: u32): Page {
  return physToPage(address - KERNEL_BASE);
}

export function pageToPhys(page: Page): PhysAddr {
  return frameOf(page) << PAGE_SHIFT;
}

/** Where the kernel sees the frame. */
export function pageAddress(page: Page): Ptr<u8> {
  return ptr<u8>(pageToPhys(page) + KERNEL_BASE);
}

/** One more reference to a frame that has at least one. */
export function getPage(page: Page): void {
  assert(page.count !== 0, 'getPage: the frame is free');
  atomic.inc(addrOf(page.count));
}

/** Sets a flag of a frame that is in use. */
export function setPageFlag(page: Page, flag: u32): void {
  if ((page.flags & flag) === 0) atomic.or(addrOf(page.flags), flag);
}
