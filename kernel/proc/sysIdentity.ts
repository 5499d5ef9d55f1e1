/*
 * System calls about who a process acts for: user and group ids.
 *
 * Three of each: the real id says who started the program, the effective one what it may do now, the saved one what it
 * may go back to. A fourth follows the effective one, for file permissions. The superuser (effective uid 0) may set
 * anything, others may choose among the ids that they have.
 *
 * The old calls have 16-bit ids. Their "no change" is 0xFFFF, and ids that do not fit are shown as OVERFLOW_ID.
 *
 * @source setuid(2), setreuid(2), setresuid(2), setgroups(2), setfsuid(2); POSIX.1.
 */

import { EFAULT, EINVAL, EPERM } from '../abi/errno.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser, putUser32 } from '../arch/x86/userCopy.ts';
import { type Credentials } from './task.ts';

/** "Leave it as it is." */
const KEEP: u32 = 0xffffffff;
const OVERFLOW_ID: u32 = 65534;
const MAX_GROUPS: u32 = 32;

function narrow(id: u32): u32 {
  return id > 0xffff ? OVERFLOW_ID : id;
}

function widen(id: u32): u32 {
  const low = id & 0xffff;
  return low === 0xffff ? KEEP : low;
}

// ---------------------------------------------------------------------------------------------------------------------
// Asking.

export function sysGetuid(): i32 {
  return i32(current().credentials.uid);
}

export function sysGeteuid(): i32 {
  return i32(current().credentials.euid);
}

export function sysGetgid(): i32 {
  return i32(current().credentials.gid);
}

export function sysGetegid(): i32 {
  return i32(current().credentials.egid);
}

export function sysGetuid16(): i32 {
  return i32(narrow(current().credentials.uid));
}

export function sysGeteuid16(): i32 {
  return i32(narrow(current().credentials.euid));
}

export function sysGetgid16(): i32 {
  return i32(narrow(current().credentials.gid));
}

export function sysGetegid16(): i32 {
  return i32(narrow(current().credentials.egid));
}

function putThree(a: u32, first: u32, b: u32, second: u32, c: u32, third: u32): i32 {
  if (putUser32(a, first) < 0 || putUser32(b, second) < 0 || putUser32(c, third) < 0) return -EFAULT;
  return 0;
}

/** getresuid32(real, effective, saved). */
export function sysGetresuid(real: u32, effective: u32, saved: u32): i32 {
  const mine = current().credentials;
  return putThree(real, mine.uid, effective, mine.euid, saved, mine.suid);
}

/** getresgid32(real, effective, saved). */
export function sysGetresgid(real: u32, effective: u32, saved: u32): i32 {
  const mine = current().credentials;
  return putThree(real, mine.gid, effective, mine.egid, saved, mine.sgid);
}

// ---------------------------------------------------------------------------------------------------------------------
// User ids.

function isOwnUid(mine: Credentials, uid: u32): boolean {
  return uid === mine.uid || uid === mine.euid || uid === mine.suid;
}

/** Who acts for somebody else from now on may know secrets of before: nobody of the new rights may look into it. */
function noteChange(isChanged: boolean): void {
  if (!isChanged) return;
  current().process.isUndumpable = true;
  current().parentDeathSignal = 0;
}

/** Stores the three ids (KEEP: no change); who asked has been checked. */
function storeUids(mine: Credentials, uid: u32, euid: u32, suid: u32): void {
  const before = mine.euid;
  if (uid !== KEEP) mine.uid = uid;
  if (euid !== KEEP) mine.euid = euid;
  if (suid !== KEEP) mine.suid = suid;
  noteChange(mine.euid !== before || mine.fsuid !== mine.euid);
  mine.fsuid = mine.euid;
  current().process.uid = mine.uid;
}

/** setuid32(uid). */
export function sysSetuid(uid: u32): i32 {
  const mine = current().credentials;
  if (uid === KEEP) return -EINVAL;
  if (mine.euid === 0) {
    storeUids(mine, uid, uid, uid);
    return 0;
  }
  if (uid !== mine.uid && uid !== mine.suid) return -EPERM;
  storeUids(mine, KEEP, uid, KEEP);
  return 0;
}

