/*
 * Mutexes: mutual exclusion for sections that sleep.
 *
 * Idea. Who finds the mutex held queues up and sleeps; who unlocks leaves it free and wakes the one who has waited longest.
 * Until that one has a CPU again, anybody who runs may take the mutex: to keep it for a sleeper would make everybody wait
 * for the sleeper's time slice, and then for the next one's, and so on (a *convoy*).
 *
 * But newcomers must not starve the queue. Who was woken in vain PATIENCE times is handed the mutex, still locked, by the
 * next who unlocks:
 *
 *   A holds it        B waits             A unlocks: free, B is woken
 *   A takes it again  B comes, too late   B.failures = 1
 *   ...               ...                 B.failures = PATIENCE
 *                                         A unlocks: B is the owner
 *
 * The class parameter names the lock for witnesses: `Mutex<MmapSem>` gives Held<MmapSem>.
 *
 *   using held = mm.mmapSem.lock();
 *
 * Locking. (X) Mutex.guard, a spinlock with interrupts off. Not for use in interrupts: it sleeps.
 */

import { EINTR } from '../abi/errno.ts';
import { current } from '../arch/x86/cpu.ts';
import { type ListHead } from '../lib/list.ts';
import { assert } from '../lib/panic.ts';
import { schedule, setCurrentState, signalPending, wakeUpTask } from '../proc/scheduler.ts';
import { type Task, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from '../proc/task.ts';
import { HELD_BY_TRY } from './heldLocks.ts';
import { checkMade, noteSleepAcquire, noteSleepContention, noteSleepRelease, noteSleepWait } from './lockChecker.ts';
import { isCheckerStopped, LOCK_CHECKER, type LockClass, lockIdentity } from './lockClass.ts';
import { reportForeignRelease, reportFreeRelease, reportNotHeld } from './lockReport.ts';
import { type Spinlock } from './spinlock.ts';

/** The class of Mutex.guard. */
export class MutexGuard {
  declare readonly lock: 'mutexGuard';
}

/** Wake-ups in vain after which the mutex is handed over. */
const PATIENCE: u32 = 2;

/** A task in the queue of a mutex, in the frame of its `lock`. */
class MutexWaiter {
  link: Inline<ListHead>; // (X)
  task: Task; // (C)
  isWoken: Volatile<boolean>; // (X) somebody has unlocked, and left it to us to try
  isOwner: Volatile<boolean>; // (X) the mutex was handed over to us, and we are off the queue
  failures: u32; // (X) how often we came too late
}

export class Mutex<L> {
  declare readonly lockClass: L;
  guard: Inline<Spinlock<MutexGuard>>;
  owner: Task | null; // (X)
  waiters: Inline<ListHead>; // (X) of MutexWaiter.link, the longest waiting first
  identity: u32; // (C) its class for the lock checker, or its name: lockClass.ts

  /** Makes an unlocked mutex. `name` names the kind of lock. */
  init(name: string): void {
    if (LOCK_CHECKER) checkMade(u32(this), sizeof<Mutex<L>>());
    this.guard.init('mutexGuard');
    this.owner = null;
    this.waiters.init();
    this.identity = lockIdentity(name);
  }

  /**
   * Locks; waits for as long as it takes.
   *
   * @releasedBy unlock
   * @sleeps
   */
  lock(): Held<L> {
    if (LOCK_CHECKER) noteSleepWait(u32(this), this.identity, 0, returnAddress());
    this.wait(TASK_UNINTERRUPTIBLE);
    if (LOCK_CHECKER) noteSleepAcquire(u32(this), this.identity, 0, returnAddress(), 0);
    return witness<L>();
  }

  /**
   * The same for a mutex whose class has a level here (1 to 3), because another mutex of the class is held.
   *
   * @releasedBy unlock
   * @sleeps
   */
  lockNested(level: u32): Held<L> {
    if (LOCK_CHECKER) noteSleepWait(u32(this), this.identity, level, returnAddress());
    this.wait(TASK_UNINTERRUPTIBLE);
    if (LOCK_CHECKER) noteSleepAcquire(u32(this), this.identity, level, returnAddress(), 0);
    return witness<L>();
  }

  /**
   * Locks, unless a signal comes first: 0, or -EINTR and the mutex is not held. After 0, `witness<L>()` is true until
   * `unlock`.
   *
   * @sleeps
   */
  lockInterruptible(): i32 {
    if (LOCK_CHECKER) noteSleepWait(u32(this), this.identity, 0, returnAddress());
    const error = this.wait(TASK_INTERRUPTIBLE);
    if (LOCK_CHECKER && error === 0) noteSleepAcquire(u32(this), this.identity, 0, returnAddress(), 0);
    return error;
  }

  /** Locks if nobody holds it; says whether it did. */
  tryLock(): boolean {
    const isOurs = this.takeIfFree();
    if (LOCK_CHECKER && isOurs) noteSleepAcquire(u32(this), this.identity, 0, returnAddress(), HELD_BY_TRY);
    return isOurs;
  }

  /** Unlocks, and wakes the first waiter; hands over to one who has come too late too often. By the task that locked. */
  unlock(): void {
    if (LOCK_CHECKER) this.noteRelease(returnAddress());
    using held = this.guard.acquireIrqSave();
    assert(this.owner === current(), 'mutex unlocked by another than its owner');
    this.owner = null;
    this.wakeFirst(held);
  }

  /** Does the current task hold it? For assertions. */
  isHeldByCurrent(): boolean {
    return this.owner === current();
  }

  /** What the caller relies on: the current task holds the mutex. With the lock checker it is looked at. */
  assertHeld(): Held<L> {
    if (LOCK_CHECKER && !this.isHeldByCurrent() && !isCheckerStopped()) {
      reportNotHeld(as<LockClass>(this.identity), returnAddress());
    }
    return witness<L>();
  }

  private takeIfFree(): boolean {
    using _held = this.guard.acquireIrqSave();
    if (this.owner !== null) return false;
    this.owner = current();
    return true;
  }

  /** The mutex is free: the first waiter is to try, or has it already. */
  private wakeFirst(_guard: Held<MutexGuard>): void {
    if (this.waiters.isEmpty()) return;
    const waiter = as<MutexWaiter>(u32(this.waiters.next) - offsetof<MutexWaiter>('link'));
    if (waiter.failures < PATIENCE) {
      waiter.isWoken = true;
      wakeUpTask(waiter.task, TASK_NORMAL);
      return;
    }
    const task = waiter.task; // the waiter's frame may be gone as soon as isOwner is set
    this.owner = task;
    waiter.link.unlink();
    waiter.isOwner = true;
    wakeUpTask(task, TASK_NORMAL);
  }

  private wait(state: u32): i32 {
    const waiter = zeroed<Inline<MutexWaiter>>();
    if (this.takeOrQueue(waiter)) return 0;
    if (LOCK_CHECKER) noteSleepContention(this.identity);
    for (;;) {
      setCurrentState(state);
      if (waiter.isOwner || (waiter.isWoken && this.takeAsWaiter(waiter))) break;
      if (state === TASK_INTERRUPTIBLE && signalPending()) break;
      schedule();
    }
    setCurrentState(TASK_RUNNING);
    return waiter.isOwner || !this.withdraw(waiter) ? 0 : -EINTR;
  }

  /** A waiter who was woken tries. True: the mutex is his, and he is off the queue. */
  private takeAsWaiter(waiter: MutexWaiter): boolean {
    using _held = this.guard.acquireIrqSave();
    if (waiter.isOwner) return true;
    waiter.isWoken = false;
    if (this.owner !== null) {
      waiter.failures++;
      return false;
    }
    this.owner = waiter.task;
    waiter.link.unlink();
    waiter.isOwner = true;
    return true;
  }

  /** True: the mutex is ours. False: somebody holds it, and `waiter` is queued. */
  private takeOrQueue(waiter: MutexWaiter): boolean {
    using _held = this.guard.acquireIrqSave();
    const self = current();
    assert(this.owner !== self, 'mutex locked twice by one task');
    if (this.owner === null) {
      this.owner = self;
      return true;
    }
    waiter.task = self;
    waiter.link.init();
    this.waiters.addBefore(waiter.link);
    return false;
  }

  /** Leaves the queue; false if the mutex was handed over before we could. A wake-up that was for us is passed on. */
  private withdraw(waiter: MutexWaiter): boolean {
    using held = this.guard.acquireIrqSave();
    if (waiter.isOwner) return false;
    waiter.link.unlink();
    if (this.owner === null) this.wakeFirst(held);
    return true;
  }

  /** Tells the checker of a release at `place`, or reports one that is not the caller's to make. */
  private noteRelease(place: u32): void {
    if (this.isHeldByCurrent()) noteSleepRelease(u32(this));
    else if (isCheckerStopped()) return;
    else if (this.owner === null) reportFreeRelease(u32(this), as<LockClass>(this.identity), place);
    else reportForeignRelease(u32(this), as<LockClass>(this.identity), this.owner, 0, place);
  }
}
