/*
 * The end of threads and processes.
 *
 * Idea. A thread that ends gives back what it holds, leaves the task list, and gives its CPU away for good. The last
 * thread of a process turns it into a zombie, in one step under (T): children go to process 1, groups that nobody can
 * control any more are released (POSIX, orphaned process groups), the parent is told. What the parent does not want to
 * know (it ignores SIGCHLD) is forgotten at once.
 *
 * A process ends with the code of exit_group, or the signal, that was its end; if its threads ended one by one, with the
 * code of the last.
 *
 *   exitGroup      says that all threads are to end, with one code
 *     exitThread   gives back memory, files, ...
 *       leave      under (T): off the lists; the last one makes the zombie
 *     schedule()   never returns; the next task frees stack and Task
 *
 * Locking. (T) for the family, (S) inside it for the flags. Nothing else is held while (T) is.
 */

import { EAGAIN } from '../abi/errno.ts';
import { PTRACE_EVENT_EXIT } from '../abi/ptrace.ts';
import { CLD_EXITED, CLD_KILLED, SA_NOCLDWAIT, SIG_IGN, SIGCHLD, SIGCONT, SIGHUP } from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { hangUpSession } from '../drivers/jobControl.ts';
import { putFiles } from '../fs/fileTable.ts';
import { putFsContext } from '../fs/fsContext.ts';
import { undoSemaphores } from '../ipc/sem.ts';
import { panic } from '../lib/panic.ts';
import { activateMm } from '../mm/activeMm.ts';
import { mmput } from '../mm/mm.ts';
import { kfree } from '../mm/slab.ts';
import { type Mm } from '../mm/types.ts';
import { checkTaskExit } from '../sync/lockChecker.ts';
import { leaveFutexes } from './futexExit.ts';
import { discardTraceExits, leaveTracer, releaseTracees, traceEvent } from './ptrace.ts';
import { deleteAllTimers } from './posixTimers.ts';
import { killPending, schedule, setCurrentState, wakeUpTask } from './scheduler.ts';
import { discardPending } from './signalPending.ts';
import {
  completeStop,
  hasStoppedMember,
  killThreads,
  notifyParent,
  recalcSignalPending,
  retargetPending,
  sendKernelSignal,
  sendSignalToMembers,
} from './signalSend.ts';
import { putHandlers } from './signalState.ts';
import { type Process, type Task, TASK_DEAD, TASK_KILLABLE, TASK_RUNNING } from './task.ts';
import {
  childAfter,
  findProcess,
  firstThread,
  isOrphanedGroupExcept,
  lockTasks,
  nextThread,
  renameTask,
  type TaskListLock,
  unlinkProcess,
  unlinkTask,
} from './taskList.ts';
import { cancelTimer } from './timer.ts';

// ---------------------------------------------------------------------------------------------------------------------
// Giving back.

/** A parent that sleeps in vfork until its child has let go of their address space may go on. */
function releaseVforkParent(task: Task, _tasks: Held<TaskListLock>): void {
  const parent = task.vforkParent;
  if (parent === null) return;
  task.vforkParent = null;
  parent.vforkChild = null;
  wakeUpTask(parent, TASK_KILLABLE);
}

/**
 * Makes `fresh` (null: none) the current task's address space, and returns the old one, which the caller puts back.
 * A parent in vfork goes on.
 */
export function replaceMm(task: Task, fresh: Mm | null): Mm | null {
  const old = task.mm;
  if (old !== null) leaveFutexes(task, old);
  using tasks = lockTasks();
  task.mm = fresh;
  if (fresh !== null) task.hasLeftFutexes = false;
  activateMm(fresh);
  releaseVforkParent(task, tasks);
  return old;
}

/** Gives back memory, files and directories. Others may look at the task under (T) until it leaves the list. */
function releaseResources(task: Task): void {
  const mm = replaceMm(task, null);
  if (mm !== null) {
    if (mm.peakRss > task.process.peakRss) task.process.peakRss = mm.peakRss;
    mmput(mm);
  }
  const files = task.files;
  const fs = task.fs;
  {
    using _tasks = lockTasks();
    task.files = null;
    task.fs = null;
  }
  if (files !== null) putFiles(files);
  if (fs !== null) putFsContext(fs);
}

// ---------------------------------------------------------------------------------------------------------------------
// The family.

/**
 * `process` is about to leave its group's list of controllers: if the group `pgrp` is orphaned by that and has stopped
 * members, they are told to hang up and go on, or they would stay stopped for ever.
 *
 * @param parent the process whose going away may orphan the group
 * @param ignored counts as gone already; null: nobody
 */
