/*
 * Delivering signals: what a thread does about them when it is about to return to user mode.
 *
 * Idea. Take pending signals one by one, faults first, then by number. Per the process's action for it, a signal is
 * ignored, stops the process, ends it, or makes the program run a handler: then a frame goes on the user's stack
 * (signalFrame.ts), and the return to user mode leads there. Several signals nest: the frame of the second is built on
 * top of the first handler's beginning.
 *
 * Interrupted system calls. A call that a signal has cut short leaves a restart code in EAX. Whether the program sees
 * EINTR or the call begins anew depends on the code and the action:
 *
 *   code                    handler runs                 no handler runs
 *   ERESTARTSYS             SA_RESTART ? again : EINTR    again
 *   ERESTARTNOINTR          again                        again
 *   ERESTARTNOHAND          EINTR                        again
 *   ERESTART_RESTARTBLOCK   EINTR                        restart_syscall
 *
 * "Again": EIP goes back over the two bytes of `int 0x80`, EAX gets the number of the call back.
 *
 * Locking. (S) to look and take; none while a frame is written to user memory, which may fault and sleep.
 */

import { EINTR, ERESTART_RESTARTBLOCK, ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS } from '../abi/errno.ts';
import {
  SA_NODEFER,
  SA_RESETHAND,
  SA_RESTART,
  SA_SIGINFO,
  SI_KERNEL,
  SI_TIMER,
  SI_USER,
  SIG_DFL,
  SIG_IGN,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
} from '../abi/signal.ts';
import { SYS_restart_syscall } from '../abi/syscallNumbers.ts';
import { current, thisCpu } from '../arch/x86/cpu.ts';
import { NOT_A_SYSCALL, type TrapFrame } from '../arch/x86/trapFrame.ts';
import { kfree } from '../mm/slab.ts';
import { exitGroup } from './exit.ts';
import { noteTimerSignal } from './posixTimers.ts';
import { schedule, setCurrentState } from './scheduler.ts';
import { traceGroupStop, traceSignal, traceTrap } from './ptrace.ts';
import { pushSignalFrame } from './signalFrame.ts';
import {
  completeStop,
  forceSignal,
  isFromUser,
  isIgnoredByDefault,
  isStopSignal,
  notifyTask,
  recalcSignalPending,
  retargetPending,
  UNBLOCKABLE,
} from './signalSend.ts';
import {
  type PendingSignals,
  type QueuedSignal,
  type SignalAction,
  signalBit,
  type SignalHandlers,
  type SignalInfo,
  type SignalSet,
} from './signalState.ts';
import { type Process, type SignalLock, type Task, TASK_STOPPED, TRACE_TRAP } from './task.ts';
import { firstThread, isOrphanedGroupExcept, lockTasks, nextThread } from './taskList.ts';

/** SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS: about the instruction at EIP, so they come before others move it. */
const SYNCHRONOUS: SignalSet = 0x400004d8n;

// ---------------------------------------------------------------------------------------------------------------------
// Taking a signal.

/** The signal to deliver first from a set that is not empty. */
function firstSignal(set: SignalSet): i32 {
  const urgent = set & SYNCHRONOUS;
  const choice = urgent !== 0n ? urgent : set;
  const low = u32(choice);
  return low !== 0 ? i32(bsf(low)) + 1 : i32(bsf(u32(choice >> 32n))) + 33;
}

/** The oldest queued record of a real-time signal, or null: it was sent without one. */
function findQueued(pending: PendingSignals, signal: i32): QueuedSignal | null {
  for (let link = pending.queue.next; link !== pending.queue; link = link.next) {
    const queued = as<QueuedSignal>(u32(link) - offsetof<QueuedSignal>('link'));
    if (queued.info.signal === signal) return queued;
  }
  return null;
}

/** Takes `signal` out of the set, with what came along; it stays in the set while more of its kind are queued. */
function takeRecord(pending: PendingSignals, signal: i32, info: SignalInfo): void {
  if (signal < 32) {
    assign(info, pending.standard[signal]);
    pending.set &= ~signalBit(signal);
    return;
  }
  const queued = findQueued(pending, signal);
  if (queued !== null) {
    assign(info, queued.info);
    queued.link.unlink();
    kfree(queued);
  } else {
    info.signal = signal;
    info.code = SI_USER;
  }
  if (findQueued(pending, signal) === null) pending.set &= ~signalBit(signal);
}

/** Takes the first signal of `wanted` that is pending for the task or its process; 0 if there is none. Under (S). */
export function takeSignal(task: Task, wanted: SignalSet, info: SignalInfo, held: Held<SignalLock>): i32 {
  const own = task.pending.set & wanted;
  const shared = task.process.pending.set & wanted;
  let signal: i32 = 0;
  if (own !== 0n) {
    signal = firstSignal(own);
    takeRecord(task.pending, signal, info);
  } else if (shared !== 0n) {
    signal = firstSignal(shared);
    takeRecord(task.process.pending, signal, info);
  }
  if (signal !== 0 && info.code === SI_TIMER) noteTimerSignal(task.process, info, held);
  recalcSignalPending(task, held);
  return signal;
}

