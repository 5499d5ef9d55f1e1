/*
 * System calls about signals: actions, masks, waiting, sending, and the return from handlers.
 *
 * The old calls (sigaction, sigprocmask, sigpending, sigsuspend) see the first 32 signals alone; the rt_ calls see all 64
 * and say how large their sets are.
 *
 * @source sigaction(2), sigprocmask(2), sigpending(2), sigsuspend(2), sigtimedwait(2), kill(2), tgkill(2),
 * rt_sigqueueinfo(2), sigaltstack(2); POSIX.1 2.4 "Signal Concepts".
 */

import { EAGAIN, EFAULT, EINTR, EINVAL, ENOMEM, EPERM, ERESTARTNOHAND } from '../abi/errno.ts';
import {
  type KernelSigaction,
  MINSIGSTKSZ,
  NSIG,
  type OldSigaction,
  SA_EXPOSE_TAGBITS,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_RESTORER,
  SA_SIGINFO,
  SIG_BLOCK,
  SIG_SETMASK,
  SIG_UNBLOCK,
  type SigaltStack,
  type Siginfo,
  SIGKILL,
  SIGSEGV,
  SIGSET_SIZE,
  SIGSTOP,
  SI_KERNEL,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
} from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { schedule, setCurrentState, signalPending } from './scheduler.ts';
import { setBlocked, setBlockedAwaiting, takeSignal } from './signalDeliver.ts';
import { altStackFlags, fillSiginfo, isOnAltStack, popFrame, popRtFrame } from './signalFrame.ts';
import { discardPending } from './signalPending.ts';
import { forceSignal, isSignalIgnored, UNBLOCKABLE } from './signalSend.ts';
import { type SignalAction, signalBit, type SignalHandlers, type SignalInfo, type SignalSet } from './signalState.ts';
import { NEVER, scheduleTimeout } from './sleep.ts';
import { readTimespec, readTimespec64 } from './sysTime.ts';
import { type Task, TASK_INTERRUPTIBLE, TASK_RUNNING, userFrame } from './task.ts';
import { firstThread, lockTasks, nextThread } from './taskList.ts';
import { monotonicNs } from '../arch/x86/clock.ts';

// ---------------------------------------------------------------------------------------------------------------------
// Actions.

/** Flags of actions that mean something here; others are dropped, so that a program can see what is not supported. */
const KNOWN_FLAGS: u32 =
  SA_NOCLDSTOP |
  SA_NOCLDWAIT |
  SA_SIGINFO |
  SA_EXPOSE_TAGBITS |
  SA_RESTORER |
  SA_ONSTACK |
  SA_RESTART |
  SA_NODEFER |
  SA_RESETHAND;

function exchangeAction(handlers: SignalHandlers, signal: i32, fresh: SignalAction | null, old: SignalAction): void {
  using _held = handlers.lock.acquireIrqSave();
  const action = handlers.actions[signal];
  assign(old, action);
  if (fresh === null) return;
  assign(action, fresh);
  action.flags &= KNOWN_FLAGS;
  action.mask &= ~UNBLOCKABLE;
}

/** Sets the action of `signal`, if `fresh` is given, and tells the old one. 0 or -EINVAL. */
function changeAction(signal: i32, fresh: SignalAction | null, old: SignalAction): i32 {
  if (signal < 1 || signal > NSIG) return -EINVAL;
  if (fresh !== null && (signal === SIGKILL || signal === SIGSTOP)) return -EINVAL;
  using tasks = lockTasks();
  const process = current().process;
  using _held = process.signalLock.acquireIrqSave();
  exchangeAction(process.handlers, signal, fresh, old);
  if (fresh === null) return 0;
  // POSIX: setting a pending signal to "ignore" discards it, blocked or not.
  if (isSignalIgnored(process, signal)) {
    discardPending(process.pending, signalBit(signal));
    for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
      discardPending(task.pending, signalBit(signal));
    }
  }
  return 0;
}

