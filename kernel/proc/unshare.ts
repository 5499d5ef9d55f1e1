/*
 * unshare: a task gets for itself what it has shared with others, its table of descriptors and its place in the file
 * tree. Memory, signal actions and the thread group cannot be parted later; asking for it succeeds where nothing is shared.
 *
 * Locking. Others look at a task's pointers under the list of tasks' lock (T), so they change under it.
 *
 * @source unshare(2).
 */

import { EINVAL, ENOMEM, EPERM } from '../abi/errno.ts';
import {
  CLONE_FILES,
  CLONE_FS,
  CLONE_NAMESPACES,
  CLONE_NEWUSER,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
} from '../abi/sched.ts';
import { current } from '../arch/x86/cpu.ts';
import { dupFiles, type FileTable, putFiles } from '../fs/fileTable.ts';
import { copyFsContext, type FsContext, putFsContext } from '../fs/fsContext.ts';
import { lockTasks } from './taskList.ts';

/** The current task's descriptors become its own. False: no memory. @sleeps */
export function unshareFiles(): boolean {
  const task = current();
  const old: FileTable = task.files!;
  if (old.count === 1) return true;
  const fresh = dupFiles(old);
  if (fresh === null) return false;
  {
    using _tasks = lockTasks();
    task.files = fresh;
  }
  putFiles(old);
  return true;
}

/** The same for root, current directory and umask. */
function unshareFs(): boolean {
  const task = current();
  const old: FsContext = task.fs!;
  if (old.count === 1) return true;
  const fresh = copyFsContext(old);
  if (fresh === null) return false;
  {
    using _tasks = lockTasks();
    task.fs = fresh;
  }
  putFsContext(old);
  return true;
}

/** May the flags stand for something that the task has for itself already? */
function isAlone(flags: u32): boolean {
  const task = current();
  const process = task.process;
  const isShared = (flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) !== 0;
  if (isShared && process.liveThreads > 1) return false;
  if ((flags & (CLONE_SIGHAND | CLONE_VM)) !== 0 && process.handlers.count > 1) return false;
  return (flags & CLONE_VM) === 0 || task.mm!.mmUsers === 1;
}

/** unshare(flags). */
export function sysUnshare(flags: u32): i32 {
  const parts = CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
  const namespaces = CLONE_NAMESPACES | CLONE_NEWUSER;
  if ((flags & ~(parts | namespaces)) !== 0 || !isAlone(flags)) return -EINVAL;
  if ((flags & CLONE_NAMESPACES) !== 0 && current().credentials.euid !== 0) return -EPERM;
  if ((flags & namespaces) !== 0) return -EINVAL; // there are none but the first
  if ((flags & CLONE_FS) !== 0 && !unshareFs()) return -ENOMEM;
  return (flags & CLONE_FILES) !== 0 && !unshareFiles() ? -ENOMEM : 0;
}
