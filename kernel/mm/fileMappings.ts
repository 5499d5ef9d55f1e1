/*
 * Who maps a file: all regions that show it, whatever address space they are in. Memory that is shared without a file
 * (sharedMemory.ts) has its regions on such a list, too, and is meant by "file" here.
 *
 * Idea. A file that is cut must take its pages back from everybody. So each file has a list of its regions, and
 * `unmapMappingRange` walks it and clears page-table entries. That walk comes from the file's side: it cannot take the
 * mmapSem of each address space, for who holds one may be waiting for the file. It has a lock of its own instead, (I),
 * which everybody takes who changes where a region of a file begins and ends.
 *
 * A fault may have found a page just before the file is cut, and want to map it just after. `truncateCount` tells:
 *
 *   fault                                        truncate
 *   count = truncateCount
 *   looks at the size, finds the page
 *                                                sets the size
 *                                                under (I): truncateCount++, clears entries
 *   under (I): maps the page only if
 *   truncateCount is still `count`
 *                                                drops the pages
 *
 * Locking. (I) iSharedLock, a spinlock, inside (V) and outside (P). Nobody sleeps or allocates under it.
 */

import { PAGE_SHIFT } from '../arch/x86/layout.ts';
import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { unmapPages } from './pageTables.ts';
import { type Vma } from './types.ts';

/** The class of FileMappings.iSharedLock. */
export class ISharedLock {
  declare readonly lock: 'iSharedLock';
}

/** Part of each file's address space. */
export class FileMappings {
  iSharedLock: Inline<Spinlock<ISharedLock>>;
  regions: Inline<ListHead>; // (I) of Vma.shareLink
  truncateCount: Volatile<u32>; // (I) to write

  init(): void {
    this.iSharedLock.init('iSharedLock');
    this.regions.init();
    this.truncateCount = 0;
  }
}

/**
 * Takes (I) of the file that a region shows: `using shared = lockMappings(region.vmMappings)`. No file, no lock: then
 * there is nobody to exclude, and the witness is as good.
 *
 * @releasedBy unlockMappings
 */
export function lockMappings(mappings: FileMappings | null): Held<ISharedLock> {
  return mappings === null ? witness<ISharedLock>() : mappings.iSharedLock.acquire();
}

/** Releases it. Called by `using`. */
export function unlockMappings(mappings: FileMappings | null): void {
  if (mappings !== null) mappings.iSharedLock.release();
}

/** The region shows its file from now on. */
export function addSharedVmStruct(region: Vma, _shared: Held<ISharedLock>): void {
  const mappings = region.vmMappings;
  if (mappings !== null) mappings.regions.addBefore(region.shareLink);
}

/** The region, whose pages are gone, does not show its file any more. */
export function removeSharedVmStruct(region: Vma, _shared: Held<ISharedLock>): void {
  if (region.vmMappings !== null) region.shareLink.unlink();
}

/**
 * Takes the pages of a file from number `first` to before `end` out of all page tables. Private copies are taken as well,
 * or stay where they are.
 */
export function unmapMappingRange(mappings: FileMappings, first: u32, end: u32, keepsCopies: boolean): void {
  using held = mappings.iSharedLock.acquire();
  mappings.truncateCount = mappings.truncateCount + 1;
  for (let link = mappings.regions.next; link !== mappings.regions; link = link.next) {
    const region = as<Vma>(u32(link) - offsetof<Vma>('shareLink'));
    const from = region.vmOffset > first ? region.vmOffset : first;
    const regionEnd = region.vmOffset + ((region.vmEnd - region.vmStart) >>> PAGE_SHIFT);
    const to = regionEnd < end ? regionEnd : end;
    if (from >= to) continue;
    const start = region.vmStart + ((from - region.vmOffset) << PAGE_SHIFT);
    unmapPages(region.vmMm, start, start + ((to - from) << PAGE_SHIFT), keepsCopies, held);
  }
}
