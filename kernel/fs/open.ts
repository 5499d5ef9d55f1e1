/*
 * Opening: from a path and flags to a File.
 *
 * Locking. Making a file and finding that it exists is one step under the directory's mutex, so of two tasks that open
 * with O_CREAT | O_EXCL one alone succeeds. The opening itself (`openDentry`) holds no lock: a FIFO's may wait.
 */

import {
  AT_FDCWD,
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TMPFILE_BIT,
  O_TRUNC,
} from '../abi/fcntl.ts';
import {
  EACCES,
  EEXIST,
  EINVAL,
  EISDIR,
  ELOOP,
  ENFILE,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  EOVERFLOW,
  EPERM,
  EROFS,
  ETXTBSY,
} from '../abi/errno.ts';
import { MS_NODEV, MS_NOEXEC, MS_RDONLY } from '../abi/mount.ts';
import { S_IALLUGO, S_IFBLK, S_IFCHR, S_IFMT, S_IFREG } from '../abi/stat.ts';
import { formatText } from '../lib/format.ts';
import { allocateDentry, crossMounts, type Dentry, putDentry } from './dentry.ts';
import { allocateFile, type File, freeFile, putFile } from './file.ts';
import { currentUmask } from './fsContext.ts';
import { MAX_SMALL_FILE_SIZE } from './genericFile.ts';
import { enterWriters, type Inode, inodeSize, isNowReadOnly, leaveWriters } from './inode.ts';
import {
  beginWalk,
  followLink,
  LAST_NAME,
  lookupChild,
  lookupLocked,
  stepUp,
  type Walk,
  walkAll,
  walkParent,
  FOLLOW,
  DIRECTORY,
} from './path.ts';
import { checkPermission, MAY_EXEC, MAY_READ, MAY_WRITE, ownerOrCapable } from './permission.ts';
import { type Transfer } from './transfer.ts';

/** Flags that only direct the opening, and are not kept. */
const DIRECTING: u32 = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;

/**
 * Opens `path` (kernel memory) for the current task. `result` gets the File with one reference. 0, or the errors of
 * open(2).
 *
 * @sleeps
 */
export function openFile(path: Ptr<u8>, flags: u32, mode: u32, result: Ptr<File>): i32 {
  return openAt(AT_FDCWD, path, flags, mode, result);
}

/** The same from directory descriptor `directory` on. @sleeps */
export function openAt(directory: i32, path: Ptr<u8>, flags: u32, mode: u32, result: Ptr<File>): i32 {
  let effective = flags;
  if ((flags & O_PATH) !== 0) effective &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if ((effective & (O_CREAT | O_DIRECTORY)) === (O_CREAT | O_DIRECTORY)) return -EINVAL;
  const isTemporary = (effective & O_TMPFILE_BIT) !== 0;
  if (isTemporary && ((flags & O_DIRECTORY) === 0 || (flags & O_ACCMODE) === O_RDONLY)) return -EINVAL;
  if (path[0] === 0) return -ENOENT;
  const walk = zeroed<Inline<Walk>>();
  let error = beginWalk(walk, directory, path);
  if (error !== 0) return error;
  let created = isTemporary;
  if ((effective & O_CREAT) === 0) error = walkToExisting(walk, effective);
  else error = walkToCreated(walk, effective, mode, addrOf(created));
  if (error === 0 && isTemporary) error = makeTemporary(walk, effective, mode);
  if (error === 0) error = openReached(walk.at, effective, created, result);
  walk.end();
  return error;
}

function walkToExisting(walk: Walk, flags: u32): i32 {
  let how = (flags & O_NOFOLLOW) === 0 ? FOLLOW : 0;
  if ((flags & O_DIRECTORY) !== 0) how |= DIRECTORY;
  return walkAll(walk, how);
}

/** Walks to a file that need not exist; makes it where it must. */
function walkToCreated(walk: Walk, flags: u32, mode: u32, created: Ptr<boolean>): i32 {
  for (;;) {
    let error = walkParent(walk);
    if (error !== 0) return error;
    if (walk.lastKind !== LAST_NAME) {
      stepUp(walk);
      return (flags & O_EXCL) !== 0 ? -EEXIST : -EISDIR;
    }
    if (walk.endsInSlash) return -EISDIR;
    let child = walk.at;
    error = lookupChild(walk.at, walk.last, walk.lastLength, addrOf(child));
    if (error !== 0) return error;
    if (child.inode === null) {
      putDentry(child);
      error = createAt(walk, mode, addrOf(child), created);
      if (error !== 0) return error;
    }
    const inode = child.inode!;
    if ((flags & O_EXCL) !== 0 && !created[0]) {
      putDentry(child);
      return -EEXIST;
    }
    if (!inode.isSymlink() || (flags & O_NOFOLLOW) !== 0) {
      walk.moveTo(crossMounts(child));
      return 0;
    }
    const jumps = inode.operations.followLink !== null;
    error = followLink(walk, child);
    if (error !== 0 || jumps) return error;
  }
}

