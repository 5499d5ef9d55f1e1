/*
 * Making tasks and processes: what fork and kernel threads have in common.
 *
 * How many there can be is bounded by memory. A process of average size needs some 16 pages of its own, half of them
 * before it has done anything: stack, records, page tables. So there may be one for each 32 pages of the machine, zombies
 * included, and a new one only while an eighth of memory is free, for those who exist already. A program that forks without
 * end gets EAGAIN, and what was running goes on.
 *
 * Locking. A new task is nobody else's until it is linked under (T).
 */

import { EAGAIN } from '../abi/errno.ts';
import {
  RLIM_INFINITY,
  RLIM_NLIMITS,
  RLIMIT_CORE,
  RLIMIT_MEMLOCK,
  RLIMIT_NICE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_RTPRIO,
  RLIMIT_SIGPENDING,
  RLIMIT_STACK,
} from '../abi/resource.ts';
import { monotonicNs } from '../arch/x86/clock.ts';
import { fpuInit } from '../arch/x86/fpu.ts';
import { totalPageCount } from '../mm/buddy.ts';
import { haveFree } from '../mm/userPages.ts';
import { allocKernelStack, freeKernelStack, kernelStackLimit } from '../mm/kernelStack.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { HELD_LOCKS_SIZE } from '../sync/heldLocks.ts';
import { initPending } from './signalPending.ts';
import { putHandlers, type SignalHandlers } from './signalState.ts';
import { type Process, type Task, TASK_UNINTERRUPTIBLE } from './task.ts';
import { allocatePid, linkProcess, linkTask, numberOfProcesses, numberOfTasks, type TaskListLock } from './taskList.ts';
import { initTimer } from './timer.ts';

/** Pages of memory for each task that may exist. */
const PAGES_PER_TASK: u32 = 32;
/** Of all memory, the part that forks leave alone: one in so many. */
const FORK_RESERVE: u32 = 8;

/** Threads that may exist at once, and processes, zombies included. */
function taskLimit(): u32 {
  const limit = totalPageCount() / PAGES_PER_TASK;
  const stacks = kernelStackLimit();
  return limit < 32 ? 32 : limit < stacks ? limit : stacks;
}

/** Is there memory for one more process? @sleeps */
export function mayFork(): boolean {
  return haveFree(totalPageCount() / FORK_RESERVE);
}

/** A zeroed task, with room behind it for what the lock checker knows of it. Null: no memory. */
function allocateTask(): Task | null {
  const size = sizeof<Task>() + HELD_LOCKS_SIZE;
  const block = kmalloc(size);
  if (block === null) return null;
  fillBytes(block, 0, size);
  return as<Task>(block);
}

/** A task with an empty stack, on no list, asleep. Null: no memory. */
export function createTask(): Task | null {
  const task = allocateTask();
  if (task === null) return null;
  task.kernelStack = allocKernelStack();
  if (task.kernelStack === 0) {
    kfree(task);
    return null;
  }
  initTask(task);
  return task;
}

/** What a zero-filled task needs before it can be used, besides a stack and a process. */
export function initTask(task: Task): void {
  task.state = TASK_UNINTERRUPTIBLE;
  task.affinity = 0xffffffff;
  task.startTime = monotonicNs();
  task.threadLink.init();
  task.hashLink.init();
  task.runLink.init();
  task.traceLink.init();
  initPending(task.pending);
  fpuInit(task.fpu);
}

/** Frees a task that is on no list. Not the current one: somebody stands on its stack. */
export function freeTask(task: Task): void {
  freeKernelStack(task.kernelStack);
  kfree(task);
}

/**
 * A process without threads, on no list. Null: no memory.
 *
 * @param handlers its signal actions, a reference that passes to it in any case; null: no memory
 */
export function createProcess(handlers: SignalHandlers | null): Process | null {
  if (handlers === null) return null;
  const process = allocate<Process>();
  if (process === null) {
    putHandlers(handlers);
    return null;
  }
  initProcess(process);
  process.handlers = handlers;
  return process;
}

/** What a zero-filled process needs before it can be used. */
export function initProcess(process: Process): void {
  process.hashLink.init();
  process.allLink.init();
  process.siblingLink.init();
  process.threads.init();
  process.children.init();
  process.childExit.init();
  process.tracees.init();
  process.traceExits.init();
  process.signalLock.init('signal');
  initPending(process.pending);
  process.semUndos.init();
  process.posixTimers.init();
  initTimer(process.alarmTimer);
  process.liveThreads = 1;
  process.startTime = monotonicNs();
}

function setLimit(process: Process, which: u32, soft: u32, hard: u32): void {
  process.limits[which].rlim_cur = soft;
  process.limits[which].rlim_max = hard;
}

/** The limits that process 1 begins with, and all others inherit. */
export function setDefaultLimits(process: Process): void {
  for (let i: u32 = 0; i < RLIM_NLIMITS; i++) setLimit(process, i, RLIM_INFINITY, RLIM_INFINITY);
  setLimit(process, RLIMIT_STACK, 8 << 20, RLIM_INFINITY);
  setLimit(process, RLIMIT_CORE, 0, RLIM_INFINITY);
  setLimit(process, RLIMIT_NPROC, taskLimit() / 2, taskLimit() / 2);
  setLimit(process, RLIMIT_NOFILE, 1024, 4096);
  setLimit(process, RLIMIT_MEMLOCK, 8 << 20, 8 << 20);
  setLimit(process, RLIMIT_SIGPENDING, taskLimit() / 2, taskLimit() / 2);
  setLimit(process, RLIMIT_NICE, 0, 0);
  setLimit(process, RLIMIT_RTPRIO, 0, 0);
}

/**
 * Gives a new task, and its process if that is new too, a pid, and makes them known. 0 or -EAGAIN (too many).
 *
 * @param wanted the pid, 1 for init; 0: any
 */
export function publish(task: Task, isNewProcess: boolean, wanted: u32, tasks: Held<TaskListLock>): i32 {
  const limit = taskLimit();
  if (numberOfTasks(tasks) >= limit || numberOfProcesses(tasks) >= limit) return -EAGAIN;
  const pid = wanted === 0 ? allocatePid(tasks) : wanted;
  if (pid === 0) return -EAGAIN;
  task.pid = pid;
  if (isNewProcess) {
    task.process.pid = pid;
    linkProcess(task.process, tasks);
  }
  linkTask(task, tasks);
  return 0;
}
