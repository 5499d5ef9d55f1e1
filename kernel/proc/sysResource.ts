/*
 * Limits and accounts: getrlimit and its relatives, getrusage, and what wait4 and /proc tell of them.
 *
 * CPU time is counted in ticks: whoever runs when the timer interrupts is charged the whole tick.
 *
 * @source getrlimit(2), prlimit(2), getrusage(2), getpriority(2).
 */

import { EACCES, EFAULT, EINVAL, EPERM, ESRCH } from '../abi/errno.ts';
import {
  RLIM_INFINITY,
  RLIM_NLIMITS,
  RLIMIT_NICE,
  RLIMIT_NOFILE,
  type Rlimit,
  type Rlimit64,
  type Rusage,
  RUSAGE_CHILDREN,
  RUSAGE_SELF,
  RUSAGE_THREAD,
} from '../abi/resource.ts';
import { PRIO_PGRP, PRIO_PROCESS, PRIO_USER } from '../abi/sched.ts';
import { HZ } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { type Process, type Task } from './task.ts';
import { findProcessOf, firstThread, lockTasks, nextThread, processAfter, type TaskListLock } from './taskList.ts';

const US_PER_TICK: u32 = 10000;
const KIB_PER_PAGE: u32 = 4;
/** A file descriptor limit above this is nobody's to set. */
const NOFILE_MAX: u32 = 4096;

// ---------------------------------------------------------------------------------------------------------------------
// Accounts.

/** Ticks that the current process has used: its threads, and those that have ended. */
export function currentProcessTicks(): u32 {
  using tasks = lockTasks();
  const process = current().process;
  let sum = process.utime + process.stime;
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    sum += task.utime + task.stime;
  }
  return sum;
}

function setTimes(usage: Rusage, utime: u32, stime: u32): void {
  usage.ru_utime_sec = i32(utime / HZ);
  usage.ru_utime_usec = i32((utime % HZ) * US_PER_TICK);
  usage.ru_stime_sec = i32(stime / HZ);
  usage.ru_stime_usec = i32((stime % HZ) * US_PER_TICK);
}

/** Whose use of the machine is told. */
export const OF_ITSELF: u32 = 1;
/** Of the children that a process has waited for, and of theirs. */
export const OF_CHILDREN: u32 = 2;

/** Fills in what a process has used, or its children, or both. Under (T). */
export function fillRusage(usage: Rusage, process: Process, whose: u32): void {
  fillBytes(ptr<u8>(usage), 0, sizeof<Rusage>());
  let utime: u32 = 0;
  let stime: u32 = 0;
  if ((whose & OF_CHILDREN) !== 0) {
    utime = process.childrenUtime;
    stime = process.childrenStime;
    usage.ru_maxrss = process.childrenPeakRss * KIB_PER_PAGE;
    usage.ru_minflt = process.childrenMinorFaults;
    usage.ru_majflt = process.childrenMajorFaults;
    usage.ru_nvcsw = process.childrenVoluntary;
    usage.ru_nivcsw = process.childrenInvoluntary;
  }
  if ((whose & OF_ITSELF) !== 0) {
    utime += process.utime;
    stime += process.stime;
    raisePeak(usage, process.peakRss);
    usage.ru_minflt += process.minorFaults;
    usage.ru_majflt += process.majorFaults;
    usage.ru_nvcsw += process.voluntarySwitches;
    usage.ru_nivcsw += process.involuntarySwitches;
    for (let link = process.threads.next; link !== process.threads; link = link.next) {
      const task = as<Task>(u32(link) - offsetof<Task>('threadLink'));
      utime += task.utime;
      stime += task.stime;
      addThread(usage, task);
    }
  }
  setTimes(usage, utime, stime);
}

/** What a thread has used, but for time. */
function addThread(usage: Rusage, task: Task): void {
  usage.ru_minflt += task.minorFaults;
  usage.ru_majflt += task.majorFaults;
  usage.ru_nvcsw += task.voluntarySwitches;
  usage.ru_nivcsw += task.involuntarySwitches;
  const mm = task.mm;
  if (mm !== null) raisePeak(usage, mm.peakRss);
}

