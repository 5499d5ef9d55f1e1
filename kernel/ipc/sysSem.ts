/*
 * The system calls of semaphore sets: semget, semtimedop, semctl. semop is semtimedop without a time.
 *
 * @source semget(2), semop(2), semctl(2).
 */

import { E2BIG, EACCES, EAGAIN, EFAULT, EIDRM, EINTR, EINVAL, ENOMEM, EPERM, ERANGE } from '../abi/errno.ts';
import {
  GETALL,
  GETNCNT,
  GETPID,
  GETVAL,
  GETZCNT,
  IPC_64,
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  SEM_INFO,
  SEM_STAT,
  SEM_STAT_ANY,
  SEM_UNDO,
  type SemLimits,
  SEMMNI,
  SEMMNS,
  SEMMSL,
  type SemOperation,
  SEMOPM,
  type SemStatus,
  SEMVMX,
  SETALL,
  SETVAL,
} from '../abi/ipc.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { deadlineAfter } from '../fs/sysPoll.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { signalPending } from '../proc/scheduler.ts';
import { NEVER, scheduleTimeout } from '../proc/sleep.ts';
import { readTimespec, readTimespec64 } from '../proc/sysTime.ts';
import { type WaitEntry } from '../sync/waitQueue.ts';
import { changePermissions, fillPermissions, ipcTime, mayUse, ownsObject } from './ipcTable.ts';
import {
  allocateUndo,
  countWaiters,
  enterUndo,
  findSet,
  findUndo,
  getSet,
  lockSems,
  MUST_WAIT,
  removeSet,
  type SemLock,
  type SemSet,
  semTable,
  type SemWaiter,
  setValue,
  tryOperations,
} from './sem.ts';

/** semget(key, count, flags). */
export function sysSemget(key: u32, count: u32, flags: u32): i32 {
  return getSet(i32(key), count, flags);
}

// ---------------------------------------------------------------------------------------------------------------------
// Operations.

/** One semop, while it lasts. */
class SemCall {
  set: SemSet;
  operations: Ptr<Inline<SemOperation>>;
  count: u32;
  changes: boolean; // one of the operations is not "wait for zero"
  undoes: boolean; // one of them has SEM_UNDO
  waiter: Inline<SemWaiter>;
}

/** The set, if it is there and may be used so. 0, -EINVAL, -EIDRM, -EACCES. */
function useSet(id: u32, wanted: u32, result: Ptr<SemSet>, held: Held<SemLock>): i32 {
  const set = findSet(id, held);
  if (set === null) return semTable(held).missing(id);
  if (!mayUse(set.object, wanted)) return -EACCES;
  result[0] = set;
  return 0;
}

/** Sees to it that the process has a record of what it has to undo in the set. 0 or -errno. */
function prepareUndo(id: u32): i32 {
  let count: u32 = 0;
  {
    using held = lockSems();
    const set = findSet(id, held);
    if (set === null) return semTable(held).missing(id);
    if (findUndo(set, held) !== null) return 0;
    count = set.count;
  }
  const undo = allocateUndo(count);
  if (undo === null) return -ENOMEM;
  {
    using held = lockSems();
    const set = findSet(id, held);
    if (set !== null && findUndo(set, held) === null) {
      enterUndo(set, undo, held);
      return 0;
    }
  }
  kfree(undo); // the set has gone, or another thread was faster
  return 0;
}

/** The first try: 0, -errno, or MUST_WAIT: then the set is kept, and `call.waiter` is in its list. */
function begin(id: u32, call: SemCall): i32 {
  using held = lockSems();
  const error = useSet(id, call.changes ? 0o200 : 0o400, addrOf(call.set), held);
  if (error < 0) return error;
  const set = call.set;
  const undo = call.undoes ? findUndo(set, held) : null;
  const result = tryOperations(set, call.operations, call.count, undo, call.waiter, held);
  if (result !== MUST_WAIT) return result;
  set.object.users++;
  set.waiters.addBefore(call.waiter.link);
  return MUST_WAIT;
}

/** Another try: 0, -errno, MUST_WAIT. */
function tryAgain(call: SemCall): i32 {
  using held = lockSems();
  const set = call.set;
  if (set.object.isRemoved) return -EIDRM;
  const undo = call.undoes ? findUndo(set, held) : null;
  return tryOperations(set, call.operations, call.count, undo, call.waiter, held);
}

/** The task sleeps no more. True: it was the last one on a set that is gone. */
function end(call: SemCall): boolean {
  using _held = lockSems();
  call.waiter.link.unlink();
  call.set.object.users--;
  return call.set.object.isRemoved && call.set.object.users === 0;
}

