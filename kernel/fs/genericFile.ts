/*
 * Regular files, and directories, as most file systems have them: reading and writing through the pages of the inode's
 * AddressSpace. A file system puts these functions into its own tables.
 *
 * Locking. Reads take no lock: a read that races with a write may see some of each page, but never bytes beyond the
 * size. Writes hold the inode's mutex from the look at the size to the last byte, so appends do not overlap. User
 * memory is touched under that mutex; what a fault needs (page lock, block device) must never wait for it.
 */

import { O_APPEND, O_LARGEFILE, O_NOATIME, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from '../abi/fcntl.ts';
import { EFAULT, EFBIG, EINVAL, EISDIR, ENOENT, ENXIO } from '../abi/errno.ts';
import { RLIMIT_FSIZE, RLIM_INFINITY } from '../abi/resource.ts';
import { SIGXFSZ } from '../abi/signal.ts';
import { S_ISGID, S_ISUID, S_IXGRP } from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { putPage } from '../mm/buddy.ts';
import { type Page, pageAddress } from '../mm/page.ts';
import { sendSignalToSelf } from '../proc/signalSend.ts';
import { ALL_PAGES, dropPages, grabPage, holdTail, lookUpPage, nextHole, nextPage, zeroTail } from './addressSpace.ts';
import { type File } from './file.ts';
import { type Inode, type InodeMutex, inodeSize, setInodeSize, touchAccessed, touchModified } from './inode.ts';
import { type Transfer } from './transfer.ts';

/** No file is larger: page numbers have 32 bits. */
export const MAX_FILE_SIZE: i64 = 0xfffffffffffn;
/** No file that was opened without O_LARGEFILE. */
export const MAX_SMALL_FILE_SIZE: i64 = 0x7fffffffn;

function pageOf(position: i64): u32 {
  return u32(position >> i64(PAGE_SHIFT));
}

/** Bytes from `position` to the end of its page, or `wanted` if that is less. */
function withinPage(position: i64, wanted: u32): u32 {
  const room = PAGE_SIZE - (u32(position) & (PAGE_SIZE - 1));
  return wanted < room ? wanted : room;
}

/** FileOperations.read of regular files. */
export function genericRead(file: File, transfer: Transfer, position: Ptr<i64>): i32 {
  const inode = file.inode;
  let at = position[0];
  let done: i32 = 0;
  while (transfer.remaining > 0) {
    const left = inodeSize(inode) - at;
    if (left <= 0n) break;
    let count = withinPage(at, transfer.remaining);
    if (i64(count) > left) count = u32(left);
    const moved = readPiece(inode, transfer, at, count);
    if (moved < 0) return done > 0 ? done : moved;
    at += i64(moved);
    position[0] = at;
    done += moved;
    if (u32(moved) < count) return done > 0 ? done : -EFAULT;
  }
  if ((file.flags & O_NOATIME) === 0) touchAccessed(inode);
  return done;
}

/** Moves `count` bytes of one page. Returns how many, or -errno when the page cannot be read. */
function readPiece(inode: Inode, transfer: Transfer, at: i64, count: u32): i32 {
  const index = pageOf(at);
  let page = as<Page>(0);
  let error = lookUpPage(inode.mapping, index, addrOf(page));
  if (error === -ENOENT) {
    if (inode.mapping.operations.readPage === null) return i32(transfer.zeroOut(count));
    error = grabPage(inode.mapping, index, addrOf(page));
  }
  if (error !== 0) return error;
  const moved = transfer.copyOut(pageAddress(page).add(u32(at) & (PAGE_SIZE - 1)), count);
  putPage(page);
  return i32(moved);
}

/** FileOperations.write of regular files. */
export function genericWrite(file: File, transfer: Transfer, position: Ptr<i64>): i32 {
  const inode = file.inode;
  using held = inode.mutex.lock();
  if ((file.flags & O_APPEND) !== 0) position[0] = inodeSize(inode);
  let at = position[0];
  let left = transfer.remaining;
  if (left === 0) return 0;
  const limited = limitWrite(file, at, left);
  if (limited < 0) return limited;
  left = u32(limited);
  dropPrivileges(inode);
  touchModified(inode, held);
  let done: i32 = 0;
  while (left > 0) {
    const count = withinPage(at, left);
    const moved = writePiece(inode, transfer, at, count);
    if (moved < 0) return done > 0 ? done : moved;
    at += i64(moved);
    position[0] = at;
    done += moved;
    left -= u32(moved);
    if (at > inode.size && moved > 0) setInodeSize(inode, at, held);
    if (u32(moved) < count) return done > 0 ? done : -EFAULT;
  }
  return done;
}

/** Moves `count` bytes into one page. Returns how many, or -errno when the page cannot be had. */
function writePiece(inode: Inode, transfer: Transfer, at: i64, count: u32): i32 {
  let page = as<Page>(0);
  const error = grabPage(inode.mapping, pageOf(at), addrOf(page));
  if (error !== 0) return error;
  const moved = transfer.copyIn(pageAddress(page).add(u32(at) & (PAGE_SIZE - 1)), count);
  putPage(page);
  return i32(moved);
}

/** How many of `count` bytes may be written at `at`, or -EFBIG (with SIGXFSZ where RLIMIT_FSIZE is in the way). */
function limitWrite(file: File, at: i64, count: u32): i32 {
  let allowed = count;
  const limit = current().process.limits[RLIMIT_FSIZE].rlim_cur;
  if (limit !== RLIM_INFINITY) {
    const room = i64(limit) - at;
    if (room <= 0n) {
      sendSignalToSelf(SIGXFSZ);
      return -EFBIG;
    }
    if (i64(allowed) > room) allowed = u32(room);
  }
  const room = ((file.flags & O_LARGEFILE) !== 0 ? MAX_FILE_SIZE : MAX_SMALL_FILE_SIZE) - at;
  if (room <= 0n) return -EFBIG;
  if (i64(allowed) > room) allowed = u32(room);
  return i32(allowed);
}

/** Writing by others than the superuser takes the set-id bits off a program. */
function dropPrivileges(inode: Inode): void {
  if (current().credentials.fsuid === 0) return;
  let cleared = inode.mode & S_ISUID;
  if ((inode.mode & S_IXGRP) !== 0) cleared |= inode.mode & S_ISGID;
  inode.mode &= ~cleared;
}

/** InodeOperations.truncate of files whose pages are all that there is. */
export function genericTruncate(inode: Inode, size: i64, held: Held<InodeMutex>): i32 {
  const tail = zeroed<FixedArray<Page | null, 1>>();
  const isCut = size < inode.size;
  if (isCut) {
    const error = holdTail(inode.mapping, size, tail);
    if (error !== 0) return error;
  }
  setInodeSize(inode, size, held);
  if (isCut) {
    dropPages(inode.mapping, pageOf(size + i64(PAGE_SIZE - 1)), ALL_PAGES, false);
    zeroTail(tail[0], size);
  }
  touchModified(inode, held);
  return 0;
}

/** Checks a size for truncate and ftruncate: 0, -EINVAL, -EFBIG. */
export function checkSize(size: i64): i32 {
  if (size < 0n) return -EINVAL;
  if (size > MAX_FILE_SIZE) return -EFBIG;
  const limit = current().process.limits[RLIMIT_FSIZE].rlim_cur;
  if (limit !== RLIM_INFINITY && size > i64(limit)) {
    sendSignalToSelf(SIGXFSZ);
    return -EFBIG;
  }
  return 0;
}

/** FileOperations.seek of regular files. */
export function genericSeek(file: File, offset: i64, whence: u32, result: Ptr<i64>): i32 {
  const size = inodeSize(file.inode);
  let target = offset;
  if (whence === SEEK_CUR) target += file.position;
  else if (whence === SEEK_END) target += size;
  else if (whence === SEEK_DATA || whence === SEEK_HOLE) {
    if (offset < 0n || offset >= size) return -ENXIO;
    target = whence === SEEK_DATA ? seekData(file.inode, offset, size) : seekHole(file.inode, offset, size);
    if (target < 0n) return -ENXIO;
  } else if (whence !== SEEK_SET) return -EINVAL;
  if (target < 0n || target > MAX_FILE_SIZE) return -EINVAL;
  file.position = target;
  result[0] = target;
  return 0;
}

/** The first byte from `offset` on that lies in a page; -1: there is none. */
function seekData(inode: Inode, offset: i64, size: i64): i64 {
  let index: u32 = 0;
  if (!nextPage(inode.mapping, pageOf(offset), addrOf(index))) return -1n;
  const start = i64(u64(index) << u64(PAGE_SHIFT));
  if (start >= size) return -1n;
  return start > offset ? start : offset;
}

/** The first byte from `offset` on that lies in no page; the end of the file counts as one. */
function seekHole(inode: Inode, offset: i64, size: i64): i64 {
  const start = i64(u64(nextHole(inode.mapping, pageOf(offset))) << u64(PAGE_SHIFT));
  if (start >= size) return size;
  return start > offset ? start : offset;
}

/** FileOperations.fsync of files that are in memory only: there is nothing to wait for. */
export function noSync(_file: File, _dataOnly: boolean): i32 {
  return 0;
}

/** FileOperations.read of directories: they are read by getdents. */
export function readDirectory(_file: File, _transfer: Transfer, _position: Ptr<i64>): i32 {
  return -EISDIR;
}

/** FileOperations.seek of directories: a position is what getdents told as d_off, or 0. */
export function seekDirectory(file: File, offset: i64, whence: u32, result: Ptr<i64>): i32 {
  let target = offset;
  if (whence === SEEK_CUR) target += file.position;
  else if (whence !== SEEK_SET) return -EINVAL;
  if (target < 0n) return -EINVAL;
  file.position = target;
  result[0] = target;
  return 0;
}
