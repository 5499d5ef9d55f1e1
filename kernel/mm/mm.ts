/*
 * Address spaces: made, copied, switched to, taken down.
 *
 * Two counts, for two kinds of interest. `mmUsers` counts those who need the memory: tasks, and whoever looks into it
 * from outside; when it is 0, regions and frames go. `mmCount` counts those who need the record and its page directory:
 * all users together are one of them.
 *
 * All address spaces are on one list, for the page stealer, swapoff and accounts, under (L) mmListLock. Who finds one there
 * and lets go of (L) takes a reference before. One that fork is still filling is on the list, too, so that the host can
 * count who refers to a page (emulator/inspect), but those who go through the list in the kernel pass it by.
 */

import { USER_END } from '../arch/x86/layout.ts';
import { flushUserRange } from '../arch/x86/tlb.ts';
import { getFile, putFile } from '../fs/file.ts';
import { type ListHead } from '../lib/list.ts';
import { assert, panic } from '../lib/panic.ts';
import { LOCK_CHECKER } from '../sync/lockClass.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { lockMappings } from './fileMappings.ts';
import { kernelDirectory } from './kernelMap.ts';
import { exitMmap } from './munmap.ts';
import { acctMemory, unacctMemory } from './overcommit.ts';
import { copyPages, createDirectory, freeDirectory } from './pageTables.ts';
import { allocate, kfree } from './slab.ts';
import { type Mm, type MmapSem, VM_ACCOUNT, VM_DONTCOPY, VM_LOCKED, VM_LOCKONFAULT, type Vma } from './types.ts';
import { chooseLayout } from './unmappedArea.ts';
import { haveMemory } from './userPages.ts';
import { copyVma, initVma, insertVmStruct, vmaPages, vmlistModifyLock, vmStatAccount } from './vma.ts';

/** The class of mmListLock. */
export class MmListLock {
  declare readonly lock: 'mmList';
}

const mmListLock = zeroed<Inline<Spinlock<MmListLock>>>();
/** (L) of Mm.mmList. */
const mmList = zeroed<Inline<ListHead>>();

/** Makes the list of address spaces, and the cache of regions. */
export function initMm(): void {
  mmListLock.init('mmList');
  mmList.init();
  initVma();
}

/** An empty address space with one user, laid out for the current task's limits; null: no memory. @sleeps */
export function createMm(): Mm | null {
  const mm = allocateMm();
  if (mm !== null) listMm(mm);
  return mm;
}

/** The same, on no list yet. */
function allocateMm(): Mm | null {
  if (!haveMemory()) return null;
  const mm = allocate<Mm>();
  if (mm === null) return null;
  mm.pageDirectory = createDirectory(kernelDirectory());
  if (mm.pageDirectory === 0) {
    kfree(mm);
    return null;
  }
  mm.mmUsers = 1;
  mm.mmCount = 1;
  mm.mmapSem.init('mmapSem');
  mm.vmlistLock.init('vmlistLock');
  mm.pageTableLock.init('pageTable');
  mm.mmList.init();
  chooseLayout(mm);
  return mm;
}

/** Lets the page stealer and others find it. */
function listMm(mm: Mm): void {
  using _list = mmListLock.acquire();
  mmList.addBefore(mm.mmList);
}

/** From now on the address space is one like all others. */
function endChildhood(mm: Mm): void {
  using _list = mmListLock.acquire();
  mm.isNewborn = false;
}

/** A copy of an address space that shares all frames until one of the two writes; null: no memory. @sleeps */
export function forkMm(old: Mm): Mm | null {
  const mm = allocateMm();
  if (mm === null) return null;
  mm.isNewborn = true; // its entries are written without its (P): nobody is to look at them
  listMm(mm);
  const isComplete = dupMmap(mm, old);
  endChildhood(mm);
  if (isComplete) return mm;
  mmput(mm);
  return null;
}

/** Copies what `old` has to `mm`, which is empty. False: no memory; what is copied so far is in order. */
function dupMmap(mm: Mm, old: Mm): boolean {
  using mmap = old.mmapSem.lock();
  using newborn = lockNewborn(mm);
  copyPlaces(mm, old);
  const isComplete = copyRegions(mm, old, mmap, newborn);
  flushUserRange(old, 0, USER_END);
  return isComplete;
}

/**
 * Takes (M) of an address space that nobody else has a way to yet. It cannot be contended; so that it is taken while
 * another (M) is held puts no order between the two.
 *
 * @releasedBy unlockNewborn
 */
function lockNewborn(mm: Mm): Held<MmapSem> {
  if (!mm.mmapSem.tryLock()) panic('a new address space is locked');
  return witness<MmapSem>();
}

/** Releases it. Called by `using`. */
export function unlockNewborn(mm: Mm): void {
  mm.mmapSem.unlock();
}

function copyPlaces(mm: Mm, old: Mm): void {
  mm.mmapBase = old.mmapBase;
  mm.isLegacyLayout = old.isLegacyLayout;
  mm.startCode = old.startCode;
  mm.endCode = old.endCode;
  mm.startData = old.startData;
  mm.endData = old.endData;
  mm.startBrk = old.startBrk;
  mm.brk = old.brk;
  mm.startStack = old.startStack;
  mm.argStart = old.argStart;
  mm.argEnd = old.argEnd;
  mm.envStart = old.envStart;
  mm.envEnd = old.envEnd;
  if (old.program !== null) mm.program = getFile(old.program);
}

