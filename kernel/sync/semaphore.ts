/*
 * Counting semaphores: so many at once, the rest sleeps.
 *
 * `down` takes one of `count` permits, or sleeps until there is one; `up` gives one back, from anywhere, interrupts
 * included, and need not be called by the task that took it. That makes it the tool for "wait until the disk says so".
 * For mutual exclusion use a Mutex: it knows its owner.
 *
 * Locking. (W) the lock of the wait queue guards the count.
 */

import { ERESTARTSYS } from '../abi/errno.ts';
import { schedule, signalPending } from '../proc/scheduler.ts';
import { mightSleep } from './lockChecker.ts';
import { type WaitEntry, type WaitQueue } from './waitQueue.ts';

export class Semaphore {
  queue: Inline<WaitQueue>;
  count: u32; // (W) free permits

  /** Makes a semaphore with `count` permits. */
  init(count: u32): void {
    this.queue.init();
    this.count = count;
  }

  /**
   * Takes a permit; waits for as long as it takes.
   *
   * @sleeps
   */
  down(): void {
    this.wait(false);
  }

  /**
   * Takes a permit, unless a signal comes first: 0 or -ERESTARTSYS.
   *
   * @sleeps
   */
  downInterruptible(): i32 {
    return this.wait(true);
  }

  /** Takes a permit if there is one; says whether it did. */
  tryDown(): boolean {
    using _held = this.queue.lock.acquireIrqSave();
    if (this.count === 0) return false;
    this.count--;
    return true;
  }

  /**
   * Gives a permit back, and wakes one who waits for it. In one step: who gets the permit may be the one in whose frame
   * the semaphore lies, and be gone with it as soon as we let go of the lock.
   */
  up(): void {
    using held = this.queue.lock.acquireIrqSave();
    this.count++;
    this.queue.wakeFirst(held);
  }

  private wait(interruptible: boolean): i32 {
    mightSleep();
    const entry = zeroed<Inline<WaitEntry>>();
    let result: i32 = 0;
    for (;;) {
      this.queue.prepare(entry, interruptible);
      if (this.tryDown()) break;
      if (interruptible && signalPending()) {
        result = -ERESTARTSYS;
        break;
      }
      schedule();
    }
    this.queue.finish(entry);
    // A wake-up that was meant for us may have come together with the signal: pass it on.
    if (result !== 0 && this.count > 0) this.queue.wakeOne();
    return result;
  }
}
