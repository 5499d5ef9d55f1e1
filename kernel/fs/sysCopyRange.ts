/*
 * System call: copy_file_range. Bytes from one regular file to another, or to another place of the same, without the
 * program in between.
 *
 * @source copy_file_range(2).
 */

import { EBADF, EFAULT, EINVAL, EISDIR, ENOMEM, EOVERFLOW } from '../abi/errno.ts';
import { O_APPEND } from '../abi/fcntl.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { getFileOf } from './descriptor.ts';
import { type File, putFile } from './file.ts';
import { inodeSize } from './inode.ts';
import { type Transfer } from './transfer.ts';

/** Bytes that one call moves at most. */
const MAX_COUNT: u32 = 0x7ffff000;

/** One side: where it begins, and whether the file's own position is meant. */
class Side {
  file: File;
  position: i64;
  address: u32; // user address of the position; 0: the file's own
}

/** Finds out where the side begins. 0 or -EFAULT. */
function readPosition(side: Side): i32 {
  if (side.address !== 0) {
    const error = copyFromUser(ptr<u8>(addrOf(side.position)), side.address, 8);
    return error === 0 ? 0 : -EFAULT;
  }
  using _held = side.file.positionMutex.lock();
  side.position = side.file.position;
  return 0;
}

/** Stores where the side has come to. 0 or -EFAULT. */
function writePosition(side: Side): i32 {
  if (side.address !== 0) {
    const error = copyToUser(side.address, ptr<u8>(addrOf(side.position)), 8);
    return error === 0 ? 0 : -EFAULT;
  }
  using _held = side.file.positionMutex.lock();
  side.file.position = side.position;
  return 0;
}

/** May these files be copied between? 0, -EISDIR, -EINVAL, -EBADF. */
function checkFiles(from: File, to: File): i32 {
  if (from.inode.isDirectory() || to.inode.isDirectory()) return -EISDIR;
  if (!from.inode.isRegular() || !to.inode.isRegular()) return -EINVAL;
  if (!from.isReadable() || !to.isWritable() || (to.flags & O_APPEND) !== 0) return -EBADF;
  return from.operations.read === null || to.operations.write === null ? -EINVAL : 0;
}

/** Does the range leave what 64 bits can count? Linux counts without a sign here, and looks for that later. */
function wraps(side: Side, count: u32): boolean {
  return u64(side.position) + u64(count) < u64(side.position);
}

/** Is that a piece of a file, and no place in it of both kinds? 0 or -EINVAL. */
function checkRange(from: Side, to: Side, count: i64): i32 {
  const isSame = from.file.inode === to.file.inode;
  if (isSame && from.position + count > to.position && to.position + count > from.position) return -EINVAL;
  return from.position < 0n || to.position < 0n ? -EINVAL : 0;
}

/** Moves up to `count` bytes through `buffer`: how many, or -errno. */
function copyPiece(from: Side, to: Side, buffer: Ptr<u8>, count: u32): i32 {
  const read = from.file.operations.read!;
  const write = to.file.operations.write!;
  const transfer = zeroed<Inline<Transfer>>();
  const start = from.position;
  transfer.overKernel(buffer, count);
  const got = read(from.file, transfer, addrOf(from.position));
  if (got <= 0) return got;
  transfer.overKernel(buffer, u32(got));
  const put = write(to.file, transfer, addrOf(to.position));
  from.position = start + i64(put > 0 ? put : 0);
  return put;
}

function copyBetween(from: Side, to: Side, count: u32): i32 {
  const buffer = kmalloc(PAGE_SIZE);
  if (buffer === null) return -ENOMEM;
  let done: i32 = 0;
  while (u32(done) < count) {
    const left = count - u32(done);
    const moved = copyPiece(from, to, buffer, left < PAGE_SIZE ? left : PAGE_SIZE);
    if (moved < 0 && done === 0) done = moved;
    if (moved <= 0) break;
    done += moved;
  }
  kfree(buffer);
  return done;
}

function copyRange(from: Side, to: Side, count: u32, flags: u32): i32 {
  let error = readPosition(from);
  if (error === 0) error = readPosition(to);
  if (error === 0 && flags !== 0) error = -EINVAL;
  if (error === 0) error = checkFiles(from.file, to.file);
  if (error !== 0) return error;
  const size = inodeSize(from.file.inode);
  let wanted = i64(count < MAX_COUNT ? count : MAX_COUNT);
  if (wraps(from, count) || wraps(to, count)) return -EOVERFLOW;
  if (from.position >= 0n && wanted > size - from.position) wanted = size > from.position ? size - from.position : 0n;
  error = checkRange(from, to, wanted);
  if (error !== 0) return error;
  const done = copyBetween(from, to, u32(wanted));
  if (done <= 0) return done;
  error = writePosition(from);
  if (error === 0) error = writePosition(to);
  return error === 0 ? done : error;
}

/** copy_file_range(from, fromPosition, to, toPosition, count, flags): a null position is the file's own. */
export function sysCopyFileRange(source: u32, sourceAt: u32, target: u32, targetAt: u32, count: u32, flags: u32): i32 {
  const input = getFileOf(source);
  if (input === null) return -EBADF;
  const output = getFileOf(target);
  let result: i32 = -EBADF;
  if (output !== null) {
    const from = zeroed<Inline<Side>>();
    const to = zeroed<Inline<Side>>();
    from.file = input;
    from.address = sourceAt;
    to.file = output;
    to.address = targetAt;
    result = copyRange(from, to, count, flags);
    putFile(output);
  }
  putFile(input);
  return result;
}
