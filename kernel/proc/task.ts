/*
 * Tasks and processes.
 *
 * Idea. A Task is what the scheduler runs: a kernel stack, registers, an identity. A Process is what the tasks of one
 * program share: pid, children, signal actions, limits, terminal. A process with one thread has one task, whose pid is
 * the process's. Kernel threads are tasks of processes without an address space; each CPU's idle task has pid 0 and is
 * not on any list.
 *
 * A task goes away when it has exited and another task has taken over its CPU (nobody can free the stack that he is
 * standing on). A process stays as a zombie until its parent has waited for it.
 *
 * The first thread may end before the others: its task goes, its number, which is the process's, stays taken.
 *
 *   fork                exit                           wait4 of the parent
 *   ----> RUNNING ----> DEAD, freed by the next task
 *         process  ----> zombie: pid, exit code, times ----> freed
 *
 * Locking. One letter per lock:
 *   (T) the task list's lock (proc/taskList.ts). Whoever finds a task of others holds (T) for as long as he uses it.
 *   (S) Process.signalLock
 *   (R) the lock of the run queue of the task's CPU (proc/scheduler.ts)
 *   (O) the task itself, nobody else
 *   (C) constant from creation on
 * "T,O": either to read, both to write. Order: T before S before R.
 */

import { type FpuState } from '../arch/x86/fpu.ts';
import { KERNEL_STACK_SIZE } from '../arch/x86/layout.ts';
import { type TrapFrame } from '../arch/x86/trapFrame.ts';
import { type Tty } from '../drivers/tty.ts';
import { type FileTable } from '../fs/fileTable.ts';
import { type FsContext } from '../fs/fsContext.ts';
import { type ListHead } from '../lib/list.ts';
import { type Mm } from '../mm/types.ts';
import { type Rlimit } from '../abi/resource.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitQueue } from '../sync/waitQueue.ts';
import { type CpuTimer } from './cpuTimers.ts';
import { type PendingSignals, type SignalHandlers, type SignalInfo, type SignalSet } from './signalState.ts';
import { type Timer } from './timer.ts';

// Task states. A task that sleeps says by which wake-ups it wants to be woken; wakeUpTask takes a mask of these.
export const TASK_RUNNING = 0;
/** Asleep; a wake-up or a signal ends it. */
export const TASK_INTERRUPTIBLE = 1;
/** Asleep; only a wake-up ends it. */
export const TASK_UNINTERRUPTIBLE = 2;
/** Stopped by a signal (job control); SIGCONT or SIGKILL ends it. */
export const TASK_STOPPED = 4;
/** Has exited; its stack is freed by the next task on its CPU. */
export const TASK_DEAD = 8;
/** Stopped for a tracer (ptrace); the tracer or SIGKILL ends it. */
export const TASK_TRACED = 32;
/** Added to a state: SIGKILL ends the sleep as well. */
export const TASK_WAKE_KILL = 16;
/** Asleep; a wake-up or SIGKILL ends it. */
export const TASK_KILLABLE = TASK_UNINTERRUPTIBLE | TASK_WAKE_KILL;
/** What an ordinary wake-up wakes. */
export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

// Task.traceFlags.
/** PTRACE_SEIZE: events instead of signals. */
export const TRACE_SEIZED: u32 = 1;
/** Stop at the beginning and the end of each system call. */
export const TRACE_SYSCALLS: u32 = 2;
/** Stop after one instruction. */
export const TRACE_STEP: u32 = 4;
/** Stop as soon as possible (PTRACE_INTERRUPT, or the first stop of a child of a seized task). */
export const TRACE_TRAP: u32 = 8;

/** The class of Process.signalLock. */
export class SignalLock {
  declare readonly lock: 'signalLock';
}

/** Who a task acts for. The fs ids are those that file permissions look at; they follow the effective ones. */
export class Credentials {
  uid: u32; // (O)
  euid: u32; // (O)
  suid: u32; // (O)
  fsuid: u32; // (O)
  gid: u32; // (O)
  egid: u32; // (O)
  sgid: u32; // (O)
  fsgid: u32; // (O)
  groupCount: u32; // (O)
  groups: FixedArray<u32, 32>; // (O) supplementary
}

/**
 * How an interrupted call that must not begin anew goes on (a sleep is not to last longer for each signal). The call
 * fills it in and returns -ERESTART_RESTARTBLOCK; if no handler runs, the program makes the call restart_syscall.
 */
export class RestartBlock {
  call: ((block: RestartBlock) => i32) | null; // null: there is nothing to go on with
  deadline: u64;
  argument: u32;
  // More arguments, where the call needs them.
  count: u32;
  flags: u32;
  mask: u32;
}

/** One thread. */
export class Task {
  // Identity.
  pid: u32; // (C) of the thread; the first thread's is the process's. An exec in a thread changes it, under (T).
  process: Process; // (C)
  threadLink: Inline<ListHead>; // (T) in Process.threads
  hashLink: Inline<ListHead>; // (T) in the table of tasks by pid
  name: FixedArray<u8, 16>; // (O) what ps shows; ends with a zero

