/*
 * The big kernel lock: one lock for all code that was written as if there were one CPU.
 *
 * Idea. On one CPU, code in the kernel that does not sleep is alone. The lock keeps that true on many: it is held by a
 * task from lockKernel to unlockKernel, except while the task sleeps. schedule() gives it up, and takes it again before
 * it returns, as deep as it was. So what it guards may have changed after each call that may sleep, as ever.
 *
 * A task may take it while it holds it; the last unlockKernel counts.
 *
 * Order. Because the lock is given up in a sleep, it has no place in the order of the locks that sleep: before or after
 * them makes no difference. Spinlocks are taken under it, never the other way round; the first lockKernel counts as
 * something that may sleep. Waiting is spinning, with interrupts as they are; whoever has them off serves what other
 * CPUs ask meanwhile.
 *
 * Locking. (K) is this lock in lock keys. `holder` is atomic; Task.kernelLockDepth belongs to its task.
 */

import { current } from '../arch/x86/cpu.ts';
import { serveWhileSpinning } from '../arch/x86/shootdown.ts';
import { assert } from '../lib/panic.ts';
import { type Task } from '../proc/task.ts';
import { mightSleep, noteKernelLock } from './lockChecker.ts';
import { LOCK_CHECKER } from './lockClass.ts';

/** The class of the big kernel lock. */
export class KernelLock {
  declare readonly lock: 'kernel';
}

/** The address of the task that has the lock; 0: nobody. */
let holder: Volatile<u32> = 0;

/**
 * Takes the lock, if the current task does not have it already.
 *
 * @releasedBy unlockKernel
 * @locking no spinlock held
 */
export function lockKernel(): Held<KernelLock> {
  const task = current();
  if (task.kernelLockDepth === 0) {
    mightSleep();
    take(task);
  }
  task.kernelLockDepth++;
  return witness<KernelLock>();
}

/** Releases what the last lockKernel of the current task took. */
export function unlockKernel(): void {
  const task = current();
  assert(task.kernelLockDepth !== 0, 'unlockKernel without lockKernel');
  task.kernelLockDepth--;
  if (task.kernelLockDepth === 0) holder = 0;
}

/** Does the current task have the lock? */
export function isKernelLocked(): boolean {
  return current().kernelLockDepth !== 0;
}

/** For schedule(), at its beginning: nobody waits for a task that sleeps. */
export function suspendKernelLock(task: Task): void {
  if (task.kernelLockDepth !== 0) holder = 0;
}

/** For schedule(), at its end: `task`, which runs again, has the lock as before. Interrupts may be on. */
export function resumeKernelLock(task: Task): void {
  if (task.kernelLockDepth !== 0) take(task);
}

function take(task: Task): void {
  let turns: u32 = 0;
  while (atomic.cmpxchg(addrOf(holder), 0, u32(task)) !== 0) {
    while (reload<u32>(holder) !== 0) {
      serveWhileSpinning();
      pause();
      turns++;
    }
  }
  if (LOCK_CHECKER) noteKernelLock(turns);
}
