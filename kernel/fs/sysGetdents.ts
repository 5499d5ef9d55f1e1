/*
 * System calls: getdents and getdents64.
 *
 * Records are stored one by one as the file system tells them. The `d_off` of a record says where the next one begins,
 * and is known with the record.
 */

import { type Dirent, type Dirent64 } from '../abi/dirent.ts';
import { EBADF, EFAULT, EINVAL, ENOENT, ENOTDIR } from '../abi/errno.ts';
import { O_PATH } from '../abi/fcntl.ts';
import { USER_END } from '../arch/x86/layout.ts';
import { clearUser, copyToUser } from '../arch/x86/userCopy.ts';
import { getFileOf } from './descriptor.ts';
import { type DirectoryEntry, type DirectorySink } from './directorySink.ts';
import { type File, putFile } from './file.ts';
import { touchAccessed } from './inode.ts';

/** The least size of a record without its name. Packed structs end where their last field does. */
const LONG_HEAD: u32 = 19;
const SHORT_HEAD: u32 = 10;

/** Is there room for a record of `size` bytes? If not, and it would be the first, that is an error. */
function hasRoom(sink: DirectorySink, size: u32): boolean {
  if (size <= sink.room) return true;
  if (sink.stored === 0) sink.error = -EINVAL;
  return false;
}

function stored(sink: DirectorySink, size: u32): boolean {
  sink.address += size;
  sink.room -= size;
  sink.stored += size;
  return true;
}

function failed(sink: DirectorySink): boolean {
  sink.error = -EFAULT;
  return false;
}

/** Zero after the name, and padding, up to the end of the record. */
function storeName(address: u32, entry: DirectoryEntry, space: u32): boolean {
  if (copyToUser(address, entry.name, entry.nameLength) !== 0) return false;
  return clearUser(address + entry.nameLength, space - entry.nameLength) === 0;
}

function takeLong(sink: DirectorySink, entry: DirectoryEntry): boolean {
  const size = (LONG_HEAD + entry.nameLength + 1 + 7) & ~7;
  if (!hasRoom(sink, size)) return false;
  const head = zeroed<Inline<Dirent64>>();
  head.d_ino = u64(entry.inode);
  head.d_off = i64(entry.next);
  head.d_reclen = u16(size);
  head.d_type = entry.type;
  if (copyToUser(sink.address, ptr<u8>(addrOf(head)), LONG_HEAD) !== 0) return failed(sink);
  if (!storeName(sink.address + LONG_HEAD, entry, size - LONG_HEAD)) return failed(sink);
  return stored(sink, size);
}

function takeShort(sink: DirectorySink, entry: DirectoryEntry): boolean {
  const size = (SHORT_HEAD + entry.nameLength + 2 + 3) & ~3;
  if (!hasRoom(sink, size)) return false;
  const head = zeroed<Inline<Dirent>>();
  head.d_ino = entry.inode;
  head.d_off = entry.next;
  head.d_reclen = u16(size);
  if (copyToUser(sink.address, ptr<u8>(addrOf(head)), SHORT_HEAD) !== 0) return failed(sink);
  if (!storeName(sink.address + SHORT_HEAD, entry, size - SHORT_HEAD - 1)) return failed(sink);
  let type: u8 = entry.type;
  if (copyToUser(sink.address + size - 1, addrOf(type), 1) !== 0) return failed(sink);
  return stored(sink, size);
}

function readEntries(
  fd: u32,
  buffer: u32,
  size: u32,
  take: (sink: DirectorySink, entry: DirectoryEntry) => boolean,
): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const sink = zeroed<Inline<DirectorySink>>();
  sink.take = take;
  sink.address = buffer;
  sink.room = size;
  const error = (file.flags & O_PATH) !== 0 ? -EBADF : iterate(file, sink);
  putFile(file);
  if (sink.stored > 0) return i32(sink.stored);
  return error !== 0 ? error : sink.error;
}

function iterate(file: File, sink: DirectorySink): i32 {
  const operation = file.operations.iterate;
  if (operation === null) return -ENOTDIR;
  if (sink.address > USER_END) return -EFAULT;
  using _position = file.positionMutex.lock();
  using _directory = file.inode.mutex.lock();
  if (file.inode.isDead) return -ENOENT;
  touchAccessed(file.inode);
  return operation(file, sink);
}

export function sysGetdents(fd: u32, buffer: u32, size: u32): i32 {
  return readEntries(fd, buffer, size, takeShort);
}

export function sysGetdents64(fd: u32, buffer: u32, size: u32): i32 {
  return readEntries(fd, buffer, size, takeLong);
}
