/*
 * Device numbers, and the drivers behind device nodes.
 *
 * Idea. A device node is only a pair of numbers in an inode: major says which driver, minor which of its devices. When
 * a node is opened, the driver that has registered the numbers takes the File over by putting its own functions in.
 *
 * A device number is kept in one word as programs see it in st_rdev: the low 8 bits of the minor, 12 bits of the major,
 * the high bits of the minor. For numbers below 256 that is major * 256 + minor.
 *
 * Locking. Drivers register while the kernel starts, before there is any user; afterwards the table is constant.
 */

import { ENXIO } from '../abi/errno.ts';
import { assert } from '../lib/panic.ts';
import { type File, type FileOperations } from './file.ts';
import { type Inode } from './inode.ts';

export function makeDevice(major: u32, minor: u32): u32 {
  return (minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12);
}

export function majorOf(device: u32): u32 {
  return (device >>> 8) & 0xfff;
}

export function minorOf(device: u32): u32 {
  return (device & 0xff) | ((device >>> 12) & 0xfff00);
}

/** Major number of file systems that are on no device. */
const ANONYMOUS_MAJOR: u32 = 0;
let lastAnonymous: u32 = 0;

/** A number for a file system that is on no device: its st_dev. */
export function newDevice(): u32 {
  return makeDevice(ANONYMOUS_MAJOR, atomic.fetchAdd(addrOf(lastAnonymous), 1) + 1);
}

/** A range of minor numbers and who serves them. */
class CharDriver {
  major: u32;
  firstMinor: u32;
  count: u32;
  operations: FileOperations;
}

const MAX_DRIVERS: u32 = 32;
const drivers = zeroed<FixedArray<Inline<CharDriver>, 32>>();
let driverCount: u32 = 0;

/** From now on, opening a character device in the range calls `operations.open`, and all else follows from there. */
export function registerCharDevices(major: u32, firstMinor: u32, count: u32, operations: FileOperations): void {
  assert(driverCount < MAX_DRIVERS, 'too many character drivers');
  const driver: CharDriver = drivers[driverCount];
  driver.major = major;
  driver.firstMinor = firstMinor;
  driver.count = count;
  driver.operations = operations;
  driverCount++;
}

/** Who serves block devices, whatever their numbers (block/blockFile.ts). */
let blockDriver: FileOperations | null = null;

/** From now on, opening a block device calls `operations.open`, and all else follows from there. */
export function registerBlockDevices(operations: FileOperations): void {
  blockDriver = operations;
}

/** What device nodes can do until they are opened. */
const charDeviceOperations = zeroed<Inline<FileOperations>>();
const blockDeviceOperations = zeroed<Inline<FileOperations>>();
const unservedOperations = zeroed<Inline<FileOperations>>();

export function initDevices(): void {
  charDeviceOperations.open = openCharDevice;
  blockDeviceOperations.open = openBlockDevice;
  unservedOperations.open = openUnserved;
}

/** FileOperations of a character device's inode. */
export function charOperations(): FileOperations {
  return charDeviceOperations;
}

/** FileOperations of a block device's inode. */
export function blockOperations(): FileOperations {
  return blockDeviceOperations;
}

/** FileOperations of an inode that nobody serves: sockets. */
export function noDriverOperations(): FileOperations {
  return unservedOperations;
}

function openCharDevice(inode: Inode, file: File): i32 {
  return openWith(findDriver(inode.device), inode, file);
}

function openBlockDevice(inode: Inode, file: File): i32 {
  return openWith(blockDriver, inode, file);
}

/** The driver takes the File over. */
function openWith(operations: FileOperations | null, inode: Inode, file: File): i32 {
  if (operations === null) return -ENXIO;
  file.operations = operations;
  const open = operations.open;
  return open === null ? 0 : open(inode, file);
}

function findDriver(device: u32): FileOperations | null {
  for (let i: u32 = 0; i < driverCount; i++) {
    const driver: CharDriver = drivers[i];
    if (driver.major === majorOf(device) && minorOf(device) - driver.firstMinor < driver.count)
      return driver.operations;
  }
  return null;
}

function openUnserved(_inode: Inode, _file: File): i32 {
  return -ENXIO;
}
