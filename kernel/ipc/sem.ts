/*
 * Semaphore sets of System V.
 *
 * Idea. A semop is a list of operations of which all happen at once or none. So it is tried on the values themselves, one
 * operation after the other, and taken back as soon as one cannot be; then the task sleeps until something in the set has
 * changed, and tries again. All sleepers of a set are on one queue.
 *
 * An operation with SEM_UNDO is also added up, with the opposite sign, in a record of the process and the set. When the
 * process ends, what is in its records is added to the values. A fork inherits none.
 *
 * Locking. (G) semLock, a spinlock that no interrupt takes: the table, all fields of sets, the records and both their lists.
 *
 * @source semget(2), semop(2), semctl(2); sysvipc(7).
 */

import { EAGAIN, EFBIG, EINVAL, ENOENT, ENOMEM, ENOSPC, ERANGE } from '../abi/errno.ts';
import { IPC_CREAT, IPC_NOWAIT, SEM_UNDO, SEMMNI, SEMMSL, type SemOperation, SEMVMX } from '../abi/ipc.ts';
import { current } from '../arch/x86/cpu.ts';
import { type ListHead } from '../lib/list.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { type Process } from '../proc/task.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitQueue } from '../sync/waitQueue.ts';
import { initIpcObject, type IpcObject, type IpcTable, ipcTime, useExisting } from './ipcTable.ts';

/** The class of semLock. */
export class SemLock {
  declare readonly lock: 'sem';
}

/** semop must wait. No errno. */
export const MUST_WAIT: i32 = 1;

class Semaphore {
  value: u16; // (G)
  pid: u32; // (G) who changed it last
}

/** The semaphores follow the record. */
export class SemSet {
  object: Inline<IpcObject>; // (G) first
  count: u32; // (C)
  changeTime: u32; // (G)
  operationTime: u32; // (G) 0: never
  waiters: Inline<ListHead>; // (G) of SemWaiter.link
  undos: Inline<ListHead>; // (G) of SemUndo.setLink
  queue: Inline<WaitQueue>;

  semaphore(index: u32): Semaphore {
    return as<Semaphore>(u32(this) + sizeof<SemSet>() + index * sizeof<Semaphore>());
  }
}

/** A task that sleeps in semop, for those who count. In its stack frame. */
export class SemWaiter {
  link: Inline<ListHead>; // (G)
  index: u32; // (G) the semaphore that is in the way
  waitsForZero: boolean; // (G)
}

/** What a process has to undo in a set. As many sums as semaphores follow the record. */
class SemUndo {
  processLink: Inline<ListHead>; // (G) in Process.semUndos
  setLink: Inline<ListHead>; // (G) in SemSet.undos
  process: Process; // (C)
  set: SemSet; // (C)

  sums(): Ptr<i16> {
    return ptr<i16>(u32(this) + sizeof<SemUndo>());
  }
}

const semLock = zeroed<Inline<Spinlock<SemLock>>>();
const table = zeroed<Inline<IpcTable>>();

/** Makes an empty table. */
export function initSems(): void {
  semLock.init('sem');
}

/**
 * Takes the lock of all sets: `using held = lockSems()`.
 *
 * @releasedBy unlockSems
 */
export function lockSems(): Held<SemLock> {
  return semLock.acquire();
}

/** Releases it. Called by `using`. */
export function unlockSems(): void {
  semLock.release();
}

/** The table, for commands that walk it. */
export function semTable(_held: Held<SemLock>): IpcTable {
  return table;
}

/** The set with this number, or null. */
export function findSet(id: u32, _held: Held<SemLock>): SemSet | null {
  const object = table.find(id);
  return object === null ? null : as<SemSet>(u32(object));
}

// ---------------------------------------------------------------------------------------------------------------------
// Getting.

function makeSet(key: i32, count: u32, flags: u32): SemSet | null {
  const size = sizeof<SemSet>() + count * sizeof<Semaphore>();
  const block = kmalloc(size);
  if (block === null) return null;
  fillBytes(block, 0, size);
  const set = as<SemSet>(block);
  initIpcObject(set.object, key, flags);
  set.count = count;
  set.changeTime = ipcTime();
  set.waiters.init();
  set.undos.init();
  set.queue.init();
  return set;
}