function raisePeak(usage: Rusage, pages: u32): void {
  if (pages * KIB_PER_PAGE > usage.ru_maxrss) usage.ru_maxrss = pages * KIB_PER_PAGE;
}

/** getrusage(who, usage). */
export function sysGetrusage(who: u32, address: u32): i32 {
  const usage = zeroed<Inline<Rusage>>();
  const task = current();
  if (i32(who) === RUSAGE_SELF) {
    using _tasks = lockTasks();
    fillRusage(usage, task.process, OF_ITSELF);
  } else if (i32(who) === RUSAGE_CHILDREN) {
    using _tasks = lockTasks();
    fillRusage(usage, task.process, OF_CHILDREN);
  } else if (i32(who) === RUSAGE_THREAD) {
    setTimes(usage, task.utime, task.stime);
    addThread(usage, task);
  } else {
    return -EINVAL;
  }
  return copyToUser(address, ptr<u8>(usage), sizeof<Rusage>());
}

// ---------------------------------------------------------------------------------------------------------------------
// Limits.

/** Sets a limit of the process, and tells the old one. 0, -EINVAL or -EPERM. */
function changeLimit(process: Process, which: u32, fresh: Rlimit | null, old: Rlimit): i32 {
  if (which >= RLIM_NLIMITS) return -EINVAL;
  if (fresh !== null && fresh.rlim_cur > fresh.rlim_max) return -EINVAL;
  const isPrivileged = current().credentials.euid === 0;
  using _held = process.signalLock.acquireIrqSave();
  const limit = process.limits[which];
  assign(old, limit);
  if (fresh === null) return 0;
  if (fresh.rlim_max > limit.rlim_max && !isPrivileged) return -EPERM;
  if (which === RLIMIT_NOFILE && fresh.rlim_max > NOFILE_MAX) return -EPERM;
  assign(limit, fresh);
  return 0;
}

/** getrlimit(which, limit): numbers above 31 bits are cut, as programs of old expect. */
export function sysOldGetrlimit(which: u32, address: u32): i32 {
  const limit = zeroed<Inline<Rlimit>>();
  const error = changeLimit(current().process, which, null, limit);
  if (error < 0) return error;
  if (limit.rlim_cur > 0x7fffffff) limit.rlim_cur = 0x7fffffff;
  if (limit.rlim_max > 0x7fffffff) limit.rlim_max = 0x7fffffff;
  return copyToUser(address, ptr<u8>(limit), sizeof<Rlimit>());
}

/** ugetrlimit(which, limit). */
export function sysGetrlimit(which: u32, address: u32): i32 {
  const limit = zeroed<Inline<Rlimit>>();
  const error = changeLimit(current().process, which, null, limit);
  return error < 0 ? error : copyToUser(address, ptr<u8>(limit), sizeof<Rlimit>());
}

/** setrlimit(which, limit). */
export function sysSetrlimit(which: u32, address: u32): i32 {
  const fresh = zeroed<Inline<Rlimit>>();
  const old = zeroed<Inline<Rlimit>>();
  if (copyFromUser(ptr<u8>(fresh), address, sizeof<Rlimit>()) < 0) return -EFAULT;
  return changeLimit(current().process, which, fresh, old);
}

function widen(limit: u32): u64 {
  return limit === RLIM_INFINITY ? 0xffffffffffffffffn : u64(limit);
}

function narrow(limit: u64): u32 {
  return limit >= u64(RLIM_INFINITY) ? RLIM_INFINITY : u32(limit);
}

function prlimit(pid: u32, which: u32, fresh: Rlimit | null, old: Rlimit): i32 {
  const self = current().process;
  if (pid === 0 || pid === self.pid) return changeLimit(self, which, fresh, old);
  using tasks = lockTasks();
  const process = findProcessOf(pid, tasks);
  if (process === null || process.threadCount === 0) return -ESRCH;
  const mine = current().credentials;
  if (mine.euid !== 0 && mine.uid !== process.uid) return -EPERM;
  return changeLimit(process, which, fresh, old);
}

