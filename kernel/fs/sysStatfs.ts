/*
 * System calls: statfs, fstatfs and their 64-bit forms.
 */

import { EBADF, EFAULT, EINVAL, EOVERFLOW } from '../abi/errno.ts';
import { AT_FDCWD, NAME_MAX } from '../abi/fcntl.ts';
import { ST_VALID } from '../abi/mount.ts';
import { type Statfs, type Statfs64 } from '../abi/stat.ts';
import { copyToUser } from '../arch/x86/userCopy.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { getFileOf } from './descriptor.ts';
import { putFile } from './file.ts';
import { type SuperBlock } from './inode.ts';
import { FOLLOW } from './path.ts';
import { lookupUserPath } from './userPath.ts';

function fill(superBlock: SuperBlock, result: Statfs64): void {
  result.f_type = superBlock.magic;
  result.f_bsize = superBlock.blockSize;
  result.f_fsid[0] = superBlock.device;
  result.f_namelen = NAME_MAX;
  result.f_frsize = superBlock.blockSize;
  // The mount flags of statfs are those of mount(2) for all that there are.
  result.f_flags = superBlock.flags | ST_VALID;
  const statfs = superBlock.operations.statfs;
  if (statfs !== null) statfs(superBlock, result);
}

/** The long form at user address `address`. */
function tellLong(superBlock: SuperBlock, address: u32): i32 {
  const result = zeroed<Inline<Statfs64>>();
  fill(superBlock, result);
  return copyToUser(address, ptr<u8>(addrOf(result)), sizeof<Statfs64>()) !== 0 ? -EFAULT : 0;
}

/** The short form. -EOVERFLOW when a number does not fit. */
function tellShort(superBlock: SuperBlock, address: u32): i32 {
  const long = zeroed<Inline<Statfs64>>();
  const result = zeroed<Inline<Statfs>>();
  fill(superBlock, long);
  if (long.f_blocks > 0xffffffffn || long.f_files > 0xffffffffn) return -EOVERFLOW;
  result.f_type = long.f_type;
  result.f_bsize = long.f_bsize;
  result.f_blocks = u32(long.f_blocks);
  result.f_bfree = u32(long.f_bfree);
  result.f_bavail = u32(long.f_bavail);
  result.f_files = u32(long.f_files);
  result.f_ffree = u32(long.f_ffree);
  result.f_fsid[0] = long.f_fsid[0];
  result.f_namelen = long.f_namelen;
  result.f_frsize = long.f_frsize;
  result.f_flags = long.f_flags;
  return copyToUser(address, ptr<u8>(addrOf(result)), sizeof<Statfs>()) !== 0 ? -EFAULT : 0;
}

function statfsPath(path: u32, tell: (superBlock: SuperBlock, address: u32) => i32, result: u32): i32 {
  let dentry = as<Dentry>(0);
  const error = lookupUserPath(u32(AT_FDCWD), path, FOLLOW, addrOf(dentry));
  if (error !== 0) return error;
  const told = tell(dentry.superBlock, result);
  putDentry(dentry);
  return told;
}

function statfsFile(fd: u32, tell: (superBlock: SuperBlock, address: u32) => i32, result: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const told = tell(file.inode.superBlock, result);
  putFile(file);
  return told;
}

export function sysStatfs(path: u32, result: u32): i32 {
  return statfsPath(path, tellShort, result);
}

export function sysFstatfs(fd: u32, result: u32): i32 {
  return statfsFile(fd, tellShort, result);
}

export function sysStatfs64(path: u32, size: u32, result: u32): i32 {
  return size === sizeof<Statfs64>() ? statfsPath(path, tellLong, result) : -EINVAL;
}

export function sysFstatfs64(fd: u32, size: u32, result: u32): i32 {
  return size === sizeof<Statfs64>() ? statfsFile(fd, tellLong, result) : -EINVAL;
}
