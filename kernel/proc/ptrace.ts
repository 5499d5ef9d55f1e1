/*
 * Tracing: one task watches another, stops it and lets it go on.
 *
 * Idea. A tracee stops by itself, at certain points of its way (a signal is about to be delivered, a system call begins or
 * ends, it has forked, ...): it says why, tells its tracer by SIGCHLD and a wake-up for wait4, and sleeps in TASK_TRACED.
 * The tracer is a single thread; it alone may look into the tracee, and does so while that stands still. Whatever lets it
 * go on says which signal it is to get, and how far it is to run.
 *
 *   tracee: stop(status) ----> TASK_TRACED ----> goes on, reads traceSignal
 *                    SIGCHLD |          ^ resume(signal, flags)
 *   tracer:                 wait4      PTRACE_CONT, ...
 *
 * A stop's status is what wait4 gives above its lowest byte: a signal, and an event above that.
 *
 * Nothing that a tracer does, or does not, makes a tracee immortal: SIGKILL wakes it, and when the tracer ends, its tracees
 * go on without one (or are killed, PTRACE_O_EXITKILL).
 *
 * Locking. (T) for all trace fields; (S) inside it for the state, so that a stop and a SIGKILL cannot miss each other.
 *
 * @source ptrace(2).
 */

import { EPERM } from '../abi/errno.ts';
import {
  PTRACE_EVENT_EXEC,
  PTRACE_EVENT_STOP,
  PTRACE_EVENTMSG_SYSCALL_ENTRY,
  PTRACE_EVENTMSG_SYSCALL_EXIT,
  PTRACE_O_EXITKILL,
  PTRACE_O_TRACESYSGOOD,
} from '../abi/ptrace.ts';
import {
  CLD_EXITED,
  CLD_KILLED,
  CLD_TRAPPED,
  SA_NOCLDSTOP,
  SI_KERNEL,
  SI_USER,
  SIG_IGN,
  SIGCHLD,
  SIGKILL,
  SIGSTOP,
  SIGTRAP,
  TRAP_TRACE,
} from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { EFLAGS_TF } from '../arch/x86/trapFrame.ts';
import { type ListHead } from '../lib/list.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { schedule, setCurrentState, wakeUpTask } from './scheduler.ts';
import { notifyTask, recalcSignalPending, sendSignal, sendSignalToTask } from './signalSend.ts';
import { signalBit, type SignalInfo } from './signalState.ts';
import {
  type Process,
  type Task,
  TASK_STOPPED,
  TASK_TRACED,
  TRACE_SEIZED,
  TRACE_STEP,
  TRACE_TRAP,
  userFrame,
} from './task.ts';
import { firstThread, lockTasks, nextThread, type TaskListLock } from './taskList.ts';

/** The end of a tracee that is no child of its tracer, for the tracer's wait4. */
export class TraceExit {
  link: Inline<ListHead>; // (T) in Process.traceExits
  pid: u32; // (C)
  pgrp: u32; // (C)
  status: u32; // (C) as wait4 tells it
  uid: u32; // (C)
}

// ---------------------------------------------------------------------------------------------------------------------
// Stopping. By the tracee itself.

/** SIGCHLD for the tracer, unless it does not care, and a wake-up. */
function notifyTracer(tracer: Process, task: Task, code: i32, status: u32, tasks: Held<TaskListLock>): void {
  const action = tracer.handlers.actions[SIGCHLD];
  if (action.handler !== SIG_IGN && (code !== CLD_TRAPPED || (action.flags & SA_NOCLDSTOP) === 0)) {
    const info = zeroed<Inline<SignalInfo>>();
    info.signal = SIGCHLD;
    info.code = code;
    info.pidOrAddress = task.pid;
    info.uid = task.credentials.uid;
    info.status = status;
    info.utime = task.utime;
    info.stime = task.stime;
    sendSignal(tracer, info, tasks);
  }
  tracer.childExit.wakeAll();
}

/** Announces the stop. False: nobody traces (any more), or SIGKILL was faster. */
function enterStop(task: Task, status: u32, info: SignalInfo | null, message: u32): boolean {
  using _held = task.process.signalLock.acquireIrqSave();
  if (task.tracer === null || task.killed) return false;
  task.traceStatus = status;
  task.traceReport = true;
  task.traceMessage = message;
  task.traceHasInfo = info !== null;
  if (info !== null) assign(task.traceInfo, info);
  setCurrentState(TASK_TRACED);
  return true;
}

