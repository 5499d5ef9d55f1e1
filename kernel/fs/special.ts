/*
 * Inodes that are neither files nor directories: a file system only stores that they exist, and what they do is the
 * same everywhere.
 */

import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFLNK, S_IFMT } from '../abi/stat.ts';
import { blockOperations, charOperations, noDriverOperations } from './device.ts';
import { type FileOperations } from './file.ts';
import { type Inode } from './inode.ts';
import { fifoOperations } from './pipe.ts';

/** Of symbolic links: they can be opened with O_PATH alone, which calls nothing. */
const nothing = zeroed<Inline<FileOperations>>();

/** Sets `fileOperations` by the type in `inode.mode`: a device, a pipe with a name, a link, a socket. */
export function setSpecialOperations(inode: Inode): void {
  const type = inode.mode & S_IFMT;
  if (type === S_IFCHR) inode.fileOperations = charOperations();
  else if (type === S_IFBLK) inode.fileOperations = blockOperations();
  else if (type === S_IFIFO) inode.fileOperations = fifoOperations();
  else if (type === S_IFLNK) inode.fileOperations = nothing;
  else inode.fileOperations = noDriverOperations();
}
