/*
 * Making and removing names: what mkdir, mknod, symlink, link, unlink and rmdir do once their paths are copied in. The
 * boot archive is unpacked with the same functions. rename has a file of its own.
 *
 * Each walks to the directory, takes its mutex, looks the last component up under it, checks, and calls the file system.
 * The order of the checks is Linux's, as it decides which error a program sees when there are several.
 *
 * Locking. The directory's mutex, then that of the file that wins or loses a name.
 */

import { EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EROFS, EXDEV } from '../abi/errno.ts';
import { MS_RDONLY } from '../abi/mount.ts';
import {
  S_IALLUGO,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_IRWXUGO,
  S_ISGID,
  S_ISUID,
  S_ISVTX,
  S_IXGRP,
} from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { type Dentry, putDentry, unhashDentry } from './dentry.ts';
import { currentUmask } from './fsContext.ts';
import { type Inode, INODE_CHILD, type InodeMutex } from './inode.ts';
import { mayCreate } from './open.ts';
import { beginWalk, LAST_DOT, LAST_DOT_DOT, LAST_NAME, lookupLocked, type Walk, walkParent } from './path.ts';
import { checkPermission, checkSticky, MAY_EXEC, MAY_READ, MAY_WRITE, ownerOrCapable } from './permission.ts';

/** What is to be made at the end of a path. */
class Creation {
  /** With the type; S_IFLNK: a symbolic link to `target`. 0: another name of `source`. */
  mode: u32;
  device: u32;
  target: Ptr<u8>;
  source: Inode | null;
}

/** Walks to the directory of `path` and does there what `creation` says. */
function createName(directory: i32, path: Ptr<u8>, creation: Creation): i32 {
  if (path[0] === 0) return -ENOENT;
  const walk = zeroed<Inline<Walk>>();
  let error = beginWalk(walk, directory, path);
  if (error !== 0) return error;
  error = walkParent(walk);
  if (error === 0) error = walk.lastKind === LAST_NAME ? createLast(walk, creation) : -EEXIST;
  walk.end();
  return error;
}

function createLast(walk: Walk, creation: Creation): i32 {
  const inode = walk.at.inode!;
  using held = inode.mutex.lock();
  let dentry = walk.at;
  const error = lookupLocked(walk.at, walk.last, walk.lastLength, addrOf(dentry), held);
  if (error !== 0) return error;
  const result = createDentry(walk, inode, dentry, creation, held);
  putDentry(dentry);
  return result;
}

function createDentry(walk: Walk, directory: Inode, dentry: Dentry, creation: Creation, held: Held<InodeMutex>): i32 {
  const isDirectory = (creation.mode & S_IFMT) === S_IFDIR;
  if (dentry.inode !== null) return -EEXIST;
  if (walk.endsInSlash && !isDirectory) return -ENOENT;
  const source = creation.source;
  if (source !== null) {
    const unlinkable = mayLink(source, directory);
    if (unlinkable !== 0) return unlinkable;
  }
  const refused = mayCreate(directory);
  if (refused !== 0) return refused;
  if (source !== null) return linkInode(source, directory, dentry, held);
  const operations = directory.operations;
  if (u32(creation.target) !== 0) {
    const symlink = operations.symlink;
    return symlink === null ? -EPERM : symlink(directory, dentry, creation.target, held);
  }
  const create = operations.create;
  const isDevice = (creation.mode & S_IFMT) === S_IFCHR || (creation.mode & S_IFMT) === S_IFBLK;
  if (create === null || (isDevice && current().credentials.euid !== 0)) return -EPERM;
  return create(directory, dentry, creation.mode & ~currentUmask(), creation.device, held);
}

/**
 * May the current task give `source` another name in this directory's file system? Others than the owner may only with
 * files that they can read and write, and that are not set-id programs: who could name any file could keep a program
 * whose weakness its owner has long repaired, or have somebody else's file changed by whoever trusts names.
 *
 * @source Linux's fs.protected_hardlinks, which all distributions set.
 */
function mayLink(source: Inode, directory: Inode): i32 {
  if ((directory.superBlock.flags & MS_RDONLY) !== 0) return -EROFS;
  if (source.superBlock !== directory.superBlock) return -EXDEV;
  if (ownerOrCapable(source)) return 0;
  const setGroupProgram = S_ISGID | S_IXGRP;
  if (!source.isRegular() || (source.mode & S_ISUID) !== 0) return -EPERM;
  if ((source.mode & setGroupProgram) === setGroupProgram) return -EPERM;
  return checkPermission(source, MAY_READ | MAY_WRITE) === 0 ? 0 : -EPERM;
}

function linkInode(source: Inode, directory: Inode, dentry: Dentry, held: Held<InodeMutex>): i32 {
  if (source.isDirectory()) return -EPERM;
  const link = directory.operations.link;
  if (link === null) return -EPERM;
  using _source = source.mutex.lockNested(INODE_CHILD);
  if (source.linkCount === 0 && !source.isLinkable) return -ENOENT; // removed since it was found
  return link(source, directory, dentry, held);
}