function leaveStop(task: Task): i32 {
  using _tasks = lockTasks();
  using held = task.process.signalLock.acquireIrqSave();
  task.traceStatus = 0;
  task.traceReport = false;
  task.mayStop = true; // what the tracer gives is new
  recalcSignalPending(task, held);
  const signal = task.traceSignal;
  task.traceSignal = 0;
  return signal;
}

/**
 * Stops the current task for its tracer. Returns when it may go on: the signal that the tracer wants it to get, or 0.
 *
 * @param unattended the signal that it gets if the tracer is gone before it has waited for the stop
 * @sleeps
 */
function stop(status: u32, info: SignalInfo | null, message: u32, unattended: i32): i32 {
  const task = current();
  {
    using tasks = lockTasks();
    task.traceSignal = unattended;
    if (!enterStop(task, status, info, message)) return unattended;
    notifyTracer(task.tracer!.process, task, CLD_TRAPPED, status & 0x7f, tasks);
  }
  schedule();
  return leaveStop(task);
}

/** A stop that is about SIGTRAP, with the status as its code. A signal that the tracer gives is sent to the task. */
function trap(status: u32, message: u32): void {
  const task = current();
  const info = zeroed<Inline<SignalInfo>>();
  info.signal = SIGTRAP;
  info.code = i32(status);
  info.pidOrAddress = task.pid;
  info.uid = task.credentials.uid;
  const signal = stop(status, info, message, 0);
  if (signal !== 0) sendTo(task, signal, SI_KERNEL);
}

function sendTo(task: Task, signal: i32, code: i32): void {
  using tasks = lockTasks();
  const info = zeroed<Inline<SignalInfo>>();
  info.signal = signal;
  info.code = code;
  sendSignalToTask(task, info, tasks);
}

/**
 * The current task is about to be given a signal: the tracer may change it, or take it away. False: there is nothing to
 * deliver now.
 *
 * @sleeps
 */
export function traceSignal(info: SignalInfo): boolean {
  const task = current();
  const signal = stop(u32(info.signal), info, 0, info.signal);
  if (signal === 0 || task.killed) return false;
  if (signal === info.signal) assign(info, task.traceInfo); // the tracer may have changed it
  if (signal !== info.signal) {
    info.signal = signal;
    info.code = SI_USER;
    info.pidOrAddress = tracerPid(task);
    info.uid = 0;
    info.status = 0;
  }
  if ((task.blocked & signalBit(signal)) === 0n) return true;
  using tasks = lockTasks();
  sendSignalToTask(task, info, tasks);
  return false;
}

function tracerPid(task: Task): u32 {
  using _tasks = lockTasks();
  const tracer = task.tracer;
  return tracer === null ? 0 : tracer.process.pid;
}

/** The current task has joined a stop of its group. @sleeps */
export function traceGroupStop(signal: i32): void {
  const isSeized = (current().traceFlags & TRACE_SEIZED) !== 0;
  if (isSeized) trap(u32(signal) | (PTRACE_EVENT_STOP << 8), 0);
  else stop(u32(signal), null, 0, 0);
}

/** The current task stops because it was asked to. @sleeps */
export function traceTrap(): void {
  const task = current();
  {
    using _tasks = lockTasks();
    using held = task.process.signalLock.acquireIrqSave();
    task.traceFlags &= ~TRACE_TRAP;
    recalcSignalPending(task, held);
  }
  trap(SIGTRAP | (PTRACE_EVENT_STOP << 8), 0);
}

/** Does the current task's tracer want to hear of this event? */
export function isEventTraced(event: u32): boolean {
  const task = current();
  return task.tracer !== null && (task.traceOptions & (1 << event)) !== 0;
}

/** Stops the current task for an event, if its tracer wants that. Whether it did. @sleeps */
export function traceEvent(event: u32, message: u32): boolean {
  if (!isEventTraced(event)) return false;
  trap(SIGTRAP | (event << 8), message);
  return true;
}

/** The current task has executed a program. The old way to tell is a plain SIGTRAP. @sleeps */
export function traceExec(formerTid: u32): void {
  const task = current();
  if (task.tracer === null || traceEvent(PTRACE_EVENT_EXEC, formerTid)) return;
  if ((task.traceFlags & TRACE_SEIZED) === 0) sendTo(task, SIGTRAP, SI_USER);
}