function waitToOperate(call: SemCall, deadline: u64): i32 {
  const entry = zeroed<Inline<WaitEntry>>();
  const queue = call.set.queue;
  let result: i32;
  for (;;) {
    queue.prepare(entry, true);
    result = tryAgain(call);
    if (result !== MUST_WAIT) break;
    if (signalPending()) {
      result = -EINTR;
      break;
    }
    if (scheduleTimeout(deadline)) {
      result = tryAgain(call);
      if (result === MUST_WAIT) result = -EAGAIN;
      break;
    }
  }
  queue.finish(entry);
  if (end(call)) kfree(call.set);
  return result;
}

function operate(id: u32, operations: Ptr<Inline<SemOperation>>, count: u32, deadline: u64): i32 {
  const call = zeroed<Inline<SemCall>>();
  call.operations = operations;
  call.count = count;
  for (let i: u32 = 0; i < count; i++) {
    if (operations[i].sem_op !== 0) call.changes = true;
    if ((operations[i].sem_flg & SEM_UNDO) !== 0) call.undoes = true;
  }
  const error = call.undoes ? prepareUndo(id) : 0;
  if (error < 0) return error;
  const result = begin(id, call);
  return result === MUST_WAIT ? waitToOperate(call, deadline) : result;
}

/** semop and semtimedop: `deadline` NEVER without a time. */
function semop(id: u32, address: u32, count: u32, deadline: u64): i32 {
  if (count === 0 || i32(id) < 0) return -EINVAL;
  if (count > SEMOPM) return -E2BIG;
  const size = count * sizeof<SemOperation>();
  const block = kmalloc(size);
  if (block === null) return -ENOMEM;
  let result: i32 = -EFAULT;
  if (copyFromUser(block, address, size) === 0) result = operate(id, ptr<Inline<SemOperation>>(block), count, deadline);
  kfree(block);
  return result;
}

/** As semtimedop, with a Timespec at `timeout` or, if `wide`, one of 64-bit seconds; 0: none. */
export function semtimedop(id: u32, address: u32, count: u32, timeout: u32, wide: boolean): i32 {
  if (timeout === 0) return semop(id, address, count, NEVER);
  let time: u64 = 0n;
  const error = wide ? readTimespec64(timeout, addrOf(time)) : readTimespec(timeout, addrOf(time));
  return error < 0 ? error : semop(id, address, count, deadlineAfter(time));
}

/** semtimedop_time64(id, operations, count, timeout). */
export function sysSemtimedopTime64(id: u32, address: u32, count: u32, timeout: u32): i32 {
  return semtimedop(id, address, count, timeout, true);
}

// ---------------------------------------------------------------------------------------------------------------------
// Control.

/** GETVAL, GETPID, GETNCNT, GETZCNT. */
function readOne(id: u32, index: u32, command: u32): i32 {
  using held = lockSems();
  let set = as<SemSet>(0);
  const error = useSet(id, 0o400, addrOf(set), held);
  if (error < 0) return error;
  if (index >= set.count) return -EINVAL;
  if (command === GETVAL) return i32(set.semaphore(index).value);
  if (command === GETPID) return i32(set.semaphore(index).pid);
  return countWaiters(set, index, command === GETZCNT, held);
}

function setOne(id: u32, index: u32, value: u32): i32 {
  if (value > SEMVMX) return -ERANGE;
  using held = lockSems();
  let set = as<SemSet>(0);
  const error = useSet(id, 0o200, addrOf(set), held);
  if (error < 0) return error;
  if (index >= set.count) return -EINVAL;
  setValue(set, index, value, held);
  return 0;
}

/** How many semaphores the set has, if it may be used so; or -errno. */
function sizeOf(id: u32, wanted: u32): i32 {
  using held = lockSems();
  let set = as<SemSet>(0);
  const error = useSet(id, wanted, addrOf(set), held);
  return error < 0 ? error : i32(set.count);
}

/** The set's values to or from an array in the kernel. Numbers have no more than one meaning, so the size is the same. */
function exchangeAll(id: u32, values: Ptr<u16>, writes: boolean): i32 {
  using held = lockSems();
  const set = findSet(id, held);
  if (set === null) return -EIDRM;
  for (let i: u32 = 0; i < set.count; i++) {
    if (writes) setValue(set, i, u32(values[i]), held);
    else values[i] = set.semaphore(i).value;
  }
  return 0;
}

function getAll(id: u32, address: u32): i32 {
  const count = sizeOf(id, 0o400);
  if (count < 0) return count;
  const block = kmalloc(u32(count) * 2);
  if (block === null) return -ENOMEM;
  let result = exchangeAll(id, ptr<u16>(block), false);
  if (result === 0 && copyToUser(address, block, u32(count) * 2) !== 0) result = -EFAULT;
  kfree(block);
  return result;
}

