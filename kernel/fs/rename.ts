/*
 * rename: moves a name, replacing what is there, in one step that nobody can see half done.
 *
 * Locking. Two directories are involved, and their mutexes must be taken in an order that no other task reverses. All
 * other calls lock a directory before what is in it; so here, too, an ancestor goes before its descendant. Directories
 * of which neither lies in the other go by address. "Lies in" could change while we look, by another rename; hence
 * renameMutex, held over every rename between two directories. It also makes the check against loops good:
 *
 *   mv /a /b/x                           mv /b /a/y
 *   is /a an ancestor of /b? no
 *                                        is /b an ancestor of /a? no
 *   move                                 move: /a and /b hang in each other, and nowhere else
 *
 * Order: renameMutex, directories, then the file that loses its name.
 */

import { EBUSY, EEXIST, EINVAL, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV } from '../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../abi/fcntl.ts';
import { kfree } from '../mm/slab.ts';
import { type Mutex } from '../sync/mutex.ts';
import { type Dentry, exchangeDentries, isAncestor, moveDentry, putDentry } from './dentry.ts';
import { type Inode, INODE_CHILD, INODE_SECOND_DIRECTORY, type InodeMutex } from './inode.ts';
import { mayDelete } from './names.ts';
import { mayCreate } from './open.ts';
import { beginWalk, LAST_NAME, lookupLocked, type Walk, walkParent } from './path.ts';
import { checkPermission, MAY_WRITE } from './permission.ts';
import { copyPath } from './userPath.ts';

/** Class of renameMutex. */
export class RenameMutex {
  declare readonly lock: 'rename';
}

const renameMutex = zeroed<Inline<Mutex<RenameMutex>>>();

export function initRename(): void {
  renameMutex.init('rename');
}

/**
 * renameat2(2) of paths at user addresses. What is wrong with the old path, even on the way there, is told before what is
 * wrong with the new one.
 *
 * @sleeps
 */
export function renameUserPath(oldFd: i32, oldAddress: u32, newFd: i32, newAddress: u32, flags: u32): i32 {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) !== 0) return -EINVAL;
  if (flags === (RENAME_NOREPLACE | RENAME_EXCHANGE)) return -EINVAL;
  let oldPath = ptr<u8>(0);
  let error = copyPath(oldAddress, addrOf(oldPath));
  if (error !== 0) return error;
  error = walkFromSource(oldFd, oldPath, newFd, newAddress, flags);
  kfree(oldPath);
  return error;
}

function walkFromSource(oldFd: i32, oldPath: Ptr<u8>, newFd: i32, newAddress: u32, flags: u32): i32 {
  if (oldPath[0] === 0) return -ENOENT;
  const from = zeroed<Inline<Walk>>();
  let error = beginWalk(from, oldFd, oldPath);
  if (error !== 0) return error;
  error = walkParent(from);
  if (error === 0) {
    let newPath = ptr<u8>(0);
    error = copyPath(newAddress, addrOf(newPath));
    if (error === 0) {
      error = walkToTarget(from, newFd, newPath, flags);
      kfree(newPath);
    }
  }
  from.end();
  return error;
}

function walkToTarget(from: Walk, newFd: i32, newPath: Ptr<u8>, flags: u32): i32 {
  if (newPath[0] === 0) return -ENOENT;
  const to = zeroed<Inline<Walk>>();
  let error = beginWalk(to, newFd, newPath);
  if (error !== 0) return error;
  error = walkParent(to);
  if (error === 0) {
    if (from.at.superBlock !== to.at.superBlock) error = -EXDEV;
    else if (from.lastKind !== LAST_NAME) error = -EBUSY;
    else if (to.lastKind !== LAST_NAME) error = (flags & RENAME_NOREPLACE) !== 0 ? -EEXIST : -EBUSY;
    else error = lockAndRename(from, to, flags);
  }
  to.end();
  return error;
}

