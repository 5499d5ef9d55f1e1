/*
 * Paths that programs pass: copied in once, so that what is checked is what is used.
 */

import { PATH_MAX } from '../abi/fcntl.ts';
import { ENAMETOOLONG, ENOMEM } from '../abi/errno.ts';
import { strncpyFromUser } from '../arch/x86/userCopy.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { type Dentry } from './dentry.ts';
import { lookupPath } from './path.ts';

/**
 * Copies the string at user address `address` into a buffer that the caller frees. 0, -EFAULT, -ENAMETOOLONG (with its
 * zero it exceeds PATH_MAX), -ENOMEM.
 */
export function copyPath(address: u32, result: Ptr<Ptr<u8>>): i32 {
  const buffer = kmalloc(PATH_MAX);
  if (buffer === null) return -ENOMEM;
  const length = strncpyFromUser(buffer, address, PATH_MAX);
  if (length < 0 || length >= PATH_MAX) {
    kfree(buffer);
    return length < 0 ? length : -ENAMETOOLONG;
  }
  result[0] = buffer;
  return 0;
}

/** `lookupPath` of a path at a user address. */
export function lookupUserPath(directory: u32, address: u32, flags: u32, result: Ptr<Dentry>): i32 {
  let path = ptr<u8>(0);
  let error = copyPath(address, addrOf(path));
  if (error !== 0) return error;
  error = lookupPath(i32(directory), path, flags, result);
  kfree(path);
  return error;
}
