/*
 * The owner of an open file, and its signal: what fcntl's F_SETOWN and F_SETSIG set for the time when there is something
 * to read. Both are kept and told; no driver here sends SIGIO.
 *
 * @source fcntl(2), "Managing signals".
 */

import { EFAULT, EINVAL, ESRCH } from '../abi/errno.ts';
import { F_OWNER_PGRP, F_OWNER_PID, F_OWNER_TID, type FileOwner } from '../abi/fcntl.ts';
import { NSIG } from '../abi/signal.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { findProcess, findTask, groupExists, lockTasks } from '../proc/taskList.ts';
import { type File } from './file.ts';

function exists(type: i32, pid: u32): boolean {
  using tasks = lockTasks();
  if (type === F_OWNER_TID) return findTask(pid, tasks) !== null;
  return type === F_OWNER_PID ? findProcess(pid, tasks) !== null : groupExists(pid, tasks);
}

/** Sets the owner; pid 0: nobody. 0 or -ESRCH. */
function setOwner(file: File, type: i32, pid: u32): i32 {
  if (pid !== 0 && !exists(type, pid)) return -ESRCH;
  file.ownerType = type;
  file.owner = pid;
  return 0;
}

/** The owner's number, or 0 when there is none any more. */
function ownerOf(file: File): u32 {
  const pid = file.owner;
  return pid !== 0 && exists(file.ownerType, pid) ? pid : 0;
}

/** F_SETOWN: a process, or, negative, a process group. */
export function setFileOwner(file: File, who: i32): i32 {
  if (who >= 0) return setOwner(file, F_OWNER_PID, u32(who));
  return who === -0x80000000 ? -EINVAL : setOwner(file, F_OWNER_PGRP, u32(-who));
}

/** F_GETOWN, in the same form: a process group looks like an error, which is why there is F_GETOWN_EX. */
export function getFileOwner(file: File): i32 {
  const pid = i32(ownerOf(file));
  return file.ownerType === F_OWNER_PGRP ? -pid : pid;
}

/** F_SETOWN_EX: the record at user address `address`. */
export function setFileOwnerRecord(file: File, address: u32): i32 {
  const record = zeroed<Inline<FileOwner>>();
  if (copyFromUser(ptr<u8>(record), address, sizeof<FileOwner>()) !== 0) return -EFAULT;
  if (record.type < F_OWNER_TID || record.type > F_OWNER_PGRP) return -EINVAL;
  return record.pid < 0 ? -ESRCH : setOwner(file, record.type, u32(record.pid));
}

/** F_GETOWN_EX. */
export function getFileOwnerRecord(file: File, address: u32): i32 {
  const record = zeroed<Inline<FileOwner>>();
  record.type = file.ownerType;
  record.pid = i32(ownerOf(file));
  return copyToUser(address, ptr<u8>(record), sizeof<FileOwner>()) !== 0 ? -EFAULT : 0;
}

/** F_SETSIG: 0 is SIGIO. */
export function setFileSignal(file: File, signal: u32): i32 {
  if (signal > NSIG) return -EINVAL;
  file.ownerSignal = signal;
  return 0;
}
