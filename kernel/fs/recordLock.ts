/*
 * Record locks: advisory locks on ranges of a file's bytes, fcntl's F_SETLK and its relatives.
 *
 * Idea. A lock has an owner, and owners never conflict with themselves: what an owner asks for replaces what he has in
 * that range. So his locks never overlap; one that is asked for is cut out of those of the other kind and melts with its
 * neighbours of the same kind:
 *
 *   has     rrrrrrrrrrrrrr        asks     wwww        has then    rrrrrwwwwrrrrr
 *
 * There are two kinds of owners. Of the old kind (POSIX) it is the process, or rather its descriptor table: closing any
 * descriptor of the file drops the locks, and fork does not pass them on. Of the new kind (F_OFD_...) it is the open
 * file. An owner is known by the address of the one or the other.
 *
 * There are few locks at any time, so they are on one list; the range of a request may need up to two more of them, which
 * are allocated before the lock of the list is taken.
 *
 * Deadlock. Two processes that wait for each other would do so for ever. Each waiter notes whose lock he waits for, and
 * who would close such a ring gets EDEADLK. When locks change, all that was noted is forgotten: who still has to wait notes
 * it again once he has been woken, and until then he is in nobody's way. Open files are not persons: nobody can say who
 * would release their locks, so they are not looked at.
 *
 * Locking. (K) recordLock guards both lists. Who waits sleeps on one queue for all files, which each release wakes.
 *
 * @source fcntl(2), "Advisory record locking", "Open file description locks".
 */

import { EAGAIN, EDEADLK, ENOLCK, ERESTARTSYS } from '../abi/errno.ts';
import { type ListHead } from '../lib/list.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { schedule, signalPending } from '../proc/scheduler.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { type Inode } from './inode.ts';

/** Class of the lock of the lists. */
export class RecordListLock {
  declare readonly lock: 'recordList';
}

/** The last byte that a file can have: the end of a lock "to the end, however far that will be". */
export const LAST_BYTE: i64 = 0x7fffffffffffffffn;

/** A lock, or a request for one: constant in requests, (K) in the list. */
export class RecordLock {
  link: Inline<ListHead>;
  inode: Inode; // kept by the owner's open file
  owner: u32;
  /** The owner is an open file. */
  isOfFile: boolean;
  /** Process that F_GETLK tells of. */
  pid: u32;
  isExclusive: boolean;
  start: i64;
  /** The last byte, included. */
  end: i64;
}

/** Somebody who sleeps, and the owner of what is in his way. */
class LockWaiter {
  link: Inline<ListHead>; // (K)
  owner: u32; // (C)
  blocker: u32; // (K) 0: an open file, or he is about to look again
}

const recordLock = zeroed<Inline<Spinlock<RecordListLock>>>();
const locks = zeroed<Inline<ListHead>>(); // (K) of RecordLock.link
const waiting = zeroed<Inline<ListHead>>(); // (K) of LockWaiter.link
const wakeUps = zeroed<Inline<WaitQueue>>();

export function initRecordLocks(): void {
  recordLock.init('record locks');
  locks.init();
  waiting.init();
  wakeUps.init();
}

/** The first lock of somebody else that does not go together with `wanted`; null: there is none. */
function findConflict(wanted: RecordLock, _held: Held<RecordListLock>): RecordLock | null {
  for (let link = locks.next; link !== locks; link = link.next) {
    const lock = as<RecordLock>(link);
    if (lock.inode !== wanted.inode || lock.owner === wanted.owner) continue;
    if (lock.end < wanted.start || lock.start > wanted.end) continue;
    if (lock.isExclusive || wanted.isExclusive) return lock;
  }
  return null;
}

/** The first lock in the range of `wanted` that its owner has himself. */
function findOwn(wanted: RecordLock, _held: Held<RecordListLock>): RecordLock | null {
  for (let link = locks.next; link !== locks; link = link.next) {
    const lock = as<RecordLock>(link);
    if (lock.inode !== wanted.inode || lock.owner !== wanted.owner) continue;
    if (lock.end >= wanted.start && lock.start <= wanted.end) return lock;
  }
  return null;
}

