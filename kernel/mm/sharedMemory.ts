/*
 * Anonymous memory that is shared: mmap with MAP_SHARED and MAP_ANONYMOUS, then fork.
 *
 * Idea. The frames belong to an object of their own, which all regions made from the one mmap refer to. A process that
 * touches a page looks there first; so parent and child meet in the same frame, whoever came first.
 *
 * Locking. (O) SharedMemory.lock: the table of frames. `count` is atomic: regions.
 */

import { ENOMEM } from '../abi/errno.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { putPage } from './buddy.ts';
import { acctMemory, unacctMemory } from './overcommit.ts';
import { getPage, type Page } from './page.ts';
import { allocate, kfree } from './slab.ts';
import { VM_NORESERVE, type Vma, type VmOperations } from './types.ts';
import { allocZeroedPage } from './userPages.ts';
import { vmaPages } from './vma.ts';
import { kvfree, kvmalloc } from './vmalloc.ts';

/** The class of SharedMemory.lock. */
export class SharedMemoryLock {
  declare readonly lock: 'sharedMemory';
}

export class SharedMemory {
  count: Volatile<u32>;
  futexNumber: u32; // atomic: see proc/futexKey.ts
  lock: Inline<Spinlock<SharedMemoryLock>>;
  pageCount: u32; // (C)
  promised: u32; // (C) pages (overcommit.ts)
  pages: Ptr<Page | null>; // (O) a reference each
  // Of a segment that has a name (ipc/shm.ts): what it is told when a region comes and goes, with (M) held.
  owner: u32; // (C)
  attached: ((owner: u32) => void) | null; // (C)
  detached: ((owner: u32) => void) | null; // (C)
}

const operations = zeroed<Inline<VmOperations>>();

/** Fills the table of operations. */
export function initSharedMemory(): void {
  operations.open = openShared;
  operations.close = closeShared;
  operations.nopage = findShared;
  operations.isCached = isSharedPresent;
}

/** Makes `region`, whose addresses are set, shared memory of its own. 0 or -ENOMEM. */
export function shareRegion(region: Vma): i32 {
  const object = createSharedMemory(vmaPages(region), (region.vmFlags & VM_NORESERVE) === 0);
  if (object === null) return -ENOMEM;
  setObject(region, object);
  return 0;
}

/** Makes `region` show an object that is there already. */
export function showSharedMemory(region: Vma, object: SharedMemory): void {
  setObject(region, object);
  openShared(region);
}

function setObject(region: Vma, object: SharedMemory): void {
  region.vmOffset = 0;
  region.vmOps = operations;
  region.vmPrivateData = u32(object);
}

/** An object with one reference, whose memory is promised now if `isReserved`; null: no memory. */
export function createSharedMemory(pageCount: u32, isReserved: boolean): SharedMemory | null {
  const promised = isReserved ? pageCount : 0;
  if (acctMemory(promised) !== 0) return null;
  const object = createShared(pageCount);
  if (object === null) unacctMemory(promised);
  else object.promised = promised;
  return object;
}

/** Pages of the object that are in memory. A snapshot. */
export function residentPages(object: SharedMemory): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < object.pageCount; i++) if (object.pages[i] !== null) count++;
  return count;
}

/** An object without frames; null: no memory. */
function createShared(pageCount: u32): SharedMemory | null {
  const object = allocate<SharedMemory>();
  if (object === null) return null;
  const pages = kvmalloc(pageCount * 4);
  if (pages === null) {
    kfree(object);
    return null;
  }
  fillBytes(pages, 0, pageCount * 4);
  object.count = 1;
  object.lock.init('sharedMemory');
  object.pageCount = pageCount;
  object.pages = ptr<Page | null>(pages);
  return object;
}

/** The object that a region shows; null if it shows something else. */
export function sharedMemoryOf(region: Vma): SharedMemory | null {
  return region.vmOps === operations ? as<SharedMemory>(region.vmPrivateData) : null;
}

function openShared(region: Vma): void {
  const object = as<SharedMemory>(region.vmPrivateData);
  atomic.inc(addrOf(object.count));
  const attached = object.attached;
  if (attached !== null) attached(object.owner);
}

function closeShared(region: Vma): void {
  const object = as<SharedMemory>(region.vmPrivateData);
  const detached = object.detached;
  if (detached !== null) detached(object.owner);
  putSharedMemory(object);
}

/** One reference less; the last one frees the object. */
export function putSharedMemory(object: SharedMemory): void {
  if (!atomic.decAndTest(addrOf(object.count))) return;
  for (let i: u32 = 0; i < object.pageCount; i++) {
    const page = object.pages[i];
    if (page !== null) putPage(page);
  }
  unacctMemory(object.promised);
  kvfree(ptr<u8>(object.pages));
  kfree(object);
}

/** The frame for a page, with a reference for the caller. A frame that turns out to be one too many goes again. */
function findShared(region: Vma, pageOffset: u32, result: Ptr<Page | null>): i32 {
  const object = as<SharedMemory>(region.vmPrivateData);
  if (pageOffset >= object.pageCount) return -ENOMEM;
  if (lookUp(object, pageOffset, result)) return 0;
  const page = allocZeroedPage();
  if (page === null) return -ENOMEM;
  if (!enter(object, pageOffset, page, result)) putPage(page);
  return 0;
}

function lookUp(object: SharedMemory, index: u32, result: Ptr<Page | null>): boolean {
  using _held = object.lock.acquire();
  const page = object.pages[index];
  if (page === null) return false;
  getPage(page);
  result[0] = page;
  return true;
}

/** Enters a new frame; false if somebody was faster, whose frame is the result then. */
function enter(object: SharedMemory, index: u32, page: Page, result: Ptr<Page | null>): boolean {
  using _held = object.lock.acquire();
  const there = object.pages[index];
  const winner = there === null ? page : there;
  getPage(winner);
  object.pages[index] = winner;
  result[0] = winner;
  return there === null;
}

function isSharedPresent(region: Vma, pageOffset: u32): boolean {
  const object = as<SharedMemory>(region.vmPrivateData);
  return pageOffset < object.pageCount && object.pages[pageOffset] !== null;
}
