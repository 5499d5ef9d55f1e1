/*
 * Generating signals: from "somebody wants the process to have signal n" to "a thread of it will look".
 *
 * Idea. Sending does what must not wait for the receiver, and leaves the rest to him:
 *
 *   - SIGCONT wakes a stopped process at once and throws pending stop signals away; a stop signal throws a pending
 *     SIGCONT away. That happens whether or not the signal is blocked, ignored or caught.
 *   - A signal that would be ignored is dropped, unless it is blocked (the action may change before it is unblocked).
 *   - Otherwise the signal becomes pending, for the process or for one thread, and a thread that does not block it is
 *     told: `signalPending` is set, and its sleep, if interruptible, ends.
 *   - SIGKILL tells all threads, whatever they do.
 *
 * What the receiver does about it is in proc/signalDeliver.ts.
 *
 * Process 1 never gets a signal for which it has no handler: without it there is no system.
 *
 * Locking. The caller holds (T), which keeps the receiver alive; (S) of the receiver is taken inside. Never two (S) at
 * once: the parent is told after the child's has been released.
 */

import {
  CLD_CONTINUED,
  CLD_STOPPED,
  NSIG,
  SA_NOCLDSTOP,
  SI_KERNEL,
  SI_TKILL,
  SI_USER,
  SIG_DFL,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  SIGURG,
  SIGWINCH,
} from '../abi/signal.ts';
import { STATUS_CONTINUED, STATUS_STOPPED } from '../abi/wait.ts';
import { current } from '../arch/x86/cpu.ts';
import { kickTask, wakeUpTask } from './scheduler.ts';
import { type WaitQueue } from '../sync/waitQueue.ts';
import { addPending, discardPending } from './signalPending.ts';
import { signalBit, type SignalInfo, type SignalSet } from './signalState.ts';
import {
  type Process,
  type SignalLock,
  type Task,
  TASK_INTERRUPTIBLE,
  TASK_STOPPED,
  TASK_TRACED,
  TASK_WAKE_KILL,
  TRACE_TRAP,
} from './task.ts';
import { firstThread, lockTasks, nextThread, processAfter, type TaskListLock } from './taskList.ts';

/** SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU. */
const STOP_SIGNALS: SignalSet = 0x003c0000n;
/** Signals whose default is to be ignored: SIGCHLD, SIGCONT (once it has continued), SIGURG, SIGWINCH. */
const DEFAULT_IGNORED: SignalSet = 0x08430000n;
/** SIGKILL and SIGSTOP: cannot be blocked, ignored or caught. */
export const UNBLOCKABLE: SignalSet = 0x00040100n;

/** Who waits for signals by descriptors (fs/signalfd.ts): woken by every signal. */
const readers = zeroed<Inline<WaitQueue>>();

export function initSignalReaders(): void {
  readers.init();
}

export function signalReaders(): WaitQueue {
  return readers;
}

/** Is stopping the default action of `signal`? */
export function isStopSignal(signal: i32): boolean {
  return signal === SIGSTOP || signal === SIGTSTP || signal === SIGTTIN || signal === SIGTTOU;
}

/** Is doing nothing the default action of `signal`? */
export function isIgnoredByDefault(signal: i32): boolean {
  return signal === SIGCHLD || signal === SIGCONT || signal === SIGURG || signal === SIGWINCH;
}

/** Would `process` do nothing on `signal`, as its actions stand? */
export function isSignalIgnored(process: Process, signal: i32): boolean {
  const handler = process.handlers.actions[signal].handler;
  if (handler === SIG_IGN) return true;
  if (handler !== SIG_DFL) return false;
  if (process.pid === 1) return true;
  return (signalBit(signal) & DEFAULT_IGNORED) !== 0n;
}

/** Does the current task block `signal`, or its process ignore it? (The terminal asks before SIGTTIN and SIGTTOU.) */
export function isSignalBlockedOrIgnored(signal: i32): boolean {
  const task = current();
  return (task.blocked & signalBit(signal)) !== 0n || task.process.handlers.actions[signal].handler === SIG_IGN;
}

