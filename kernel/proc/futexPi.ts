/*
 * Futexes that have an owner: FUTEX_LOCK_PI and its kin, on which the C library builds mutexes with PTHREAD_PRIO_INHERIT.
 *
 * Idea. The word holds the number of the thread that owns the lock, and FUTEX_WAITERS if the kernel has to be asked to
 * release it. Who finds it taken queues up here, behind those whose real-time priority is not lower; who releases it hands
 * it over to the first in the queue, whose number is in the word before he wakes. So nobody is woken in vain, and nobody is
 * overtaken by who is not more urgent.
 *
 * When an owner dies, his locks go to those who wait for them, with FUTEX_OWNER_DIED in the word. A waiter that comes just
 * then looks at the owner with the bucket's lock held: either he is on the queue before the dying thread goes through it,
 * or he sees that the thread is on its way (Task.hasLeftFutexes), and looks again later.
 *
 * No priority is handed on. An ordinary owner is slow while real-time tasks compute, but has his part of the time
 * (runQueue.ts). One for real time waits for as long as more urgent tasks than he have all CPUs that he may use.
 *
 * Locking. (B) PiBucket.lock, interrupts off, before (T). The user's memory is read and written inside it, as in futex.ts.
 *
 * @source futex(2); the Linux documentation "Lightweight PI-futexes" for the ABI.
 */

