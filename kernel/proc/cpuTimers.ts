/*
 * Timers that run while a process computes: ITIMER_VIRTUAL counts what it does in user mode, ITIMER_PROF what the kernel
 * does for it as well. And the limits on all it may compute, RLIMIT_CPU, and on what a thread under a real-time policy may
 * compute without a sleep, RLIMIT_RTTIME.
 *
 * CPU time is accounted in ticks, so that is how finely they count: each tick takes its length off those timers that the
 * interrupted thread's process has.
 *
 * Locking. (T) guards the timers. The tick looks at what it needs to know before without it, as nearly nobody has any.
 *
 * @source getitimer(2); getrlimit(2), RLIMIT_CPU and RLIMIT_RTTIME.
 */

import { RLIM_INFINITY, RLIMIT_CPU, RLIMIT_RTTIME } from '../abi/resource.ts';
import { SIGKILL, SIGPROF, SIGVTALRM, SIGXCPU } from '../abi/signal.ts';
import { TICK_NS } from '../arch/x86/clock.ts';
import { sendKernelSignal } from './signalSend.ts';
import { type Process, type Task } from './task.ts';
import { firstThread, lockTasks, nextThread, type TaskListLock } from './taskList.ts';

const US_PER_TICK: u64 = 10000n;
const US_PER_SECOND: u32 = 1000000;

/** One of the two. */
export class CpuTimer {
  left: u64; // (T) nanoseconds, 0: off
  interval: u64; // (T) nanoseconds, 0: once
}

/** Sets a timer; `left` and `interval` get what it had. */
export function setCpuTimer(timer: CpuTimer, value: u64, period: u64, left: Ptr<u64>, interval: Ptr<u64>): void {
  using _tasks = lockTasks();
  left[0] = timer.left;
  interval[0] = timer.interval;
  timer.left = value;
  timer.interval = period;
}

/** What a timer has. */
export function getCpuTimer(timer: CpuTimer, left: Ptr<u64>, interval: Ptr<u64>): void {
  using _tasks = lockTasks();
  left[0] = timer.left;
  interval[0] = timer.interval;
}

/** Takes a tick off. True: the timer has run out. */
function countDown(timer: CpuTimer, _tasks: Held<TaskListLock>): boolean {
  if (timer.left === 0n) return false;
  if (timer.left > TICK_NS) {
    timer.left -= TICK_NS;
    return false;
  }
  timer.left = timer.interval;
  return true;
}

/** Ticks that all threads of the process have computed. */
function ticksOf(process: Process, tasks: Held<TaskListLock>): u32 {
  let sum = process.utime + process.stime;
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    sum += task.utime + task.stime;
  }
  return sum;
}

/** SIGXCPU when the soft limit is reached, and each second from then on; SIGKILL at the hard one. */
function checkLimit(process: Process, tasks: Held<TaskListLock>): void {
  const limit = process.limits[RLIMIT_CPU];
  if (limit.rlim_cur === RLIM_INFINITY) return;
  const seconds = u32((u64(ticksOf(process, tasks)) * TICK_NS) / 1000000000n);
  if (seconds >= limit.rlim_max) sendKernelSignal(process, SIGKILL, tasks);
  else if (seconds >= limit.rlim_cur) {
    limit.rlim_cur = seconds + 1;
    sendKernelSignal(process, SIGXCPU, tasks);
  }
}

/** The same for the microseconds that a thread has computed under a real-time policy since it slept. */
function checkRealtimeLimit(task: Task, tasks: Held<TaskListLock>): void {
  const limit = task.process.limits[RLIMIT_RTTIME];
  if (limit.rlim_cur === RLIM_INFINITY || task.realtimePriority === 0) return;
  const used = u64(task.realtimeUse) * US_PER_TICK;
  if (used >= u64(limit.rlim_max)) sendKernelSignal(task.process, SIGKILL, tasks);
  else if (used >= u64(limit.rlim_cur)) {
    limit.rlim_cur += US_PER_SECOND;
    sendKernelSignal(task.process, SIGXCPU, tasks);
  }
}

/** Does the process have a limit on what it may compute? */
function isLimited(process: Process): boolean {
  const limits = process.limits;
  return limits[RLIMIT_CPU].rlim_cur !== RLIM_INFINITY || limits[RLIMIT_RTTIME].rlim_cur !== RLIM_INFINITY;
}

/**
 * Accounts a tick of `task`, the current one, which it has interrupted. Interrupts are off. A task that has left its process
 * is passed over: from then on somebody may wait for the process, and free it. Nobody but itself makes it leave.
 */
export function cpuTimersTick(task: Task, inUserMode: boolean): void {
  if (!task.threadLink.isLinked()) return;
  const process = task.process;
  if (task.realtimePriority !== 0) task.realtimeUse++;
  if (process.isKernel) return;
  if (!isLimited(process) && process.virtualTimer.left === 0n && process.profilingTimer.left === 0n) return;
  using tasks = lockTasks();
  if (inUserMode && countDown(process.virtualTimer, tasks)) sendKernelSignal(process, SIGVTALRM, tasks);
  if (countDown(process.profilingTimer, tasks)) sendKernelSignal(process, SIGPROF, tasks);
  checkLimit(process, tasks);
  checkRealtimeLimit(task, tasks);
}
