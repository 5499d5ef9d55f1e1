/*
 * /proc/PID/mem: a process's memory as a file, by address.
 *
 * Who may trace the process may open it. The file keeps the record of the address space that was there then, not its
 * memory: when that is gone, there is nothing to read. As a debugger's writes, these go to what the program itself cannot
 * write, if it is private.
 *
 * Locking. What accessVm.ts takes, while a buffer of the kernel's is filled or emptied; the program's memory is copied
 * without any lock.
 *
 * @source proc(5)
 */

import { EACCES, EFAULT, EINVAL, EIO, ENOMEM, ESRCH } from '../abi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../abi/fcntl.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { ACCESS_FORCE, ACCESS_WRITE, accessProcessVm } from '../mm/accessVm.ts';
import { mmdrop, mmput } from '../mm/mm.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { type Mm } from '../mm/types.ts';
import { mayInspect } from '../proc/ptrace.ts';
import { lockTasks } from '../proc/taskList.ts';
import { type File, type FileOperations } from './file.ts';
import { noSync } from './genericFile.ts';
import { type Inode } from './inode.ts';
import { threadOf } from './procLookup.ts';
import { type Transfer } from './transfer.ts';

/** Fills in the table of operations. `open` is the caller's: it knows the process. */
export function initMemoryFile(operations: FileOperations): void {
  operations.release = releaseMemory;
  operations.read = readMemory;
  operations.write = writeMemory;
  operations.seek = seekMemory;
  operations.fsync = noSync;
}

/** Opens the memory of a process (pid as in procLookup.ts). 0, -ESRCH or -EACCES. */
export function openMemory(file: File, pid: u32): i32 {
  using tasks = lockTasks();
  const task = threadOf(pid, tasks);
  if (task === null) return -ESRCH;
  if (!mayInspect(task)) return -EACCES;
  const mm = task.mm;
  if (mm !== null) atomic.inc(addrOf(mm.mmCount));
  file.data = u32(mm);
  return 0;
}

function releaseMemory(_inode: Inode, file: File): void {
  if (file.data !== 0) mmdrop(as<Mm>(file.data));
}

/** Becomes a user of the file's address space; null: it has none any more. */
function usersMm(file: File): Mm | null {
  if (file.data === 0) return null;
  const mm = as<Mm>(file.data);
  for (let users: u32 = mm.mmUsers; users !== 0; users = mm.mmUsers) {
    if (atomic.cmpxchg<u32>(ptr<u32>(addrOf(mm.mmUsers)), users, users + 1) === users) return mm;
  }
  return null;
}

/** Moves one piece, of at most a page: how many bytes, or -errno. */
function movePiece(mm: Mm, address: u32, transfer: Transfer, buffer: Ptr<u8>, write: boolean): i32 {
  const size = transfer.remaining < PAGE_SIZE ? transfer.remaining : PAGE_SIZE;
  if (write) {
    const taken = transfer.copyIn(buffer, size);
    if (taken === 0) return -EFAULT;
    const done = accessProcessVm(mm, address, buffer, taken, ACCESS_FORCE | ACCESS_WRITE);
    return done === 0 ? -EIO : i32(done);
  }
  const found = accessProcessVm(mm, address, buffer, size, ACCESS_FORCE);
  if (found === 0) return -EIO;
  const given = transfer.copyOut(buffer, found);
  return given === 0 ? -EFAULT : i32(given);
}

function moveMemory(file: File, transfer: Transfer, position: Ptr<i64>, write: boolean): i32 {
  const mm = usersMm(file);
  if (mm === null) return 0;
  const buffer = kmalloc(PAGE_SIZE);
  let done: i32 = 0;
  let error: i32 = buffer === null ? -ENOMEM : 0;
  while (error === 0 && transfer.remaining !== 0) {
    const isAddress = position[0] >= 0n && position[0] >> 32n === 0n;
    const moved = isAddress ? movePiece(mm, u32(position[0]), transfer, buffer!, write) : -EIO;
    if (moved < 0) error = moved;
    else {
      done += moved;
      position[0] += i64(moved);
    }
  }
  if (buffer !== null) kfree(buffer);
  mmput(mm);
  return done > 0 ? done : error;
}

function readMemory(file: File, transfer: Transfer, position: Ptr<i64>): i32 {
  return moveMemory(file, transfer, position, false);
}

function writeMemory(file: File, transfer: Transfer, position: Ptr<i64>): i32 {
  return moveMemory(file, transfer, position, true);
}

/** Anywhere but relative to an end that there is not. */
function seekMemory(file: File, offset: i64, whence: u32, result: Ptr<i64>): i32 {
  if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
  file.position = whence === SEEK_SET ? offset : file.position + offset;
  result[0] = file.position;
  return 0;
}
