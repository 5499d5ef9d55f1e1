/*
 * Making a process, or a thread, from the one that asks: what fork, vfork and clone (sysClone.ts) have in common.
 *
 * Idea. The child is a copy: memory copy-on-write, files and directories by reference or copied, registers the same but
 * for EAX, which is 0. clone's flags say what is shared instead of copied. The child's kernel stack is prepared so that
 * the first switch to it begins in `beginChild`, which leaves for user mode through the copied registers.
 *
 * With CLONE_THREAD the child is another task of the same process: a thread. It has registers, a mask, pending signals and
 * thread areas of its own; everything in Process it has in common with the others.
 *
 * vfork shares the address space and lets the parent sleep until the child has let go of it, by exec or exit. The two
 * point at each other under (T) until then; a parent that is killed in its sleep unties the knot.
 *
 * Whatever fails, fails before the child is known to anybody, and all that was taken is given back.
 *
 * @source clone(2), fork(2), vfork(2).
 */

import { EAGAIN, ENOMEM, ERESTARTNOINTR } from '../abi/errno.ts';
import { PTRACE_EVENT_CLONE, PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK, PTRACE_EVENT_VFORK_DONE } from '../abi/ptrace.ts';
import { RLIM_NLIMITS, type Rlimit, RLIMIT_NPROC } from '../abi/resource.ts';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_FILES,
  CLONE_FS,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PTRACE,
  CLONE_SETTLS,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_UNTRACED,
  CLONE_VFORK,
  CLONE_VM,
} from '../abi/sched.ts';
import { NSIG, SIG_DFL, SIG_IGN, SIGCHLD } from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { fpuSave } from '../arch/x86/fpu.ts';
import { prepareKernelStack, returnToUser } from '../arch/x86/switch.ts';
import { putUser32 } from '../arch/x86/userCopy.ts';
import { dupFiles, getFiles, putFiles } from '../fs/fileTable.ts';
import { copyFsContext, getFsContext, putFsContext } from '../fs/fsContext.ts';
import { forkMm, mmget, mmput } from '../mm/mm.ts';
import { createProcess, createTask, freeTask, mayFork, publish } from './create.ts';
import { freeProcess } from './exit.ts';
import { inheritTracer, isEventTraced, traceEvent } from './ptrace.ts';
import { finishSwitch, killPending, schedule, setCurrentState, startTask } from './scheduler.ts';
import { createHandlers, type SignalHandlers } from './signalState.ts';
import { type Process, type Task, TASK_KILLABLE, TASK_RUNNING, userFrame } from './task.ts';
import { lockTasks, processAfter, type TaskListLock } from './taskList.ts';
import { setThreadArea } from './tls.ts';

/** What clone is asked for. The flags have been checked. */
export class CloneRequest {
  flags: u32;
  resetHandlers: boolean; // caught signals are at their default in the child
  isTraced: boolean; // the parent's tracer is the child's
  exitSignal: i32;
  stack: u32; // the child's ESP; 0: the parent's
  parentTid: u32; // user address, with CLONE_PARENT_SETTID
  childTid: u32; // user address, with CLONE_CHILD_SETTID or CLONE_CHILD_CLEARTID
  tls: u32; // user address of a UserDesc, with CLONE_SETTLS
}

/** Where a new process begins: the first switch to it comes here. */
function beginChild(): void {
  finishSwitch();
  const task = current();
  if (task.setChildTid !== 0) putUser32(task.setChildTid, task.pid);
  returnToUser(userFrame(task));
}

// ---------------------------------------------------------------------------------------------------------------------
// Copying.

/** Gives the child its memory, files and directories. False: no memory; what it got so far stays with it. */
function copyResources(child: Task, parent: Task, flags: u32): boolean {
  const mm = parent.mm!;
  if ((flags & CLONE_VM) !== 0) {
    mmget(mm);
    child.mm = mm;
  } else {
    child.mm = forkMm(mm);
  }
  if (child.mm === null) return false;
  const files = parent.files!;
  child.files = (flags & CLONE_FILES) !== 0 ? getFiles(files) : dupFiles(files);
  if (child.files === null) return false;
  const fs = parent.fs!;
  child.fs = (flags & CLONE_FS) !== 0 ? getFsContext(fs) : copyFsContext(fs);
  return child.fs !== null;
}

/** Undoes copyResources, for a child that is not to be. */
function dropResources(child: Task): void {
  const mm = child.mm;
  const files = child.files;
  const fs = child.fs;
  if (fs !== null) putFsContext(fs);
  if (files !== null) putFiles(files);
  if (mm !== null) mmput(mm);
}

