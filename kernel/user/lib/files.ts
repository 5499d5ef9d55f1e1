/*
 * Small helpers on whole files.
 */

import { EINTR } from '../../abi/errno.ts';
import { O_RDONLY } from '../../abi/fcntl.ts';
import { SLASH } from './characters.ts';
import { close, open, read } from './fileCalls.ts';
import { copyString, stringLength } from './strings.ts';

/** Reads a file that fits into `size` - 1 bytes, and puts a zero after it. Returns its length or an error, negated. */
export function readFile(path: Ptr<u8>, target: Ptr<u8>, size: u32): i32 {
  const fd = open(path, O_RDONLY, 0);
  if (fd < 0) return fd;
  let length: u32 = 0;
  let error: i32 = 0;
  while (length + 1 < size) {
    const got = read(fd, target.add(length), size - 1 - length);
    if (got === -EINTR) continue;
    if (got < 0) error = got;
    if (got <= 0) break;
    length += u32(got);
  }
  close(fd);
  target[length] = 0;
  return error !== 0 ? error : i32(length);
}

/** Writes `directory/name` to `target` (cut to `size` bytes); an empty directory adds nothing in front. */
export function joinPath(target: Ptr<u8>, size: u32, directory: Ptr<u8>, name: Ptr<u8>): void {
  let length = copyString(target, directory, size);
  if (length !== 0 && target[length - 1] !== SLASH && length + 1 < size) {
    target[length] = SLASH;
    length++;
  }
  copyString(target.add(length), name, size - length);
}

/** The part of `path` after its last slash. */
export function baseName(path: Ptr<u8>): Ptr<u8> {
  let from = stringLength(path);
  while (from > 0 && path[from - 1] !== SLASH) from--;
  return path.add(from);
}
