/*
 * What a region has in memory and in swap, and who else has it: /proc/PID/smaps.
 *
 * A page that several page tables show is *shared*; each of them answers for its part of it, the *proportional* size. Parts
 * are counted in 4096ths of a byte, since they are seldom whole ones. The zero page belongs to nobody, and is not counted.
 *
 * Locking. (M), so that the region and its tables stay; (P) while they are looked at, and inside it (W) for a slot. What
 * others do to the same pages meanwhile may or may not be counted.
 */

import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { findPte, PAGE_TABLE_SPAN, PTE_ACCESSED, PTE_DIRTY } from '../arch/x86/pageTable.ts';
import { type Page, PAGE_ANON, PAGE_DIRTY, PAGE_REFERENCED, PAGE_SWAP_CACHE } from './page.ts';
import { hasPage, pageOf } from './pageTables.ts';
import { swapUsers } from './swapCache.ts';
import { type Mm, type MmapSem, type PageTableLock, VM_LOCKED, type Vma } from './types.ts';
import { isZeroPage } from './userPages.ts';

/** Sums over regions: in bytes, those that are proportional in 4096ths of a byte. */
export class RegionUsage {
  resident: u32;
  proportional: u64;
  proportionalDirty: u64;
  proportionalAnonymous: u64;
  sharedClean: u32;
  sharedDirty: u32;
  privateClean: u32;
  privateDirty: u32;
  referenced: u32;
  anonymous: u32;
  swapped: u32;
  proportionalSwapped: u64;
  proportionalLocked: u64;
}

/** A whole page, in 4096ths of a byte. */
const WHOLE: u64 = 0x1000000n;

/** Adds what a region has to `usage`. */
export function addRegionUsage(mm: Mm, region: Vma, usage: RegionUsage, _mmap: Held<MmapSem>): void {
  let address = region.vmStart;
  while (address < region.vmEnd) {
    const boundary = (address & ~(PAGE_TABLE_SPAN - 1)) + PAGE_TABLE_SPAN;
    const end = boundary < region.vmEnd ? boundary : region.vmEnd;
    addTable(mm, region, address, end, usage);
    address = end;
  }
}

/** The part that one page table serves. */
function addTable(mm: Mm, region: Vma, start: u32, end: u32, usage: RegionUsage): void {
  using table = mm.pageTableLock.acquire();
  const first = findPte(mm.pageDirectory, start);
  if (first === null) return;
  for (let i: u32 = 0; i < (end - start) / PAGE_SIZE; i++) {
    const entry: u32 = first[i];
    if (entry === 0) continue;
    if (hasPage(entry)) addPage(region, entry, usage, table);
    else {
      usage.swapped += PAGE_SIZE;
      usage.proportionalSwapped += WHOLE / u64(swapUsers(entry));
    }
  }
}

function addPage(region: Vma, entry: u32, usage: RegionUsage, _table: Held<PageTableLock>): void {
  const page: Page = pageOf(entry);
  if (isZeroPage(page)) return;
  const users: u32 = page.mapCount;
  // A program's own page has no other place, unless it is in a slot as well.
  const isOnlyCopy = (page.flags & (PAGE_ANON | PAGE_SWAP_CACHE)) === PAGE_ANON;
  const isDirty = isOnlyCopy || (entry & PTE_DIRTY) !== 0 || (page.flags & PAGE_DIRTY) !== 0;
  const part = users > 1 ? WHOLE / u64(users) : WHOLE;
  usage.resident += PAGE_SIZE;
  usage.proportional += part;
  if (isDirty) usage.proportionalDirty += part;
  if ((region.vmFlags & VM_LOCKED) !== 0) usage.proportionalLocked += part;
  if ((entry & PTE_ACCESSED) !== 0 || (page.flags & PAGE_REFERENCED) !== 0) usage.referenced += PAGE_SIZE;
  if ((page.flags & PAGE_ANON) !== 0) {
    usage.anonymous += PAGE_SIZE;
    usage.proportionalAnonymous += part;
  }
  if (users > 1 && isDirty) usage.sharedDirty += PAGE_SIZE;
  else if (users > 1) usage.sharedClean += PAGE_SIZE;
  else if (isDirty) usage.privateDirty += PAGE_SIZE;
  else usage.privateClean += PAGE_SIZE;
}
