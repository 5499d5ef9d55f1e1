/*
 * System calls about time: clocks, sleeping, the alarm.
 *
 * All clocks but those of CPU use are the machine's one clock (arch/x86/clock.ts): monotonic since boot, or real time,
 * which is the same plus the date at boot. sysClock.ts sets the latter.
 *
 * The i386 ABI has each call twice: with 32-bit seconds, and with 64-bit ones (…64, …_time64).
 *
 * @source clock_gettime(2), nanosleep(2), clock_nanosleep(2), gettimeofday(2), getitimer(2), alarm(2), times(2).
 */

import { EFAULT, EINTR, EINVAL, ERESTART_RESTARTBLOCK, ERESTARTNOHAND } from '../abi/errno.ts';
import { SIGALRM } from '../abi/signal.ts';
import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
  ITIMER_PROF,
  ITIMER_REAL,
  type Itimerval,
  TIMER_ABSTIME,
  type Timespec,
  type Timespec64,
  type Timeval,
  type Timezone,
  type Tms,
} from '../abi/time.ts';
import { monotonicNs, realtimeNs, TICK_NS } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser, putUser32 } from '../arch/x86/userCopy.ts';
import { sendKernelSignal } from './signalSend.ts';
import { sleepUntil, sleepUntilDate } from './sleep.ts';
import { currentProcessTicks } from './sysResource.ts';
import { type Process, type RestartBlock } from './task.ts';
import { type CpuTimer, getCpuTimer, setCpuTimer } from './cpuTimers.ts';
import { isCpuClock, readCpuClock } from './cpuClocks.ts';
import { type TimerSetting } from './intervalTimer.ts';
import { findProcess, firstThread, lockTasks, nextThread, type TaskListLock } from './taskList.ts';
import { armTimer, disarmTimer } from './timer.ts';

const NS_PER_SECOND: u64 = 1000000000n;
/** Longer sleeps than this (in seconds) are cut: some 292 years. */
const MAX_SECONDS: u64 = 9000000000n;

// ---------------------------------------------------------------------------------------------------------------------
// Records.

/** Nanoseconds of a time with seconds and a fraction; -EINVAL if it is negative or not normal. */
function toNs(seconds: i64, nanoseconds: i32, result: Ptr<u64>): i32 {
  if (seconds < 0n || nanoseconds < 0 || nanoseconds >= 1000000000) return -EINVAL;
  const whole = u64(seconds) > MAX_SECONDS ? MAX_SECONDS : u64(seconds);
  result[0] = whole * NS_PER_SECOND + u64(u32(nanoseconds));
  return 0;
}

/** Reads a Timespec: nanoseconds to `result`. 0, -EFAULT or -EINVAL. */
export function readTimespec(address: u32, result: Ptr<u64>): i32 {
  const record = uninitialized<Inline<Timespec>>();
  if (copyFromUser(ptr<u8>(record), address, sizeof<Timespec>()) < 0) return -EFAULT;
  return toNs(i64(record.tv_sec), record.tv_nsec, result);
}

/** Reads a Timespec64: nanoseconds to `result`. 0, -EFAULT or -EINVAL. */
export function readTimespec64(address: u32, result: Ptr<u64>): i32 {
  const record = uninitialized<Inline<Timespec64>>();
  if (copyFromUser(ptr<u8>(record), address, sizeof<Timespec64>()) < 0) return -EFAULT;
  return toNs(record.tv_sec, record.tv_nsec, result);
}

/** Writes nanoseconds as a Timespec. 0 or -EFAULT. */
export function writeTimespec(address: u32, ns: u64): i32 {
  const record = zeroed<Inline<Timespec>>();
  record.tv_sec = i32(ns / NS_PER_SECOND);
  record.tv_nsec = i32(ns % NS_PER_SECOND);
  return copyToUser(address, ptr<u8>(record), sizeof<Timespec>());
}

/** Writes nanoseconds as a Timespec64. 0 or -EFAULT. */
export function writeTimespec64(address: u32, ns: u64): i32 {
  const record = zeroed<Inline<Timespec64>>();
  record.tv_sec = i64(ns / NS_PER_SECOND);
  record.tv_nsec = i32(ns % NS_PER_SECOND);
  return copyToUser(address, ptr<u8>(record), sizeof<Timespec64>());
}