// ---------------------------------------------------------------------------------------------------------------------
// Stopping.

/**
 * A stop signal's default action: the whole process is to stop, each thread at its next look. A SIGCONT that has come since
 * the current thread took the signal has undone it, though it could not find it among those that were pending.
 */
function beginStop(self: Task, signal: i32): void {
  const process = self.process;
  using tasks = lockTasks();
  // Nobody could continue an orphaned group again. SIGSTOP is meant all the same.
  if (signal !== SIGSTOP && isOrphanedGroupExcept(process.pgrp, null, tasks)) return;
  using held = process.signalLock.acquireIrqSave();
  if (process.isExiting || process.stopSignal !== 0 || !self.mayStop) return;
  process.stopSignal = signal;
  process.stoppedThreads = 0;
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    task.hasStopped = false;
    notifyTask(task, held);
  }
}

/**
 * Announces that the current thread takes part in a stop. False: SIGCONT or SIGKILL was faster. One with a tracer does not
 * sleep here, but stops for the tracer.
 */
function joinStop(task: Task, process: Process): boolean {
  using held = process.signalLock.acquireIrqSave();
  if (process.stopSignal === 0 || task.hasStopped || task.killed) return false;
  if (task.tracer === null) setCurrentState(TASK_STOPPED);
  task.hasStopped = true;
  process.stoppedThreads++;
  recalcSignalPending(task, held);
  return true;
}

/** The current thread takes part in a stop of its process. Returns when it goes on. The last one tells the parent. */
function stopThread(task: Task): void {
  const process = task.process;
  let isTraced = false;
  {
    using tasks = lockTasks();
    if (!joinStop(task, process)) return;
    completeStop(process, tasks);
    isTraced = task.tracer !== null;
  }
  if (!isTraced) schedule();
  // Somebody may have attached to it while it was stopped.
  const signal = process.stopSignal; // read once: SIGCONT may come at any moment
  if (task.tracer !== null && signal !== 0) traceGroupStop(signal);
}

// ---------------------------------------------------------------------------------------------------------------------
// Deciding.

/** The signal ends the process, or does nothing? The default action, for signals that do not stop. */
function isFatalByDefault(process: Process, info: SignalInfo): boolean {
  if (isIgnoredByDefault(info.signal)) return false;
  // Process 1 dies of its own faults alone.
  return process.pid !== 1 || (!isFromUser(info) && info.signal !== SIGKILL);
}

/** What is to be done next. */
const DONE = 0;
const HANDLE = 1;
const STOP = 2;
const JOIN_STOP = 3;
const DIE = 4;
const TRAP = 5;
const TAKEN = 6;
const NOTHING = 7;

/** What is to happen on `signal` this time: a handler for one shot is spent by that. */
function takeAction(handlers: SignalHandlers, signal: i32, action: SignalAction): void {
  using _held = handlers.lock.acquireIrqSave();
  const set = handlers.actions[signal];
  assign(action, set);
  const isHandler = set.handler !== SIG_DFL && set.handler !== SIG_IGN;
  if (isHandler && (set.flags & SA_RESETHAND) !== 0) set.handler = SIG_DFL;
}

/** Takes a signal, unless there is something else to do first. For TAKEN, `info` says which. */
function nextSignal(task: Task, info: SignalInfo): u32 {
  const process = task.process;
  using held = process.signalLock.acquireIrqSave();
  if (task.killed) {
    info.signal = SIGKILL;
    return DIE;
  }
  if (process.stopSignal !== 0 && !task.hasStopped) return JOIN_STOP;
  if ((task.traceFlags & TRACE_TRAP) !== 0) return TRAP;
  const signal = takeSignal(task, ~task.blocked, info, held);
  task.mayStop = isStopSignal(signal);
  return signal === 0 ? DONE : TAKEN;
}

/** What a signal that was taken leads to; for HANDLE, `action` is its action. */
function decide(task: Task, action: SignalAction, info: SignalInfo): u32 {
  const process = task.process;
  const signal = info.signal;
  takeAction(process.handlers, signal, action);
  if (action.handler === SIG_IGN) return NOTHING;
  if (action.handler !== SIG_DFL) return HANDLE;
  if (isStopSignal(signal)) return STOP;
  return isFatalByDefault(process, info) ? DIE : NOTHING;
}

/** The next thing to do; `action` and `info` say more. A tracer sees each signal first, and may keep it. */
function nextStep(task: Task, action: SignalAction, info: SignalInfo): u32 {
  for (;;) {
    const step = nextSignal(task, info);
    if (step !== TAKEN) return step;
    if (task.tracer !== null && info.signal !== SIGKILL && !traceSignal(info)) continue;
    const decision = decide(task, action, info);
    if (decision !== NOTHING) return decision;
  }
}

