/*
 * Descriptor tables: small numbers to open files, one table per process (or shared, CLONE_FILES).
 *
 * Idea. Three arrays of equal capacity: the Files, a bitmap of the descriptors that are taken, and one of those that
 * execve closes. A descriptor is taken first and gets its File later (`reserve`, then `install`): opening may sleep or
 * fail in between, and another thread's open must not get the same number meanwhile. So a descriptor can be taken and
 * still have no File; to everybody but its reserver that looks closed. Tables begin small and double up to RLIMIT_NOFILE.
 *
 * Locking. (N) FileTable.lock guards the arrays. It is not held when a File is put: that may sleep. `count` is atomic.
 */

import { EBADF, EBUSY, EINVAL, EMFILE, ENOMEM } from '../abi/errno.ts';
import { O_PATH } from '../abi/fcntl.ts';
import { RLIMIT_NOFILE } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { memcpy, memset } from '../lib/string.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type File, getFile, putFile } from './file.ts';
import { dropRecordLocks } from './recordLock.ts';

/** Class of FileTable.lock. */
export class FileTableLock {
  declare readonly lock: 'fileTable';
}

/** Descriptors of a fresh table. Capacities are this times a power of two, so multiples of 32. */
const FIRST_CAPACITY: u32 = 32;
/** No table grows beyond, whatever the limit says. */
const LAST_CAPACITY: u32 = 0x100000;

export class FileTable {
  count: Volatile<u32>;
  lock: Inline<Spinlock<FileTableLock>>;
  capacity: u32; // (N)
  /** The arrays lie in one block of memory, in this order; it begins with `files`. */
  files: Ptr<File | null>; // (N) references
  taken: Ptr<u32>; // (N) bitmap
  closeOnExec: Ptr<u32>; // (N) bitmap
  /** All descriptors below are taken. */
  firstFree: u32; // (N)
}

function isSet(bitmap: Ptr<u32>, bit: u32): boolean {
  return (bitmap[bit >>> 5] & (1 << (bit & 31))) !== 0;
}

function setBit(bitmap: Ptr<u32>, bit: u32, on: boolean): void {
  if (on) bitmap[bit >>> 5] |= 1 << (bit & 31);
  else bitmap[bit >>> 5] &= ~(1 << (bit & 31));
}

/** Bytes of a block for `capacity` descriptors. */
function blockSize(capacity: u32): u32 {
  return capacity * 4 + (capacity >>> 5) * 8;
}

function setBlock(table: FileTable, block: Ptr<u8>, capacity: u32): void {
  table.files = ptr<File | null>(block);
  table.taken = ptr<u32>(block.add(capacity * 4));
  table.closeOnExec = ptr<u32>(block.add(capacity * 4 + (capacity >>> 5) * 4));
  table.capacity = capacity;
}

function createTable(capacity: u32): FileTable | null {
  const block = kmalloc(blockSize(capacity));
  if (block === null) return null;
  const table = allocate<FileTable>();
  if (table === null) {
    kfree(block);
    return null;
  }
  memset(block, 0, blockSize(capacity));
  table.count = 1;
  table.lock.init('file table');
  setBlock(table, block, capacity);
  return table;
}

/** An empty table, for the first process. Null: no memory. */
export function createFiles(): FileTable | null {
  return createTable(FIRST_CAPACITY);
}

/** For CLONE_FILES: one more user of the same. */
export function getFiles(table: FileTable): FileTable {
  atomic.inc(addrOf(table.count));
  return table;
}

/** For fork: a table of its own with the same files. Null: no memory. */
export function dupFiles(old: FileTable): FileTable | null {
  let capacity = reload<u32>(old.capacity);
  for (;;) {
    const table = createTable(capacity);
    if (table === null) return null;
    if (copyFiles(table, old)) return table;
    putFiles(table); // it has grown meanwhile
    capacity = reload<u32>(old.capacity);
  }
}

