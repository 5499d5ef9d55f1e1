/*
 * Futexes: sleeping until a word of memory changes.
 *
 * Idea. A lock that nobody fights for is taken and released in user mode, by one atomic instruction; only who has to wait,
 * or knows that others do, comes here. Waiters queue up in buckets, by a hash of the futex (futexKey.ts): there is no
 * object per futex, and nothing to free when the last waiter has gone.
 *
 * No wake-up is lost. A waiter looks at the word with the bucket's lock held, and is on the queue before he lets go of it;
 * a waker has changed the word before he takes the lock. So either the waiter sees the new value and does not sleep, or
 * the waker finds him.
 *
 *   waiter                                    waker
 *                                             word = new              (in user mode)
 *   lock bucket                               lock bucket
 *   word still old? queue up : EAGAIN         wake who is queued up
 *   unlock, sleep                             unlock
 *
 * The word is user memory, which may not be there, and nobody may sleep for it with a spinlock held: then the lock is
 * released, the page brought in, and all begins anew.
 *
 * A waiter's record is in his own stack frame. He takes the lock of his bucket once more before he leaves, so whoever
 * wakes him is done with it. Requeuing moves records to the bucket of another futex, both locks held, the one with the
 * lower address first.
 *
 * Locking. (B) FutexBucket.lock, interrupts off. Order: (B) before the run queue's. The user's memory is read inside it.
 *
 * @source futex(2); Franke, Russell, Kirkwood: "Fuss, Futexes and Furwocks", OLS 2002.
 */

import { EAGAIN, EFAULT, ERESTARTSYS, ETIMEDOUT } from '../abi/errno.ts';
import { current } from '../arch/x86/cpu.ts';
import { compareAndSwapUser32, getUser32, peekUser32 } from '../arch/x86/userCopy.ts';
import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type FutexKey, futexKey } from './futexKey.ts';
import { setCurrentState, signalPending, wakeUpTask } from './scheduler.ts';
import { scheduleTimeout } from './sleep.ts';
import { type Task, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING } from './task.ts';

/** The class of FutexBucket.lock. */
export class FutexBucketLock {
  declare readonly lock: 'futexBucket';
}

class FutexBucket {
  lock: Inline<Spinlock<FutexBucketLock>>;
  waiters: Inline<ListHead>; // (B) of FutexWaiter.link, the longest waiting first
}

/** A task that waits. */
class FutexWaiter {
  link: Inline<ListHead>; // (B)
  task: Task; // (C)
  key: Inline<FutexKey>; // (B)
  bitset: u32; // (C) which wakers mean us
  bucket: Volatile<FutexBucket>; // (B) both buckets' to change
  isQueued: Volatile<boolean>; // (B) false: woken
}

/** A futex in memory: where, and for whom. */
export class FutexWord {
  address: u32;
  isPrivate: boolean;
  key: Inline<FutexKey>; // once `find` has succeeded

  /** Looks up the key. 0 or -EFAULT. @sleeps */
  find(): i32 {
    return futexKey(this.key, current().mm!, this.address, this.isPrivate);
  }
}

const BUCKETS: u32 = 64;
const buckets = zeroed<FixedArray<Inline<FutexBucket>, 64>>();

/** Makes empty buckets. */
export function initFutexes(): void {
  for (let i: u32 = 0; i < BUCKETS; i++) {
    buckets[i].lock.init('futexBucket');
    buckets[i].waiters.init();
  }
}

function bucketOf(key: FutexKey): FutexBucket {
  return buckets[key.hash() >>> 26];
}

// ---------------------------------------------------------------------------------------------------------------------
// Waiting.

/** The word, for a caller with a spinlock held, could not be read. */
const NOT_THERE: i32 = 1;

/** Puts the waiter on the queue if the word holds `value`. 0, -EAGAIN, or NOT_THERE. */
function enqueue(waiter: FutexWaiter, word: FutexWord, value: u32): i32 {
  const bucket = bucketOf(word.key);
  using _held = bucket.lock.acquireIrqSave();
  let now: u32 = 0;
  if (peekUser32(word.address, addrOf(now)) < 0) return NOT_THERE;
  if (now !== value) return -EAGAIN;
  waiter.bucket = bucket;
  waiter.isQueued = true;
  bucket.waiters.addBefore(waiter.link);
  return 0;
}

