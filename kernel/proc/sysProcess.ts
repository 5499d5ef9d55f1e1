/*
 * System calls about processes among each other: ids, process groups, sessions.
 *
 * A shell puts each pipeline in a process group of its own, so that the terminal can interrupt or stop all of it at once.
 * A session is what belongs to one terminal. The leader of either is the process whose pid is its number, and cannot
 * leave it.
 *
 * @source setpgid(2), setsid(2), getpid(2); POSIX.1, chapter 11.1 "General Terminal Interface".
 */

import { EACCES, EINVAL, EPERM, ESRCH } from '../abi/errno.ts';
import { current } from '../arch/x86/cpu.ts';
import { type Process } from './task.ts';
import { findProcessOf, groupExists, lockTasks, sessionOfGroup, type TaskListLock } from './taskList.ts';

/** getpid(). */
export function sysGetpid(): i32 {
  return i32(current().process.pid);
}

/** gettid(). */
export function sysGettid(): i32 {
  return i32(current().pid);
}

/** getppid(): 0 for a process without a parent. */
export function sysGetppid(): i32 {
  using _tasks = lockTasks();
  const parent = current().process.parent;
  return parent === null ? 0 : i32(parent.pid);
}

/** The process that `pid` names, 0 being the current one. */
function named(pid: u32, tasks: Held<TaskListLock>): Process | null {
  return pid === 0 ? current().process : findProcessOf(pid, tasks);
}

/** getpgid(pid). */
export function sysGetpgid(pid: u32): i32 {
  using tasks = lockTasks();
  const process = named(pid, tasks);
  return process === null ? -ESRCH : i32(process.pgrp);
}

/** getpgrp(). */
export function sysGetpgrp(): i32 {
  return sysGetpgid(0);
}

/** getsid(pid). */
export function sysGetsid(pid: u32): i32 {
  using tasks = lockTasks();
  const process = named(pid, tasks);
  return process === null ? -ESRCH : i32(process.session);
}

/** May the current process put `process` in another group? 0, -ESRCH, -EPERM, -EACCES. */
function maySetGroup(process: Process): i32 {
  const self = current().process;
  if (process !== self) {
    if (process.parent !== self) return -ESRCH;
    if (process.session !== self.session) return -EPERM;
    if (process.hasExeced) return -EACCES;
  }
  return process.session === process.pid ? -EPERM : 0; // a session's leader stays
}

/** setpgid(pid, pgid): puts a process in a group, or (pgid is its pid) at the head of a new one. */
export function sysSetpgid(pid: u32, pgid: u32): i32 {
  if (i32(pgid === 0 ? pid : pgid) < 0) return -EINVAL;
  using tasks = lockTasks();
  const process = named(pid, tasks);
  if (process === null) return -ESRCH;
  if (pid !== 0 && pid !== process.pid) return -EINVAL; // a thread cannot be in a group of its own
  const error = maySetGroup(process);
  if (error < 0) return error;
  const group = pgid === 0 ? process.pid : pgid;
  if (group !== process.pid && sessionOfGroup(group, tasks) !== process.session) return -EPERM;
  process.pgrp = group;
  return 0;
}

/** setsid(): a new session, with a new group, without a terminal. -EPERM for the leader of a group. */
export function sysSetsid(): i32 {
  using tasks = lockTasks();
  const process = current().process;
  if (groupExists(process.pid, tasks)) return -EPERM;
  process.session = process.pid;
  process.pgrp = process.pid;
  process.tty = null;
  return i32(process.pid);
}