/** Reads an Itimerspec or, if `wide`, one of 64-bit seconds. 0, -EFAULT or -EINVAL. */
export function readTimerSetting(address: u32, wide: boolean, setting: TimerSetting): i32 {
  const size = wide ? sizeof<Timespec64>() : sizeof<Timespec>();
  const read = wide ? readTimespec64 : readTimespec;
  const error = read(address, addrOf(setting.interval));
  return error < 0 ? error : read(address + size, addrOf(setting.value));
}

/** Writes it likewise. 0 or -EFAULT. */
export function writeTimerSetting(address: u32, wide: boolean, setting: TimerSetting): i32 {
  const size = wide ? sizeof<Timespec64>() : sizeof<Timespec>();
  const write = wide ? writeTimespec64 : writeTimespec;
  return write(address, setting.interval) < 0 ? -EFAULT : write(address + size, setting.value);
}

function fillTimeval(record: Timeval, ns: u64): void {
  record.tv_sec = i32(ns / NS_PER_SECOND);
  record.tv_usec = i32((ns % NS_PER_SECOND) / 1000n);
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading clocks.

/** What a clock shows, in nanoseconds. 0 or -EINVAL (no such clock). */
function readClock(clock: u32, result: Ptr<u64>): i32 {
  const task = current();
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
      result[0] = realtimeNs();
      return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
      result[0] = monotonicNs();
      return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
      result[0] = u64(currentProcessTicks()) * TICK_NS;
      return 0;
    case CLOCK_THREAD_CPUTIME_ID:
      result[0] = u64(task.utime + task.stime) * TICK_NS;
      return 0;
    default:
      return isCpuClock(clock) ? readCpuClock(clock, result) : -EINVAL;
  }
}

/** clock_gettime(clock, time). */
export function sysClockGettime(clock: u32, address: u32): i32 {
  let ns: u64 = 0n;
  const error = readClock(clock, addrOf(ns));
  return error < 0 ? error : writeTimespec(address, ns);
}

/** clock_gettime64(clock, time). */
export function sysClockGettime64(clock: u32, address: u32): i32 {
  let ns: u64 = 0n;
  const error = readClock(clock, addrOf(ns));
  return error < 0 ? error : writeTimespec64(address, ns);
}

/** The steps in which a clock advances: those of CPU use and the coarse ones by ticks. */
function resolution(clock: u32, result: Ptr<u64>): i32 {
  const isTicked =
    clock === CLOCK_REALTIME_COARSE ||
    clock === CLOCK_MONOTONIC_COARSE ||
    clock === CLOCK_PROCESS_CPUTIME_ID ||
    clock === CLOCK_THREAD_CPUTIME_ID;
  result[0] = isTicked || isCpuClock(clock) ? TICK_NS : 1n;
  let ignored: u64 = 0n;
  if (isCpuClock(clock)) return readCpuClock(clock, addrOf(ignored));
  return clock <= CLOCK_BOOTTIME || clock === CLOCK_TAI ? 0 : -EINVAL;
}

/** clock_getres(clock, resolution). */
export function sysClockGetres(clock: u32, address: u32): i32 {
  let ns: u64 = 0n;
  const error = resolution(clock, addrOf(ns));
  return error < 0 || address === 0 ? error : writeTimespec(address, ns);
}

/** clock_getres_time64(clock, resolution). */
export function sysClockGetresTime64(clock: u32, address: u32): i32 {
  let ns: u64 = 0n;
  const error = resolution(clock, addrOf(ns));
  return error < 0 || address === 0 ? error : writeTimespec64(address, ns);
}

/** time(address): seconds since 1970. */
export function sysTime(address: u32): i32 {
  const seconds = u32(realtimeNs() / NS_PER_SECOND);
  if (address !== 0 && putUser32(address, seconds) < 0) return -EFAULT;
  return i32(seconds);
}

