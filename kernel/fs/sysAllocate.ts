/*
 * System calls about the space that a file takes, and hints about how it will be read: fallocate; posix_fadvise,
 * readahead, sync_file_range, which are checked and otherwise need nothing, since all data are in memory.
 *
 * @source fallocate(2), posix_fadvise(2), readahead(2), sync_file_range(2).
 */

import { EBADF, EFBIG, EINVAL, EISDIR, ENODEV, EOPNOTSUPP, ESPIPE } from '../abi/errno.ts';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, O_PATH, POSIX_FADV_NOREUSE } from '../abi/fcntl.ts';
import { S_IFBLK, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT } from '../abi/stat.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { putPage } from '../mm/buddy.ts';
import { type Page } from '../mm/page.ts';
import { grabPage, punchPages, zeroRange } from './addressSpace.ts';
import { getFileOf } from './descriptor.ts';
import { type File, putFile } from './file.ts';
import { checkSize, MAX_FILE_SIZE } from './genericFile.ts';
import { type Inode, inodeSize, setInodeSize, touchModified } from './inode.ts';

function wide(low: u32, high: u32): i64 {
  return i64((u64(high) << 32n) | u64(low));
}

function pageOf(position: i64): u32 {
  return u32(position >> i64(PAGE_SHIFT));
}

/** Gives the file its pages from `start` to before `end`, and, unless the size is to stay, that size. */
function allocateRange(inode: Inode, start: i64, end: i64, keepsSize: boolean): i32 {
  if (end > inodeSize(inode)) {
    const impossible = checkSize(end);
    if (impossible !== 0) return impossible;
  }
  using held = inode.mutex.lock();
  const last = pageOf(end - 1n);
  for (let index = pageOf(start); index <= last; index++) {
    let page = as<Page>(0);
    const error = grabPage(inode.mapping, index, addrOf(page));
    if (error !== 0) return error;
    putPage(page);
  }
  if (!keepsSize && end > inode.size) setInodeSize(inode, end, held);
  touchModified(inode, held);
  return 0;
}

/** Takes the whole pages of the range out of the file; what it has of others becomes zero. */
function punchRange(inode: Inode, start: i64, end: i64): i32 {
  using held = inode.mutex.lock();
  const first = pageOf(start + i64(PAGE_SIZE - 1));
  const last = pageOf(end);
  if (first < last) punchPages(inode.mapping, first, last);
  touchModified(inode, held);
  return zeroRange(inode.mapping, start, end);
}

function allocateFileSpace(file: File, mode: u32, offset: i64, length: i64): i32 {
  if (offset < 0n || length <= 0n) return -EINVAL;
  const isPunch = (mode & FALLOC_FL_PUNCH_HOLE) !== 0;
  if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0) return -EOPNOTSUPP;
  if (isPunch && (mode & FALLOC_FL_KEEP_SIZE) === 0) return -EOPNOTSUPP;
  if (!file.isWritable()) return -EBADF;
  const inode = file.inode;
  const type = inode.mode & S_IFMT;
  if (type === S_IFIFO) return -ESPIPE;
  if (type === S_IFDIR) return -EISDIR;
  if (!inode.isRegular() && type !== S_IFBLK) return -ENODEV;
  if (length > MAX_FILE_SIZE - offset) return -EFBIG;
  if (!inode.isRegular() || inode.mapping.operations.readPage !== null) return -EOPNOTSUPP;
  if (isPunch) return punchRange(inode, offset, offset + length);
  return allocateRange(inode, offset, offset + length, (mode & FALLOC_FL_KEEP_SIZE) !== 0);
}

/** fallocate(fd, mode, offset, length). */
export function sysFallocate(fd: u32, mode: u32, low: u32, high: u32, lengthLow: u32, lengthHigh: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  let result: i32 = -EBADF;
  if ((file.flags & O_PATH) === 0) result = allocateFileSpace(file, mode, wide(low, high), wide(lengthLow, lengthHigh));
  putFile(file);
  return result;
}

// ---------------------------------------------------------------------------------------------------------------------
// Hints.

/** Is `fd` open for more than its path, and not a pipe? 0, -EBADF, -ESPIPE. */
function checkHint(fd: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  let result: i32 = 0;
  if ((file.flags & O_PATH) !== 0) result = -EBADF;
  else if ((file.inode.mode & S_IFMT) === S_IFIFO) result = -ESPIPE;
  putFile(file);
  return result;
}

function advise(fd: u32, length: i64, advice: u32): i32 {
  const error = checkHint(fd);
  if (error !== 0) return error;
  return length < 0n || advice > POSIX_FADV_NOREUSE ? -EINVAL : 0;
}

/** fadvise64(fd, offset, length, advice), with a short length. */
export function sysFadvise64(fd: u32, _low: u32, _high: u32, length: u32, advice: u32): i32 {
  return advise(fd, i64(length), advice);
}

/** fadvise64_64(fd, offset, length, advice). */
export function sysFadvise6464(fd: u32, _low: u32, _high: u32, lengthLow: u32, lengthHigh: u32, advice: u32): i32 {
  return advise(fd, wide(lengthLow, lengthHigh), advice);
}

/** readahead(fd, offset, count): of files and block devices that are open for reading. */
export function sysReadahead(fd: u32, _low: u32, _high: u32, _count: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const type = file.inode.mode & S_IFMT;
  let result: i32 = 0;
  if (!file.isReadable()) result = -EBADF;
  else if (!file.inode.isRegular() && type !== S_IFBLK) result = -EINVAL;
  putFile(file);
  return result;
}

/** What sync_file_range may be told to do. */
const SYNC_FLAGS: u32 = 7;

/** sync_file_range(fd, offset, length, flags). */
export function sysSyncFileRange(fd: u32, low: u32, high: u32, lengthLow: u32, lengthHigh: u32, flags: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const type = file.inode.mode & S_IFMT;
  const offset = wide(low, high);
  const length = wide(lengthLow, lengthHigh);
  let result: i32 = 0;
  if ((file.flags & O_PATH) !== 0) result = -EBADF;
  else if ((flags & ~SYNC_FLAGS) !== 0 || offset < 0n || offset + length < offset) result = -EINVAL;
  else if (!file.inode.isRegular() && type !== S_IFBLK && type !== S_IFDIR && type !== S_IFLNK) result = -ESPIPE;
  putFile(file);
  return result;
}
