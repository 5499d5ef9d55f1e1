/*
 * Shared memory segments of System V: memory with a number, which lives until somebody removes it.
 *
 * Idea. A segment is a memory object (mm/sharedMemory.ts) with an identity, an owner and a count of attachments. The
 * object's regions tell it when one is made (attached, forked, split) and when one goes. A segment that was removed while
 * it was attached has no key any more, and goes with the last attachment.
 *
 * A number is the place in a table and, above that, how often the place has been given out: an old number does not come to
 * mean a new segment.
 *
 * Locking. (G) shmLock, a spinlock inside (M): the table, and all fields of segments. The pages of a segment that goes are
 * freed without it.
 *
 * @source shmget(2), shmop(2), shmctl(2); sysvipc(7).
 */

import { EACCES, EEXIST, EIDRM, EINVAL, ENOENT, ENOMEM, ENOSPC, EPERM } from '../abi/errno.ts';
import {
  IPC_CREAT,
  IPC_EXCL,
  IPC_PRIVATE,
  type IpcPermissions,
  SHM_DEST,
  SHM_LOCKED,
  SHMMAX,
  SHMMNI,
  type ShmStatus,
  type ShmUsage,
} from '../abi/ipc.ts';
import { RLIMIT_MEMLOCK } from '../abi/resource.ts';
import { realtimeNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, pageCeil } from '../arch/x86/layout.ts';
import { lockInMemory } from '../mm/fileSwap.ts';
import {
  createSharedMemory,
  putSharedMemory,
  residentPages,
  type SharedMemory,
  swappedPages,
} from '../mm/sharedMemory.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { type Spinlock } from '../sync/spinlock.ts';

/** The class of shmLock. */
export class ShmLock {
  declare readonly lock: 'shm';
}

/** Numbers are this times the generation, plus the place in the table. */
const GENERATION: u32 = 32768;

export class Segment {
  id: u32; // (C)
  key: i32; // (G)
  firstKey: i32; // (C) the key it was made with
  uid: u32; // (G)
  gid: u32; // (G)
  cuid: u32; // (C) who has made it
  cgid: u32; // (C)
  mode: u32; // (G) rights, SHM_DEST, SHM_LOCKED
  size: u32; // (C) bytes
  object: SharedMemory; // (C) a reference
  attached: u32; // (G) regions
  creator: u32; // (C) pid
  last: u32; // (G) pid of the last who attached or detached
  attachTime: u32; // (G) seconds since 1970; 0: never
  detachTime: u32; // (G)
  changeTime: u32; // (G)
}

const shmLock = zeroed<Inline<Spinlock<ShmLock>>>();
const segments = zeroed<FixedArray<Segment | null, 4096>>(); // (G) SHMMNI
let generation: u32 = 0; // (G)
let segmentCount: u32 = 0; // (G)
let lastPlace: u32 = SHMMNI - 1; // (G)

/** Makes an empty table. */
export function initShm(): void {
  shmLock.init('shm');
}

/**
 * Takes the lock of all segments: `using held = lockSegments()`.
 *
 * @releasedBy unlockSegments
 */
export function lockSegments(): Held<ShmLock> {
  return shmLock.acquireIrqSave();
}

/** Releases it. Called by `using`. */
export function unlockSegments(): void {
  shmLock.releaseIrqRestore();
}

function seconds(): u32 {
  return u32(realtimeNs() / 1000000000n);
}

/** Is the current task the superuser, or the segment's owner or maker? */
export function ownsSegment(segment: Segment): boolean {
  const euid = current().credentials.euid;
  return euid === 0 || euid === segment.uid || euid === segment.cuid;
}

function isInGroup(gid: u32): boolean {
  const mine = current().credentials;
  if (mine.egid === gid) return true;
  for (let i: u32 = 0; i < mine.groupCount; i++) if (mine.groups[i] === gid) return true;
  return false;
}

/** May the current task have all of `wanted`, rights as in a file's mode, whichever of the three digits they are in? */
export function maySegment(segment: Segment, wanted: u32): boolean {
  const mine = current().credentials;
  const requested = ((wanted >>> 6) | (wanted >>> 3) | wanted) & 7;
  let granted = segment.mode;
  if (mine.euid === segment.uid || mine.euid === segment.cuid) granted >>>= 6;
  else if (isInGroup(segment.gid) || isInGroup(segment.cgid)) granted >>>= 3;
  return (requested & ~granted) === 0 || mine.euid === 0;
}