/** prlimit64(pid, which, fresh, old). */
export function sysPrlimit64(pid: u32, which: u32, fresh: u32, old: u32): i32 {
  const wide = zeroed<Inline<Rlimit64>>();
  const after = zeroed<Inline<Rlimit>>();
  const before = zeroed<Inline<Rlimit>>();
  if (fresh !== 0) {
    if (copyFromUser(ptr<u8>(wide), fresh, sizeof<Rlimit64>()) < 0) return -EFAULT;
    after.rlim_cur = narrow(wide.rlim_cur);
    after.rlim_max = narrow(wide.rlim_max);
  }
  const error = prlimit(pid, which, fresh === 0 ? null : after, before);
  if (error < 0 || old === 0) return error;
  wide.rlim_cur = widen(before.rlim_cur);
  wide.rlim_max = widen(before.rlim_max);
  return copyToUser(old, ptr<u8>(wide), sizeof<Rlimit64>());
}

// ---------------------------------------------------------------------------------------------------------------------
// Priorities.

/** Is `task` one of those that the arguments of getpriority and setpriority name? PRIO_PROCESS means one thread. */
function isNamed(task: Task, which: u32, who: u32): boolean {
  const self = current();
  const process = task.process;
  if (which === PRIO_PROCESS) return task.pid === (who === 0 ? self.pid : who);
  if (which === PRIO_PGRP) return process.pgrp === (who === 0 ? self.process.pgrp : who);
  return task.credentials.uid === (who === 0 ? self.credentials.uid : who);
}

/** Does RLIMIT_NICE, which counts from 1 (nice 19) to 40 (nice -20), let a thread have this nice value? */
export function mayBeAsGreedy(task: Task, nice: i32): boolean {
  return u32(20 - nice) <= task.process.limits[RLIMIT_NICE].rlim_cur;
}

/** Sets the nice value of a thread. 0, -EPERM or -EACCES. */
function setNice(task: Task, nice: i32): i32 {
  const mine = current().credentials;
  const isOurs = mine.euid === task.credentials.uid || mine.euid === task.credentials.euid;
  if (mine.euid !== 0 && !isOurs) return -EPERM;
  if (nice < task.nice && mine.euid !== 0 && !mayBeAsGreedy(task, nice)) return -EACCES;
  task.nice = nice;
  return 0;
}

/** The thread after `task` among all there are, the first for null; null at the end. */
function taskAfter(task: Task | null, tasks: Held<TaskListLock>): Task | null {
  const sibling = task === null ? null : nextThread(task, tasks);
  if (sibling !== null) return sibling;
  let process = processAfter(task === null ? null : task.process, tasks);
  while (process !== null) {
    const first = firstThread(process, tasks);
    if (first !== null) return first;
    process = processAfter(process, tasks);
  }
  return null;
}

/** The nearest nice value. */
export function clampNice(nice: i32): i32 {
  return nice < -20 ? -20 : nice > 19 ? 19 : nice;
}

/** setpriority(which, who, nice). */
export function sysSetpriority(which: u32, who: u32, nice: u32): i32 {
  if (which > PRIO_USER) return -EINVAL;
  let result: i32 = -ESRCH;
  using tasks = lockTasks();
  for (let task = taskAfter(null, tasks); task !== null; task = taskAfter(task, tasks)) {
    if (!isNamed(task, which, who)) continue;
    const error = setNice(task, clampNice(i32(nice)));
    if (error < 0 || result === -ESRCH) result = error;
  }
  return result;
}

/** getpriority(which, who): 20 minus the nice value (1 to 40), of the greediest. */
export function sysGetpriority(which: u32, who: u32): i32 {
  if (which > PRIO_USER) return -EINVAL;
  let result: i32 = -ESRCH;
  using tasks = lockTasks();
  for (let task = taskAfter(null, tasks); task !== null; task = taskAfter(task, tasks)) {
    if (isNamed(task, which, who) && 20 - task.nice > result) result = 20 - task.nice;
  }
  return result;
}

/** nice(increment). */
export function sysNice(increment: u32): i32 {
  const task = current();
  const signed = i32(increment);
  const change = signed > 40 ? 40 : signed < -40 ? -40 : signed;
  const nice = clampNice(task.nice + change);
  if (change < 0 && task.credentials.euid !== 0 && !mayBeAsGreedy(task, nice)) return -EPERM;
  task.nice = nice;
  return 0;
}
