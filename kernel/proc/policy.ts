/*
 * Changing how a task is scheduled, whatever it does at the moment.
 *
 *   it waits on a queue    raised: it is placed anew, as if it woke up; lowered: it is the first of its new equals there
 *   it runs                raised: it goes on; lowered: its CPU is told, and looks who is to run
 *   it sleeps, or is on    the wake-up places it
 *   its way to a queue
 *
 * A policy that leaves the priority as it is leaves the task where it is, and its slice, which must not grow by that.
 *
 * Locking. (T), which the caller holds, and (R) of the task's queue: either to read a policy, both to write it.
 *
 * @source sched(7)
 */

import { cpuById } from '../arch/x86/cpu.ts';
import {
  chooseCpu,
  enqueue,
  freshSlice,
  lockQueueOf,
  placeTask,
  requestSchedule,
  type RunQueue,
  type RunQueueLock,
  takeOff,
} from './runQueue.ts';
import { type Task } from './task.ts';
import { type TaskListLock } from './taskList.ts';

/** Gives the task another priority. True: it is on no queue now, and the caller is to place it. */
function changePriority(queue: RunQueue, task: Task, priority: u32, held: Held<RunQueueLock>): boolean {
  const isRaised = priority > task.realtimePriority;
  const isRunning = cpuById(queue.cpu).current === task;
  const isReady = task.onQueue && !isRunning;
  if (isReady) takeOff(queue, task, held);
  task.realtimePriority = priority;
  task.slice = freshSlice(task);
  if (isReady && !isRaised) enqueue(queue, task, true, held);
  if (isRunning && !isRaised) requestSchedule(cpuById(queue.cpu));
  if (!isReady || !isRaised) return false;
  task.cpu = chooseCpu(task, queue.cpu);
  return true;
}

/**
 * Schedules the task by `policy` from now on.
 *
 * @param priority 1 to 99 for SCHED_FIFO and SCHED_RR, 0 for the others
 * @locking takes (R); no run queue's lock held
 */
export function changePolicy(task: Task, policy: u32, priority: u32, _tasks: Held<TaskListLock>): void {
  const queue = lockQueueOf(task);
  task.policy = policy;
  const mustPlace =
    priority !== task.realtimePriority && changePriority(queue, task, priority, witness<RunQueueLock>());
  queue.lock.releaseIrqRestore();
  if (mustPlace) placeTask(task);
}
