/*
 * tmpfs: files that exist in memory alone. The root file system is one, filled from the boot archives; /dev, /tmp and
 * /dev/shm are others.
 *
 * Idea. Everything that a file system keeps on a disk, this one has already: names are dentries, which stay because
 * each is pinned while its name exists; data are pages in the inode's address space, which stay there or in swap until
 * the file is cut. What is left to do is the bookkeeping: link counts, times, and how much memory may be used.
 *
 * Limits. A mount holds at most half of the memory, and as much as there is swap space, in pages of data and `maxInodes` names; more is ENOSPC. Without limits a
 * program could fill the memory with files, and nothing could take it back.
 *
 * Locking. Names and inodes as inode.ts says, under (I). The counts of the mount are atomic.
 */

import { ENOMEM, ENOSPC, ENOTEMPTY } from '../abi/errno.ts';
import { DT_DIR } from '../abi/dirent.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_IRWXUGO, S_ISGID, type Statfs64, TMPFS_MAGIC } from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { memcpy, strlen } from '../lib/string.ts';
import { totalPageCount } from '../mm/buddy.ts';
import { addSwappable } from '../mm/fileSwap.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { totalSwapSlots } from '../mm/swapArea.ts';
import { type AddressSpaceOperations } from './addressSpace.ts';
import {
  allocateDentry,
  attachInode,
  childFrom,
  type Dentry,
  hasChildren,
  parentOf,
  pin,
  putDentry,
  unpin,
} from './dentry.ts';
import { type DirectorySink, emit, typeOf } from './directorySink.ts';
import { type FileOperations, type File } from './file.ts';
import { genericMmap } from './fileMap.ts';
import {
  genericRead,
  genericSeek,
  genericTruncate,
  genericWrite,
  noSync,
  readDirectory,
  seekDirectory,
} from './genericFile.ts';
import {
  allocateInode,
  freeInode,
  getInode,
  type Inode,
  type InodeMutex,
  type InodeOperations,
  type SuperBlock,
  type SuperBlockOperations,
  touchChanged,
  touchModified,
} from './inode.ts';
import { newDevice } from './device.ts';
import { setSpecialOperations } from './special.ts';

/** What a mount may use, and what it does use. */
class Limits {
  maxPages: u32; // (C) besides swap space
  maxInodes: u32; // (C) names, really: a hard link counts like a file
  pages: Volatile<u32>;
  inodes: Volatile<u32>;
}

const superBlockOperations = zeroed<Inline<SuperBlockOperations>>();
const directoryOperations = zeroed<Inline<InodeOperations>>();
const fileOperations = zeroed<Inline<InodeOperations>>();
const symlinkOperations = zeroed<Inline<InodeOperations>>();
const directoryFileOperations = zeroed<Inline<FileOperations>>();
const regularFileOperations = zeroed<Inline<FileOperations>>();
const mappingOperations = zeroed<Inline<AddressSpaceOperations>>();

export function initTmpfs(): void {
  superBlockOperations.evictInode = evictInode;
  superBlockOperations.statfs = statfs;
  superBlockOperations.put = putSuperBlock;

  directoryOperations.lookup = lookup;
  directoryOperations.create = create;
  directoryOperations.temporary = temporary;
  directoryOperations.symlink = symlink;
  directoryOperations.link = link;
  directoryOperations.unlink = unlink;
  directoryOperations.rmdir = rmdir;
  directoryOperations.rename = rename;
  fileOperations.truncate = genericTruncate;
  symlinkOperations.readLink = readLink;

  directoryFileOperations.read = readDirectory;
  directoryFileOperations.seek = seekDirectory;
  directoryFileOperations.iterate = iterateDentries;
  directoryFileOperations.fsync = noSync;
  regularFileOperations.read = genericRead;
  regularFileOperations.write = genericWrite;
  regularFileOperations.seek = genericSeek;
  regularFileOperations.mmap = genericMmap;
  regularFileOperations.fsync = noSync;
  regularFileOperations.isDirect = true; // memory is as direct as it gets

  mappingOperations.reserve = reservePage;
  mappingOperations.unreserve = unreservePages;
}

/** A new, empty file system of at most half of the memory. Null: no memory. */
export function createTmpfs(typeName: string): SuperBlock | null {
  const limits = allocate<Limits>();
  if (limits === null) return null;
  limits.maxPages = totalPageCount() / 2; // and what swap there is
  limits.maxInodes = totalPageCount() / 2;
  const superBlock = allocate<SuperBlock>();
  if (superBlock === null) {
    kfree(limits);
    return null;
  }
  superBlock.operations = superBlockOperations;
  superBlock.typeName = typeName;
  superBlock.device = newDevice();
  superBlock.magic = TMPFS_MAGIC;
  superBlock.blockSize = PAGE_SIZE;
  superBlock.data = u32(limits);
  if (makeRoot(superBlock)) return superBlock;
  kfree(limits);
  kfree(superBlock);
  return null;
}

