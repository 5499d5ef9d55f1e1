/*
 * Reader/writer semaphores: many readers, or one writer, for sections that sleep.
 *
 * Idea. Who cannot go on at once queues up, and the queue is served strictly in turn: whoever releases the lock last hands
 * it over to the first in the queue, and if that is a reader, to all readers up to the next writer. A newcomer who
 * finds somebody in the queue goes behind him, even a reader while others are reading. So nobody starves: not a writer by
 * a stream of readers, nor the other way round.
 *
 *   readers 2      queue: W R R W      a third reader: behind the last W
 *   readers 0      W has it            queue: R R W
 *   W downgrades   readers 3           queue: W
 *
 * Because of the queue a task must not lock to read twice: a writer may have come in between, who waits for the first time,
 * while the second waits for him. The lock checker reports it.
 *
 * Witnesses. Held<L> for the writer, Held<Shared<L>> for a reader; who is content with either takes
 * `Held<L> | Held<Shared<L>>`.
 *
 *   using held = tree.sem.lockWrite();
 *   using shared = tree.sem.lockRead();
 *
 * Locking. (X) Rwsem.guard, a spinlock with interrupts off. Not for use in interrupts: it sleeps.
 */

import { EINTR } from '../abi/errno.ts';
import { current } from '../arch/x86/cpu.ts';
import { type ListHead } from '../lib/list.ts';
import { assert } from '../lib/panic.ts';
import { schedule, setCurrentState, signalPending, wakeUpTask } from '../proc/scheduler.ts';
import { type Task, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from '../proc/task.ts';
import { HELD_BY_TRY, HELD_TO_READ } from './heldLocks.ts';
import {
  checkMade,
  findOwnLock,
  noteSleepAcquire,
  noteSleepContention,
  noteSleepRelease,
  noteSleepWait,
} from './lockChecker.ts';
import { isCheckerStopped, LOCK_CHECKER, type LockClass, lockIdentity } from './lockClass.ts';
import { reportForeignRelease, reportFreeRelease, reportNotHeld } from './lockReport.ts';
import { type Spinlock } from './spinlock.ts';

/** The class of Rwsem.guard. */
export class RwsemGuard {
  declare readonly lock: 'rwsemGuard';
}

/** In witnesses: the lock of class L is held, to read at least. */
export class Shared<L> {
  declare readonly shared: L;
}

/** A task in the queue, in the frame of its call. */
class RwsemWaiter {
  link: Inline<ListHead>; // (X)
  task: Task; // (C)
  isWriter: boolean; // (C)
  isGranted: Volatile<boolean>; // (X) the lock is ours, and we are off the queue
}

export class Rwsem<L> {
  declare readonly lockClass: L;
  guard: Inline<Spinlock<RwsemGuard>>;
  readers: u32; // (X) how many hold it to read
  writer: Task | null; // (X)
  waiters: Inline<ListHead>; // (X) of RwsemWaiter.link, the longest waiting first
  identity: u32; // (C) its class for the lock checker, or its name: lockClass.ts

  /** Makes a free lock. `name` names the kind of lock. */
  init(name: string): void {
    if (LOCK_CHECKER) checkMade(u32(this), sizeof<Rwsem<L>>());
    this.guard.init('rwsemGuard');
    this.readers = 0;
    this.writer = null;
    this.waiters.init();
    this.identity = lockIdentity(name);
  }

  /**
   * Locks to read, together with other readers; waits for as long as it takes.
   *
   * @releasedBy unlockRead
   * @sleeps
   */
  lockRead(): Held<Shared<L>> {
    this.lockFor(false, TASK_UNINTERRUPTIBLE, returnAddress());
    return witness<Shared<L>>();
  }

  /**
   * Locks to write, alone; waits for as long as it takes.
   *
   * @releasedBy unlockWrite
   * @sleeps
   */
  lockWrite(): Held<L> {
    this.lockFor(true, TASK_UNINTERRUPTIBLE, returnAddress());
    return witness<L>();
  }

  /** Locks to read, unless a signal comes first: 0, or -EINTR and the lock is not held. @sleeps */
  lockReadInterruptible(): i32 {
    return this.lockFor(false, TASK_INTERRUPTIBLE, returnAddress());
  }

  /** Locks to write, unless a signal comes first: 0, or -EINTR and the lock is not held. @sleeps */
  lockWriteInterruptible(): i32 {
    return this.lockFor(true, TASK_INTERRUPTIBLE, returnAddress());
  }

  /** Locks to read if that needs no waiting, and nobody else waits; says whether it did. */
  tryLockRead(): boolean {
    return this.tryLockFor(false, returnAddress());
  }

  /** Locks to write if nobody holds the lock; says whether it did. */
  tryLockWrite(): boolean {
    return this.tryLockFor(true, returnAddress());
  }

  /** By a reader. */
  unlockRead(): void {
    if (LOCK_CHECKER) this.noteRelease(false, returnAddress());
    using held = this.guard.acquireIrqSave();
    assert(this.readers !== 0, 'rwsem: no reader to unlock');
    this.readers--;
    this.grant(held);
  }

  /** By the writer. */
  unlockWrite(): void {
    if (LOCK_CHECKER) this.noteRelease(true, returnAddress());
    using held = this.guard.acquireIrqSave();
    assert(this.writer === current(), 'rwsem: unlocked by another than its writer');
    this.writer = null;
    this.grant(held);
  }

  /** The writer goes on as a reader, and lets others read: no other writer comes in between. Ends with `unlockRead`. */
  downgrade(): void {
    if (LOCK_CHECKER) this.noteDowngrade(returnAddress());
    using held = this.guard.acquireIrqSave();
    assert(this.writer === current(), 'rwsem: downgraded by another than its writer');
    this.writer = null;
    this.readers = 1;
    this.grant(held);
  }

  /** Does the current task hold it to write? */
  isWrittenByCurrent(): boolean {
    return this.writer === current();
  }

  /** What the caller relies on: the current task holds the lock, to read or to write. Looked at with the lock checker. */
  assertHeld(): Held<Shared<L>> {
    if (LOCK_CHECKER && findOwnLock(u32(this)) === null && !isCheckerStopped()) {
      reportNotHeld(as<LockClass>(this.identity), returnAddress());
    }
    return witness<Shared<L>>();
  }

  /** The same for the writer. */
  assertHeldWrite(): Held<L> {
    if (LOCK_CHECKER && !this.isWrittenByCurrent() && !isCheckerStopped()) {
      reportNotHeld(as<LockClass>(this.identity), returnAddress());
    }
    return witness<L>();
  }

  private lockFor(isWriter: boolean, state: u32, place: u32): i32 {
    if (LOCK_CHECKER) noteSleepWait(u32(this), this.identity, 0, place);
    const error = this.wait(isWriter, state);
    if (LOCK_CHECKER && error === 0) {
      noteSleepAcquire(u32(this), this.identity, 0, place, isWriter ? 0 : HELD_TO_READ);
    }
    return error;
  }

  private tryLockFor(isWriter: boolean, place: u32): boolean {
    const isOurs = this.takeIfFree(isWriter);
    if (LOCK_CHECKER && isOurs) {
      noteSleepAcquire(u32(this), this.identity, 0, place, isWriter ? HELD_BY_TRY : HELD_BY_TRY | HELD_TO_READ);
    }
    return isOurs;
  }

  private takeIfFree(isWriter: boolean): boolean {
    using held = this.guard.acquireIrqSave();
    return this.waiters.isEmpty() && this.take(current(), isWriter, held);
  }

  /** Gives the lock to `task` if those who hold it leave room. */
  private take(task: Task, isWriter: boolean, _guard: Held<RwsemGuard>): boolean {
    if (this.writer !== null || (isWriter && this.readers !== 0)) return false;
    if (isWriter) this.writer = task;
    else this.readers++;
    return true;
  }

  private wait(isWriter: boolean, state: u32): i32 {
    const waiter = zeroed<Inline<RwsemWaiter>>();
    if (this.takeOrQueue(waiter, isWriter)) return 0;
    if (LOCK_CHECKER) noteSleepContention(this.identity);
    for (;;) {
      setCurrentState(state);
      if (waiter.isGranted) break;
      if (state === TASK_INTERRUPTIBLE && signalPending()) break;
      schedule();
    }
    setCurrentState(TASK_RUNNING);
    return waiter.isGranted || !this.withdraw(waiter) ? 0 : -EINTR;
  }

  /** True: the lock is ours. False: `waiter` is queued. */
  private takeOrQueue(waiter: RwsemWaiter, isWriter: boolean): boolean {
    using held = this.guard.acquireIrqSave();
    const self = current();
    assert(this.writer !== self, 'rwsem locked again by its writer');
    if (this.waiters.isEmpty() && this.take(self, isWriter, held)) return true;
    waiter.task = self;
    waiter.isWriter = isWriter;
    waiter.link.init();
    this.waiters.addBefore(waiter.link);
    return false;
  }

  /** Leaves the queue; false if the lock was handed over before we could. Those behind us may have their turn now. */
  private withdraw(waiter: RwsemWaiter): boolean {
    using held = this.guard.acquireIrqSave();
    if (waiter.isGranted) return false;
    waiter.link.unlink();
    this.grant(held);
    return true;
  }

  /** Hands the lock over to the first of the queue, as many as can have it together. */
  private grant(held: Held<RwsemGuard>): void {
    while (!this.waiters.isEmpty()) {
      const waiter = as<RwsemWaiter>(u32(this.waiters.next) - offsetof<RwsemWaiter>('link'));
      const task = waiter.task; // the waiter's frame may be gone as soon as isGranted is set
      if (!this.take(task, waiter.isWriter, held)) return;
      waiter.link.unlink();
      waiter.isGranted = true;
      wakeUpTask(task, TASK_NORMAL);
    }
  }

  /** Tells the checker of a release at `place`, or reports one that is not the caller's to make. */
  private noteRelease(isWriter: boolean, place: u32): void {
    if (isCheckerStopped()) return;
    const lockClass = as<LockClass>(this.identity);
    const entry = findOwnLock(u32(this));
    const isHeld = isWriter ? this.writer !== null : this.readers !== 0;
    if (!isHeld) reportFreeRelease(u32(this), lockClass, place);
    if (isWriter && !this.isWrittenByCurrent()) reportForeignRelease(u32(this), lockClass, this.writer, 0, place);
    if (entry === null) reportNotHeld(lockClass, place);
    noteSleepRelease(u32(this));
  }

  private noteDowngrade(place: u32): void {
    this.noteRelease(true, place);
    noteSleepAcquire(u32(this), this.identity, 0, place, HELD_TO_READ);
  }
}
