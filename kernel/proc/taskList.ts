/*
 * The task list: who exists, by pid and as a family.
 *
 * Idea. Two hash tables, tasks by thread id and processes by process id, and one list of all processes in the order of
 * their creation. A process leaves when its parent has waited for it, a task when it exits.
 *
 * One lock guards all of it, and the family links (parent, children, group, session) besides. It is taken with
 * interrupts off, because the terminal looks up a process group in its interrupt handler. What is found may be used for
 * as long as the lock is held and no longer: the type says so, since every lookup takes the witness.
 *
 * Pids are given out in ascending order, from 2 again after PID_MAX. One that a process group or a session still goes by
 * is not given out, or strangers would get that group's signals.
 *
 * Locking. (T) taskListLock. Order: (T) before a process's signal lock before a run queue's lock.
 */

import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type Process, type Task } from './task.ts';

/** The class of the task list's lock. */
export class TaskListLock {
  declare readonly lock: 'taskList';
}

/** Pids are below this. */
const PID_MAX: u32 = 32768;

const HASH_BITS: u32 = 6;
const HASH_SIZE: u32 = 64;

const taskListLock = zeroed<Inline<Spinlock<TaskListLock>>>();
const taskHash = zeroed<FixedArray<Inline<ListHead>, 64>>(); // (T) of Task.hashLink
const processHash = zeroed<FixedArray<Inline<ListHead>, 64>>(); // (T) of Process.hashLink
const processes = zeroed<Inline<ListHead>>(); // (T) of Process.allLink
let processCount: u32 = 0; // (T) zombies included
let taskCount: u32 = 0; // (T)
let lastPid: u32 = 1; // (T) 1 is not given out: it is the pid of init alone
let forkCount: u32 = 0; // (T) tasks created since boot

/** Makes empty lists. */
export function initTaskList(): void {
  taskListLock.init('taskList');
  processes.init();
  for (let i: u32 = 0; i < HASH_SIZE; i++) {
    taskHash[i].init();
    processHash[i].init();
  }
}

/**
 * Takes the task list's lock: `using held = lockTasks()`.
 *
 * @releasedBy unlockTasks
 */
export function lockTasks(): Held<TaskListLock> {
  return taskListLock.acquireIrqSave();
}

/** Releases it. Called by `using`. */
export function unlockTasks(): void {
  taskListLock.releaseIrqRestore();
}

function bucketOf(pid: u32): u32 {
  return (pid ^ (pid >> HASH_BITS)) & (HASH_SIZE - 1);
}

/** The thread with this id, or null. */
export function findTask(pid: u32, _held: Held<TaskListLock>): Task | null {
  const bucket = taskHash[bucketOf(pid)];
  for (let link = bucket.next; link !== bucket; link = link.next) {
    const task = as<Task>(u32(link) - offsetof<Task>('hashLink'));
    if (task.pid === pid) return task;
  }
  return null;
}

/** The process with this id, or null. Zombies are found, too. */
export function findProcess(pid: u32, _held: Held<TaskListLock>): Process | null {
  const bucket = processHash[bucketOf(pid)];
  for (let link = bucket.next; link !== bucket; link = link.next) {
    const process = as<Process>(u32(link) - offsetof<Process>('hashLink'));
    if (process.pid === pid) return process;
  }
  return null;
}

/** The process that `pid` names, be it its own or that of one of its threads; or null. */
export function findProcessOf(pid: u32, held: Held<TaskListLock>): Process | null {
  const task = findTask(pid, held);
  return task === null ? findProcess(pid, held) : task.process;
}

/** The process after `process` in order of creation, the first for null; null at the end. */
export function processAfter(process: Process | null, _held: Held<TaskListLock>): Process | null {
  const link = process === null ? processes.next : process.allLink.next;
  return link === processes ? null : as<Process>(u32(link) - offsetof<Process>('allLink'));
}

/** The process with the smallest pid above `pid`, or null: a walk that survives what happens between its steps. */
export function nextProcess(pid: u32, held: Held<TaskListLock>): Process | null {
  let best: Process | null = null;
  for (let process = processAfter(null, held); process !== null; process = processAfter(process, held)) {
    if (process.pid > pid && (best === null || process.pid < best.pid)) best = process;
  }
  return best;
}

/** A thread of `process`: the first one, if it still lives. Null for a zombie. */
export function firstThread(process: Process, _held: Held<TaskListLock>): Task | null {
  const link = process.threads.next;
  return link === process.threads ? null : as<Task>(u32(link) - offsetof<Task>('threadLink'));
}

/** The thread after `task` in its process, or null. */
export function nextThread(task: Task, _held: Held<TaskListLock>): Task | null {
  const link = task.threadLink.next;
  return link === task.process.threads ? null : as<Task>(u32(link) - offsetof<Task>('threadLink'));
}