/** rt_sigaction(signal, fresh, old, size of sets). */
export function sysRtSigaction(signal: u32, fresh: u32, old: u32, size: u32): i32 {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const record = zeroed<Inline<KernelSigaction>>();
  const before = zeroed<Inline<SignalAction>>();
  const after = zeroed<Inline<SignalAction>>();
  if (fresh !== 0) {
    if (copyFromUser(ptr<u8>(record), fresh, sizeof<KernelSigaction>()) < 0) return -EFAULT;
    after.handler = record.sa_handler;
    after.flags = record.sa_flags;
    after.restorer = record.sa_restorer;
    after.mask = record.sa_mask;
  }
  const error = changeAction(i32(signal), fresh === 0 ? null : after, before);
  if (error < 0 || old === 0) return error;
  record.sa_handler = before.handler;
  record.sa_flags = before.flags;
  record.sa_restorer = before.restorer;
  record.sa_mask = before.mask;
  return copyToUser(old, ptr<u8>(record), sizeof<KernelSigaction>());
}

/** sigaction(signal, fresh, old), with half a mask. */
export function sysSigaction(signal: u32, fresh: u32, old: u32): i32 {
  const record = zeroed<Inline<OldSigaction>>();
  const before = zeroed<Inline<SignalAction>>();
  const after = zeroed<Inline<SignalAction>>();
  if (fresh !== 0) {
    if (copyFromUser(ptr<u8>(record), fresh, sizeof<OldSigaction>()) < 0) return -EFAULT;
    after.handler = record.sa_handler;
    after.flags = record.sa_flags;
    after.restorer = record.sa_restorer;
    after.mask = u64(record.sa_mask);
  }
  const error = changeAction(i32(signal), fresh === 0 ? null : after, before);
  if (error < 0 || old === 0) return error;
  record.sa_handler = before.handler;
  record.sa_flags = before.flags;
  record.sa_restorer = before.restorer;
  record.sa_mask = u32(before.mask);
  return copyToUser(old, ptr<u8>(record), sizeof<OldSigaction>());
}

/** signal(signal, handler): the System V form, one shot and no blocking. Returns the old handler. */
export function sysSignal(signal: u32, handler: u32): i32 {
  const before = zeroed<Inline<SignalAction>>();
  const after = zeroed<Inline<SignalAction>>();
  after.handler = handler;
  after.flags = 0xc0000000; // SA_RESETHAND | SA_NODEFER
  const error = changeAction(i32(signal), after, before);
  return error < 0 ? error : i32(before.handler);
}

// ---------------------------------------------------------------------------------------------------------------------
// Masks.

/** Changes the blocked set as `how` says, within `scope` (the signals that the call can see). 0 or -EINVAL. */
function changeMask(task: Task, how: u32, set: SignalSet, scope: SignalSet): i32 {
  let mask = task.blocked;
  if (how === SIG_BLOCK) mask |= set & scope;
  else if (how === SIG_UNBLOCK) mask &= ~(set & scope);
  else if (how === SIG_SETMASK) mask = (mask & ~scope) | (set & scope);
  else return -EINVAL;
  setBlocked(task, mask);
  return 0;
}

/** rt_sigprocmask(how, set, old, size). */
export function sysRtSigprocmask(how: u32, set: u32, old: u32, size: u32): i32 {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const task = current();
  let before: SignalSet = task.blocked;
  if (set !== 0) {
    let wanted: SignalSet = 0n;
    if (copyFromUser(ptr<u8>(addrOf(wanted)), set, SIGSET_SIZE) < 0) return -EFAULT;
    const error = changeMask(task, how, wanted, ~0n);
    if (error < 0) return error;
  }
  return old === 0 ? 0 : copyToUser(old, ptr<u8>(addrOf(before)), SIGSET_SIZE);
}

/** sigprocmask(how, set, old): signals 1 to 32. */
export function sysSigprocmask(how: u32, set: u32, old: u32): i32 {
  const task = current();
  let before: u32 = u32(task.blocked);
  if (set !== 0) {
    let wanted: u32 = 0;
    if (copyFromUser(ptr<u8>(addrOf(wanted)), set, 4) < 0) return -EFAULT;
    const error = changeMask(task, how, u64(wanted), 0xffffffffn);
    if (error < 0) return error;
  }
  return old === 0 ? 0 : copyToUser(old, ptr<u8>(addrOf(before)), 4);
}

/** sgetmask(): the blocked set, signals 1 to 32. */
export function sysSgetmask(): i32 {
  return i32(u32(current().blocked));
}