  // Scheduling.
  state: Volatile<u32>; // (R) written by the task itself when it goes to sleep, else by wakers
  cpu: u32; // (R) whose run queue it is on, or was on last
  affinity: u32; // (R) bit n: may run on CPU n
  onQueue: boolean; // (R) runnable: on the queue, or running
  runLink: Inline<ListHead>; // (R) in RunQueue.ready
  slice: u32; // (R) ticks left before others of its queue get their turn
  nice: i32; // (R) -20 (greedy) to 19 (modest)
  policy: u32; // (T,R) SCHED_FIFO, SCHED_RR; SCHED_OTHER, SCHED_BATCH or SCHED_IDLE, for which `nice` is what counts
  realtimePriority: u32; // (T,R) 1 to 99, the most urgent; 0: an ordinary task
  resetsPolicy: boolean; // (T) SCHED_RESET_ON_FORK
  isIdle: boolean; // (C)
  kernelLockDepth: u32; // (O) how often it has the big kernel lock (sync/kernelLock.ts)

  // The machine's side.
  kernelStack: u32; // (C) lowest address
  savedEsp: u32; // (R) where the registers are while it does not run
  tls: FixedArray<u64, 3>; // (O) descriptors for GDT entries 6 to 8
  fpu: Inline<FpuState>; // (R) valid while it does not run

  // Resources. Others look at them under (T) alone.
  mm: Mm | null; // (T,O) null: a kernel thread, or exiting
  files: FileTable | null; // (T,O)
  fs: FsContext | null; // (T,O)
  credentials: Inline<Credentials>; // (O)
  noNewPrivileges: boolean; // (O) execve of a set-id program gives no other ids
  personality: u32; // (O) of personality(2); kept and told
  timerSlack: u32; // (O) of PR_SET_TIMERSLACK; kept and told; 0: the usual
  parentDeathSignal: u32; // (O) of PR_SET_PDEATHSIG, read under (T); 0: none

  // Signals.
  pending: Inline<PendingSignals>; // (S) for this thread alone
  blocked: SignalSet; // (S) written by the task itself
  savedBlocked: SignalSet; // (O) what sigsuspend put aside, valid while restoreBlocked is set
  restoreBlocked: boolean; // (O)
  awaited: SignalSet; // (S) what sigtimedwait sleeps for: unblocked meanwhile, but not to be dropped as ignored
  signalPending: Volatile<boolean>; // (S) there is something to deliver, or to stop for: look when returning to user mode
  killed: Volatile<boolean>; // (S) SIGKILL is on its way: the task does nothing more in user mode
  isExiting: boolean; // (S) no more signals for it: it will not look
  hasStopped: boolean; // (S) it has taken part in the stop that stopSignal is about
  mayStop: boolean; // (S) no SIGCONT has come since it took the signal that is to stop its process
  altStack: u32; // (O) of sigaltstack
  altStackSize: u32; // (O) 0: none
  altStackDisarms: boolean; // (O) SS_AUTODISARM: each handler that starts takes it away
  restart: Inline<RestartBlock>; // (O)
  trapNumber: u32; // (O) of the last fault in user mode: handlers find it in their signal context
  trapError: u32; // (O)
  faultAddress: u32; // (O)

  // Tracing (proc/ptrace.ts).
  tracer: Task | null; // (T)
  traceLink: Inline<ListHead>; // (T) in Process.tracees of the tracer's process
  traceOptions: u32; // (T) PTRACE_O_...
  traceFlags: Volatile<u32>; // (T) TRACE_..., read by the task itself without
  traceStatus: u32; // (T) why it is TASK_TRACED: a signal, an event above it; 0: it is not
  traceReport: boolean; // (T) wait has not yet told
  traceHasInfo: boolean; // (T)
  traceInfo: Inline<SignalInfo>; // (T) of the stop, if it has one
  traceMessage: u32; // (T) what PTRACE_GETEVENTMSG tells
  traceSignal: i32; // (T) to be delivered when it goes on; 0: none

  // Fork and exit.
  clearChildTid: u32; // (O) user address to clear, and wake a futex at, on exit; or 0
  hasLeftFutexes: Volatile<boolean>; // it exits, and takes no more futexes (proc/futexPi.ts)
  robustList: u32; // (O) user address of the list of futexes to give up on exit, or 0
  setChildTid: u32; // (O) user address where a new child writes its pid first of all, or 0
  vforkParent: Task | null; // (T) sleeps until this task has given back its address space
  vforkChild: Task | null; // (T) the other way round
  threadEntry: (argument: u32) => void; // (C) of a kernel thread
  threadArgument: u32; // (C)

