/*
 * System calls that move data: read, write, and their forms with several buffers, with a position, or both; sendfile.
 *
 * A file with a position of its own is read and written under File.positionMutex, so that two writers through one open
 * file do not write to the same place. The forms that bring a position touch neither.
 */

import { EBADF, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP, EOVERFLOW, ESPIPE } from '../abi/errno.ts';
import { O_APPEND, O_PATH } from '../abi/fcntl.ts';
import { IOV_MAX, type IoVec } from '../abi/uio.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { anonymousSeek } from './anonymousFile.ts';
import { getFileOf } from './descriptor.ts';
import { type File, putFile } from './file.ts';
import { type Transfer } from './transfer.ts';

/** No call moves more: its result would look like an error. Larger counts are cut, and wild addresses fault when used. */
const MAX_COUNT: u32 = 0x7ffff000;

/** Has the file a position? Who reads one without may sleep for long, and must not keep others from writing to it. */
function isPositioned(file: File): boolean {
  const seek = file.operations.seek;
  return seek !== null && seek !== anonymousSeek;
}

/** Reads or writes `transfer` at the file's own position, or at `position` if that is not null. */
function move(file: File, transfer: Transfer, writes: boolean, position: Ptr<i64> | null): i32 {
  const operation = writes ? file.operations.write : file.operations.read;
  if (operation === null) return -EINVAL;
  if (position !== null) return operation(file, transfer, position);
  if (!isPositioned(file)) {
    let nowhere: i64 = 0n;
    return operation(file, transfer, addrOf(nowhere));
  }
  using _held = file.positionMutex.lock();
  return operation(file, transfer, addrOf(file.position));
}

/** What every call checks of its file: 0, -EBADF, -EINVAL. */
function checkAccess(file: File, writes: boolean): i32 {
  if (writes ? !file.isWritable() : !file.isReadable()) return -EBADF;
  const operation = writes ? file.operations.write : file.operations.read;
  return operation === null ? -EINVAL : 0;
}

function moveBuffer(file: File, address: u32, count: u32, writes: boolean, position: Ptr<i64> | null): i32 {
  const error = checkAccess(file, writes);
  if (error !== 0) return error;
  const transfer = zeroed<Inline<Transfer>>();
  transfer.overUser(address, count < MAX_COUNT ? count : MAX_COUNT);
  return move(file, transfer, writes, position);
}

export function sysRead(fd: u32, buffer: u32, count: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = moveBuffer(file, buffer, count, false, null);
  putFile(file);
  return result;
}

export function sysWrite(fd: u32, buffer: u32, count: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = moveBuffer(file, buffer, count, true, null);
  putFile(file);
  return result;
}

/** Can the file be read at any place? One that was opened with O_PATH fails later, and otherwise. */
function hasPosition(file: File): boolean {
  return isPositioned(file) || (file.flags & O_PATH) !== 0;
}

/** The calls that bring a position: not on files that have none. */
function moveAt(fd: u32, buffer: u32, count: u32, low: u32, high: u32, writes: boolean): i32 {
  let position = i64((u64(high) << 32n) | u64(low));
  if (position < 0n) return -EINVAL;
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = hasPosition(file) ? moveBuffer(file, buffer, count, writes, addrOf(position)) : -ESPIPE;
  putFile(file);
  return result;
}

export function sysPread64(fd: u32, buffer: u32, count: u32, low: u32, high: u32): i32 {
  return moveAt(fd, buffer, count, low, high, false);
}

export function sysPwrite64(fd: u32, buffer: u32, count: u32, low: u32, high: u32): i32 {
  return moveAt(fd, buffer, count, low, high, true);
}

// ---------------------------------------------------------------------------------------------------------------------
// Several buffers.

/** Copies the segments in and checks them. Returns the bytes in all (at most MAX_COUNT), -EFAULT or -EINVAL. */
function copySegments(segments: Ptr<Inline<IoVec>>, address: u32, count: u32): i32 {
  if (copyFromUser(ptr<u8>(segments), address, count * sizeof<IoVec>()) !== 0) return -EFAULT;
  let total: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const segment: IoVec = segments[i];
    if (i32(segment.iov_len) < 0) return -EINVAL;
    if (segment.iov_len > MAX_COUNT - total) segment.iov_len = MAX_COUNT - total;
    total += segment.iov_len;
  }
  return i32(total);
}

function moveVector(file: File, address: u32, count: u32, writes: boolean, position: Ptr<i64> | null): i32 {
  const error = checkAccess(file, writes);
  if (error !== 0) return error;
  if (count > IOV_MAX) return -EINVAL;
  if (count === 0) return 0;
  const block = kmalloc(count * sizeof<IoVec>());
  if (block === null) return -ENOMEM;
  const segments = ptr<Inline<IoVec>>(block);
  let result = copySegments(segments, address, count);
  if (result > 0) {
    const transfer = zeroed<Inline<Transfer>>();
    transfer.overSegments(segments, u32(result));
    result = move(file, transfer, writes, position);
  }
  kfree(block);
  return result;
}

export function sysReadv(fd: u32, vector: u32, count: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = moveVector(file, vector, count, false, null);
  putFile(file);
  return result;
}

export function sysWritev(fd: u32, vector: u32, count: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = moveVector(file, vector, count, true, null);
  putFile(file);
  return result;
}

