/*
 * Mutexes: mutual exclusion for sections that sleep.
 *
 * Idea. Held or not is one word, changed by one atomic exchange while nobody waits. Who finds it held queues up under
 * the lock of the wait queue; who unlocks with somebody waiting hands the mutex over to the longest waiting task, still
 * locked, so that a stream of newcomers cannot starve the queue and a wake-up is never for nothing.
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
import { type Spinlock } from './spinlock.ts';

/** The class of Mutex.guard. */
export class MutexGuard {
  declare readonly lock: 'mutexGuard';
}

/** A task in the queue of a mutex, in the frame of its `lock`. */
class MutexWaiter {
  link: Inline<ListHead>; // (X)
  task: Task; // (C)
  isOwner: Volatile<boolean>; // (X) the mutex was handed over to us
}

export class Mutex<L> {
  declare readonly lockClass: L;
  guard: Inline<Spinlock<MutexGuard>>;
  owner: Task | null; // (X)
  waiters: Inline<ListHead>; // (X) of MutexWaiter.link, the longest waiting first

  /** Makes an unlocked mutex. `name` is for reports. */
  init(name: string): void {
    this.guard.init(name);
    this.owner = null;
    this.waiters.init();
  }

  /**
   * Locks; waits for as long as it takes.
   *
   * @releasedBy unlock
   * @sleeps
   */
  lock(): Held<L> {
    this.wait(TASK_UNINTERRUPTIBLE);
    return witness<L>();
  }

  /**
   * Locks, unless a signal comes first: 0, or -EINTR and the mutex is not held. After 0, `witness<L>()` is true until
   * `unlock`.
   *
   * @sleeps
   */
  lockInterruptible(): i32 {
    return this.wait(TASK_INTERRUPTIBLE);
  }

  /** Locks if nobody holds it; says whether it did. */
  tryLock(): boolean {
    using _held = this.guard.acquireIrqSave();
    if (this.owner !== null) return false;
    this.owner = current();
    return true;
  }

  /** Unlocks, or hands over to the first waiter. By the task that locked. */
  unlock(): void {
    using _held = this.guard.acquireIrqSave();
    assert(this.owner === current(), 'mutex unlocked by another than its owner');
    const link = this.waiters.takeFirst();
    if (link === null) {
      this.owner = null;
      return;
    }
    const waiter = as<MutexWaiter>(u32(link) - offsetof<MutexWaiter>('link'));
    this.owner = waiter.task;
    const task = waiter.task; // the waiter's frame may be gone as soon as isOwner is set
    waiter.isOwner = true;
    wakeUpTask(task, TASK_NORMAL);
  }

  /** Does the current task hold it? For assertions. */
  isHeldByCurrent(): boolean {
    return this.owner === current();
  }

  private wait(state: u32): i32 {
    const waiter = zeroed<Inline<MutexWaiter>>();
    if (this.takeOrQueue(waiter)) return 0;
    for (;;) {
      setCurrentState(state);
      if (waiter.isOwner) break;
      if (state === TASK_INTERRUPTIBLE && signalPending()) break;
      schedule();
    }
    setCurrentState(TASK_RUNNING);
    return waiter.isOwner || !this.withdraw(waiter) ? 0 : -EINTR;
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

  /** Leaves the queue; false if the mutex was handed over before we could. */
  private withdraw(waiter: MutexWaiter): boolean {
    using _held = this.guard.acquireIrqSave();
    if (waiter.isOwner) return false;
    waiter.link.unlink();
    return true;
  }
}
