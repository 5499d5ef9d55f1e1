/*
 * System calls on files, directories and pipes. Each returns what the kernel returns: a result, or an error number
 * negated.
 */

import type { Stat64 } from '../../abi/stat.ts';
import { AT_FDCWD, F_DUPFD, F_GETFL, F_SETFD, F_SETFL } from '../../abi/fcntl.ts';
import {
  SYS__llseek,
  SYS_access,
  SYS_chdir,
  SYS_chmod,
  SYS_close,
  SYS_dup,
  SYS_dup2,
  SYS_fcntl64,
  SYS_fstat64,
  SYS_getcwd,
  SYS_getdents64,
  SYS_ioctl,
  SYS_link,
  SYS_lstat64,
  SYS_mkdir,
  SYS_mknod,
  SYS_open,
  SYS_pipe,
  SYS_read,
  SYS_readlink,
  SYS_rename,
  SYS_rmdir,
  SYS_stat64,
  SYS_symlink,
  SYS_umask,
  SYS_unlink,
  SYS_utimensat,
  SYS_write,
} from '../../abi/syscallNumbers.ts';

export function open(path: Ptr<u8>, flags: u32, mode: u32): i32 {
  return int80(SYS_open, u32(path), flags, mode, 0, 0, 0);
}

export function close(fd: i32): i32 {
  return int80(SYS_close, u32(fd), 0, 0, 0, 0, 0);
}

export function read(fd: i32, target: Ptr<u8>, count: u32): i32 {
  return int80(SYS_read, u32(fd), u32(target), count, 0, 0, 0);
}

export function write(fd: i32, source: Ptr<u8>, count: u32): i32 {
  return int80(SYS_write, u32(fd), u32(source), count, 0, 0, 0);
}

/** Sets the offset; both halves of the 64-bit `offset`, the result through `result`. */
export function seek(fd: i32, offset: i64, whence: u32, result: Ptr<i64>): i32 {
  return int80(SYS__llseek, u32(fd), u32(offset >> 32n), u32(offset), u32(result), whence, 0);
}

/** `ends[0]` is for reading, `ends[1]` for writing. */
export function pipe(ends: Ptr<i32>): i32 {
  return int80(SYS_pipe, u32(ends), 0, 0, 0, 0, 0);
}

export function dup(fd: i32): i32 {
  return int80(SYS_dup, u32(fd), 0, 0, 0, 0, 0);
}

export function dup2(from: i32, to: i32): i32 {
  return int80(SYS_dup2, u32(from), u32(to), 0, 0, 0, 0);
}

/** Copies a descriptor to the lowest free one that is at least `lowest`. */
export function dupAtLeast(fd: i32, lowest: i32): i32 {
  return int80(SYS_fcntl64, u32(fd), F_DUPFD, u32(lowest), 0, 0, 0);
}

/** Sets the descriptor's flag FD_CLOEXEC, or clears it. */
export function setDescriptorFlags(fd: i32, flags: u32): i32 {
  return int80(SYS_fcntl64, u32(fd), F_SETFD, flags, 0, 0, 0);
}

export function statusFlags(fd: i32): i32 {
  return int80(SYS_fcntl64, u32(fd), F_GETFL, 0, 0, 0, 0);
}

export function setStatusFlags(fd: i32, flags: u32): i32 {
  return int80(SYS_fcntl64, u32(fd), F_SETFL, flags, 0, 0, 0);
}

export function ioctl(fd: i32, request: u32, argument: u32): i32 {
  return int80(SYS_ioctl, u32(fd), request, argument, 0, 0, 0);
}

export function stat(path: Ptr<u8>, result: Stat64): i32 {
  return int80(SYS_stat64, u32(path), u32(result), 0, 0, 0, 0);
}

export function lstat(path: Ptr<u8>, result: Stat64): i32 {
  return int80(SYS_lstat64, u32(path), u32(result), 0, 0, 0, 0);
}

export function fstat(fd: i32, result: Stat64): i32 {
  return int80(SYS_fstat64, u32(fd), u32(result), 0, 0, 0, 0);
}

/** Fills `target` with records of directory `fd` (abi/dirent.ts). Returns their bytes; 0 at the end. */
export function getdents(fd: i32, target: Ptr<u8>, size: u32): i32 {
  return int80(SYS_getdents64, u32(fd), u32(target), size, 0, 0, 0);
}

/** May the caller read, write, execute (R_OK, W_OK, X_OK) the file? 0, or an error. */
export function access(path: Ptr<u8>, mode: u32): i32 {
  return int80(SYS_access, u32(path), mode, 0, 0, 0, 0);
}

export function mkdir(path: Ptr<u8>, mode: u32): i32 {
  return int80(SYS_mkdir, u32(path), mode, 0, 0, 0, 0);
}

export function rmdir(path: Ptr<u8>): i32 {
  return int80(SYS_rmdir, u32(path), 0, 0, 0, 0, 0);
}

export function unlink(path: Ptr<u8>): i32 {
  return int80(SYS_unlink, u32(path), 0, 0, 0, 0, 0);
}

export function link(existing: Ptr<u8>, path: Ptr<u8>): i32 {
  return int80(SYS_link, u32(existing), u32(path), 0, 0, 0, 0);
}

export function symlink(target: Ptr<u8>, path: Ptr<u8>): i32 {
  return int80(SYS_symlink, u32(target), u32(path), 0, 0, 0, 0);
}

/** The target of a symbolic link, without a zero at its end. Returns its length. */
export function readlink(path: Ptr<u8>, target: Ptr<u8>, size: u32): i32 {
  return int80(SYS_readlink, u32(path), u32(target), size, 0, 0, 0);
}

export function rename(from: Ptr<u8>, to: Ptr<u8>): i32 {
  return int80(SYS_rename, u32(from), u32(to), 0, 0, 0, 0);
}

export function chmod(path: Ptr<u8>, mode: u32): i32 {
  return int80(SYS_chmod, u32(path), mode, 0, 0, 0, 0);
}

export function mknod(path: Ptr<u8>, mode: u32, device: u32): i32 {
  return int80(SYS_mknod, u32(path), mode, device, 0, 0, 0);
}

/** Sets both times of a file to now. */
export function touch(path: Ptr<u8>): i32 {
  return int80(SYS_utimensat, u32(AT_FDCWD), u32(path), 0, 0, 0, 0);
}

export function umask(mask: u32): i32 {
  return int80(SYS_umask, mask, 0, 0, 0, 0, 0);
}

export function chdir(path: Ptr<u8>): i32 {
  return int80(SYS_chdir, u32(path), 0, 0, 0, 0, 0);
}

/** Stores the current directory's path, with its zero. Returns the length, the zero included. */
export function getcwd(target: Ptr<u8>, size: u32): i32 {
  return int80(SYS_getcwd, u32(target), size, 0, 0, 0, 0);
}
