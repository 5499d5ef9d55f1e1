/*
 * The system calls of shared memory segments: shmget, shmat, shmdt, shmctl.
 *
 * @source shmget(2), shmop(2), shmctl(2).
 */

import { EACCES, EEXIST, EFAULT, EINVAL, EPERM } from '../abi/errno.ts';
import {
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  SHM_EXEC,
  SHM_INFO,
  SHM_LOCK,
  SHM_RDONLY,
  SHM_REMAP,
  SHM_RND,
  SHM_STAT,
  SHM_STAT_ANY,
  SHM_UNLOCK,
  type ShmLimits,
  SHMMAX,
  SHMMNI,
  type ShmStatus,
  type ShmUsage,
} from '../abi/ipc.ts';
import { MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE } from '../abi/mman.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { mapSharedMemory } from '../mm/mmap.ts';
import { unmapSharedMemory } from '../mm/munmap.ts';
import {
  changeSegment,
  fillStatus,
  fillUsage,
  findSegment,
  finishRemoval,
  getSegment,
  highestPlace,
  holdSegment,
  lockSegment,
  lockSegments,
  maySegment,
  missingSegment,
  ownsSegment,
  releaseSegment,
  removeSegment,
  type Segment,
  segmentAt,
  type ShmLock,
} from './shm.ts';

/** shmget(key, size, flags). */
export function sysShmget(key: u32, size: u32, flags: u32): i32 {
  return getSegment(i32(key), size, flags);
}

// ---------------------------------------------------------------------------------------------------------------------
// Attaching.

/** Holds a segment that may be attached like that. 0, -EINVAL, -EIDRM, -EACCES. */
function holdForAttach(id: u32, flags: u32, result: Ptr<Segment>): i32 {
  {
    using held = lockSegments();
    const segment = findSegment(id, held);
    if (segment !== null) {
      const wanted = ((flags & SHM_RDONLY) !== 0 ? 4 : 6) | ((flags & SHM_EXEC) !== 0 ? 1 : 0);
      if (!maySegment(segment, wanted)) return -EACCES;
      holdSegment(segment, held);
      result[0] = segment;
      return 0;
    }
  }
  return missingSegment(id);
}

/** Where to attach: `address`, rounded down if that is wanted. 0 or -EINVAL. */
function placeOf(address: u32, flags: u32, result: Ptr<u32>): i32 {
  const offset = address & (PAGE_SIZE - 1);
  if (offset !== 0 && (flags & SHM_RND) === 0) return -EINVAL;
  result[0] = address - offset;
  return (flags & SHM_REMAP) !== 0 && result[0] === 0 ? -EINVAL : 0;
}

/** Attaches; the address, or -errno. @sleeps */
function attach(id: u32, address: u32, flags: u32): i32 {
  let place: u32 = 0;
  let segment = as<Segment>(0);
  if (i32(id) < 0) return -EINVAL;
  let error = placeOf(address, flags, addrOf(place));
  if (error === 0) error = holdForAttach(id, flags, addrOf(segment));
  if (error < 0) return error;
  let prot: u32 = (flags & SHM_RDONLY) !== 0 ? PROT_READ : PROT_READ | PROT_WRITE;
  if ((flags & SHM_EXEC) !== 0) prot |= PROT_EXEC;
  let how: u32 = MAP_SHARED;
  if (place !== 0) how |= (flags & SHM_REMAP) !== 0 ? MAP_FIXED : MAP_FIXED | MAP_FIXED_NOREPLACE;
  const result = mapSharedMemory(current().mm!, place, segment.size, prot, how, segment.object);
  releaseSegment(segment);
  return result === -EEXIST ? -EINVAL : result;
}

/** shmat(id, address, flags): the address. */
export function sysShmat(id: u32, address: u32, flags: u32): i32 {
  return attach(id, address, flags);
}

/** shmdt(address). */
export function sysShmdt(address: u32): i32 {
  return (address & (PAGE_SIZE - 1)) !== 0 ? -EINVAL : unmapSharedMemory(current().mm!, address);
}

// ---------------------------------------------------------------------------------------------------------------------
// Control.