/** The child after `child` of `parent`, the first for null; null at the end. */
export function childAfter(parent: Process, child: Process | null, _held: Held<TaskListLock>): Process | null {
  const link = child === null ? parent.children.next : child.siblingLink.next;
  return link === parent.children ? null : as<Process>(u32(link) - offsetof<Process>('siblingLink'));
}

/** Does a process group with this number exist (its members may be zombies)? */
export function groupExists(pgrp: u32, held: Held<TaskListLock>): boolean {
  for (let process = processAfter(null, held); process !== null; process = processAfter(process, held)) {
    if (process.pgrp === pgrp) return true;
  }
  return false;
}

/** What sessionOfGroup gives for a group that does not exist. 0 is a session: that of process 1 before its setsid. */
export const NO_SESSION: u32 = 0xffffffff;

/** The session that a process group belongs to; NO_SESSION if there is no such group. */
export function sessionOfGroup(pgrp: u32, held: Held<TaskListLock>): u32 {
  for (let process = processAfter(null, held); process !== null; process = processAfter(process, held)) {
    if (process.pgrp === pgrp) return process.session;
  }
  return NO_SESSION;
}

/**
 * Is the group orphaned: does no living member have a parent in another group of the same session, who could continue
 * it when it stops? `ignored` counts as gone already (a process that is about to exit).
 *
 * @source POSIX.1, 3.264 "orphaned process group"
 */
export function isOrphanedGroupExcept(pgrp: u32, ignored: Process | null, held: Held<TaskListLock>): boolean {
  for (let process = processAfter(null, held); process !== null; process = processAfter(process, held)) {
    if (process.pgrp !== pgrp || process === ignored || process.threadCount === 0) continue;
    const parent = process.parent;
    if (parent === null || parent.pid === 1) continue;
    if (parent.pgrp !== pgrp && parent.session === process.session) return false;
  }
  return true;
}

/** The same for a caller that does not hold (T): the terminal. */
export function isOrphanedGroup(pgrp: u32): boolean {
  using held = lockTasks();
  return isOrphanedGroupExcept(pgrp, null, held);
}

function isPidInUse(pid: u32, held: Held<TaskListLock>): boolean {
  if (findTask(pid, held) !== null || findProcess(pid, held) !== null) return true;
  for (let process = processAfter(null, held); process !== null; process = processAfter(process, held)) {
    if (process.pgrp === pid || process.session === pid) return true;
  }
  return false;
}

/** A pid that nobody has; 0 if all are taken. */
export function allocatePid(held: Held<TaskListLock>): u32 {
  for (let tries: u32 = 0; tries < PID_MAX; tries++) {
    lastPid = lastPid + 1 < PID_MAX ? lastPid + 1 : 2;
    if (!isPidInUse(lastPid, held)) return lastPid;
  }
  return 0;
}

/** Makes `process`, whose pid is set, known, as a child of `process.parent`. */
export function linkProcess(process: Process, _held: Held<TaskListLock>): void {
  processHash[bucketOf(process.pid)].addBefore(process.hashLink);
  processes.addBefore(process.allLink);
  const parent = process.parent;
  if (parent !== null) parent.children.addBefore(process.siblingLink);
  processCount++;
}

/** Forgets a process. Nobody finds it any more; the caller frees it. */
export function unlinkProcess(process: Process, _held: Held<TaskListLock>): void {
  process.hashLink.unlink();
  process.allLink.unlink();
  process.siblingLink.unlink();
  processCount--;
}

/** Makes `task`, whose pid and process are set, known. */
export function linkTask(task: Task, _held: Held<TaskListLock>): void {
  taskHash[bucketOf(task.pid)].addBefore(task.hashLink);
  task.process.threads.addBefore(task.threadLink);
  task.process.threadCount++;
  taskCount++;
  forkCount++;
}

/** Forgets a task that exits. */
export function unlinkTask(task: Task, _held: Held<TaskListLock>): void {
  task.hashLink.unlink();
  task.threadLink.unlink();
  task.process.threadCount--;
  taskCount--;
}

/** A thread takes another number: that of its process's first thread, which has gone. */
export function renameTask(task: Task, pid: u32, _held: Held<TaskListLock>): void {
  task.hashLink.unlink();
  task.pid = pid;
  taskHash[bucketOf(pid)].addBefore(task.hashLink);
}

/** Processes that exist, zombies included. */
export function numberOfProcesses(_held: Held<TaskListLock>): u32 {
  return processCount;
}

/** Threads that exist. */
export function numberOfTasks(_held: Held<TaskListLock>): u32 {
  return taskCount;
}

/** Threads created since boot (the line "processes" of /proc/stat). */
export function numberOfForks(_held: Held<TaskListLock>): u32 {
  return forkCount;
}

/** The pid given out last (/proc/loadavg). */
export function latestPid(_held: Held<TaskListLock>): u32 {
  return lastPid;
}
