/*
 * Block devices: disks and their partitions, by number.
 *
 * Idea. A BlockDevice is a range of sectors of a disk. Whoever works with sectors (swap, file systems) goes through
 * `transferSectors`, and counts from the start of the device; only this file knows where on the disk that is.
 *
 * Each device has an inode of its own, on a file system that is mounted nowhere: its pages are the device's contents, the
 * same ones whatever node in whatever directory a program has opened (blockFile.ts).
 *
 * Locking. Devices are registered while the kernel starts and never go away, so the table needs no lock afterwards.
 * (C) constant from registration on. (I) the mutex of the device's inode.
 */

import { ENOMEM, ENXIO } from '../abi/errno.ts';
import { S_IFBLK } from '../abi/stat.ts';
import { type PhysAddr } from '../arch/x86/layout.ts';
import { type AddressSpaceOperations, releasePages } from '../fs/addressSpace.ts';
import { newDevice } from '../fs/device.ts';
import { allocateInode, freeInode, type Inode, type SuperBlock, type SuperBlockOperations } from '../fs/inode.ts';
import { formatText } from '../lib/format.ts';
import { printk } from '../lib/printk.ts';
import { type Page } from '../mm/page.ts';
import { type Bio, type Disk, SECTOR_SHIFT } from './bio.ts';
import { readPartitions, type SectorReader } from './partitions.ts';
import { transferBio } from './requestQueue.ts';

export const NAME_SIZE: u32 = 8;

export class BlockDevice {
  name: FixedArray<u8, 8>; // (C) NAME_SIZE; hda, hda1, ...
  device: u32; // (C)
  disk: Disk; // (C)
  start: u32; // (C) first sector, on the disk
  sectors: u32; // (C)
  inode: Inode; // (C) has its pages; referenced
}

const MAX_DEVICES: u32 = 64;
const devices = zeroed<FixedArray<Inline<BlockDevice>, 64>>();
let count: u32 = 0;

const superBlock = zeroed<Inline<SuperBlock>>();
const superBlockOperations = zeroed<Inline<SuperBlockOperations>>();
const mappingOperations = zeroed<Inline<AddressSpaceOperations>>();

/** Prepares the table. `readPage` fills a page of a device's inode (blockFile.ts). */
export function initBlockDevices(readPage: (inode: Inode, page: Page, index: u32) => i32): void {
  mappingOperations.readPage = readPage;
  superBlockOperations.evictInode = freeInode;
  superBlock.operations = superBlockOperations;
  superBlock.typeName = 'bdev';
  superBlock.device = newDevice();
  superBlock.blockSize = 4096;
}

/** Registers a disk and what its partition table says, which is read with `read`. While the kernel starts. */
export function registerDisk(disk: Disk, read: SectorReader): void {
  addDevice(disk, 0, 0, disk.sectors);
  readPartitions(disk, read, addDevice);
}

/** Partition 0 is the whole disk. */
function addDevice(disk: Disk, number: u32, start: u32, sectors: u32): void {
  if (count === MAX_DEVICES) {
    printk('%s: too many block devices, partition %u is left out\n', disk.name, number);
    return;
  }
  const device: BlockDevice = devices[count];
  if (number === 0) formatText(device.name, NAME_SIZE, '%s', disk.name);
  else formatText(device.name, NAME_SIZE, '%s%u', disk.name, number);
  device.device = disk.device + number;
  device.disk = disk;
  device.start = start;
  device.sectors = sectors;
  if (makeInode(device) === 0) count++;
}

function makeInode(device: BlockDevice): i32 {
  const inode = allocateInode(superBlock, mappingOperations);
  if (inode === null) return -ENOMEM;
  inode.mode = S_IFBLK | 0o600;
  inode.size = i64(device.sectors) << i64(SECTOR_SHIFT);
  inode.device = device.device;
  inode.data = u32(device);
  device.inode = inode;
  return 0;
}

export function blockDeviceCount(): u32 {
  return count;
}

/** By index, 0 to `blockDeviceCount() - 1`: disks in the order of their finding, each before its partitions. */
export function blockDeviceAt(index: u32): BlockDevice {
  return devices[index];
}

/** Frees up to `wanted` pages of devices that nobody is using. Returns how many. */
export function releaseDevicePages(wanted: u32): u32 {
  let released: u32 = 0;
  for (let i: u32 = 0; i < count && released < wanted; i++) {
    released += releasePages(devices[i].inode.mapping, wanted - released);
  }
  return released;
}

/** By device number; null: there is none. */
export function findBlockDevice(device: u32): BlockDevice | null {
  for (let i: u32 = 0; i < count; i++) if (devices[i].device === device) return devices[i];
  return null;
}

/**
 * Moves `sectors` sectors (1 to PAGE_SECTORS) between the device and memory within one page. 0, -EIO, or -ENXIO beyond
 * the device's end.
 *
 * @param kind BioKind
 * @param sector the first, counted from the start of the device
 * @sleeps
 */
export function transferSectors(device: BlockDevice, kind: u32, sector: u32, sectors: u32, memory: PhysAddr): i32 {
  if (sector > device.sectors || sectors > device.sectors - sector) return -ENXIO;
  const bio = zeroed<Inline<Bio>>();
  bio.disk = device.disk;
  bio.kind = kind;
  bio.sector = device.start + sector;
  bio.count = sectors;
  bio.memory = memory;
  return transferBio(bio);
}