function releaseOrphanedGroup(
  process: Process,
  parent: Process,
  ignored: Process | null,
  tasks: Held<TaskListLock>,
): void {
  if (parent.pgrp === process.pgrp || parent.session !== process.session) return;
  if (!isOrphanedGroupExcept(process.pgrp, ignored, tasks) || !hasStoppedMember(process.pgrp, tasks)) return;
  sendSignalToMembers(process.pgrp, SIGHUP, tasks);
  sendSignalToMembers(process.pgrp, SIGCONT, tasks);
}

/** Does the parent not care about the ends of its children? Then they leave no zombie. */
function isAutoReaped(process: Process): boolean {
  const parent = process.parent;
  if (parent === null) return true;
  if (process.exitSignal !== SIGCHLD) return false;
  const action = parent.handlers.actions[SIGCHLD];
  return action.handler === SIG_IGN || (action.flags & SA_NOCLDWAIT) !== 0;
}

/** Frees a process that is on no list any more. */
export function freeProcess(process: Process): void {
  discardPending(process.pending, ~0n);
  discardTraceExits(process);
  putHandlers(process.handlers);
  kfree(process);
}

/** What the children of a thread are when it has gone: those of another one. */
function inheritChildren(process: Process, tid: u32, heir: Task, tasks: Held<TaskListLock>): void {
  for (let child = childAfter(process, null, tasks); child !== null; child = childAfter(process, child, tasks)) {
    if (child.parentThread === tid) child.parentThread = heir.pid;
  }
}

/** Those of a thread's children that have asked for it hear that the thread has gone. */
function tellParentDeath(process: Process, tid: u32, tasks: Held<TaskListLock>): void {
  for (let child = childAfter(process, null, tasks); child !== null; child = childAfter(process, child, tasks)) {
    if (child.parentThread !== tid) continue;
    for (let task = firstThread(child, tasks); task !== null; task = nextThread(task, tasks)) {
      const signal = i32(task.parentDeathSignal);
      if (signal !== 0) sendKernelSignal(child, signal, tasks);
    }
  }
}

/** Who takes in the children of `process`: an ancestor that has asked for it, or else process 1. */
function findReaper(process: Process, tasks: Held<TaskListLock>): Process {
  for (let at = process.parent; at !== null; at = at.parent) {
    if (at.isSubreaper && at.threadCount > 0 && !at.isExiting) return at;
  }
  const init = findProcess(1, tasks);
  if (init === null || init === process) panic('process 1 has ended, with status %x', process.exitCode);
  return init;
}

/** The children of `process` become another's, zombies included. */
function reparentChildren(process: Process, tasks: Held<TaskListLock>): void {
  if (process.children.isEmpty() && process.pid !== 1) return;
  const reaper = findReaper(process, tasks);
  const heir = firstThread(reaper, tasks);
  let child = childAfter(process, null, tasks);
  while (child !== null) {
    const next = childAfter(process, child, tasks);
    child.siblingLink.unlink();
    child.parent = reaper;
    child.parentThread = heir === null ? reaper.pid : heir.pid;
    reaper.children.addBefore(child.siblingLink);
    child.exitSignal = SIGCHLD;
    if (child.threadCount === 0) notifyEnd(child, tasks);
    else releaseOrphanedGroup(child, process, null, tasks);
    child = next;
  }
}

/** Tells the parent of a zombie. */
function notifyEnd(process: Process, tasks: Held<TaskListLock>): void {
  const signal = process.exitCode & 0x7f;
  if (signal === 0) notifyParent(process, CLD_EXITED, i32(process.exitCode >>> 8), tasks);
  else notifyParent(process, CLD_KILLED, i32(signal), tasks);
}

/** The last thread has gone: the process becomes a zombie, or, true, is forgotten and can be freed. */
function becomeZombie(process: Process, tasks: Held<TaskListLock>): boolean {
  reparentChildren(process, tasks);
  const parent = process.parent;
  if (parent !== null) releaseOrphanedGroup(process, parent, process, tasks);
  const forget = isAutoReaped(process);
  notifyEnd(process, tasks);
  if (forget) unlinkProcess(process, tasks);
  return forget;
}

/** A thread that leaves while its process stops: one that had stopped, and was let go on by its tracer, counts no more. */
function withdrawFromStop(task: Task, process: Process): void {
  using _held = process.signalLock.acquireIrqSave();
  if (process.stopSignal === 0 || !task.hasStopped) return;
  task.hasStopped = false;
  process.stoppedThreads--;
}

/**
 * Takes the current task off the lists. True: its process can be freed, nobody will ask for it.
 *
 * @param code as wait4 tells it
 */
