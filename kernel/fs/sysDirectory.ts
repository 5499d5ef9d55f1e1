/*
 * System calls about where a process stands in the tree: chdir, fchdir, chroot, getcwd, umask.
 */

import { EBADF, EFAULT, ENOENT, ENOMEM, ENOTDIR, EPERM, ERANGE } from '../abi/errno.ts';
import { AT_FDCWD, PATH_MAX } from '../abi/fcntl.ts';
import { S_IRWXUGO } from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyToUser } from '../arch/x86/userCopy.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { type Dentry, describePath, getDentry, isRemoved, putDentry } from './dentry.ts';
import { getFileOf } from './descriptor.ts';
import { putFile } from './file.ts';
import { currentDirectory, currentRoot, setCurrentDirectory, setCurrentRoot } from './fsContext.ts';
import { DIRECTORY, FOLLOW } from './path.ts';
import { checkPermission, MAY_EXEC } from './permission.ts';
import { lookupUserPath } from './userPath.ts';

export function sysChdir(path: u32): i32 {
  let dentry = as<Dentry>(0);
  let error = lookupUserPath(u32(AT_FDCWD), path, FOLLOW | DIRECTORY, addrOf(dentry));
  if (error !== 0) return error;
  error = checkPermission(dentry.inode!, MAY_EXEC);
  if (error === 0) setCurrentDirectory(dentry);
  else putDentry(dentry);
  return error;
}

export function sysFchdir(fd: u32): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  let error: i32 = -ENOTDIR;
  if (file.inode.isDirectory()) {
    error = checkPermission(file.inode, MAY_EXEC);
    if (error === 0) setCurrentDirectory(getDentry(file.dentry));
  }
  putFile(file);
  return error;
}

export function sysChroot(path: u32): i32 {
  let dentry = as<Dentry>(0);
  let error = lookupUserPath(u32(AT_FDCWD), path, FOLLOW | DIRECTORY, addrOf(dentry));
  if (error !== 0) return error;
  error = checkPermission(dentry.inode!, MAY_EXEC);
  if (error === 0 && current().credentials.euid !== 0) error = -EPERM;
  if (error === 0) setCurrentRoot(dentry);
  else putDentry(dentry);
  return error;
}

/** The path of the current directory with its zero; the result is its length, the zero counted. */
export function sysGetcwd(buffer: u32, size: u32): i32 {
  const text = kmalloc(PATH_MAX);
  if (text === null) return -ENOMEM;
  const root = currentRoot();
  const directory = currentDirectory();
  const start = isRemoved(directory) ? -ENOENT : describePath(directory, root, text, PATH_MAX);
  putDentry(directory);
  putDentry(root);
  let result: i32 = start;
  if (start >= 0) {
    const length = PATH_MAX - u32(start);
    result = i32(length);
    if (length > size) result = -ERANGE;
    else if (copyToUser(buffer, text.add(u32(start)), length) !== 0) result = -EFAULT;
  }
  kfree(text);
  return result;
}

export function sysUmask(mask: u32): i32 {
  const context = current().fs!;
  return i32(atomic.xchg<u32>(addrOf(context.umask), mask & S_IRWXUGO));
}
