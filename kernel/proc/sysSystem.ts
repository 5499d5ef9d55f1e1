/*
 * System calls about the system as a whole: its name, its memory.
 *
 * @source uname(2), sysinfo(2).
 */

import { EFAULT, EINVAL, EPERM } from '../abi/errno.ts';
import { type Sysinfo } from '../abi/sysinfo.ts';
import { OLD_STRINGS, OLDEST_LENGTH, UTS_LENGTH, type Utsname } from '../abi/utsname.ts';
import { monotonicNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { freePageCount, totalPageCount } from '../mm/buddy.ts';
import { freeSwapSlots, totalSwapSlots } from '../mm/swapArea.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { loadAverage } from './loadAverage.ts';
import { lockTasks, numberOfTasks } from './taskList.ts';

/** The class of the host name's lock. */
export class HostNameLock {
  declare readonly lock: 'hostName';
}

const nameLock = zeroed<Inline<Spinlock<HostNameLock>>>();
const hostName = zeroed<FixedArray<u8, 65>>(); // under nameLock
const domainName = zeroed<FixedArray<u8, 65>>(); // under nameLock

/** What /proc/version and uname tell. */
export const RELEASE = '6.1.0-pagewright';
export const VERSION = '#1 SMP';

function setText(target: Ptr<u8>, text: Ptr<u8>): void {
  for (let i: u32 = 0; i < UTS_LENGTH - 1; i++) {
    target[i] = text[i];
    if (text[i] === 0) return;
  }
}

/** Names the machine before anybody asks. */
export function initNames(): void {
  nameLock.init('hostName');
  setText(hostName, bytes('pagewright'));
  setText(domainName, bytes('(none)'));
}

// ---------------------------------------------------------------------------------------------------------------------
// Names.

/** uname(record). */
export function sysUname(address: u32): i32 {
  const record = zeroed<Inline<Utsname>>();
  fillNames(record);
  return copyToUser(address, ptr<u8>(record), sizeof<Utsname>());
}

/** olduname(record): without the last string. */
export function sysOldUname(address: u32): i32 {
  const record = zeroed<Inline<Utsname>>();
  fillNames(record);
  return copyToUser(address, ptr<u8>(record), OLD_STRINGS * UTS_LENGTH);
}

/** oldolduname(record): strings of 8 bytes and a zero. */
export function sysOldOldUname(address: u32): i32 {
  const record = zeroed<Inline<Utsname>>();
  const short = zeroed<FixedArray<u8, 45>>();
  fillNames(record);
  for (let i: u32 = 0; i < OLD_STRINGS; i++) {
    const from = ptr<u8>(record).add(i * UTS_LENGTH);
    for (let k: u32 = 0; k < OLDEST_LENGTH - 1; k++) short[i * OLDEST_LENGTH + k] = from[k];
  }
  return copyToUser(address, short, OLD_STRINGS * OLDEST_LENGTH);
}

function fillNames(record: Utsname): void {
  setText(record.sysname, bytes('Linux')); // the ABI; programs look
  setText(record.release, bytes(RELEASE));
  setText(record.version, bytes(VERSION));
  setText(record.machine, bytes('i686'));
  {
    using _held = nameLock.acquireIrqSave();
    setText(record.nodename, hostName);
    setText(record.domainname, domainName);
  }
}

function changeName(name: Ptr<u8>, address: u32, length: u32): i32 {
  if (current().credentials.euid !== 0) return -EPERM;
  if (length > UTS_LENGTH - 1) return -EINVAL;
  const copy = zeroed<FixedArray<u8, 65>>();
  if (copyFromUser(copy, address, length) < 0) return -EFAULT;
  using _held = nameLock.acquireIrqSave();
  copyBytes(name, copy, UTS_LENGTH);
  return 0;
}

/** sethostname(name, length). */
export function sysSethostname(address: u32, length: u32): i32 {
  return changeName(hostName, address, length);
}

/** setdomainname(name, length). */
export function sysSetdomainname(address: u32, length: u32): i32 {
  return changeName(domainName, address, length);
}

/** sysinfo(record). */
export function sysSysinfo(address: u32): i32 {
  const record = zeroed<Inline<Sysinfo>>();
  record.uptime = i32(monotonicNs() / 1000000000n);
  for (let i: u32 = 0; i < 3; i++) record.loads[i] = loadAverage(i);
  record.totalram = totalPageCount() * PAGE_SIZE;
  record.freeram = freePageCount() * PAGE_SIZE;
  record.totalswap = totalSwapSlots() * PAGE_SIZE;
  record.freeswap = freeSwapSlots() * PAGE_SIZE;
  record.mem_unit = 1;
  {
    using tasks = lockTasks();
    record.procs = u16(numberOfTasks(tasks));
  }
  return copyToUser(address, ptr<u8>(record), sizeof<Sysinfo>());
}