/** Copies what belongs to the thread: registers, FPU, segments, identity, mask, the CPUs it may use. */
function copyThread(child: Task, parent: Task, request: CloneRequest): void {
  copyBytes(child.name, parent.name, 16);
  child.affinity = parent.affinity;
  assign(child.credentials, parent.credentials);
  child.noNewPrivileges = parent.noNewPrivileges;
  child.personality = parent.personality;
  child.timerSlack = parent.timerSlack;
  child.blocked = parent.blocked;
  if ((request.flags & (CLONE_VM | CLONE_VFORK)) !== CLONE_VM) {
    child.altStack = parent.altStack; // a thread has a stack of its own, and its own to choose for signals
    child.altStackSize = parent.altStackSize;
    child.altStackDisarms = parent.altStackDisarms;
  }
  for (let i: u32 = 0; i < 3; i++) child.tls[i] = parent.tls[i];
  fpuSave(parent.fpu);
  assign(child.fpu, parent.fpu);
  const frame = userFrame(child);
  assign(frame, userFrame(parent));
  frame.eax = 0;
  if (request.stack !== 0) frame.esp = request.stack;
  child.savedEsp = prepareKernelStack(u32(frame), beginChild);
  if ((request.flags & CLONE_CHILD_SETTID) !== 0) child.setChildTid = request.childTid;
  if ((request.flags & CLONE_CHILD_CLEARTID) !== 0) child.clearChildTid = request.childTid;
}

/** The child's signal actions: the parent's own table, or a copy. Null: no memory. */
function copyHandlers(parent: Process, request: CloneRequest): SignalHandlers | null {
  const handlers = parent.handlers;
  if ((request.flags & CLONE_SIGHAND) !== 0) {
    atomic.inc(addrOf(handlers.count));
    return handlers;
  }
  const copy = createHandlers(handlers);
  if (copy === null || !request.resetHandlers) return copy;
  for (let signal: u32 = 1; signal <= NSIG; signal++) {
    if (copy.actions[signal].handler !== SIG_IGN) copy.actions[signal].handler = SIG_DFL;
  }
  return copy;
}

/** Copies what else belongs to the process: limits. */
function copyProcess(child: Process, parent: Process, request: CloneRequest): void {
  using _held = parent.signalLock.acquireIrqSave();
  copyBytes(ptr<u8>(child.limits), ptr<u8>(parent.limits), RLIM_NLIMITS * sizeof<Rlimit>());
  child.isUndumpable = parent.isUndumpable;
  child.exitSignal = (request.flags & CLONE_PARENT) !== 0 ? parent.exitSignal : request.exitSignal;
}

/** The child is scheduled as the parent is, unless that has asked for it to begin modestly (SCHED_RESET_ON_FORK). */
function inheritPolicy(child: Task, parent: Task, _tasks: Held<TaskListLock>): void {
  const resets = parent.resetsPolicy;
  const isRealtime = parent.realtimePriority !== 0;
  if (!resets || !isRealtime) {
    child.policy = parent.policy;
    child.realtimePriority = parent.realtimePriority;
    child.nice = resets && parent.nice < 0 ? 0 : parent.nice;
  }
  if (isRealtime) return; // slices are among equals; the child has to wait for one
  // Forking must not make time: it halves the rest of the slice.
  child.slice = (parent.slice + 1) / 2;
  parent.slice /= 2;
}

// ---------------------------------------------------------------------------------------------------------------------
// Publishing.

/** How many threads has this user? */
function countOfUser(uid: u32, tasks: Held<TaskListLock>): u32 {
  let count: u32 = 0;
  for (let process = processAfter(null, tasks); process !== null; process = processAfter(process, tasks)) {
    if (process.uid === uid) count += process.threadCount;
  }
  return count;
}

/** A new process is the child of the one that made it, or its sibling, and of its group and session. */
function joinFamily(process: Process, parent: Task, request: CloneRequest): void {
  const old = parent.process;
  const isSibling = (request.flags & CLONE_PARENT) !== 0;
  process.parent = isSibling ? old.parent : old;
  process.parentThread = isSibling ? old.parentThread : parent.pid;
  process.pgrp = old.pgrp;
  process.session = old.session;
  process.tty = old.tty;
  process.uid = parent.credentials.uid;
}

