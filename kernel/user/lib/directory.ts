/*
 * Reading directories.
 */

import { O_DIRECTORY, O_RDONLY } from '../../abi/fcntl.ts';
import { type Dirent64 } from '../../abi/dirent.ts';
import { close, getdents, open } from './fileCalls.ts';

/** Bytes of a record before the name. */
const RECORD_HEAD: u32 = 19;

export class Directory {
  fd: i32;
  used: u32;
  next: u32;
  buffer: FixedArray<u8, 2048>;
}

/** Opens a directory for reading. Returns 0 or an error, negated. */
export function openDirectory(directory: Directory, path: Ptr<u8>): i32 {
  const fd = open(path, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return fd;
  directory.fd = fd;
  directory.used = 0;
  directory.next = 0;
  return 0;
}

/** The next name, valid until the following call; null at the end (or if the directory cannot be read further). */
export function nextName(directory: Directory): Ptr<u8> | null {
  if (directory.next >= directory.used) {
    const got = getdents(directory.fd, directory.buffer, 2048);
    if (got <= 0) return null;
    directory.used = u32(got);
    directory.next = 0;
  }
  const record = as<Dirent64>(addrOf(directory.buffer[directory.next]));
  directory.next += record.d_reclen;
  return ptr<u8>(u32(record) + RECORD_HEAD);
}

export function closeDirectory(directory: Directory): void {
  close(directory.fd);
}
