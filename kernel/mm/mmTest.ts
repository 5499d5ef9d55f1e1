/*
 * Broken rules on demand: `mm-test=KIND` on the command line starts a kernel thread that breaks one of the rules of
 * locking.md in the simplest way, so that a test can see that it is noticed (test/kernel/mmLocking.test.ts). The types
 * would not let it: the witnesses here are made up, which nobody else may do.
 */

import { getOption } from '../lib/cmdline.ts';
import { assert } from '../lib/panic.ts';
import { printk } from '../lib/printk.ts';
import { strcmp } from '../lib/string.ts';
import { createKernelThread } from '../proc/kernelThread.ts';
import { LOCK_CHECKER } from '../sync/lockClass.ts';
import { type ISharedLock } from './fileMappings.ts';
import { createMm, mmput } from './mm.ts';
import { allocate } from './slab.ts';
import { type Mm, type MmapSem, VM_READ, type VmlistLock, type Vma } from './types.ts';
import { findVma, insertVmStruct, vmlistAccessLock, vmlistModifyLock } from './vma.ts';

const kind = zeroed<FixedArray<u8, 32>>();

/** Starts the thread, if the command line asks for it. */
export function startMmTest(): void {
  if (!LOCK_CHECKER || getOption('mm-test', kind, 32) <= 0) return;
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
  else printk('mm-test: no such kind: %s\n', addrOf(kind));
  mmput(first);
  mmput(second);
  printk('mm-test: done\n');
}

/** A region of one page, on no list. */
function makeRegion(mm: Mm): Vma {
  const region = allocate<Vma>()!;
  region.vmMm = mm;
  region.vmStart = 0x40000000;
  region.vmEnd = 0x40001000;
  region.vmFlags = VM_READ;
  region.shareLink.init();
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
  using _one = vmlistAccessLock(first);
  using _two = vmlistAccessLock(second);
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