/** False: `table` is too small. */
function copyFiles(table: FileTable, old: FileTable): boolean {
  using _held = old.lock.acquire();
  if (old.capacity > table.capacity) return false;
  for (let fd: u32 = 0; fd < old.capacity; fd++) {
    const file = old.files[fd];
    if (file === null) continue; // free, or taken by a thread that is about to open something for the parent
    table.files[fd] = getFile(file);
    setBit(table.taken, fd, true);
    setBit(table.closeOnExec, fd, isSet(old.closeOnExec, fd));
  }
  return true;
}

/** One user less; the last one closes all files. @sleeps */
export function putFiles(table: FileTable): void {
  if (!atomic.decAndTest(addrOf(table.count))) return;
  for (let fd: u32 = 0; fd < table.capacity; fd++) {
    const file = table.files[fd];
    if (file !== null) closeFile(table, file);
  }
  kfree(ptr<u8>(table.files));
  kfree(table);
}

/** A descriptor of the table does not stand for `file` any more: puts the reference that it had. @sleeps */
export function closeFile(table: FileTable, file: File): void {
  if ((file.flags & O_PATH) === 0) dropRecordLocks(u32(table), file.inode);
  putFile(file);
}

/** For execve: closes what is marked so. @sleeps */
export function closeOnExec(table: FileTable): void {
  for (let fd: u32 = 0; fd < reload<u32>(table.capacity); fd++) {
    const file = takeMarked(table, fd);
    if (file !== null) closeFile(table, file);
  }
}

function takeMarked(table: FileTable, fd: u32): File | null {
  using held = table.lock.acquire();
  if (!isSet(table.closeOnExec, fd)) return null;
  return takeOut(table, fd, held);
}

/** Frees the descriptor; the reference passes to the caller. Null: there was no file. */
function takeOut(table: FileTable, fd: u32, _held: Held<FileTableLock>): File | null {
  const file = table.files[fd];
  if (file === null) return null;
  table.files[fd] = null;
  setBit(table.taken, fd, false);
  setBit(table.closeOnExec, fd, false);
  if (fd < table.firstFree) table.firstFree = fd;
  return file;
}

/** RLIMIT_NOFILE of the current process: descriptors are below. */
export function descriptorLimit(): u32 {
  const limit = current().process.limits[RLIMIT_NOFILE].rlim_cur;
  return limit < LAST_CAPACITY ? limit : LAST_CAPACITY;
}

/**
 * Takes the lowest free descriptor from `minimum` on. The descriptor, -EMFILE or -ENOMEM. It must be given to
 * `install` or `cancel` next.
 */
export function reserve(table: FileTable, minimum: u32, onExec: boolean): i32 {
  const limit = descriptorLimit();
  for (;;) {
    const fd = tryReserve(table, minimum, limit, onExec);
    if (fd !== -ENOMEM) return fd;
    const error = grow(table, minimum);
    if (error !== 0) return error;
  }
}

/** -ENOMEM: the table must grow first. */
function tryReserve(table: FileTable, minimum: u32, limit: u32, onExec: boolean): i32 {
  using _held = table.lock.acquire();
  let fd = minimum > table.firstFree ? minimum : table.firstFree;
  while (fd < table.capacity && isSet(table.taken, fd)) {
    fd = table.taken[fd >>> 5] === 0xffffffff ? (fd | 31) + 1 : fd + 1;
  }
  if (fd >= limit) return -EMFILE;
  if (fd >= table.capacity) return -ENOMEM;
  setBit(table.taken, fd, true);
  setBit(table.closeOnExec, fd, onExec);
  if (minimum <= table.firstFree) table.firstFree = fd + 1;
  return i32(fd);
}

/** Makes room for descriptor `needed` and at least one more than now. 0 or -ENOMEM. */
function grow(table: FileTable, needed: u32): i32 {
  const seen = reload<u32>(table.capacity);
  let capacity = seen * 2;
  while (capacity <= needed) capacity *= 2;
  const block = kmalloc(blockSize(capacity));
  if (block === null) return -ENOMEM;
  memset(block, 0, blockSize(capacity));
  kfree(exchangeBlock(table, block, seen, capacity));
  return 0;
}

