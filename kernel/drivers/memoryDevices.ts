/*
 * Devices with nothing behind them: /dev/null, zero, full, random, urandom (major 1).
 */

import { EFAULT, ENOSPC, ENXIO } from '../abi/errno.ts';
import { minorOf, registerCharDevices } from '../fs/device.ts';
import { type FileOperations, type File } from '../fs/file.ts';
import { noSync } from '../fs/genericFile.ts';
import { type Inode } from '../fs/inode.ts';
import { type Transfer } from '../fs/transfer.ts';
import { shareRegion } from '../mm/sharedMemory.ts';
import { VM_SHARED, type Vma } from '../mm/types.ts';
import { fillRandom } from '../proc/random.ts';

export const MEMORY_MAJOR: u32 = 1;
export const NULL_MINOR: u32 = 3;
export const ZERO_MINOR: u32 = 5;
export const FULL_MINOR: u32 = 7;
export const RANDOM_MINOR: u32 = 8;
export const URANDOM_MINOR: u32 = 9;

/** Random bytes are made so many at a time. */
const CHUNK: u32 = 64;

const dispatch = zeroed<Inline<FileOperations>>();
const nullOperations = zeroed<Inline<FileOperations>>();
const zeroOperations = zeroed<Inline<FileOperations>>();
const fullOperations = zeroed<Inline<FileOperations>>();
const randomOperations = zeroed<Inline<FileOperations>>();

export function initMemoryDevices(): void {
  dispatch.open = openMemory;
  nullOperations.read = readNothing;
  zeroOperations.read = readZeroes;
  fullOperations.read = readZeroes;
  randomOperations.read = readRandom;
  nullOperations.write = writeAway;
  zeroOperations.write = writeAway;
  fullOperations.write = writeFull;
  randomOperations.write = writeAway;
  nullOperations.seek = seekNowhere;
  zeroOperations.seek = seekNowhere;
  fullOperations.seek = seekNowhere;
  randomOperations.seek = seekNowhere;
  randomOperations.fsync = noSync;
  zeroOperations.mmap = mapZeroes;
  registerCharDevices(MEMORY_MAJOR, 0, 16, dispatch);
}

/** One major number, several devices: the minor says whose functions the file gets. */
function openMemory(inode: Inode, file: File): i32 {
  switch (minorOf(inode.device)) {
    case NULL_MINOR:
      file.operations = nullOperations;
      return 0;
    case ZERO_MINOR:
      file.operations = zeroOperations;
      return 0;
    case FULL_MINOR:
      file.operations = fullOperations;
      return 0;
    case RANDOM_MINOR:
    case URANDOM_MINOR:
      file.operations = randomOperations;
      return 0;
    default:
      return -ENXIO;
  }
}

/** A mapping of /dev/zero is anonymous memory: a private one as it is, a shared one with an object of its own. */
function mapZeroes(_file: File, region: Vma): i32 {
  return (region.vmFlags & VM_SHARED) === 0 ? 0 : shareRegion(region);
}

function readNothing(_file: File, _transfer: Transfer, _position: Ptr<i64>): i32 {
  return 0;
}

function readZeroes(_file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  const wanted = transfer.remaining;
  const done = transfer.zeroOut(wanted);
  return done === 0 && wanted > 0 ? -EFAULT : i32(done);
}

function readRandom(_file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  const chunk = uninitialized<FixedArray<u8, 64>>();
  let done: u32 = 0;
  while (transfer.remaining > 0) {
    const count = transfer.remaining < CHUNK ? transfer.remaining : CHUNK;
    fillRandom(chunk, count);
    const moved = transfer.copyOut(chunk, count);
    done += moved;
    if (moved < count) return done > 0 ? i32(done) : -EFAULT;
  }
  return i32(done);
}

/** Takes everything, and does not even look. */
function writeAway(_file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  return i32(transfer.remaining);
}

function writeFull(_file: File, _transfer: Transfer, _position: Ptr<i64>): i32 {
  return -ENOSPC;
}

/** Every position is as good as the first. */
function seekNowhere(file: File, _offset: i64, _whence: u32, result: Ptr<i64>): i32 {
  file.position = 0n;
  result[0] = 0n;
  return 0;
}