function makeRoot(superBlock: SuperBlock): boolean {
  const root = allocateDentry(null, superBlock, bytes('/'), 1);
  if (root === null) return false;
  const inode = makeInode(superBlock, null, S_IFDIR | 0o755, 0);
  if (inode === null) {
    putDentry(root);
    return false;
  }
  attachInode(root, inode);
  superBlock.root = root;
  return true;
}

function limitsOf(superBlock: SuperBlock): Limits {
  return as<Limits>(superBlock.data);
}

/** Counts one more name. False: there may be no more. */
function reserveInode(superBlock: SuperBlock): boolean {
  const limits = limitsOf(superBlock);
  if (atomic.fetchAdd(addrOf(limits.inodes), 1) < limits.maxInodes) return true;
  atomic.dec(addrOf(limits.inodes));
  return false;
}

function unreserveInode(superBlock: SuperBlock): void {
  atomic.dec(addrOf(limitsOf(superBlock).inodes));
}

/** Pages that the mount may hold now: pages can go to swap, so swap space counts in full. */
function mostPages(limits: Limits): u32 {
  return limits.maxPages + totalSwapSlots();
}

/** AddressSpaceOperations.reserve. */
function reservePage(inode: Inode): i32 {
  const limits = limitsOf(inode.superBlock);
  if (atomic.fetchAdd(addrOf(limits.pages), 1) < mostPages(limits)) return 0;
  atomic.dec(addrOf(limits.pages));
  return -ENOSPC;
}

function unreservePages(inode: Inode, count: u32): void {
  atomic.sub(addrOf(limitsOf(inode.superBlock).pages), count);
}

/** An inode that the current task owns, not yet named. In a set-gid directory the group is the directory's. */
function makeInode(superBlock: SuperBlock, directory: Inode | null, mode: u32, device: u32): Inode | null {
  const inode = allocateInode(superBlock, mappingOperations);
  if (inode === null) return null;
  inode.mode = mode;
  inode.uid = current().credentials.fsuid;
  inode.gid = current().credentials.fsgid;
  inode.linkCount = 1;
  inode.device = device;
  if (directory !== null && (directory.mode & S_ISGID) !== 0) {
    inode.gid = directory.gid;
    if ((mode & S_IFMT) === S_IFDIR) inode.mode |= S_ISGID;
  }
  setOperations(inode);
  return inode;
}

function setOperations(inode: Inode): void {
  const type = inode.mode & S_IFMT;
  inode.operations = fileOperations;
  if (type === S_IFDIR) {
    inode.operations = directoryOperations;
    inode.fileOperations = directoryFileOperations;
    inode.linkCount = 2;
  } else if (type === S_IFREG) {
    inode.fileOperations = regularFileOperations;
    addSwappable(inode.mapping);
  } else {
    if (type === S_IFLNK) inode.operations = symlinkOperations;
    setSpecialOperations(inode);
  }
}

/** InodeOperations.lookup: what is not among the dentries does not exist. */
function lookup(_directory: Inode, _dentry: Dentry, _held: Held<InodeMutex>): i32 {
  return 0;
}

/** Makes an inode for a name in `directory`, and counts it. 0, -ENOSPC or -ENOMEM. */
function makeCounted(directory: Inode, mode: u32, device: u32, result: Ptr<Inode>): i32 {
  if (!reserveInode(directory.superBlock)) return -ENOSPC;
  const inode = makeInode(directory.superBlock, directory, mode, device);
  if (inode === null) {
    unreserveInode(directory.superBlock);
    return -ENOMEM;
  }
  result[0] = inode;
  return 0;
}

/** Makes a file of any type but a link. */
function create(directory: Inode, dentry: Dentry, mode: u32, device: u32, held: Held<InodeMutex>): i32 {
  let inode = directory;
  const error = makeCounted(directory, mode, device, addrOf(inode));
  if (error === 0) addName(directory, dentry, inode, held);
  return error;
}

/** InodeOperations.temporary. As long as it has no name, it does not count as one. */
function temporary(directory: Inode, dentry: Dentry, mode: u32): i32 {
  const inode = makeInode(directory.superBlock, directory, mode, 0);
  if (inode === null) return -ENOMEM;
  inode.linkCount = 0;
  attachInode(dentry, inode);
  return 0;
}

/** Gives `inode`, whose reference passes to the dentry, a name. It must be complete: walks find it at once. */
function addName(directory: Inode, dentry: Dentry, inode: Inode, held: Held<InodeMutex>): void {
  if (inode.isDirectory()) directory.linkCount++;
  attachInode(dentry, inode);
  pin(dentry);
  touchModified(directory, held);
}

function symlink(directory: Inode, dentry: Dentry, target: Ptr<u8>, held: Held<InodeMutex>): i32 {
  const length = strlen(target);
  const copy = kmalloc(length + 1);
  if (copy === null) return -ENOMEM;
  memcpy(copy, target, length + 1);
  let inode = directory;
  const error = makeCounted(directory, S_IFLNK | S_IRWXUGO, 0, addrOf(inode));
  if (error !== 0) {
    kfree(copy);
    return error;
  }
  inode.data = u32(copy);
  inode.size = i64(length);
  addName(directory, dentry, inode, held);
  return 0;
}

