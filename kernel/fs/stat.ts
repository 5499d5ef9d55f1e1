/*
 * What an inode tells about itself, in the forms that programs ask for (abi/stat.ts). One record of the kernel's,
 * FileStatus, is filled first, so that the forms differ in layout alone.
 */

import { EFAULT, EOVERFLOW } from '../abi/errno.ts';
import {
  type OldStat,
  S_IFBLK,
  S_IFCHR,
  S_IFMT,
  type Stat,
  type Stat64,
  type Statx,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_MNT_ID,
  type StatxTimestamp,
} from '../abi/stat.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyToUser } from '../arch/x86/userCopy.ts';
import { loadWide } from '../lib/words.ts';
import { majorOf, minorOf } from './device.ts';
import { type Dentry } from './dentry.ts';
import { type Inode, inodeSize } from './inode.ts';

const NANOSECONDS: i64 = 1000000000n;

/** A time as seconds and nanoseconds. */
class SplitTime {
  seconds: i64;
  nanoseconds: u32;
}

/** Seconds round down, so that nanoseconds are never negative. */
function split(time: i64, result: SplitTime): void {
  let seconds = time / NANOSECONDS;
  let rest = time - seconds * NANOSECONDS;
  if (rest < 0n) {
    seconds -= 1n;
    rest += NANOSECONDS;
  }
  result.seconds = seconds;
  result.nanoseconds = u32(rest);
}

class FileStatus {
  device: u32;
  number: u32;
  mode: u32;
  linkCount: u32;
  uid: u32;
  gid: u32;
  rdev: u32;
  size: i64;
  /** Of 512 bytes. */
  blocks: u64;
  access: Inline<SplitTime>;
  modify: Inline<SplitTime>;
  change: Inline<SplitTime>;
}

function fillStatus(inode: Inode, status: FileStatus): void {
  const type = inode.mode & S_IFMT;
  status.device = inode.superBlock.device;
  status.number = inode.number;
  status.mode = inode.mode;
  status.linkCount = inode.linkCount;
  status.uid = inode.uid;
  status.gid = inode.gid;
  status.rdev = type === S_IFCHR || type === S_IFBLK ? inode.device : 0;
  status.size = inodeSize(inode);
  status.blocks = u64(inode.mapping.pageCount) << u64(PAGE_SHIFT - 9);
  split(loadWide(addrOf(inode.accessTime)), status.access);
  split(loadWide(addrOf(inode.modifyTime)), status.modify);
  split(loadWide(addrOf(inode.changeTime)), status.change);
}

/** Owners in 16 bits: those that do not fit look like nobody. */
export function shortId(id: u32): u16 {
  return id > 0xffff ? 65534 : u16(id);
}

/** Device numbers in 16 bits. */
function shortDevice(device: u32): u16 {
  return u16((majorOf(device) << 8) | (minorOf(device) & 0xff));
}

/** stat of 1991, at user address `address`. 0, -EFAULT, -EOVERFLOW. */
export function tellOldStat(inode: Inode, address: u32): i32 {
  const status = zeroed<Inline<FileStatus>>();
  const result = zeroed<Inline<OldStat>>();
  fillStatus(inode, status);
  if (status.number > 0xffff || status.linkCount > 0xffff || status.size > 0x7fffffffn) return -EOVERFLOW;
  result.st_dev = shortDevice(status.device);
  result.st_ino = u16(status.number);
  result.st_mode = u16(status.mode);
  result.st_nlink = u16(status.linkCount);
  result.st_uid = shortId(status.uid);
  result.st_gid = shortId(status.gid);
  result.st_rdev = shortDevice(status.rdev);
  result.st_size = u32(status.size);
  result.st_atime = u32(status.access.seconds);
  result.st_mtime = u32(status.modify.seconds);
  result.st_ctime = u32(status.change.seconds);
  return copyToUser(address, ptr<u8>(addrOf(result)), sizeof<OldStat>()) !== 0 ? -EFAULT : 0;
}

