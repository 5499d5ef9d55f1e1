/*
 * Where a directory's entries go when it is read.
 *
 * Idea. A file system tells its entries one by one, and does not know how a program wants them: the two forms of
 * getdents lay them out differently (sysGetdents.ts), and the kernel itself may look for a name. So a sink is a function
 * with a bit of state, which takes one entry or says that it is full.
 */

import { S_IFMT } from '../abi/stat.ts';

/** One entry, as the file system tells it. */
export class DirectoryEntry {
  name: Ptr<u8>;
  nameLength: u32;
  inode: u32;
  /** DT_... */
  type: u8;
  /** Where reading goes on after this one: what the next call finds in File.position. */
  next: u32;
}

export class DirectorySink {
  /** Takes one entry; false: full, or failed. */
  take: (sink: DirectorySink, entry: DirectoryEntry) => boolean;
  /** User address where the next record goes. */
  address: u32;
  /** Bytes left there. */
  room: u32;
  /** Bytes stored so far. */
  stored: u32;
  /** -EFAULT, -EINVAL (the buffer is too small for even one), or 0. */
  error: i32;
}

/** Tells `sink` one entry. False: the file system stops, and starts with this entry next time. */
export function emit(sink: DirectorySink, name: Ptr<u8>, nameLength: u32, inode: u32, type: u8, next: u32): boolean {
  const entry = zeroed<Inline<DirectoryEntry>>();
  entry.name = name;
  entry.nameLength = nameLength;
  entry.inode = inode;
  entry.type = type;
  entry.next = next;
  const take = sink.take;
  return take(sink, entry);
}

/** DT_... of a file whose mode is `mode`: the mode's type bits, moved down. */
export function typeOf(mode: u32): u8 {
  return u8((mode & S_IFMT) >>> 12);
}
