/*
 * System calls that wait for data to be on stable storage: sync, syncfs, fsync, fdatasync.
 */

import { EBADF, EINVAL } from '../abi/errno.ts';
import { O_PATH } from '../abi/fcntl.ts';
import { getFileOf } from './descriptor.ts';
import { type File, putFile } from './file.ts';
import { type SuperBlock } from './inode.ts';
import { lockMounts, nextSuperBlock } from './mount.ts';

function syncSuperBlock(superBlock: SuperBlock): i32 {
  const sync = superBlock.operations.sync;
  return sync === null ? 0 : sync(superBlock);
}

export function sysSync(): i32 {
  using mounts = lockMounts();
  for (let at = nextSuperBlock(null, mounts); at !== null; at = nextSuperBlock(at, mounts)) syncSuperBlock(at);
  return 0;
}

export function sysSyncfs(fd: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const error = (file.flags & O_PATH) !== 0 ? -EBADF : syncSuperBlock(file.inode.superBlock);
  putFile(file);
  return error;
}

function syncFile(file: File, dataOnly: boolean): i32 {
  if ((file.flags & O_PATH) !== 0) return -EBADF;
  const fsync = file.operations.fsync;
  return fsync === null ? -EINVAL : fsync(file, dataOnly);
}

export function sysFsync(fd: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const error = syncFile(file, false);
  putFile(file);
  return error;
}

export function sysFdatasync(fd: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const error = syncFile(file, true);
  putFile(file);
  return error;
}
