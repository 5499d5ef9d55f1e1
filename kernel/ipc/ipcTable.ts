/*
 * What semaphore sets and message queues have in common: a number, a key, an owner, rights.
 *
 * A number is the place in a table and, above that, how often places have been given out: an old number does not come to
 * mean a new object.
 *
 * Locking. That of the kind of object, which the caller holds for everything here.
 *
 * @source sysvipc(7), ipc(2).
 */

import { EACCES, EEXIST, EIDRM, EINVAL } from '../abi/errno.ts';
import { IPC_CREAT, IPC_EXCL, IPC_PRIVATE, type IpcPermissions } from '../abi/ipc.ts';
import { realtimeNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';

/** Numbers are this times the generation, plus the place in the table. */
const GENERATION: u32 = 32768;
/** Places of a table. */
const PLACES: u32 = 1024;

/** The head of an object: its first field. */
export class IpcObject {
  id: u32;
  key: i32;
  uid: u32;
  gid: u32;
  cuid: u32; // who has made it
  cgid: u32;
  mode: u32;
  isRemoved: boolean;
  users: u32; // tasks that sleep on it: it is freed when it is removed and there is none
}

export class IpcTable {
  places: FixedArray<IpcObject | null, 1024>;
  count: u32;
  generation: u32;
  lastPlace: u32;

  /** The object with this number, or null. */
  find(id: u32): IpcObject | null {
    const place = id % GENERATION;
    if (i32(id) < 0 || place >= PLACES) return null;
    const object = this.places[place];
    return object !== null && object.id === id ? object : null;
  }

  /** Why there is none: -EIDRM if another one has its place now, else -EINVAL. */
  missing(id: u32): i32 {
    const place = id % GENERATION;
    if (i32(id) < 0 || place >= PLACES) return -EINVAL;
    return this.places[place] !== null && id / GENERATION < this.generation ? -EIDRM : -EINVAL;
  }

  /** The object at a place, or null. */
  at(place: u32): IpcObject | null {
    return place < PLACES ? this.places[place] : null;
  }

  /** The highest place in use; 0 if there is none. */
  highest(): u32 {
    for (let place: u32 = PLACES; place > 0; place--) if (this.places[place - 1] !== null) return place - 1;
    return 0;
  }

  findKey(key: i32): IpcObject | null {
    if (key === IPC_PRIVATE) return null;
    for (let place: u32 = 0; place < PLACES; place++) {
      const object = this.places[place];
      if (object !== null && object.key === key) return object;
    }
    return null;
  }

  /** Gives a new object a number; false: there are `limit` already. */
  enter(object: IpcObject, limit: u32): boolean {
    if (this.count >= limit || this.count === PLACES) return false;
    let place = this.lastPlace;
    do {
      place = (place + 1) % PLACES;
      if (place === 0) this.generation = (this.generation + 1) % (0x80000000 / GENERATION);
    } while (this.places[place] !== null);
    this.lastPlace = place;
    object.id = this.generation * GENERATION + place;
    this.places[place] = object;
    this.count++;
    return true;
  }

  /** Takes it out: nobody finds it any more. */
  remove(object: IpcObject): void {
    this.places[object.id % GENERATION] = null;
    this.count--;
    object.isRemoved = true;
  }
}

/** Fills in a new object: the current task makes it. */
export function initIpcObject(object: IpcObject, key: i32, flags: u32): void {
  const mine = current().credentials;
  object.key = key;
  object.uid = mine.euid;
  object.cuid = mine.euid;
  object.gid = mine.egid;
  object.cgid = mine.egid;
  object.mode = flags & 0o777;
}

/** Is the current task the superuser, or the object's owner or maker? */
export function ownsObject(object: IpcObject): boolean {
  const euid = current().credentials.euid;
  return euid === 0 || euid === object.uid || euid === object.cuid;
}

function isInGroup(gid: u32): boolean {
  const mine = current().credentials;
  if (mine.egid === gid) return true;
  for (let i: u32 = 0; i < mine.groupCount; i++) if (mine.groups[i] === gid) return true;
  return false;
}

/** May the current task have all of `wanted`, rights as in a file's mode, whichever of the three digits they are in? */
export function mayUse(object: IpcObject, wanted: u32): boolean {
  const mine = current().credentials;
  const requested = ((wanted >>> 6) | (wanted >>> 3) | wanted) & 7;
  let granted = object.mode;
  if (mine.euid === object.uid || mine.euid === object.cuid) granted >>>= 6;
  else if (isInGroup(object.gid) || isInGroup(object.cgid)) granted >>>= 3;
  return (requested & ~granted) === 0 || mine.euid === 0;
}

/** What a "get" call gives for an object that exists: its number, -EEXIST or -EACCES. */
export function useExisting(object: IpcObject, flags: u32): i32 {
  if ((flags & (IPC_CREAT | IPC_EXCL)) === (IPC_CREAT | IPC_EXCL)) return -EEXIST;
  return mayUse(object, flags & 0o777) ? i32(object.id) : -EACCES;
}

/** What IPC_STAT tells of the head. */
export function fillPermissions(permissions: IpcPermissions, object: IpcObject): void {
  permissions.key = object.key;
  permissions.uid = object.uid;
  permissions.gid = object.gid;
  permissions.cuid = object.cuid;
  permissions.cgid = object.cgid;
  permissions.mode = object.mode;
  permissions.seq = object.id / GENERATION;
}

/** What IPC_SET changes in it. */
export function changePermissions(object: IpcObject, permissions: IpcPermissions): void {
  object.uid = permissions.uid;
  object.gid = permissions.gid;
  object.mode = permissions.mode & 0o777;
}

/** Seconds since 1970. */
export function ipcTime(): u32 {
  return u32(realtimeNs() / 1000000000n);
}
