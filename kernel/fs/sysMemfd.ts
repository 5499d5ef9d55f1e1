/*
 * System call: memfd_create. A file in memory that has no name, and is there as long as somebody has it open or mapped.
 *
 * Such files lie on a tmpfs of their own, which is mounted nowhere. What they are called shows in /proc/PID/fd alone.
 * Sealing is not offered: MFD_ALLOW_SEALING is EINVAL, as on a Linux from before there were seals.
 *
 * @source memfd_create(2).
 */

import { EINVAL, ENOMEM } from '../abi/errno.ts';
import { MFD_CLOEXEC, MFD_EXEC, MFD_NAME_MAX, O_LARGEFILE, O_RDWR } from '../abi/fcntl.ts';
import { S_IFREG } from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { strncpyFromUser } from '../arch/x86/userCopy.ts';
import { formatText } from '../lib/format.ts';
import { panic } from '../lib/panic.ts';
import { allocateDentry, putDentry } from './dentry.ts';
import { type File } from './file.ts';
import { cancel, install, reserve } from './fileTable.ts';
import { type SuperBlock } from './inode.ts';
import { openDentry } from './open.ts';
import { createTmpfs } from './tmpfs.ts';

let superBlock: SuperBlock | null = null;

export function initMemfd(): void {
  superBlock = createTmpfs('tmpfs');
  if (superBlock === null) panic('no memory for the file system of memfd_create');
}

/** Makes and opens the file. 0, -ENOMEM, -ENFILE. */
function makeFile(name: Ptr<u8>, result: Ptr<File>): i32 {
  const text = uninitialized<FixedArray<u8, 280>>();
  // Nobody can have removed it from where it never was; Linux says so all the same, and programs look for it.
  const length = formatText(text, 280, '/memfd:%s (deleted)', name);
  const root = superBlock!.root.inode!;
  const dentry = allocateDentry(null, superBlock!, text, length);
  if (dentry === null) return -ENOMEM;
  const temporary = root.operations.temporary!;
  let error = temporary(root, dentry, S_IFREG | 0o777);
  if (error === 0) error = openDentry(dentry, O_RDWR | O_LARGEFILE, result);
  putDentry(dentry);
  return error;
}

/** memfd_create(name, flags). */
export function sysMemfdCreate(address: u32, flags: u32): i32 {
  if ((flags & ~(MFD_CLOEXEC | MFD_EXEC)) !== 0) return -EINVAL;
  const name = uninitialized<FixedArray<u8, 256>>();
  const length = strncpyFromUser(name, address, MFD_NAME_MAX + 1);
  if (length < 0 || u32(length) > MFD_NAME_MAX) return length < 0 ? length : -EINVAL;
  const table = current().files!;
  const fd = reserve(table, 0, (flags & MFD_CLOEXEC) !== 0);
  if (fd < 0) return fd;
  let file = as<File>(0);
  const error = makeFile(name, addrOf(file));
  if (error === 0) install(table, u32(fd), file);
  else cancel(table, u32(fd));
  return error === 0 ? fd : error;
}