/** Makes the file that the walk stands before, unless another task has just done so. */
function createAt(walk: Walk, mode: u32, result: Ptr<Dentry>, created: Ptr<boolean>): i32 {
  const directory = walk.at.inode!;
  using held = directory.mutex.lock();
  const error = lookupLocked(walk.at, walk.last, walk.lastLength, result, held);
  if (error !== 0 || result[0].inode !== null) return error;
  let refused = mayCreate(directory);
  if (refused === 0) {
    const create = directory.operations.create;
    const permissions = mode & S_IALLUGO & ~currentUmask();
    refused = create === null ? -EACCES : create(directory, result[0], S_IFREG | permissions, 0, held);
  }
  if (refused !== 0) putDentry(result[0]);
  created[0] = refused === 0;
  return refused;
}

/** O_TMPFILE: from the directory to a new file in its file system that has no name. O_EXCL: and will never have one. */
function makeTemporary(walk: Walk, flags: u32, mode: u32): i32 {
  const directory = walk.at.inode!;
  const denied = checkPermission(directory, MAY_WRITE | MAY_EXEC);
  if (denied !== 0) return denied;
  const temporary = directory.operations.temporary;
  if (temporary === null) return -EOPNOTSUPP;
  const name = uninitialized<FixedArray<u8, 16>>();
  const length = formatText(name, 16, '#%u', directory.superBlock.lastInode + 1);
  const dentry = allocateDentry(walk.at, walk.at.superBlock, name, length);
  if (dentry === null) return -ENOMEM;
  const error = temporary(directory, dentry, S_IFREG | (mode & S_IALLUGO & ~currentUmask()));
  if (error !== 0) {
    putDentry(dentry);
    return error;
  }
  dentry.inode!.isLinkable = (flags & O_EXCL) === 0;
  walk.moveTo(dentry);
  return 0;
}

/** May the current task make a name in `directory`, whose mutex the caller holds? */
export function mayCreate(directory: Inode): i32 {
  if (directory.isDead) return -ENOENT;
  if ((directory.superBlock.flags & MS_RDONLY) !== 0) return -EROFS;
  return checkPermission(directory, MAY_WRITE | MAY_EXEC);
}

/** Checks that the file may be opened so, opens it, truncates it. */
function openReached(dentry: Dentry, flags: u32, created: boolean, result: Ptr<File>): i32 {
  const inode = dentry.inode!;
  if ((flags & O_PATH) === 0) {
    const refused = mayOpen(inode, flags, created);
    if (refused !== 0) return refused;
  }
  let error = openDentry(dentry, flags, result);
  if (error === 0) result[0].isCreated = created;
  if (error === 0 && (flags & (O_TRUNC | O_PATH)) === O_TRUNC && inode.isRegular() && !created) {
    error = truncateAsWriter(inode, 0n);
    if (error !== 0) putFile(result[0]);
  }
  return error;
}

/** Sets the size of a regular file, for one who may not have it open for writing. Also -ETXTBSY: it is being executed. */
export function truncateAsWriter(inode: Inode, size: i64): i32 {
  if (!enterWriters(inode, 1)) return -ETXTBSY;
  const error = isNowReadOnly(inode) ? -EROFS : truncateInode(inode, size);
  leaveWriters(inode, 1);
  return error;
}

