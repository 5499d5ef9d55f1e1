/*
 * System calls: mount, umount, umount2. For the superuser.
 */

import { EFAULT, EINVAL, ENODEV, EPERM } from '../abi/errno.ts';
import { AT_FDCWD } from '../abi/fcntl.ts';
import {
  MNT_DETACH,
  MNT_EXPIRE,
  MNT_FORCE,
  MS_BIND,
  MS_MGC_MSK,
  MS_MGC_VAL,
  MS_MOVE,
  MS_REMOUNT,
  UMOUNT_NOFOLLOW,
} from '../abi/mount.ts';
import { current } from '../arch/x86/cpu.ts';
import { strncpyFromUser } from '../arch/x86/userCopy.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { mountAt, remount, unmount } from './mount.ts';
import { FOLLOW } from './path.ts';
import { lookupUserPath } from './userPath.ts';

/** Bytes of the longest type name with its zero. */
const TYPE_SIZE: u32 = 32;

/** mount(source, target, type, flags, data). Source and data mean nothing to file systems in memory. */
export function sysMount(_source: u32, target: u32, type: u32, flags: u32, _data: u32): i32 {
  const name = zeroed<FixedArray<u8, 32>>();
  let wanted = flags;
  if ((wanted & MS_MGC_MSK) === MS_MGC_VAL) wanted &= ~MS_MGC_MSK;
  const length = type === 0 ? 0 : strncpyFromUser(name, type, TYPE_SIZE);
  if (length < 0) return -EFAULT;
  let directory = as<Dentry>(0);
  let error = lookupUserPath(u32(AT_FDCWD), target, FOLLOW, addrOf(directory));
  if (error !== 0) return error;
  if (current().credentials.euid !== 0) error = -EPERM;
  else if ((wanted & (MS_REMOUNT | MS_BIND)) === MS_REMOUNT) error = remount(directory, wanted);
  else if ((wanted & (MS_BIND | MS_MOVE)) !== 0 || type === 0) error = -EINVAL;
  else if (u32(length) >= TYPE_SIZE) error = -ENODEV;
  else error = mountAt(directory, name, wanted);
  putDentry(directory);
  return error;
}

export function sysOldUmount(target: u32): i32 {
  return sysUmount2(target, 0);
}

export function sysUmount2(target: u32, flags: u32): i32 {
  if ((flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) !== 0) return -EINVAL;
  if (current().credentials.euid !== 0) return -EPERM;
  if ((flags & (MNT_DETACH | MNT_EXPIRE)) !== 0) return -EINVAL; // neither is kept
  const walk = (flags & UMOUNT_NOFOLLOW) === 0 ? FOLLOW : 0;
  let root = as<Dentry>(0);
  const error = lookupUserPath(u32(AT_FDCWD), target, walk, addrOf(root));
  return error !== 0 ? error : unmount(root);
}