function readLink(inode: Inode, buffer: Ptr<u8>, size: u32): i32 {
  const target = ptr<u8>(inode.data);
  const length = strlen(target);
  const count = length < size ? length : size;
  memcpy(buffer, target, count);
  return i32(count);
}

function link(inode: Inode, directory: Inode, dentry: Dentry, held: Held<InodeMutex>): i32 {
  if (!reserveInode(directory.superBlock)) return -ENOSPC;
  inode.linkCount++;
  inode.isLinkable = false;
  touchChanged(inode, held);
  addName(directory, dentry, getInode(inode), held);
  return 0;
}

function unlink(directory: Inode, dentry: Dentry, held: Held<InodeMutex>): i32 {
  const inode = dentry.inode!;
  inode.linkCount--;
  touchChanged(inode, held);
  touchModified(directory, held);
  unreserveInode(directory.superBlock);
  unpin(dentry);
  return 0;
}

function rmdir(directory: Inode, dentry: Dentry, held: Held<InodeMutex>): i32 {
  if (hasChildren(dentry)) return -ENOTEMPTY;
  const inode = dentry.inode!;
  inode.linkCount--; // its own "."
  directory.linkCount--; // its ".."
  return unlink(directory, dentry, held);
}

function rename(
  directory: Inode,
  dentry: Dentry,
  targetDirectory: Inode,
  target: Dentry,
  exchange: boolean,
  held: Held<InodeMutex>,
): i32 {
  const inode = dentry.inode!;
  const replaced = target.inode;
  if (replaced !== null && !exchange) {
    const error = replaced.isDirectory() ? rmdir(targetDirectory, target, held) : unlink(targetDirectory, target, held);
    if (error !== 0) return error;
  }
  if (inode.isDirectory()) {
    directory.linkCount--;
    targetDirectory.linkCount++;
  }
  if (replaced !== null && exchange) {
    if (replaced.isDirectory()) {
      targetDirectory.linkCount--;
      directory.linkCount++;
    }
    touchChanged(replaced, held);
  }
  touchChanged(inode, held);
  touchModified(directory, held);
  touchModified(targetDirectory, held);
  return 0;
}

/** FileOperations.iterate of directories whose dentries are all that there is. Positions: 0 ".", 1 "..", then cookies. */
export function iterateDentries(file: File, sink: DirectorySink): i32 {
  const directory = file.dentry;
  let position = u32(file.position);
  if (position === 0) {
    if (!emit(sink, bytes('.'), 1, file.inode.number, DT_DIR, 1)) return 0;
    position = 1;
    file.position = 1n;
  }
  if (position === 1) {
    const parent = parentOf(directory);
    const taken = emit(sink, bytes('..'), 2, parent.inode!.number, DT_DIR, 2);
    putDentry(parent);
    if (!taken) return 0;
    position = 2;
    file.position = 2n;
  }
  let entry = childFrom(directory, position, null);
  while (entry !== null) {
    const inode = entry.inode!;
    const next = entry.cookie + 1;
    if (!emit(sink, entry.name, entry.nameLength, inode.number, typeOf(inode.mode), next)) break;
    file.position = i64(next);
    const following: Dentry | null = childFrom(directory, next, entry);
    putDentry(entry);
    entry = following;
  }
  if (entry !== null) putDentry(entry);
  return 0;
}

function evictInode(inode: Inode): void {
  if (inode.isSymlink() && inode.data !== 0) kfree(ptr<u8>(inode.data));
  freeInode(inode);
}

/** What is left of `maximum`. Who asks for more than there is counts it for a moment before it is refused. */
function leftOf(maximum: u32, used: u32): u64 {
  return used < maximum ? u64(maximum - used) : 0n;
}

function statfs(superBlock: SuperBlock, result: Statfs64): void {
  const limits = limitsOf(superBlock);
  result.f_blocks = u64(mostPages(limits));
  result.f_bfree = leftOf(mostPages(limits), limits.pages);
  result.f_bavail = result.f_bfree;
  result.f_files = u64(limits.maxInodes);
  result.f_ffree = leftOf(limits.maxInodes, limits.inodes);
}

/** Unmounted: takes the pins off all names, from the leaves up, which frees everything. */
function putSuperBlock(superBlock: SuperBlock): void {
  let at = superBlock.root;
  for (;;) {
    const child = childFrom(at, 0, null);
    if (child !== null) {
      putDentry(child); // its pin keeps it
      at = child;
      continue;
    }
    if (at === superBlock.root) break;
    const parent = at.parent;
    unpin(at);
    at = parent;
  }
  putDentry(superBlock.root);
  kfree(as<Limits>(superBlock.data));
}