/** A system call begins or ends. @sleeps */
export function traceSyscall(isEnd: boolean): void {
  const isGood = (current().traceOptions & PTRACE_O_TRACESYSGOOD) !== 0;
  const message = isEnd ? PTRACE_EVENTMSG_SYSCALL_EXIT : PTRACE_EVENTMSG_SYSCALL_ENTRY;
  trap(isGood ? SIGTRAP | 0x80 : SIGTRAP, message);
}

/** A system call was the one instruction that the current task was to do. */
export function traceStepped(): void {
  const task = current();
  userFrame(task).eflags &= ~EFLAGS_TF;
  sendTo(task, SIGTRAP, TRAP_TRACE);
}

// ---------------------------------------------------------------------------------------------------------------------
// Links. By the tracer, or under (T) on its behalf.

/** Makes `tracer` the tracer of `task`. */
export function linkTracee(task: Task, tracer: Task, flags: u32, options: u32, _tasks: Held<TaskListLock>): void {
  task.tracer = tracer;
  task.traceFlags = flags;
  task.traceOptions = options;
  tracer.process.tracees.addBefore(task.traceLink);
}

/**
 * `task` has no tracer any more. In a stop of its group it takes part anew, as one that nobody traces: be it that it stands
 * still for the tracer, was about to, or was let go on meanwhile.
 */
export function unlinkTracee(task: Task, _tasks: Held<TaskListLock>): void {
  const process = task.process;
  task.traceLink.unlink();
  task.tracer = null;
  task.traceFlags = 0;
  task.traceOptions = 0;
  using held = process.signalLock.acquireIrqSave();
  if (process.stopSignal !== 0 && task.hasStopped) {
    task.hasStopped = false;
    process.stoppedThreads--;
    process.isStopped = false;
    notifyTask(task, held);
  }
}

/** Lets a tracee that stands still go on. */
export function resumeTracee(task: Task, signal: i32, flags: u32, _tasks: Held<TaskListLock>): void {
  task.traceSignal = signal;
  task.traceReport = false;
  task.traceStatus = 0;
  task.traceFlags = (task.traceFlags & (TRACE_SEIZED | TRACE_TRAP)) | flags;
  const frame = userFrame(task);
  if ((flags & TRACE_STEP) !== 0) frame.eflags |= EFLAGS_TF;
  else frame.eflags &= ~EFLAGS_TF;
  wakeUpTask(task, TASK_TRACED);
}

/** Ends the tracing of a task that stands still, and lets it go on. */
export function detachTracee(task: Task, signal: i32, tasks: Held<TaskListLock>): void {
  unlinkTracee(task, tasks);
  resumeTracee(task, signal, 0, tasks);
}

/** `task`, just made by a tracee, has the same tracer, and stops before it does anything. */
export function inheritTracer(task: Task, parent: Task, tasks: Held<TaskListLock>): void {
  const tracer = parent.tracer;
  if (tracer === null) return;
  const seized = parent.traceFlags & TRACE_SEIZED;
  linkTracee(task, tracer, seized, parent.traceOptions, tasks);
  if (seized !== 0) {
    interruptTracee(task, tasks);
    return;
  }
  const info = zeroed<Inline<SignalInfo>>();
  info.signal = SIGSTOP;
  sendSignalToTask(task, info, tasks);
}

/** Makes a tracee stop as soon as it can. */
export function interruptTracee(task: Task, _tasks: Held<TaskListLock>): void {
  using held = task.process.signalLock.acquireIrqSave();
  task.traceFlags |= TRACE_TRAP;
  notifyTask(task, held);
}

/** May the current task, as user `uid` and group `gid`, look into `task`, whose process may be its own? */
function mayInspectAs(task: Task, uid: u32, gid: u32): boolean {
  const self = current();
  const theirs = task.credentials;
  if (task.process === self.process || self.credentials.euid === 0) return true;
  if (task.mm !== null && task.process.isUndumpable) return false;
  const isSameUser = uid === theirs.uid && uid === theirs.euid && uid === theirs.suid;
  return isSameUser && gid === theirs.gid && gid === theirs.egid && gid === theirs.sgid;
}