function moveVectorAt(fd: u32, vector: u32, count: u32, low: u32, high: u32, writes: boolean): i32 {
  let position = i64((u64(high) << 32n) | u64(low));
  if (position < 0n) return -EINVAL;
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const result = hasPosition(file) ? moveVector(file, vector, count, writes, addrOf(position)) : -ESPIPE;
  putFile(file);
  return result;
}

export function sysPreadv(fd: u32, vector: u32, count: u32, low: u32, high: u32): i32 {
  return moveVectorAt(fd, vector, count, low, high, false);
}

export function sysPwritev(fd: u32, vector: u32, count: u32, low: u32, high: u32): i32 {
  return moveVectorAt(fd, vector, count, low, high, true);
}

/** preadv2 and pwritev2: position -1 is the file's own; flags would ask for what no file here has. */
function moveVectorWith(fd: u32, vector: u32, count: u32, low: u32, high: u32, flags: u32, writes: boolean): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  let position = i64((u64(high) << 32n) | u64(low));
  const isOwn = position === -1n;
  let result = checkAccess(file, writes);
  if (!isOwn && position < 0n) result = -EINVAL;
  else if (!isOwn && !hasPosition(file)) result = -ESPIPE;
  else if (result === 0 && flags !== 0 && count > 0) result = -EOPNOTSUPP;
  if (result === 0) result = moveVector(file, vector, count, writes, isOwn ? null : addrOf(position));
  putFile(file);
  return result;
}

export function sysPreadv2(fd: u32, vector: u32, count: u32, low: u32, high: u32, flags: u32): i32 {
  return moveVectorWith(fd, vector, count, low, high, flags, false);
}

export function sysPwritev2(fd: u32, vector: u32, count: u32, low: u32, high: u32, flags: u32): i32 {
  return moveVectorWith(fd, vector, count, low, high, flags, true);
}

// ---------------------------------------------------------------------------------------------------------------------
// sendfile: through a page of the kernel's.

/** Where positions of 32 bits end, and those of 64. */
const SMALL_FILE_END: i64 = 0x7fffffffn;
const FILE_END: i64 = 0x7fffffffffffffffn;

export function sysSendfile(target: u32, source: u32, offset: u32, count: u32): i32 {
  let low: u32 = 0;
  if (offset === 0) return sendBetween(target, source, null, 0n, count);
  if (copyFromUser(ptr<u8>(addrOf(low)), offset, 4) !== 0) return -EFAULT;
  let position = i64(i32(low));
  const result = sendBetween(target, source, addrOf(position), SMALL_FILE_END, count);
  low = u32(position);
  return copyToUser(offset, ptr<u8>(addrOf(low)), 4) !== 0 ? -EFAULT : result;
}

export function sysSendfile64(target: u32, source: u32, offset: u32, count: u32): i32 {
  let position: i64 = 0n;
  if (offset === 0) return sendBetween(target, source, null, 0n, count);
  if (copyFromUser(ptr<u8>(addrOf(position)), offset, 8) !== 0) return -EFAULT;
  const result = sendBetween(target, source, addrOf(position), FILE_END, count);
  return copyToUser(offset, ptr<u8>(addrOf(position)), 8) !== 0 ? -EFAULT : result;
}

/** `end`: as far as the caller can count, if there is a position of its own. */
function sendBetween(target: u32, source: u32, position: Ptr<i64> | null, end: i64, count: u32): i32 {
  const input = getFileOf(source);
  if (input === null) return -EBADF;
  const output = getFileOf(target);
  let result: i32 = -EBADF;
  if (output !== null) {
    result = sendFile(output, input, position, end, count);
    putFile(output);
  }
  putFile(input);
  return result;
}

function sendFile(output: File, input: File, position: Ptr<i64> | null, end: i64, count: u32): i32 {
  if (!input.isReadable() || !output.isWritable()) return -EBADF;
  if (input.operations.seek === null) return position !== null ? -ESPIPE : -EINVAL;
  if (input.operations.read === null) return -EINVAL;
  if (input.inode.isDirectory() || (output.flags & O_APPEND) !== 0) return -EINVAL;
  if (position !== null && position[0] < 0n) return -EINVAL;
  if (position !== null && position[0] >= end) return -EOVERFLOW;
  const buffer = kmalloc(PAGE_SIZE);
  if (buffer === null) return -ENOMEM;
  let done: i32 = 0;
  let left = count < MAX_COUNT ? count : MAX_COUNT;
  if (position !== null && i64(left) > end - position[0]) left = u32(end - position[0]);
  while (left > 0) {
    const step = left < PAGE_SIZE ? left : PAGE_SIZE;
    const moved = sendPiece(output, input, position, buffer, step);
    if (moved < 0 && done === 0) done = moved;
    if (moved <= 0) break;
    done += moved;
    left -= u32(moved);
    if (u32(moved) < step) break;
  }
  kfree(buffer);
  return done;
}

/** Moves up to `count` bytes; those that the output did not take are read again by whoever comes next. */
function sendPiece(output: File, input: File, position: Ptr<i64> | null, buffer: Ptr<u8>, count: u32): i32 {
  const transfer = zeroed<Inline<Transfer>>();
  transfer.overKernel(buffer, count);
  const got = move(input, transfer, false, position);
  if (got <= 0) return got;
  transfer.overKernel(buffer, u32(got));
  const put = move(output, transfer, true, null);
  const back = got - (put > 0 ? put : 0);
  if (position !== null) position[0] -= i64(back);
  else if (back > 0) {
    using _held = input.positionMutex.lock();
    input.position -= i64(back);
  }
  return put;
}
