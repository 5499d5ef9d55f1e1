/*
 * Sending signals from programs: kill, tkill, tgkill, rt_sigqueueinfo.
 *
 * Who may signal whom: the superuser everybody; others a process whose real or saved user id is their own real or
 * effective one; SIGCONT anybody of the same session. Signal 0 asks whether one could.
 *
 * @source kill(2), tgkill(2), rt_sigqueueinfo(2).
 */

import { EFAULT, EINVAL, EPERM, ESRCH } from '../abi/errno.ts';
import { NSIG, SI_TKILL, SI_USER, SIGCONT, type Siginfo } from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser } from '../arch/x86/userCopy.ts';
import { fillSenderInfo, sendSignal, sendSignalToTask } from './signalSend.ts';
import { type SignalInfo } from './signalState.ts';
import { type Process, type Task } from './task.ts';
import { findProcessOf, findTask, firstThread, lockTasks, processAfter, type TaskListLock } from './taskList.ts';

/** May the current task send `signal` to `process`? */
function maySignal(process: Process, signal: i32, tasks: Held<TaskListLock>): boolean {
  const self = current();
  const mine = self.credentials;
  if (mine.euid === 0 || process === self.process) return true;
  if (signal === SIGCONT && process.session === self.process.session) return true;
  const task = firstThread(process, tasks);
  if (task === null) return mine.uid === process.uid || mine.euid === process.uid;
  const theirs = task.credentials;
  return mine.euid === theirs.suid || mine.euid === theirs.uid || mine.uid === theirs.suid || mine.uid === theirs.uid;
}

/** Checks and sends. 0, -EPERM or -EAGAIN. Signal 0 only checks. */
function signalProcess(process: Process, info: SignalInfo, tasks: Held<TaskListLock>): i32 {
  if (!maySignal(process, info.signal, tasks)) return -EPERM;
  return info.signal === 0 ? 0 : sendSignal(process, info, tasks);
}

/** To every member of a group: 0 if at least one could be signalled, else the last error. -ESRCH: no such group. */
function signalGroup(pgrp: u32, info: SignalInfo, tasks: Held<TaskListLock>): i32 {
  let result: i32 = -ESRCH;
  for (let process = processAfter(null, tasks); process !== null; process = processAfter(process, tasks)) {
    if (process.pgrp !== pgrp) continue;
    const error = signalProcess(process, info, tasks);
    if (result !== 0) result = error;
  }
  return result;
}

/**
 * To everybody but process 1, the kernel's threads and the caller. -ESRCH: there is nobody. That the caller may signal
 * none of them is no error.
 */
function signalAll(info: SignalInfo, tasks: Held<TaskListLock>): i32 {
  let result: i32 = -ESRCH;
  const self = current().process;
  for (let process = processAfter(null, tasks); process !== null; process = processAfter(process, tasks)) {
    if (process.pid === 1 || process === self || process.parent === null) continue;
    const error = signalProcess(process, info, tasks);
    if (result === -ESRCH) result = 0;
    if (error !== -EPERM) result = error;
  }
  return result;
}

function signalTarget(pid: i32, info: SignalInfo, tasks: Held<TaskListLock>): i32 {
  if (pid > 0) {
    const process = findProcessOf(u32(pid), tasks);
    return process === null ? -ESRCH : signalProcess(process, info, tasks);
  }
  if (pid === -1) return signalAll(info, tasks);
  return signalGroup(pid === 0 ? current().process.pgrp : u32(-pid), info, tasks);
}

/** kill(pid, signal): a process, a group (0: the own; negative), or everybody (-1). */
export function sysKill(pid: u32, signal: u32): i32 {
  if (signal > NSIG) return -EINVAL;
  if (i32(pid) === -2147483648) return -ESRCH; // has no positive counterpart
  const info = zeroed<Inline<SignalInfo>>();
  fillSenderInfo(info, i32(signal), SI_USER);
  using tasks = lockTasks();
  return signalTarget(i32(pid), info, tasks);
}

/** One thread, of process `tgid` unless that is 0. */
function signalThread(tgid: u32, tid: u32, info: SignalInfo): i32 {
  using tasks = lockTasks();
  const task: Task | null = findTask(tid, tasks);
  const process = findProcessOf(tid, tasks);
  if (process === null || (tgid !== 0 && process.pid !== tgid)) return -ESRCH;
  if (!maySignal(process, info.signal, tasks)) return -EPERM;
  // A first thread that has ended takes anything, like a zombie.
  return info.signal === 0 || task === null ? 0 : sendSignalToTask(task, info, tasks);
}

/** tkill(tid, signal). */
export function sysTkill(tid: u32, signal: u32): i32 {
  if (i32(tid) <= 0 || signal > NSIG) return -EINVAL;
  const info = zeroed<Inline<SignalInfo>>();
  fillSenderInfo(info, i32(signal), SI_TKILL);
  return signalThread(0, tid, info);
}

/** tgkill(tgid, tid, signal): the same, for a thread of a process that may have been replaced meanwhile. */
export function sysTgkill(tgid: u32, tid: u32, signal: u32): i32 {
  if (i32(tgid) <= 0 || i32(tid) <= 0 || signal > NSIG) return -EINVAL;
  const info = zeroed<Inline<SignalInfo>>();
  fillSenderInfo(info, i32(signal), SI_TKILL);
  return signalThread(tgid, tid, info);
}

/** Reads the siginfo that a program wants to send. Only to itself may it pretend to be the kernel, kill or tkill. */
function readInfo(target: u32, signal: u32, address: u32, info: SignalInfo): i32 {
  const record = zeroed<Inline<Siginfo>>();
  if (copyFromUser(ptr<u8>(record), address, sizeof<Siginfo>()) < 0) return -EFAULT;
  if (signal > NSIG) return -EINVAL;
  if ((record.si_code >= 0 || record.si_code === SI_TKILL) && current().process.pid !== target) return -EPERM;
  info.signal = i32(signal);
  info.code = record.si_code;
  info.pidOrAddress = record.si_pid;
  info.uid = record.si_uid;
  info.status = record.si_status;
  return 0;
}

/** rt_sigqueueinfo(pid, signal, info): with a value. */
export function sysRtSigqueueinfo(pid: u32, signal: u32, address: u32): i32 {
  const info = zeroed<Inline<SignalInfo>>();
  const error = readInfo(pid, signal, address, info);
  if (error < 0) return error;
  using tasks = lockTasks();
  const process = findProcessOf(pid, tasks);
  return process === null ? -ESRCH : signalProcess(process, info, tasks);
}

/** rt_tgsigqueueinfo(tgid, tid, signal, info). */
export function sysRtTgsigqueueinfo(tgid: u32, tid: u32, signal: u32, address: u32): i32 {
  if (i32(tgid) <= 0 || i32(tid) <= 0) return -EINVAL;
  const info = zeroed<Inline<SignalInfo>>();
  const error = readInfo(tgid, signal, address, info);
  return error < 0 ? error : signalThread(tgid, tid, info);
}