/** Throws `which` away for the process and each of its threads. */
function discardEverywhere(process: Process, which: SignalSet, tasks: Held<TaskListLock>): void {
  discardPending(process.pending, which);
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    discardPending(task.pending, which);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Telling threads.

/**
 * Recomputes whether `task` has a reason to look at its signals. To be called, under (S), whenever `blocked` or a
 * pending set loses something; sending sets the flag itself.
 */
export function recalcSignalPending(task: Task, _held: Held<SignalLock>): void {
  const process = task.process;
  const deliverable = (task.pending.set | process.pending.set) & ~task.blocked;
  const mustStop = (process.stopSignal !== 0 && !task.hasStopped) || (task.traceFlags & TRACE_TRAP) !== 0;
  task.signalPending = deliverable !== 0n || task.killed || mustStop;
}

/** Makes `task` look: ends its sleep if that is interruptible, and takes it out of user mode. */
export function notifyTask(task: Task, _held: Held<SignalLock>): void {
  task.signalPending = true;
  if (!wakeUpTask(task, TASK_INTERRUPTIBLE)) kickTask(task);
}

/** Tells every thread of `process`, but not `spared`, that it is to die. */
export function killThreads(
  process: Process,
  spared: Task | null,
  held: Held<SignalLock>,
  tasks: Held<TaskListLock>,
): void {
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    if (task === spared) continue;
    task.killed = true;
    notifyTask(task, held);
    wakeUpTask(task, TASK_WAKE_KILL | TASK_STOPPED | TASK_TRACED);
  }
}

/** Finds a thread that does not block the process's new signal, and tells it. */
function notifySomeThread(process: Process, bit: SignalSet, held: Held<SignalLock>, tasks: Held<TaskListLock>): void {
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    if (task.isExiting || (task.blocked & bit) !== 0n) continue;
    notifyTask(task, held);
    return;
  }
}

/**
 * The current thread will not take what is pending for its process and in `which`: it has blocked it, or is on its way
 * out. Tells the other threads, one of which may have been left asleep because this one had been told.
 *
 * @locking takes (T) and (S)
 */
export function retargetPending(process: Process, which: SignalSet): void {
  using tasks = lockTasks();
  using held = process.signalLock.acquireIrqSave();
  const pending = process.pending.set & which;
  if (pending === 0n) return;
  const self = current();
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    if (task !== self && !task.isExiting && (pending & ~task.blocked) !== 0n) notifyTask(task, held);
  }
}

/** SIGCONT, whatever is to become of it: stopped threads go on. True if the process was stopped. */
function continueProcess(process: Process, held: Held<SignalLock>, tasks: Held<TaskListLock>): boolean {
  discardEverywhere(process, STOP_SIGNALS, tasks);
  process.stopSignal = 0;
  process.stoppedThreads = 0;
  const wasStopped = process.isStopped;
  process.isStopped = false;
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    task.hasStopped = false;
    task.mayStop = false;
    wakeUpTask(task, TASK_STOPPED);
    recalcSignalPending(task, held);
  }
  return wasStopped;
}

/** Nobody would notice the signal: it is ignored, and neither blocked nor awaited by the thread that would take it. */
function isDropped(process: Process, target: Task | null, signal: i32, tasks: Held<TaskListLock>): boolean {
  if (signal === SIGKILL || signal === SIGSTOP) return process.pid === 1;
  const task = target ?? firstThread(process, tasks);
  if (task === null) return true;
  if (task.tracer !== null) return false; // the tracer wants to see it
  return ((task.blocked | task.awaited) & signalBit(signal)) === 0n && isSignalIgnored(process, signal);
}

// ---------------------------------------------------------------------------------------------------------------------
// Sending.

/** What a signal did beyond becoming pending, for the caller to act on when (S) is released. */
const NOTHING = 0;
const CONTINUED = 1;

