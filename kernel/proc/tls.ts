/*
 * Thread-local storage: three segments of the GDT that belong to the running thread.
 *
 * A C library asks for one with set_thread_area, gets a selector, and loads it in GS. The descriptors live in the task
 * and are copied to the CPU's GDT when the task is switched to (scheduler.ts). Only data segments can be had, so a
 * program cannot make itself a door into the kernel.
 *
 * @source SDM vol. 3A, 3.4.5 (segment descriptors); Linux's set_thread_area(2).
 */

import { EFAULT, EINVAL, ESRCH } from '../abi/errno.ts';
import {
  GDT_ENTRY_TLS_MAX,
  GDT_ENTRY_TLS_MIN,
  USER_DESC_CONTENTS,
  USER_DESC_LIMIT_IN_PAGES,
  USER_DESC_READ_EXEC_ONLY,
  USER_DESC_SEG_32BIT,
  USER_DESC_SEG_NOT_PRESENT,
  USER_DESC_USEABLE,
  type UserDesc,
} from '../abi/ldt.ts';
import { current } from '../arch/x86/cpu.ts';
import { loadTls, segmentDescriptor } from '../arch/x86/gdt.ts';
import { irqRestore, irqSave } from '../arch/x86/irqFlags.ts';
import { USER_CS, USER_DS } from '../arch/x86/segments.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { type Task } from './task.ts';

/** "Choose an entry for me." */
const ANY_ENTRY: u32 = 0xffffffff;
/** Access byte: present, ring 3, data. */
const ACCESS_DATA: u32 = 0xf0;
const ACCESS_ACCESSED: u32 = 0x01;
const ACCESS_WRITABLE: u32 = 0x02;
const ACCESS_GROWS_DOWN: u32 = 0x04;
const ACCESS_PRESENT: u32 = 0x80;
// The four flags above the limit.
const FLAG_AVAILABLE: u32 = 1;
const FLAG_32BIT: u32 = 4;
const FLAG_PAGES: u32 = 8;

/** Linux takes this for "clear the entry": all zero but "read only" and "not present". Entirely zero means the same. */
function isEmpty(desc: UserDesc): boolean {
  const cleared = USER_DESC_READ_EXEC_ONLY | USER_DESC_SEG_NOT_PRESENT;
  const flags = desc.flags & 0x7f;
  return desc.base_addr === 0 && desc.limit === 0 && (flags === cleared || flags === 0);
}

/** Only 32-bit data segments, present or not. */
function isAllowed(desc: UserDesc): boolean {
  if (isEmpty(desc)) return true;
  if ((desc.flags & USER_DESC_SEG_32BIT) === 0) return false;
  return (desc.flags & USER_DESC_CONTENTS) <= 2;
}

function toDescriptor(desc: UserDesc): u64 {
  if (isEmpty(desc)) return 0n;
  let access = ACCESS_DATA | ACCESS_ACCESSED;
  if ((desc.flags & USER_DESC_READ_EXEC_ONLY) === 0) access |= ACCESS_WRITABLE;
  if ((desc.flags & USER_DESC_CONTENTS) === 2) access |= ACCESS_GROWS_DOWN;
  if ((desc.flags & USER_DESC_SEG_NOT_PRESENT) !== 0) access &= ~ACCESS_PRESENT;
  let flags: u32 = FLAG_32BIT;
  if ((desc.flags & USER_DESC_LIMIT_IN_PAGES) !== 0) flags |= FLAG_PAGES;
  if ((desc.flags & USER_DESC_USEABLE) !== 0) flags |= FLAG_AVAILABLE;
  return segmentDescriptor(desc.base_addr, desc.limit & 0xfffff, access, flags);
}

