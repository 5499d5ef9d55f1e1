/*
 * Open files that are no files: what stands behind a descriptor of eventfd, timerfd, signalfd, epoll. They have no name, and
 * an inode only because every File has one. What they are is in `File.data`, and goes when `release` is called.
 */

import { ENFILE } from '../abi/errno.ts';
import { O_ACCMODE, O_CLOEXEC, O_NONBLOCK } from '../abi/fcntl.ts';
import { ANON_INODE_FS_MAGIC } from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { strlen } from '../lib/string.ts';
import { type AddressSpaceOperations } from './addressSpace.ts';
import { allocateDentry, attachInode, putDentry } from './dentry.ts';
import { allocateFile, type File, type FileOperations } from './file.ts';
import { cancel, install, reserve } from './fileTable.ts';
import {
  allocateInode,
  type Inode,
  type InodeOperations,
  putInode,
  type SuperBlock,
  type SuperBlockOperations,
} from './inode.ts';
import { initPseudoFs } from './pseudoFs.ts';

const superBlock = zeroed<Inline<SuperBlock>>();
const superBlockOperations = zeroed<Inline<SuperBlockOperations>>();
const inodeOperations = zeroed<Inline<InodeOperations>>();
const mappingOperations = zeroed<Inline<AddressSpaceOperations>>();

export function initAnonymousFiles(): void {
  initPseudoFs(superBlock, superBlockOperations, 'anon_inodefs', ANON_INODE_FS_MAGIC);
}

function makeInode(operations: FileOperations): Inode | null {
  const inode = allocateInode(superBlock, mappingOperations);
  if (inode === null) return null;
  inode.mode = 0o600; // of no type at all, as on Linux
  inode.linkCount = 1;
  inode.operations = inodeOperations;
  inode.fileOperations = operations;
  return inode;
}

/** A File without a descriptor. Null: no memory, or no more files. */
function makeFile(name: string, operations: FileOperations, flags: u32): File | null {
  const inode = makeInode(operations);
  if (inode === null) return null;
  const dentry = allocateDentry(null, superBlock, bytes(name), strlen(bytes(name)));
  if (dentry === null) {
    putInode(inode);
    return null;
  }
  attachInode(dentry, inode);
  const file = allocateFile(dentry, operations, flags & (O_ACCMODE | O_NONBLOCK));
  putDentry(dentry);
  return file;
}

/**
 * Opens a file that is nothing but `data`.
 *
 * @param name what /proc/PID/fd shows: anon_inode:[...]
 * @param flags O_RDONLY or O_RDWR, O_NONBLOCK, O_CLOEXEC
 * @returns the descriptor; -EMFILE, -ENOMEM, -ENFILE: `data` is still the caller's
 */
export function openAnonymous(name: string, operations: FileOperations, data: u32, flags: u32): i32 {
  const table = current().files!;
  const fd = reserve(table, 0, (flags & O_CLOEXEC) !== 0);
  if (fd < 0) return fd;
  const file = makeFile(name, operations, flags);
  if (file === null) {
    cancel(table, u32(fd));
    return -ENFILE;
  }
  file.data = data;
  install(table, u32(fd), file);
  return fd;
}

/** FileOperations.seek of such files: they have no position that anything could mean, and always are at 0. */
export function anonymousSeek(_file: File, _offset: i64, _whence: u32, result: Ptr<i64>): i32 {
  result[0] = 0n;
  return 0;
}
