/*
 * System calls about the scheduler: policies, affinity, and who runs where.
 *
 * A mask of CPUs is one word here, as on a Linux built for up to 32 CPUs: callers may give and ask for more, in whole
 * words.
 *
 * @source sched_yield(2), sched_setscheduler(2), sched_setaffinity(2), getcpu(2), membarrier(2).
 */

import { E2BIG, EFAULT, EINVAL, EPERM, ESRCH } from '../abi/errno.ts';
import {
  PRIO_PROCESS,
  SCHED_ATTR_SIZE_VER0,
  SCHED_BATCH,
  SCHED_DEADLINE,
  SCHED_EXT,
  SCHED_FIFO,
  SCHED_FLAG_RESET_ON_FORK,
  SCHED_IDLE,
  SCHED_OTHER,
  SCHED_RESET_ON_FORK,
  SCHED_RR,
  type SchedAttributes,
} from '../abi/sched.ts';
import { TICK_NS } from '../arch/x86/clock.ts';
import { cpuMask, current, thisCpu } from '../arch/x86/cpu.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyFromUser, copyToUser, getUser32, putUser32 } from '../arch/x86/userCopy.ts';
import { isMisplaced, setAffinity } from './affinity.ts';
import { killPending, yieldCpu } from './scheduler.ts';
import { type Task } from './task.ts';
import { findTask, lockTasks, type TaskListLock } from './taskList.ts';
import { sysSetpriority } from './sysResource.ts';
import { writeTimespec, writeTimespec64 } from './sysTime.ts';

/** sched_yield(). */
export function sysSchedYield(): i32 {
  yieldCpu();
  return 0;
}

/** The task that `pid` names, 0 being the current one. */
function named(pid: u32, tasks: Held<TaskListLock>): Task | null {
  return pid === 0 ? current() : findTask(pid, tasks);
}

// ---------------------------------------------------------------------------------------------------------------------
// Policies. There is one way of scheduling. Its relatives for work that nobody waits for are told apart, and are otherwise
// the same; those for real time are not here.

function isOrdinary(policy: u32): boolean {
  return policy === SCHED_OTHER || policy === SCHED_BATCH || policy === SCHED_IDLE;
}

/** May the current task say how, and where, `task` runs? */
function mayControl(task: Task): boolean {
  const mine = current().credentials;
  return mine.euid === 0 || mine.euid === task.credentials.euid || mine.euid === task.credentials.uid;
}

/** Sets what sched_setscheduler, sched_setparam and sched_setattr agree on. 0, -ESRCH, -EINVAL, -EPERM. */
function setPolicy(pid: u32, policy: u32, priority: u32, tasks: Held<TaskListLock>): i32 {
  const task = named(pid, tasks);
  if (task === null) return -ESRCH;
  const kind = policy & ~SCHED_RESET_ON_FORK;
  if (!isOrdinary(kind) || priority !== 0) return -EINVAL;
  const resets = (policy & SCHED_RESET_ON_FORK) !== 0;
  const isPrivileged = current().credentials.euid === 0;
  if (!mayControl(task) || (task.resetsPolicy && !resets && !isPrivileged)) return -EPERM;
  task.policy = kind;
  task.resetsPolicy = resets;
  return 0;
}

/** sched_getscheduler(pid). */
export function sysSchedGetscheduler(pid: u32): i32 {
  if (i32(pid) < 0) return -EINVAL;
  using tasks = lockTasks();
  const task = named(pid, tasks);
  if (task === null) return -ESRCH;
  return i32(task.resetsPolicy ? task.policy | SCHED_RESET_ON_FORK : task.policy);
}

/** sched_setscheduler(pid, policy, parameters). */
export function sysSchedSetscheduler(pid: u32, policy: u32, parameters: u32): i32 {
  let priority: u32 = 0;
  if (i32(policy) < 0 || parameters === 0 || i32(pid) < 0) return -EINVAL;
  if (copyFromUser(ptr<u8>(addrOf(priority)), parameters, 4) < 0) return -EFAULT;
  using tasks = lockTasks();
  return setPolicy(pid, policy, priority, tasks);
}

