/*
 * System calls: access and its relatives, readlink.
 */

import { EACCES, EFAULT, EINVAL, ENOENT, ENOMEM } from '../abi/errno.ts';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  F_OK,
  PATH_MAX,
  R_OK,
  W_OK,
  X_OK,
} from '../abi/fcntl.ts';
import { MS_NOEXEC } from '../abi/mount.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyToUser } from '../arch/x86/userCopy.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { type Credentials } from '../proc/task.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { type Inode, touchAccessed } from './inode.ts';
import { EMPTY_PATH, FOLLOW, lookupPath } from './path.ts';
import { checkPermission } from './permission.ts';
import { copyPath, lookupUserPath } from './userPath.ts';

export function sysAccess(path: u32, mode: u32): i32 {
  return sysFaccessat2(u32(AT_FDCWD), path, mode, 0);
}

export function sysFaccessat(directory: u32, path: u32, mode: u32): i32 {
  return sysFaccessat2(directory, path, mode, 0);
}

/**
 * May the file be accessed so? As the real user asks (a set-uid program wants to know what its caller may), unless
 * AT_EACCESS is set; and the walk to the file is made as that user, too.
 */
export function sysFaccessat2(directory: u32, path: u32, mode: u32, flags: u32): i32 {
  if ((mode & ~(R_OK | W_OK | X_OK)) !== 0) return -EINVAL;
  if ((flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const credentials: Credentials = current().credentials;
  const fsuid = credentials.fsuid;
  const fsgid = credentials.fsgid;
  if ((flags & AT_EACCESS) === 0) {
    credentials.fsuid = credentials.uid;
    credentials.fsgid = credentials.gid;
  }
  const result = accessPath(directory, path, mode, flags);
  credentials.fsuid = fsuid;
  credentials.fsgid = fsgid;
  return result;
}

function accessPath(directory: u32, path: u32, mode: u32, flags: u32): i32 {
  let walk: u32 = (flags & AT_SYMLINK_NOFOLLOW) === 0 ? FOLLOW : 0;
  if ((flags & AT_EMPTY_PATH) !== 0) walk |= EMPTY_PATH;
  let dentry = as<Dentry>(0);
  const error = lookupUserPath(directory, path, walk, addrOf(dentry));
  if (error !== 0) return error;
  const result = accessInode(dentry.inode!, mode);
  putDentry(dentry);
  return result;
}

function accessInode(inode: Inode, mode: u32): i32 {
  if (mode === F_OK) return 0;
  if ((mode & X_OK) !== 0 && inode.isRegular() && (inode.superBlock.flags & MS_NOEXEC) !== 0) return -EACCES;
  return checkPermission(inode, mode);
}

export function sysReadlink(path: u32, buffer: u32, size: u32): i32 {
  return sysReadlinkat(u32(AT_FDCWD), path, buffer, size);
}

/** The target of a link, cut to `size`, without a zero. An empty path means a link opened with O_PATH. */
export function sysReadlinkat(directory: u32, path: u32, buffer: u32, size: u32): i32 {
  if (i32(size) <= 0) return -EINVAL;
  let dentry = as<Dentry>(0);
  let name = ptr<u8>(0);
  let error = copyPath(path, addrOf(name));
  if (error !== 0) return error;
  const isEmpty = name[0] === 0;
  error = lookupPath(i32(directory), name, EMPTY_PATH, addrOf(dentry));
  kfree(name);
  if (error !== 0) return error;
  let result = tellTarget(dentry.inode!, buffer, size < PATH_MAX ? size : PATH_MAX);
  if (isEmpty && result === -EINVAL) result = -ENOENT; // as every empty path that names no link
  putDentry(dentry);
  return result;
}

function tellTarget(inode: Inode, buffer: u32, size: u32): i32 {
  const readLink = inode.operations.readLink;
  if (readLink === null) return -EINVAL;
  const target = kmalloc(PATH_MAX);
  if (target === null) return -ENOMEM;
  touchAccessed(inode);
  let result = readLink(inode, target, size);
  if (result > 0 && copyToUser(buffer, target, u32(result)) !== 0) result = -EFAULT;
  kfree(target);
  return result;
}