/** Moves over to `block` unless another thread has grown the table since; returns the block to free. */
function exchangeBlock(table: FileTable, block: Ptr<u8>, seen: u32, capacity: u32): Ptr<u8> {
  using _held = table.lock.acquire();
  if (table.capacity !== seen) return block;
  const files = table.files;
  const taken = table.taken;
  const onExec = table.closeOnExec;
  setBlock(table, block, capacity);
  memcpy(ptr<u8>(table.files), ptr<u8>(files), seen * 4);
  memcpy(ptr<u8>(table.taken), ptr<u8>(taken), seen >>> 3);
  memcpy(ptr<u8>(table.closeOnExec), ptr<u8>(onExec), seen >>> 3);
  return ptr<u8>(files);
}

/** Gives a reserved descriptor its file; the reference passes to the table. */
export function install(table: FileTable, fd: u32, file: File): void {
  using _held = table.lock.acquire();
  table.files[fd] = file;
}

/** Gives back a reserved descriptor. */
export function cancel(table: FileTable, fd: u32): void {
  using _held = table.lock.acquire();
  setBit(table.taken, fd, false);
  setBit(table.closeOnExec, fd, false);
  if (fd < table.firstFree) table.firstFree = fd;
}

/** Frees a descriptor. The File, whose reference passes to the caller, or null: it was not open. */
export function removeFile(table: FileTable, fd: u32): File | null {
  using held = table.lock.acquire();
  if (fd >= table.capacity) return null;
  return takeOut(table, fd, held);
}

/**
 * Makes `fd` mean `file`, whose reference passes to the table. What it meant before goes to `replaced`, for the caller
 * to put. 0, -EBADF (beyond the limit), -ENOMEM, -EBUSY (another thread is opening something there); on errors the
 * reference stays the caller's.
 */
export function replaceFile(table: FileTable, fd: u32, file: File, onExec: boolean, replaced: Ptr<File | null>): i32 {
  if (fd >= descriptorLimit()) return -EBADF;
  while (fd >= reload<u32>(table.capacity)) {
    const error = grow(table, fd);
    if (error !== 0) return error;
  }
  using _held = table.lock.acquire();
  const old = table.files[fd];
  if (old === null && isSet(table.taken, fd)) return -EBUSY;
  table.files[fd] = file;
  setBit(table.taken, fd, true);
  setBit(table.closeOnExec, fd, onExec);
  replaced[0] = old;
  return 0;
}

/** The file of a descriptor with a reference, or null: it is not open. */
export function findFile(table: FileTable, fd: u32): File | null {
  using _held = table.lock.acquire();
  if (fd >= table.capacity) return null;
  const file = table.files[fd];
  return file === null ? null : getFile(file);
}

/** FD_CLOEXEC of a descriptor: 0 or 1, or -EBADF. */
export function getCloseOnExec(table: FileTable, fd: u32): i32 {
  using _held = table.lock.acquire();
  if (fd >= table.capacity || table.files[fd] === null) return -EBADF;
  return isSet(table.closeOnExec, fd) ? 1 : 0;
}

/** Sets FD_CLOEXEC: 0 or -EBADF. */
export function setCloseOnExec(table: FileTable, fd: u32, on: boolean): i32 {
  using _held = table.lock.acquire();
  if (fd >= table.capacity || table.files[fd] === null) return -EBADF;
  setBit(table.closeOnExec, fd, on);
  return 0;
}

/** For /proc: the first open descriptor from `fd` on, or -EBADF when there is none. */
export function nextDescriptor(table: FileTable, fd: u32): i32 {
  using _held = table.lock.acquire();
  for (let at = fd; at < table.capacity; at++) {
    if (table.files[at] !== null) return i32(at);
  }
  return -EBADF;
}

/** For F_DUPFD: a copy of the descriptor's meaning at the lowest free number from `minimum` on. */
export function duplicate(table: FileTable, file: File, minimum: u32, onExec: boolean): i32 {
  if (minimum >= descriptorLimit()) return -EINVAL;
  const fd = reserve(table, minimum, onExec);
  if (fd >= 0) install(table, u32(fd), getFile(file));
  return fd;
}
