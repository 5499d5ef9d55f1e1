/*
 * Wait queues: where tasks sleep until something happens.
 *
 * Idea. A wait queue belongs to a condition ("the pipe has bytes"). Who wants to wait puts an entry, which lives in his
 * stack frame, on the queue, announces that he sleeps, and only then looks at the condition: a wake-up that comes
 * between the look and the sleep finds him on the queue and turns his state back, so schedule() returns at once. The
 * pattern, in full:
 *
 *   const entry = zeroed<Inline<WaitEntry>>();
 *   let result: i32 = 0;
 *   for (;;) {
 *     pipe.readers.prepare(entry, true);
 *     if (pipe.count > 0) break;
 *     if (signalPending()) {
 *       result = -ERESTARTSYS;
 *       break;
 *     }
 *     schedule();
 *   }
 *   pipe.readers.finish(entry);
 *
 * The loop is not decoration: between the wake-up and the turn of the sleeper another task may have taken the bytes.
 * A condition that needs a lock is looked at with the lock held, and the lock released before schedule().
 *
 * An entry stays on the queue until its owner takes it off. So one task can be on several queues at once (poll), and a
 * queue may be woken twice for one sleeper.
 *
 * An entry may also stand for something that is to be told, and does not sleep: `watch` puts it on a queue with a function
 * that is called instead of a wake-up (fs/epollItem.ts).
 *
 * Locking. (W) WaitQueue.lock, interrupts off. Order: (W) before the run queue's.
 */

import { current } from '../arch/x86/cpu.ts';
import { irqRestore, irqSave } from '../arch/x86/irqFlags.ts';
import { type ListHead } from '../lib/list.ts';
import { setCurrentState, wakeUpTask } from '../proc/scheduler.ts';
import {
  type Task,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
} from '../proc/task.ts';
import { type Spinlock } from './spinlock.ts';

/** The class of WaitQueue.lock. */
export class WaitQueueLock {
  declare readonly lock: 'waitQueueLock';
}

/** One task's place on one queue. Zero-filled is a fresh entry. */
export class WaitEntry {
  link: Inline<ListHead>; // (W) in WaitQueue.waiters, once `task` is set
  task: Task | null; // (C) null: never yet on a queue
  /** Called with (W) held by a wake-up, instead of waking the task; null: that is woken. */
  notify: ((entry: WaitEntry) => void) | null; // (C)
}

export class WaitQueue {
  lock: Inline<Spinlock<WaitQueueLock>>;
  waiters: Inline<ListHead>; // (W) of WaitEntry.link, the longest waiting first

  /** Makes an empty queue. Needed once before anything else. */
  init(): void {
    this.initAs('waitQueue');
  }

  /** The same for a queue that is woken with (W) of an ordinary one held: the lock checker has to tell them apart. */
  initAs(name: string): void {
    this.lock.init(name);
    this.waiters.init();
  }

  /** Puts the current task on the queue with `entry`, if it is not on it already. It does not sleep yet. */
  add(entry: WaitEntry): void {
    using held = this.lock.acquireIrqSave();
    this.link(entry, held);
  }

  /** Puts the current task on the queue and announces its sleep. What follows is a look at the condition. */
  prepare(entry: WaitEntry, interruptible: boolean): void {
    this.add(entry);
    setCurrentState(interruptible ? TASK_INTERRUPTIBLE : TASK_UNINTERRUPTIBLE);
  }

  /** The same for a sleep that only a wake-up or SIGKILL ends. */
  prepareKillable(entry: WaitEntry): void {
    this.add(entry);
    setCurrentState(TASK_KILLABLE);
  }

  /** The wait is over: the current task is awake, and off the queue. Harmless if `entry` never was on it. */
  finish(entry: WaitEntry): void {
    setCurrentState(TASK_RUNNING);
    if (entry.task === null) return;
    using _held = this.lock.acquireIrqSave();
    entry.link.unlink();
  }

  /** Has `notify` called, under (W), whenever the queue is woken, until `unwatch`. */
  watch(entry: WaitEntry, notify: (entry: WaitEntry) => void): void {
    entry.notify = notify;
    this.add(entry);
  }

  /** After this it is not called any more. Harmless if `entry` never was on the queue. */
  unwatch(entry: WaitEntry): void {
    if (entry.task === null) return;
    using _held = this.lock.acquireIrqSave();
    entry.link.unlink();
  }

  /** Wakes everybody who sleeps on the queue. From anywhere, interrupts included. */
  wakeAll(): void {
    using held = this.lock.acquireIrqSave();
    this.wakeEach(held);
  }

  /** The same with (W) of other queues of the class held, which have lower levels (sync/lockClass.ts). */
  wakeAllNested(level: u32): void {
    const flags = irqSave();
    const held = this.lock.acquireNested(level);
    this.wakeEach(held);
    this.lock.release();
    irqRestore(flags);
  }

  /** Wakes the one who has slept longest, of those that are not awake already; false if there is none. */
  wakeOne(): boolean {
    using held = this.lock.acquireIrqSave();
    return this.wakeFirst(held);
  }

  /** The same for who holds the lock: to change the condition and wake somebody in one step. */
  wakeFirst(_held: Held<WaitQueueLock>): boolean {
    for (let link = this.waiters.next; link !== this.waiters; link = link.next) {
      const entry = as<WaitEntry>(u32(link) - offsetof<WaitEntry>('link'));
      if (entry.notify !== null) entry.notify(entry);
      else if (wakeUpTask(entry.task!, TASK_NORMAL)) return true;
    }
    return false;
  }

  /** Is anybody on the queue? A hint: the answer may be stale at once. */
  hasWaiters(): boolean {
    return !this.waiters.isEmpty();
  }

  private wakeEach(_held: Held<WaitQueueLock>): void {
    for (let link = this.waiters.next; link !== this.waiters; link = link.next) {
      const entry = as<WaitEntry>(u32(link) - offsetof<WaitEntry>('link'));
      if (entry.notify !== null) entry.notify(entry);
      else wakeUpTask(entry.task!, TASK_NORMAL);
    }
  }

  private link(entry: WaitEntry, _held: Held<WaitQueueLock>): void {
    if (entry.task === null) {
      entry.task = current();
      entry.link.init();
    }
    if (!entry.link.isLinked()) this.waiters.addBefore(entry.link);
  }
}
