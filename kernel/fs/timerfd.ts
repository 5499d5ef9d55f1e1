/*
 * System calls: timerfd_create, timerfd_settime, timerfd_gettime. A timer behind a descriptor, which is readable when it has
 * expired; a read takes the number of times.
 *
 * Locking. That of the timer (proc/intervalTimer.ts). Who waits sleeps on `readers`.
 *
 * @source timerfd_create(2).
 */

import { EAGAIN, EBADF, ECANCELED, EFAULT, EINVAL, ENOMEM, EPERM, ERESTARTSYS } from '../abi/errno.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../abi/fcntl.ts';
import { POLLIN } from '../abi/poll.ts';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  TFD_TIMER_ABSTIME,
  TFD_TIMER_CANCEL_ON_SET,
} from '../abi/time.ts';
import { current } from '../arch/x86/cpu.ts';
import { allocate, kfree } from '../mm/slab.ts';
import {
  hasExpired,
  initIntervalTimer,
  type IntervalTimer,
  readIntervalTimer,
  setIntervalTimer,
  stopIntervalTimer,
  takeDateWasSet,
  takeExpirations,
  type TimerSetting,
} from '../proc/intervalTimer.ts';
import { schedule, signalPending } from '../proc/scheduler.ts';
import { readTimerSetting, writeTimerSetting } from '../proc/sysTime.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { anonymousSeek, openAnonymous } from './anonymousFile.ts';
import { getFileOf } from './descriptor.ts';
import { type File, type FileOperations, putFile } from './file.ts';
import { type Inode } from './inode.ts';
import { type PollTable } from './poll.ts';
import { type Transfer } from './transfer.ts';

class TimerFile {
  timer: Inline<IntervalTimer>;
  readers: Inline<WaitQueue>;
  clock: u32; // (C)
  /** A read is to fail once when the date was set. */
  isCanceledOnSet: boolean;
}

const fileOperations = zeroed<Inline<FileOperations>>();

export function initTimerfd(): void {
  fileOperations.read = timerRead;
  fileOperations.poll = timerPoll;
  fileOperations.seek = anonymousSeek;
  fileOperations.release = timerRelease;
}

function timerOf(file: File): TimerFile {
  return as<TimerFile>(file.data);
}

/** The timer has expired, or the date was set. In the timer interrupt. */
function wakeTimerReaders(argument: u32): void {
  as<TimerFile>(argument).readers.wakeAll();
}

/** Takes the number of expirations. 0; -EAGAIN: none; -ECANCELED. */
function tryTake(it: TimerFile, count: Ptr<u64>): i32 {
  if (it.isCanceledOnSet && takeDateWasSet(it.timer)) return -ECANCELED;
  count[0] = takeExpirations(it.timer);
  return count[0] === 0n ? -EAGAIN : 0;
}

function waitToTake(file: File, count: Ptr<u64>): i32 {
  const it = timerOf(file);
  let result = tryTake(it, count);
  if (result !== -EAGAIN || (file.flags & O_NONBLOCK) !== 0) return result;
  const entry = zeroed<Inline<WaitEntry>>();
  for (;;) {
    it.readers.prepare(entry, true);
    result = tryTake(it, count);
    if (result !== -EAGAIN) break;
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    schedule();
  }
  it.readers.finish(entry);
  return result;
}

function timerRead(file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  if (transfer.remaining < 8) return -EINVAL;
  let count: u64 = 0n;
  const error = waitToTake(file, addrOf(count));
  if (error !== 0) return error;
  return transfer.copyOut(ptr<u8>(addrOf(count)), 8) === 8 ? 8 : -EFAULT;
}

function timerPoll(file: File, table: PollTable | null): u32 {
  const it = timerOf(file);
  if (table !== null) table.waitOn(file, it.readers);
  return hasExpired(it.timer) || (it.isCanceledOnSet && reload<boolean>(it.timer.dateWasSet)) ? POLLIN : 0;
}

function timerRelease(_inode: Inode, file: File): void {
  const it = timerOf(file);
  stopIntervalTimer(it.timer);
  kfree(it);
}

/** Is it a clock whose timers would wake a machine that sleeps? This one never does: they are like the others. */
function wakesMachine(clock: u32): boolean {
  return clock === CLOCK_REALTIME_ALARM || clock === CLOCK_BOOTTIME_ALARM;
}

function isClock(clock: u32): boolean {
  return clock === CLOCK_REALTIME || clock === CLOCK_MONOTONIC || clock === CLOCK_BOOTTIME || wakesMachine(clock);
}

/** timerfd_create(clock, flags). */
export function sysTimerfdCreate(clock: u32, flags: u32): i32 {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -EINVAL;
  if (!isClock(clock)) return -EINVAL;
  if (wakesMachine(clock) && current().credentials.euid !== 0) return -EPERM;
  const it = allocate<TimerFile>();
  if (it === null) return -ENOMEM;
  it.clock = clock;
  it.readers.init();
  initIntervalTimer(it.timer, wakeTimerReaders, u32(it));
  const fd = openAnonymous('anon_inode:[timerfd]', fileOperations, u32(it), O_RDWR | flags);
  if (fd < 0) kfree(it);
  return fd;
}

function setFile(file: File, flags: u32, setting: TimerSetting, before: TimerSetting): i32 {
  if (file.operations !== fileOperations) return -EINVAL;
  const it = timerOf(file);
  const isAbsolute = (flags & TFD_TIMER_ABSTIME) !== 0;
  const isRealtime = it.clock === CLOCK_REALTIME || it.clock === CLOCK_REALTIME_ALARM;
  it.isCanceledOnSet = isAbsolute && isRealtime && (flags & TFD_TIMER_CANCEL_ON_SET) !== 0;
  setIntervalTimer(it.timer, setting, isAbsolute, isRealtime, before);
  return 0;
}

function settime(fd: u32, flags: u32, fresh: u32, old: u32, wide: boolean): i32 {
  const setting = zeroed<Inline<TimerSetting>>();
  const before = zeroed<Inline<TimerSetting>>();
  let error = readTimerSetting(fresh, wide, setting);
  if (error === 0 && (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) !== 0) error = -EINVAL;
  if (error !== 0) return error;
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  error = setFile(file, flags, setting, before);
  putFile(file);
  return error !== 0 || old === 0 ? error : writeTimerSetting(old, wide, before);
}

/** timerfd_settime(fd, flags, setting, old). */
export function sysTimerfdSettime(fd: u32, flags: u32, fresh: u32, old: u32): i32 {
  return settime(fd, flags, fresh, old, false);
}

/** timerfd_settime64(fd, flags, setting, old). */
export function sysTimerfdSettime64(fd: u32, flags: u32, fresh: u32, old: u32): i32 {
  return settime(fd, flags, fresh, old, true);
}

function gettime(fd: u32, address: u32, wide: boolean): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const setting = zeroed<Inline<TimerSetting>>();
  const isTimer = file.operations === fileOperations;
  if (isTimer) readIntervalTimer(timerOf(file).timer, setting);
  putFile(file);
  return isTimer ? writeTimerSetting(address, wide, setting) : -EINVAL;
}

/** timerfd_gettime(fd, setting). */
export function sysTimerfdGettime(fd: u32, address: u32): i32 {
  return gettime(fd, address, false);
}

/** timerfd_gettime64(fd, setting). */
export function sysTimerfdGettime64(fd: u32, address: u32): i32 {
  return gettime(fd, address, true);
}