/** sched_setparam(pid, parameters): the policy stays, and knows no other priority than 0. */
export function sysSchedSetparam(pid: u32, parameters: u32): i32 {
  let priority: u32 = 0;
  if (parameters === 0 || i32(pid) < 0) return -EINVAL;
  if (copyFromUser(ptr<u8>(addrOf(priority)), parameters, 4) < 0) return -EFAULT;
  using tasks = lockTasks();
  const task = named(pid, tasks);
  if (task === null) return -ESRCH;
  return setPolicy(pid, task.resetsPolicy ? task.policy | SCHED_RESET_ON_FORK : task.policy, priority, tasks);
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

/** sched_getattr(pid, record, size, flags). */
export function sysSchedGetattr(pid: u32, address: u32, size: u32, flags: u32): i32 {
  if (address === 0 || i32(pid) < 0 || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags !== 0) return -EINVAL;
  const record = zeroed<Inline<SchedAttributes>>();
  record.size = size < sizeof<SchedAttributes>() ? size : sizeof<SchedAttributes>();
  {
    using tasks = lockTasks();
    const task = named(pid, tasks);
    if (task === null) return -ESRCH;
    record.sched_policy = task.policy;
    record.sched_flags = task.resetsPolicy ? u64(SCHED_FLAG_RESET_ON_FORK) : 0n;
    record.sched_nice = task.nice;
  }
  return copyToUser(address, ptr<u8>(record), record.size);
}

/** Reads the record of sched_setattr. 0, -EFAULT, -E2BIG (its size is not one that is known: it is told). */
function readAttributes(record: SchedAttributes, address: u32): i32 {
  let size: u32 = 0;
  if (getUser32(address, addrOf(size)) < 0) return -EFAULT;
  if (size === 0) size = SCHED_ATTR_SIZE_VER0;
  if (size < SCHED_ATTR_SIZE_VER0 || size > sizeof<SchedAttributes>()) {
    return putUser32(address, sizeof<SchedAttributes>()) < 0 ? -EFAULT : -E2BIG;
  }
  return copyFromUser(ptr<u8>(record), address, size);
}

/** sched_setattr(pid, record, flags). */
export function sysSchedSetattr(pid: u32, address: u32, flags: u32): i32 {
  if (address === 0 || i32(pid) < 0 || flags !== 0) return -EINVAL;
  const record = zeroed<Inline<SchedAttributes>>();
  const error = readAttributes(record, address);
  if (error < 0) return error;
  if (i32(record.sched_policy) < 0 || (record.sched_flags & ~u64(SCHED_FLAG_RESET_ON_FORK)) !== 0n) return -EINVAL;
  const reset = record.sched_flags === 0n ? 0 : SCHED_RESET_ON_FORK;
  {
    using tasks = lockTasks();
    const refused = setPolicy(pid, record.sched_policy | reset, record.sched_priority, tasks);
    if (refused < 0) return refused;
  }
  if (record.sched_policy === SCHED_IDLE) return 0; // there is nothing below it to be nice to
  return sysSetpriority(PRIO_PROCESS, pid, u32(record.sched_nice));
}

/** sched_get_priority_max and _min(policy): 0 for the policies that exist, 1 to 99 for those that do not. */
export function sysSchedGetPriorityMax(policy: u32): i32 {
  if (policy === SCHED_FIFO || policy === SCHED_RR) return 99;
  return isOrdinary(policy) || policy === SCHED_DEADLINE || policy === SCHED_EXT ? 0 : -EINVAL;
}

export function sysSchedGetPriorityMin(policy: u32): i32 {
  if (policy === SCHED_FIFO || policy === SCHED_RR) return 1;
  return isOrdinary(policy) || policy === SCHED_DEADLINE || policy === SCHED_EXT ? 0 : -EINVAL;
}

/** What sched_rr_get_interval tells, where it is to tell: a slice, nominally. 0, -EINVAL, -ESRCH. */
function checkInterval(pid: u32): i32 {
  if (i32(pid) < 0) return -EINVAL;
  using tasks = lockTasks();
  return named(pid, tasks) === null ? -ESRCH : 0;
}

/** sched_rr_get_interval(pid, time). */
export function sysSchedRrGetInterval(pid: u32, address: u32): i32 {
  const error = checkInterval(pid);
  return error < 0 ? error : writeTimespec(address, TICK_NS * 6n);
}

export function sysSchedRrGetIntervalTime64(pid: u32, address: u32): i32 {
  const error = checkInterval(pid);
  return error < 0 ? error : writeTimespec64(address, TICK_NS * 6n);
}

// ---------------------------------------------------------------------------------------------------------------------
// Affinity.

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

/** Sets the affinity of a task. 0, -ESRCH, -EPERM or -EINVAL. */
function bindTask(pid: u32, mask: u32): i32 {
  using tasks = lockTasks();
  const task = named(pid, tasks);
  if (task === null) return -ESRCH;
  if (!mayControl(task)) return -EPERM;
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
