/*
 * System calls about the scheduler: policies, affinity, and who runs where.
 *
 * A mask of CPUs is one word here, as on a Linux built for up to 32 CPUs: callers may give and ask for more, in whole
 * words.
 *
 * @source sched(7), sched_yield(2), sched_setscheduler(2), sched_setattr(2), sched_setaffinity(2), getcpu(2).
 */

import { E2BIG, EFAULT, EINVAL, EOPNOTSUPP, EPERM, ESRCH } from '../abi/errno.ts';
import { RLIMIT_RTPRIO } from '../abi/resource.ts';
import {
  MAX_REALTIME_PRIORITY,
  SCHED_ATTR_SIZE_VER0,
  SCHED_ATTR_SIZE_VER1,
  SCHED_BATCH,
  SCHED_DEADLINE,
  SCHED_EXT,
  SCHED_FIFO,
  SCHED_FLAG_ALL,
  SCHED_FLAG_KEEP_PARAMS,
  SCHED_FLAG_KEEP_POLICY,
  SCHED_FLAG_RESET_ON_FORK,
  SCHED_FLAG_UTIL_CLAMP,
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
import { changePolicy } from './policy.ts';
import { freshSlice } from './runQueue.ts';
import { killPending, yieldCpu } from './scheduler.ts';
import { type Task } from './task.ts';
import { findTask, lockTasks, type TaskListLock } from './taskList.ts';
import { clampNice, mayBeAsGreedy } from './sysResource.ts';
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
// Policies. Three are ordinary: those for work that nobody waits for are told apart, and are otherwise the same. Two are
// for real time. SCHED_DEADLINE and SCHED_EXT are not here: EINVAL.

function isOrdinary(policy: u32): boolean {
  return policy === SCHED_OTHER || policy === SCHED_BATCH || policy === SCHED_IDLE;
}

function isRealtime(policy: u32): boolean {
  return policy === SCHED_FIFO || policy === SCHED_RR;
}

/** May the current task say how, and where, `task` runs? */
function mayControl(task: Task): boolean {
  const mine = current().credentials;
  return mine.euid === 0 || mine.euid === task.credentials.euid || mine.euid === task.credentials.uid;
}

/** In a request: the task keeps the policy that it has. */
const KEEP_POLICY: u32 = 0xffffffff;

/** How a task is to be scheduled. */
class PolicyRequest {
  policy: u32; // or KEEP_POLICY
  priority: u32;
  nice: i32; // counts if setsNice
  setsNice: boolean;
  resets: boolean; // SCHED_RESET_ON_FORK
  flags: u64; // SCHED_FLAG_...
}

/** The request of sched_setscheduler. */
function fillRequest(request: PolicyRequest, policy: u32, priority: u32): void {
  request.policy = policy === KEEP_POLICY ? policy : policy & ~SCHED_RESET_ON_FORK;
  request.resets = policy !== KEEP_POLICY && (policy & SCHED_RESET_ON_FORK) !== 0;
  request.priority = priority;
}

/** Fills in what the task is to keep. */
function completeRequest(request: PolicyRequest, task: Task): void {
  if (request.policy === KEEP_POLICY) {
    request.policy = task.policy;
    request.resets = task.resetsPolicy;
  }
  if ((request.flags & u64(SCHED_FLAG_KEEP_PARAMS)) === 0n) return;
  if (isRealtime(task.policy)) request.priority = task.realtimePriority;
  else request.nice = task.nice;
}

function isValid(request: PolicyRequest): boolean {
  const policy = request.policy;
  if ((request.flags & ~u64(SCHED_FLAG_ALL)) !== 0n) return false;
  if (isOrdinary(policy)) return request.priority === 0;
  return isRealtime(policy) && request.priority >= 1 && request.priority <= MAX_REALTIME_PRIORITY;
}

/** May the current task have the request granted if it is not the superuser? The limits are those of the task. */
function mayRequest(task: Task, request: PolicyRequest): boolean {
  const limit = task.process.limits[RLIMIT_RTPRIO].rlim_cur;
  const isNew = request.policy !== task.policy;
  if (isRealtime(request.policy)) {
    if (isNew && limit === 0) return false;
    if (request.priority > task.realtimePriority && request.priority > limit) return false;
  }
  if (request.setsNice && request.nice < task.nice && !mayBeAsGreedy(task, request.nice)) return false;
  if (task.policy === SCHED_IDLE && isNew && !mayBeAsGreedy(task, task.nice)) return false;
  return mayControl(task) && (!task.resetsPolicy || request.resets);
}

/** Grants what sched_setscheduler, sched_setparam and sched_setattr ask for. 0, -ESRCH, -EINVAL, -EPERM, -EOPNOTSUPP. */
function setPolicy(pid: u32, request: PolicyRequest): i32 {
  using tasks = lockTasks();
  const task = named(pid, tasks);
  if (task === null) return -ESRCH;
  completeRequest(request, task);
  if (!isValid(request)) return -EINVAL;
  // There is nothing below SCHED_IDLE to be nice to, and real time knows no nice value: they keep what they have.
  if (request.policy !== SCHED_OTHER && request.policy !== SCHED_BATCH) request.setsNice = false;
  if (current().credentials.euid !== 0 && !mayRequest(task, request)) return -EPERM;
  if ((request.flags & u64(SCHED_FLAG_UTIL_CLAMP)) !== 0n) return -EOPNOTSUPP;
  task.resetsPolicy = request.resets;
  if ((request.flags & u64(SCHED_FLAG_KEEP_PARAMS)) !== 0n) return 0; // on Linux the policy is one of them
  changePolicy(task, request.policy, request.priority, tasks);
  if (request.setsNice) task.nice = request.nice;
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

/** Sets a policy, and the priority that is at `parameters`. */
function setScheduler(pid: u32, policy: u32, parameters: u32): i32 {
  let priority: u32 = 0;
  if (parameters === 0 || i32(pid) < 0) return -EINVAL;
  if (getUser32(parameters, addrOf(priority)) < 0) return -EFAULT;
  const request = zeroed<Inline<PolicyRequest>>();
  fillRequest(request, policy, priority);
  return setPolicy(pid, request);
}

/** sched_setscheduler(pid, policy, parameters). */
export function sysSchedSetscheduler(pid: u32, policy: u32, parameters: u32): i32 {
  return i32(policy) < 0 ? -EINVAL : setScheduler(pid, policy, parameters);
}

/** sched_setparam(pid, parameters): the policy stays. */
export function sysSchedSetparam(pid: u32, parameters: u32): i32 {
  return setScheduler(pid, KEEP_POLICY, parameters);
}

/** sched_getparam(pid, parameters): the priority. */
export function sysSchedGetparam(pid: u32, parameters: u32): i32 {
  if (parameters === 0 || i32(pid) < 0) return -EINVAL;
  let priority: u32 = 0;
  {
    using tasks = lockTasks();
    const task = named(pid, tasks);
    if (task === null) return -ESRCH;
    priority = task.realtimePriority;
  }
  return putUser32(parameters, priority);
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
    if (isRealtime(task.policy)) record.sched_priority = task.realtimePriority;
    else record.sched_nice = task.nice;
  }
  return copyToUser(address, ptr<u8>(record), record.size);
}

/** Are the bytes of user memory from `start` to `end` all 0? 0, -EFAULT, -E2BIG: they are not. */
function checkZeroes(start: u32, end: u32): i32 {
  let byte: u8 = 0;
  for (let address = start; address < end; address++) {
    if (copyFromUser(ptr<u8>(addrOf(byte)), address, 1) < 0) return -EFAULT;
    if (byte !== 0) return -E2BIG;
  }
  return 0;
}

/** Reads the record of sched_setattr. 0, -EFAULT, -EINVAL, -E2BIG (there is more than what is known: its size is told). */
function readAttributes(record: SchedAttributes, address: u32): i32 {
  const known = sizeof<SchedAttributes>();
  let size: u32 = 0;
  if (getUser32(address, addrOf(size)) < 0) return -EFAULT;
  if (size === 0) size = SCHED_ATTR_SIZE_VER0;
  let error: i32 = size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE ? -E2BIG : 0;
  if (error === 0 && size > known) error = checkZeroes(address + known, address + size);
  if (error === -E2BIG && putUser32(address, known) < 0) return -EFAULT;
  if (error < 0) return error;
  if (copyFromUser(ptr<u8>(record), address, size < known ? size : known) < 0) return -EFAULT;
  const clamps = (record.sched_flags & u64(SCHED_FLAG_UTIL_CLAMP)) !== 0n;
  return clamps && size < SCHED_ATTR_SIZE_VER1 ? -EINVAL : 0;
}

/** sched_setattr(pid, record, flags). */
export function sysSchedSetattr(pid: u32, address: u32, flags: u32): i32 {
  if (address === 0 || i32(pid) < 0 || flags !== 0) return -EINVAL;
  const record = zeroed<Inline<SchedAttributes>>();
  const error = readAttributes(record, address);
  if (error < 0) return error;
  if (i32(record.sched_policy) < 0) return -EINVAL;
  const request = zeroed<Inline<PolicyRequest>>();
  request.flags = record.sched_flags;
  request.policy = (request.flags & u64(SCHED_FLAG_KEEP_POLICY)) === 0n ? record.sched_policy : KEEP_POLICY;
  request.priority = record.sched_priority;
  request.nice = clampNice(record.sched_nice);
  request.setsNice = true;
  request.resets = (request.flags & u64(SCHED_FLAG_RESET_ON_FORK)) !== 0n;
  return setPolicy(pid, request);
}

/** sched_get_priority_max and _min(policy): 1 to 99 for real time, 0 for others, those included that Linux has and we have not. */
export function sysSchedGetPriorityMax(policy: u32): i32 {
  if (isRealtime(policy)) return MAX_REALTIME_PRIORITY;
  return isOrdinary(policy) || policy === SCHED_DEADLINE || policy === SCHED_EXT ? 0 : -EINVAL;
}

export function sysSchedGetPriorityMin(policy: u32): i32 {
  if (isRealtime(policy)) return 1;
  return isOrdinary(policy) || policy === SCHED_DEADLINE || policy === SCHED_EXT ? 0 : -EINVAL;
}

/** What sched_rr_get_interval tells: nanoseconds of a whole slice; 0: there is none. Else -EINVAL, -ESRCH. */
function tellSlice(pid: u32, slice: Ptr<u64>): i32 {
  if (i32(pid) < 0) return -EINVAL;
  using tasks = lockTasks();
  const task = named(pid, tasks);
  if (task === null) return -ESRCH;
  slice[0] = task.policy === SCHED_FIFO ? 0n : TICK_NS * u64(freshSlice(task));
  return 0;
}

/** sched_rr_get_interval(pid, time). */
export function sysSchedRrGetInterval(pid: u32, address: u32): i32 {
  let slice: u64 = 0n;
  const error = tellSlice(pid, addrOf(slice));
  return error < 0 ? error : writeTimespec(address, slice);
}

export function sysSchedRrGetIntervalTime64(pid: u32, address: u32): i32 {
  let slice: u64 = 0n;
  const error = tellSlice(pid, addrOf(slice));
  return error < 0 ? error : writeTimespec64(address, slice);
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