/** What semget gives for a set that exists. */
function useSet(set: SemSet, count: u32, flags: u32): i32 {
  const result = useExisting(set.object, flags);
  return result >= 0 && count > set.count ? -EINVAL : result;
}

/** Enters a new set unless one with its key has come meanwhile; the number, -ENOSPC, or as for that one. */
function publish(set: SemSet, flags: u32, entered: Ptr<boolean>): i32 {
  using _held = lockSems();
  const other = table.findKey(set.object.key);
  if (other !== null) return useSet(as<SemSet>(u32(other)), set.count, flags);
  entered[0] = table.enter(set.object, SEMMNI);
  return entered[0] ? i32(set.object.id) : -ENOSPC;
}

/** semget: the number of the set with this key, a new one if need be. */
export function getSet(key: i32, count: u32, flags: u32): i32 {
  if (count > SEMMSL) return -EINVAL;
  {
    using _held = lockSems();
    const object = table.findKey(key);
    if (object !== null) return useSet(as<SemSet>(u32(object)), count, flags);
    if (key !== 0 && (flags & IPC_CREAT) === 0) return -ENOENT;
  }
  if (count === 0) return -EINVAL;
  const set = makeSet(key, count, flags);
  if (set === null) return -ENOMEM;
  let entered: boolean = false;
  const id = publish(set, flags, addrOf(entered));
  if (!entered) kfree(set);
  return id;
}

// ---------------------------------------------------------------------------------------------------------------------
// Operations.

/** Applies one operation. 0, MUST_WAIT, -ERANGE. */
function applyOne(set: SemSet, operation: SemOperation, undo: SemUndo | null): i32 {
  const semaphore = set.semaphore(u32(operation.sem_num));
  const change = i32(operation.sem_op);
  if (change === 0) return semaphore.value === 0 ? 0 : MUST_WAIT;
  const value = i32(semaphore.value) + change;
  if (value < 0) return MUST_WAIT;
  if (value > i32(SEMVMX)) return -ERANGE;
  if (undo !== null && (operation.sem_flg & SEM_UNDO) !== 0) {
    const sum = i32(undo.sums()[u32(operation.sem_num)]) - change;
    if (sum < -i32(SEMVMX) - 1 || sum > i32(SEMVMX)) return -ERANGE;
    undo.sums()[u32(operation.sem_num)] = i16(sum);
  }
  semaphore.value = u16(value);
  return 0;
}

function takeBack(set: SemSet, operation: SemOperation, undo: SemUndo | null): void {
  const index = u32(operation.sem_num);
  const semaphore = set.semaphore(index);
  semaphore.value = u16(i32(semaphore.value) - i32(operation.sem_op));
  if (undo !== null && (operation.sem_flg & SEM_UNDO) !== 0) {
    undo.sums()[index] = i16(i32(undo.sums()[index]) + i32(operation.sem_op));
  }
}

/**
 * Does all of the operations or none. 0; MUST_WAIT, with `waiter` telling for what; -EAGAIN, -ERANGE, -EFBIG.
 *
 * @param undo from `prepareUndo`, if one of them is to be undone
 */
export function tryOperations(
  set: SemSet,
  operations: Ptr<Inline<SemOperation>>,
  count: u32,
  undo: SemUndo | null,
  waiter: SemWaiter,
  _held: Held<SemLock>,
): i32 {
  let result: i32 = 0;
  for (let i: u32 = 0; i < count; i++) if (u32(operations[i].sem_num) >= set.count) return -EFBIG;
  let done: u32 = 0;
  while (done < count && result === 0) {
    result = applyOne(set, operations[done], undo);
    if (result === 0) done++;
  }
  if (result !== 0) {
    const obstacle = operations[done];
    waiter.index = u32(obstacle.sem_num);
    waiter.waitsForZero = obstacle.sem_op === 0;
    while (done > 0) takeBack(set, operations[--done], undo);
    return result === MUST_WAIT && (obstacle.sem_flg & IPC_NOWAIT) !== 0 ? -EAGAIN : result;
  }
  const pid = current().process.pid;
  for (let i: u32 = 0; i < count; i++) set.semaphore(u32(operations[i].sem_num)).pid = pid;
  set.operationTime = ipcTime();
  set.queue.wakeAll();
  return 0;
}

