/*
 * Anonymous memory that is shared: mmap with MAP_SHARED and MAP_ANONYMOUS, then fork.
 *
 * Idea. The pages belong to an object of their own, which all regions made from the one mmap refer to. A process that
 * touches a page looks there first; so parent and child meet in the same frame, whoever came first. An object keeps its
 * pages as a file does, in an address space, and so they can go to swap (fileSwap.ts).
 *
 * A region of shared memory is on the list of the object's regions (fileMappings.ts), so that a hole can be punched.
 *
 * Locking. That of the address space (fs/addressSpace.ts). `count` is atomic: regions.
 */

import { EFAULT, ENOMEM } from '../abi/errno.ts';
import {
  type AddressSpace,
  type AddressSpaceOperations,
  emptyAddressSpace,
  findPage,
  grabPage,
  initAddressSpace,
  punchPages,
} from '../fs/addressSpace.ts';
import { putPage } from './buddy.ts';
import { addSwappable, swapOutFilePage } from './fileSwap.ts';
import { acctMemory, unacctMemory } from './overcommit.ts';
import { type Page } from './page.ts';
import { allocate, kfree } from './slab.ts';
import { VM_NORESERVE, type Vma, type VmOperations } from './types.ts';
import { vmaPages } from './vma.ts';

export class SharedMemory {
  count: Volatile<u32>;
  number: u32; // (C) no other one has had it
  pageCount: u32; // (C)
  promised: u32; // (C) pages (overcommit.ts)
  mapping: Inline<AddressSpace>; // its own locks
  // Of a segment that has a name (ipc/shm.ts): what it is told when a region comes and goes, with (M) held.
  owner: u32; // (C)
  attached: ((owner: u32) => void) | null; // (C)
  detached: ((owner: u32) => void) | null; // (C)
}

let lastNumber: u32 = 0; // atomic
const operations = zeroed<Inline<VmOperations>>();
/** For objects that are told how many regions they have. */
const countedOperations = zeroed<Inline<VmOperations>>();
/** Absent pages are zeroes, and there may be as many as there are. */
const mappingOperations = zeroed<Inline<AddressSpaceOperations>>();

/** Fills the table of operations. */
export function initSharedMemory(): void {
  operations.open = openShared;
  operations.close = closeShared;
  operations.nopage = findShared;
  operations.isCached = isSharedPresent;
  operations.punchHole = punchShared;
  operations.swapout = swapOutFilePage;
  operations.needsSlot = true;
  assign(countedOperations, operations);
  countedOperations.isCounted = true;
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
  region.vmOps = object.detached === null ? operations : countedOperations;
  region.vmMappings = object.mapping.mappings;
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
  return object.mapping.pageCount - object.mapping.swapped;
}

/** Pages of the object that are in swap. A snapshot. */
export function swappedPages(object: SharedMemory): u32 {
  return object.mapping.swapped;
}

/** An object without frames; null: no memory. */
function createShared(pageCount: u32): SharedMemory | null {
  const object = allocate<SharedMemory>();
  if (object === null) return null;
  object.count = 1;
  object.number = atomic.fetchAdd(addrOf(lastNumber), 1) + 1;
  object.pageCount = pageCount;
  initAddressSpace(object.mapping, mappingOperations);
  addSwappable(object.mapping);
  return object;
}

/** The object that a region shows; null if it shows something else. */
export function sharedMemoryOf(region: Vma): SharedMemory | null {
  const isShared = region.vmOps === operations || region.vmOps === countedOperations;
  return isShared ? as<SharedMemory>(region.vmPrivateData) : null;
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
  emptyAddressSpace(object.mapping);
  unacctMemory(object.promised);
  kfree(object);
}

/** The frame for a page, with a reference for the caller. */
function findShared(region: Vma, pageOffset: u32, result: Ptr<Page | null>): i32 {
  const object = as<SharedMemory>(region.vmPrivateData);
  if (pageOffset >= object.pageCount) return -EFAULT;
  return grabPage(object.mapping, pageOffset, ptr<Page>(result));
}

function isSharedPresent(region: Vma, pageOffset: u32): boolean {
  const page = findPage(as<SharedMemory>(region.vmPrivateData).mapping, pageOffset);
  if (page !== null) putPage(page);
  return page !== null;
}

function punchShared(region: Vma, first: u32, end: u32): i32 {
  punchPages(as<SharedMemory>(region.vmPrivateData).mapping, first, end);
  return 0;
}