  // Accounts, in ticks and counts.
  utime: u32; // (O) written by the tick
  realtimeUse: u32; // (O) under a real-time policy, since it slept; written by the tick
  stime: u32; // (O)
  voluntarySwitches: u32; // (R)
  involuntarySwitches: u32; // (R)
  minorFaults: u32; // (O)
  majorFaults: u32; // (O) those for which a disk had to be read
  hasRead: boolean; // (O) the fault that is being handled is such a one
  startTime: u64; // (C) nanoseconds since boot
}

/** What the threads of a program share. */
export class Process {
  // Identity and family.
  pid: u32; // (C)
  hashLink: Inline<ListHead>; // (T) in the table of processes by pid
  allLink: Inline<ListHead>; // (T) in the list of all processes, by creation
  threads: Inline<ListHead>; // (T) of Task.threadLink
  threadCount: u32; // (T) 0: a zombie
  liveThreads: Volatile<u32>; // atomic: those that have not begun to exit
  parent: Process | null; // (T) null: pid 1 and the first kernel threads
  parentThread: u32; // (T) tid of the thread of the parent that it is the child of
  children: Inline<ListHead>; // (T) of Process.siblingLink
  siblingLink: Inline<ListHead>; // (T)
  pgrp: u32; // (T)
  session: u32; // (T)
  tty: Tty | null; // (T) controlling terminal
  isKernel: boolean; // (C) of kernel threads, which signals do not reach; cleared when process 1 becomes a program
  hasExeced: boolean; // (T) setpgid of a parent comes too late then
  name: FixedArray<u8, 16>; // (T) the name of the last thread, for zombies

  // The end.
  isExiting: boolean; // (S) the exit code is set; every thread is on its way out
  exitCode: u32; // (S) as wait4 tells it
  execThread: Task | null; // (S,T) waits for the other threads to end, in execve
  isSubreaper: boolean; // (T) orphans among its descendants become its children, not process 1's
  isUndumpable: boolean; // only the superuser may look into it (PR_SET_DUMPABLE, or it has had other rights)
  exitSignal: i32; // (T) what the parent gets at the end, usually SIGCHLD; 0, or no signal's number: nothing
  uid: u32; // (T) real user id of the last thread, for SIGCHLD
  childExit: Inline<WaitQueue>; // its own lock: threads in wait4
  tracees: Inline<ListHead>; // (T) of Task.traceLink
  traceExits: Inline<ListHead>; // (T) of TraceExit.link: ends of tracees that wait has not told yet

  // Job control.
  isStopped: boolean; // (S)
  stopReport: u32; // (T) status word that waiters have not yet seen: a stop or STATUS_CONTINUED; 0: none
  stoppedThreads: u32; // (S) how many have stopped since stopSignal was set
  stopSignal: i32; // (S) threads that have not stopped yet are to do so, for this signal; 0: none

  // Signals.
  signalLock: Inline<Spinlock<SignalLock>>;
  handlers: SignalHandlers; // (S,T) the pointer; either to read, both to write
  pending: Inline<PendingSignals>; // (S)
  semUndos: Inline<ListHead>; // semLock: of SemUndo.processLink
  posixTimers: Inline<ListHead>; // (S) of PosixTimer.link, by number
  alarmTimer: Inline<Timer>; // its own lock: ITIMER_REAL
  alarmDeadline: u64; // (T) nanoseconds since boot; 0: it is off
  alarmInterval: u64; // (T) nanoseconds, 0: once
  virtualTimer: Inline<CpuTimer>; // ITIMER_VIRTUAL
  profilingTimer: Inline<CpuTimer>; // ITIMER_PROF

  // Limits and accounts.
  limits: FixedArray<Inline<Rlimit>, 16>; // (S)
  utime: u32; // (T) of threads that have ended
  stime: u32; // (T)
  childrenUtime: u32; // (T) of children that were waited for, with theirs
  childrenStime: u32; // (T)
  childrenMinorFaults: u32; // (T)
  childrenMajorFaults: u32; // (T)
  childrenVoluntary: u32; // (T) switches
  childrenInvoluntary: u32; // (T)
  childrenPeakRss: u32; // (T) of the largest, in pages
  voluntarySwitches: u32; // (T) of threads that have ended
  involuntarySwitches: u32; // (T)
  minorFaults: u32; // (T)
  majorFaults: u32; // (T)
  peakRss: u32; // (T) pages
  startTime: u64; // (C) nanoseconds since boot
}

/** The address just above the kernel stack of `task`. */
export function stackTop(task: Task): u32 {
  return task.kernelStack + KERNEL_STACK_SIZE;
}

/** The registers of `task` as they were when it entered the kernel: a fixed place, the top of its stack. */
export function userFrame(task: Task): TrapFrame {
  return as<TrapFrame>(stackTop(task) - sizeof<TrapFrame>());
}

/** Copies a name for ps, cut to what fits, and ends it with a zero. */
export function setName(target: Ptr<u8>, name: Ptr<u8>): void {
  let i: u32 = 0;
  for (; i < 15 && name[i] !== 0; i++) target[i] = name[i];
  for (; i < 16; i++) target[i] = 0;
}
