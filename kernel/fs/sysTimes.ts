/*
 * System calls that set a file's times: utime, utimes, futimesat, utimensat. They differ in how times are written down;
 * all end in `setTimes`.
 */

import { EACCES, EBADF, EFAULT, EINVAL, EPERM, EROFS } from '../abi/errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_PATH } from '../abi/fcntl.ts';
import { MS_RDONLY } from '../abi/mount.ts';
import { UTIME_NOW, UTIME_OMIT } from '../abi/stat.ts';
import { type Timespec, type Timespec64, type Timeval } from '../abi/time.ts';
import { realtimeNs } from '../arch/x86/clock.ts';
import { copyFromUser } from '../arch/x86/userCopy.ts';
import { storeWide } from '../lib/words.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { getFileOf } from './descriptor.ts';
import { putFile } from './file.ts';
import { type Inode, touchChanged } from './inode.ts';
import { EMPTY_PATH, FOLLOW } from './path.ts';
import { checkPermission, MAY_WRITE, ownerOrCapable } from './permission.ts';
import { lookupUserPath } from './userPath.ts';

/** One of the two times, as the caller wants it. */
class WantedTime {
  seconds: i64;
  /** Below 10^9, or UTIME_NOW, or UTIME_OMIT. */
  nanoseconds: u32;
}

/** Access time and modification time. */
class WantedTimes {
  access: Inline<WantedTime>;
  modify: Inline<WantedTime>;
}

const NANOSECONDS: i64 = 1000000000n;
/** Seconds beyond which 64 bits of nanoseconds do not reach; such times become the furthest that we have. */
const LAST_SECOND: i64 = 9223372035n;

function clampSeconds(seconds: i64): i64 {
  if (seconds > LAST_SECOND) return LAST_SECOND;
  return seconds < -LAST_SECOND ? -LAST_SECOND : seconds;
}

function resolve(wanted: WantedTime, old: i64, now: i64): i64 {
  if (wanted.nanoseconds === UTIME_OMIT) return old;
  if (wanted.nanoseconds === UTIME_NOW) return now;
  return clampSeconds(wanted.seconds) * NANOSECONDS + i64(wanted.nanoseconds);
}

/** "Now" for both needs only write permission; any other time is the owner's to set. */
function maySet(inode: Inode, times: WantedTimes): i32 {
  if ((inode.superBlock.flags & MS_RDONLY) !== 0) return -EROFS;
  if (ownerOrCapable(inode)) return 0;
  if (times.access.nanoseconds !== UTIME_NOW || times.modify.nanoseconds !== UTIME_NOW) return -EPERM;
  return checkPermission(inode, MAY_WRITE) === 0 ? 0 : -EACCES;
}

function isNanoseconds(value: u32): boolean {
  return value < 1000000000 || value === UTIME_NOW || value === UTIME_OMIT;
}

function setTimes(inode: Inode, times: WantedTimes): i32 {
  if (!isNanoseconds(times.access.nanoseconds) || !isNanoseconds(times.modify.nanoseconds)) return -EINVAL;
  using held = inode.mutex.lock();
  const refused = maySet(inode, times);
  if (refused !== 0) return refused;
  const now = i64(realtimeNs());
  storeWide(addrOf(inode.accessTime), resolve(times.access, inode.accessTime, now));
  storeWide(addrOf(inode.modifyTime), resolve(times.modify, inode.modifyTime, now));
  touchChanged(inode, held);
  return 0;
}

function setTimesOfPath(directory: u32, path: u32, walk: u32, times: WantedTimes): i32 {
  let dentry = as<Dentry>(0);
  let error = lookupUserPath(directory, path, walk, addrOf(dentry));
  if (error !== 0) return error;
  error = setTimes(dentry.inode!, times);
  putDentry(dentry);
  return error;
}

function setTimesOfFile(fd: u32, times: WantedTimes): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const error = (file.flags & O_PATH) !== 0 ? -EBADF : setTimes(file.inode, times);
  putFile(file);
  return error;
}

function wantNow(times: WantedTimes): void {
  times.access.nanoseconds = UTIME_NOW;
  times.modify.nanoseconds = UTIME_NOW;
}