function mayOpen(inode: Inode, flags: u32, created: boolean): i32 {
  const type = inode.mode & S_IFMT;
  const access = flags & O_ACCMODE;
  const writes = access !== O_RDONLY || (flags & O_TRUNC) !== 0;
  if (inode.isSymlink()) return -ELOOP;
  if (inode.isDirectory() && (writes || (flags & O_CREAT) !== 0)) return -EISDIR;
  if ((type === S_IFCHR || type === S_IFBLK) && (inode.superBlock.flags & MS_NODEV) !== 0) return -EACCES;
  if (!created) {
    let mask = access === 1 ? MAY_WRITE : access === 0 ? MAY_READ : MAY_READ | MAY_WRITE;
    if ((flags & O_TRUNC) !== 0) mask |= MAY_WRITE;
    const denied = checkPermission(inode, mask);
    if (denied !== 0) return denied;
  }
  if ((flags & O_NOATIME) !== 0 && !ownerOrCapable(inode)) return -EPERM;
  if ((flags & O_LARGEFILE) === 0 && inode.isRegular() && inodeSize(inode) > MAX_SMALL_FILE_SIZE) return -EOVERFLOW;
  return 0;
}

/** A File for what `dentry` names; permissions are the caller's business. @sleeps */
export function openDentry(dentry: Dentry, flags: u32, result: Ptr<File>): i32 {
  const inode = dentry.inode!;
  const file = allocateFile(dentry, inode.fileOperations, flags & ~O_CLOEXEC);
  if (file === null) return -ENFILE;
  if (inode.isRegular() && file.isWritable()) {
    if (!enterWriters(inode, 1)) {
      freeFile(file);
      return -ETXTBSY;
    }
    file.writers = 1;
    if (isNowReadOnly(inode)) {
      freeFile(file);
      return -EROFS;
    }
  }
  const open = (flags & O_PATH) !== 0 ? null : file.operations.open;
  if (open !== null) {
    const error = open(inode, file);
    if (error !== 0) {
      freeFile(file);
      return error;
    }
  }
  if ((flags & (O_DIRECT | O_PATH)) === O_DIRECT && !file.operations.isDirect) {
    putFile(file);
    return -EINVAL;
  }
  file.flags &= ~DIRECTING;
  result[0] = file;
  return 0;
}

/** Sets the size of a regular file under its mutex. 0, -EINVAL, or what the file system says. @sleeps */
export function truncateInode(inode: Inode, size: i64): i32 {
  const truncate = inode.operations.truncate;
  if (truncate === null) return -EINVAL;
  using held = inode.mutex.lock();
  return truncate(inode, size, held);
}

/**
 * Opens a program to be executed: a regular file that the current task may execute, and that nobody can write as long as
 * it is open. 0, -EACCES, -ETXTBSY (somebody can), or the errors of open(2).
 *
 * @sleeps
 */
export function openExecutable(path: Ptr<u8>, result: Ptr<File>): i32 {
  if (path[0] === 0) return -ENOENT;
  const walk = zeroed<Inline<Walk>>();
  let error = beginWalk(walk, AT_FDCWD, path);
  if (error !== 0) return error;
  error = walkAll(walk, FOLLOW);
  if (error === 0) error = mayExecute(walk.at.inode!);
  if (error === 0) error = openDentry(walk.at, O_RDONLY | O_LARGEFILE, result);
  if (error === 0) {
    const file: File = result[0];
    if (enterWriters(file.inode, -1)) file.writers = -1;
    else error = -ETXTBSY;
    if (error !== 0) putFile(file);
  }
  walk.end();
  return error;
}

/** Lets others write to what `openExecutable` opened, while it stays open. By who has opened it, before others know it. */
export function allowWriting(file: File): void {
  leaveWriters(file.inode, file.writers);
  file.writers = 0;
}

function mayExecute(inode: Inode): i32 {
  if (!inode.isRegular() || (inode.superBlock.flags & MS_NOEXEC) !== 0) return -EACCES;
  return checkPermission(inode, MAY_EXEC);
}

/** Reads up to `count` bytes at `offset` of an open file into kernel memory: bytes read, or -errno. @sleeps */
export function kernelRead(file: File, offset: u32, target: Ptr<u8>, count: u32): i32 {
  const read = file.operations.read;
  if (read === null) return -EINVAL;
  const transfer = zeroed<Inline<Transfer>>();
  transfer.overKernel(target, count);
  let position: i64 = i64(offset);
  return read(file, transfer, addrOf(position));
}

/** Writes kernel memory to an open file at `offset`: bytes written, or -errno. @sleeps */
export function kernelWrite(file: File, offset: u32, source: Ptr<u8>, count: u32): i32 {
  const write = file.operations.write;
  if (write === null) return -EINVAL;
  const transfer = zeroed<Inline<Transfer>>();
  transfer.overKernel(source, count);
  let position: i64 = i64(offset);
  return write(file, transfer, addrOf(position));
}
