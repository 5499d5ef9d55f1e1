/*
 * System calls that change what an inode says: chmod, chown, truncate, and their relatives.
 *
 * Each finds the inode by path or descriptor and calls one function with it, which takes the inode's mutex. Directory
 * descriptors, paths and descriptors opened with O_PATH are sorted out in `onPath` and `onFile`.
 */

import { EBADF, EINVAL, EISDIR, EOPNOTSUPP, EPERM, EROFS } from '../abi/errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_LARGEFILE, O_PATH } from '../abi/fcntl.ts';
import { MS_RDONLY } from '../abi/mount.ts';
import { S_IALLUGO, S_IFMT, S_ISGID, S_ISUID, S_IXGRP } from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { getFileOf } from './descriptor.ts';
import { putFile } from './file.ts';
import { checkSize } from './genericFile.ts';
import { type Inode, touchChanged } from './inode.ts';
import { truncateAsWriter, truncateInode } from './open.ts';
import { EMPTY_PATH, FOLLOW } from './path.ts';
import { checkPermission, inGroup, MAY_WRITE, ownerOrCapable } from './permission.ts';
import { lookupUserPath } from './userPath.ts';

/** An owner that is to stay as it is. */
const UNCHANGED: u32 = 0xffffffff;

function onPath(
  directory: u32,
  path: u32,
  walk: u32,
  change: (inode: Inode, first: u32, second: u32) => i32,
  first: u32,
  second: u32,
): i32 {
  let dentry = as<Dentry>(0);
  let error = lookupUserPath(directory, path, walk, addrOf(dentry));
  if (error !== 0) return error;
  error = change(dentry.inode!, first, second);
  putDentry(dentry);
  return error;
}

function onFile(fd: u32, change: (inode: Inode, first: u32, second: u32) => i32, first: u32, second: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const error = (file.flags & O_PATH) !== 0 ? -EBADF : change(file.inode, first, second);
  putFile(file);
  return error;
}

// ---------------------------------------------------------------------------------------------------------------------
// chmod.

function changeMode(inode: Inode, mode: u32, _unused: u32): i32 {
  if ((inode.superBlock.flags & MS_RDONLY) !== 0) return -EROFS;
  using held = inode.mutex.lock();
  if (!ownerOrCapable(inode)) return -EPERM;
  let permissions = mode & S_IALLUGO;
  if (current().credentials.fsuid !== 0 && !inGroup(inode.gid)) permissions &= ~S_ISGID;
  inode.mode = (inode.mode & S_IFMT) | permissions;
  touchChanged(inode, held);
  return 0;
}

export function sysChmod(path: u32, mode: u32): i32 {
  return onPath(u32(AT_FDCWD), path, FOLLOW, changeMode, mode, 0);
}

export function sysFchmodat(directory: u32, path: u32, mode: u32): i32 {
  return onPath(directory, path, FOLLOW, changeMode, mode, 0);
}

/** fchmodat with flags. A link's own mode cannot be changed. */
export function sysFchmodat2(directory: u32, path: u32, mode: u32, flags: u32): i32 {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  let walk: u32 = (flags & AT_SYMLINK_NOFOLLOW) === 0 ? FOLLOW : 0;
  if ((flags & AT_EMPTY_PATH) !== 0) walk |= EMPTY_PATH;
  return onPath(directory, path, walk, changeModeOfNoLink, mode, 0);
}

function changeModeOfNoLink(inode: Inode, mode: u32, unused: u32): i32 {
  return inode.isSymlink() ? -EOPNOTSUPP : changeMode(inode, mode, unused);
}

export function sysFchmod(fd: u32, mode: u32): i32 {
  return onFile(fd, changeMode, mode, 0);
}

// ---------------------------------------------------------------------------------------------------------------------
// chown.

/** Only the superuser gives files away; an owner may choose among his own groups. */
function mayChangeOwner(inode: Inode, uid: u32, gid: u32): boolean {
  const fsuid = current().credentials.fsuid;
  if (fsuid === 0) return true;
  if (uid !== UNCHANGED && (fsuid !== inode.uid || uid !== inode.uid)) return false;
  return gid === UNCHANGED || (fsuid === inode.uid && (gid === inode.gid || inGroup(gid)));
}