/** How many sleep until semaphore `index` grows, or is zero. */
export function countWaiters(set: SemSet, index: u32, forZero: boolean, _held: Held<SemLock>): i32 {
  let count: i32 = 0;
  for (let link = set.waiters.next; link !== set.waiters; link = link.next) {
    const waiter = as<SemWaiter>(u32(link) - offsetof<SemWaiter>('link'));
    if (waiter.index === index && waiter.waitsForZero === forZero) count++;
  }
  return count;
}

/** SETVAL, and a part of SETALL: nobody is to undo what was before. */
export function setValue(set: SemSet, index: u32, value: u32, _held: Held<SemLock>): void {
  const semaphore = set.semaphore(index);
  semaphore.value = u16(value);
  semaphore.pid = current().process.pid;
  for (let link = set.undos.next; link !== set.undos; link = link.next) {
    as<SemUndo>(u32(link) - offsetof<SemUndo>('setLink')).sums()[index] = 0;
  }
  set.changeTime = ipcTime();
  set.queue.wakeAll();
}

/** The set goes; who sleeps on it learns that. True: nobody does, and the caller is to `kfree` it, without the lock. */
export function removeSet(set: SemSet, _held: Held<SemLock>): boolean {
  while (!set.undos.isEmpty()) {
    const undo = as<SemUndo>(u32(set.undos.next) - offsetof<SemUndo>('setLink'));
    undo.setLink.unlink();
    undo.processLink.unlink();
    kfree(undo);
  }
  table.remove(set.object);
  set.queue.wakeAll();
  return set.object.users === 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Undoing.

/** What the current process has to undo in `set`, or null. */
export function findUndo(set: SemSet, _held: Held<SemLock>): SemUndo | null {
  const process = current().process;
  for (let link = set.undos.next; link !== set.undos; link = link.next) {
    const undo = as<SemUndo>(u32(link) - offsetof<SemUndo>('setLink'));
    if (undo.process === process) return undo;
  }
  return null;
}

/** A record that is in no list yet; null: no memory. The set is kept by its caller, or looked up anew. */
export function allocateUndo(count: u32): SemUndo | null {
  const size = sizeof<SemUndo>() + count * 2;
  const block = kmalloc(size);
  if (block === null) return null;
  fillBytes(block, 0, size);
  return as<SemUndo>(block);
}

export function enterUndo(set: SemSet, undo: SemUndo, _held: Held<SemLock>): void {
  const process = current().process;
  undo.process = process;
  undo.set = set;
  process.semUndos.addBefore(undo.processLink);
  set.undos.addBefore(undo.setLink);
}

/** Adds the sums to the values, as far as they may go. */
function undoAll(undo: SemUndo, _held: Held<SemLock>): void {
  const set = undo.set;
  for (let i: u32 = 0; i < set.count; i++) {
    const sum = i32(undo.sums()[i]);
    if (sum === 0) continue;
    const semaphore = set.semaphore(i);
    const value = i32(semaphore.value) + sum;
    semaphore.value = u16(value < 0 ? 0 : value > i32(SEMVMX) ? i32(SEMVMX) : value);
    semaphore.pid = undo.process.pid;
  }
  undo.setLink.unlink();
  undo.processLink.unlink();
  set.operationTime = ipcTime();
  set.queue.wakeAll();
}

/** The process ends. */
export function undoSemaphores(process: Process): void {
  if (process.semUndos.isEmpty()) return;
  using held = lockSems();
  while (!process.semUndos.isEmpty()) {
    const undo = as<SemUndo>(u32(process.semUndos.next) - offsetof<SemUndo>('processLink'));
    undoAll(undo, held);
    kfree(undo);
  }
}