function generate(process: Process, target: Task | null, info: SignalInfo, tasks: Held<TaskListLock>): i32 {
  using held = process.signalLock.acquireIrqSave();
  if (process.threadCount === 0 || process.isExiting || process.isKernel) return NOTHING;
  const signal = info.signal;
  let effect: i32 = NOTHING;
  if (signal === SIGCONT) {
    if (continueProcess(process, held, tasks)) effect = CONTINUED;
  } else if (isStopSignal(signal)) {
    discardEverywhere(process, signalBit(SIGCONT), tasks);
  }
  if (isDropped(process, target, signal, tasks)) return effect;
  const error = addPending(process, target === null ? process.pending : target.pending, info);
  if (error < 0) return error;
  if (readers.hasWaiters()) readers.wakeAll();
  if (signal === SIGKILL) killThreads(process, null, held, tasks);
  else if (target === null) notifySomeThread(process, signalBit(signal), held, tasks);
  else if ((target.blocked & signalBit(signal)) === 0n) notifyTask(target, held);
  return effect;
}

/** Sends to one thread, or with `target` null to the process. 0 or -EAGAIN. A zombie takes anything, and does nothing. */
function send(process: Process, target: Task | null, info: SignalInfo, tasks: Held<TaskListLock>): i32 {
  const effect = generate(process, target, info, tasks);
  if (effect === CONTINUED) {
    process.stopReport = STATUS_CONTINUED;
    notifyParent(process, CLD_CONTINUED, SIGCONT, tasks);
  }
  return effect < 0 ? effect : 0;
}

/** Sends `info.signal` to a process. 0, or -EAGAIN when a real-time signal cannot be queued. */
export function sendSignal(process: Process, info: SignalInfo, tasks: Held<TaskListLock>): i32 {
  return send(process, null, info, tasks);
}

/** Sends `info.signal` to one thread. As sendSignal otherwise. */
export function sendSignalToTask(task: Task, info: SignalInfo, tasks: Held<TaskListLock>): i32 {
  return send(task.process, task, info, tasks);
}

/** Sends a signal that the kernel has a reason for, without further information, to a process. */
export function sendKernelSignal(process: Process, signal: i32, tasks: Held<TaskListLock>): void {
  const info = zeroed<Inline<SignalInfo>>();
  info.signal = signal;
  info.code = SI_KERNEL;
  send(process, null, info, tasks);
}

/** Sends to all members of a process group; the number of members. (T) is held. */
export function sendSignalToMembers(pgrp: u32, signal: i32, tasks: Held<TaskListLock>): u32 {
  let count: u32 = 0;
  for (let process = processAfter(null, tasks); process !== null; process = processAfter(process, tasks)) {
    if (process.pgrp !== pgrp) continue;
    sendKernelSignal(process, signal, tasks);
    count++;
  }
  return count;
}

/**
 * Sends to all members of a process group: what the terminal does on ^C. From anywhere, interrupts included.
 *
 * @locking takes (T)
 */
export function sendSignalToGroup(pgrp: u32, signal: i32): void {
  using tasks = lockTasks();
  sendSignalToMembers(pgrp, signal, tasks);
}

/**
 * Sends to the current thread, as its own doing (SIGPIPE): it is delivered before the system call's result is seen.
 *
 * @locking takes (T)
 */
export function sendSignalToSelf(signal: i32): void {
  using tasks = lockTasks();
  const task = current();
  const info = zeroed<Inline<SignalInfo>>();
  info.signal = signal;
  info.code = SI_USER;
  info.pidOrAddress = task.process.pid;
  info.uid = task.credentials.uid;
  send(task.process, task, info, tasks);
}

/** Fills `info` as kill (SI_USER), tkill (SI_TKILL) or sigqueue do: the sender is the current task. */
export function fillSenderInfo(info: SignalInfo, signal: i32, code: i32): void {
  const task = current();
  info.signal = signal;
  info.code = code;
  info.pidOrAddress = task.process.pid;
  info.uid = task.credentials.uid;
}