function changeOwner(inode: Inode, uid: u32, gid: u32): i32 {
  if ((inode.superBlock.flags & MS_RDONLY) !== 0) return -EROFS;
  using held = inode.mutex.lock();
  if (!mayChangeOwner(inode, uid, gid)) return -EPERM;
  if (uid !== UNCHANGED) inode.uid = uid;
  if (gid !== UNCHANGED) inode.gid = gid;
  if (!inode.isDirectory()) {
    // A program that was set-id for one owner must not be so for another.
    inode.mode &= ~S_ISUID;
    if ((inode.mode & S_IXGRP) !== 0) inode.mode &= ~S_ISGID;
  }
  touchChanged(inode, held);
  return 0;
}

/** Of the calls from the time of 16-bit owners. */
function longId(id: u32): u32 {
  const short = id & 0xffff;
  return short === 0xffff ? UNCHANGED : short;
}

export function sysChown16(path: u32, uid: u32, gid: u32): i32 {
  return sysChown32(path, longId(uid), longId(gid));
}

export function sysLchown16(path: u32, uid: u32, gid: u32): i32 {
  return sysLchown32(path, longId(uid), longId(gid));
}

export function sysFchown16(fd: u32, uid: u32, gid: u32): i32 {
  return sysFchown32(fd, longId(uid), longId(gid));
}

export function sysChown32(path: u32, uid: u32, gid: u32): i32 {
  return onPath(u32(AT_FDCWD), path, FOLLOW, changeOwner, uid, gid);
}

export function sysLchown32(path: u32, uid: u32, gid: u32): i32 {
  return onPath(u32(AT_FDCWD), path, 0, changeOwner, uid, gid);
}

export function sysFchown32(fd: u32, uid: u32, gid: u32): i32 {
  return onFile(fd, changeOwner, uid, gid);
}

export function sysFchownat(directory: u32, path: u32, uid: u32, gid: u32, flags: u32): i32 {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  let walk: u32 = (flags & AT_SYMLINK_NOFOLLOW) === 0 ? FOLLOW : 0;
  if ((flags & AT_EMPTY_PATH) !== 0) walk |= EMPTY_PATH;
  return onPath(directory, path, walk, changeOwner, uid, gid);
}

// ---------------------------------------------------------------------------------------------------------------------
// truncate. The size comes as two words.

function sizeOf(low: u32, high: u32): i64 {
  return i64((u64(high) << 32n) | u64(low));
}

function truncateByPath(inode: Inode, low: u32, high: u32): i32 {
  if (inode.isDirectory()) return -EISDIR;
  if (!inode.isRegular()) return -EINVAL;
  const denied = checkPermission(inode, MAY_WRITE);
  if (denied !== 0) return denied;
  const impossible = checkSize(sizeOf(low, high));
  return impossible !== 0 ? impossible : truncateAsWriter(inode, sizeOf(low, high));
}

export function sysTruncate(path: u32, size: u32): i32 {
  if (i32(size) < 0) return -EINVAL;
  return sysTruncate64(path, size, 0);
}

export function sysTruncate64(path: u32, low: u32, high: u32): i32 {
  if (i32(high) < 0) return -EINVAL;
  return onPath(u32(AT_FDCWD), path, FOLLOW, truncateByPath, low, high);
}

function truncateFile(fd: u32, size: i64, large: boolean): i32 {
  if (size < 0n) return -EINVAL;
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  let error: i32 = -EINVAL;
  if ((file.flags & O_PATH) !== 0) error = -EBADF;
  else if (file.inode.isRegular() && file.isWritable()) {
    error = !large && (file.flags & O_LARGEFILE) === 0 && size > 0x7fffffffn ? -EINVAL : checkSize(size);
    if (error === 0) error = truncateInode(file.inode, size);
  }
  putFile(file);
  return error;
}

export function sysFtruncate(fd: u32, size: u32): i32 {
  return truncateFile(fd, i64(i32(size)), false);
}

export function sysFtruncate64(fd: u32, low: u32, high: u32): i32 {
  return truncateFile(fd, sizeOf(low, high), true);
}
