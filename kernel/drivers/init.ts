/*
 * Drivers, and their nodes in /dev.
 */

import { AT_FDCWD } from '../abi/fcntl.ts';
import { S_IFBLK, S_IFCHR } from '../abi/stat.ts';
import { initPci } from '../arch/x86/pci.ts';
import { blockDeviceAt, blockDeviceCount } from '../block/blockDevice.ts';
import { initBlockFiles } from '../block/blockFile.ts';
import { formatText } from '../lib/format.ts';
import { printk } from '../lib/printk.ts';
import { makeDevice } from '../fs/device.ts';
import { makeNode, makeSymlink } from '../fs/names.ts';
import {
  FULL_MINOR,
  initMemoryDevices,
  MEMORY_MAJOR,
  NULL_MINOR,
  RANDOM_MINOR,
  URANDOM_MINOR,
  ZERO_MINOR,
} from './memoryDevices.ts';
import { initIde } from './ide/init.ts';
import { initSerial } from './serial16550.ts';
import { initTtys, SERIAL_MINOR, TTY_AUX_MAJOR, TTY_MAJOR } from './ttyFile.ts';

function addNode(path: string, mode: u32, major: u32, minor: u32): void {
  const error = makeNode(AT_FDCWD, bytes(path), S_IFCHR | mode, makeDevice(major, minor));
  if (error !== 0) printk('cannot make %s: error %d\n', path, -error);
}

function addLink(path: string, target: string): void {
  const error = makeSymlink(bytes(target), AT_FDCWD, bytes(path));
  if (error !== 0) printk('cannot make %s: error %d\n', path, -error);
}

/** A node in /dev for each disk and partition. */
function addBlockNodes(): void {
  const path = uninitialized<FixedArray<u8, 16>>();
  for (let i: u32 = 0; i < blockDeviceCount(); i++) {
    const device = blockDeviceAt(i);
    formatText(path, 16, '/dev/%s', u32(device.name));
    const error = makeNode(AT_FDCWD, path, S_IFBLK | 0o660, device.device);
    if (error !== 0) printk('cannot make %s: error %d\n', u32(path), -error);
  }
}

/** Starts all drivers. After initFs, as /dev must be mounted. */
export function initDrivers(): void {
  initMemoryDevices();
  initTtys();
  initSerial();
  initPci();
  initBlockFiles();
  initIde();
  addNode('/dev/null', 0o666, MEMORY_MAJOR, NULL_MINOR);
  addNode('/dev/zero', 0o666, MEMORY_MAJOR, ZERO_MINOR);
  addNode('/dev/full', 0o666, MEMORY_MAJOR, FULL_MINOR);
  addNode('/dev/random', 0o666, MEMORY_MAJOR, RANDOM_MINOR);
  addNode('/dev/urandom', 0o666, MEMORY_MAJOR, URANDOM_MINOR);
  addNode('/dev/tty', 0o666, TTY_AUX_MAJOR, 0);
  addNode('/dev/console', 0o600, TTY_AUX_MAJOR, 1);
  addNode('/dev/ttyS0', 0o660, TTY_MAJOR, SERIAL_MINOR);
  addNode('/dev/ttyS1', 0o660, TTY_MAJOR, SERIAL_MINOR + 1);
  addLink('/dev/fd', '/proc/self/fd');
  addLink('/dev/stdin', '/proc/self/fd/0');
  addLink('/dev/stdout', '/proc/self/fd/1');
  addLink('/dev/stderr', '/proc/self/fd/2');
  addBlockNodes();
}
