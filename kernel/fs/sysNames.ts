/*
 * System calls that make and remove names: mkdir, mknod, link, symlink, unlink, rmdir, rename, and their *at forms. They
 * copy the paths in; names.ts and rename.ts do the rest.
 */

import { EINVAL } from '../abi/errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW } from '../abi/fcntl.ts';
import { current } from '../arch/x86/cpu.ts';
import { kfree } from '../mm/slab.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { checkNodeMode, makeDirectory, makeLink, makeNode, makeSymlink, removeName } from './names.ts';
import { EMPTY_PATH, FOLLOW, NO_DESCRIPTOR } from './path.ts';
import { renameUserPath } from './rename.ts';
import { copyPath, lookupUserPath } from './userPath.ts';

export function sysMkdir(path: u32, mode: u32): i32 {
  return sysMkdirat(u32(AT_FDCWD), path, mode);
}

export function sysMkdirat(directory: u32, path: u32, mode: u32): i32 {
  let name = ptr<u8>(0);
  let error = copyPath(path, addrOf(name));
  if (error !== 0) return error;
  error = makeDirectory(i32(directory), name, mode);
  kfree(name);
  return error;
}

export function sysMknod(path: u32, mode: u32, device: u32): i32 {
  return sysMknodat(u32(AT_FDCWD), path, mode, device);
}

export function sysMknodat(directory: u32, path: u32, mode: u32, device: u32): i32 {
  let name = ptr<u8>(0);
  let error = checkNodeMode(mode);
  if (error === 0) error = copyPath(path, addrOf(name));
  if (error !== 0) return error;
  error = makeNode(i32(directory), name, mode & 0xffff, device);
  kfree(name);
  return error;
}

export function sysRmdir(path: u32): i32 {
  return removeUserPath(u32(AT_FDCWD), path, true);
}

export function sysUnlink(path: u32): i32 {
  return removeUserPath(u32(AT_FDCWD), path, false);
}

export function sysUnlinkat(directory: u32, path: u32, flags: u32): i32 {
  if ((flags & ~AT_REMOVEDIR) !== 0) return -EINVAL;
  return removeUserPath(directory, path, (flags & AT_REMOVEDIR) !== 0);
}

function removeUserPath(directory: u32, path: u32, isDirectory: boolean): i32 {
  let name = ptr<u8>(0);
  let error = copyPath(path, addrOf(name));
  if (error !== 0) return error;
  error = removeName(i32(directory), name, isDirectory);
  kfree(name);
  return error;
}

export function sysSymlink(target: u32, path: u32): i32 {
  return sysSymlinkat(target, u32(AT_FDCWD), path);
}

export function sysSymlinkat(target: u32, directory: u32, path: u32): i32 {
  let text = ptr<u8>(0);
  let error = copyPath(target, addrOf(text));
  if (error !== 0) return error;
  let name = ptr<u8>(0);
  error = copyPath(path, addrOf(name));
  if (error === 0) {
    error = makeSymlink(text, i32(directory), name);
    kfree(name);
  }
  kfree(text);
  return error;
}

export function sysLink(from: u32, path: u32): i32 {
  return sysLinkat(u32(AT_FDCWD), from, u32(AT_FDCWD), path, 0);
}

/** A symbolic link gets another name itself, unless AT_SYMLINK_FOLLOW. AT_EMPTY_PATH is for the superuser. */
export function sysLinkat(fromDirectory: u32, from: u32, directory: u32, path: u32, flags: u32): i32 {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  let walk: u32 = (flags & AT_SYMLINK_FOLLOW) !== 0 ? FOLLOW : 0;
  if ((flags & AT_EMPTY_PATH) !== 0) walk |= current().credentials.euid === 0 ? EMPTY_PATH : EMPTY_PATH | NO_DESCRIPTOR;
  let source = as<Dentry>(0);
  let error = lookupUserPath(fromDirectory, from, walk, addrOf(source));
  if (error !== 0) return error;
  let name = ptr<u8>(0);
  error = copyPath(path, addrOf(name));
  if (error === 0) {
    error = makeLink(source, i32(directory), name);
    kfree(name);
  }
  putDentry(source);
  return error;
}

export function sysRename(from: u32, to: u32): i32 {
  return sysRenameat2(u32(AT_FDCWD), from, u32(AT_FDCWD), to, 0);
}

export function sysRenameat(fromDirectory: u32, from: u32, toDirectory: u32, to: u32): i32 {
  return sysRenameat2(fromDirectory, from, toDirectory, to, 0);
}

export function sysRenameat2(fromDirectory: u32, from: u32, toDirectory: u32, to: u32, flags: u32): i32 {
  return renameUserPath(i32(fromDirectory), from, i32(toDirectory), to, flags);
}
