/*
 * Inodes and super blocks.
 *
 * Idea. An Inode is a file as such, whatever its names are. What can be done with its names is in InodeOperations (of
 * the directory, mostly), what can be done when it is open in FileOperations (file.ts), and its data are pages in its
 * AddressSpace (addressSpace.ts). A SuperBlock is one mounted file system.
 *
 * Life of an inode. Its creator has the first reference. Each dentry that names it has one, each open file another.
 * When the last is gone the file system's `evictInode` decides what becomes of it: one in memory only frees the pages;
 * one on a disk writes it back, or frees its blocks if `linkCount` is 0.
 *
 * Locking. One letter per lock:
 *   (I) Inode.mutex. Of a directory: guards its set of names as well. A directory's before that of what is in it; of
 *       two directories in the order that rename.ts explains
 *   (D) the dentry lock (dentry.ts)
 *   (C) constant from creation on
 * `count` is atomic. Most fields are one word, written under (I) and read as they are. The size and the times have two,
 * and go through lib/words.ts; the size by `inodeSize` and `setInodeSize` alone.
 */

import { MS_RDONLY } from '../abi/mount.ts';
import { type Statfs64, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../abi/stat.ts';
import { realtimeNs } from '../arch/x86/clock.ts';
import { loadWide, storeWide } from '../lib/words.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { type Mutex } from '../sync/mutex.ts';
import { type AddressSpace, type AddressSpaceOperations, emptyAddressSpace, initAddressSpace } from './addressSpace.ts';
import { type Dentry } from './dentry.ts';
import { type FileOperations } from './file.ts';

/** Class of Inode.mutex. */
export class InodeMutex {
  declare readonly lock: 'inodeMutex';
}

// Levels of the mutexes that are taken with another inode's held (sync/lockClass.ts). A directory has none.
/** The second of two directories, in the order that fs/rename.ts explains. */
export const INODE_SECOND_DIRECTORY: u32 = 1;
/** What a name in the directory stands for. */
export const INODE_CHILD: u32 = 2;

/**
 * What can be done with names, and with a file that is not open. `held` is (I) of the directory, and for `link`,
 * `unlink`, `rmdir` and `rename` also of the inode that wins or loses a name. The caller has checked permissions and
 * that names exist or do not exist as they should; `dentry` is negative where a name is made. Results are 0 or -errno.
 * Null: -EPERM, except that without `lookup` it is no directory.
 */
export class InodeOperations {
  /** Finds the name of `dentry` in the directory and attaches its inode; if there is none the dentry stays negative. */
  lookup: ((directory: Inode, dentry: Dentry, held: Held<InodeMutex>) => i32) | null;
  /** `mode` includes the type: a regular file, a directory, or (with `device`) a node. */
  create: ((directory: Inode, dentry: Dentry, mode: u32, device: u32, held: Held<InodeMutex>) => i32) | null;
  /** Makes a regular file without a name, for O_TMPFILE; `dentry` is found by no walk. Null: -EOPNOTSUPP. */
  temporary: ((directory: Inode, dentry: Dentry, mode: u32) => i32) | null;
  symlink: ((directory: Inode, dentry: Dentry, target: Ptr<u8>, held: Held<InodeMutex>) => i32) | null;
  link: ((inode: Inode, directory: Inode, dentry: Dentry, held: Held<InodeMutex>) => i32) | null;
  unlink: ((directory: Inode, dentry: Dentry, held: Held<InodeMutex>) => i32) | null;
  /** -ENOTEMPTY unless it is empty. */
  rmdir: ((directory: Inode, dentry: Dentry, held: Held<InodeMutex>) => i32) | null;
  /** Moves the name; what `target` names, if anything, loses it. With `exchange` both exist and change places. */
  rename:
    | ((
        directory: Inode,
        dentry: Dentry,
        targetDirectory: Inode,
        target: Dentry,
        exchange: boolean,
        held: Held<InodeMutex>,
      ) => i32)
    | null;
  /** The target of a symbolic link, cut to `size` bytes, not ended by a zero. Returns the bytes stored. Without (I). */
  readLink: ((inode: Inode, buffer: Ptr<u8>, size: u32) => i32) | null;
  /** For a link that leads to a thing rather than to a name (/proc/PID/fd/3). Takes a reference. Without (I). */
  followLink: ((inode: Inode, result: Ptr<Dentry>) => i32) | null;
  /** Sets the size. Null: -EINVAL. */
  truncate: ((inode: Inode, size: i64, held: Held<InodeMutex>) => i32) | null;
  /** Is the name that was found before still good? Null: always. Called without locks. */
  revalidate: ((dentry: Dentry) => boolean) | null;
}

/** What a file system as a whole can do. */
export class SuperBlockOperations {
  /** The last reference to `inode` is gone: free what belongs to it, then `freeInode`. */
  evictInode: (inode: Inode) => void;
  /** Fills in sizes; everything else is filled in already. */
  statfs: ((superBlock: SuperBlock, result: Statfs64) => void) | null;
  /** Writes what is not yet on the disk. Null: there is none. */
  sync: ((superBlock: SuperBlock) => i32) | null;
  /** Unmounted: free what belongs to the file system; its dentries and inodes are gone. */
  put: ((superBlock: SuperBlock) => void) | null;
}

/** A mounted file system. */
export class SuperBlock {
  operations: SuperBlockOperations; // (C)
  typeName: string; // (C) as /proc/mounts says it
  device: u32; // (C) st_dev
  magic: u32; // (C) of statfs
  blockSize: u32; // (C)
  flags: Volatile<u32>; // mountMutex written: MS_RDONLY, ...
  /** How many there are who write its files (enterWriters): it cannot be made read-only meanwhile. */
  writers: Volatile<u32>; // atomic
  root: Dentry; // (C)
  covered: Dentry | null; // (D) where it is mounted, referenced; null: the root file system, or nowhere
  next: SuperBlock | null; // mountMutex: in the list of mounted ones (mount.ts)
  lastInode: Volatile<u32>; // the inode number given out last
  data: u32; // (C) belongs to the file system
}

export class Inode {
  count: Volatile<u32>;
  futexNumber: u32; // atomic: see proc/futexKey.ts
  number: u32; // (C)
  superBlock: SuperBlock; // (C)
  operations: InodeOperations; // (C)
  fileOperations: FileOperations; // (C)
  mutex: Inline<Mutex<InodeMutex>>;
  mode: u32; // (I) S_IF... (C) and permissions
  linkCount: u32; // (I) of the inode itself
  uid: u32; // (I)
  gid: u32; // (I)
  device: u32; // (C) of a device node: st_rdev
  size: i64; // (I)
  accessTime: i64; // (I) all times in nanoseconds since 1970
  modifyTime: i64; // (I)
  changeTime: i64; // (I)
  birthTime: i64; // (C)
  /** Of a directory: it is removed, no name can be made in it any more. */
  isDead: boolean; // (I)
  /** It never had a name (O_TMPFILE), and may still be given its first one. */
  isLinkable: boolean; // (I)
  mapping: Inline<AddressSpace>;
  /** Of a regular file: how many write it now (positive), or execute it (negative). Never both at once. Atomic. */
  writers: Volatile<i32>;
  /** A pipe's Pipe, a link's target, ...: belongs to whoever set `operations`. */
  data: u32; // (C)

  isDirectory(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR;
  }

  isRegular(): boolean {
    return (this.mode & S_IFMT) === S_IFREG;
  }

  isSymlink(): boolean {
    return (this.mode & S_IFMT) === S_IFLNK;
  }
}

/** A new inode of `superBlock` with one reference and the present time, else zero. Null: no memory. */
export function allocateInode(superBlock: SuperBlock, mapping: AddressSpaceOperations): Inode | null {
  const inode = allocate<Inode>();
  if (inode === null) return null;
  inode.count = 1;
  inode.number = atomic.fetchAdd(addrOf(superBlock.lastInode), 1) + 1;
  inode.superBlock = superBlock;
  inode.mutex.init('inode');
  const now = i64(realtimeNs());
  inode.accessTime = now;
  inode.modifyTime = now;
  inode.changeTime = now;
  inode.birthTime = now;
  inode.mapping.host = inode;
  initAddressSpace(inode.mapping, mapping);
  return inode;
}

/** One more who writes the file (1), or executes it (-1). False: it is being executed, or written. */
export function enterWriters(inode: Inode, change: i32): boolean {
  for (;;) {
    const seen = reload<i32>(inode.writers);
    if (change > 0 ? seen < 0 : seen > 0) return false;
    if (atomic.cmpxchg(addrOf(inode.writers), seen, seen + change) !== seen) continue;
    if (change > 0) atomic.inc(addrOf(inode.superBlock.writers));
    return true;
  }
}

/** Undoes `enterWriters`. */
export function leaveWriters(inode: Inode, change: i32): void {
  if (change > 0) atomic.dec(addrOf(inode.superBlock.writers));
  atomic.add(addrOf(inode.writers), -change);
}

/** Has the file system been made read-only since that was asked last? For those who write, once they have entered. */
export function isNowReadOnly(inode: Inode): boolean {
  return (inode.superBlock.flags & MS_RDONLY) !== 0;
}

/** Another reference. */
export function getInode(inode: Inode): Inode {
  atomic.inc(addrOf(inode.count));
  return inode;
}

/** Drops a reference; the last one evicts the inode. @sleeps */
export function putInode(inode: Inode): void {
  if (!atomic.decAndTest(addrOf(inode.count))) return;
  const evict = inode.superBlock.operations.evictInode;
  evict(inode);
}

/** The end of an eviction: frees the pages and the inode itself. */
export function freeInode(inode: Inode): void {
  emptyAddressSpace(inode.mapping);
  kfree(inode);
}

/**
 * The size of a file, whole: the two words are read at once, so that nobody sees the low one of before and the high
 * one of after a write.
 */
export function inodeSize(inode: Inode): i64 {
  return loadWide(addrOf(inode.size));
}

/** Sets the size, whole. The caller holds (I), so nobody else writes it. */
export function setInodeSize(inode: Inode, size: i64, _held: Held<InodeMutex>): void {
  storeWide(addrOf(inode.size), size);
}

/** The contents have changed now. */
export function touchModified(inode: Inode, _held: Held<InodeMutex>): void {
  const now = i64(realtimeNs());
  storeWide(addrOf(inode.modifyTime), now);
  storeWide(addrOf(inode.changeTime), now);
}

/** The inode has changed now: its mode, owner, number of names. */
export function touchChanged(inode: Inode, _held: Held<InodeMutex>): void {
  storeWide(addrOf(inode.changeTime), i64(realtimeNs()));
}

const DAY: i64 = 86400000000000n;

/**
 * The contents were read now. As Linux's default mount option has it (relatime), this is noted only if the file has
 * been changed since the last note, or a day has passed. Not under (I): of two racing readers either may win.
 */
export function touchAccessed(inode: Inode): void {
  const now = i64(realtimeNs());
  const last = loadWide(addrOf(inode.accessTime));
  const isNoted = last > loadWide(addrOf(inode.modifyTime)) && last > loadWide(addrOf(inode.changeTime));
  if (!isNoted || now - last >= DAY) storeWide(addrOf(inode.accessTime), now);
}
