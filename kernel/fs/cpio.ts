/*
 * Unpacking boot archives: "newc" cpio (abi/cpio.ts) into the file tree.
 *
 * Members are made in order; a later one of the same name replaces an earlier one, so a second archive can change what
 * the first brought. A directory must come before what is in it. Files with several names share an inode number, and
 * the data are in one of the members, as cpio writes them: so each such file is remembered until the archive ends.
 *
 * The archive comes from outside: nothing in it is trusted. A header that makes no sense ends the unpacking with a
 * message; what was unpacked before stays.
 *
 * Locking. Runs while the kernel starts, in one thread.
 */

import {
  CPIO_DEVMAJOR,
  CPIO_FIELDS,
  CPIO_FIELD_SIZE,
  CPIO_FILESIZE,
  CPIO_GID,
  CPIO_HEADER_SIZE,
  CPIO_INO,
  CPIO_MAGIC_SIZE,
  CPIO_MODE,
  CPIO_MTIME,
  CPIO_NAMESIZE,
  CPIO_NLINK,
  CPIO_RDEVMAJOR,
  CPIO_RDEVMINOR,
  CPIO_UID,
} from '../abi/cpio.ts';
import { EEXIST, EINVAL, ENOENT, ENOMEM } from '../abi/errno.ts';
import { AT_FDCWD, O_CREAT, O_LARGEFILE, O_TRUNC, O_WRONLY, PATH_MAX } from '../abi/fcntl.ts';
import { S_IALLUGO, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../abi/stat.ts';
import { printk } from '../lib/printk.ts';
import { memcmp, memcpy, strcmp } from '../lib/string.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { makeDevice } from './device.ts';
import { type File, putFile } from './file.ts';
import { type Inode } from './inode.ts';
import { makeDirectory, makeLink, makeNode, makeSymlink, removeName } from './names.ts';
import { kernelWrite, openFile } from './open.ts';
import { lookupPath } from './path.ts';

/** A file of which another name may follow. */
class LinkedFile {
  next: LinkedFile | null;
  inode: u32;
  device: u32;
  dentry: Dentry; // referenced
}

/** One member, and where we are in the archive. */
class Reader {
  start: Ptr<u8>;
  length: u32;
  /** Offset of what comes next. */
  at: u32;
  fields: FixedArray<u32, 13>;
  name: Ptr<u8>;
  data: Ptr<u8>;
  linked: LinkedFile | null;
}

const ALIGNMENT: u32 = 4;

/**
 * Unpacks one boot module. 0, -EINVAL (it is no archive, or a damaged one), or what making a file gave; each failure is
 * told on the console.
 *
 * @sleeps
 */
export function unpackArchive(start: Ptr<u8>, length: u32): i32 {
  const reader = zeroed<Inline<Reader>>();
  reader.start = start;
  reader.length = length;
  let error: i32 = 0;
  while (error === 0 && skipPadding(reader)) {
    error = readMember(reader);
    if (error !== 0) break;
    if (strcmp(reader.name, bytes('TRAILER!!!')) === 0) forgetLinks(reader);
    else error = unpackMember(reader);
  }
  forgetLinks(reader);
  return error;
}

/** Zeroes fill up the space between archives. False: nothing follows. */
function skipPadding(reader: Reader): boolean {
  while (reader.at < reader.length && reader.start[reader.at] === 0) reader.at++;
  return reader.at < reader.length;
}

function damaged(reader: Reader, what: string): i32 {
  printk('initramfs: damaged archive at byte %u: %s\n', reader.at, what);
  return -EINVAL;
}

/** Takes header, name and data in; moves `at` behind them. */
function readMember(reader: Reader): i32 {
  const left = reader.length - reader.at;
  if (left < CPIO_HEADER_SIZE) return damaged(reader, 'the header is cut off');
  const header = reader.start.add(reader.at);
  if (
    memcmp(header, bytes('070701'), CPIO_MAGIC_SIZE) !== 0 &&
    memcmp(header, bytes('070702'), CPIO_MAGIC_SIZE) !== 0
  ) {
    return damaged(reader, 'no "newc" header');
  }
  for (let i: u32 = 0; i < CPIO_FIELDS; i++) {
    if (!parseHex(header.add(CPIO_MAGIC_SIZE + i * CPIO_FIELD_SIZE), addrOf(reader.fields[i]))) {
      return damaged(reader, 'a field is not a hexadecimal number');
    }
  }
  const nameSize = reader.fields[CPIO_NAMESIZE];
  const fileSize = reader.fields[CPIO_FILESIZE];
  if (nameSize === 0 || nameSize > PATH_MAX) return damaged(reader, 'the length of a name is impossible');
  if (left - CPIO_HEADER_SIZE < nameSize) return damaged(reader, 'a name is cut off');
  reader.name = header.add(CPIO_HEADER_SIZE);
  if (reader.name[nameSize - 1] !== 0) return damaged(reader, 'a name is not ended');
  const dataOffset = alignUp(reader.at + CPIO_HEADER_SIZE + nameSize);
  if (dataOffset > reader.length || reader.length - dataOffset < fileSize) return damaged(reader, 'data are cut off');
  reader.data = reader.start.add(dataOffset);
  const end = alignUp(dataOffset + fileSize);
  reader.at = end < reader.length ? end : reader.length;
  return 0;
}

function alignUp(offset: u32): u32 {
  return (offset + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

/** Reads 8 hexadecimal digits. */
function parseHex(text: Ptr<u8>, result: Ptr<u32>): boolean {
  let value: u32 = 0;
  for (let i: u32 = 0; i < CPIO_FIELD_SIZE; i++) {
    const digit = hexDigit(text[i]);
    if (digit < 0) return false;
    value = (value << 4) | u32(digit);
  }
  result[0] = value;
  return true;
}

function hexDigit(character: u8): i32 {
  if (character >= 0x30 && character <= 0x39) return i32(character) - 0x30;
  const lower = character | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? i32(lower) - 0x61 + 10 : -1;
}

/** Makes what the member describes. */
function unpackMember(reader: Reader): i32 {
  const mode = reader.fields[CPIO_MODE];
  const type = mode & S_IFMT;
  let error: i32;
  if (type === S_IFDIR) error = unpackDirectory(reader);
  else if (type === S_IFREG) error = unpackFile(reader);
  else if (type === S_IFLNK) error = unpackSymlink(reader);
  else error = unpackNode(reader, mode);
  if (error === 0 && type !== S_IFLNK) error = setAttributes(reader);
  if (error !== 0) printk('initramfs: cannot make %s: error %d\n', reader.name, -error);
  return error;
}

function unpackDirectory(reader: Reader): i32 {
  const error = makeDirectory(AT_FDCWD, reader.name, reader.fields[CPIO_MODE]);
  return error === -EEXIST ? 0 : error;
}

function unpackFile(reader: Reader): i32 {
  const size = reader.fields[CPIO_FILESIZE];
  let error = makeFile(reader);
  if (error !== 0 || size === 0) return error;
  let file = as<File>(0);
  error = openFile(reader.name, O_WRONLY | O_TRUNC | O_LARGEFILE, 0, addrOf(file));
  if (error !== 0) return error;
  const written = kernelWrite(file, 0, reader.data, size);
  putFile(file);
  if (written < 0) return written;
  return u32(written) === size ? 0 : -ENOMEM;
}

/** An empty file of that name; or another name of one that came before. */
function makeFile(reader: Reader): i32 {
  const known = findLinked(reader);
  const removed = removeOld(reader);
  if (removed !== 0) return removed;
  if (known !== null) return makeLink(known.dentry, AT_FDCWD, reader.name);
  let file = as<File>(0);
  const flags = O_WRONLY | O_CREAT | O_TRUNC | O_LARGEFILE;
  const error = openFile(reader.name, flags, reader.fields[CPIO_MODE] & S_IALLUGO, addrOf(file));
  if (error !== 0) return error;
  const remembered = reader.fields[CPIO_NLINK] > 1 ? rememberLinked(reader) : 0;
  putFile(file);
  return remembered;
}

function findLinked(reader: Reader): LinkedFile | null {
  if (reader.fields[CPIO_NLINK] < 2) return null;
  for (let file = reader.linked; file !== null; file = file.next) {
    if (file.inode === reader.fields[CPIO_INO] && file.device === reader.fields[CPIO_DEVMAJOR]) return file;
  }
  return null;
}

function rememberLinked(reader: Reader): i32 {
  const file = allocate<LinkedFile>();
  if (file === null) return -ENOMEM;
  const error = lookupPath(AT_FDCWD, reader.name, 0, addrOf(file.dentry));
  if (error !== 0) {
    kfree(file);
    return error;
  }
  file.inode = reader.fields[CPIO_INO];
  file.device = reader.fields[CPIO_DEVMAJOR];
  file.next = reader.linked;
  reader.linked = file;
  return 0;
}

function forgetLinks(reader: Reader): void {
  let file = reader.linked;
  while (file !== null) {
    const done = file;
    file = file.next;
    putDentry(done.dentry);
    kfree(done);
  }
  reader.linked = null;
}

/** What had the name before, unless it is a directory, gives way. */
function removeOld(reader: Reader): i32 {
  const error = removeName(AT_FDCWD, reader.name, false);
  return error === -ENOENT ? 0 : error;
}

function unpackSymlink(reader: Reader): i32 {
  const removed = removeOld(reader);
  if (removed !== 0) return removed;
  const length = reader.fields[CPIO_FILESIZE];
  if (length >= PATH_MAX) return -EINVAL;
  const target = kmalloc(length + 1);
  if (target === null) return -ENOMEM;
  memcpy(target, reader.data, length);
  target[length] = 0;
  const error = makeSymlink(target, AT_FDCWD, reader.name);
  kfree(target);
  return error;
}

function unpackNode(reader: Reader, mode: u32): i32 {
  const device = makeDevice(reader.fields[CPIO_RDEVMAJOR], reader.fields[CPIO_RDEVMINOR]);
  const error = makeNode(AT_FDCWD, reader.name, mode, device);
  return error === -EEXIST ? 0 : error;
}

/** Owner, permissions and time as the header has them, whatever the umask was. */
function setAttributes(reader: Reader): i32 {
  let dentry = as<Dentry>(0);
  const error = lookupPath(AT_FDCWD, reader.name, 0, addrOf(dentry));
  if (error !== 0) return error;
  setInode(reader, dentry.inode!);
  putDentry(dentry);
  return 0;
}

function setInode(reader: Reader, inode: Inode): void {
  using _held = inode.mutex.lock();
  inode.mode = (inode.mode & S_IFMT) | (reader.fields[CPIO_MODE] & S_IALLUGO);
  inode.uid = reader.fields[CPIO_UID];
  inode.gid = reader.fields[CPIO_GID];
  inode.modifyTime = i64(reader.fields[CPIO_MTIME]) * 1000000000n;
}