function fromDescriptor(desc: UserDesc, descriptor: u64): void {
  const low = u32(descriptor);
  const high = u32(descriptor >> 32n);
  desc.base_addr = (low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000);
  desc.limit = (low & 0xffff) | (high & 0xf0000);
  const access = (high >>> 8) & 0xff;
  const flags = (high >>> 20) & 0xf;
  let result: u32 = 0;
  if ((flags & FLAG_32BIT) !== 0) result |= USER_DESC_SEG_32BIT;
  if ((access & ACCESS_GROWS_DOWN) !== 0) result |= 2;
  if ((access & ACCESS_WRITABLE) === 0) result |= USER_DESC_READ_EXEC_ONLY;
  if ((flags & FLAG_PAGES) !== 0) result |= USER_DESC_LIMIT_IN_PAGES;
  if ((access & ACCESS_PRESENT) === 0) result |= USER_DESC_SEG_NOT_PRESENT;
  if ((flags & FLAG_AVAILABLE) !== 0) result |= USER_DESC_USEABLE;
  desc.flags = result;
}

/** The first entry of `task` that is not in use; -ESRCH if all are. */
function freeEntry(task: Task): i32 {
  for (let i: u32 = 0; i <= u32(GDT_ENTRY_TLS_MAX - GDT_ENTRY_TLS_MIN); i++) {
    if (task.tls[i] === 0n) return i32(i) + GDT_ENTRY_TLS_MIN;
  }
  return -ESRCH;
}

/**
 * Sets an entry of `task`, which is the current one or not yet running, from the user's record at `address`. With
 * `choose`, an entry number of -1 is replaced by a free one, and the record is told.
 *
 * @returns 0, -EFAULT, -EINVAL (not such a segment, not such an entry), -ESRCH (no entry is free)
 */
export function setThreadArea(task: Task, address: u32, choose: boolean): i32 {
  const desc = zeroed<Inline<UserDesc>>();
  if (copyFromUser(ptr<u8>(desc), address, sizeof<UserDesc>()) < 0) return -EFAULT;
  if (!isAllowed(desc)) return -EINVAL;
  if (desc.entry_number === ANY_ENTRY && choose) {
    const entry = freeEntry(task);
    if (entry < 0) return entry;
    desc.entry_number = u32(entry);
    if (copyToUser(address, ptr<u8>(desc), sizeof<u32>()) < 0) return -EFAULT;
  }
  if (desc.entry_number < GDT_ENTRY_TLS_MIN || desc.entry_number > GDT_ENTRY_TLS_MAX) return -EINVAL;
  const flags = irqSave(); // on one CPU from the store to the load
  task.tls[desc.entry_number - GDT_ENTRY_TLS_MIN] = toDescriptor(desc);
  if (task === current()) loadTls(task.tls);
  irqRestore(flags);
  return 0;
}

/** set_thread_area(desc). */
export function sysSetThreadArea(address: u32): i32 {
  return setThreadArea(current(), address, true);
}

/** get_thread_area(desc): the entry that the record names. */
export function sysGetThreadArea(address: u32): i32 {
  const desc = zeroed<Inline<UserDesc>>();
  if (copyFromUser(ptr<u8>(desc), address, sizeof<UserDesc>()) < 0) return -EFAULT;
  const entry = desc.entry_number;
  if (entry < GDT_ENTRY_TLS_MIN || entry > GDT_ENTRY_TLS_MAX) return -EINVAL;
  fromDescriptor(desc, current().tls[entry - GDT_ENTRY_TLS_MIN]);
  return copyToUser(address, ptr<u8>(desc), sizeof<UserDesc>());
}

/** A selector that user code may have in DS, ES, FS or GS, forced to ring 3: `selector`, or 0 if loading it would fault. */
export function usableSelector(task: Task, selector: u32): u32 {
  const index = (selector & 0xffff) >>> 3;
  const forced = (index << 3) | 3;
  if ((selector & 4) !== 0 || index === 0) return 0;
  if (forced === USER_CS || forced === USER_DS) return forced;
  if (index < GDT_ENTRY_TLS_MIN || index > GDT_ENTRY_TLS_MAX) return 0;
  const high = u32(task.tls[index - GDT_ENTRY_TLS_MIN] >> 32n);
  return ((high >>> 8) & ACCESS_PRESENT) !== 0 ? forced : 0;
}
