/*
 * System calls: swapon, swapoff. And what /proc/swaps shows.
 *
 * An area is made ready in full before it is given a place in the table, so that the stealer either does not see it or
 * can use it. swapoff goes the other way: no new slots, then every page comes back (swapOff.ts), then the area goes.
 *
 * The header is the one that util-linux's mkswap writes, version 1:
 *
 *   1024  version: 1    1028  last slot     1032  number of bad pages    1536  their numbers
 *   4086  "SWAPSPACE2"
 *
 * Locking. (A) swapAreasMutex: one swapon or swapoff at a time. (W) as in swapArea.ts.
 *
 * @source swapon(2), mkswap(8)
 */

import { EBUSY, EINVAL, ENOMEM, EPERM } from '../abi/errno.ts';
import { O_LARGEFILE, O_RDWR } from '../abi/fcntl.ts';
import { S_IFBLK, S_IFMT } from '../abi/stat.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { BioKind, PAGE_SECTORS } from '../block/bio.ts';
import { type BlockDevice, findBlockDevice, transferSectors } from '../block/blockDevice.ts';
import { type File, putFile } from '../fs/file.ts';
import { openFile } from '../fs/open.ts';
import { copyPath } from '../fs/userPath.ts';
import { printk } from '../lib/printk.ts';
import { type Mutex } from '../sync/mutex.ts';
import { allocPages, putPage } from './buddy.ts';
import { pageAddress, pageToPhys } from './page.ts';
import { kfree, kmalloc } from './slab.ts';
import {
  beginEmptying,
  disableArea,
  enableArea,
  endEmptying,
  lockSwap,
  MAX_SWAP_AREAS,
  MAX_SWAP_SLOTS,
  SWAP_MAP_BAD,
  SWAP_USED,
  type SwapArea,
  swapArea,
} from './swapArea.ts';
import { unuseArea } from './swapOff.ts';

/** The class of swapAreasMutex. */
export class SwapAreasMutex {
  declare readonly lock: 'swapAreas';
}

// Flags of swapon(2).
const SWAP_FLAG_PREFER: u32 = 0x8000;
const SWAP_FLAG_PRIO_MASK: u32 = 0x7fff;
const SWAP_FLAGS_VALID: u32 = 0x7ffff;

const MAX_BAD_PAGES: u32 = 637;
const VERSION: u32 = 1;

/** The first page of an area. @packed */
class SwapHeader {
  bootBits: FixedArray<u8, 1024>;
  version: u32;
  lastSlot: u32;
  badCount: u32;
  uuid: FixedArray<u8, 16>;
  label: FixedArray<u8, 16>;
  padding: FixedArray<u32, 117>;
  badPages: FixedArray<u32, 637>;
  reserved: u16;
  magic: FixedArray<u8, 10>;
}
staticAssert(sizeof<SwapHeader>() === PAGE_SIZE, 'the header is a page');

const swapAreasMutex = zeroed<Inline<Mutex<SwapAreasMutex>>>();
/** Priority of the next area that does not ask for one: each lower than the one before. */
let nextPriority: i32 = -2; // (A)

export function initSysSwap(): void {
  swapAreasMutex.init('swapAreas');
}

/** swapon(path, flags). */
export function sysSwapon(path: u32, flags: u32): i32 {
  if ((flags & ~SWAP_FLAGS_VALID) !== 0) return -EINVAL;
  if (current().credentials.euid !== 0) return -EPERM;
  let file = as<File>(0);
  const error = openUserFile(path, addrOf(file));
  if (error !== 0) return error;
  using _held = swapAreasMutex.lock();
  const result = addArea(file, flags);
  if (result !== 0) putFile(file);
  return result;
}

/** Opens what a program's path names. */
function openUserFile(path: u32, result: Ptr<File>): i32 {
  let name = ptr<u8>(0);
  let error = copyPath(path, addrOf(name));
  if (error !== 0) return error;
  error = openFile(name, O_RDWR | O_LARGEFILE, 0, result);
  kfree(name);
  return error;
}

/** The device that an open file is; null: it is none. */
function deviceOf(file: File): BlockDevice | null {
  return (file.inode.mode & S_IFMT) === S_IFBLK ? findBlockDevice(file.inode.device) : null;
}

/** The area on a device, or MAX_SWAP_AREAS: there is none. With (A). */
function areaOn(device: BlockDevice): u32 {
  let i: u32 = 0;
  while (i < MAX_SWAP_AREAS && !((swapArea(i).flags & SWAP_USED) !== 0 && swapArea(i).device === device)) i++;
  return i;
}