import { EAGAIN, EDEADLK, EFAULT, EPERM, ERESTARTNOINTR, ESRCH, ETIMEDOUT } from '../abi/errno.ts';
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from '../abi/futex.ts';
import { monotonicNs, TICK_NS } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { compareAndSwapUser32, getUser32, peekUser32 } from '../arch/x86/userCopy.ts';
import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type FutexWord } from './futex.ts';
import { type FutexKey } from './futexKey.ts';
import { setCurrentState, signalPending, wakeUpTask } from './scheduler.ts';
import { scheduleTimeout } from './sleep.ts';
import { type Task, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './task.ts';
import { findTask, lockTasks } from './taskList.ts';

/** The class of PiBucket.lock. */
export class PiBucketLock {
  declare readonly lock: 'piBucket';
}

class PiBucket {
  lock: Inline<Spinlock<PiBucketLock>>;
  waiters: Inline<ListHead>; // (B) of PiWaiter.link, the most urgent first, the longest waiting first among equals
}

/** A task that waits for a lock. In its stack frame. */
class PiWaiter {
  link: Inline<ListHead>; // (B)
  task: Task; // (C)
  key: Inline<FutexKey>; // (C)
  address: u32; // (C) of the word, in the waiter's address space
  priority: u32; // (B) real-time priority of the task when it queued up
  owner: u32; // (B) tid of whom it waits for
  isQueued: Volatile<boolean>; // (B) false: the lock is ours
}

const BUCKETS: u32 = 16;
const buckets = zeroed<FixedArray<Inline<PiBucket>, 16>>();

// What an attempt says, besides 0 and -errno.
/** The word could not be reached with a spinlock held. */
const NOT_THERE: i32 = 1;
/** The waiter is on the queue. */
const QUEUED: i32 = 2;
/** The owner is about to be gone: look again. */
const OWNER_LEAVES: i32 = 3;

/** Makes empty buckets. */
export function initPiFutexes(): void {
  for (let i: u32 = 0; i < BUCKETS; i++) {
    buckets[i].lock.init('piBucket');
    buckets[i].waiters.init();
  }
}

function bucketOf(key: FutexKey): PiBucket {
  return buckets[key.hash() >>> 28];
}

function firstWaiter(bucket: PiBucket, key: FutexKey, held: Held<PiBucketLock>): PiWaiter | null {
  return waiterBehind(bucket, bucket.waiters, key, held);
}

/** The first waiter for the lock behind a place in the queue, or null. */
function waiterBehind(bucket: PiBucket, place: ListHead, key: FutexKey, _held: Held<PiBucketLock>): PiWaiter | null {
  for (let link = place.next; link !== bucket.waiters; link = link.next) {
    const waiter = as<PiWaiter>(u32(link) - offsetof<PiWaiter>('link'));
    if (waiter.key.equals(key)) return waiter;
  }
  return null;
}

/** Changes the word. 0; NOT_THERE; -EAGAIN: it was not `old` any more. */
function changeWord(address: u32, old: u32, fresh: u32): i32 {
  let seen: u32 = 0;
  if (compareAndSwapUser32(address, old, fresh, addrOf(seen)) < 0) return NOT_THERE;
  return seen === old ? 0 : -EAGAIN;
}

/** Brings the page of a word in, for writing. 0 or -EFAULT. @sleeps */
function touch(address: u32): i32 {
  let now: u32 = 0;
  let seen: u32 = 0;
  if (getUser32(address, addrOf(now)) < 0) return -EFAULT;
  return compareAndSwapUser32(address, now, now, addrOf(seen));
}

// ---------------------------------------------------------------------------------------------------------------------
// Locking.

/** Can it be waited for? 0, -ESRCH: it is gone, OWNER_LEAVES. */
function checkOwner(tid: u32): i32 {
  using tasks = lockTasks();
  const owner = findTask(tid, tasks);
  if (owner === null) return -ESRCH;
  return owner.hasLeftFutexes ? OWNER_LEAVES : 0;
}

/** Takes the lock if it is free, or else queues `waiter` up; null: does not. */
function attempt(word: FutexWord, waiter: PiWaiter | null): i32 {
  const bucket = bucketOf(word.key);
  using held = bucket.lock.acquireIrqSave();
  let now: u32 = 0;
  if (peekUser32(word.address, addrOf(now)) < 0) return NOT_THERE;
  const owner = now & FUTEX_TID_MASK;
  const me = current().pid;
  if (owner === me) return -EDEADLK;
  if (owner === 0) {
    const waiters: u32 = firstWaiter(bucket, word.key, held) === null ? 0 : FUTEX_WAITERS;
    return changeWord(word.address, now, me | (now & FUTEX_OWNER_DIED) | waiters);
  }
  const found = checkOwner(owner);
  if (found !== 0) return found;
  if (waiter === null) return -EAGAIN;
  const marked = changeWord(word.address, now, now | FUTEX_WAITERS);
  if (marked !== 0) return marked;
  waiter.owner = owner;
  waiter.isQueued = true;
  queueUp(bucket, waiter, held);
  return QUEUED;
}

/** Puts a waiter behind those that are as urgent, by the priority that it has now. */
function queueUp(bucket: PiBucket, waiter: PiWaiter, _held: Held<PiBucketLock>): void {
  waiter.priority = current().realtimePriority;
  let next = bucket.waiters.next;
  while (next !== bucket.waiters) {
    const other = as<PiWaiter>(u32(next) - offsetof<PiWaiter>('link'));
    if (other.priority < waiter.priority) break;
    next = next.next;
  }
  next.addBefore(waiter.link);
}

/** Sleeps for a moment, so that the owner can go, however urgent we are. @sleeps */
function letOwnerLeave(): void {
  setCurrentState(TASK_UNINTERRUPTIBLE);
  scheduleTimeout(monotonicNs() + TICK_NS);
  setCurrentState(TASK_RUNNING);
}

/** Leaves the queue; false: the lock has been handed over to us. */
function unqueue(waiter: PiWaiter): boolean {
  using _held = bucketOf(waiter.key).lock.acquireIrqSave();
  if (!waiter.isQueued) return false;
  waiter.isQueued = false;
  waiter.link.unlink();
  return true;
}

/** Sleeps until the lock is ours. 0, -ETIMEDOUT, OWNER_LEAVES, -ERESTARTNOINTR (a signal: the call begins anew after it). */
function waitForLock(waiter: PiWaiter, deadline: u64): i32 {
  let isOver = false;
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (isOver || !waiter.isQueued || reload<u32>(waiter.owner) === 0 || signalPending()) break;
    isOver = scheduleTimeout(deadline);
  }
  setCurrentState(TASK_RUNNING);
  if (!unqueue(waiter)) return 0;
  if (waiter.owner === 0) return OWNER_LEAVES;
  return isOver ? -ETIMEDOUT : -ERESTARTNOINTR;
}

/**
 * Takes the lock, and waits for it until `deadline` unless `tries`. 0, -EAGAIN (it is taken, and `tries`), -EDEADLK (it is
 * ours), -ESRCH (its owner does not exist), -ETIMEDOUT, -ERESTARTNOINTR, -EFAULT.
 *
 * @sleeps
 */