/** gettimeofday(time, zone): the zone is always UTC. */
export function sysGettimeofday(address: u32, zone: u32): i32 {
  if (address !== 0) {
    const record = zeroed<Inline<Timeval>>();
    fillTimeval(record, realtimeNs());
    if (copyToUser(address, ptr<u8>(record), sizeof<Timeval>()) < 0) return -EFAULT;
  }
  if (zone !== 0) {
    const record = zeroed<Inline<Timezone>>();
    if (copyToUser(zone, ptr<u8>(record), sizeof<Timezone>()) < 0) return -EFAULT;
  }
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Sleeping.

/** Where to write what is left of an interrupted sleep, and how wide. */
const REMAINING_NONE = 0;
const REMAINING_32 = 1;
const REMAINING_64 = 2;

function writeRemaining(address: u32, width: u32, ns: u64): i32 {
  if (address === 0 || width === REMAINING_NONE) return 0;
  return width === REMAINING_32 ? writeTimespec(address, ns) : writeTimespec64(address, ns);
}

/** Sleeps until `deadline`. Interrupted: what is left is written, and restart_syscall will sleep for that. */
function sleepRestartable(deadline: u64, address: u32, width: u32): i32 {
  const left = sleepUntil(deadline);
  if (left === 0n) return 0;
  if (writeRemaining(address, width, left) < 0) return -EFAULT;
  const block = current().restart;
  block.call = width === REMAINING_64 ? resumeSleep64 : resumeSleep;
  block.deadline = deadline;
  block.argument = address;
  return -ERESTART_RESTARTBLOCK;
}

function resumeSleep(block: RestartBlock): i32 {
  return sleepRestartable(block.deadline, block.argument, REMAINING_32);
}

function resumeSleep64(block: RestartBlock): i32 {
  return sleepRestartable(block.deadline, block.argument, REMAINING_64);
}

/** restart_syscall(): goes on with what a signal without a handler has interrupted. */
export function sysRestartSyscall(): i32 {
  const block = current().restart;
  const call = block.call;
  if (call === null) return -EINTR;
  block.call = null;
  return call(block);
}

/** nanosleep(length, remaining). */
export function sysNanosleep(request: u32, remaining: u32): i32 {
  let length: u64 = 0n;
  const error = readTimespec(request, addrOf(length));
  if (error < 0) return error;
  return sleepRestartable(monotonicNs() + length, remaining, REMAINING_32);
}

/** A clock's time as time since boot, for those clocks that can be slept by; 0: -EINVAL. */
function isSleepable(clock: u32): boolean {
  return clock === CLOCK_REALTIME || clock === CLOCK_MONOTONIC || clock === CLOCK_BOOTTIME;
}

function clockNanosleep(clock: u32, flags: u32, time: u64, remaining: u32, width: u32): i32 {
  if (!isSleepable(clock)) return -EINVAL;
  const now = monotonicNs();
  if ((flags & TIMER_ABSTIME) === 0) return sleepRestartable(now + time, remaining, width);
  // An absolute sleep begins anew with the same arguments.
  if (clock === CLOCK_REALTIME) return sleepUntilDate(time);
  return sleepUntil(time) === 0n ? 0 : -ERESTARTNOHAND;
}

/** clock_nanosleep(clock, flags, time, remaining). */
export function sysClockNanosleep(clock: u32, flags: u32, request: u32, remaining: u32): i32 {
  let time: u64 = 0n;
  const error = readTimespec(request, addrOf(time));
  return error < 0 ? error : clockNanosleep(clock, flags, time, remaining, REMAINING_32);
}

/** clock_nanosleep_time64(clock, flags, time, remaining). */
export function sysClockNanosleepTime64(clock: u32, flags: u32, request: u32, remaining: u32): i32 {
  let time: u64 = 0n;
  const error = readTimespec64(request, addrOf(time));
  return error < 0 ? error : clockNanosleep(clock, flags, time, remaining, REMAINING_64);
}

// ---------------------------------------------------------------------------------------------------------------------
// The alarm.

//
// It is set, read and rung under (T): threads that set it at once do so one after the other, and the timer's call, which may
// have been on its way meanwhile, sees by the deadline whether it is still meant.

/** The alarm at one moment. */
class Alarm {
  left: u64; // nanoseconds; 0: it is off
  interval: u64;
}

/** The timer's call: SIGALRM, and the next round of a periodic one. In the timer interrupt. */
function ringAlarm(pid: u32): void {
  using tasks = lockTasks();
  const process = findProcess(pid, tasks);
  if (process === null) return;
  const now = monotonicNs();
  const deadline = process.alarmDeadline;
  if (deadline === 0n || now < deadline) return; // it has been set anew
  const interval = process.alarmInterval;
  // Rounds are counted from the first deadline, so that lateness does not add up; those that are over already are left out.
  process.alarmDeadline = interval === 0n ? 0n : deadline + ((now - deadline) / interval + 1n) * interval;
  if (interval !== 0n) armTimer(process.alarmTimer, process.alarmDeadline, ringAlarm, pid);
  sendKernelSignal(process, SIGALRM, tasks);
}

function readAlarm(process: Process, alarm: Alarm, _tasks: Held<TaskListLock>): void {
  const now = monotonicNs();
  const deadline = process.alarmDeadline;
  if (deadline !== 0n) alarm.left = deadline > now ? deadline - now : 1n;
  alarm.interval = process.alarmInterval;
}

/** Sets the real-time alarm, and tells the old one. A `value` of 0 turns it off. */
function setAlarm(value: u64, interval: u64, before: Alarm): void {
  using tasks = lockTasks();
  const process = current().process;
  readAlarm(process, before, tasks);
  if (value === 0n) {
    process.alarmDeadline = 0n;
    process.alarmInterval = 0n;
    disarmTimer(process.alarmTimer);
    return;
  }
  process.alarmDeadline = monotonicNs() + value;
  process.alarmInterval = interval;
  armTimer(process.alarmTimer, process.alarmDeadline, ringAlarm, process.pid);
}

/** alarm(seconds): what was left of the last one, in seconds, rounded, but not to 0. */
export function sysAlarm(seconds: u32): i32 {
  const before = zeroed<Inline<Alarm>>();
  setAlarm(u64(seconds) * NS_PER_SECOND, 0n, before);
  const left = before.left;
  if (left === 0n) return 0;
  const rounded = i32((left + NS_PER_SECOND / 2n) / NS_PER_SECOND);
  return rounded === 0 ? 1 : rounded;
}

function timevalNs(record: Timeval, result: Ptr<u64>): i32 {
  if (record.tv_usec < 0 || record.tv_usec >= 1000000) return -EINVAL;
  return toNs(i64(record.tv_sec), record.tv_usec * 1000, result);
}

function cpuTimerOf(process: Process, which: u32): CpuTimer {
  return which === ITIMER_PROF ? process.profilingTimer : process.virtualTimer;
}

/** getitimer(which, value). */
export function sysGetitimer(which: u32, address: u32): i32 {
  if (which > ITIMER_PROF) return -EINVAL;
  const record = zeroed<Inline<Itimerval>>();
  const process = current().process;
  const timer = zeroed<Inline<Alarm>>();
  if (which === ITIMER_REAL) {
    using tasks = lockTasks();
    readAlarm(process, timer, tasks);
  } else getCpuTimer(cpuTimerOf(process, which), addrOf(timer.left), addrOf(timer.interval));
  fillTimeval(record.it_value, timer.left);
  fillTimeval(record.it_interval, timer.interval);
  return copyToUser(address, ptr<u8>(record), sizeof<Itimerval>());
}

/** setitimer(which, value, old). */
export function sysSetitimer(which: u32, fresh: u32, old: u32): i32 {
  if (which > ITIMER_PROF) return -EINVAL;
  const record = zeroed<Inline<Itimerval>>();
  if (fresh !== 0 && copyFromUser(ptr<u8>(record), fresh, sizeof<Itimerval>()) < 0) return -EFAULT;
  let value: u64 = 0n;
  let interval: u64 = 0n;
  if (timevalNs(record.it_value, addrOf(value)) < 0) return -EINVAL;
  if (timevalNs(record.it_interval, addrOf(interval)) < 0) return -EINVAL;
  const before = zeroed<Inline<Alarm>>();
  if (which === ITIMER_REAL) setAlarm(value, interval, before);
  else {
    const timer = cpuTimerOf(current().process, which);
    setCpuTimer(timer, value, interval, addrOf(before.left), addrOf(before.interval));
  }
  if (old === 0) return 0;
  fillTimeval(record.it_value, before.left);
  fillTimeval(record.it_interval, before.interval);
  return copyToUser(old, ptr<u8>(record), sizeof<Itimerval>());
}

function fillTimes(record: Tms): void {
  using tasks = lockTasks();
  const process = current().process;
  record.tms_utime = process.utime;
  record.tms_stime = process.stime;
  record.tms_cutime = process.childrenUtime;
  record.tms_cstime = process.childrenStime;
  for (let task = firstThread(process, tasks); task !== null; task = nextThread(task, tasks)) {
    record.tms_utime += task.utime;
    record.tms_stime += task.stime;
  }
}

/** times(record): ticks of CPU time; returns the ticks since boot. */
export function sysTimes(address: u32): i32 {
  if (address !== 0) {
    const record = zeroed<Inline<Tms>>();
    fillTimes(record);
    if (copyToUser(address, ptr<u8>(record), sizeof<Tms>()) < 0) return -EFAULT;
  }
  return i32(u32(monotonicNs() / TICK_NS));
}
