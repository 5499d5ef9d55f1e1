/*
 * Block devices as files: /dev/hda and its like.
 *
 * Idea. A read or write of a device goes through pages, as one of a regular file does: those of the inode that belongs to
 * the device (blockDevice.ts), not to the node that was opened. A write is on its way to the disk before it returns; fsync
 * then asks the disk to have it on the medium. So the pages never hold anything that the disk does not.
 *
 * Locking. (I) the mutex of the device's inode: to put a page in, to change one, to drop them. A read of a page that is
 * there takes no lock.
 */

import { EFAULT, EINVAL, ENOSPC, ENOTTY, ENXIO, EPERM, EROFS } from '../abi/errno.ts';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../abi/fcntl.ts';
import { BLKBSZGET, BLKFLSBUF, BLKGETSIZE, BLKGETSIZE64, BLKPBSZGET, BLKROGET, BLKSSZGET } from '../abi/ioctl.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyToUser, putUser32 } from '../arch/x86/userCopy.ts';
import { ALL_PAGES, dropPages, findPage, grabPage } from '../fs/addressSpace.ts';
import { registerBlockDevices } from '../fs/device.ts';
import { type File, type FileOperations } from '../fs/file.ts';
import { type Inode } from '../fs/inode.ts';
import { type Transfer } from '../fs/transfer.ts';
import { putPage } from '../mm/buddy.ts';
import { type Page, pageAddress, pageToPhys } from '../mm/page.ts';
import { BioKind, PAGE_SECTORS, SECTOR_SHIFT, SECTOR_SIZE } from './bio.ts';
import { type BlockDevice, findBlockDevice, initBlockDevices, transferSectors } from './blockDevice.ts';

const operations = zeroed<Inline<FileOperations>>();

/** Makes block devices openable. Before the drivers that register disks. */
export function initBlockFiles(): void {
  initBlockDevices(readDevicePage);
  operations.open = openDevice;
  operations.read = readDevice;
  operations.write = writeDevice;
  operations.seek = seekDevice;
  operations.ioctl = ioctlDevice;
  operations.fsync = syncDevice;
  operations.isDirect = true;
  registerBlockDevices(operations);
}

function openDevice(inode: Inode, file: File): i32 {
  const device = findBlockDevice(inode.device);
  if (device === null) return -ENXIO;
  if (device.disk.isReadOnly && file.isWritable()) return -EROFS;
  file.data = u32(device);
  return 0;
}

function deviceOf(file: File): BlockDevice {
  return as<BlockDevice>(file.data);
}

/** Bytes of the device from `position` on, at most to the end of its page, at most `wanted`; 0: the end. */
function pieceAt(device: BlockDevice, position: i64, wanted: u32): u32 {
  const left = device.inode.size - position;
  if (left <= 0n) return 0;
  let piece = PAGE_SIZE - (u32(position) & (PAGE_SIZE - 1));
  if (piece > wanted) piece = wanted;
  return left < i64(piece) ? u32(left) : piece;
}

/** Sectors of the device in a page: all of them but for the last page. */
function sectorsIn(device: BlockDevice, index: u32): u32 {
  const left = device.sectors - index * PAGE_SECTORS;
  return left < PAGE_SECTORS ? left : PAGE_SECTORS;
}

/** AddressSpaceOperations.readPage. */
function readDevicePage(inode: Inode, page: Page, index: u32): i32 {
  const device = as<BlockDevice>(inode.data);
  return transferSectors(device, BioKind.Read, index * PAGE_SECTORS, sectorsIn(device, index), pageToPhys(page));
}

/** The page at `index` with a reference, read if it is not there. 0 or -errno. Takes (I) if it must. */
function devicePage(device: BlockDevice, index: u32, result: Ptr<Page>): i32 {
  const present = findPage(device.inode.mapping, index);
  if (present !== null) {
    result[0] = present;
    return 0;
  }
  using _held = device.inode.mutex.lock();
  return grabPage(device.inode.mapping, index, result);
}