/** Leaves the queue; false: somebody has woken us. Nobody looks at the waiter any more. */
function unqueue(waiter: FutexWaiter): boolean {
  for (;;) {
    const bucket: FutexBucket = waiter.bucket;
    using _held = bucket.lock.acquireIrqSave();
    if (waiter.bucket !== bucket) continue; // requeued before we had the lock
    if (!waiter.isQueued) return false;
    waiter.isQueued = false;
    waiter.link.unlink();
    return true;
  }
}

/** Sleeps until woken, signalled, or out of time. True: the deadline has passed. */
function sleepOn(waiter: FutexWaiter, deadline: u64): boolean {
  let isOver = false;
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (isOver || !waiter.isQueued || signalPending()) break;
    isOver = scheduleTimeout(deadline);
  }
  setCurrentState(TASK_RUNNING);
  return isOver;
}

/**
 * If the word holds `value`, sleeps until it is woken for one of the bits of `bitset`, or until `deadline` (nanoseconds
 * since boot). 0, -EAGAIN (another value), -ETIMEDOUT, -ERESTARTSYS (a signal), -EFAULT.
 *
 * @sleeps
 */
export function futexWait(word: FutexWord, value: u32, deadline: u64, bitset: u32): i32 {
  const waiter = zeroed<Inline<FutexWaiter>>();
  waiter.task = current();
  waiter.bitset = bitset;
  for (;;) {
    const found = word.find();
    if (found < 0) return found;
    assign(waiter.key, word.key);
    waiter.link.init();
    const queued = enqueue(waiter, word, value);
    if (queued === NOT_THERE) {
      let ignored: u32 = 0;
      if (getUser32(word.address, addrOf(ignored)) < 0) return -EFAULT;
      continue;
    }
    if (queued < 0) return queued;
    const isOver = sleepOn(waiter, deadline);
    if (!unqueue(waiter)) return 0;
    if (isOver) return -ETIMEDOUT;
    if (signalPending()) return -ERESTARTSYS;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Waking.

function wakeWaiter(waiter: FutexWaiter): void {
  const task = waiter.task;
  waiter.link.unlink();
  waiter.isQueued = false;
  wakeUpTask(task, TASK_NORMAL); // it cannot have gone: it takes the bucket's lock first
}

/**
 * Wakes waiters of the futex that wait for one of the bits: as many as `count`, but one if there is any. How many. The
 * bucket's lock is held.
 */
function wakeIn(bucket: FutexBucket, key: FutexKey, count: i32, bitset: u32, _held: Held<FutexBucketLock>): i32 {
  let woken: i32 = 0;
  let link = bucket.waiters.next;
  while (link !== bucket.waiters) {
    const waiter = as<FutexWaiter>(u32(link) - offsetof<FutexWaiter>('link'));
    link = link.next;
    if (!waiter.key.equals(key) || (waiter.bitset & bitset) === 0) continue;
    wakeWaiter(waiter);
    woken++;
    if (woken >= count) break;
  }
  return woken;
}

/** Wakes up to `count` waiters who wait for one of the bits of `bitset`: how many, or -EFAULT. @sleeps */
export function futexWake(word: FutexWord, count: i32, bitset: u32): i32 {
  const error = word.find();
  if (error < 0) return error;
  const bucket = bucketOf(word.key);
  using held = bucket.lock.acquireIrqSave();
  return wakeIn(bucket, word.key, count, bitset, held);
}

/** Takes the locks of two buckets, which may be the same one. */
function lockBoth(a: FutexBucket, b: FutexBucket): void {
  const first = u32(a) < u32(b) ? a : b;
  const second = u32(a) < u32(b) ? b : a;
  first.lock.acquireIrqSave();
  if (second !== first) second.lock.acquireAfter(first.lock);
}

function unlockBoth(a: FutexBucket, b: FutexBucket): void {
  const first = u32(a) < u32(b) ? a : b;
  const second = u32(a) < u32(b) ? b : a;
  if (second !== first) second.lock.release();
  first.lock.releaseIrqRestore();
}

// ---------------------------------------------------------------------------------------------------------------------
// Requeuing.

/** What FUTEX_REQUEUE and FUTEX_CMP_REQUEUE are asked for. */
export class RequeueRequest {
  wakeCount: i32;
  requeueCount: i32;
  isCompared: boolean; // only if the first word holds `value`
  value: u32;
}

function requeueWaiter(waiter: FutexWaiter, target: FutexBucket, key: FutexKey): void {
  waiter.link.unlink();
  assign(waiter.key, key);
  waiter.bucket = target;
  target.waiters.addBefore(waiter.link);
}

/** Both locks are held. Waiters woken and moved. */
function requeueIn(
  from: FutexBucket,
  to: FutexBucket,
  source: FutexKey,
  target: FutexKey,
  request: RequeueRequest,
): i32 {
  let woken: i32 = 0;
  let moved: i32 = 0;
  let link = from.waiters.next;
  // Programs ask for INT_MAX of one kind where they mean all: the two must not be added up.
  while (link !== from.waiters && (woken < request.wakeCount || moved < request.requeueCount)) {
    const waiter = as<FutexWaiter>(u32(link) - offsetof<FutexWaiter>('link'));
    link = link.next;
    if (!waiter.key.equals(source)) continue;
    if (woken < request.wakeCount) {
      wakeWaiter(waiter);
      woken++;
    } else {
      if (!source.equals(target)) requeueWaiter(waiter, to, target);
      moved++;
    }
  }
  return woken + moved;
}

/**
 * Wakes some waiters of one futex, and lets others wait at another one instead: how many of both, -EAGAIN (another value),
 * -EFAULT.
 *
 * @sleeps
 */
export function futexRequeue(source: FutexWord, target: FutexWord, request: RequeueRequest): i32 {
  for (;;) {
    let error = source.find();
    if (error === 0) error = target.find();
    if (error < 0) return error;
    const from = bucketOf(source.key);
    const to = bucketOf(target.key);
    lockBoth(from, to);
    let now: u32 = 0;
    let result: i32 = 0;
    if (request.isCompared) {
      if (peekUser32(source.address, addrOf(now)) < 0) result = -EFAULT;
      else if (now !== request.value) result = -EAGAIN;
    }
    if (result === 0) result = requeueIn(from, to, source.key, target.key, request);
    unlockBoth(from, to);
    if (result !== -EFAULT) return result;
    if (getUser32(source.address, addrOf(now)) < 0) return -EFAULT;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Changing a word and waking.

/** Calculates the new value of the second word from the old one, or says whether the old one fits. */
export class WakeOperation {
  wakeCount: i32;
  otherCount: i32; // at the second futex, if `matches`
  compute: (old: u32, argument: u32) => u32;
  argument: u32;
  matches: (old: i32, compared: i32) => boolean;
  compared: i32;
}

/** Changes the word atomically. False: it is not there, or not writable, now. */
function changeWord(address: u32, operation: WakeOperation, old: Ptr<u32>): boolean {
  for (;;) {
    if (peekUser32(address, old) < 0) return false;
    const compute = operation.compute;
    const fresh = compute(old[0], operation.argument);
    let seen: u32 = 0;
    if (compareAndSwapUser32(address, old[0], fresh, addrOf(seen)) < 0) return false;
    if (seen === old[0]) return true;
  }
}

/** Brings the page of a word in, for writing. 0 or -EFAULT. @sleeps */
function touchForWriting(address: u32): i32 {
  let now: u32 = 0;
  let seen: u32 = 0;
  if (getUser32(address, addrOf(now)) < 0) return -EFAULT;
  return compareAndSwapUser32(address, now, now, addrOf(seen)); // it writes, whatever it finds
}

/**
 * Changes the second word, wakes waiters of the first futex and, if the old value of the second word fits, of the second:
 * how many, or -EFAULT.
 *
 * @sleeps
 */
export function futexWakeOp(first: FutexWord, second: FutexWord, operation: WakeOperation): i32 {
  for (;;) {
    let error = first.find();
    if (error === 0) error = second.find();
    if (error < 0) return error;
    const a = bucketOf(first.key);
    const b = bucketOf(second.key);
    let old: u32 = 0;
    let woken: i32 = 0;
    lockBoth(a, b);
    const isChanged = changeWord(second.address, operation, addrOf(old));
    if (isChanged) {
      const held = witness<FutexBucketLock>();
      const matches = operation.matches;
      woken = wakeIn(a, first.key, operation.wakeCount, 0xffffffff, held);
      if (matches(i32(old), operation.compared)) {
        woken += wakeIn(b, second.key, operation.otherCount, 0xffffffff, held);
      }
    }
    unlockBoth(a, b);
    if (isChanged) return woken;
    if (touchForWriting(second.address) < 0) return -EFAULT;
  }
}
