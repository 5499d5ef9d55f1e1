/*
 * System calls about the scheduler: policies (there is one), affinity, and who runs where.
 *
 * A mask of CPUs is one word here, as on a Linux built for up to 32 CPUs: callers may give and ask for more, in whole
 * words.
 *
 * @source sched_yield(2), sched_setscheduler(2), sched_setaffinity(2), getcpu(2), membarrier(2).
 */

import { EFAULT, EINVAL, EPERM, ESRCH } from '../abi/errno.ts';
import { SCHED_OTHER } from '../abi/sched.ts';
import { TICK_NS } from '../arch/x86/clock.ts';
import { cpuMask, current, thisCpu } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser, putUser32 } from '../arch/x86/userCopy.ts';
import { isMisplaced, setAffinity } from './affinity.ts';
import { killPending, yieldCpu } from './scheduler.ts';
import { type Task } from './task.ts';
import { findTask, lockTasks, type TaskListLock } from './taskList.ts';
import { writeTimespec } from './sysTime.ts';

/** sched_yield(). */
export function sysSchedYield(): i32 {
  yieldCpu();
  return 0;
}

/** The task that `pid` names, 0 being the current one. */
function named(pid: u32, tasks: Held<TaskListLock>): Task | null {
  return pid === 0 ? current() : findTask(pid, tasks);
}

/** sched_getscheduler(pid): there is one policy. */
export function sysSchedGetscheduler(pid: u32): i32 {
  if (i32(pid) < 0) return -EINVAL;
  using tasks = lockTasks();
  return named(pid, tasks) === null ? -ESRCH : SCHED_OTHER;
}

/** sched_setscheduler(pid, policy, parameters): the one there is, with priority 0. */
export function sysSchedSetscheduler(pid: u32, policy: u32, parameters: u32): i32 {
  let priority: u32 = 0;
  if (parameters === 0 || i32(pid) < 0) return -EINVAL;
  if (copyFromUser(ptr<u8>(addrOf(priority)), parameters, 4) < 0) return -EFAULT;
  using tasks = lockTasks();
  if (named(pid, tasks) === null) return -ESRCH;
  return policy === SCHED_OTHER && priority === 0 ? 0 : -EINVAL;
}

/** sched_getparam(pid, parameters): priority 0. */
export function sysSchedGetparam(pid: u32, parameters: u32): i32 {
  if (parameters === 0 || i32(pid) < 0) return -EINVAL;
  {
    using tasks = lockTasks();
    if (named(pid, tasks) === null) return -ESRCH;
  }
  return putUser32(parameters, 0);
}

/** sched_get_priority_max and _min(policy): 0 for the policy that exists, 1 to 99 for those that do not. */
export function sysSchedGetPriorityMax(policy: u32): i32 {
  if (policy === 1 || policy === 2) return 99;
  return policy === SCHED_OTHER || policy === 3 || policy === 5 ? 0 : -EINVAL;
}

export function sysSchedGetPriorityMin(policy: u32): i32 {
  if (policy === 1 || policy === 2) return 1;
  return policy === SCHED_OTHER || policy === 3 || policy === 5 ? 0 : -EINVAL;
}

/** sched_rr_get_interval(pid, time): a slice, nominally. */
export function sysSchedRrGetInterval(pid: u32, address: u32): i32 {
  if (i32(pid) < 0) return -EINVAL;
  {
    using tasks = lockTasks();
    if (named(pid, tasks) === null) return -ESRCH;
  }
  return writeTimespec(address, TICK_NS * 6n);
}

/** sched_getaffinity(pid, size, mask): the number of bytes stored. */
export function sysSchedGetaffinity(pid: u32, size: u32, address: u32): i32 {
  if (size < 4 || (size & 3) !== 0) return -EINVAL;
  let mask: u32 = 0;
  {
    using tasks = lockTasks();
    const task = named(pid, tasks);
    if (task === null) return -ESRCH;
    mask = task.affinity & cpuMask();
  }
  return copyToUser(address, ptr<u8>(addrOf(mask)), 4) < 0 ? -EFAULT : 4;
}

/** May the current task say where `task` runs? */
function mayBind(task: Task): boolean {
  const mine = current().credentials;
  return mine.euid === 0 || mine.euid === task.credentials.euid || mine.euid === task.credentials.uid;
}

/** Sets the affinity of a task. 0, -ESRCH, -EPERM or -EINVAL. */
function bindTask(pid: u32, mask: u32): i32 {
  using tasks = lockTasks();
  const task = named(pid, tasks);
  if (task === null) return -ESRCH;
  if (!mayBind(task)) return -EPERM;
  if ((mask & cpuMask()) === 0) return -EINVAL;
  setAffinity(task, mask & cpuMask());
  return 0;
}

/** Is there still a task of this pid that runs where it may not? */
function isUnderway(pid: u32): boolean {
  using tasks = lockTasks();
  const task = named(pid, tasks);
  return task !== null && isMisplaced(task);
}

/**
 * sched_setaffinity(pid, size, mask). When it returns, the task is where it may be: the caller because it moves before
 * it is back in user mode, another because we wait for it to leave its CPU.
 */
export function sysSchedSetaffinity(pid: u32, size: u32, address: u32): i32 {
  let mask: u32 = 0;
  if (copyFromUser(ptr<u8>(addrOf(mask)), address, size < 4 ? size : 4) < 0) return -EFAULT;
  const error = bindTask(pid, mask);
  if (error < 0) return error;
  while (isUnderway(pid) && !killPending()) yieldCpu();
  return 0;
}

/** getcpu(cpu, node): there is one node. */
export function sysGetcpu(cpu: u32, node: u32): i32 {
  if (cpu !== 0 && putUser32(cpu, thisCpu().id) < 0) return -EFAULT;
  return node === 0 ? 0 : putUser32(node, 0);
}