/** setreuid32(real, effective): the saved id follows when the real one is set, or the effective one differs from it. */
export function sysSetreuid(uid: u32, euid: u32): i32 {
  const mine = current().credentials;
  const isPrivileged = mine.euid === 0;
  if (!isPrivileged && uid !== KEEP && uid !== mine.uid && uid !== mine.euid) return -EPERM;
  if (!isPrivileged && euid !== KEEP && !isOwnUid(mine, euid)) return -EPERM;
  const follows = uid !== KEEP || (euid !== KEEP && euid !== mine.uid);
  storeUids(mine, uid, euid, KEEP);
  if (follows) mine.suid = mine.euid;
  return 0;
}

/** setresuid32(real, effective, saved). */
export function sysSetresuid(uid: u32, euid: u32, suid: u32): i32 {
  const mine = current().credentials;
  if (mine.euid !== 0) {
    if (uid !== KEEP && !isOwnUid(mine, uid)) return -EPERM;
    if (euid !== KEEP && !isOwnUid(mine, euid)) return -EPERM;
    if (suid !== KEEP && !isOwnUid(mine, suid)) return -EPERM;
  }
  storeUids(mine, uid, euid, suid);
  return 0;
}

/** setfsuid32(uid): returns the old one, whether or not it changed. */
export function sysSetfsuid(uid: u32): i32 {
  const mine = current().credentials;
  const old = mine.fsuid;
  if (uid !== KEEP && (mine.euid === 0 || uid === old || isOwnUid(mine, uid))) {
    mine.fsuid = uid;
    noteChange(uid !== old);
  }
  return i32(old);
}

// ---------------------------------------------------------------------------------------------------------------------
// Group ids: the same again.

function isOwnGid(mine: Credentials, gid: u32): boolean {
  return gid === mine.gid || gid === mine.egid || gid === mine.sgid;
}

function storeGids(mine: Credentials, gid: u32, egid: u32, sgid: u32): void {
  const before = mine.egid;
  if (gid !== KEEP) mine.gid = gid;
  if (egid !== KEEP) mine.egid = egid;
  if (sgid !== KEEP) mine.sgid = sgid;
  noteChange(mine.egid !== before || mine.fsgid !== mine.egid);
  mine.fsgid = mine.egid;
}

/** setgid32(gid). */
export function sysSetgid(gid: u32): i32 {
  const mine = current().credentials;
  if (gid === KEEP) return -EINVAL;
  if (mine.euid === 0) {
    storeGids(mine, gid, gid, gid);
    return 0;
  }
  if (gid !== mine.gid && gid !== mine.sgid) return -EPERM;
  storeGids(mine, KEEP, gid, KEEP);
  return 0;
}

/** setregid32(real, effective). */
export function sysSetregid(gid: u32, egid: u32): i32 {
  const mine = current().credentials;
  const isPrivileged = mine.euid === 0;
  if (!isPrivileged && gid !== KEEP && gid !== mine.gid && gid !== mine.egid) return -EPERM;
  if (!isPrivileged && egid !== KEEP && !isOwnGid(mine, egid)) return -EPERM;
  const follows = gid !== KEEP || (egid !== KEEP && egid !== mine.gid);
  storeGids(mine, gid, egid, KEEP);
  if (follows) mine.sgid = mine.egid;
  return 0;
}

/** setresgid32(real, effective, saved). */
export function sysSetresgid(gid: u32, egid: u32, sgid: u32): i32 {
  const mine = current().credentials;
  if (mine.euid !== 0) {
    if (gid !== KEEP && !isOwnGid(mine, gid)) return -EPERM;
    if (egid !== KEEP && !isOwnGid(mine, egid)) return -EPERM;
    if (sgid !== KEEP && !isOwnGid(mine, sgid)) return -EPERM;
  }
  storeGids(mine, gid, egid, sgid);
  return 0;
}

/** setfsgid32(gid): returns the old one. */
export function sysSetfsgid(gid: u32): i32 {
  const mine = current().credentials;
  const old = mine.fsgid;
  if (gid !== KEEP && (mine.euid === 0 || gid === old || isOwnGid(mine, gid))) {
    mine.fsgid = gid;
    noteChange(gid !== old);
  }
  return i32(old);
}

