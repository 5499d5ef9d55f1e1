/*
 * Open files: what a descriptor stands for.
 *
 * Idea. An inode is a file as it lies on its file system; a `File` is one opening of it, with a position and with the
 * mode of the opening. Descriptors of several processes (after fork), or of one (after dup), share a File. What kind of
 * thing it is, is told by its table of functions: regular files, directories, pipes, terminals and devices each have
 * one, and a device's `open` may put another table in place (device.ts).
 *
 * A function that is null in the table gives the error that the man page names (EINVAL for read, ENOTTY for ioctl...).
 *
 * Locking. One letter per lock:
 *   (P) File.positionMutex: a read, a write or a seek that uses the file's own position
 *   (F) File.flagsLock
 *   (C) constant once `openInode` has returned
 * `count` is atomic. Whoever calls a function of the table holds a reference, no lock but (P), and may be put to sleep
 * in it.
 */

import { F_OWNER_PID, O_ACCMODE, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from '../abi/fcntl.ts';
import { current } from '../arch/x86/cpu.ts';
import { type ListHead } from '../lib/list.ts';
import { totalPageCount } from '../mm/buddy.ts';
import { type Vma } from '../mm/types.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { type Mutex } from '../sync/mutex.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type Dentry, getDentry, putDentry } from './dentry.ts';
import { type DirectorySink } from './directorySink.ts';
import { dropWatchers } from './epollItem.ts';
import { dropFlock } from './flock.ts';
import { type Inode, leaveWriters } from './inode.ts';
import { dropRecordLocks } from './recordLock.ts';
import { type PollTable } from './poll.ts';
import { type Transfer } from './transfer.ts';

/** Class of File.positionMutex. */
export class PositionMutex {
  declare readonly lock: 'filePosition';
}

/** Class of File.flagsLock. */
export class FileFlagsLock {
  declare readonly lock: 'fileFlags';
}

/** What can be done to an open file. Results are counts or 0, or -errno. */
export class FileOperations {
  /** Fills `transfer` from `position` on, which it advances. Short at the end of the file; 0 is the end. */
  read: ((file: File, transfer: Transfer, position: Ptr<i64>) => i32) | null;
  /** Takes what `transfer` holds. Short only when something came in the way after a part was done. */
  write: ((file: File, transfer: Transfer, position: Ptr<i64>) => i32) | null;
  /** Null: the file has no position, seeking is ESPIPE. */
  seek: ((file: File, offset: i64, whence: u32, result: Ptr<i64>) => i32) | null;
  /** Hands entries from `file.position` on to `sink` until that is full. The directory's mutex is held. */
  iterate: ((file: File, sink: DirectorySink) => i32) | null;
  /** What is possible now (POLLIN...). With a table: also leaves a wait entry on each queue that will tell of more. */
  poll: ((file: File, table: PollTable | null) => u32) | null;
  ioctl: ((file: File, request: u32, argument: u32) => i32) | null;
  /** Prepares a region that shows the file. Null: ENODEV. */
  mmap: ((file: File, region: Vma) => i32) | null;
  /** Called once, when the File comes into being. An error undoes the opening. */
  open: ((inode: Inode, file: File) => i32) | null;
  /** Called once, when the last reference is gone. */
  release: ((inode: Inode, file: File) => void) | null;
  /** Puts data (and, unless `dataOnly`, the inode) on stable storage. Null: EINVAL. */
  fsync: ((file: File, dataOnly: boolean) => i32) | null;
  /** May it be opened with O_DIRECT? */
  isDirect: boolean;
}

export class File {
  count: Volatile<u32>;
  /** O_ flags of the opening, without those that only direct it (O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_CLOEXEC). */
  flags: Volatile<u32>; // (F) written
  operations: FileOperations; // (C)
  inode: Inode; // (C) that of the dentry, which keeps it
  dentry: Dentry; // (C) the name it was opened by, referenced
  position: i64; // (P)
  positionMutex: Inline<Mutex<PositionMutex>>;
  flagsLock: Inline<Spinlock<FileFlagsLock>>;
  /** Of F_SETOWN and F_SETSIG (fileOwner.ts): a pid or a process group, F_OWNER_..., a signal. */
  owner: Volatile<u32>;
  ownerType: Volatile<i32>;
  ownerSignal: Volatile<u32>;
  /** The opening made the file, too. */
  isCreated: boolean; // (C)
  /** What it has put into Inode.writers: 1, it may write; -1, a program is executed from it. */
  writers: i32; // (C) once others know the file
  /** Who is told by epoll what happens to it. */
  watchers: Inline<ListHead>; // epollMutex: of EpollItem.fileLink
  /** Belongs to `operations`. */
  data: u32;

  isReadable(): boolean {
    const mode = this.flags & (O_ACCMODE | O_PATH);
    return mode === O_RDONLY || mode === O_RDWR;
  }

  isWritable(): boolean {
    const mode = this.flags & (O_ACCMODE | O_PATH);
    return mode === O_WRONLY || mode === O_RDWR;
  }
}

/** How many Files there are, over all processes. */
let openFiles: u32 = 0;
/** fs.file-max: how many there may be for all but the superuser. */
let fileLimit: u32 = 0;

export function initFiles(): void {
  fileLimit = memoryLimit();
}

/** So many Files take a share of memory that leaves room for other things: nobody gets more. */
function memoryLimit(): u32 {
  return totalPageCount() * 4;
}

export function fileMax(): u32 {
  return reload<u32>(fileLimit);
}

export function setFileMax(files: u32): void {
  fileLimit = files;
}

function tooManyFiles(): boolean {
  const open = openFileCount();
  return open >= memoryLimit() || (open >= fileMax() && current().credentials.euid !== 0);
}

/**
 * A File for what `dentry` names, with one reference; takes one to the dentry. Does not call `open`.
 * Null when memory, or what files may take of it, is used up (callers return ENFILE).
 */
export function allocateFile(dentry: Dentry, operations: FileOperations, flags: u32): File | null {
  if (tooManyFiles()) return null;
  const file = allocate<File>();
  if (file === null) return null;
  atomic.inc(addrOf(openFiles));
  file.count = 1;
  file.flags = flags;
  file.operations = operations;
  file.inode = dentry.inode!;
  file.dentry = getDentry(dentry);
  file.ownerType = F_OWNER_PID;
  file.positionMutex.init('file position');
  file.flagsLock.init('file flags');
  file.watchers.init();
  return file;
}

/** Another reference to `file`. */
export function getFile(file: File): File {
  atomic.inc(addrOf(file.count));
  return file;
}

/** Drops a reference. The last one closes the file, and may sleep. */
export function putFile(file: File): void {
  if (!atomic.decAndTest(addrOf(file.count))) return;
  if (!file.watchers.isEmpty()) dropWatchers(file);
  dropFlock(file);
  dropRecordLocks(u32(file), file.inode);
  const release = (file.flags & O_PATH) !== 0 ? null : file.operations.release; // O_PATH has opened nothing
  if (release !== null) release(file.inode, file);
  freeFile(file);
}

/** Frees a File whose `open` never succeeded, or whose `release` has been called. */
export function freeFile(file: File): void {
  if (file.writers !== 0) leaveWriters(file.inode, file.writers);
  putDentry(file.dentry);
  atomic.dec(addrOf(openFiles));
  kfree(file);
}

/** Files that are open now, over all processes. */
export function openFileCount(): u32 {
  return reload<u32>(openFiles);
}
