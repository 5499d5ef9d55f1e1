/*
 * System calls of the stat family. They differ in how the file is named and in the record that they fill (stat.ts).
 */

import { EBADF, EINVAL } from '../abi/errno.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_STATX_DONT_SYNC,
  AT_STATX_FORCE_SYNC,
  AT_SYMLINK_NOFOLLOW,
} from '../abi/fcntl.ts';
import { STATX_RESERVED } from '../abi/stat.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { getFileOf } from './descriptor.ts';
import { putFile } from './file.ts';
import { type Inode } from './inode.ts';
import { EMPTY_PATH, FOLLOW } from './path.ts';
import { tellOldStat, tellStat, tellStat64, tellStatx } from './stat.ts';
import { lookupUserPath } from './userPath.ts';

/** Fills the record of one form at a user address. */
type Teller = (inode: Inode, address: u32) => i32;

function statPath(directory: u32, path: u32, flags: u32, tell: Teller, result: u32): i32 {
  let dentry = as<Dentry>(0);
  const error = lookupUserPath(directory, path, flags, addrOf(dentry));
  if (error !== 0) return error;
  const told = tell(dentry.inode!, result);
  putDentry(dentry);
  return told;
}

function statFile(fd: u32, tell: Teller, result: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const told = tell(file.inode, result);
  putFile(file);
  return told;
}

export function sysOldStat(path: u32, result: u32): i32 {
  return statPath(u32(AT_FDCWD), path, FOLLOW, tellOldStat, result);
}

export function sysOldLstat(path: u32, result: u32): i32 {
  return statPath(u32(AT_FDCWD), path, 0, tellOldStat, result);
}

export function sysOldFstat(fd: u32, result: u32): i32 {
  return statFile(fd, tellOldStat, result);
}

export function sysNewStat(path: u32, result: u32): i32 {
  return statPath(u32(AT_FDCWD), path, FOLLOW, tellStat, result);
}

export function sysNewLstat(path: u32, result: u32): i32 {
  return statPath(u32(AT_FDCWD), path, 0, tellStat, result);
}

export function sysNewFstat(fd: u32, result: u32): i32 {
  return statFile(fd, tellStat, result);
}

export function sysStat64(path: u32, result: u32): i32 {
  return statPath(u32(AT_FDCWD), path, FOLLOW, tellStat64, result);
}

export function sysLstat64(path: u32, result: u32): i32 {
  return statPath(u32(AT_FDCWD), path, 0, tellStat64, result);
}

export function sysFstat64(fd: u32, result: u32): i32 {
  return statFile(fd, tellStat64, result);
}

/** Walk flags for the AT_ flags that stat calls share. */
function walkFlags(flags: u32): u32 {
  let walk: u32 = (flags & AT_SYMLINK_NOFOLLOW) === 0 ? FOLLOW : 0;
  if ((flags & AT_EMPTY_PATH) !== 0) walk |= EMPTY_PATH;
  return walk;
}

export function sysFstatat64(directory: u32, path: u32, result: u32, flags: u32): i32 {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  return statPath(directory, path, walkFlags(flags), tellStat64, result);
}

export function sysStatx(directory: u32, path: u32, flags: u32, mask: u32, result: u32): i32 {
  const syncFlags = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | syncFlags)) !== 0) return -EINVAL;
  if ((mask & STATX_RESERVED) !== 0 || (flags & syncFlags) === syncFlags) return -EINVAL;
  let dentry = as<Dentry>(0);
  const error = lookupUserPath(directory, path, walkFlags(flags), addrOf(dentry));
  if (error !== 0) return error;
  const told = tellStatx(dentry, result);
  putDentry(dentry);
  return told;
}