/** mkdir(2) of a path in kernel memory. @sleeps */
export function makeDirectory(directory: i32, path: Ptr<u8>, mode: u32): i32 {
  const creation = zeroed<Inline<Creation>>();
  creation.mode = S_IFDIR | (mode & (S_IRWXUGO | S_ISVTX));
  return createName(directory, path, creation);
}

/** Is `mode` one that mknod can make? 0, -EPERM (a directory), -EINVAL. */
export function checkNodeMode(mode: u32): i32 {
  switch (mode & S_IFMT) {
    case 0:
    case S_IFREG:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
      return 0;
    case S_IFDIR:
      return -EPERM;
    default:
      return -EINVAL;
  }
}

/** mknod(2) of a path in kernel memory. @sleeps */
export function makeNode(directory: i32, path: Ptr<u8>, mode: u32, device: u32): i32 {
  const creation = zeroed<Inline<Creation>>();
  const refused = checkNodeMode(mode);
  if (refused !== 0) return refused;
  const type = mode & S_IFMT;
  if (type === S_IFCHR || type === S_IFBLK) creation.device = device;
  creation.mode = (type === 0 ? S_IFREG : type) | (mode & S_IALLUGO);
  return createName(directory, path, creation);
}

/** symlink(2): makes `path` a link to `target`, both in kernel memory. @sleeps */
export function makeSymlink(target: Ptr<u8>, directory: i32, path: Ptr<u8>): i32 {
  if (target[0] === 0) return -ENOENT;
  const creation = zeroed<Inline<Creation>>();
  creation.target = target;
  return createName(directory, path, creation);
}

/** link(2): makes `path` another name of what `source` names. @sleeps */
export function makeLink(source: Dentry, directory: i32, path: Ptr<u8>): i32 {
  const creation = zeroed<Inline<Creation>>();
  creation.source = source.inode;
  return createName(directory, path, creation);
}

/** unlink(2) of a path in kernel memory; with `isDirectory` rmdir(2). @sleeps */
export function removeName(directory: i32, path: Ptr<u8>, isDirectory: boolean): i32 {
  if (path[0] === 0) return -ENOENT;
  const walk = zeroed<Inline<Walk>>();
  let error = beginWalk(walk, directory, path);
  if (error !== 0) return error;
  error = walkParent(walk);
  if (error === 0) {
    if (walk.lastKind === LAST_NAME) error = removeLast(walk, isDirectory);
    else error = isDirectory ? refuseSpecial(walk.lastKind) : -EISDIR;
  }
  walk.end();
  return error;
}

/** rmdir of ".", ".." or the root. */
function refuseSpecial(lastKind: u32): i32 {
  if (lastKind === LAST_DOT) return -EINVAL;
  return lastKind === LAST_DOT_DOT ? -ENOTEMPTY : -EBUSY;
}

function removeLast(walk: Walk, isDirectory: boolean): i32 {
  const inode = walk.at.inode!;
  using held = inode.mutex.lock();
  let dentry = walk.at;
  const error = lookupLocked(walk.at, walk.last, walk.lastLength, addrOf(dentry), held);
  if (error !== 0) return error;
  const result = removeDentry(walk, inode, dentry, isDirectory, held);
  putDentry(dentry);
  return result;
}

function removeDentry(walk: Walk, directory: Inode, dentry: Dentry, isDirectory: boolean, held: Held<InodeMutex>): i32 {
  const victim = dentry.inode;
  if (victim === null) return -ENOENT;
  if (!isDirectory && walk.endsInSlash) return victim.isDirectory() ? -EISDIR : -ENOTDIR;
  const refused = mayDelete(directory, dentry, isDirectory);
  if (refused !== 0) return refused;
  const remove = isDirectory ? directory.operations.rmdir : directory.operations.unlink;
  if (remove === null) return -EPERM;
  using _victim = victim.mutex.lockNested(INODE_CHILD);
  if (dentry.mounted !== null) return -EBUSY; // since mayDelete looked
  const error = remove(directory, dentry, held);
  if (error !== 0) return error;
  if (isDirectory) victim.isDead = true;
  unhashDentry(dentry);
  return 0;
}

/** May the current task take the name `dentry` out of `directory`, whose mutex the caller holds? */
export function mayDelete(directory: Inode, dentry: Dentry, isDirectory: boolean): i32 {
  const victim = dentry.inode!;
  if ((directory.superBlock.flags & MS_RDONLY) !== 0) return -EROFS;
  let refused = checkPermission(directory, MAY_WRITE | MAY_EXEC);
  if (refused === 0) refused = checkSticky(directory, victim);
  if (refused !== 0) return refused;
  if (isDirectory && !victim.isDirectory()) return -ENOTDIR;
  if (!isDirectory && victim.isDirectory()) return -EISDIR;
  if (directory.isDead) return -ENOENT;
  return dentry.mounted !== null ? -EBUSY : 0;
}
