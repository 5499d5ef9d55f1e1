/*
 * System calls: timer_create, timer_settime, timer_gettime, timer_getoverrun, timer_delete. The timers themselves are in
 * posixTimers.ts. Clocks of CPU use have none.
 *
 * @source timer_create(2), timer_settime(2), timer_getoverrun(2), timer_delete(2).
 */

import { EAGAIN, EFAULT, EINVAL } from '../abi/errno.ts';
import {
  NSIG,
  SIGALRM,
  SIGEV_NONE,
  SIGEV_SIGNAL,
  SIGEV_THREAD,
  SIGEV_THREAD_ID,
  type Sigevent,
} from '../abi/signal.ts';
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_TAI, TIMER_ABSTIME } from '../abi/time.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, putUser32 } from '../arch/x86/userCopy.ts';
import { readIntervalTimer, setIntervalTimer, type TimerSetting } from './intervalTimer.ts';
import { createTimer, deleteTimer, findTimer, lockTimers, type PosixTimer } from './posixTimers.ts';
import { readTimerSetting, writeTimerSetting } from './sysTime.ts';
import { findTask, lockTasks } from './taskList.ts';

/** Is it a thread of the current process? */
function isOwnThread(tid: u32): boolean {
  using tasks = lockTasks();
  const task = findTask(tid, tasks);
  return task !== null && task.process === current().process;
}

/** Is that a way in which a timer can tell? */
function isSound(event: Sigevent): boolean {
  const signal = event.sigev_signo;
  switch (event.sigev_notify) {
    case SIGEV_NONE:
      return true;
    case SIGEV_THREAD_ID | SIGEV_SIGNAL:
      return isOwnThread(event.sigev_tid) && signal >= 1 && signal <= i32(NSIG);
    case SIGEV_SIGNAL:
    case SIGEV_THREAD: // for the kernel that is the same: the C library makes the thread
      return signal >= 1 && signal <= i32(NSIG);
    default:
      return false;
  }
}

/** Is there such a clock for timers? */
function isTimerClock(clock: u32): boolean {
  return clock === CLOCK_REALTIME || clock === CLOCK_MONOTONIC || clock === CLOCK_BOOTTIME || clock === CLOCK_TAI;
}

function create(event: Sigevent, clock: u32, hasValue: boolean, idAddress: u32): i32 {
  using timers = lockTimers();
  const timer = createTimer(timers);
  if (timer === null) return -EAGAIN;
  timer.isRealtime = clock === CLOCK_REALTIME || clock === CLOCK_TAI;
  timer.notify = event.sigev_notify;
  timer.signal = event.sigev_signo;
  timer.thread = event.sigev_tid;
  timer.value = hasValue ? event.sigev_value : timer.id;
  if (putUser32(idAddress, timer.id) === 0) return 0;
  deleteTimer(timer, timers);
  return -EFAULT;
}

/** timer_create(clock, event, id): without an event, SIGALRM with the number as its value. */
export function sysTimerCreate(clock: u32, address: u32, idAddress: u32): i32 {
  if (!isTimerClock(clock)) return -EINVAL;
  const event = zeroed<Inline<Sigevent>>();
  event.sigev_signo = SIGALRM;
  if (address !== 0) {
    if (copyFromUser(ptr<u8>(event), address, sizeof<Sigevent>()) !== 0) return -EFAULT;
    if (!isSound(event)) return -EINVAL;
  }
  return create(event, clock, address !== 0, idAddress);
}

/** timer_delete(id). */
export function sysTimerDelete(id: u32): i32 {
  using timers = lockTimers();
  const timer = findTimer(current().process, id, timers);
  if (timer === null) return -EINVAL;
  deleteTimer(timer, timers);
  return 0;
}

/** timer_getoverrun(id). */
export function sysTimerGetoverrun(id: u32): i32 {
  using timers = lockTimers();
  const timer = findTimer(current().process, id, timers);
  return timer === null ? -EINVAL : i32(reload<u32>(timer.overrun));
}

function setTimer(timer: PosixTimer, flags: u32, setting: TimerSetting, before: TimerSetting): void {
  setIntervalTimer(timer.interval, setting, (flags & TIMER_ABSTIME) !== 0, timer.isRealtime, before);
}

function settime(id: u32, flags: u32, fresh: u32, old: u32, wide: boolean): i32 {
  if (fresh === 0) return -EINVAL;
  const setting = zeroed<Inline<TimerSetting>>();
  const before = zeroed<Inline<TimerSetting>>();
  const error = readTimerSetting(fresh, wide, setting);
  if (error < 0) return error;
  {
    using timers = lockTimers();
    const timer = findTimer(current().process, id, timers);
    if (timer === null) return -EINVAL;
    setTimer(timer, flags, setting, before);
  }
  return old === 0 ? 0 : writeTimerSetting(old, wide, before);
}

/** timer_settime(id, flags, setting, old). */
export function sysTimerSettime(id: u32, flags: u32, fresh: u32, old: u32): i32 {
  return settime(id, flags, fresh, old, false);
}

/** timer_settime64(id, flags, setting, old). */
export function sysTimerSettime64(id: u32, flags: u32, fresh: u32, old: u32): i32 {
  return settime(id, flags, fresh, old, true);
}

function gettime(id: u32, address: u32, wide: boolean): i32 {
  const setting = zeroed<Inline<TimerSetting>>();
  {
    using timers = lockTimers();
    const timer = findTimer(current().process, id, timers);
    if (timer === null) return -EINVAL;
    readIntervalTimer(timer.interval, setting);
  }
  return writeTimerSetting(address, wide, setting);
}

/** timer_gettime(id, setting). */
export function sysTimerGettime(id: u32, address: u32): i32 {
  return gettime(id, address, false);
}

/** timer_gettime64(id, setting). */
export function sysTimerGettime64(id: u32, address: u32): i32 {
  return gettime(id, address, true);
}