/** ssetmask(mask): sets it, and returns the old one. */
export function sysSsetmask(mask: u32): i32 {
  const task = current();
  const before = u32(task.blocked);
  setBlocked(task, u64(mask));
  return i32(before);
}

/** Signals that are pending and blocked, for the thread or its process. */
function blockedPending(task: Task): SignalSet {
  using _held = task.process.signalLock.acquireIrqSave();
  return (task.pending.set | task.process.pending.set) & task.blocked;
}

/** rt_sigpending(set, size). */
export function sysRtSigpending(set: u32, size: u32): i32 {
  if (size > SIGSET_SIZE) return -EINVAL;
  let pending: SignalSet = blockedPending(current());
  return copyToUser(set, ptr<u8>(addrOf(pending)), size);
}

/** sigpending(set): signals 1 to 32. */
export function sysSigpending(set: u32): i32 {
  let pending: u32 = u32(blockedPending(current()));
  return copyToUser(set, ptr<u8>(addrOf(pending)), 4);
}

// ---------------------------------------------------------------------------------------------------------------------
// Waiting.

/** Sleeps until a signal is to be delivered. */
function waitForSignal(): i32 {
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (signalPending()) break;
    schedule();
  }
  setCurrentState(TASK_RUNNING);
  return -ERESTARTNOHAND;
}

/** Blocks `mask` instead of what is blocked, and waits. The old mask comes back when a handler has run. */
function suspend(mask: SignalSet): i32 {
  const task = current();
  beginTemporaryMask(task, mask);
  return waitForSignal();
}

/**
 * Sets a mask for the time of a wait (sigsuspend, ppoll, pselect). The old one is back when the task is in user mode
 * again: at once if no handler runs, else with the handler's return. A call that ends without a signal pending puts the
 * mask back itself.
 */
export function beginTemporaryMask(task: Task, mask: SignalSet): void {
  task.savedBlocked = task.blocked;
  setBlocked(task, mask);
  task.restoreBlocked = true;
}

/** pause(). */
export function sysPause(): i32 {
  return waitForSignal();
}

/** sigsuspend(-, -, mask): the old form has two arguments that nobody uses. */
export function sysSigsuspend(_history0: u32, _history1: u32, mask: u32): i32 {
  return suspend(u64(mask));
}

/** rt_sigsuspend(set, size). */
export function sysRtSigsuspend(set: u32, size: u32): i32 {
  if (size !== SIGSET_SIZE) return -EINVAL;
  let mask: SignalSet = 0n;
  if (copyFromUser(ptr<u8>(addrOf(mask)), set, SIGSET_SIZE) < 0) return -EFAULT;
  return suspend(mask);
}

/** Takes a pending signal of `wanted`; 0 if there is none. */
function takeWanted(task: Task, wanted: SignalSet, info: SignalInfo): i32 {
  using held = task.process.signalLock.acquireIrqSave();
  return takeSignal(task, wanted, info, held);
}

/** Waits for a signal of `wanted` until `deadline`; takes it without a handler. Its number, -EAGAIN or -EINTR. */
function waitWanted(task: Task, wanted: SignalSet, deadline: u64, info: SignalInfo): i32 {
  const before = task.blocked;
  let isOver = false;
  for (;;) {
    const signal = takeWanted(task, wanted, info);
    if (signal !== 0) return signal;
    if (isOver) return -EAGAIN;
    // Unblocked for the time of the sleep, so that their sender wakes us.
    setBlockedAwaiting(task, before & ~wanted, wanted);
    setCurrentState(TASK_INTERRUPTIBLE);
    const isPending = signalPending();
    if (!isPending) isOver = scheduleTimeout(deadline);
    setCurrentState(TASK_RUNNING);
    const wasInterrupted = signalPending();
    setBlocked(task, before);
    if (!wasInterrupted) continue;
    const taken = takeWanted(task, wanted, info);
    return taken !== 0 ? taken : -EINTR;
  }
}

