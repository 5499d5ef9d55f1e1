/*
 * System calls about descriptors and open files as such: dup and its relatives, fcntl, flock, ioctl.
 */

import { EBADF, EFAULT, EINVAL, ENOTTY, EPERM } from '../abi/errno.ts';
import {
  F_CREATED_QUERY,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_DUPFD_QUERY,
  F_GETFD,
  F_GETFL,
  F_GETOWN,
  F_GETOWN_EX,
  F_GETPIPE_SZ,
  F_GETSIG,
  F_SETFD,
  F_SETFL,
  F_SETOWN,
  F_SETOWN_EX,
  F_SETPIPE_SZ,
  F_SETSIG,
  FD_CLOEXEC,
  LOCK_MAND,
  O_APPEND,
  O_ASYNC,
  O_CLOEXEC,
  O_DIRECT,
  O_NOATIME,
  O_NONBLOCK,
  O_PATH,
} from '../abi/fcntl.ts';
import { FIGETBSZ, FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, FIONREAD } from '../abi/ioctl.ts';
import { current } from '../arch/x86/cpu.ts';
import { getUser32, putUser32 } from '../arch/x86/userCopy.ts';
import { getFileOf } from './descriptor.ts';
import { type File, putFile } from './file.ts';
import { getFileOwner, getFileOwnerRecord, setFileOwner, setFileOwnerRecord, setFileSignal } from './fileOwner.ts';
import { closeFile, duplicate, getCloseOnExec, replaceFile, setCloseOnExec } from './fileTable.ts';
import { flockFile, isFlockOperation } from './flock.ts';
import { inodeSize } from './inode.ts';
import { ownerOrCapable } from './permission.ts';
import { isPipe, pipeSize, setPipeSize } from './pipe.ts';
import { controlLock, isLockCommand } from './sysRecordLock.ts';

export function sysDup(fd: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = duplicate(current().files!, file, 0, false);
  putFile(file);
  return result;
}

export function sysDup2(fd: u32, wanted: u32): i32 {
  if (fd === wanted) return getCloseOnExec(current().files!, fd) < 0 ? -EBADF : i32(fd);
  return duplicateTo(fd, wanted, false);
}

export function sysDup3(fd: u32, wanted: u32, flags: u32): i32 {
  if ((flags & ~O_CLOEXEC) !== 0 || fd === wanted) return -EINVAL;
  return duplicateTo(fd, wanted, (flags & O_CLOEXEC) !== 0);
}

function duplicateTo(fd: u32, wanted: u32, onExec: boolean): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  let replaced: File | null = null;
  const error = replaceFile(current().files!, wanted, file, onExec, addrOf(replaced));
  if (error !== 0) {
    putFile(file);
    return error;
  }
  const old = reload<File | null>(replaced);
  if (old !== null) closeFile(current().files!, old);
  return i32(wanted);
}

// ---------------------------------------------------------------------------------------------------------------------
// fcntl.

/** Flags that F_SETFL can change. */
const SETTABLE: u32 = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

/** May the file have something to tell later, and so O_ASYNC? Pipes and terminals, which have no position. */
function hasSignal(file: File): boolean {
  return file.operations.seek === null;
}

function setFlags(file: File, wanted: u32): i32 {
  if ((wanted & O_NOATIME) !== 0 && (file.flags & O_NOATIME) === 0 && !ownerOrCapable(file.inode)) return -EPERM;
  if ((wanted & O_DIRECT) !== 0 && !isPipe(file) && !file.operations.isDirect) return -EINVAL;
  const settable = hasSignal(file) ? SETTABLE | O_ASYNC : SETTABLE;
  changeFlags(file, settable, wanted & settable);
  return 0;
}

function changeFlags(file: File, mask: u32, value: u32): void {
  using _held = file.flagsLock.acquire();
  file.flags = (file.flags & ~mask) | value;
}

/** Commands that even a descriptor opened with O_PATH has. */
function isDescriptorCommand(command: u32): boolean {
  return (
    command === F_DUPFD ||
    command === F_DUPFD_CLOEXEC ||
    command === F_DUPFD_QUERY ||
    command === F_CREATED_QUERY ||
    command === F_GETFD ||
    command === F_SETFD ||
    command === F_GETFL
  );
}

