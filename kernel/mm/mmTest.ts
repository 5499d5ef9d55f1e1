/*
 * Broken rules on demand: `mm-test=KIND` on the command line starts a kernel thread that breaks one of the rules of
 * locking.md in the simplest way, so that a test can see that it is noticed (test/kernel/mmLocking.test.ts). The types
 * would not let it: the witnesses here are made up, which nobody else may do. The other kinds try out kernel memory.
 */

import { getOption } from '../lib/cmdline.ts';
import { assert } from '../lib/panic.ts';
import { printk } from '../lib/printk.ts';
import { strcmp } from '../lib/string.ts';
import { createKernelThread } from '../proc/kernelThread.ts';
import { LOCK_CHECKER } from '../sync/lockClass.ts';
import { type ISharedLock } from './fileMappings.ts';
import { freePageCount } from './buddy.ts';
import { createMm, mmput } from './mm.ts';
import { kmemCacheAlloc, kmemCacheCreate, kmemCacheDestroy, kmemCacheFree } from './slab.ts';
import { SLAB_DEBUG } from './slabDebug.ts';
import { type Mm, type MmapSem, VM_READ, type VmlistLock, type Vma } from './types.ts';
import { allocateVma, findVma, insertVmStruct, vmlistAccessLock, vmlistModifyLock } from './vma.ts';
import { vfree, vmalloc } from './vmalloc.ts';

const kind = zeroed<FixedArray<u8, 32>>();

/** Starts the thread, if the command line asks for it. */
export function startMmTest(): void {
  if ((!LOCK_CHECKER && !SLAB_DEBUG) || getOption('mm-test', kind, 32) <= 0) return;
  assert(createKernelThread('mmTest', runTest, 0) !== null, 'memory for a thread');
}

function is(name: string): boolean {
  return strcmp(kind, bytes(name)) === 0;
}

function runTest(_argument: u32): void {
  const first = createMm()!;
  const second = createMm()!;
  if (is('rule1')) changeWithoutMmapSem(first);
  else if (is('rule2')) changeWithoutVmlistLock(first);
  else if (is('rule3')) scanWithoutLocks(first);
  else if (is('rule4')) sleepUnderVmlistLock(first, second);
  else if (is('rule5')) takeTwoVmlistLocks(first, second);
  else if (is('clean')) keepRules(first, second);
  else if (is('slab')) useCache();
  else if (is('vmalloc')) useVmalloc();
  else if (is('slab-after-free')) writeAfterFree();
  else if (is('slab-behind')) writeBehind();
  else printk('mm-test: no such kind: %s\n', addrOf(kind));
  mmput(first);
  mmput(second);
  printk('mm-test: done\n');
}

/** A region of one page, on no list. */
function makeRegion(mm: Mm): Vma {
  const region = allocateVma(mm)!;
  region.vmStart = 0x40000000;
  region.vmEnd = 0x40001000;
  region.vmFlags = VM_READ;
  return region;
}

function changeWithoutMmapSem(mm: Mm): void {
  using vmlist = vmlistAccessLock(mm);
  insertVmStruct(mm, makeRegion(mm), witness<MmapSem>(), vmlist, witness<ISharedLock>());
}

function changeWithoutVmlistLock(mm: Mm): void {
  using mmap = mm.mmapSem.lock();
  insertVmStruct(mm, makeRegion(mm), mmap, witness<VmlistLock>(), witness<ISharedLock>());
}

function scanWithoutLocks(mm: Mm): void {
  findVma(mm, 0x40000000, witness<MmapSem>());
}

/** As the stealer would that kept the lock while it wrote a page: whoever it waits for may wait for the lock. */
function sleepUnderVmlistLock(mm: Mm, other: Mm): void {
  using _vmlist = vmlistAccessLock(mm);
  using _mmap = other.mmapSem.lock();
}

function takeTwoVmlistLocks(first: Mm, second: Mm): void {
  using _vmlist = vmlistAccessLock(first);
  takeVmlistLock(second);
}

/** In a function of its own, since no function can take the second where it sees the first. */
function takeVmlistLock(mm: Mm): void {
  using _vmlist = vmlistAccessLock(mm);
}