function leave(task: Task, code: u32): boolean {
  const process = task.process;
  using tasks = lockTasks();
  releaseTracees(task, tasks);
  process.utime += task.utime;
  process.stime += task.stime;
  process.voluntarySwitches += task.voluntarySwitches;
  process.involuntarySwitches += task.involuntarySwitches;
  process.minorFaults += task.minorFaults;
  process.majorFaults += task.majorFaults;
  process.uid = task.credentials.uid;
  copyBytes(process.name, task.name, 16);
  withdrawFromStop(task, process);
  // A parent that was killed in vfork has left already; one that we are waiting for forgets us.
  if (task.vforkChild !== null) task.vforkChild.vforkParent = null;
  discardPending(task.pending, ~0n);
  unlinkTask(task, tasks);
  tellParentDeath(process, task.pid, tasks);
  const other = firstThread(process, tasks);
  leaveTracer(task, other === null, process.isExiting ? process.exitCode : code, tasks);
  if (other === null) return becomeZombie(process, tasks);
  inheritChildren(process, task.pid, other, tasks);
  completeStop(process, tasks);
  if (process.execThread !== null && process.threadCount === 1) wakeUpTask(process.execThread, TASK_KILLABLE);
  return false;
}

// ---------------------------------------------------------------------------------------------------------------------
// Leaving.

/**
 * Says that the process ends with `code` (if nobody said so before), and that its other threads are to follow. A thread
 * that has to make way for another one's execve goes alone.
 */
function beginGroupExit(process: Process, code: u32): void {
  using tasks = lockTasks();
  using held = process.signalLock.acquireIrqSave();
  if (process.isExiting || (process.execThread !== null && process.execThread !== current())) return;
  process.isExiting = true;
  process.exitCode = code;
  process.stopSignal = 0;
  killThreads(process, current(), held, tasks); // itself is on its way
}

/** From here on the current thread takes no signals; others get what it had been told of. */
function refuseSignals(task: Task, process: Process): void {
  {
    using _held = process.signalLock.acquireIrqSave();
    task.isExiting = true;
  }
  if (process.threadCount > 1) retargetPending(process, ~0n);
}

/**
 * Ends the current thread. The last one to begin ends the process, with `code` unless that has been said before.
 *
 * @param code as wait4 tells it: a signal number, or an exit code shifted left by 8
 */
function exitThread(code: u32): never {
  const task = current();
  const process = task.process;
  traceEvent(PTRACE_EVENT_EXIT, process.isExiting ? process.exitCode : code);
  refuseSignals(task, process);
  const isLast = atomic.decAndTest(addrOf(process.liveThreads));
  if (isLast) {
    beginGroupExit(process, code);
    cancelTimer(process.alarmTimer);
    deleteAllTimers(process);
    undoSemaphores(process);
  }
  if (process.isExiting) task.killed = true; // nothing that it gives back is worth a long sleep
  releaseResources(task);
  if (isLast && process.session === process.pid && process.tty !== null) hangUpSession(process);
  if (leave(task, code)) freeProcess(process);
  checkTaskExit();
  setCurrentState(TASK_DEAD);
  schedule();
  unreachable();
}

/**
 * Ends the current process.
 *
 * @param code as wait4 tells it: a signal number, or an exit code shifted left by 8
 */
export function exitGroup(code: u32): never {
  beginGroupExit(current().process, code);
  exitThread(code);
}

/**
 * Ends all other threads of the current process, for execve, and makes the current one its first. 0; -EAGAIN if the
 * process is about to end, or another thread's execve was faster: then this thread ends, too.
 *
 * @sleeps
 */
export function becomeOnlyThread(): i32 {
  const task = current();
  const process = task.process;
  if (!beginExec(task, process)) return -EAGAIN;
  for (;;) {
    setCurrentState(TASK_KILLABLE);
    if (reload<u32>(process.threadCount) === 1 || killPending()) break;
    schedule();
  }
  setCurrentState(TASK_RUNNING);
  return endExec(task, process) ? 0 : -EAGAIN;
}

function beginExec(task: Task, process: Process): boolean {
  using tasks = lockTasks();
  using held = process.signalLock.acquireIrqSave();
  if (process.isExiting || process.execThread !== null) return false;
  process.execThread = task;
  process.stopSignal = 0;
  process.stoppedThreads = 0;
  process.isStopped = false; // it may have been stopped: a tracer has let this thread go on
  killThreads(process, task, held, tasks);
  recalcSignalPending(task, held);
  return true;
}

/** False: killed while it waited. */
function endExec(task: Task, process: Process): boolean {
  using tasks = lockTasks();
  using _held = process.signalLock.acquireIrqSave();
  process.execThread = null;
  if (process.threadCount !== 1) return false;
  const tid = task.pid;
  if (tid !== process.pid) renameTask(task, process.pid, tasks);
  inheritChildren(process, tid, task, tasks);
  return true;
}

/** exit(code): ends the thread; with the last one, the process. */
export function sysExit(code: u32): i32 {
  exitThread((code & 0xff) << 8);
}

/** exit_group(code): ends the process. */
export function sysExitGroup(code: u32): i32 {
  exitGroup((code & 0xff) << 8);
}

/** Ends a kernel thread whose function has returned. */
export function exitKernelThread(): never {
  exitGroup(0);
}
