/*
 * New flags for a part of a region: mprotect, mlock, madvise.
 *
 * The part may be all of the region, its start, its end, or its middle; the region keeps one piece, and one or two new
 * regions are made for the others:
 *
 *   all      |==========|              one region, new flags
 *   start    |=====|----|              a new one below, with new flags
 *   end      |----|=====|              a new one above, with new flags
 *   middle   |---|====|---|            new ones below and above, with the old flags; the region itself gets the new ones
 *
 * The new ones are made first. Then, in one step under (V) and the file's (I), the region shrinks, the new ones are
 * inserted and the flags change: nobody who scans the list ever sees a hole, a start without its offset, or the flags of
 * the middle on the whole. That last one matters for mlock: the ends of a locked region must not look unlocked, not even
 * for a moment, or the page stealer takes their pages.
 */

import { ENOMEM } from '../abi/errno.ts';
import { RACE_MLOCK, RACE_SPLIT } from '../abi/races.ts';
import { lockMappings } from './fileMappings.ts';
import { maxMapCount } from './limits.ts';
import { isOpen, RACE_1999_MLOCK, RACE_1999_SPLIT } from './raceFlags.ts';
import { type Mm, type MmapSem, type Vma } from './types.ts';
import {
  copyVma,
  freeVma,
  insertVmStruct,
  moveEnds,
  vmaAdjust,
  vmaPages,
  vmlistModifyLock,
  vmStatAccount,
} from './vma.ts';

/** The accounts of what changes flags. */
function account(mm: Mm, pages: u32, from: u32, to: u32, mmap: Held<MmapSem>): void {
  vmStatAccount(mm, from, -i32(pages), mmap);
  vmStatAccount(mm, to, i32(pages), mmap);
}

function fixupAll(mm: Mm, region: Vma, flags: u32, mmap: Held<MmapSem>): i32 {
  account(mm, vmaPages(region), region.vmFlags, flags, mmap);
  using _vmlist = vmlistModifyLock(mm, mmap);
  region.vmFlags = flags;
  return 0;
}

function fixupStart(mm: Mm, region: Vma, end: u32, flags: u32, mmap: Held<MmapSem>): i32 {
  const lower = copyVma(mm, region);
  if (lower === null) return -ENOMEM;
  moveEnds(lower, region.vmStart, end);
  account(mm, vmaPages(lower), region.vmFlags, flags, mmap);
  lower.vmFlags = flags;
  if (RACE_1999_SPLIT && isOpen(RACE_SPLIT)) moveEnds(region, end, region.vmEnd);
  using vmlist = vmlistModifyLock(mm, mmap);
  using shared = lockMappings(region.vmMappings);
  vmaAdjust(mm, region, end, region.vmEnd, mmap, vmlist, shared);
  insertVmStruct(mm, lower, mmap, vmlist, shared);
  return 0;
}

function fixupEnd(mm: Mm, region: Vma, start: u32, flags: u32, mmap: Held<MmapSem>): i32 {
  const upper = copyVma(mm, region);
  if (upper === null) return -ENOMEM;
  moveEnds(upper, start, region.vmEnd);
  account(mm, vmaPages(upper), region.vmFlags, flags, mmap);
  upper.vmFlags = flags;
  if (RACE_1999_SPLIT && isOpen(RACE_SPLIT)) moveEnds(region, region.vmStart, start);
  using vmlist = vmlistModifyLock(mm, mmap);
  using shared = lockMappings(region.vmMappings);
  vmaAdjust(mm, region, region.vmStart, start, mmap, vmlist, shared);
  insertVmStruct(mm, upper, mmap, vmlist, shared);
  return 0;
}

function fixupMiddle(mm: Mm, region: Vma, start: u32, end: u32, flags: u32, mmap: Held<MmapSem>): i32 {
  const lower = copyVma(mm, region);
  if (lower === null) return -ENOMEM;
  const upper = copyVma(mm, region);
  if (upper === null) {
    freeVma(lower);
    return -ENOMEM;
  }
  moveEnds(lower, region.vmStart, start);
  moveEnds(upper, end, region.vmEnd);
  const old = region.vmFlags;
  if (RACE_1999_SPLIT && isOpen(RACE_SPLIT)) moveEnds(region, start, end);
  if (RACE_1999_MLOCK && isOpen(RACE_MLOCK)) region.vmFlags = flags;
  {
    using vmlist = vmlistModifyLock(mm, mmap);
    using shared = lockMappings(region.vmMappings);
    vmaAdjust(mm, region, start, end, mmap, vmlist, shared);
    region.vmFlags = flags;
    insertVmStruct(mm, lower, mmap, vmlist, shared);
    insertVmStruct(mm, upper, mmap, vmlist, shared);
  }
  account(mm, vmaPages(region), old, flags, mmap);
  return 0;
}

/**
 * Gives [start, end), which lies in `region`, the flags `flags`. 0, or -ENOMEM: no memory, or too many regions; nothing
 * has changed then. Which region has the range afterwards, findVma knows. Neighbours are not joined.
 *
 * @sleeps
 */
export function fixupVma(mm: Mm, region: Vma, start: u32, end: u32, flags: u32, mmap: Held<MmapSem>): i32 {
  if (region.vmFlags === flags) return 0;
  const atStart = start === region.vmStart;
  const atEnd = end === region.vmEnd;
  if (atStart && atEnd) return fixupAll(mm, region, flags, mmap);
  if (mm.mapCount + (atStart || atEnd ? 0 : 1) >= maxMapCount()) return -ENOMEM;
  if (atStart) return fixupStart(mm, region, end, flags, mmap);
  if (atEnd) return fixupEnd(mm, region, start, flags, mmap);
  return fixupMiddle(mm, region, start, end, flags, mmap);
}