/** utime(path, { access, modify }): whole seconds. */
export function sysUtime(path: u32, times: u32): i32 {
  const wanted = zeroed<Inline<WantedTimes>>();
  if (times === 0) wantNow(wanted);
  else {
    const seconds = zeroed<FixedArray<i32, 2>>();
    if (copyFromUser(ptr<u8>(seconds), times, 8) !== 0) return -EFAULT;
    wanted.access.seconds = i64(seconds[0]);
    wanted.modify.seconds = i64(seconds[1]);
  }
  return setTimesOfPath(u32(AT_FDCWD), path, FOLLOW, wanted);
}

/** Reads two Timevals. 0, -EFAULT, -EINVAL. */
function readTimevals(address: u32, wanted: WantedTimes): i32 {
  const pair = zeroed<FixedArray<Inline<Timeval>, 2>>();
  if (copyFromUser(ptr<u8>(pair), address, 2 * sizeof<Timeval>()) !== 0) return -EFAULT;
  const access: Timeval = pair[0];
  const modify: Timeval = pair[1];
  if (u32(access.tv_usec) >= 1000000 || u32(modify.tv_usec) >= 1000000) return -EINVAL;
  wanted.access.seconds = i64(access.tv_sec);
  wanted.access.nanoseconds = u32(access.tv_usec) * 1000;
  wanted.modify.seconds = i64(modify.tv_sec);
  wanted.modify.nanoseconds = u32(modify.tv_usec) * 1000;
  return 0;
}

export function sysUtimes(path: u32, times: u32): i32 {
  return sysFutimesat(u32(AT_FDCWD), path, times);
}

/** futimesat(directory, path, times): path 0 means the descriptor itself. */
export function sysFutimesat(directory: u32, path: u32, times: u32): i32 {
  const wanted = zeroed<Inline<WantedTimes>>();
  if (times === 0) wantNow(wanted);
  else {
    const error = readTimevals(times, wanted);
    if (error !== 0) return error;
  }
  return setTimesAt(directory, path, wanted, 0);
}

function setTimesAt(directory: u32, path: u32, wanted: WantedTimes, flags: u32): i32 {
  if (path === 0 && i32(directory) !== AT_FDCWD) return flags !== 0 ? -EINVAL : setTimesOfFile(directory, wanted);
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -EINVAL;
  let walk: u32 = (flags & AT_SYMLINK_NOFOLLOW) === 0 ? FOLLOW : 0;
  if ((flags & AT_EMPTY_PATH) !== 0) walk |= EMPTY_PATH;
  return setTimesOfPath(directory, path, walk, wanted);
}

/** The common end of both utimensat forms, once the times are read. */
function setWantedTimes(directory: u32, path: u32, wanted: WantedTimes, flags: u32): i32 {
  const omitsBoth = wanted.access.nanoseconds === UTIME_OMIT && wanted.modify.nanoseconds === UTIME_OMIT;
  if (omitsBoth) return 0; // whatever the path is
  return setTimesAt(directory, path, wanted, flags);
}

export function sysUtimensat(directory: u32, path: u32, times: u32, flags: u32): i32 {
  const wanted = zeroed<Inline<WantedTimes>>();
  if (times === 0) wantNow(wanted);
  else {
    const pair = zeroed<FixedArray<Inline<Timespec>, 2>>();
    if (copyFromUser(ptr<u8>(pair), times, 2 * sizeof<Timespec>()) !== 0) return -EFAULT;
    wanted.access.seconds = i64(pair[0].tv_sec);
    wanted.access.nanoseconds = u32(pair[0].tv_nsec);
    wanted.modify.seconds = i64(pair[1].tv_sec);
    wanted.modify.nanoseconds = u32(pair[1].tv_nsec);
  }
  return setWantedTimes(directory, path, wanted, flags);
}

export function sysUtimensatTime64(directory: u32, path: u32, times: u32, flags: u32): i32 {
  const wanted = zeroed<Inline<WantedTimes>>();
  if (times === 0) wantNow(wanted);
  else {
    const pair = zeroed<FixedArray<Inline<Timespec64>, 2>>();
    if (copyFromUser(ptr<u8>(pair), times, 2 * sizeof<Timespec64>()) !== 0) return -EFAULT;
    wanted.access.seconds = pair[0].tv_sec;
    wanted.access.nanoseconds = u32(pair[0].tv_nsec);
    wanted.modify.seconds = pair[1].tv_sec;
    wanted.modify.nanoseconds = u32(pair[1].tv_nsec);
  }
  return setWantedTimes(directory, path, wanted, flags);
}
