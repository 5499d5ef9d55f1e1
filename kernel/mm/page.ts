/*
 * Page frames: one `Page` for each 4 KiB of memory.
 *
 * memMap[n] describes the frame at physical address n * 4096. Everything that is asked of a frame (is it free, how many
 * references, which slab cache) is asked here.
 *
 * Locking. `count` is atomic. `flags` bits are set by whoever owns the frame. `link` and `private` belong to the owner:
 * (B) the buddy allocator's lock while the frame is free, (S) the slab cache's lock while PAGE_SLAB is set.
 */

import { KERNEL_BASE, PAGE_SHIFT, type PhysAddr } from '../arch/x86/layout.ts';
import { ListHead } from '../lib/list.ts';

/** Not memory that the allocator may hand out: the kernel image, memMap, holes. */
export const PAGE_RESERVED: u32 = 0x1;
/** First frame of a free block on a buddy list. */
export const PAGE_FREE: u32 = 0x2;
/** Frame of a slab cache. */
export const PAGE_SLAB: u32 = 0x4;
/** First frame of a block that kmalloc took whole from the buddy allocator. */
export const PAGE_LARGE: u32 = 0x8;

export class Page {
  flags: u32;
  /** References. 0: free. */
  count: Volatile<u32>;
  link: Inline<ListHead>; // (B,S) free list, slab list
  order: u32; // (B) of a free block; of a PAGE_LARGE block
  cache: u32; // (S) the KmemCache
  freeObjects: u32; // (S) first free object, 0: none
  inUse: u32; // (S) objects handed out
}

declare const memMap: Ptr<Inline<Page>>;

export function physToPage(address: PhysAddr): Page {
  return memMap[address >>> PAGE_SHIFT];
}
export function virtToPage(address: u32): Page {
  return physToPage(address - KERNEL_BASE);
}
export declare function pageToPhys(page: Page): PhysAddr;
/** Where the kernel sees the frame. */
export declare function pageAddress(page: Page): Ptr<u8>;
export declare function getPage(page: Page): void;
/** Drops a reference; the last one frees the frame. */
export declare function putPage(page: Page): void;