/** getgroups32(size, list): with size 0, only how many. */
export function sysGetgroups(size: u32, list: u32): i32 {
  const mine = current().credentials;
  if (i32(size) < 0) return -EINVAL;
  if (size === 0) return i32(mine.groupCount);
  if (size < mine.groupCount) return -EINVAL;
  if (copyToUser(list, ptr<u8>(mine.groups), mine.groupCount * 4) < 0) return -EFAULT;
  return i32(mine.groupCount);
}

/** setgroups32(size, list): the superuser's. */
export function sysSetgroups(size: u32, list: u32): i32 {
  const mine = current().credentials;
  if (mine.euid !== 0) return -EPERM;
  if (size > MAX_GROUPS) return -EINVAL;
  const groups = zeroed<FixedArray<u32, 32>>();
  if (copyFromUser(ptr<u8>(groups), list, size * 4) < 0) return -EFAULT;
  for (let i: u32 = 0; i < size; i++) mine.groups[i] = groups[i];
  mine.groupCount = size;
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// The 16-bit calls.

export function sysSetfsuid16(uid: u32): i32 {
  return sysSetfsuid(widen(uid));
}

export function sysSetfsgid16(gid: u32): i32 {
  return sysSetfsgid(widen(gid));
}

function putThreeShort(a: u32, first: u32, b: u32, second: u32, c: u32, third: u32): i32 {
  const ids = zeroed<FixedArray<u16, 3>>();
  ids[0] = u16(narrow(first));
  ids[1] = u16(narrow(second));
  ids[2] = u16(narrow(third));
  const bytesOf = ptr<u8>(ids);
  if (copyToUser(a, bytesOf, 2) < 0 || copyToUser(b, bytesOf.add(2), 2) < 0) return -EFAULT;
  return copyToUser(c, bytesOf.add(4), 2) < 0 ? -EFAULT : 0;
}

export function sysGetresuid16(real: u32, effective: u32, saved: u32): i32 {
  const mine = current().credentials;
  return putThreeShort(real, mine.uid, effective, mine.euid, saved, mine.suid);
}

export function sysGetresgid16(real: u32, effective: u32, saved: u32): i32 {
  const mine = current().credentials;
  return putThreeShort(real, mine.gid, effective, mine.egid, saved, mine.sgid);
}

export function sysGetgroups16(size: u32, list: u32): i32 {
  const mine = current().credentials;
  if (i32(size) < 0) return -EINVAL;
  if (size === 0) return i32(mine.groupCount);
  if (size < mine.groupCount) return -EINVAL;
  const short = zeroed<FixedArray<u16, 32>>();
  for (let i: u32 = 0; i < mine.groupCount; i++) short[i] = u16(narrow(mine.groups[i]));
  if (copyToUser(list, ptr<u8>(short), mine.groupCount * 2) < 0) return -EFAULT;
  return i32(mine.groupCount);
}

export function sysSetgroups16(size: u32, list: u32): i32 {
  const mine = current().credentials;
  if (mine.euid !== 0) return -EPERM;
  if (size > MAX_GROUPS) return -EINVAL;
  const short = zeroed<FixedArray<u16, 32>>();
  if (copyFromUser(ptr<u8>(short), list, size * 2) < 0) return -EFAULT;
  for (let i: u32 = 0; i < size; i++) mine.groups[i] = widen(u32(short[i]));
  mine.groupCount = size;
  return 0;
}

export function sysSetuid16(uid: u32): i32 {
  return sysSetuid(widen(uid));
}

export function sysSetgid16(gid: u32): i32 {
  return sysSetgid(widen(gid));
}

export function sysSetreuid16(uid: u32, euid: u32): i32 {
  return sysSetreuid(widen(uid), widen(euid));
}

export function sysSetregid16(gid: u32, egid: u32): i32 {
  return sysSetregid(widen(gid), widen(egid));
}

export function sysSetresuid16(uid: u32, euid: u32, suid: u32): i32 {
  return sysSetresuid(widen(uid), widen(euid), widen(suid));
}

export function sysSetresgid16(gid: u32, egid: u32, sgid: u32): i32 {
  return sysSetresgid(widen(gid), widen(egid), widen(sgid));
}
