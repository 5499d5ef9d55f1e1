/*
 * Time: clocks, and the records that carry times to programs. `Timespec64` and `Timeval` are what the i386 ABI has in
 * two widths: 32-bit seconds in the old calls, 64-bit seconds in those whose name ends in 64.
 *
 * @source the Linux i386 ABI (linux/time.h, linux/time_types.h).
 */

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_PROCESS_CPUTIME_ID = 2;
export const CLOCK_THREAD_CPUTIME_ID = 3;
export const CLOCK_MONOTONIC_RAW = 4;
export const CLOCK_REALTIME_COARSE = 5;
export const CLOCK_MONOTONIC_COARSE = 6;
export const CLOCK_BOOTTIME = 7;
export const CLOCK_REALTIME_ALARM = 8;
export const CLOCK_BOOTTIME_ALARM = 9;
export const CLOCK_TAI = 11;

/** Flag of clock_nanosleep: the time is a point on the clock, not a length. */
export const TIMER_ABSTIME = 1;

export const TFD_TIMER_ABSTIME = 1;
export const TFD_TIMER_CANCEL_ON_SET = 2;

export const ITIMER_REAL = 0;
export const ITIMER_VIRTUAL = 1;
export const ITIMER_PROF = 2;

/** Clock ticks per second in times(2), in /proc and in SIGCHLD's siginfo (AT_CLKTCK says it). */
export const USER_HZ = 100;

export class Timespec {
  tv_sec: i32;
  tv_nsec: i32;
}

/** The 64-bit form. The upper half of the nanoseconds' word is padding that 32-bit programs may leave unset. */
export class Timespec64 {
  tv_sec: i64;
  tv_nsec: i32;
  padding: u32;
}

export class Timeval {
  tv_sec: i32;
  tv_usec: i32;
}

export class Timezone {
  tz_minuteswest: i32;
  tz_dsttime: i32;
}

export class Itimerval {
  it_interval: Inline<Timeval>;
  it_value: Inline<Timeval>;
}

/** What times(2) gives, in ticks of USER_HZ. */
export class Tms {
  tms_utime: u32;
  tms_stime: u32;
  tms_cutime: u32;
  tms_cstime: u32;
}
