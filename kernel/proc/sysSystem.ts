/*
 * System calls about the system as a whole: its name, its memory, its scheduler; and small ones that fit nowhere else.
 *
 * @source uname(2), sysinfo(2), sched_yield(2), sched_setaffinity(2), getcpu(2), prctl(2), personality(2).
 */

import { EFAULT, EINVAL, EPERM, ESRCH } from '../abi/errno.ts';
import { PR_GET_DUMPABLE, PR_GET_NAME, PR_SET_DUMPABLE, PR_SET_NAME, TASK_COMM_LEN } from '../abi/prctl.ts';
import { SCHED_OTHER } from '../abi/sched.ts';
import { type Sysinfo } from '../abi/sysinfo.ts';
import { UTS_LENGTH, type Utsname } from '../abi/utsname.ts';
import { monotonicNs, TICK_NS } from '../arch/x86/clock.ts';
import { cpuById, cpuCount, current, thisCpu } from '../arch/x86/cpu.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyFromUser, copyToUser, putUser32, strncpyFromUser } from '../arch/x86/userCopy.ts';
import { freePageCount, totalPageCount } from '../mm/buddy.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { loadAverage } from './loadAverage.ts';
import { yieldCpu } from './scheduler.ts';
import { type Task } from './task.ts';
import { findTask, lockTasks, numberOfTasks, type TaskListLock } from './taskList.ts';
import { writeTimespec } from './sysTime.ts';

/** The class of the host name's lock. */
export class HostNameLock {
  declare readonly lock: 'hostName';
}

const nameLock = zeroed<Inline<Spinlock<HostNameLock>>>();
const hostName = zeroed<FixedArray<u8, 65>>(); // under nameLock
const domainName = zeroed<FixedArray<u8, 65>>(); // under nameLock

/** What /proc/version and uname tell. */
export const RELEASE = '6.1.0-pagewright';
export const VERSION = '#1 SMP';

function setText(target: Ptr<u8>, text: Ptr<u8>): void {
  for (let i: u32 = 0; i < UTS_LENGTH - 1; i++) {
    target[i] = text[i];
    if (text[i] === 0) return;
  }
}

/** Names the machine before anybody asks. */
export function initNames(): void {
  nameLock.init('hostName');
  setText(hostName, bytes('pagewright'));
  setText(domainName, bytes('(none)'));
}

// ---------------------------------------------------------------------------------------------------------------------
// Names.

/** uname(record). */
export function sysUname(address: u32): i32 {
  const record = zeroed<Inline<Utsname>>();
  setText(record.sysname, bytes('Linux')); // the ABI; programs look
  setText(record.release, bytes(RELEASE));
  setText(record.version, bytes(VERSION));
  setText(record.machine, bytes('i686'));
  {
    using _held = nameLock.acquireIrqSave();
    setText(record.nodename, hostName);
    setText(record.domainname, domainName);
  }
  return copyToUser(address, ptr<u8>(record), sizeof<Utsname>());
}

function changeName(name: Ptr<u8>, address: u32, length: u32): i32 {
  if (current().credentials.euid !== 0) return -EPERM;
  if (length > UTS_LENGTH - 1) return -EINVAL;
  const copy = zeroed<FixedArray<u8, 65>>();
  if (copyFromUser(copy, address, length) < 0) return -EFAULT;
  using _held = nameLock.acquireIrqSave();
  copyBytes(name, copy, UTS_LENGTH);
  return 0;
}

/** sethostname(name, length). */
export function sysSethostname(address: u32, length: u32): i32 {
  return changeName(hostName, address, length);
}

/** setdomainname(name, length). */
export function sysSetdomainname(address: u32, length: u32): i32 {
  return changeName(domainName, address, length);
}

/** sysinfo(record). */
export function sysSysinfo(address: u32): i32 {
  const record = zeroed<Inline<Sysinfo>>();
  record.uptime = i32(monotonicNs() / 1000000000n);
  for (let i: u32 = 0; i < 3; i++) record.loads[i] = loadAverage(i);
  record.totalram = totalPageCount() * PAGE_SIZE;
  record.freeram = freePageCount() * PAGE_SIZE;
  record.mem_unit = 1;
  {
    using tasks = lockTasks();
    record.procs = u16(numberOfTasks(tasks));
  }
  return copyToUser(address, ptr<u8>(record), sizeof<Sysinfo>());
}

// ---------------------------------------------------------------------------------------------------------------------
// The scheduler.

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

/** The CPUs that exist, a bit for each. */
function onlineMask(): u32 {
  let mask: u32 = 0;
  for (let i: u32 = 0; i < cpuCount(); i++) {
    if (cpuById(i).online) mask |= 1 << i;
  }
  return mask | 1;
}

/** sched_getaffinity(pid, size, mask): the number of bytes stored. */
export function sysSchedGetaffinity(pid: u32, size: u32, address: u32): i32 {
  if (size < 4 || (size & 3) !== 0) return -EINVAL;
  let mask: u32 = 0;
  {
    using tasks = lockTasks();
    const task = named(pid, tasks);
    if (task === null) return -ESRCH;
    mask = task.affinity & onlineMask();
  }
  return copyToUser(address, ptr<u8>(addrOf(mask)), 4) < 0 ? -EFAULT : 4;
}

/** sched_setaffinity(pid, size, mask). It holds from the next time that the task is put on a queue. */
export function sysSchedSetaffinity(pid: u32, size: u32, address: u32): i32 {
  let mask: u32 = 0;
  if (copyFromUser(ptr<u8>(addrOf(mask)), address, size < 4 ? size : 4) < 0) return -EFAULT;
  if ((mask & onlineMask()) === 0) return -EINVAL;
  using tasks = lockTasks();
  const task = named(pid, tasks);
  if (task === null) return -ESRCH;
  const mine = current().credentials;
  if (mine.euid !== 0 && mine.euid !== task.credentials.euid && mine.euid !== task.credentials.uid) return -EPERM;
  task.affinity = mask;
  return 0;
}

/** getcpu(cpu, node). */
export function sysGetcpu(cpu: u32, node: u32): i32 {
  if (cpu !== 0 && putUser32(cpu, thisCpu().id) < 0) return -EFAULT;
  return node === 0 ? 0 : putUser32(node, 0);
}

// ---------------------------------------------------------------------------------------------------------------------
// Small ones.

/** prctl(operation, argument): the name of a thread, and whether it may be dumped (it never is). */
export function sysPrctl(operation: u32, argument: u32): i32 {
  const task = current();
  if (operation === PR_SET_NAME) {
    const name = zeroed<FixedArray<u8, 16>>();
    if (strncpyFromUser(name, argument, TASK_COMM_LEN - 1) < 0) return -EFAULT;
    copyBytes(task.name, name, TASK_COMM_LEN);
    return 0;
  }
  if (operation === PR_GET_NAME) return copyToUser(argument, task.name, TASK_COMM_LEN);
  if (operation === PR_GET_DUMPABLE) return 0;
  if (operation === PR_SET_DUMPABLE) return argument > 1 ? -EINVAL : 0;
  return -EINVAL;
}

/** personality(kind): Linux's own (0); 0xFFFFFFFF asks. */
export function sysPersonality(kind: u32): i32 {
  return kind === 0 || kind === 0xffffffff ? 0 : -EINVAL;
}
