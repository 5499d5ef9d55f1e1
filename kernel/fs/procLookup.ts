/*
 * Processes as procfs finds them: by pid, again and again, for each may be gone the next time.
 *
 * A directory of one thread, /proc/PID/task/TID, knows it by its tid, marked by a bit that pids do not have.
 *
 * Locking. (T), the task list's lock, while a process is looked at; what outlives the look (an address space, a table of
 * files) is kept by a reference.
 */

import { EACCES, ENAMETOOLONG, ENOENT, ENOMEM, ESRCH } from '../abi/errno.ts';
import { PATH_MAX } from '../abi/fcntl.ts';
import { current } from '../arch/x86/cpu.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { mmget } from '../mm/mm.ts';
import { type Mm } from '../mm/types.ts';
import { mayInspect } from '../proc/ptrace.ts';
import { type Process, type Task } from '../proc/task.ts';
import {
  findProcess,
  findProcessOf,
  findTask,
  firstThread,
  lockTasks,
  nextThread,
  type TaskListLock,
} from '../proc/taskList.ts';
import { type Dentry, describePath, getDentry, isRemoved, putDentry } from './dentry.ts';
import { type File, putFile } from './file.ts';
import { type FileTable, findFile, getFiles, nextDescriptor, putFiles } from './fileTable.ts';
import { currentRoot, type FsContext, getFsContext, putFsContext } from './fsContext.ts';

/** In a pid: it is that of one thread, and means it alone. */
export const THREAD_NODE: u32 = 0x80000000;

/** The process of that pid, or of that thread; or null. Zombies are found, too, and first threads that have ended. */
export function processOf(pid: u32, held: Held<TaskListLock>): Process | null {
  return (pid & THREAD_NODE) !== 0 ? findProcessOf(pid & ~THREAD_NODE, held) : findProcess(pid, held);
}

/** A thread of process `pid` that still lives, or the thread meant; or null. */
export function threadOf(pid: u32, held: Held<TaskListLock>): Task | null {
  if ((pid & THREAD_NODE) !== 0) return findTask(pid & ~THREAD_NODE, held);
  const process = findProcess(pid, held);
  return process === null ? null : firstThread(process, held);
}

/** Is `tid` a thread of process `pid`? */
export function isThreadOf(tid: u32, pid: u32): boolean {
  using held = lockTasks();
  const process = findProcessOf(tid, held);
  return process !== null && process === processOf(pid, held);
}

/** Is there a process with this pid? A thread that is not its process's first has none of its own. */
export function isProcess(pid: u32): boolean {
  using held = lockTasks();
  return findProcess(pid, held) !== null;
}

/** The smallest tid above `tid` in process `pid`, or 0. A first thread counts as there while others are. */
export function threadAfter(pid: u32, tid: u32): u32 {
  using held = lockTasks();
  const process = processOf(pid, held);
  if (process === null) return 0;
  let best: u32 = process.pid > tid ? process.pid : 0;
  for (let task = firstThread(process, held); task !== null; task = nextThread(task, held)) {
    if (task.pid > tid && (best === 0 || task.pid < best)) best = task.pid;
  }
  return best;
}

/** When the process or thread was started, never 0; 0: there is none. Tells two processes of one pid apart. */
export function processStart(pid: u32): u64 {
  if (pid === 0) return 0n;
  using held = lockTasks();
  const process = processOf(pid, held);
  if (process === null) return 0n;
  const thread = (pid & THREAD_NODE) !== 0 ? findTask(pid & ~THREAD_NODE, held) : null;
  const start = thread !== null && thread.pid !== process.pid ? thread.startTime : process.startTime;
  return start === 0n ? 1n : start;
}

/** Is it the current task's process? */
export function isOwnProcess(pid: u32): boolean {
  using held = lockTasks();
  return processOf(pid, held) === current().process;
}

/** Effective user of a process: the owner of its files here. Those that `areInner` are the superuser's if it has secrets. */
export function processOwner(pid: u32, areInner: boolean): u32 {
  if (pid === 0) return 0;
  using held = lockTasks();
  const task = threadOf(pid, held);
  if (task === null || (areInner && task.mm !== null && task.process.isUndumpable)) return 0;
  return task.credentials.euid;
}

/** May the current task look into it? -EACCES: no; -ESRCH: it is gone. Who has no address space left hides nothing. */
export function mayLookInto(pid: u32): i32 {
  using held = lockTasks();
  if (processOf(pid, held) === null) return -ESRCH;
  const task = threadOf(pid, held);
  return task === null || task.mm === null || mayInspect(task) ? 0 : -EACCES;
}