/**
 * Makes the child a member of the family, which others can find; it does not run yet. Its pid, -EAGAIN, or -ERESTARTNOINTR.
 *
 * A signal for the whole group must reach both or come before the child: under (T) either it finds the child, or we find
 * it pending, and fork begins anew after it. So nothing that forks without end can outrun a kill of its group.
 */
function adopt(child: Task, parent: Task, request: CloneRequest): i32 {
  const process = child.process;
  const old = parent.process;
  using tasks = lockTasks();
  if (parent.signalPending) return -ERESTARTNOINTR;
  const uid = parent.credentials.uid;
  if (uid !== 0 && countOfUser(uid, tasks) >= old.limits[RLIMIT_NPROC].rlim_cur) return -EAGAIN;
  const isThread = process === old;
  if (!isThread) joinFamily(process, parent, request);
  if (publish(child, !isThread, 0, tasks) < 0) return -EAGAIN;
  if (request.isTraced) inheritTracer(child, parent, tasks);
  if (isThread) atomic.inc(addrOf(process.liveThreads));
  const pid = i32(child.pid);
  if ((request.flags & CLONE_VFORK) !== 0) {
    child.vforkParent = parent;
    parent.vforkChild = child;
  }
  inheritPolicy(child, parent, tasks);
  return pid;
}

/** Sleeps until the child of vfork has let go of our memory, or we are to die. */
function waitForVforkChild(parent: Task): void {
  for (;;) {
    setCurrentState(TASK_KILLABLE);
    if (reload<Task | null>(parent.vforkChild) === null || killPending()) break;
    schedule();
  }
  setCurrentState(TASK_RUNNING);
  using _tasks = lockTasks();
  const child = parent.vforkChild;
  if (child === null) return;
  child.vforkParent = null; // we die first: it must not look for us
  parent.vforkChild = null;
}

/** A child that is not to be: gives everything back. */
function abandon(child: Task, error: i32): i32 {
  dropResources(child);
  if (child.process !== current().process) freeProcess(child.process);
  freeTask(child);
  return error;
}

function createChild(request: CloneRequest, result: Ptr<Task>): i32 {
  const parent = current();
  const old = parent.process;
  const isThread = (request.flags & CLONE_THREAD) !== 0;
  const process = isThread ? old : createProcess(copyHandlers(old, request));
  if (process === null) return -ENOMEM;
  const child = createTask();
  if (child === null) {
    if (!isThread) freeProcess(process);
    return -ENOMEM;
  }
  child.process = process;
  if (!isThread) copyProcess(process, old, request);
  copyThread(child, parent, request);
  if (!copyResources(child, parent, request.flags)) return abandon(child, -ENOMEM);
  if ((request.flags & CLONE_SETTLS) !== 0) {
    const error = setThreadArea(child, request.tls, false);
    if (error < 0) return abandon(child, error);
  }
  result[0] = child;
  return 0;
}

/** What a tracer calls it; 0: it is not to hear of it. */
function traceEventOf(request: CloneRequest): u32 {
  if ((request.flags & CLONE_UNTRACED) !== 0) return 0;
  if ((request.flags & CLONE_VFORK) !== 0) return PTRACE_EVENT_VFORK;
  return request.exitSignal === SIGCHLD && (request.flags & CLONE_THREAD) === 0
    ? PTRACE_EVENT_FORK
    : PTRACE_EVENT_CLONE;
}

/**
 * Makes a child of the current process, or a thread in it. Its pid, or -EAGAIN, -ENOMEM, -EFAULT and -EINVAL (about the
 * thread area).
 *
 * @sleeps
 */
export function doClone(request: CloneRequest): i32 {
  if (!mayFork()) return -EAGAIN;
  const parent = current();
  let child: Task = parent;
  const error = createChild(request, addrOf(child));
  if (error < 0) return error;
  const event = traceEventOf(request);
  const isReported = event !== 0 && isEventTraced(event);
  request.isTraced = isReported || (request.flags & CLONE_PTRACE) !== 0;
  const pid = adopt(child, parent, request);
  if (pid < 0) return abandon(child, pid);
  // Before it runs: it may be over in no time, and what it clears on its way out (CLONE_CHILD_CLEARTID) is often this word.
  if ((request.flags & CLONE_PARENT_SETTID) !== 0) putUser32(request.parentTid, u32(pid));
  startTask(child);
  if (isReported) traceEvent(event, u32(pid));
  if ((request.flags & CLONE_VFORK) !== 0) {
    waitForVforkChild(parent);
    traceEvent(PTRACE_EVENT_VFORK_DONE, u32(pid));
  }
  return pid;
}