/** Locks on memory are not inherited. */
function copyRegions(mm: Mm, old: Mm, mmap: Held<MmapSem>, newborn: Held<MmapSem>): boolean {
  for (let region = old.mmap; region !== null; region = region.vmNext) {
    if ((region.vmFlags & VM_DONTCOPY) !== 0) continue;
    if ((region.vmFlags & VM_ACCOUNT) !== 0 && acctMemory(vmaPages(region)) !== 0) return false;
    const copy = copyVma(mm, region);
    if (copy === null) {
      if ((region.vmFlags & VM_ACCOUNT) !== 0) unacctMemory(vmaPages(region));
      return false;
    }
    copy.vmFlags &= ~(VM_LOCKED | VM_LOCKONFAULT);
    vmStatAccount(mm, copy.vmFlags, i32(vmaPages(copy)), newborn);
    insertCopy(mm, copy, newborn);
    if (!copyPages(mm, old, region, mmap)) return false;
  }
  return true;
}

function insertCopy(mm: Mm, copy: Vma, newborn: Held<MmapSem>): void {
  using vmlist = vmlistModifyLock(mm, newborn);
  using shared = lockMappings(copy.vmMappings);
  insertVmStruct(mm, copy, newborn, vmlist, shared);
}

/** One more user. */
export function mmget(mm: Mm): void {
  atomic.inc(addrOf(mm.mmUsers));
}

/** One user less; the last one takes regions and memory along. If a CPU has it loaded, it is a lazy one. @sleeps */
export function mmput(mm: Mm): void {
  if (!atomic.decAndTest(addrOf(mm.mmUsers))) return;
  emptyMm(mm);
  mmdrop(mm);
}

/** Takes an address space without users off the list, and takes all its memory. */
function emptyMm(mm: Mm): void {
  {
    using mmap = mm.mmapSem.lock();
    exitMmap(mm, mmap);
  }
  if (mm.program !== null) putFile(mm.program);
  mm.program = null;
  using _list = mmListLock.acquire();
  mm.mmList.unlink();
}

/** Drops a reference to the record. */
export function mmdrop(mm: Mm): void {
  if (atomic.decAndTest(addrOf(mm.mmCount))) freeMm(mm);
}

/** Frees the record and its directory. There are no references left, so no CPU has it loaded. */
export function freeMm(mm: Mm): void {
  if (LOCK_CHECKER)
    assert(mm.rss === 0 && mm.fileRss === 0 && mm.swapEntries === 0, 'freeMm: pages are unaccounted for');
  freeDirectory(mm.pageDirectory);
  kfree(mm);
}

// ---------------------------------------------------------------------------------------------------------------------
// The list, for those who go through all address spaces.

/** @inline */
function mmOf(link: ListHead): Mm {
  return as<Mm>(u32(link) - offsetof<Mm>('mmList'));
}

/**
 * The address space that the page stealer is to go on with: the one with the most pages that it has not looked at in this
 * round. When all have been looked at a new round begins, which is counted in `rounds`. With a reference to the record;
 * null: nobody has any pages.
 */
export function nextVictim(rounds: Ptr<u32>): Mm | null {
  using list = mmListLock.acquire();
  let victim = mostToLookAt(list);
  if (victim === null) {
    beginRound(list);
    rounds[0]++;
    victim = mostToLookAt(list);
  }
  if (victim !== null) atomic.inc(addrOf(victim.mmCount));
  return victim;
}

function mostToLookAt(_list: Held<MmListLock>): Mm | null {
  let most: Mm | null = null;
  for (let link = mmList.next; link !== mmList; link = link.next) {
    const mm = mmOf(link);
    if (mm.swapCnt !== 0 && (most === null || mm.swapCnt > most.swapCnt)) most = mm;
  }
  return most;
}

function beginRound(_list: Held<MmListLock>): void {
  for (let link = mmList.next; link !== mmList; link = link.next) {
    const mm = mmOf(link);
    mm.swapCnt = mm.isNewborn ? 0 : mm.rss;
  }
}

/**
 * The address space after `previous`, or the first for null, that has users, as one of whom the caller counts now; his
 * use of `previous` is over. Null: it was the last.
 *
 * @sleeps
 */
export function nextMm(previous: Mm | null): Mm | null {
  const next = takeNext(previous);
  if (previous !== null) mmput(previous);
  return next;
}

function takeNext(previous: Mm | null): Mm | null {
  using _list = mmListLock.acquire();
  for (let link = previous === null ? mmList.next : previous.mmList.next; link !== mmList; link = link.next) {
    const mm = mmOf(link);
    if (mm.isNewborn) continue;
    for (let users: u32 = mm.mmUsers; users !== 0; users = mm.mmUsers) {
      if (atomic.cmpxchg<u32>(ptr<u32>(addrOf(mm.mmUsers)), users, users + 1) === users) return mm;
    }
  }
  return null;
}