/** The segment that a command names: by number, or for SHM_STAT by its place in the table. */
function named(command: u32, id: u32, held: Held<ShmLock>): Segment | null {
  return command === SHM_STAT || command === SHM_STAT_ANY ? segmentAt(id, held) : findSegment(id, held);
}

/** Fills `status`; 0, for SHM_STAT the number, or -EINVAL (none), -EACCES. */
function readStatus(command: u32, id: u32, status: ShmStatus): i32 {
  using held = lockSegments();
  const segment = named(command, id, held);
  if (segment === null) return -EINVAL;
  if (command !== SHM_STAT_ANY && !maySegment(segment, 4)) return -EACCES;
  fillStatus(status, segment, held);
  return command === IPC_STAT ? 0 : i32(segment.id);
}

function tellStatus(command: u32, id: u32, address: u32): i32 {
  const status = zeroed<Inline<ShmStatus>>();
  const result = readStatus(command, id, status);
  if (result < 0) return result === -EINVAL && command === IPC_STAT ? missingSegment(id) : result;
  return copyToUser(address, ptr<u8>(status), sizeof<ShmStatus>()) < 0 ? -EFAULT : result;
}

function tellLimits(address: u32): i32 {
  const limits = zeroed<Inline<ShmLimits>>();
  limits.shmmax = SHMMAX;
  limits.shmmin = 1;
  limits.shmmni = SHMMNI;
  limits.shmseg = SHMMNI;
  limits.shmall = SHMMAX;
  let highest: u32 = 0;
  {
    using held = lockSegments();
    highest = highestPlace(held);
  }
  return copyToUser(address, ptr<u8>(limits), sizeof<ShmLimits>()) < 0 ? -EFAULT : i32(highest);
}

function tellUsage(address: u32): i32 {
  const usage = zeroed<Inline<ShmUsage>>();
  let highest: u32 = 0;
  {
    using held = lockSegments();
    fillUsage(usage, held);
    highest = highestPlace(held);
  }
  return copyToUser(address, ptr<u8>(usage), sizeof<ShmUsage>()) < 0 ? -EFAULT : i32(highest);
}

/** The segment goes, at once or with its last attachment. What is to be freed now goes to `unused`. */
function remove(id: u32, unused: Ptr<Segment | null>): i32 {
  {
    using held = lockSegments();
    const segment = findSegment(id, held);
    if (segment !== null) {
      if (!ownsSegment(segment)) return -EPERM;
      if (removeSegment(segment, held)) unused[0] = segment;
      return 0;
    }
  }
  return missingSegment(id);
}

function removeById(id: u32): i32 {
  const unused = zeroed<FixedArray<Segment | null, 1>>();
  const error = remove(id, unused);
  if (unused[0] !== null) finishRemoval(unused[0]);
  return error;
}

function change(id: u32, address: u32): i32 {
  const status = zeroed<Inline<ShmStatus>>();
  if (copyFromUser(ptr<u8>(status), address, sizeof<ShmStatus>()) < 0) return -EFAULT;
  {
    using held = lockSegments();
    const segment = findSegment(id, held);
    if (segment !== null) {
      if (!ownsSegment(segment)) return -EPERM;
      changeSegment(segment, status.shm_perm, held);
      return 0;
    }
  }
  return missingSegment(id);
}

/** SHM_LOCK and SHM_UNLOCK: whether its pages stay in memory once they are there. */
function lockPages(id: u32, isLocked: boolean): i32 {
  {
    using held = lockSegments();
    const segment = findSegment(id, held);
    if (segment !== null) {
      return ownsSegment(segment) ? lockSegment(segment, isLocked, held) : -EPERM;
    }
  }
  return missingSegment(id);
}

/** shmctl(id, command, buffer). */
export function sysShmctl(id: u32, command: u32, address: u32): i32 {
  if (i32(id) < 0) return -EINVAL;
  switch (command) {
    case IPC_RMID:
      return removeById(id);
    case IPC_SET:
      return change(id, address);
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY:
      return tellStatus(command, id, address);
    case IPC_INFO:
      return tellLimits(address);
    case SHM_INFO:
      return tellUsage(address);
    case SHM_LOCK:
    case SHM_UNLOCK:
      return lockPages(id, command === SHM_LOCK);
    default:
      return -EINVAL;
  }
}
