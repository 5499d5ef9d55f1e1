/*
 * System calls: pipe and pipe2.
 *
 * A pipe without a name is a FIFO that lies on a file system of its own, which is mounted nowhere: two Files are opened on
 * it, one to read and one to write. What it is called ("pipe:[5]") shows in /proc/PID/fd alone.
 */

import { EFAULT, EINVAL, ENFILE, ENOMEM } from '../abi/errno.ts';
import { O_CLOEXEC, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../abi/fcntl.ts';
import { PIPEFS_MAGIC, S_IFIFO } from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { formatText } from '../lib/format.ts';
import { copyToUser } from '../arch/x86/userCopy.ts';
import { type AddressSpaceOperations } from './addressSpace.ts';
import { allocateDentry, attachInode, type Dentry, putDentry } from './dentry.ts';
import { cancelPair, installPair, reservePair } from './descriptor.ts';
import { allocateFile, type File, freeFile, putFile } from './file.ts';
import {
  allocateInode,
  type Inode,
  type InodeOperations,
  putInode,
  type SuperBlock,
  type SuperBlockOperations,
} from './inode.ts';
import { fifoOperations } from './pipe.ts';
import { initPseudoFs } from './pseudoFs.ts';

const superBlock = zeroed<Inline<SuperBlock>>();
const superBlockOperations = zeroed<Inline<SuperBlockOperations>>();
/** A pipe's inode has no names and no pages. */
const inodeOperations = zeroed<Inline<InodeOperations>>();
const mappingOperations = zeroed<Inline<AddressSpaceOperations>>();

export function initPipefs(): void {
  initPseudoFs(superBlock, superBlockOperations, 'pipefs', PIPEFS_MAGIC);
}

/** The dentry of a new pipe, or null: no memory. */
function makeDentry(): Dentry | null {
  const inode = makeInode();
  if (inode === null) return null;
  const name = uninitialized<FixedArray<u8, 20>>();
  const dentry = allocateDentry(null, superBlock, name, formatText(name, 20, 'pipe:[%u]', inode.number));
  if (dentry === null) putInode(inode);
  else attachInode(dentry, inode);
  return dentry;
}

function makeInode(): Inode | null {
  const inode = allocateInode(superBlock, mappingOperations);
  if (inode === null) return null;
  inode.mode = S_IFIFO | 0o600;
  inode.uid = current().credentials.fsuid;
  inode.gid = current().credentials.fsgid;
  inode.linkCount = 1;
  inode.operations = inodeOperations;
  inode.fileOperations = fifoOperations();
  return inode;
}

/** Opens one end. 0 or -errno. */
function openEnd(dentry: Dentry, flags: u32, result: Ptr<File>): i32 {
  const inode = dentry.inode!;
  const file = allocateFile(dentry, inode.fileOperations, flags);
  if (file === null) return -ENFILE;
  const open = inode.fileOperations.open!;
  const error = open(inode, file);
  if (error !== 0) freeFile(file);
  else result[0] = file;
  return error;
}

/** Both ends of a new pipe: 0, -ENFILE, -ENOMEM. */
function openPipe(flags: u32, reader: Ptr<File>, writer: Ptr<File>): i32 {
  const dentry = makeDentry();
  if (dentry === null) return -ENOMEM;
  let error = openEnd(dentry, O_RDONLY | (flags & O_NONBLOCK), reader);
  if (error === 0) {
    error = openEnd(dentry, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), writer);
    if (error !== 0) putFile(reader[0]);
  }
  putDentry(dentry);
  return error;
}

export function sysPipe(result: u32): i32 {
  return sysPipe2(result, 0);
}

export function sysPipe2(result: u32, flags: u32): i32 {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) !== 0) return -EINVAL;
  let reader = as<File>(0);
  let writer = as<File>(0);
  let error = openPipe(flags, addrOf(reader), addrOf(writer));
  if (error !== 0) return error;
  const numbers = zeroed<FixedArray<u32, 2>>();
  error = reservePair((flags & O_CLOEXEC) !== 0, numbers);
  if (error === 0) {
    if (copyToUser(result, ptr<u8>(numbers), 8) === 0) installPair(numbers, reader, writer);
    else {
      cancelPair(numbers);
      error = -EFAULT;
    }
  }
  putFile(reader);
  putFile(writer);
  return error;
}