/** The same, one thing after the other and with its locks. */
function keepRules(first: Mm, second: Mm): void {
  {
    using mmap = first.mmapSem.lock();
    const region = makeRegion(first);
    using vmlist = vmlistModifyLock(first, mmap);
    insertVmStruct(first, region, mmap, vmlist, witness<ISharedLock>());
  }
  {
    using vmlist = vmlistAccessLock(first);
    assert(findVma(first, 0x40000000, vmlist) !== null, 'the region is on the list');
  }
  using vmlist = vmlistAccessLock(second);
  assert(findVma(second, 0x40000000, vmlist) === null, 'and on no other');
}

// ---------------------------------------------------------------------------------------------------------------------
// Kernel memory.

const OBJECTS: u32 = 100;
const held = zeroed<FixedArray<Ptr<u8>, 100>>();
let constructed: u32 = 0;

function construct(object: Ptr<u8>): void {
  ptr<u32>(object)[0] = 0x600d;
  constructed++;
}

/** How often something is done that should not keep a page. */
const LEAK_ROUNDS: u32 = 1000;

/** Does `work` keep a page each time? It is done so often that what runs beside it makes no difference. */
function keepsPages(work: () => void): boolean {
  const before = freePageCount();
  for (let round: u32 = 0; round < LEAK_ROUNDS; round++) work();
  return freePageCount() + LEAK_ROUNDS / 2 < before;
}

function makeAndDestroyCache(): void {
  const cache = kmemCacheCreate('test', 200, null)!;
  kmemCacheFree(cache, kmemCacheAlloc(cache)!);
  assert(kmemCacheDestroy(cache), 'an empty cache goes');
}

function makeAndFreeBlock(): void {
  vfree(vmalloc(5000)!);
}

/** Objects are constructed once, keep their state while they are free, do not overlap, and go with their cache. */
function useCache(): void {
  const cache = kmemCacheCreate('test', 200, construct)!;
  for (let round: u32 = 0; round < 3; round++) {
    for (let i: u32 = 0; i < OBJECTS; i++) {
      held[i] = kmemCacheAlloc(cache)!;
      assert(ptr<u32>(held[i])[0] === 0x600d, 'a free object keeps its state');
      fillBytes(held[i].add(4), u8(i), 196);
    }
    for (let i: u32 = 0; i < OBJECTS; i++) assert(held[i][199] === u8(i), 'objects do not overlap');
    assert(!kmemCacheDestroy(cache), 'a cache with objects in use stays');
    for (let i: u32 = 0; i < OBJECTS; i++) kmemCacheFree(cache, held[i]);
  }
  assert(constructed >= OBJECTS && constructed < 3 * OBJECTS + 60, 'objects are constructed once for each slab');
  assert(kmemCacheDestroy(cache), 'an empty cache goes');
  assert(!keepsPages(makeAndDestroyCache), 'and its pages with it');
}

/** Blocks of pages from anywhere hold what is written to them, lie apart, and give their pages back. */
function useVmalloc(): void {
  for (let i: u32 = 0; i < 8; i++) {
    held[i] = vmalloc((i + 1) * 5000)!;
    fillBytes(held[i], u8(i + 1), (i + 1) * 5000);
  }
  for (let i: u32 = 0; i < 8; i++) {
    assert(held[i][0] === u8(i + 1) && held[i][(i + 1) * 5000 - 1] === u8(i + 1), 'blocks do not overlap');
    if (i % 2 === 0) vfree(held[i]);
  }
  for (let i: u32 = 0; i < 8; i += 2) held[i] = vmalloc((i + 1) * 4000)!;
  for (let i: u32 = 1; i < 8; i += 2) assert(held[i][(i + 1) * 5000 - 1] === u8(i + 1), 'what stays is not touched');
  for (let i: u32 = 0; i < 8; i++) vfree(held[i]);
  assert(vmalloc(0x20000000) === null, 'there is an end to it');
  assert(!keepsPages(makeAndFreeBlock), 'all pages are back');
}

/** With SLAB_DEBUG, noticed when the object is handed out again. */
function writeAfterFree(): void {
  const cache = kmemCacheCreate('test', 100, null)!;
  const object = kmemCacheAlloc(cache)!;
  kmemCacheFree(cache, object);
  object[50] = 1;
  kmemCacheAlloc(cache);
}

/** With SLAB_DEBUG, noticed when the object is given back. */
function writeBehind(): void {
  const cache = kmemCacheCreate('test', 112, null)!;
  const object = kmemCacheAlloc(cache)!;
  fillBytes(object, 0, 120);
  kmemCacheFree(cache, object);
}
