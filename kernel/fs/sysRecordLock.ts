/*
 * The commands of fcntl about record locks: between the records of programs and recordLock.ts.
 *
 * Two forms of the record differ in the width of offsets. F_GETLK, F_SETLK and F_SETLKW bring the short one; their names
 * with 64, and those with OFD (whose owner is the open file), the long one.
 *
 * @source fcntl(2).
 */

import { EBADF, EFAULT, EINVAL, EOVERFLOW } from '../abi/errno.ts';
import {
  F_GETLK,
  F_GETLK64,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_RDLCK,
  F_SETLK,
  F_SETLK64,
  F_SETLKW,
  F_SETLKW64,
  F_UNLCK,
  F_WRLCK,
  type Flock,
  type Flock64,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../abi/fcntl.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { type File, putFile } from './file.ts';
import { type FileTable, findFile } from './fileTable.ts';
import { inodeSize } from './inode.ts';
import {
  dropRecordLocks,
  LAST_BYTE,
  type RecordLock,
  releaseRecordLock,
  takeRecordLock,
  testRecordLock,
} from './recordLock.ts';

function isShort(command: u32): boolean {
  return command === F_GETLK || command === F_SETLK || command === F_SETLKW;
}

export function isLockCommand(command: u32): boolean {
  const isLong = command === F_GETLK64 || command === F_SETLK64 || command === F_SETLKW64;
  return isShort(command) || isLong || isOfFile(command);
}

function isOfFile(command: u32): boolean {
  return command === F_OFD_GETLK || command === F_OFD_SETLK || command === F_OFD_SETLKW;
}

function isTest(command: u32): boolean {
  return command === F_GETLK || command === F_GETLK64 || command === F_OFD_GETLK;
}

function waits(command: u32): boolean {
  return command === F_SETLKW || command === F_SETLKW64 || command === F_OFD_SETLKW;
}

/** Reads a record of either form. 0 or -EFAULT. */
function readRecord(record: Flock64, address: u32, command: u32): i32 {
  if (!isShort(command)) return copyFromUser(ptr<u8>(record), address, sizeof<Flock64>());
  const short = zeroed<Inline<Flock>>();
  if (copyFromUser(ptr<u8>(short), address, sizeof<Flock>()) !== 0) return -EFAULT;
  record.l_type = short.l_type;
  record.l_whence = short.l_whence;
  record.l_start = i64(short.l_start);
  record.l_len = i64(short.l_len);
  record.l_pid = short.l_pid;
  return 0;
}

/** Writes it back. 0, -EFAULT, -EOVERFLOW (it does not fit the short form). */
function writeRecord(record: Flock64, address: u32, command: u32): i32 {
  if (!isShort(command)) return copyToUser(address, ptr<u8>(record), sizeof<Flock64>());
  if (record.l_start > 0x7fffffffn) return -EOVERFLOW;
  const short = zeroed<Inline<Flock>>();
  short.l_type = record.l_type;
  short.l_whence = record.l_whence;
  short.l_start = i32(record.l_start);
  short.l_len = record.l_len > 0x7fffffffn ? 0 : i32(record.l_len);
  short.l_pid = record.l_pid;
  return copyToUser(address, ptr<u8>(short), sizeof<Flock>());
}

/** The range that a record means: from the place that `l_whence` tells, forwards or backwards. 0, -EINVAL, -EOVERFLOW. */
function setRange(lock: RecordLock, record: Flock64, file: File): i32 {
  let start: i64 = 0n;
  if (record.l_whence === SEEK_CUR) start = file.position;
  else if (record.l_whence === SEEK_END) start = inodeSize(file.inode);
  else if (record.l_whence !== SEEK_SET) return -EINVAL;
  if (record.l_start > LAST_BYTE - start) return -EOVERFLOW;
  start += record.l_start;
  if (start < 0n) return -EINVAL;
  const length = record.l_len;
  lock.start = start;
  lock.end = LAST_BYTE;
  if (length > 0n) {
    if (length - 1n > LAST_BYTE - start) return -EOVERFLOW;
    lock.end = start + length - 1n;
  } else if (length < 0n) {
    if (start + length < 0n) return -EINVAL;
    lock.end = start - 1n;
    lock.start = start + length;
  }
  return 0;
}

function setOwner(lock: RecordLock, table: FileTable, file: File, command: u32): void {
  lock.inode = file.inode;
  lock.isOfFile = isOfFile(command);
  lock.owner = lock.isOfFile ? u32(file) : u32(table);
  lock.pid = current().process.pid;
}

/**
 * F_GETLK: what is in the way, or F_UNLCK with the rest of the record as it was. An open file that asks about F_UNLCK
 * hears of its own locks.
 */
function tellLock(lock: RecordLock, record: Flock64): void {
  const found = zeroed<Inline<RecordLock>>();
  if (!testRecordLock(lock, record.l_type === F_UNLCK, found)) {
    record.l_type = F_UNLCK;
    return;
  }
  record.l_type = found.isExclusive ? F_WRLCK : F_RDLCK;
  record.l_whence = SEEK_SET;
  record.l_start = found.start;
  record.l_len = found.end === LAST_BYTE ? 0n : found.end - found.start + 1n;
  record.l_pid = found.isOfFile ? -1 : i32(found.pid);
}

/** Another thread may have closed the descriptor while this one got the lock, which nothing would drop any more. */
function isStillOpen(table: FileTable, fd: u32, file: File): boolean {
  const now = findFile(table, fd);
  if (now !== null) putFile(now);
  return now === file;
}

function setLock(lock: RecordLock, record: Flock64, table: FileTable, file: File, fd: u32, command: u32): i32 {
  if (record.l_type === F_UNLCK) return releaseRecordLock(lock);
  if (record.l_type === F_RDLCK ? !file.isReadable() : !file.isWritable()) return -EBADF;
  const error = takeRecordLock(lock, waits(command));
  if (error !== 0 || lock.isOfFile || isStillOpen(table, fd, file)) return error;
  if (releaseRecordLock(lock) !== 0) dropRecordLocks(lock.owner, lock.inode); // which needs no memory
  return -EBADF;
}

/** One of the commands above on an open file; the record is at user address `address`. @sleeps */
export function controlLock(file: File, fd: u32, command: u32, address: u32): i32 {
  const record = zeroed<Inline<Flock64>>();
  if (readRecord(record, address, command) !== 0) return -EFAULT;
  const table = current().files!;
  const lock = zeroed<Inline<RecordLock>>();
  setOwner(lock, table, file, command);
  const isKnown = record.l_type === F_RDLCK || record.l_type === F_WRLCK || record.l_type === F_UNLCK;
  if (isTest(command) && !lock.isOfFile && (record.l_type === F_UNLCK || !isKnown)) return -EINVAL;
  const error = setRange(lock, record, file);
  if (error !== 0) return error;
  if (!isKnown || (lock.isOfFile && record.l_pid !== 0)) return -EINVAL;
  lock.isExclusive = record.l_type === F_WRLCK;
  if (!isTest(command)) return setLock(lock, record, table, file, fd, command);
  tellLock(lock, record);
  return writeRecord(record, address, command);
}
