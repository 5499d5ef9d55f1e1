/*
 * System calls that set the clock.
 *
 * Real time is the monotonic clock plus the date at boot, and it is the latter that is set (arch/x86/clock.ts). Who sleeps
 * until a date looks again then (sleep.ts). Timers and sleeps of a given length are by the monotonic clock, which nobody
 * sets.
 *
 * @source clock_settime(2), settimeofday(2), stime(2).
 *
 * Locking. None: the clock is atomic.
 */

import { EFAULT, EINVAL, EPERM } from '../abi/errno.ts';
import { CLOCK_REALTIME, type Timeval, type Timezone } from '../abi/time.ts';
import { monotonicNs, setRealtimeNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, getUser32 } from '../arch/x86/userCopy.ts';
import { datesChanged } from './intervalTimer.ts';
import { wakeDateSleepers } from './sleep.ts';
import { readTimespec, readTimespec64 } from './sysTime.ts';

const NS_PER_SECOND: u64 = 1000000000n;

/** Sets real time. Nobody but the superuser may, and not to a time before the boot. */
function setDate(ns: u64): i32 {
  if (current().credentials.euid !== 0) return -EPERM;
  if (ns < monotonicNs()) return -EINVAL;
  setRealtimeNs(ns);
  wakeDateSleepers();
  datesChanged();
  return 0;
}

/** clock_settime(clock, time). */
export function sysClockSettime(clock: u32, address: u32): i32 {
  if (clock !== CLOCK_REALTIME) return -EINVAL;
  let ns: u64 = 0n;
  const error = readTimespec(address, addrOf(ns));
  return error < 0 ? error : setDate(ns);
}

/** clock_settime64(clock, time). */
export function sysClockSettime64(clock: u32, address: u32): i32 {
  if (clock !== CLOCK_REALTIME) return -EINVAL;
  let ns: u64 = 0n;
  const error = readTimespec64(address, addrOf(ns));
  return error < 0 ? error : setDate(ns);
}

/** settimeofday(time, zone): the zone is read, and changes nothing. */
export function sysSettimeofday(time: u32, zone: u32): i32 {
  const record = zeroed<Inline<Timeval>>();
  const ignored = zeroed<Inline<Timezone>>();
  if (time !== 0 && copyFromUser(ptr<u8>(record), time, sizeof<Timeval>()) < 0) return -EFAULT;
  if (time !== 0 && (record.tv_sec < 0 || record.tv_usec < 0 || record.tv_usec >= 1000000)) return -EINVAL;
  if (zone !== 0 && copyFromUser(ptr<u8>(ignored), zone, sizeof<Timezone>()) < 0) return -EFAULT;
  if (time === 0) return current().credentials.euid !== 0 ? -EPERM : 0;
  return setDate(u64(u32(record.tv_sec)) * NS_PER_SECOND + u64(u32(record.tv_usec)) * 1000n);
}

/** stime(address): sets the seconds since 1970. */
export function sysStime(address: u32): i32 {
  let seconds: u32 = 0;
  if (getUser32(address, addrOf(seconds)) < 0) return -EFAULT;
  if (i32(seconds) < 0) return -EINVAL;
  return setDate(u64(seconds) * NS_PER_SECOND);
}