function lockAndRename(from: Walk, to: Walk, flags: u32): i32 {
  const source = from.at.inode!;
  const target = to.at.inode!;
  if (source === target) {
    using held = source.mutex.lock();
    return renameLocked(from, to, flags, held);
  }
  using _rename = renameMutex.lock();
  const sourceFirst = isAncestor(from.at, to.at) || (!isAncestor(to.at, from.at) && u32(source) < u32(target));
  using _first = sourceFirst ? source.mutex.lock() : target.mutex.lock();
  const second = sourceFirst ? target : source;
  using held = second.mutex.lockNested(INODE_SECOND_DIRECTORY);
  return renameLocked(from, to, flags, held);
}

function renameLocked(from: Walk, to: Walk, flags: u32, held: Held<InodeMutex>): i32 {
  let dentry = from.at;
  let target = to.at;
  let error = lookupLocked(from.at, from.last, from.lastLength, addrOf(dentry), held);
  if (error !== 0) return error;
  if (dentry.inode === null) error = -ENOENT;
  else error = lookupLocked(to.at, to.last, to.lastLength, addrOf(target), held);
  if (error === 0) {
    error = checkRename(from, to, dentry, target, flags);
    if (error === 0) error = moveName(from.at.inode!, dentry, to.at.inode!, target, flags, held);
    putDentry(target);
  }
  putDentry(dentry);
  return error;
}

/** What must hold of the names as such: existence, slashes, loops. */
function checkRename(from: Walk, to: Walk, dentry: Dentry, target: Dentry, flags: u32): i32 {
  const inode = dentry.inode!;
  const replaced = target.inode;
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  if ((flags & RENAME_NOREPLACE) !== 0 && replaced !== null) return -EEXIST;
  if (exchange) {
    if (replaced === null) return -ENOENT;
    if (!replaced.isDirectory() && to.endsInSlash) return -ENOTDIR;
  }
  if (!inode.isDirectory() && (from.endsInSlash || (!exchange && to.endsInSlash))) return -ENOTDIR;
  if (isAncestor(dentry, to.at)) return -EINVAL;
  if (isAncestor(target, from.at)) return exchange ? -EINVAL : -ENOTEMPTY;
  return 0;
}

/** Permissions, then the move itself. */
function moveName(
  directory: Inode,
  dentry: Dentry,
  targetDirectory: Inode,
  target: Dentry,
  flags: u32,
  held: Held<InodeMutex>,
): i32 {
  const inode = dentry.inode!;
  const replaced = target.inode;
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  if (inode === replaced) return 0; // two names of one file: nothing happens
  let refused = mayDelete(directory, dentry, inode.isDirectory());
  if (refused !== 0) return refused;
  if (replaced === null) refused = mayCreate(targetDirectory);
  else refused = mayDelete(targetDirectory, target, exchange ? replaced.isDirectory() : inode.isDirectory());
  if (refused !== 0) return refused;
  if (directory !== targetDirectory) {
    // The directory's ".." will change.
    if (inode.isDirectory()) refused = checkPermission(inode, MAY_WRITE);
    if (refused === 0 && exchange && replaced!.isDirectory()) refused = checkPermission(replaced!, MAY_WRITE);
    if (refused !== 0) return refused;
  }
  if (replaced === null || exchange) return callRename(directory, dentry, targetDirectory, target, exchange, held);
  using _replaced = replaced.mutex.lockNested(INODE_CHILD);
  if (target.mounted !== null) return -EBUSY; // since mayDelete looked
  const error = callRename(directory, dentry, targetDirectory, target, false, held);
  if (error === 0 && replaced.isDirectory()) replaced.isDead = true;
  return error;
}

function callRename(
  directory: Inode,
  dentry: Dentry,
  targetDirectory: Inode,
  target: Dentry,
  exchange: boolean,
  held: Held<InodeMutex>,
): i32 {
  const rename = directory.operations.rename;
  if (rename === null) return -EPERM;
  const error = rename(directory, dentry, targetDirectory, target, exchange, held);
  if (error !== 0) return error;
  if (exchange) exchangeDentries(dentry, target);
  else putDentry(moveDentry(dentry, target));
  return 0;
}