/** The segment with this number; null: none, or it is gone. */
export function findSegment(id: u32, _held: Held<ShmLock>): Segment | null {
  const segment = segments[id % GENERATION < SHMMNI ? id % GENERATION : 0];
  return segment !== null && segment.id === id ? segment : null;
}

/** Why there is no segment with this number. */
export function missingSegment(id: u32): i32 {
  const place = id % GENERATION;
  if (i32(id) < 0 || place >= SHMMNI) return -EINVAL;
  using _held = lockSegments();
  return segments[place] !== null && id / GENERATION < generation ? -EIDRM : -EINVAL;
}

/** The segment at a place of the table, or null. */
export function segmentAt(place: u32, _held: Held<ShmLock>): Segment | null {
  return place < SHMMNI ? segments[place] : null;
}

/** The highest place in use; 0 if there is none. */
export function highestPlace(_held: Held<ShmLock>): u32 {
  for (let place: u32 = SHMMNI; place > 0; place--) if (segments[place - 1] !== null) return place - 1;
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Getting.

function findKey(key: i32, _held: Held<ShmLock>): Segment | null {
  for (let place: u32 = 0; place < SHMMNI; place++) {
    const segment = segments[place];
    if (segment !== null && segment.key === key) return segment;
  }
  return null;
}

/** Puts a segment in the table; false: it is full. */
function enter(segment: Segment, _held: Held<ShmLock>): boolean {
  if (segmentCount === SHMMNI) return false;
  let place = lastPlace;
  do {
    place = (place + 1) % SHMMNI;
    if (place === 0) generation = (generation + 1) % (0x80000000 / GENERATION);
  } while (segments[place] !== null);
  lastPlace = place;
  segment.id = generation * GENERATION + place;
  segments[place] = segment;
  segmentCount++;
  return true;
}

/** What shmget gives for a segment that exists. */
function useExisting(segment: Segment, size: u32, flags: u32): i32 {
  if ((flags & (IPC_CREAT | IPC_EXCL)) === (IPC_CREAT | IPC_EXCL)) return -EEXIST;
  if (size > segment.size) return -EINVAL;
  return maySegment(segment, flags & 0o777) ? i32(segment.id) : -EACCES;
}

/** A segment that is in no table; null: no memory. */
function makeSegment(key: i32, size: u32, flags: u32): Segment | null {
  const object = createSharedMemory(pageCeil(size) >>> PAGE_SHIFT, true);
  if (object === null) return null;
  const segment = allocate<Segment>();
  if (segment === null) {
    putSharedMemory(object);
    return null;
  }
  const mine = current().credentials;
  object.owner = u32(segment);
  object.attached = noteAttached;
  object.detached = noteDetached;
  segment.object = object;
  segment.key = key;
  segment.firstKey = key;
  segment.uid = mine.euid;
  segment.cuid = mine.euid;
  segment.gid = mine.egid;
  segment.cgid = mine.egid;
  segment.mode = flags & 0o777;
  segment.size = size;
  segment.creator = current().process.pid;
  segment.changeTime = seconds();
  return segment;
}

function freeSegment(segment: Segment): void {
  putSharedMemory(segment.object);
  kfree(segment);
}

/**
 * Enters a new segment, unless one with its key has come meanwhile. The number, -ENOSPC, or as for that one. Once it is
 * entered, which `entered` says, anybody may remove it.
 */
function publishSegment(segment: Segment, flags: u32, entered: Ptr<boolean>): i32 {
  using held = lockSegments();
  const other = segment.key === IPC_PRIVATE ? null : findKey(segment.key, held);
  if (other !== null) return useExisting(other, segment.size, flags);
  entered[0] = enter(segment, held);
  return entered[0] ? i32(segment.id) : -ENOSPC;
}

/** shmget: the number of the segment with this key, a new one if need be. @sleeps */
export function getSegment(key: i32, size: u32, flags: u32): i32 {
  if (key !== IPC_PRIVATE) {
    using held = lockSegments();
    const segment = findKey(key, held);
    if (segment !== null) return useExisting(segment, size, flags);
    if ((flags & IPC_CREAT) === 0) return -ENOENT;
  }
  if (size === 0 || size > SHMMAX) return -EINVAL;
  const segment = makeSegment(key, size, flags);
  if (segment === null) return -ENOMEM;
  let entered: boolean = false;
  const id = publishSegment(segment, flags, addrOf(entered));
  if (!entered) freeSegment(segment);
  return id;
}

// ---------------------------------------------------------------------------------------------------------------------
// Attachments and the end.

function noteAttached(owner: u32): void {
  using _held = lockSegments();
  const segment = as<Segment>(owner);
  segment.attached++;
  segment.attachTime = seconds();
  segment.last = current().process.pid;
}

function noteDetached(owner: u32): void {
  const segment = as<Segment>(owner);
  if (countDetached(segment)) freeSegment(segment);
}

/** True: it was the last one of a segment that is to go, and is in no table any more. */
function countDetached(segment: Segment): boolean {
  using held = lockSegments();
  segment.attached--;
  segment.detachTime = seconds();
  segment.last = current().process.pid;
  return takeOutIfUnused(segment, held);
}

function takeOutIfUnused(segment: Segment, _held: Held<ShmLock>): boolean {
  if (segment.attached !== 0 || (segment.mode & SHM_DEST) === 0) return false;
  segments[segment.id % GENERATION] = null;
  segmentCount--;
  return true;
}

/** Keeps a segment for the time of an attachment that is being made. */
export function holdSegment(segment: Segment, _held: Held<ShmLock>): void {
  segment.attached++;
}

/** The attachment counts by itself, or has failed. */
export function releaseSegment(segment: Segment): void {
  if (dropHold(segment)) freeSegment(segment);
}

function dropHold(segment: Segment): boolean {
  using held = lockSegments();
  segment.attached--;
  return takeOutIfUnused(segment, held);
}

/** Marks a segment as removed. True: nobody is attached, and the caller is to free it (`finishRemoval`) without the lock. */
export function removeSegment(segment: Segment, held: Held<ShmLock>): boolean {
  segment.mode |= SHM_DEST;
  segment.key = IPC_PRIVATE;
  return takeOutIfUnused(segment, held);
}

/** Frees a segment that is in no table any more. */
export function finishRemoval(segment: Segment): void {
  freeSegment(segment);
}

/** Changes what IPC_SET may change. */
export function changeSegment(segment: Segment, permissions: IpcPermissions, _held: Held<ShmLock>): void {
  segment.uid = permissions.uid;
  segment.gid = permissions.gid;
  segment.mode = (segment.mode & ~0o777) | (permissions.mode & 0o777);
  segment.changeTime = seconds();
}

/**
 * Keeps the pages of a segment in memory once they are there, or lets them go again. 0; -EPERM, -ENOMEM: the user may not
 * lock any memory, or not so much.
 */
export function lockSegment(segment: Segment, isLocked: boolean, _held: Held<ShmLock>): i32 {
  if (isLocked && current().credentials.euid !== 0) {
    const limit = current().process.limits[RLIMIT_MEMLOCK].rlim_cur;
    if (limit === 0) return -EPERM;
    if (pageCeil(segment.size) >>> PAGE_SHIFT > limit >>> PAGE_SHIFT) return -ENOMEM;
  }
  lockInMemory(segment.object.mapping, isLocked);
  segment.mode = isLocked ? segment.mode | SHM_LOCKED : segment.mode & ~u32(SHM_LOCKED);
  return 0;
}

/** Fills in what IPC_STAT tells. */
export function fillStatus(status: ShmStatus, segment: Segment, _held: Held<ShmLock>): void {
  const permissions = status.shm_perm;
  permissions.key = segment.key;
  permissions.uid = segment.uid;
  permissions.gid = segment.gid;
  permissions.cuid = segment.cuid;
  permissions.cgid = segment.cgid;
  permissions.mode = segment.mode;
  permissions.seq = segment.id / GENERATION;
  status.shm_segsz = segment.size;
  status.shm_atime = segment.attachTime;
  status.shm_dtime = segment.detachTime;
  status.shm_ctime = segment.changeTime;
  status.shm_cpid = segment.creator;
  status.shm_lpid = segment.last;
  status.shm_nattch = segment.attached;
}

/** If the object, which somebody shows, is a segment's: true, and the key that the segment was made with. */
export function nameOfSegment(object: SharedMemory, key: Ptr<i32>): boolean {
  if (object.detached === null) return false;
  key[0] = as<Segment>(object.owner).firstKey;
  return true;
}

/** Fills in what SHM_INFO tells. */
export function fillUsage(usage: ShmUsage, _held: Held<ShmLock>): void {
  usage.used_ids = segmentCount;
  for (let place: u32 = 0; place < SHMMNI; place++) {
    const segment = segments[place];
    if (segment === null) continue;
    usage.shm_tot += pageCeil(segment.size) >>> PAGE_SHIFT;
    usage.shm_rss += residentPages(segment.object);
    usage.shm_swp += swappedPages(segment.object);
  }
}