export function lockPi(word: FutexWord, deadline: u64, tries: boolean): i32 {
  const waiter = zeroed<Inline<PiWaiter>>();
  waiter.task = current();
  waiter.address = word.address;
  waiter.link.init();
  let hasLooked = false; // an owner that has just gone may have left the word changed: one more look
  for (;;) {
    const error = word.find();
    if (error < 0) return error;
    assign(waiter.key, word.key);
    let result = attempt(word, tries ? null : waiter);
    if (result === QUEUED) result = waitForLock(waiter, deadline);
    if (result === NOT_THERE) {
      if (touch(word.address) < 0) return -EFAULT;
    } else if (result === OWNER_LEAVES) {
      letOwnerLeave();
    } else if (result === -ESRCH && !hasLooked) {
      hasLooked = true;
    } else if (result !== -EAGAIN || tries) {
      return result;
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Unlocking.

/** Hands the lock over to `waiter`. 0, NOT_THERE, -EAGAIN. */
function handOver(
  bucket: PiBucket,
  waiter: PiWaiter,
  address: u32,
  now: u32,
  flags: u32,
  held: Held<PiBucketLock>,
): i32 {
  const next = waiterBehind(bucket, waiter.link, waiter.key, held); // the first one is `waiter`
  const error = changeWord(address, now, waiter.task.pid | flags | (next === null ? 0 : FUTEX_WAITERS));
  if (error !== 0) return error;
  waiter.link.unlink();
  for (let link = bucket.waiters.next; link !== bucket.waiters; link = link.next) {
    const other = as<PiWaiter>(u32(link) - offsetof<PiWaiter>('link'));
    if (other.key.equals(waiter.key)) other.owner = waiter.task.pid;
  }
  const task = waiter.task;
  waiter.isQueued = false;
  wakeUpTask(task, TASK_NORMAL); // it cannot have gone: it takes the bucket's lock first
  return 0;
}

function release(word: FutexWord): i32 {
  const bucket = bucketOf(word.key);
  using held = bucket.lock.acquireIrqSave();
  let now: u32 = 0;
  if (peekUser32(word.address, addrOf(now)) < 0) return NOT_THERE;
  if ((now & FUTEX_TID_MASK) !== current().pid) return -EPERM;
  const waiter = firstWaiter(bucket, word.key, held);
  if (waiter === null) return changeWord(word.address, now, 0);
  return handOver(bucket, waiter, word.address, now, 0, held);
}

/** Releases the lock: 0, -EPERM (it is not ours), -EFAULT. @sleeps */
export function unlockPi(word: FutexWord): i32 {
  for (;;) {
    const error = word.find();
    if (error < 0) return error;
    const result = release(word);
    if (result === NOT_THERE) {
      if (touch(word.address) < 0) return -EFAULT;
    } else if (result !== -EAGAIN) {
      return result;
    }
  }
}

/** A waiter of the bucket whose owner is `tid`, or null. */
function orphanOf(bucket: PiBucket, tid: u32, _held: Held<PiBucketLock>): PiWaiter | null {
  for (let link = bucket.waiters.next; link !== bucket.waiters; link = link.next) {
    const waiter = as<PiWaiter>(u32(link) - offsetof<PiWaiter>('link'));
    if (waiter.owner === tid) return waiter;
  }
  return null;
}

/**
 * Gives one lock of thread `tid` to who waits for it. False: there is none left in the bucket.
 *
 * @param isLost the word of the last one could not be brought in
 * @param unreachable gets the address of the word if it has to be brought in; else 0
 */
function bequeathOne(bucket: PiBucket, tid: u32, isLost: boolean, unreachable: Ptr<u32>): boolean {
  using held = bucket.lock.acquireIrqSave();
  const waiter = orphanOf(bucket, tid, held);
  if (waiter === null) return false;
  let now: u32 = 0;
  unreachable[0] = waiter.address;
  if (isLost || waiter.task.mm !== current().mm) {
    // It sees the word elsewhere, or nowhere: it wakes, and finds that the owner has gone, or the word.
    waiter.owner = 0;
    wakeUpTask(waiter.task, TASK_NORMAL);
    unreachable[0] = 0;
    return true;
  }
  if (peekUser32(waiter.address, addrOf(now)) < 0) return true;
  if (handOver(bucket, waiter, waiter.address, now, FUTEX_OWNER_DIED, held) !== NOT_THERE) unreachable[0] = 0;
  return true;
}

/** The current thread is about to leave its address space: its locks go to those who wait for them. @sleeps */
export function bequeathPiLocks(tid: u32): void {
  for (let i: u32 = 0; i < BUCKETS; i++) {
    let address: u32 = 0;
    let isLost = false;
    while (bequeathOne(buckets[i], tid, isLost, addrOf(address))) isLost = address !== 0 && touch(address) < 0;
  }
}
