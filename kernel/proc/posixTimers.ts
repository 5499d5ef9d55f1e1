/*
 * Timers of a process that send it a signal: timer_create(2) and the like.
 *
 * Idea. A timer is an IntervalTimer whose expiration makes a signal pending, with the timer's number and value. While that
 * signal has not been delivered, further expirations only count, as the timer's overrun, in the record that is pending.
 * Whoever takes the signal learns how many there were, and so does timer_getoverrun from then on.
 *
 * A fork inherits none; execve and the end of the process delete all.
 *
 * Locking. One letter per lock:
 *   (M) timersMutex: the system calls, so that no timer goes while one is at it
 *   (S) Process.signalLock, inside (T): the list, which delivery looks at, and what it writes
 *   (C) constant
 * Deleting waits for a callback that is running, which takes (T) and (S); so it holds neither.
 *
 * @source timer_create(2), timer_settime(2), timer_getoverrun(2), timer_delete(2); sigevent(3type).
 */

import { SI_TIMER, SIGEV_NONE, SIGEV_THREAD_ID } from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { type ListHead } from '../lib/list.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { type Mutex } from '../sync/mutex.ts';
import { initIntervalTimer, type IntervalTimer, stopIntervalTimer, takeExpirations } from './intervalTimer.ts';
import { countOverrun, MAX_OVERRUN } from './signalPending.ts';
import { sendSignal, sendSignalToTask } from './signalSend.ts';
import { type SignalInfo } from './signalState.ts';
import { type Process, type SignalLock, type Task } from './task.ts';
import { findTask, lockTasks, type TaskListLock } from './taskList.ts';

/** Class of timersMutex. */
export class TimersMutex {
  declare readonly lock: 'posixTimers';
}

/** Timers that a process may have. */
const MAX_TIMERS: u32 = 1024;

export class PosixTimer {
  link: Inline<ListHead>; // (S) in Process.posixTimers
  id: u32; // (C)
  process: Process; // (C)
  interval: Inline<IntervalTimer>;
  isRealtime: boolean; // (C) its clock is that of the date
  notify: u32; // (C) SIGEV_...
  signal: i32; // (C)
  value: u32; // (C) comes with the signal
  thread: u32; // (C) tid, for SIGEV_THREAD_ID
  isDeleted: boolean; // (S)
  overrun: u32; // (S) of the signal that was taken last
}

const timersMutex = zeroed<Inline<Mutex<TimersMutex>>>();

export function initPosixTimers(): void {
  timersMutex.init('posix timers');
}

/**
 * Takes (M): `using timers = lockTimers()`.
 *
 * @releasedBy unlockTimers
 */
export function lockTimers(): Held<TimersMutex> {
  return timersMutex.lock();
}

/** Releases it. Called by `using`. */
export function unlockTimers(): void {
  timersMutex.unlock();
}

/** The process's timer with that number, or null. */
export function findTimer(process: Process, id: u32, _timers: Held<TimersMutex>): PosixTimer | null {
  using held = process.signalLock.acquireIrqSave();
  return search(process, id, held);
}

function search(process: Process, id: u32, _held: Held<SignalLock>): PosixTimer | null {
  for (let link = process.posixTimers.next; link !== process.posixTimers; link = link.next) {
    const timer = as<PosixTimer>(u32(link) - offsetof<PosixTimer>('link'));
    if (timer.id === id) return timer;
  }
  return null;
}

/** A timer of the current process that is off, in its list under a new number. Null: no memory, or too many. */
export function createTimer(timers: Held<TimersMutex>): PosixTimer | null {
  const timer = allocate<PosixTimer>();
  if (timer === null) return null;
  timer.process = current().process;
  initIntervalTimer(timer.interval, timerExpired, u32(timer));
  if (enter(timer, timers)) return timer;
  kfree(timer);
  return null;
}

/** Gives it the lowest number that is free; they are in order. False: there are too many. */
function enter(timer: PosixTimer, _timers: Held<TimersMutex>): boolean {
  const process = timer.process;
  using _held = process.signalLock.acquireIrqSave();
  let link = process.posixTimers.next;
  let id: u32 = 0;
  while (link !== process.posixTimers && as<PosixTimer>(u32(link) - offsetof<PosixTimer>('link')).id === id) {
    link = link.next;
    id++;
  }
  if (id === MAX_TIMERS) return false;
  timer.id = id;
  link.addBefore(timer.link);
  return true;
}

/** Takes it out and frees it. A signal of it that is pending stays so. @sleeps */
export function deleteTimer(timer: PosixTimer, _timers: Held<TimersMutex>): void {
  takeOut(timer);
  stopIntervalTimer(timer.interval);
  kfree(timer);
}

function takeOut(timer: PosixTimer): void {
  using _held = timer.process.signalLock.acquireIrqSave();
  timer.link.unlink();
  timer.isDeleted = true;
}

/** The process ends, or becomes another program. @sleeps */
export function deleteAllTimers(process: Process): void {
  if (process.posixTimers.isEmpty()) return;
  using timers = lockTimers();
  while (!process.posixTimers.isEmpty()) {
    deleteTimer(as<PosixTimer>(u32(process.posixTimers.next) - offsetof<PosixTimer>('link')), timers);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Expiring.

/** The interval timer's call. In the timer interrupt. */
function timerExpired(argument: u32): void {
  const timer = as<PosixTimer>(argument);
  using tasks = lockTasks();
  const isSilent = reload<boolean>(timer.isDeleted) || timer.notify === SIGEV_NONE;
  if (isSilent) return;
  const count = takeExpirations(timer.interval);
  if (count !== 0n) signalExpirations(timer, count, tasks);
}

/** The thread that gets the signal; null: the process does. False in `isThere`: it has gone. */
function targetOf(timer: PosixTimer, isThere: Ptr<boolean>, tasks: Held<TaskListLock>): Task | null {
  isThere[0] = true;
  if ((timer.notify & SIGEV_THREAD_ID) === 0) return null;
  const task = findTask(timer.thread, tasks);
  isThere[0] = task !== null && task.process === timer.process;
  return isThere[0] ? task : null;
}

/** Sends the signal, or adds to the one that is pending. */
function signalExpirations(timer: PosixTimer, count: u64, tasks: Held<TaskListLock>): void {
  let isThere: boolean = false;
  const target = targetOf(timer, addrOf(isThere), tasks);
  if (!isThere) return;
  const overruns = count > u64(MAX_OVERRUN) ? MAX_OVERRUN : u32(count);
  if (countOverrun(timer.process, target, timer.signal, timer.id, overruns, tasks)) return;
  const info = zeroed<Inline<SignalInfo>>();
  info.signal = timer.signal;
  info.code = SI_TIMER;
  info.pidOrAddress = timer.id;
  info.uid = overruns - 1;
  info.status = timer.value;
  if (target === null) sendSignal(timer.process, info, tasks);
  else sendSignalToTask(target, info, tasks);
}

/** Somebody takes a signal of timer `info.pidOrAddress`: that many overruns it had. */
export function noteTimerSignal(process: Process, info: SignalInfo, held: Held<SignalLock>): void {
  const timer = search(process, info.pidOrAddress, held);
  if (timer !== null) timer.overrun = info.uid;
}
