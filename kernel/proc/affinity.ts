/*
 * Affinity: which CPUs a task may use, and what happens to one that is where it may not be any more.
 *
 *   it waits on a queue    moved at once
 *   it runs                its CPU is told; schedule() there leaves it to finishSwitch, which sends it away
 *   it sleeps              the wake-up places it
 *
 * Locking. (R) of the task's queue.
 */

import { cpuById } from '../arch/x86/cpu.ts';
import { lockQueueOf, mayRunOn, placeTask, requestSchedule, type RunQueueLock, takeOff } from './runQueue.ts';
import { type Task } from './task.ts';

/**
 * The task may use the CPUs in `mask`, and no others. It moves if it must; if it runs, as soon as its CPU comes to it
 * (`isMisplaced` tells).
 *
 * @locking takes (R). The task stays: the caller holds (T), or it is the current one
 */
export function setAffinity(task: Task, mask: u32): void {
  const queue = lockQueueOf(task);
  task.affinity = mask;
  const mustMove = task.onQueue && !mayRunOn(task, queue.cpu);
  const isRunning = cpuById(queue.cpu).current === task;
  if (mustMove && isRunning) requestSchedule(cpuById(queue.cpu));
  if (mustMove && !isRunning) takeOff(queue, task, witness<RunQueueLock>());
  queue.lock.releaseIrqRestore();
  if (mustMove && !isRunning) placeTask(task);
}

/** Does the task run on a CPU that it may not use any more? */
export function isMisplaced(task: Task): boolean {
  const queue = lockQueueOf(task);
  const result = task.onQueue && !mayRunOn(task, queue.cpu);
  queue.lock.releaseIrqRestore();
  return result;
}