function readDevice(file: File, transfer: Transfer, position: Ptr<i64>): i32 {
  const device = deviceOf(file);
  let done: i32 = 0;
  while (transfer.remaining > 0) {
    const at = position[0];
    const piece = pieceAt(device, at, transfer.remaining);
    if (piece === 0) break;
    let page = as<Page>(0);
    const error = devicePage(device, u32(at >> i64(PAGE_SHIFT)), addrOf(page));
    if (error !== 0) return done > 0 ? done : error;
    const moved = transfer.copyOut(pageAddress(page).add(u32(at) & (PAGE_SIZE - 1)), piece);
    putPage(page);
    position[0] = at + i64(moved);
    done += i32(moved);
    if (moved < piece) return done > 0 ? done : -EFAULT;
  }
  return done;
}

function writeDevice(file: File, transfer: Transfer, position: Ptr<i64>): i32 {
  const device = deviceOf(file);
  using _held = device.inode.mutex.lock();
  let done: i32 = 0;
  while (transfer.remaining > 0) {
    const at = position[0];
    const piece = pieceAt(device, at, transfer.remaining);
    if (piece === 0) return done > 0 ? done : -ENOSPC;
    const moved = writePiece(device, transfer, at, piece);
    if (moved < 0) return done > 0 ? done : moved;
    position[0] = at + i64(moved);
    done += moved;
    if (u32(moved) < piece) return done > 0 ? done : -EFAULT;
  }
  return done;
}

/** Moves bytes into one page, and the sectors that they touch to the disk. With (I). Returns how many, or -errno. */
function writePiece(device: BlockDevice, transfer: Transfer, at: i64, piece: u32): i32 {
  const index = u32(at >> i64(PAGE_SHIFT));
  const offset = u32(at) & (PAGE_SIZE - 1);
  let page = as<Page>(0);
  let error = grabPage(device.inode.mapping, index, addrOf(page));
  if (error !== 0) return error;
  const moved = transfer.copyIn(pageAddress(page).add(offset), piece);
  if (moved > 0) {
    const first = offset >>> SECTOR_SHIFT;
    const end = (offset + moved + SECTOR_SIZE - 1) >>> SECTOR_SHIFT;
    const memory = pageToPhys(page) + (first << SECTOR_SHIFT);
    error = transferSectors(device, BioKind.Write, index * PAGE_SECTORS + first, end - first, memory);
  }
  putPage(page);
  return error !== 0 ? error : i32(moved);
}

function seekDevice(file: File, offset: i64, whence: u32, result: Ptr<i64>): i32 {
  const size = deviceOf(file).inode.size;
  let target = offset;
  if (whence === SEEK_CUR) target += file.position;
  else if (whence === SEEK_END) target += size;
  else if (whence !== SEEK_SET) return -EINVAL;
  if (target < 0n || target > size) return -EINVAL;
  file.position = target;
  result[0] = target;
  return 0;
}

function syncDevice(file: File, _dataOnly: boolean): i32 {
  return transferSectors(deviceOf(file), BioKind.Flush, 0, 0, 0);
}

function ioctlDevice(file: File, request: u32, argument: u32): i32 {
  const device = deviceOf(file);
  switch (request) {
    case BLKGETSIZE:
      return putUser32(argument, device.sectors);
    case BLKSSZGET:
    case BLKPBSZGET:
      return putUser32(argument, SECTOR_SIZE);
    case BLKBSZGET:
      return putUser32(argument, PAGE_SIZE);
    case BLKROGET:
      return putUser32(argument, device.disk.isReadOnly ? 1 : 0);
    case BLKGETSIZE64: {
      const size = u64(device.inode.size);
      return copyToUser(argument, ptr<u8>(addrOf(size)), 8) === 0 ? 0 : -EFAULT;
    }
    case BLKFLSBUF: {
      if (current().credentials.euid !== 0) return -EPERM;
      using _held = device.inode.mutex.lock();
      dropPages(device.inode.mapping, 0, ALL_PAGES, false);
      return 0;
    }
    default:
      return -ENOTTY;
  }
}
