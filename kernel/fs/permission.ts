/*
 * Who may do what to a file: the nine permission bits, the superuser, the sticky bit of directories.
 *
 * The classes are tried in order and the first that fits decides: the owner of a file with mode 077 may not read it,
 * though everybody else may.
 */

import { EACCES, EPERM, EROFS } from '../abi/errno.ts';
import { MS_RDONLY } from '../abi/mount.ts';
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFMT, S_IFSOCK, S_ISVTX, S_IXUGO } from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { type Credentials } from '../proc/task.ts';
import { type Inode } from './inode.ts';

export const MAY_EXEC: u32 = 1;
export const MAY_WRITE: u32 = 2;
export const MAY_READ: u32 = 4;

/** Is `gid` one of the current task's groups? */
export function inGroup(gid: u32): boolean {
  const credentials: Credentials = current().credentials;
  if (credentials.fsgid === gid) return true;
  for (let i: u32 = 0; i < credentials.groupCount; i++) {
    if (credentials.groups[i] === gid) return true;
  }
  return false;
}

/** May the current task act as the owner of `inode` (chmod, utimes)? */
export function ownerOrCapable(inode: Inode): boolean {
  const fsuid = current().credentials.fsuid;
  return fsuid === 0 || fsuid === inode.uid;
}

/** 0 if the current task may access `inode` in all the ways of `mask` (MAY_...), else -EACCES or -EROFS. */
export function checkPermission(inode: Inode, mask: u32): i32 {
  const mode = inode.mode;
  const fsuid = current().credentials.fsuid;
  if ((mask & MAY_WRITE) !== 0 && isReadOnly(inode)) return -EROFS;
  if (fsuid === 0) return superuserMay(inode, mask) ? 0 : -EACCES;
  let granted = mode;
  if (fsuid === inode.uid) granted = mode >>> 6;
  else if (inGroup(inode.gid)) granted = mode >>> 3;
  return (granted & mask) === mask ? 0 : -EACCES;
}

/** The superuser may do all but execute a file that nobody can execute. */
function superuserMay(inode: Inode, mask: u32): boolean {
  if ((mask & MAY_EXEC) === 0 || inode.isDirectory()) return true;
  return (inode.mode & S_IXUGO) !== 0;
}

/** On a read-only file system nothing can be written; what a device or a pipe takes does not go there. */
function isReadOnly(inode: Inode): boolean {
  if ((inode.superBlock.flags & MS_RDONLY) === 0) return false;
  const type = inode.mode & S_IFMT;
  return type !== S_IFCHR && type !== S_IFBLK && type !== S_IFIFO && type !== S_IFSOCK;
}

/** May the current task remove or rename the entry `victim` of `directory`? Write permission is checked already. */
export function checkSticky(directory: Inode, victim: Inode): i32 {
  if ((directory.mode & S_ISVTX) === 0) return 0;
  const fsuid = current().credentials.fsuid;
  return fsuid === 0 || fsuid === victim.uid || fsuid === directory.uid ? 0 : -EPERM;
}