/** F_GETLK: copies what is in the way of `wanted` to `found`, or with `own` what its owner has. False: nothing. */
export function testRecordLock(wanted: RecordLock, own: boolean, found: RecordLock): boolean {
  using held = recordLock.acquire();
  const conflict = own ? findOwn(wanted, held) : findConflict(wanted, held);
  if (conflict === null) return false;
  found.isOfFile = conflict.isOfFile;
  found.pid = conflict.pid;
  found.isExclusive = conflict.isExclusive;
  found.start = conflict.start;
  found.end = conflict.end;
  return true;
}

/** Locks have changed: who waits is going to look again. The caller wakes them when he has released (K). */
function forgetBlockers(_held: Held<RecordListLock>): void {
  for (let link = waiting.next; link !== waiting; link = link.next) as<LockWaiter>(link).blocker = 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Changing what an owner has.

/** Room for what a change may need, and for what it leaves over. */
class Spares {
  whole: RecordLock | null;
  rest: RecordLock | null;
  unused: Inline<ListHead>;

  /** False: no memory. */
  begin(): boolean {
    this.unused.init();
    this.whole = allocate<RecordLock>();
    this.rest = allocate<RecordLock>();
    if (this.whole !== null && this.rest !== null) return true;
    this.end();
    return false;
  }

  end(): void {
    if (this.whole !== null) kfree(this.whole);
    if (this.rest !== null) kfree(this.rest);
    for (let link = this.unused.takeFirst(); link !== null; link = this.unused.takeFirst()) kfree(link);
  }
}

function copyLock(to: RecordLock, from: RecordLock): void {
  to.inode = from.inode;
  to.owner = from.owner;
  to.isOfFile = from.isOfFile;
  to.pid = from.pid;
  to.isExclusive = from.isExclusive;
  to.start = from.start;
  to.end = from.end;
}

/** Takes the range of `wanted` out of `lock`, which has the same owner and overlaps it. */
function cutOut(lock: RecordLock, wanted: RecordLock, spares: Spares, _held: Held<RecordListLock>): void {
  const before = lock.start < wanted.start;
  const after = lock.end > wanted.end;
  if (before && after) {
    const rest = spares.rest!;
    spares.rest = null; // no other lock of this owner reaches beyond both ends
    copyLock(rest, lock);
    rest.start = wanted.end + 1n;
    lock.end = wanted.start - 1n;
    lock.link.addAfter(rest.link);
  } else if (before) lock.end = wanted.start - 1n;
  else if (after) lock.start = wanted.end + 1n;
  else {
    lock.link.unlink();
    spares.unused.addBefore(lock.link);
  }
}

/** Makes the owner of `wanted` have just that in its range; with `unlocks`, nothing. `wanted` grows over what it joins. */
function replaceRange(wanted: RecordLock, unlocks: boolean, spares: Spares, held: Held<RecordListLock>): void {
  forgetBlockers(held);
  let link = locks.next;
  while (link !== locks) {
    const lock = as<RecordLock>(link);
    link = link.next;
    if (lock.inode !== wanted.inode || lock.owner !== wanted.owner) continue;
    const joins = !unlocks && lock.isExclusive === wanted.isExclusive;
    if (joins) {
      if (lock.end < wanted.start - 1n || lock.start - 1n > wanted.end) continue;
      if (lock.start < wanted.start) wanted.start = lock.start;
      if (lock.end > wanted.end) wanted.end = lock.end;
      lock.link.unlink();
      spares.unused.addBefore(lock.link);
    } else if (lock.end >= wanted.start && lock.start <= wanted.end) cutOut(lock, wanted, spares, held);
  }
  if (unlocks) return;
  const whole = spares.whole!;
  spares.whole = null;
  copyLock(whole, wanted);
  placeFor(wanted, held).addBefore(whole.link);
}

/** What a new lock goes in front of: an owner's locks on a file are in order, so that F_GETLK tells the first. */
function placeFor(wanted: RecordLock, _held: Held<RecordListLock>): ListHead {
  let place: ListHead = locks;
  for (let link = locks.prev; link !== locks; link = link.prev) {
    const lock = as<RecordLock>(link);
    if (lock.inode !== wanted.inode || lock.owner !== wanted.owner) continue;
    if (lock.start < wanted.start) return place === locks ? link.next : place;
    place = link;
  }
  return place;
}

/** F_UNLCK: the owner has nothing in this range any more. 0 or -ENOLCK (no memory for the second half of a lock). */
export function releaseRecordLock(range: RecordLock): i32 {
  const spares = zeroed<Inline<Spares>>();
  if (!spares.begin()) return -ENOLCK;
  {
    using held = recordLock.acquire();
    replaceRange(range, true, spares, held);
  }
  spares.end();
  wakeUps.wakeAll();
  return 0;
}

/** All locks that `owner` has on `inode` go. For those who close a file. */
export function dropRecordLocks(owner: u32, inode: Inode): void {
  if (reload<ListHead>(locks.next) === locks) return; // as nearly always; a lock of this owner would be seen
  const dropped = zeroed<Inline<ListHead>>();
  dropped.init();
  {
    using held = recordLock.acquire();
    let link = locks.next;
    while (link !== locks) {
      const lock = as<RecordLock>(link);
      link = link.next;
      if (lock.inode !== inode || lock.owner !== owner) continue;
      lock.link.unlink();
      dropped.addBefore(lock.link);
    }
    if (!dropped.isEmpty()) forgetBlockers(held);
  }
  if (dropped.isEmpty()) return;
  for (let link = dropped.takeFirst(); link !== null; link = dropped.takeFirst()) kfree(link);
  wakeUps.wakeAll();
}

// ---------------------------------------------------------------------------------------------------------------------
// Getting a lock.

/** Does whoever owns `blocker` wait, over however many others, for `owner`? */
function closesRing(owner: u32, blocker: u32, _held: Held<RecordListLock>): boolean {
  let at = blocker;
  for (let steps: u32 = 0; steps < 10 && at !== 0; steps++) {
    if (at === owner) return true;
    let next: u32 = 0;
    for (let link = waiting.next; link !== waiting; link = link.next) {
      const waiter = as<LockWaiter>(link);
      if (waiter.owner === at) next = waiter.blocker;
    }
    at = next;
  }
  return false;
}

/** Takes the lock if nobody is in the way. 0, -EAGAIN, or (with a waiter) -EDEADLK. */
function tryLock(wanted: RecordLock, spares: Spares, waiter: LockWaiter | null): i32 {
  using held = recordLock.acquire();
  const conflict = findConflict(wanted, held);
  if (conflict === null) {
    replaceRange(wanted, false, spares, held);
    return 0;
  }
  if (waiter !== null && !wanted.isOfFile) {
    const blocker = conflict.isOfFile ? 0 : conflict.owner;
    if (closesRing(wanted.owner, blocker, held)) return -EDEADLK;
    waiter.blocker = blocker;
    if (!waiter.link.isLinked()) waiting.addBefore(waiter.link);
  }
  return -EAGAIN;
}

/**
 * F_SETLK, and with `waits` F_SETLKW: takes the lock. 0, -EAGAIN, -EDEADLK, -ENOLCK (no memory), -ERESTARTSYS. `wanted`
 * is the caller's, and is changed.
 *
 * @sleeps
 */
export function takeRecordLock(wanted: RecordLock, waits: boolean): i32 {
  const spares = zeroed<Inline<Spares>>();
  if (!spares.begin()) return -ENOLCK;
  let result = tryLock(wanted, spares, null);
  if (result === -EAGAIN && waits) result = waitAndLock(wanted, spares);
  spares.end();
  if (result === 0) wakeUps.wakeAll(); // an exclusive lock may have become a shared one
  return result;
}

function waitAndLock(wanted: RecordLock, spares: Spares): i32 {
  const waiter = zeroed<Inline<LockWaiter>>();
  const entry = zeroed<Inline<WaitEntry>>();
  waiter.link.init();
  waiter.owner = wanted.owner;
  let result: i32;
  for (;;) {
    wakeUps.prepare(entry, true);
    result = tryLock(wanted, spares, waiter);
    if (result !== -EAGAIN) break;
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    schedule();
  }
  wakeUps.finish(entry);
  {
    using _held = recordLock.acquire();
    waiter.link.unlink();
  }
  return result;
}