function setAll(id: u32, address: u32): i32 {
  const count = sizeOf(id, 0o200);
  if (count < 0) return count;
  const block = kmalloc(u32(count) * 2);
  if (block === null) return -ENOMEM;
  const values = ptr<u16>(block);
  let result: i32 = copyFromUser(block, address, u32(count) * 2) === 0 ? 0 : -EFAULT;
  for (let i: u32 = 0; i < u32(count) && result === 0; i++) if (values[i] > SEMVMX) result = -ERANGE;
  if (result === 0) result = exchangeAll(id, values, true);
  kfree(block);
  return result;
}

function readStatus(command: u32, id: u32, status: SemStatus): i32 {
  using held = lockSems();
  const table = semTable(held);
  const object = command === IPC_STAT ? table.find(id) : table.at(id);
  if (object === null) return command === IPC_STAT ? table.missing(id) : -EINVAL;
  if (command !== SEM_STAT_ANY && !mayUse(object, 0o400)) return -EACCES;
  const set = as<SemSet>(u32(object));
  fillPermissions(status.sem_perm, object);
  status.sem_otime = set.operationTime;
  status.sem_ctime = set.changeTime;
  status.sem_nsems = set.count;
  return command === IPC_STAT ? 0 : i32(object.id);
}

function tellStatus(command: u32, id: u32, address: u32): i32 {
  const status = zeroed<Inline<SemStatus>>();
  const result = readStatus(command, id, status);
  if (result < 0) return result;
  return copyToUser(address, ptr<u8>(status), sizeof<SemStatus>()) !== 0 ? -EFAULT : result;
}

/** IPC_INFO and SEM_INFO. */
function tellLimits(command: u32, address: u32): i32 {
  const limits = zeroed<Inline<SemLimits>>();
  limits.semmap = SEMMNS;
  limits.semmni = SEMMNI;
  limits.semmns = SEMMNS;
  limits.semmnu = SEMMNS;
  limits.semmsl = SEMMSL;
  limits.semopm = SEMOPM;
  limits.semume = SEMOPM;
  limits.semvmx = SEMVMX;
  limits.semaem = SEMVMX;
  let highest: u32 = 0;
  {
    using held = lockSems();
    const table = semTable(held);
    highest = table.highest();
    if (command === SEM_INFO) {
      limits.semusz = table.count;
      limits.semaem = 0;
      for (let place: u32 = 0; place <= highest; place++) {
        const object = table.at(place);
        if (object !== null) limits.semaem += as<SemSet>(u32(object)).count;
      }
    }
  }
  return copyToUser(address, ptr<u8>(limits), sizeof<SemLimits>()) !== 0 ? -EFAULT : i32(highest);
}

/** The set, if it is the current task's to remove or change. 0, -EINVAL, -EIDRM, -EPERM. */
function ownSet(id: u32, result: Ptr<SemSet>, held: Held<SemLock>): i32 {
  const set = findSet(id, held);
  if (set === null) return semTable(held).missing(id);
  result[0] = set;
  return ownsObject(set.object) ? 0 : -EPERM;
}

function remove(id: u32, unused: Ptr<SemSet | null>): i32 {
  using held = lockSems();
  let set = as<SemSet>(0);
  const error = ownSet(id, addrOf(set), held);
  if (error < 0) return error;
  if (removeSet(set, held)) unused[0] = set;
  return 0;
}

function removeById(id: u32): i32 {
  let unused: SemSet | null = null;
  const error = remove(id, addrOf(unused));
  if (unused !== null) kfree(unused);
  return error;
}

function change(id: u32, address: u32): i32 {
  const status = zeroed<Inline<SemStatus>>();
  if (copyFromUser(ptr<u8>(status), address, sizeof<SemStatus>()) !== 0) return -EFAULT;
  using held = lockSems();
  let set = as<SemSet>(0);
  const error = ownSet(id, addrOf(set), held);
  if (error < 0) return error;
  changePermissions(set.object, status.sem_perm);
  set.changeTime = ipcTime();
  return 0;
}

/** semctl(id, index, command, argument): a value or an address. */
export function sysSemctl(id: u32, index: u32, flagged: u32, argument: u32): i32 {
  const command = flagged & ~u32(IPC_64);
  if (i32(id) < 0) return -EINVAL;
  switch (command) {
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
      return readOne(id, index, command);
    case SETVAL:
      return setOne(id, index, argument);
    case GETALL:
      return getAll(id, argument);
    case SETALL:
      return setAll(id, argument);
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
      return tellStatus(command, id, argument);
    case IPC_INFO:
    case SEM_INFO:
      return tellLimits(command, argument);
    case IPC_SET:
      return change(id, argument);
    case IPC_RMID:
      return removeById(id);
    default:
      return -EINVAL;
  }
}