/** Like mayLookInto, for where a process is and what it has open: kernel threads keep that to themselves. */
export function mayFollow(pid: u32): boolean {
  using held = lockTasks();
  const task = threadOf(pid, held);
  return task === null || mayInspect(task);
}

/** Its address space with a reference, or null: a kernel thread, a zombie, or gone. */
export function mmOf(pid: u32): Mm | null {
  using held = lockTasks();
  const task = threadOf(pid, held);
  const mm = task === null ? null : task.mm;
  if (mm !== null) mmget(mm);
  return mm;
}

/** Its descriptors with a reference, or null. */
function filesOf(pid: u32): FileTable | null {
  using held = lockTasks();
  const task = threadOf(pid, held);
  const files = task === null ? null : task.files;
  return files === null ? null : getFiles(files);
}

/** Its place in the tree with a reference, or null. */
export function contextOf(pid: u32): FsContext | null {
  using held = lockTasks();
  const task = threadOf(pid, held);
  const context = task === null ? null : task.fs;
  return context === null ? null : getFsContext(context);
}

/** Its current directory or (`isRoot`) its root, with a reference, or null. */
export function directoryOf(pid: u32, isRoot: boolean): Dentry | null {
  const context = contextOf(pid);
  if (context === null) return null;
  const dentry = takeDirectory(context, isRoot);
  putFsContext(context);
  return dentry;
}

function takeDirectory(context: FsContext, isRoot: boolean): Dentry {
  using _held = context.lock.acquire();
  return getDentry(isRoot ? context.root : context.workingDirectory);
}

// ---------------------------------------------------------------------------------------------------------------------
// Descriptors.

function fileOf(pid: u32, fd: u32): File | null {
  const table = filesOf(pid);
  if (table === null) return null;
  const file = findFile(table, fd);
  putFiles(table);
  return file;
}

/** How many descriptors its table has room for. */
export function descriptorRoom(pid: u32): u32 {
  const table = filesOf(pid);
  if (table === null) return 0;
  const room = table.capacity;
  putFiles(table);
  return room;
}

/** Is the descriptor open? */
export function findDescriptor(pid: u32, fd: u32): boolean {
  const file = fileOf(pid, fd);
  if (file === null) return false;
  putFile(file);
  return true;
}

/** The first open descriptor from `from` on, or negative. */
export function nextProcessDescriptor(pid: u32, from: u32): i32 {
  const table = filesOf(pid);
  if (table === null) return -ENOENT;
  const fd = nextDescriptor(table, from);
  putFiles(table);
  return fd;
}

/** What the descriptor leads to, with a reference. 0 or -ENOENT. */
export function dentryOfDescriptor(pid: u32, fd: u32, result: Ptr<Dentry>): i32 {
  const file = fileOf(pid, fd);
  if (file === null) return -ENOENT;
  result[0] = getDentry(file.dentry);
  putFile(file);
  return 0;
}

/** Its path, cut to `size` bytes: how many, or -ENOENT, -ENOMEM. */
export function descriptorTarget(pid: u32, fd: u32, buffer: Ptr<u8>, size: u32): i32 {
  let dentry = as<Dentry>(0);
  const error = dentryOfDescriptor(pid, fd, addrOf(dentry));
  if (error !== 0) return error;
  const length = tellPath(dentry, buffer, size);
  putDentry(dentry);
  return length;
}

/** The path of `dentry` as the current task sees it, cut to `size` bytes; " (deleted)" follows where that is so. */
export function tellPath(dentry: Dentry, buffer: Ptr<u8>, size: u32): i32 {
  const text = kmalloc(PATH_MAX);
  if (text === null) return -ENOMEM;
  const root = currentRoot();
  const start = describePath(dentry, root, text, PATH_MAX);
  putDentry(root);
  let length: u32 = 0;
  if (start >= 0) {
    for (let i = u32(start); text[i] !== 0 && length < size; i++) buffer[length++] = text[i];
    if (isRemoved(dentry)) {
      const mark = bytes(' (deleted)');
      for (let i: u32 = 0; mark[i] !== 0 && length < size; i++) buffer[length++] = mark[i];
    }
  }
  kfree(text);
  return start < 0 ? -ENAMETOOLONG : i32(length);
}
