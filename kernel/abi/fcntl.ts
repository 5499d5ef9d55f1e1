/*
 * File control as Linux i386 programs see it: open flags, fcntl commands, the AT_ constants of the *at calls.
 *
 * @source the Linux i386 ABI (asm-generic/fcntl.h, linux/fcntl.h).
 */

export const O_ACCMODE = 0o3;
export const O_RDONLY = 0o0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DSYNC = 0o10000;
export const O_ASYNC = 0o20000;
export const O_DIRECT = 0o40000;
export const O_LARGEFILE = 0o100000;
export const O_DIRECTORY = 0o200000;
export const O_NOFOLLOW = 0o400000;
export const O_NOATIME = 0o1000000;
export const O_CLOEXEC = 0o2000000;
export const O_SYNC = 0o4010000;
export const O_PATH = 0o10000000;
/** The bit of O_TMPFILE that is its own; the full flag has O_DIRECTORY in it, so that old kernels refuse it. */
export const O_TMPFILE_BIT = 0o20000000;

/** Flags of the older BSD-style flock(2). */
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;
/** Of the mandatory locks that Linux once had: asking for one does nothing. */
export const LOCK_MAND = 32;

export const F_DUPFD = 0;
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_GETLK = 5;
export const F_SETLK = 6;
export const F_SETLKW = 7;
export const F_SETOWN = 8;
export const F_GETOWN = 9;
export const F_SETSIG = 10;
export const F_GETSIG = 11;
export const F_GETLK64 = 12;
export const F_SETLK64 = 13;
export const F_SETLKW64 = 14;
export const F_SETOWN_EX = 15;
export const F_GETOWN_EX = 16;
export const F_OFD_GETLK = 36;
export const F_OFD_SETLK = 37;
export const F_OFD_SETLKW = 38;
export const F_DUPFD_QUERY = 1027;
export const F_CREATED_QUERY = 1028;
export const F_DUPFD_CLOEXEC = 1030;
export const F_SETPIPE_SZ = 1031;
export const F_GETPIPE_SZ = 1032;

/** Kinds of record locks. */
export const F_RDLCK = 0;
export const F_WRLCK = 1;
export const F_UNLCK = 2;

/** Who gets SIGIO, in the record of F_SETOWN_EX. */
export const F_OWNER_TID = 0;
export const F_OWNER_PID = 1;
export const F_OWNER_PGRP = 2;

/** The record of F_GETLK, F_SETLK, F_SETLKW. */
export class Flock {
  l_type: i16;
  l_whence: i16;
  l_start: i32;
  /** 0: to the end, however far that will be. */
  l_len: i32;
  l_pid: i32;
}

/**
 * The record of the same commands with 64 in their names, and of those with OFD.
 * @packed
 */
export class Flock64 {
  l_type: i16;
  l_whence: i16;
  l_start: i64;
  l_len: i64;
  l_pid: i32;
}

/** The record of F_SETOWN_EX. */
export class FileOwner {
  type: i32;
  pid: i32;
}

/** The one flag of a descriptor (F_GETFD, F_SETFD): closed by execve. */
export const FD_CLOEXEC = 1;

/** As directory descriptor: names start at the current directory. */
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EACCESS = 0x200;
/** Of unlinkat, where it is not AT_EACCESS: remove a directory. */
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;
export const AT_STATX_FORCE_SYNC = 0x2000;
export const AT_STATX_DONT_SYNC = 0x4000;

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;

export const F_OK = 0;
export const X_OK = 1;
export const W_OK = 2;
export const R_OK = 4;

/** Flags of renameat2. */
export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
export const RENAME_WHITEOUT = 4;

/** Modes of fallocate: the size stays; the range is taken out. */
export const FALLOC_FL_KEEP_SIZE = 1;
export const FALLOC_FL_PUNCH_HOLE = 2;

/** The last of the advices of posix_fadvise, which count from 0. */
export const POSIX_FADV_NOREUSE = 5;

/** Flags of memfd_create, and the most bytes of a name. */
export const MFD_CLOEXEC = 1;
export const MFD_EXEC = 0x10;
export const MFD_NAME_MAX = 249;

/** Of eventfd2, beside O_CLOEXEC and O_NONBLOCK. */
export const EFD_SEMAPHORE = 1;

/** Flags of close_range. */
export const CLOSE_RANGE_UNSHARE = 2;
export const CLOSE_RANGE_CLOEXEC = 4;

/** Bytes of the longest path, and of the longest component; the path's include the zero at the end. */
export const PATH_MAX = 4096;
export const NAME_MAX = 255;
/** Writes of at most this many bytes to a pipe are not mixed with those of others. */
export const PIPE_BUF = 4096;
