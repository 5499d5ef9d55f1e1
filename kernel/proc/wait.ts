/*
 * Waiting for children: wait4, waitpid, waitid.
 *
 * Idea. One search over the children, under (T), finds one that fits what the caller wants to know: that it has ended
 * (then the zombie goes), stopped, or continued. If there is none but could be, the caller sleeps on its process's
 * queue, which every change of a child's state wakes (signalSend.ts, notifyParent).
 *
 * @source wait4(2), waitid(2); POSIX.1 waitpid.
 */

import { EBADF, ECHILD, EFAULT, EINVAL, ERESTARTSYS, ESRCH } from '../abi/errno.ts';
import { type Rusage } from '../abi/resource.ts';
import {
  CLD_CONTINUED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_STOPPED,
  CLD_TRAPPED,
  SIGCHLD,
  SIGCONT,
  type Siginfo,
} from '../abi/signal.ts';
import {
  __WALL,
  __WCLONE,
  __WNOTHREAD,
  P_ALL,
  P_PGID,
  P_PID,
  P_PIDFD,
  STATUS_CONTINUED,
  STATUS_STOPPED,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from '../abi/wait.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyToUser, putUser32 } from '../arch/x86/userCopy.ts';
import { type WaitEntry } from '../sync/waitQueue.ts';
import { kfree } from '../mm/slab.ts';
import { freeProcess } from './exit.ts';
import { isTracedBy, type TraceExit, traceeAfter } from './ptrace.ts';
import { schedule, signalPending } from './scheduler.ts';
import { fillRusage, OF_CHILDREN, OF_ITSELF } from './sysResource.ts';
import { type Process } from './task.ts';
import { childAfter, lockTasks, type TaskListLock, unlinkProcess } from './taskList.ts';

/** What the caller wants, and what was found. */
class WaitRequest {
  kind: i32; // P_ALL, P_PID, P_PGID
  id: u32;
  options: u32;
  // The answer, where the search returns a pid.
  status: u32; // as wait4 tells it
  uid: u32;
  usage: Inline<Rusage>;
  isTrap: boolean; // it is about a tracee that has stopped
  /** A zombie that is on no list any more, for the caller to free. */
  reaped: Process | null;
  /** The same for the end of a tracee. */
  takenExit: TraceExit | null;
}

/** No child fits, or none yet. */
const NONE: i32 = -1;
const NOT_YET: i32 = 0;

/** Does the caller ask about this child at all? */
function isEligible(request: WaitRequest, child: Process): boolean {
  if (request.kind === P_PID && child.pid !== request.id) return false;
  if (request.kind === P_PGID && child.pgrp !== request.id) return false;
  if ((request.options & __WNOTHREAD) !== 0 && child.parentThread !== current().pid) return false;
  if ((request.options & __WALL) !== 0) return true;
  const isClone = child.exitSignal !== SIGCHLD;
  return isClone === ((request.options & __WCLONE) !== 0);
}

function answer(request: WaitRequest, child: Process, status: u32): i32 {
  request.status = status;
  request.uid = child.uid;
  fillRusage(request.usage, child, OF_ITSELF | OF_CHILDREN);
  return i32(child.pid);
}

/** Takes a zombie's accounts over to its parent, and it off the lists. */
function reap(request: WaitRequest, child: Process, tasks: Held<TaskListLock>): void {
  const parent = current().process;
  parent.childrenUtime += child.utime + child.childrenUtime;
  parent.childrenStime += child.stime + child.childrenStime;
  parent.childrenMinorFaults += child.minorFaults + child.childrenMinorFaults;
  parent.childrenMajorFaults += child.majorFaults + child.childrenMajorFaults;
  parent.childrenVoluntary += child.voluntarySwitches + child.childrenVoluntary;
  parent.childrenInvoluntary += child.involuntarySwitches + child.childrenInvoluntary;
  if (child.peakRss > parent.childrenPeakRss) parent.childrenPeakRss = child.peakRss;
  if (child.childrenPeakRss > parent.childrenPeakRss) parent.childrenPeakRss = child.childrenPeakRss;
  unlinkProcess(child, tasks);
  request.reaped = child;
}

/** Has this child something to tell? Its pid, NOT_YET, or NONE: it has not, and never will. */
function inspect(request: WaitRequest, child: Process, tasks: Held<TaskListLock>): i32 {
  const options = request.options;
  if (child.threadCount === 0) {
    if ((options & WEXITED) === 0) return NONE; // it will never have anything else to tell
    const pid = answer(request, child, child.exitCode);
    if ((options & WNOWAIT) === 0) reap(request, child, tasks);
    return pid;
  }
  const report = child.stopReport;
  if (report === 0 || isTracedBy(child, current().process, tasks)) return NOT_YET;
  const isContinue = report === STATUS_CONTINUED;
  if ((options & (isContinue ? WCONTINUED : WUNTRACED)) === 0) return NOT_YET;
  if ((options & WNOWAIT) === 0) child.stopReport = 0;
  return answer(request, child, report);
}

/** Searches the children: a pid, NOT_YET, or NONE. */
function searchChildren(request: WaitRequest, tasks: Held<TaskListLock>): i32 {
  const process = current().process;
  let result: i32 = NONE;
  for (let child = childAfter(process, null, tasks); child !== null; child = childAfter(process, child, tasks)) {
    if (!isEligible(request, child)) continue;
    const told = inspect(request, child, tasks);
    if (told > 0) return told;
    if (told === NOT_YET) result = NOT_YET;
  }
  return result;
}

/** Does the caller ask about this thread, or process, that it traces? */
function isTraceeEligible(request: WaitRequest, pid: u32, pgrp: u32): boolean {
  if (request.kind === P_PID) return pid === request.id;
  return request.kind !== P_PGID || pgrp === request.id;
}

/** Searches the tracees for one that has stopped. */
function searchTracees(request: WaitRequest, tasks: Held<TaskListLock>): i32 {
  const self = current();
  let result: i32 = NONE;
  for (
    let task = traceeAfter(self.process, null, tasks);
    task !== null;
    task = traceeAfter(self.process, task, tasks)
  ) {
    if ((request.options & __WNOTHREAD) !== 0 && task.tracer !== self) continue;
    if (!isTraceeEligible(request, task.pid, task.process.pgrp)) continue;
    result = NOT_YET;
    if (!task.traceReport) continue;
    if ((request.options & WNOWAIT) === 0) {
      task.traceReport = false;
      task.traceSignal = 0; // if the tracer ends without a word now, the signal is lost
    }
    request.isTrap = true;
    answer(request, task.process, (task.traceStatus << 8) | STATUS_STOPPED);
    return i32(task.pid);
  }
  return result;
}

/** Searches the ends of tracees that were no children. */
function searchTraceExits(request: WaitRequest): i32 {
  const list = current().process.traceExits;
  if ((request.options & WEXITED) === 0) return NONE;
  for (let link = list.next; link !== list; link = link.next) {
    const record = as<TraceExit>(u32(link) - offsetof<TraceExit>('link'));
    if (!isTraceeEligible(request, record.pid, record.pgrp)) continue;
    request.status = record.status;
    request.uid = record.uid;
    if ((request.options & WNOWAIT) === 0) {
      record.link.unlink();
      request.takenExit = record;
    }
    return i32(record.pid);
  }
  return NONE;
}

/** Searches once all that can be waited for: a pid, NOT_YET, or NONE. */
function search(request: WaitRequest): i32 {
  using tasks = lockTasks();
  const exited = searchTraceExits(request);
  if (exited > 0) return exited;
  const stopped = searchTracees(request, tasks);
  if (stopped > 0) return stopped;
  const result = searchChildren(request, tasks);
  return result === NONE ? stopped : result;
}

/** Waits as `request` says: a pid, 0 (WNOHANG, none yet), -ECHILD or -ERESTARTSYS. */
function wait(request: WaitRequest): i32 {
  const queue = current().process.childExit;
  const entry = zeroed<Inline<WaitEntry>>();
  let result: i32;
  for (;;) {
    queue.prepare(entry, true);
    result = search(request);
    if (result !== NOT_YET || (request.options & WNOHANG) !== 0) break;
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    schedule();
  }
  queue.finish(entry);
  if (request.reaped !== null) freeProcess(request.reaped);
  if (request.takenExit !== null) kfree(request.takenExit);
  return result === NONE ? -ECHILD : result;
}

/** wait4(pid, status, options, usage). */
export function sysWait4(pid: u32, status: u32, options: u32, usage: u32): i32 {
  const known = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE;
  if ((options & ~known) !== 0) return -EINVAL;
  if (pid === 0x80000000) return -ESRCH; // has no positive counterpart
  const request = zeroed<Inline<WaitRequest>>();
  const signed = i32(pid);
  request.options = options | WEXITED;
  request.kind = signed > 0 ? P_PID : signed === -1 ? P_ALL : P_PGID;
  request.id = signed > 0 ? pid : signed === 0 ? current().process.pgrp : u32(-signed);
  const result = wait(request);
  if (result <= 0) return result;
  if (status !== 0 && putUser32(status, request.status) < 0) return -EFAULT;
  if (usage !== 0 && copyToUser(usage, ptr<u8>(request.usage), sizeof<Rusage>()) < 0) return -EFAULT;
  return result;
}

/** waitpid(pid, status, options). */
export function sysWaitpid(pid: u32, status: u32, options: u32): i32 {
  return sysWait4(pid, status, options, 0);
}

/** Puts a status word in the terms of siginfo. */
function fillChildInfo(info: Siginfo, pid: i32, request: WaitRequest): void {
  const status = request.status;
  info.si_signo = SIGCHLD;
  info.si_pid = u32(pid);
  info.si_uid = request.uid;
  if (status === STATUS_CONTINUED) {
    info.si_code = CLD_CONTINUED;
    info.si_status = SIGCONT;
  } else if ((status & 0xff) === 0x7f) {
    info.si_code = request.isTrap ? CLD_TRAPPED : CLD_STOPPED;
    info.si_status = status >>> 8;
  } else if ((status & 0x7f) === 0) {
    info.si_code = CLD_EXITED;
    info.si_status = status >>> 8;
  } else {
    info.si_code = CLD_KILLED;
    info.si_status = status & 0x7f;
  }
}

/**
 * waitid(kind, id, info, options, usage): 0, and what happened in `info`: all zero if nothing has, with WNOHANG or because
 * of an error.
 */
export function sysWaitid(kind: u32, id: u32, info: u32, options: u32, usage: u32): i32 {
  const record = zeroed<Inline<Siginfo>>();
  const result = waitForId(kind, id, record, options, usage);
  if (info !== 0 && copyToUser(info, ptr<u8>(record), sizeof<Siginfo>()) < 0) return -EFAULT;
  return result;
}

function waitForId(kind: u32, id: u32, record: Siginfo, options: u32, usage: u32): i32 {
  const known = WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT | __WNOTHREAD | __WALL | __WCLONE;
  if ((options & ~known) !== 0 || (options & (WSTOPPED | WEXITED | WCONTINUED)) === 0) return -EINVAL;
  if (kind === P_PIDFD && i32(id) >= 0) return -EBADF; // there are no descriptors of processes
  if (kind > P_PGID || (kind === P_PID && i32(id) <= 0) || (kind === P_PGID && i32(id) < 0)) return -EINVAL;
  const request = zeroed<Inline<WaitRequest>>();
  request.kind = i32(kind);
  request.id = kind === P_PGID && id === 0 ? current().process.pgrp : id;
  request.options = options;
  const result = wait(request);
  if (result < 0) return result;
  if (result > 0) fillChildInfo(record, result, request);
  if (usage !== 0 && result > 0) {
    if (copyToUser(usage, ptr<u8>(request.usage), sizeof<Rusage>()) < 0) return -EFAULT;
  }
  return 0;
}