function sigtimedwait(set: u32, info: u32, deadline: u64, size: u32): i32 {
  if (size !== SIGSET_SIZE) return -EINVAL;
  let wanted: SignalSet = 0n;
  if (copyFromUser(ptr<u8>(addrOf(wanted)), set, SIGSET_SIZE) < 0) return -EFAULT;
  const taken = zeroed<Inline<SignalInfo>>();
  const signal = waitWanted(current(), wanted & ~UNBLOCKABLE, deadline, taken);
  if (signal < 0 || info === 0) return signal;
  const record = zeroed<Inline<Siginfo>>();
  fillSiginfo(record, taken);
  return copyToUser(info, ptr<u8>(record), sizeof<Siginfo>()) < 0 ? -EFAULT : signal;
}

/** rt_sigtimedwait(set, info, timeout, size). */
export function sysRtSigtimedwait(set: u32, info: u32, timeout: u32, size: u32): i32 {
  let length: u64 = 0n;
  if (timeout !== 0) {
    const error = readTimespec(timeout, addrOf(length));
    if (error < 0) return error;
  }
  return sigtimedwait(set, info, timeout === 0 ? NEVER : monotonicNs() + length, size);
}

/** rt_sigtimedwait_time64(set, info, timeout, size). */
export function sysRtSigtimedwaitTime64(set: u32, info: u32, timeout: u32, size: u32): i32 {
  let length: u64 = 0n;
  if (timeout !== 0) {
    const error = readTimespec64(timeout, addrOf(length));
    if (error < 0) return error;
  }
  return sigtimedwait(set, info, timeout === 0 ? NEVER : monotonicNs() + length, size);
}

// ---------------------------------------------------------------------------------------------------------------------
// The alternate stack, and the way back from handlers.

/** Sets the alternate stack as `stack` says. 0, -EPERM (in use), -EINVAL, -ENOMEM (too small). */
function setAltStack(task: Task, stack: SigaltStack, esp: u32): i32 {
  if (isOnAltStack(task, esp)) return -EPERM;
  const mode = stack.ss_flags & ~SS_AUTODISARM;
  if (mode !== 0 && mode !== SS_DISABLE && mode !== SS_ONSTACK) return -EINVAL;
  if (mode !== SS_DISABLE && stack.ss_size < MINSIGSTKSZ) return -ENOMEM;
  task.altStackDisarms = (stack.ss_flags & SS_AUTODISARM) !== 0;
  if (mode === SS_DISABLE) {
    task.altStack = 0;
    task.altStackSize = 0;
    return 0;
  }
  task.altStack = stack.ss_sp;
  task.altStackSize = stack.ss_size;
  return 0;
}

/** sigaltstack(fresh, old). */
export function sysSigaltstack(fresh: u32, old: u32): i32 {
  const task = current();
  const esp = userFrame(task).esp;
  const before = zeroed<Inline<SigaltStack>>();
  before.ss_sp = task.altStack;
  before.ss_size = task.altStackSize;
  before.ss_flags = altStackFlags(task, esp);
  if (fresh !== 0) {
    const wanted = zeroed<Inline<SigaltStack>>();
    if (copyFromUser(ptr<u8>(wanted), fresh, sizeof<SigaltStack>()) < 0) return -EFAULT;
    const error = setAltStack(task, wanted, esp);
    if (error < 0) return error;
  }
  return old === 0 ? 0 : copyToUser(old, ptr<u8>(before), sizeof<SigaltStack>());
}

/** A frame that cannot be read is a program gone wrong: SIGSEGV. */
function finishSigreturn(task: Task, error: i32, mask: SignalSet): i32 {
  if (error < 0) {
    forceSignal(SIGSEGV, SI_KERNEL, 0);
    return 0;
  }
  setBlocked(task, mask);
  return i32(userFrame(task).eax); // the dispatcher stores it where it is already
}

/** sigreturn(): made by the stub that a handler returns to. */
export function sysSigreturn(): i32 {
  const task = current();
  let mask: SignalSet = 0n;
  const error = popFrame(task, userFrame(task), addrOf(mask));
  return finishSigreturn(task, error, mask);
}

/** rt_sigreturn(). */
export function sysRtSigreturn(): i32 {
  const task = current();
  let mask: SignalSet = 0n;
  const stack = zeroed<Inline<SigaltStack>>();
  const error = popRtFrame(task, userFrame(task), addrOf(mask), stack);
  if (error === 0) setAltStack(task, stack, userFrame(task).esp); // as it was; nobody hears of an error
  return finishSigreturn(task, error, mask);
}
