/*
 * Clocks of the CPU time of any process, and of the threads of the current one.
 *
 * The number of such a clock is negative: the complement of the pid (0: the current one), then a bit that says it is a
 * thread's, then what counts: 0, user and system time; 1, user time; 2, all that the scheduler gave, which here is the same
 * as the first. All advance by ticks.
 *
 * @source clock_getcpuclockid(3), pthread_getcpuclockid(3), clock_gettime(2).
 */

import { EINVAL } from '../abi/errno.ts';
import { TICK_NS } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { type Process, type Task } from './task.ts';
import { findProcess, findTask, firstThread, lockTasks, nextThread, type TaskListLock } from './taskList.ts';

const KIND_MASK: u32 = 3;
const KIND_USER: u32 = 1;
/** No clock of CPU time, but one behind a descriptor. */
const KIND_DESCRIPTOR: u32 = 3;
const OF_THREAD: u32 = 4;

function ticksOf(task: Task, onlyUser: boolean): u32 {
  return onlyUser ? task.utime : task.utime + task.stime;
}

/** Ticks that a process has used: its threads, and those that have ended. */
function processTicks(process: Process, onlyUser: boolean, tasks: Held<TaskListLock>): u32 {
  let sum = onlyUser ? process.utime : process.utime + process.stime;
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    sum += ticksOf(task, onlyUser);
  }
  return sum;
}

/** Is it the number of such a clock? */
export function isCpuClock(clock: u32): boolean {
  return i32(clock) < 0;
}

/** What it shows, in nanoseconds: 0, or -EINVAL: there is no such process, or thread of ours. @locking takes (T) */
export function readCpuClock(clock: u32, result: Ptr<u64>): i32 {
  const kind = clock & KIND_MASK;
  const pid = u32(~(i32(clock) >> 3));
  if (kind === KIND_DESCRIPTOR) return -EINVAL;
  using tasks = lockTasks();
  if ((clock & OF_THREAD) !== 0) {
    const task = pid === 0 ? current() : findTask(pid, tasks);
    if (task === null || task.process !== current().process) return -EINVAL;
    result[0] = u64(ticksOf(task, kind === KIND_USER)) * TICK_NS;
    return 0;
  }
  const process = pid === 0 ? current().process : findProcess(pid, tasks);
  if (process === null) return -EINVAL;
  result[0] = u64(processTicks(process, kind === KIND_USER, tasks)) * TICK_NS;
  return 0;
}
