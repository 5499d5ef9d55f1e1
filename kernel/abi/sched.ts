/*
 * What clone shares between parent and child, and scheduling policies.
 *
 * @source the Linux i386 ABI (linux/sched.h).
 */

/** The low byte of clone's flags is the signal that tells the parent of the child's end. */
export const CSIGNAL = 0x000000ff;
export const CLONE_VM = 0x00000100;
export const CLONE_FS = 0x00000200;
export const CLONE_FILES = 0x00000400;
export const CLONE_SIGHAND = 0x00000800;
export const CLONE_PIDFD = 0x00001000;
export const CLONE_PTRACE = 0x00002000;
export const CLONE_VFORK = 0x00004000;
export const CLONE_PARENT = 0x00008000;
export const CLONE_THREAD = 0x00010000;
export const CLONE_NEWNS = 0x00020000;
export const CLONE_SYSVSEM = 0x00040000;
export const CLONE_SETTLS = 0x00080000;
export const CLONE_PARENT_SETTID = 0x00100000;
export const CLONE_CHILD_CLEARTID = 0x00200000;
export const CLONE_DETACHED = 0x00400000;
export const CLONE_UNTRACED = 0x00800000;
export const CLONE_CHILD_SETTID = 0x01000000;
// Namespaces: the kernel has none but the one that all are in.
export const CLONE_NEWCGROUP = 0x02000000;
export const CLONE_NEWUTS = 0x04000000;
export const CLONE_NEWIPC = 0x08000000;
export const CLONE_NEWUSER = 0x10000000;
export const CLONE_NEWPID = 0x20000000;
export const CLONE_NEWNET = 0x40000000;
export const CLONE_IO = 0x80000000;
/** Namespaces that the superuser alone may make. */
export const CLONE_NAMESPACES =
  CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET;
// Flags of clone3 alone, in the upper half of its 64 bits.
export const CLONE_CLEAR_SIGHAND = 0x1;
export const CLONE_INTO_CGROUP = 0x2;

/** What clone3 reads: its first version is 64 bytes long, this one 88. */
export class CloneArguments {
  flags: u64;
  pidfd: u64;
  child_tid: u64;
  parent_tid: u64;
  exit_signal: u64;
  stack: u64; // lowest address
  stack_size: u64;
  tls: u64;
  set_tid: u64;
  set_tid_size: u64;
  cgroup: u64;
}

export const SCHED_OTHER = 0;
export const SCHED_FIFO = 1;
export const SCHED_RR = 2;
export const SCHED_BATCH = 3;
export const SCHED_IDLE = 5;
export const SCHED_DEADLINE = 6;
export const SCHED_EXT = 7;
/** The highest priority of SCHED_FIFO and SCHED_RR; the lowest is 1. */
export const MAX_REALTIME_PRIORITY = 99;
/** Beside a policy: children begin with the ordinary one. */
export const SCHED_RESET_ON_FORK = 0x40000000;

/** The record of sched_setattr and sched_getattr. */
export class SchedAttributes {
  size: u32;
  sched_policy: u32;
  sched_flags: u64;
  sched_nice: i32;
  sched_priority: u32;
  sched_runtime: u64;
  sched_deadline: u64;
  sched_period: u64;
  sched_util_min: u32;
  sched_util_max: u32;
}

/** The size of its first version. */
export const SCHED_ATTR_SIZE_VER0 = 48;
/** The size of the version with the last two fields. */
export const SCHED_ATTR_SIZE_VER1 = 56;
export const SCHED_FLAG_RESET_ON_FORK = 0x01;
/** For SCHED_DEADLINE, as the next. */
export const SCHED_FLAG_RECLAIM = 0x02;
export const SCHED_FLAG_DL_OVERRUN = 0x04;
export const SCHED_FLAG_KEEP_POLICY = 0x08;
export const SCHED_FLAG_KEEP_PARAMS = 0x10;
/** Bounds of the speed at which a task runs, on machines that can choose. */
export const SCHED_FLAG_UTIL_CLAMP = 0x60;
export const SCHED_FLAG_ALL =
  SCHED_FLAG_RESET_ON_FORK |
  SCHED_FLAG_RECLAIM |
  SCHED_FLAG_DL_OVERRUN |
  SCHED_FLAG_KEEP_POLICY |
  SCHED_FLAG_KEEP_PARAMS |
  SCHED_FLAG_UTIL_CLAMP;

export const PRIO_PROCESS = 0;
export const PRIO_PGRP = 1;
export const PRIO_USER = 2;
