/*
 * Limits and use of resources.
 *
 * @source the Linux i386 ABI (asm-generic/resource.h, linux/resource.h).
 */

export const RLIMIT_CPU = 0;
export const RLIMIT_FSIZE = 1;
export const RLIMIT_DATA = 2;
export const RLIMIT_STACK = 3;
export const RLIMIT_CORE = 4;
export const RLIMIT_RSS = 5;
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_MEMLOCK = 8;
export const RLIMIT_AS = 9;
export const RLIMIT_LOCKS = 10;
export const RLIMIT_SIGPENDING = 11;
export const RLIMIT_MSGQUEUE = 12;
export const RLIMIT_NICE = 13;
export const RLIMIT_RTPRIO = 14;
export const RLIMIT_RTTIME = 15;
/** How many there are. */
export const RLIM_NLIMITS = 16;

/** No limit, in 32 bits. The 64-bit form of prlimit64 is all ones, too. */
export const RLIM_INFINITY = 0xffffffff;

export const RUSAGE_SELF = 0;
export const RUSAGE_CHILDREN = -1;
export const RUSAGE_THREAD = 1;

/** A soft limit, which is enforced, and a hard one, up to which the soft one may be raised. */
export class Rlimit {
  rlim_cur: u32;
  rlim_max: u32;
}

/** What prlimit64 carries. */
export class Rlimit64 {
  rlim_cur: u64;
  rlim_max: u64;
}

/** What getrusage and wait4 give. Linux fills in the times, the peak, the faults and the switches; the rest is zero. */
export class Rusage {
  ru_utime_sec: i32;
  ru_utime_usec: i32;
  ru_stime_sec: i32;
  ru_stime_usec: i32;
  ru_maxrss: u32;
  ru_ixrss: u32;
  ru_idrss: u32;
  ru_isrss: u32;
  ru_minflt: u32;
  ru_majflt: u32;
  ru_nswap: u32;
  ru_inblock: u32;
  ru_oublock: u32;
  ru_msgsnd: u32;
  ru_msgrcv: u32;
  ru_nsignals: u32;
  ru_nvcsw: u32;
  ru_nivcsw: u32;
}
