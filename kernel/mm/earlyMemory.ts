/*
 * Memory before there is an allocator.
 *
 * Idea. Two lists of extents: what the machine has, and what of it is taken (the image, the loader's modules, what has
 * been allocated here). Allocating means finding a place in the first that does not touch the second. When the page
 * frames have been described, everything that is not taken goes to the buddy allocator, and this file has done its work.
 *
 * Addresses are physical. Used by the boot alone: one CPU, no interrupts, no locks.
 */

import { PAGE_SHIFT, PAGE_SIZE, pageCeil, pageFloor, type PhysAddr } from '../arch/x86/layout.ts';
import { panic } from '../lib/panic.ts';
import { freePageRange } from './buddy.ts';

const MAX_EXTENTS: u32 = 32;
/** Below are the tables of the firmware, and the page that other CPUs start in. */
const FIRST_ALLOCATED: PhysAddr = 0x100000;

class Extent {
  start: PhysAddr;
  end: PhysAddr; // first byte after
}

class ExtentList {
  count: u32;
  extents: FixedArray<Inline<Extent>, 32>; // by address, disjoint

  /** Adds an extent where it belongs. Overlap with others is harmless. */
  insert(start: PhysAddr, end: PhysAddr): void {
    if (this.count === MAX_EXTENTS) panic('memory map: more than %u extents', MAX_EXTENTS);
    let place = this.count;
    for (; place > 0 && this.extents[place - 1].start > start; place--) {
      this.extents[place].start = this.extents[place - 1].start;
      this.extents[place].end = this.extents[place - 1].end;
    }
    this.extents[place].start = start;
    this.extents[place].end = end;
    this.count++;
  }
}

const memory = zeroed<Inline<ExtentList>>();
const taken = zeroed<Inline<ExtentList>>();

/** There is memory at [start, end). Parts of pages do not count. */
export function addMemory(start: PhysAddr, end: PhysAddr): void {
  const first = pageCeil(start);
  const last = pageFloor(end);
  if (first < last) memory.insert(first, last);
}

/** [start, end) is in use, together with the pages that it touches. */
export function reserveMemory(start: PhysAddr, end: PhysAddr): void {
  if (start < end) taken.insert(pageFloor(start), pageCeil(end));
}

/** The first byte after all memory. */
export function memoryEnd(): PhysAddr {
  let end: PhysAddr = 0;
  for (let i: u32 = 0; i < memory.count; i++) if (memory.extents[i].end > end) end = memory.extents[i].end;
  return end;
}

/** Bytes of memory, taken or not. */
export function memorySize(): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < memory.count; i++) sum += memory.extents[i].end - memory.extents[i].start;
  return sum;
}

/** Takes a page below 1 MiB, but not the first one; 0: there is none. */
export function earlyAllocateLowPage(): PhysAddr {
  for (let i: u32 = 0; i < memory.count; i++) {
    const extent = memory.extents[i];
    const end = extent.end < FIRST_ALLOCATED ? extent.end : FIRST_ALLOCATED;
    const place = extent.start < end ? firstFit(extent.start, end, PAGE_SIZE) : 0;
    if (place === 0) continue;
    taken.insert(place, place + PAGE_SIZE);
    return place;
  }
  return 0;
}

/** Takes `bytes` bytes, whole pages, contents undefined. Panics when there is no room: nothing would work. */
export function earlyAllocate(bytes: u32): PhysAddr {
  const size = pageCeil(bytes);
  for (let i: u32 = 0; i < memory.count; i++) {
    const extent = memory.extents[i];
    const place = firstFit(extent.start < FIRST_ALLOCATED ? FIRST_ALLOCATED : extent.start, extent.end, size);
    if (place === 0) continue;
    extendTaken(place, place + size);
    return place;
  }
  panic('out of memory during boot (%u KiB more were needed)', bytes >>> 10);
}

/** The first place of `size` bytes in [start, end) that is not taken; 0 if there is none. */
function firstFit(start: PhysAddr, end: PhysAddr, size: u32): PhysAddr {
  let place = start;
  for (let i: u32 = 0; i < taken.count; i++) {
    const other = taken.extents[i];
    if (other.end <= place) continue;
    if (other.start >= place + size) break;
    place = other.end;
  }
  return place + size <= end ? place : 0;
}

/** Many small allocations follow one another: they become one extent. */
function extendTaken(start: PhysAddr, end: PhysAddr): void {
  for (let i: u32 = 0; i < taken.count; i++) {
    if (taken.extents[i].end === start) {
      taken.extents[i].end = end;
      return;
    }
  }
  taken.insert(start, end);
}

/** Gives everything that is not taken to the buddy allocator. */
export function releaseEarlyMemory(): void {
  for (let i: u32 = 0; i < memory.count; i++) {
    let at = memory.extents[i].start;
    const end = memory.extents[i].end;
    for (let j: u32 = 0; j < taken.count && at < end; j++) {
      const other = taken.extents[j];
      if (other.end <= at) continue;
      if (other.start > at) freePageRange(at >>> PAGE_SHIFT, (other.start < end ? other.start : end) >>> PAGE_SHIFT);
      at = other.end;
    }
    if (at < end) freePageRange(at >>> PAGE_SHIFT, end >>> PAGE_SHIFT);
  }
}

/** Gives back an extent that was reserved at boot, after `releaseEarlyMemory`: the pages that are wholly inside. */
export function releaseReserved(start: PhysAddr, end: PhysAddr): void {
  const first = pageCeil(start) >>> PAGE_SHIFT;
  const last = pageFloor(end) >>> PAGE_SHIFT;
  if (first < last) freePageRange(first, last);
}
