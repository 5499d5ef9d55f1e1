/*
 * flock(2): advisory locks on whole files, shared or exclusive.
 *
 * A lock belongs to an open file (so dup and fork share it, and closing the last descriptor drops it), and concerns the
 * inode. There are few at any time, so they are on one list.
 *
 * Locking. (K) flockLock guards the list. Who waits sleeps on one queue for all files, which each release wakes.
 */

import { EAGAIN, ENOMEM, ERESTARTSYS } from '../abi/errno.ts';
import { LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN } from '../abi/fcntl.ts';
import { type ListHead } from '../lib/list.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { schedule, signalPending } from '../proc/scheduler.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { type File } from './file.ts';
import { type Inode } from './inode.ts';

/** Class of flockLock. */
export class FlockLock {
  declare readonly lock: 'flock';
}

class Flock {
  link: Inline<ListHead>; // (K)
  inode: Inode; // (C) kept by the file
  file: File; // (C)
  isExclusive: boolean; // (K)
}

const flockLock = zeroed<Inline<Spinlock<FlockLock>>>();
const flocks = zeroed<Inline<ListHead>>();
const waiters = zeroed<Inline<WaitQueue>>();

export function initFlocks(): void {
  flockLock.init('flock');
  flocks.init();
  waiters.init();
}

function findOwn(file: File, _held: Held<FlockLock>): Flock | null {
  for (let link = flocks.next; link !== flocks; link = link.next) {
    const flock = as<Flock>(link);
    if (flock.file === file) return flock;
  }
  return null;
}

function hasConflict(file: File, isExclusive: boolean, _held: Held<FlockLock>): boolean {
  for (let link = flocks.next; link !== flocks; link = link.next) {
    const flock = as<Flock>(link);
    if (flock.inode === file.inode && flock.file !== file && (isExclusive || flock.isExclusive)) return true;
  }
  return false;
}

/** Takes the lock if nobody is in the way, using `fresh` if the file has none yet. -EAGAIN. True in `used`: it was. */
function tryLock(file: File, isExclusive: boolean, fresh: Flock, used: Ptr<boolean>): i32 {
  using held = flockLock.acquire();
  const own = findOwn(file, held);
  if (hasConflict(file, isExclusive, held)) return -EAGAIN;
  if (own !== null) {
    own.isExclusive = isExclusive;
    return 0;
  }
  fresh.inode = file.inode;
  fresh.file = file;
  fresh.isExclusive = isExclusive;
  flocks.addBefore(fresh.link);
  used[0] = true;
  return 0;
}

/** Drops the lock of an open file, if it has one. Also called when the file is closed. */
export function dropFlock(file: File): void {
  const flock = takeOut(file);
  if (flock === null) return;
  kfree(flock);
  waiters.wakeAll();
}

function takeOut(file: File): Flock | null {
  using held = flockLock.acquire();
  const flock = findOwn(file, held);
  if (flock !== null) flock.link.unlink();
  return flock;
}

export function isFlockOperation(operation: u32): boolean {
  const kind = operation & ~LOCK_NB;
  return kind === LOCK_UN || kind === LOCK_SH || kind === LOCK_EX;
}

/** flock(2) on an open file. 0, -EAGAIN, -ENOMEM, -ERESTARTSYS. A change of kind gives the old lock up first. */
export function flockFile(file: File, operation: u32): i32 {
  const kind = operation & ~LOCK_NB;
  if (kind === LOCK_UN) {
    dropFlock(file);
    return 0;
  }
  const fresh = allocate<Flock>();
  if (fresh === null) return -ENOMEM;
  let used: boolean = false;
  let result = tryLock(file, kind === LOCK_EX, fresh, addrOf(used));
  if (result !== 0) {
    dropFlock(file);
    if ((operation & LOCK_NB) === 0) result = waitAndLock(file, kind === LOCK_EX, fresh, addrOf(used));
  }
  if (!used) kfree(fresh);
  if (result === 0 && kind === LOCK_SH) waiters.wakeAll(); // it may have been an exclusive one
  return result;
}

function waitAndLock(file: File, isExclusive: boolean, fresh: Flock, used: Ptr<boolean>): i32 {
  const entry = zeroed<Inline<WaitEntry>>();
  let result: i32;
  for (;;) {
    waiters.prepare(entry, true);
    result = tryLock(file, isExclusive, fresh, used);
    if (result === 0) break;
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    schedule();
  }
  waiters.finish(entry);
  return result;
}
