/*
 * System calls: lseek and _llseek.
 */

import { EBADF, EFAULT, EINVAL, EOVERFLOW, ESPIPE } from '../abi/errno.ts';
import { O_PATH, SEEK_HOLE } from '../abi/fcntl.ts';
import { copyToUser } from '../arch/x86/userCopy.ts';
import { getFileOf } from './descriptor.ts';
import { type File, putFile } from './file.ts';

function seekFile(file: File, offset: i64, whence: u32, result: Ptr<i64>): i32 {
  if ((file.flags & O_PATH) !== 0) return -EBADF;
  if (whence > SEEK_HOLE) return -EINVAL;
  const seek = file.operations.seek;
  if (seek === null) return -ESPIPE;
  using _held = file.positionMutex.lock();
  return seek(file, offset, whence, result);
}

export function sysLseek(fd: u32, offset: u32, whence: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  let position: i64 = 0n;
  const error = seekFile(file, i64(i32(offset)), whence, addrOf(position));
  putFile(file);
  if (error !== 0) return error;
  return position > 0x7fffffffn ? -EOVERFLOW : i32(position);
}

export function sysLlseek(fd: u32, high: u32, low: u32, result: u32, whence: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  let position: i64 = 0n;
  const error = seekFile(file, i64((u64(high) << 32n) | u64(low)), whence, addrOf(position));
  putFile(file);
  if (error !== 0) return error;
  return copyToUser(result, ptr<u8>(addrOf(position)), 8) !== 0 ? -EFAULT : 0;
}
