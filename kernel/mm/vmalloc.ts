/*
 * vmalloc: large blocks of kernel memory whose pages lie anywhere, side by side only in the page tables.
 *
 * kmalloc wants neighbouring frames, which are hard to find when memory has been in use for a while. Here each page is
 * taken by itself and mapped into an area of the kernel's half; a page that stays unmapped behind each block catches who
 * runs over its end. The area is as large as the memory, at most 128 MiB, and its page tables are made at boot, because
 * every process has a copy of the kernel's directory (kernelMap.ts).
 *
 * Locking. (Y) vmallocLock: the list of blocks. Page-table entries of a block belong to whoever has the block.
 */

import { PAGE_SHIFT, PAGE_SIZE, pageCeil, VMALLOC_END, VMALLOC_START } from '../arch/x86/layout.ts';
import { PAGE_TABLE_SPAN, PTE_WRITE } from '../arch/x86/pageTable.ts';
import { flushKernelRange } from '../arch/x86/tlb.ts';
import { type ListHead } from '../lib/list.ts';
import { panic } from '../lib/panic.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { allocPages, freePages } from './buddy.ts';
import { kernelPageAt, mapKernelPage, unmapKernelPage } from './kernelMap.ts';
import { pageToPhys, physToPage } from './page.ts';
import { allocate, kfree, kmalloc } from './slab.ts';

/** The class of vmallocLock. */
export class VmallocLock {
  declare readonly lock: 'vmalloc';
}

/** A block, and the page behind it. */
class VmStruct {
  link: Inline<ListHead>; // (Y) by address
  start: u32; // (C)
  end: u32; // (C) of what is mapped
}

const vmallocLock = zeroed<Inline<Spinlock<VmallocLock>>>();
/** (Y) of VmStruct.link. */
const blocks = zeroed<Inline<ListHead>>();
/** Pages in blocks. Atomic. */
let mappedPages: u32 = 0;
/** Where the page tables end. Constant after boot. */
let areaEnd: u32 = VMALLOC_START;

/** Bytes of addresses that a machine with `pages` pages of memory gets: whole page tables. */
export function vmallocSizeFor(pages: u32): u32 {
  const wanted = (((pages << PAGE_SHIFT) - 1) | (PAGE_TABLE_SPAN - 1)) + 1;
  return wanted < VMALLOC_END - VMALLOC_START ? wanted : VMALLOC_END - VMALLOC_START;
}

/** The first `size` bytes of the area have their page tables. */
export function initVmalloc(size: u32): void {
  vmallocLock.init('vmalloc');
  blocks.init();
  areaEnd = VMALLOC_START + size;
}

function blockOf(link: ListHead): VmStruct {
  return as<VmStruct>(u32(link) - offsetof<VmStruct>('link'));
}

/** `size` bytes, page aligned, contents undefined; null: no memory, or no room. Not in interrupts. */
export function vmalloc(size: u32): Ptr<u8> | null {
  if (size === 0 || size > areaEnd - VMALLOC_START - PAGE_SIZE) return null;
  const block = allocate<VmStruct>();
  if (block === null) return null;
  block.link.init();
  if (!placeBlock(block, pageCeil(size))) {
    kfree(block);
    return null;
  }
  for (let address = block.start; address < block.end; address += PAGE_SIZE) {
    const page = allocPages(0);
    if (page === null) {
      vfree(ptr<u8>(block.start));
      return null;
    }
    mapKernelPage(address, pageToPhys(page), PTE_WRITE);
    atomic.inc(addrOf(mappedPages));
  }
  return ptr<u8>(block.start);
}

/** Gives the block the first place that is large enough, and lists it; false: there is none. */
function placeBlock(block: VmStruct, size: u32): boolean {
  using _held = vmallocLock.acquire();
  let at = VMALLOC_START;
  let link = blocks.next;
  while (link !== blocks && blockOf(link).start - at < size + PAGE_SIZE) {
    at = blockOf(link).end + PAGE_SIZE;
    link = link.next;
  }
  if (areaEnd - at < size + PAGE_SIZE) return false;
  block.start = at;
  block.end = at + size;
  link.addBefore(block.link);
  return true;
}

/** Frees what `vmalloc` returned. Not in interrupts. */
export function vfree(memory: Ptr<u8>): void {
  const block = findBlock(u32(memory));
  if (block === null) panic('vfree: %p was not allocated', u32(memory));
  const end = block.end;
  let mapped = block.start;
  while (mapped < end && kernelPageAt(mapped) !== 0) mapped += PAGE_SIZE; // not all, if memory ran out
  unmapBlock(block.start, mapped);
  unlistBlock(block);
  kfree(block);
}

/** Takes the pages out, a batch at a time: first the entries, then all TLBs, then the frames. */
function unmapBlock(start: u32, end: u32): void {
  const frames = uninitialized<FixedArray<u32, 64>>();
  for (let at = start; at < end;) {
    const first = at;
    let count: u32 = 0;
    for (; at < end && count < 64; at += PAGE_SIZE) {
      frames[count] = kernelPageAt(at);
      unmapKernelPage(at);
      count++;
    }
    flushKernelRange(first, at);
    for (let i: u32 = 0; i < count; i++) freePages(physToPage(frames[i]), 0);
    atomic.sub(addrOf(mappedPages), count);
  }
}

function findBlock(start: u32): VmStruct | null {
  using _held = vmallocLock.acquire();
  for (let link = blocks.next; link !== blocks; link = link.next) {
    if (blockOf(link).start === start) return blockOf(link);
  }
  return null;
}

function unlistBlock(block: VmStruct): void {
  using _held = vmallocLock.acquire();
  block.link.unlink();
}

/** Memory for a table of any size: neighbouring frames are not asked for where a page is not enough. */
export function kvmalloc(size: u32): Ptr<u8> | null {
  return size <= PAGE_SIZE ? kmalloc(size) : vmalloc(size);
}

/** Frees what `kvmalloc` returned. */
export function kvfree(memory: Ptr<u8>): void {
  if (u32(memory) >= VMALLOC_START && u32(memory) < VMALLOC_END) vfree(memory);
  else kfree(memory);
}

/** Pages that there are addresses for. */
export function vmallocRoom(): u32 {
  return (areaEnd - VMALLOC_START) / PAGE_SIZE;
}

/** Pages in blocks. For /proc/meminfo. */
export function vmallocPages(): u32 {
  return reload<u32>(mappedPages);
}