/** Does `info` come from a program rather than from the kernel? */
export function isFromUser(info: SignalInfo): boolean {
  return info.code === SI_USER || info.code === SI_TKILL || info.code < 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Faults.

/** Makes sure that the current thread gets the signal: nothing blocks it, and "ignore" counts as "default". */
function forceAction(task: Task, signal: i32): void {
  using _held = task.process.signalLock.acquireIrqSave();
  using _handlers = task.process.handlers.lock.acquireIrqSave();
  const action = task.process.handlers.actions[signal];
  const bit = signalBit(signal);
  if ((task.blocked & bit) !== 0n || action.handler === SIG_IGN) {
    action.handler = SIG_DFL;
    task.blocked &= ~bit;
  }
  task.pending.set &= ~bit; // what was pending of this kind gives way to the fault
}

/**
 * The current thread has done something that it cannot go on from (a bad access, a bad instruction). If it blocks or
 * ignores the signal, it dies of it: returning to the faulting instruction would fault for ever.
 *
 * @param address goes in si_addr
 * @locking takes (T)
 */
export function forceSignal(signal: i32, code: i32, address: u32): void {
  using _tasks = lockTasks();
  const task = current();
  forceAction(task, signal);
  const info = zeroed<Inline<SignalInfo>>();
  info.signal = signal;
  info.code = code;
  info.pidOrAddress = address;
  using held = task.process.signalLock.acquireIrqSave();
  addPending(task.process, task.pending, info);
  notifyTask(task, held);
}

/** The same for what no handler can mend: the process dies of it. */
export function forceFatalSignal(signal: i32): void {
  resetAction(current().process, signal);
  forceSignal(signal, SI_KERNEL, 0);
}

function resetAction(process: Process, signal: i32): void {
  using _held = process.signalLock.acquireIrqSave();
  using _handlers = process.handlers.lock.acquireIrqSave();
  process.handlers.actions[signal].handler = SIG_DFL;
}

/** The current process is to die, by a SIGKILL that nobody can refuse, process 1 included. */
export function killSelf(): void {
  using tasks = lockTasks();
  const process = current().process;
  using held = process.signalLock.acquireIrqSave();
  process.pending.set |= signalBit(SIGKILL);
  const info = process.pending.standard[SIGKILL];
  info.signal = SIGKILL;
  info.code = SI_KERNEL;
  killThreads(process, null, held, tasks);
}

// ---------------------------------------------------------------------------------------------------------------------
// Children.

/**
 * Tells the parent of `process` that it has stopped, continued or ended: SIGCHLD (or what clone asked for at the end),
 * and a wake-up for wait4.
 *
 * @param code CLD_EXITED, CLD_STOPPED, ...
 * @param status the exit code or the signal
 */
export function notifyParent(process: Process, code: i32, status: i32, tasks: Held<TaskListLock>): void {
  const parent = process.parent;
  if (parent === null) return;
  const isJobControl = code === CLD_STOPPED || code === CLD_CONTINUED;
  const signal = isJobControl ? SIGCHLD : process.exitSignal;
  const isUnwanted = isJobControl && (parent.handlers.actions[SIGCHLD].flags & SA_NOCLDSTOP) !== 0;
  if (signal > 0 && signal <= NSIG && !isUnwanted) {
    const info = zeroed<Inline<SignalInfo>>();
    info.signal = signal;
    info.code = code;
    info.pidOrAddress = process.pid;
    info.uid = process.uid;
    info.status = u32(status);
    info.utime = process.utime;
    info.stime = process.stime;
    send(parent, null, info, tasks);
  }
  parent.childExit.wakeAll();
}

/** A thread has stopped, or has gone: if no other is left to stop, the process is stopped, and its parent told. */
export function completeStop(process: Process, tasks: Held<TaskListLock>): void {
  let signal: i32 = 0;
  {
    using _held = process.signalLock.acquireIrqSave();
    signal = process.stopSignal;
    if (signal === 0 || process.isStopped || process.stoppedThreads !== process.threadCount) return;
    process.isStopped = true;
  }
  process.stopReport = (u32(signal) << 8) | STATUS_STOPPED;
  notifyParent(process, CLD_STOPPED, signal, tasks);
}

/** Is a member of the group stopped? Such a group must not be left alone (POSIX, orphaned process groups). */
export function hasStoppedMember(pgrp: u32, tasks: Held<TaskListLock>): boolean {
  for (let process = processAfter(null, tasks); process !== null; process = processAfter(process, tasks)) {
    if (process.pgrp === pgrp && process.isStopped) return true;
  }
  return false;
}
