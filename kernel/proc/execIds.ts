/*
 * Who a program acts for: set-user-ID and set-group-ID programs act for their owner and their group, whoever starts them.
 *
 * Not where the file system is mounted nosuid, not for those who have renounced it (PR_SET_NO_NEW_PRIVS), and not for a
 * program whose every step somebody else controls, unless that is the superuser.
 *
 * A program learns from AT_SECURE that who started it is not who it acts for, and should not trust its environment.
 *
 * @source execve(2), "Effect on process attributes", "Effective user ID"; credentials(7).
 */

import { MS_NOSUID } from '../abi/mount.ts';
import { S_ISGID, S_ISUID, S_IXGRP } from '../abi/stat.ts';
import { type Inode } from '../fs/inode.ts';
import { checkPermission, MAY_READ } from '../fs/permission.ts';
import { type Task } from './task.ts';
import { lockTasks } from './taskList.ts';

/** The effective ids of the program that is to start. */
export class ExecIds {
  euid: u32;
  egid: u32;
  /** AT_SECURE. */
  isSecure: boolean;
  /** The caller may execute the program, but not read it. */
  isUnreadable: boolean;
}

function isControlled(task: Task): boolean {
  using _tasks = lockTasks();
  return task.tracer !== null && task.tracer.credentials.euid !== 0;
}

/** Fills in `ids` for a program in `inode` that `task` starts. */
export function chooseExecIds(task: Task, inode: Inode, ids: ExecIds): void {
  const mine = task.credentials;
  const mode = inode.mode;
  const setGroup = S_ISGID | S_IXGRP;
  ids.euid = mine.euid;
  ids.egid = mine.egid;
  const isKept = (inode.superBlock.flags & MS_NOSUID) !== 0 || task.noNewPrivileges || isControlled(task);
  if (!isKept && (mode & S_ISUID) !== 0) ids.euid = inode.uid;
  if (!isKept && (mode & setGroup) === setGroup) ids.egid = inode.gid;
  ids.isUnreadable = checkPermission(inode, MAY_READ) !== 0;
  ids.isSecure = ids.euid !== mine.uid || ids.egid !== mine.gid;
}

/** The program starts: the effective ids are also the saved ones, and those that files look at. */
export function takeExecIds(task: Task, ids: ExecIds): void {
  const mine = task.credentials;
  const isChanged = mine.euid !== ids.euid || mine.egid !== ids.egid;
  if (isChanged) task.parentDeathSignal = 0;
  task.process.isUndumpable = isChanged || ids.isSecure || ids.isUnreadable;
  mine.euid = ids.euid;
  mine.suid = ids.euid;
  mine.fsuid = ids.euid;
  mine.egid = ids.egid;
  mine.sgid = ids.egid;
  mine.fsgid = ids.egid;
}