/** May the current task trace `task`? Its real ids count. */
export function mayTrace(task: Task): boolean {
  const mine = current().credentials;
  return mayInspectAs(task, mine.uid, mine.gid);
}

/** May the current task look into `task` by way of files? The ids for files count. */
export function mayInspect(task: Task): boolean {
  const mine = current().credentials;
  return mayInspectAs(task, mine.fsuid, mine.fsgid);
}

/** Makes the current task the tracer of `task`, which stops soon unless it is seized. 0 or -EPERM. */
export function attachTracee(task: Task, isSeized: boolean, options: u32, tasks: Held<TaskListLock>): i32 {
  const self = current();
  if (task.process === self.process || task.process.isKernel || task.tracer !== null || task.isExiting) return -EPERM;
  if (!mayTrace(task)) return -EPERM;
  linkTracee(task, self, isSeized ? TRACE_SEIZED : 0, options, tasks);
  if (!isSeized) {
    const info = zeroed<Inline<SignalInfo>>();
    info.signal = SIGSTOP;
    info.code = SI_KERNEL;
    sendSignalToTask(task, info, tasks);
  }
  wakeUpTask(task, TASK_STOPPED); // to stop for the tracer instead
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Ends.

/** The tracee after `task` of `process`, the first for null; null at the end. */
export function traceeAfter(process: Process, task: Task | null, _tasks: Held<TaskListLock>): Task | null {
  const link = task === null ? process.tracees.next : task.traceLink.next;
  return link === process.tracees ? null : as<Task>(u32(link) - offsetof<Task>('traceLink'));
}

/** A thread that ends lets its tracees go. */
export function releaseTracees(tracer: Task, tasks: Held<TaskListLock>): void {
  let task = traceeAfter(tracer.process, null, tasks);
  while (task !== null) {
    const next = traceeAfter(tracer.process, task, tasks);
    if (task.tracer === tracer) releaseTracee(task, tasks);
    task = next;
  }
}

function releaseTracee(task: Task, tasks: Held<TaskListLock>): void {
  const isKilled = (task.traceOptions & PTRACE_O_EXITKILL) !== 0;
  const isStopped = task.traceStatus !== 0;
  unlinkTracee(task, tasks);
  if (isStopped) resumeTracee(task, task.traceSignal, 0, tasks);
  if (!isKilled) return;
  const info = zeroed<Inline<SignalInfo>>();
  info.signal = SIGKILL;
  info.code = SI_KERNEL;
  sendSignal(task.process, info, tasks);
}

/** Tells the tracer of an end that it would not hear of as a parent. Without memory for that, it does not. */
function reportEnd(tracer: Process, task: Task, pid: u32, status: u32, tasks: Held<TaskListLock>): void {
  const record = allocate<TraceExit>();
  if (record === null) return;
  record.pid = pid;
  record.pgrp = task.process.pgrp;
  record.status = status;
  record.uid = task.credentials.uid;
  tracer.traceExits.addBefore(record.link);
  const signal = status & 0x7f;
  notifyTracer(tracer, task, signal === 0 ? CLD_EXITED : CLD_KILLED, signal === 0 ? status >>> 8 : signal, tasks);
}

/**
 * The current task leaves: its tracer is told, if it has one, and has one tracee less.
 *
 * @param isLast no other thread of the process is left
 * @param status as wait4 tells it
 */
export function leaveTracer(task: Task, isLast: boolean, status: u32, tasks: Held<TaskListLock>): void {
  const tracer = task.tracer;
  if (tracer === null) return;
  const process = task.process;
  unlinkTracee(task, tasks);
  if (task.pid !== process.pid) reportEnd(tracer.process, task, task.pid, status, tasks);
  if (isLast && process.parent !== tracer.process) reportEnd(tracer.process, task, process.pid, status, tasks);
}

/** Forgets ends that nobody will wait for. */
export function discardTraceExits(process: Process): void {
  for (let link = process.traceExits.takeFirst(); link !== null; link = process.traceExits.takeFirst()) {
    kfree(as<TraceExit>(u32(link) - offsetof<TraceExit>('link')));
  }
}

/** Is a thread of `process` a tracee of `tracer`? */
export function isTracedBy(process: Process, tracer: Process, tasks: Held<TaskListLock>): boolean {
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    if (task.tracer !== null && task.tracer.process === tracer) return true;
  }
  return false;
}