/** stat with short owners. 0, -EFAULT, -EOVERFLOW. */
export function tellStat(inode: Inode, address: u32): i32 {
  const status = zeroed<Inline<FileStatus>>();
  const result = zeroed<Inline<Stat>>();
  fillStatus(inode, status);
  if (status.linkCount > 0xffff || status.size > 0x7fffffffn) return -EOVERFLOW;
  result.st_dev = status.device;
  result.st_ino = status.number;
  result.st_mode = u16(status.mode);
  result.st_nlink = u16(status.linkCount);
  result.st_uid = shortId(status.uid);
  result.st_gid = shortId(status.gid);
  result.st_rdev = status.rdev;
  result.st_size = u32(status.size);
  result.st_blksize = PAGE_SIZE;
  result.st_blocks = u32(status.blocks);
  result.st_atime = u32(status.access.seconds);
  result.st_atime_nsec = status.access.nanoseconds;
  result.st_mtime = u32(status.modify.seconds);
  result.st_mtime_nsec = status.modify.nanoseconds;
  result.st_ctime = u32(status.change.seconds);
  result.st_ctime_nsec = status.change.nanoseconds;
  return copyToUser(address, ptr<u8>(addrOf(result)), sizeof<Stat>()) !== 0 ? -EFAULT : 0;
}

/** stat64. 0 or -EFAULT. */
export function tellStat64(inode: Inode, address: u32): i32 {
  const status = zeroed<Inline<FileStatus>>();
  const result = zeroed<Inline<Stat64>>();
  fillStatus(inode, status);
  result.st_dev = u64(status.device);
  result.st_ino_short = status.number;
  result.st_mode = status.mode;
  result.st_nlink = status.linkCount;
  result.st_uid = status.uid;
  result.st_gid = status.gid;
  result.st_rdev = u64(status.rdev);
  result.st_size = status.size;
  result.st_blksize = PAGE_SIZE;
  result.st_blocks = status.blocks;
  result.st_atime = u32(status.access.seconds);
  result.st_atime_nsec = status.access.nanoseconds;
  result.st_mtime = u32(status.modify.seconds);
  result.st_mtime_nsec = status.modify.nanoseconds;
  result.st_ctime = u32(status.change.seconds);
  result.st_ctime_nsec = status.change.nanoseconds;
  result.st_ino = u64(status.number);
  return copyToUser(address, ptr<u8>(addrOf(result)), sizeof<Stat64>()) !== 0 ? -EFAULT : 0;
}

function setTimestamp(target: StatxTimestamp, time: SplitTime): void {
  target.tv_sec = time.seconds;
  target.tv_nsec = time.nanoseconds;
}

/** statx. 0 or -EFAULT. */
export function tellStatx(dentry: Dentry, address: u32): i32 {
  const inode = dentry.inode!;
  const status = zeroed<Inline<FileStatus>>();
  const result = zeroed<Inline<Statx>>();
  const birth = zeroed<Inline<SplitTime>>();
  fillStatus(inode, status);
  split(inode.birthTime, birth);
  result.stx_mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
  result.stx_blksize = PAGE_SIZE;
  result.stx_attributes_mask = u64(STATX_ATTR_MOUNT_ROOT);
  if (dentry.isRoot()) result.stx_attributes = u64(STATX_ATTR_MOUNT_ROOT);
  result.stx_nlink = status.linkCount;
  result.stx_uid = status.uid;
  result.stx_gid = status.gid;
  result.stx_mode = u16(status.mode);
  result.stx_ino = u64(status.number);
  result.stx_size = u64(status.size);
  result.stx_blocks = status.blocks;
  setTimestamp(result.stx_atime, status.access);
  setTimestamp(result.stx_btime, birth);
  setTimestamp(result.stx_ctime, status.change);
  setTimestamp(result.stx_mtime, status.modify);
  result.stx_rdev_major = majorOf(status.rdev);
  result.stx_rdev_minor = minorOf(status.rdev);
  result.stx_dev_major = majorOf(status.device);
  result.stx_dev_minor = minorOf(status.device);
  result.stx_mnt_id = u64(minorOf(status.device));
  return copyToUser(address, ptr<u8>(addrOf(result)), sizeof<Statx>()) !== 0 ? -EFAULT : 0;
}