/** The first place in the table that is free, or MAX_SWAP_AREAS. With (A). */
function freePlace(): u32 {
  let i: u32 = 0;
  while (i < MAX_SWAP_AREAS && (swapArea(i).flags & SWAP_USED) !== 0) i++;
  return i;
}

// ---------------------------------------------------------------------------------------------------------------------
// swapon.

/** Makes an area of an open device. The file's reference becomes the area's. 0 or -errno. With (A). */
function addArea(file: File, flags: u32): i32 {
  const device = deviceOf(file);
  if (device === null) return -EINVAL; // a file on a file system in memory cannot relieve memory
  if (areaOn(device) !== MAX_SWAP_AREAS) return -EBUSY;
  const place = freePlace();
  if (place === MAX_SWAP_AREAS) return -EPERM;
  const page = allocPages(0);
  if (page === null) return -ENOMEM;
  let error = transferSectors(device, BioKind.Read, 0, PAGE_SECTORS, pageToPhys(page));
  const area = swapArea(place);
  if (error === 0) error = prepareArea(area, device, as<SwapHeader>(u32(pageAddress(page))));
  putPage(page);
  if (error !== 0) return error;
  area.file = file;
  area.device = device;
  area.priority = (flags & SWAP_FLAG_PREFER) !== 0 ? i32(flags & SWAP_FLAG_PRIO_MASK) : nextPriority--;
  using held = lockSwap();
  area.flags = SWAP_USED;
  enableArea(area, held);
  return 0;
}

/** Reads the header; makes the map. 0, -EINVAL (with a message that says what is wrong), -ENOMEM. */
function prepareArea(area: SwapArea, device: BlockDevice, header: SwapHeader): i32 {
  if (!hasMagic(header)) return complain(device, 'no swap signature: run mkswap on it');
  if (header.version !== VERSION) return complain(device, 'a version of swap header that is not known');
  const slots = header.lastSlot + 1;
  const room = device.sectors / PAGE_SECTORS;
  if (slots > room) return complain(device, 'the swap header claims more than the device has');
  if (header.lastSlot === 0 || header.badCount > MAX_BAD_PAGES)
    return complain(device, 'a swap header that makes no sense');
  area.slots = slots < MAX_SWAP_SLOTS ? slots : MAX_SWAP_SLOTS;
  const map = kmalloc(area.slots * 2);
  if (map === null) return -ENOMEM;
  fillBytes(map, 0, area.slots * 2);
  area.swapMap = ptr<u16>(map);
  area.swapMap[0] = SWAP_MAP_BAD;
  area.usable = area.slots - 1;
  area.inUse = 0;
  area.nextSlot = 1;
  area.clusterLeft = 0;
  for (let i: u32 = 0; i < header.badCount; i++) {
    const bad = header.badPages[i];
    if (bad === 0 || bad >= area.slots || area.swapMap[bad] !== 0) {
      kfree(map);
      return complain(device, 'a swap header with a bad list of bad pages');
    }
    area.swapMap[bad] = SWAP_MAP_BAD;
    area.usable--;
  }
  if (area.usable !== 0) return 0;
  kfree(map);
  return complain(device, 'a swap area without good pages');
}

function hasMagic(header: SwapHeader): boolean {
  const magic = bytes('SWAPSPACE2');
  for (let i: u32 = 0; i < 10; i++) if (header.magic[i] !== magic[i]) return false;
  return true;
}

function complain(device: BlockDevice, what: string): i32 {
  printk('swapon: %s: %s\n', u32(device.name), what);
  return -EINVAL;
}

// ---------------------------------------------------------------------------------------------------------------------
// swapoff.

/** swapoff(path). */
export function sysSwapoff(path: u32): i32 {
  if (current().credentials.euid !== 0) return -EPERM;
  let file = as<File>(0);
  let error = openUserFile(path, addrOf(file));
  if (error !== 0) return error;
  {
    using _held = swapAreasMutex.lock();
    const device = deviceOf(file);
    const place = device === null ? MAX_SWAP_AREAS : areaOn(device);
    error = place === MAX_SWAP_AREAS ? -EINVAL : removeArea(place);
  }
  putFile(file);
  return error;
}

/** Brings all pages of an area back and gives it up. 0; -ENOMEM or -EINTR, and the area is as it was. With (A). */
function removeArea(place: u32): i32 {
  const area = swapArea(place);
  {
    using held = lockSwap();
    disableArea(area, held);
  }
  beginEmptying();
  const error = unuseArea(place);
  endEmptying();
  if (error !== 0) {
    using held = lockSwap();
    enableArea(area, held);
    return error;
  }
  const map = area.swapMap;
  const file = area.file;
  {
    using _held = lockSwap();
    area.flags = 0;
  }
  kfree(map);
  putFile(file);
  return 0;
}