function control(file: File, fd: u32, command: u32, argument: u32): i32 {
  const table = current().files!;
  if ((file.flags & O_PATH) !== 0 && !isDescriptorCommand(command)) return -EBADF;
  switch (command) {
    case F_DUPFD:
      return duplicate(table, file, argument, false);
    case F_DUPFD_CLOEXEC:
      return duplicate(table, file, argument, true);
    case F_GETFD:
      return getCloseOnExec(table, fd);
    case F_SETFD:
      return setCloseOnExec(table, fd, (argument & FD_CLOEXEC) !== 0);
    case F_GETFL:
      return i32(file.flags);
    case F_SETFL:
      return setFlags(file, argument);
    case F_DUPFD_QUERY:
      return isSameFile(file, argument);
    case F_CREATED_QUERY:
      return file.isCreated ? 1 : 0;
    case F_GETOWN:
      return getFileOwner(file);
    case F_SETOWN:
      return setFileOwner(file, i32(argument));
    case F_GETOWN_EX:
      return getFileOwnerRecord(file, argument);
    case F_SETOWN_EX:
      return setFileOwnerRecord(file, argument);
    case F_GETSIG:
      return i32(file.ownerSignal);
    case F_SETSIG:
      return setFileSignal(file, argument);
    case F_GETPIPE_SZ:
      return isPipe(file) ? pipeSize(file) : -EBADF;
    case F_SETPIPE_SZ:
      return isPipe(file) ? setPipeSize(file, argument) : -EBADF;
    default:
      return isLockCommand(command) ? controlLock(file, fd, command, argument) : -EINVAL;
  }
}

/** F_DUPFD_QUERY: does the other descriptor stand for the same open file? */
function isSameFile(file: File, fd: u32): i32 {
  const other = getFileOf(fd);
  if (other === null) return -EBADF;
  putFile(other);
  return other === file ? 1 : 0;
}

export function sysFcntl64(fd: u32, command: u32, argument: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = control(file, fd, command, argument);
  putFile(file);
  return result;
}

export function sysFcntl(fd: u32, command: u32, argument: u32): i32 {
  return sysFcntl64(fd, command, argument);
}

// ---------------------------------------------------------------------------------------------------------------------
// ioctl: some requests mean the same for every file, the rest is the file's own.

function controlDevice(file: File, fd: u32, request: u32, argument: u32): i32 {
  if ((file.flags & O_PATH) !== 0) return -EBADF;
  switch (request) {
    case FIOCLEX:
      return setCloseOnExec(current().files!, fd, true);
    case FIONCLEX:
      return setCloseOnExec(current().files!, fd, false);
    case FIONBIO:
      return setFromUser(file, O_NONBLOCK, argument);
    case FIOASYNC:
      return setFromUser(file, O_ASYNC, argument);
    case FIONREAD:
      if (!file.inode.isRegular()) break;
      return putUser32(argument, u32(inodeSize(file.inode) - file.position));
    case FIGETBSZ:
      return putUser32(argument, file.inode.superBlock.blockSize);
  }
  const ioctl = file.operations.ioctl;
  return ioctl === null ? -ENOTTY : ioctl(file, request, argument);
}

function setFromUser(file: File, flag: u32, address: u32): i32 {
  let on: u32 = 0;
  if (getUser32(address, addrOf(on)) !== 0) return -EFAULT;
  if (flag === O_ASYNC && !hasSignal(file) && on !== 0) return -ENOTTY;
  changeFlags(file, flag, on !== 0 ? flag : 0);
  return 0;
}

export function sysFlock(fd: u32, operation: u32): i32 {
  if ((operation & LOCK_MAND) !== 0) return 0;
  if (!isFlockOperation(operation)) return -EINVAL;
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = (file.flags & O_PATH) !== 0 ? -EBADF : flockFile(file, operation);
  putFile(file);
  return result;
}

export function sysIoctl(fd: u32, request: u32, argument: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = controlDevice(file, fd, request, argument);
  putFile(file);
  return result;
}