/** Replaces the blocked set of the current task. What cannot be blocked is left out. */
export function setBlocked(task: Task, mask: SignalSet): void {
  setBlockedAwaiting(task, mask, 0n);
}

/** The same, and says which signals the task is going to sleep for (sigtimedwait). */
export function setBlockedAwaiting(task: Task, mask: SignalSet, awaited: SignalSet): void {
  const process = task.process;
  let missed: SignalSet = 0n;
  {
    using held = process.signalLock.acquireIrqSave();
    missed = process.pending.set & mask & ~task.blocked;
    task.blocked = mask & ~UNBLOCKABLE;
    task.awaited = awaited;
    recalcSignalPending(task, held);
  }
  if (missed !== 0n && process.threadCount > 1) retargetPending(process, missed);
}

// ---------------------------------------------------------------------------------------------------------------------
// Acting.

/** The call begins anew when the program goes on. */
function restartCall(frame: TrapFrame, number: u32): void {
  frame.eax = number;
  frame.eip -= 2;
}

/** A handler is about to run: settles what the interrupted call gives. */
function settleCallForHandler(frame: TrapFrame, action: SignalAction): void {
  if (frame.origEax === NOT_A_SYSCALL) return;
  const result = i32(frame.eax);
  if (result === -ERESTARTNOHAND || result === -ERESTART_RESTARTBLOCK) frame.eax = u32(-EINTR);
  else if (result === -ERESTARTSYS && (action.flags & SA_RESTART) === 0) frame.eax = u32(-EINTR);
  else if (result === -ERESTARTSYS || result === -ERESTARTNOINTR) restartCall(frame, frame.origEax);
  frame.origEax = NOT_A_SYSCALL;
}

/** No handler runs (any more): the interrupted call goes on as if nothing had been. */
function settleCallWithoutHandler(frame: TrapFrame): void {
  if (frame.origEax === NOT_A_SYSCALL) return;
  const result = i32(frame.eax);
  if (result === -ERESTARTNOHAND || result === -ERESTARTSYS || result === -ERESTARTNOINTR) {
    restartCall(frame, frame.origEax);
  } else if (result === -ERESTART_RESTARTBLOCK) {
    restartCall(frame, SYS_restart_syscall);
  }
}

/** Builds the frame for a handler, and blocks what is to be blocked while it runs. */
function runHandler(task: Task, frame: TrapFrame, action: SignalAction, info: SignalInfo): void {
  settleCallForHandler(frame, action);
  const mask = task.restoreBlocked ? task.savedBlocked : task.blocked;
  const wantsInfo = (action.flags & SA_SIGINFO) !== 0;
  if (pushSignalFrame(task, action, info, wantsInfo, mask, frame) < 0) {
    failHandler(task, info.signal);
    return;
  }
  task.restoreBlocked = false;
  let blocked = task.blocked | action.mask;
  if ((action.flags & SA_NODEFER) === 0) blocked |= signalBit(info.signal);
  setBlocked(task, blocked);
}

/** The stack cannot take a frame. SIGSEGV says so; if that is what could not be delivered, the process ends. */
function failHandler(task: Task, signal: i32): void {
  if (signal === SIGSEGV) {
    using _held = task.process.handlers.lock.acquireIrqSave();
    task.process.handlers.actions[SIGSEGV].handler = SIG_DFL;
  }
  forceSignal(SIGSEGV, SI_KERNEL, 0);
}

/** Delivers what is pending. Interrupts are on. Does not return if the thread is to end. */
function deliverSignals(task: Task, frame: TrapFrame): void {
  const action = uninitialized<Inline<SignalAction>>();
  const info = zeroed<Inline<SignalInfo>>();
  for (;;) {
    const step = nextStep(task, action, info);
    if (step === DONE) break;
    if (step === DIE) exitGroup(u32(info.signal));
    if (step === STOP) beginStop(task, info.signal);
    if (step === JOIN_STOP) stopThread(task);
    if (step === TRAP) traceTrap();
    if (step === HANDLE) runHandler(task, frame, action, info);
  }
  settleCallWithoutHandler(frame);
  if (task.restoreBlocked) {
    task.restoreBlocked = false;
    setBlocked(task, task.savedBlocked);
  }
}

/**
 * What comes before every return to user mode: gives the CPU to others if it is their turn, and delivers signals.
 * Interrupts are off when it is called and when it returns, so that nothing new can come up in between.
 */
export function beforeUserMode(frame: TrapFrame): void {
  const task = current();
  while (thisCpu().needResched || task.signalPending) {
    sti();
    if (thisCpu().needResched) schedule();
    if (task.signalPending) deliverSignals(task, frame);
    cli();
  }
}
