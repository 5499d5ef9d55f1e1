/*
 * System calls: open, openat, creat, close, close_range.
 */

import { EBADF, EINVAL, ENOMEM } from '../abi/errno.ts';
import {
  AT_FDCWD,
  CLOSE_RANGE_CLOEXEC,
  CLOSE_RANGE_UNSHARE,
  O_CLOEXEC,
  O_CREAT,
  O_TRUNC,
  O_WRONLY,
} from '../abi/fcntl.ts';
import { current } from '../arch/x86/cpu.ts';
import { kfree } from '../mm/slab.ts';
import { unshareFiles } from '../proc/unshare.ts';
import { type File } from './file.ts';
import { cancel, closeFile, install, nextDescriptor, removeFile, reserve, setCloseOnExec } from './fileTable.ts';
import { openAt } from './open.ts';
import { copyPath } from './userPath.ts';

/** Flags that mean something; others are ignored, as they always were. */
const VALID_FLAGS: u32 = 0o37777703;

export function sysOpen(path: u32, flags: u32, mode: u32): i32 {
  return sysOpenat(u32(AT_FDCWD), path, flags, mode);
}

export function sysOpenat(directory: u32, path: u32, flags: u32, mode: u32): i32 {
  let name = ptr<u8>(0);
  const error = copyPath(path, addrOf(name));
  if (error !== 0) return error;
  const fd = openDescriptor(i32(directory), name, flags & VALID_FLAGS, mode);
  kfree(name);
  return fd;
}

function openDescriptor(directory: i32, path: Ptr<u8>, flags: u32, mode: u32): i32 {
  const table = current().files!;
  const fd = reserve(table, 0, (flags & O_CLOEXEC) !== 0);
  if (fd < 0) return fd;
  let file = as<File>(0);
  const error = openAt(directory, path, flags, mode, addrOf(file));
  if (error !== 0) {
    cancel(table, u32(fd));
    return error;
  }
  install(table, u32(fd), file);
  return fd;
}

export function sysCreat(path: u32, mode: u32): i32 {
  return sysOpenat(u32(AT_FDCWD), path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

export function sysClose(fd: u32): i32 {
  const table = current().files!;
  const file = removeFile(table, fd);
  if (file === null) return -EBADF;
  closeFile(table, file);
  return 0;
}

/** Closes, or marks for closing by execve, all descriptors from `first` to `last`; if so wanted, for this thread alone. */
export function sysCloseRange(first: u32, last: u32, flags: u32): i32 {
  if ((flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE)) !== 0 || first > last) return -EINVAL;
  if ((flags & CLOSE_RANGE_UNSHARE) !== 0 && !unshareFiles()) return -ENOMEM;
  const table = current().files!;
  let fd = nextDescriptor(table, first);
  while (fd >= 0 && u32(fd) <= last) {
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) setCloseOnExec(table, u32(fd), true);
    else {
      const file = removeFile(table, u32(fd));
      if (file !== null) closeFile(table, file);
    }
    fd = nextDescriptor(table, u32(fd) + 1);
  }
  return 0;
}
