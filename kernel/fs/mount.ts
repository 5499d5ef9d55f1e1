/*
 * Mounting: hanging the root of one file system over a directory of another.
 *
 * Idea. The covered directory's dentry points to the mounted SuperBlock, and the SuperBlock back. Walks down cross the
 * first pointer (`crossMounts`), walks up the second (`parentOf`). A file system is mounted in one place.
 *
 * Types of file systems register a name and a function that makes a SuperBlock.
 *
 * Locking. (M) mountMutex: one mount or unmount at a time. The pointers themselves change under the dentry lock. A directory
 * that is to be covered must not be removed meanwhile: its inode's mutex is held, and who removes it looks, with that mutex
 * held, whether it is covered. Order: (M), the inode's mutex, the dentry lock.
 */

import { EBUSY, EINVAL, ENODEV, ENOMEM, ENOTDIR } from '../abi/errno.ts';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from '../abi/mount.ts';
import { assert } from '../lib/panic.ts';
import { strcmp } from '../lib/string.ts';
import { kfree } from '../mm/slab.ts';
import { type Mutex } from '../sync/mutex.ts';
import { type Dentry, getDentry, isHashed, isTreeInUse, lockDentries, putDentry, setRootDentry } from './dentry.ts';
import { type SuperBlock } from './inode.ts';

/** Class of mountMutex. */
export class MountMutex {
  declare readonly lock: 'mount';
}

class FileSystemType {
  name: string;
  /** Needs a block device: "nodev" in /proc/filesystems is its absence. */
  needsDevice: boolean;
  create: (typeName: string) => SuperBlock | null;
}

/** What a file system can be told, at its mounting or later. */
const MOUNT_FLAGS: u32 = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

const MAX_TYPES: u32 = 8;
const types = zeroed<FixedArray<Inline<FileSystemType>, 8>>();
let typeCount: u32 = 0;

const mountMutex = zeroed<Inline<Mutex<MountMutex>>>();
/** All mounted file systems, the latest first, the root last. */
let superBlocks: SuperBlock | null = null; // (M)

export function initMounts(): void {
  mountMutex.init('mount');
}

export function registerFileSystem(name: string, create: (typeName: string) => SuperBlock | null): void {
  assert(typeCount < MAX_TYPES, 'too many types of file systems');
  types[typeCount].name = name;
  types[typeCount].create = create;
  typeCount++;
}

/** How many types there are, and their names, for /proc/filesystems. */
export function fileSystemCount(): u32 {
  return typeCount;
}

export function fileSystemName(index: u32): string {
  return types[index].name;
}

function findType(name: Ptr<u8>): FileSystemType | null {
  for (let i: u32 = 0; i < typeCount; i++) {
    const type: FileSystemType = types[i];
    if (strcmp(bytes(type.name), name) === 0) return type;
  }
  return null;
}

/** Makes `superBlock` the root of everything. Once, at the start. */
export function mountRoot(superBlock: SuperBlock): void {
  setRootDentry(superBlock.root);
  superBlocks = superBlock;
}

/**
 * Takes (M), for who goes through the mounted file systems: none of them goes meanwhile.
 *
 * @sleeps
 * @releasedBy unlockMounts
 */
export function lockMounts(): Held<MountMutex> {
  return mountMutex.lock();
}

/** Releases it. Called by `using`. */
export function unlockMounts(): void {
  mountMutex.unlock();
}

/** The next mounted file system after `previous` (null: the first), or null. */
export function nextSuperBlock(previous: SuperBlock | null, _mounts: Held<MountMutex>): SuperBlock | null {
  return previous === null ? superBlocks : previous.next;
}

/**
 * Mounts a new file system of type `typeName` over `directory`. 0, -ENODEV (no such type), -ENOTDIR, -EBUSY (something
 * is mounted there), -ENOMEM.
 *
 * @sleeps
 */
export function mountAt(directory: Dentry, typeName: Ptr<u8>, flags: u32): i32 {
  const type = findType(typeName);
  if (type === null) return -ENODEV;
  if (!directory.inode!.isDirectory()) return -ENOTDIR;
  using held = mountMutex.lock();
  using _directory = directory.inode!.mutex.lock();
  if (directory.isRoot() || directory.mounted !== null || !isHashed(directory)) return -EBUSY;
  const create = type.create;
  const superBlock = create(type.name);
  if (superBlock === null) return -ENOMEM;
  superBlock.flags = flags & MOUNT_FLAGS;
  attach(superBlock, getDentry(directory), held);
  return 0;
}

function attach(superBlock: SuperBlock, directory: Dentry, _mounts: Held<MountMutex>): void {
  using _held = lockDentries();
  superBlock.covered = directory;
  superBlock.next = superBlocks;
  superBlocks = superBlock;
  directory.mounted = superBlock;
}

/**
 * Gives the file system whose root is `root` other flags. 0, -EINVAL (it is not the root of one), -EBUSY (it was to be
 * read-only, and somebody has a file open for writing). What has begun to change it already comes to its end.
 *
 * @sleeps
 */
export function remount(root: Dentry, flags: u32): i32 {
  using _held = mountMutex.lock();
  if (!root.isRoot()) return -EINVAL;
  const superBlock = root.superBlock;
  // A full barrier: who writes counts himself in, then looks at the flags.
  const before = atomic.xchg(addrOf(superBlock.flags), flags & MOUNT_FLAGS);
  if ((flags & MS_RDONLY) === 0 || superBlock.writers === 0) return 0;
  superBlock.flags = before;
  return -EBUSY;
}

/**
 * Unmounts the file system whose root is `root`. 0, -EINVAL (it is not the root of one, or the root of everything),
 * -EBUSY (in use). The caller has one reference to `root`, which is put in any case.
 *
 * @sleeps
 */
export function unmount(root: Dentry): i32 {
  using held = mountMutex.lock();
  const superBlock = root.superBlock;
  const covered = superBlock.covered;
  if (!root.isRoot() || covered === null) {
    putDentry(root);
    return -EINVAL;
  }
  if (!detach(superBlock, covered, held)) {
    putDentry(root);
    return -EBUSY;
  }
  putDentry(root);
  const put = superBlock.operations.put;
  if (put !== null) put(superBlock);
  kfree(superBlock);
  putDentry(covered);
  return 0;
}

/** Takes the file system out of the tree, unless somebody but the caller uses it. */
function detach(superBlock: SuperBlock, covered: Dentry, _mounts: Held<MountMutex>): boolean {
  using held = lockDentries();
  if (isTreeInUse(superBlock.root, 2, held)) return false; // the mount's reference and the caller's
  covered.mounted = null;
  superBlock.covered = null;
  if (superBlocks === superBlock) superBlocks = superBlock.next;
  else {
    let at = superBlocks!;
    while (at.next !== superBlock) at = at.next!;
    at.next = superBlock.next;
  }
  return true;
}
