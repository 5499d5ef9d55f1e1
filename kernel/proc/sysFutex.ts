/*
 * The system calls of futexes: what their arguments mean.
 *
 * Not there, ENOSYS: conditions of locks with owners (FUTEX_WAIT_REQUEUE_PI), which C libraries do without, and vectors of
 * futexes.
 *
 * @source futex(2), set_robust_list(2).
 */

import { EFAULT, EINVAL, ENOSYS, EPERM, ERESTART_RESTARTBLOCK, ERESTARTSYS, ESRCH } from '../abi/errno.ts';
import {
  FUTEX_BITSET_MATCH_ANY,
  FUTEX_CLOCK_REALTIME,
  FUTEX_CMD_MASK,
  FUTEX_CMP_REQUEUE,
  FUTEX_LOCK_PI,
  FUTEX_LOCK_PI2,
  FUTEX_OP_ADD,
  FUTEX_OP_ANDN,
  FUTEX_OP_CMP_EQ,
  FUTEX_OP_CMP_GE,
  FUTEX_OP_CMP_GT,
  FUTEX_OP_CMP_LE,
  FUTEX_OP_CMP_LT,
  FUTEX_OP_CMP_NE,
  FUTEX_OP_OPARG_SHIFT,
  FUTEX_OP_OR,
  FUTEX_OP_SET,
  FUTEX_OP_XOR,
  FUTEX_PRIVATE_FLAG,
  FUTEX_REQUEUE,
  FUTEX_TRYLOCK_PI,
  FUTEX_UNLOCK_PI,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAKE,
  FUTEX_WAKE_BITSET,
  FUTEX_WAKE_OP,
  type RobustListHead,
} from '../abi/futex.ts';
import { monotonicNs, realtimeNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { isUserRange, putUser32 } from '../arch/x86/userCopy.ts';
import {
  futexRequeue,
  futexWait,
  futexWake,
  futexWakeOp,
  type FutexWord,
  type RequeueRequest,
  type WakeOperation,
} from './futex.ts';
import { lockPi, unlockPi } from './futexPi.ts';
import { NEVER } from './sleep.ts';
import { readTimespec, readTimespec64 } from './sysTime.ts';
import { type RestartBlock, type Task } from './task.ts';
import { findTask, lockTasks, type TaskListLock } from './taskList.ts';

// ---------------------------------------------------------------------------------------------------------------------
// Waiting.

/** Sets up a word. 0, -EINVAL (not aligned), -EFAULT. */
function setWord(word: FutexWord, address: u32, operation: u32): i32 {
  word.address = address;
  word.isPrivate = (operation & FUTEX_PRIVATE_FLAG) !== 0;
  if ((address & 3) !== 0) return -EINVAL;
  return isUserRange(address, 4) ? 0 : -EFAULT;
}

/** Waits. With a deadline, a signal without a handler lets it go on until then, through restart_syscall. */
function waitUntil(address: u32, operation: u32, value: u32, deadline: u64, bitset: u32): i32 {
  if (bitset === 0) return -EINVAL;
  const word = zeroed<Inline<FutexWord>>();
  const error = setWord(word, address, operation);
  if (error < 0) return error;
  const result = futexWait(word, value, deadline, bitset);
  if (result !== -ERESTARTSYS || deadline === NEVER) return result;
  const block = current().restart;
  block.call = resumeWait;
  block.deadline = deadline;
  block.argument = address;
  block.count = value;
  block.flags = operation;
  block.mask = bitset;
  return -ERESTART_RESTARTBLOCK;
}

function resumeWait(block: RestartBlock): i32 {
  return waitUntil(block.argument, block.flags, block.count, block.deadline, block.mask);
}

/** A timeout as a point on the monotonic clock. FUTEX_WAIT's is a length, FUTEX_WAIT_BITSET's a point on its clock. */
function deadlineOf(operation: u32, time: u64): u64 {
  const now = monotonicNs();
  if ((operation & FUTEX_CMD_MASK) === FUTEX_WAIT) return now + time;
  // FUTEX_LOCK_PI has always been by the date, whatever its flags say.
  const isDate = (operation & FUTEX_CLOCK_REALTIME) !== 0 || (operation & FUTEX_CMD_MASK) === FUTEX_LOCK_PI;
  if (!isDate) return time;
  const offset = realtimeNs() - now;
  return time > offset ? time - offset : 0n;
}

// ---------------------------------------------------------------------------------------------------------------------
// Two words.

function requeue(first: FutexWord, second: FutexWord, command: u32, wake: u32, move: u32, value: u32): i32 {
  if (i32(wake) < 0 || i32(move) < 0) return -EINVAL;
  const request = zeroed<Inline<RequeueRequest>>();
  request.wakeCount = i32(wake);
  request.requeueCount = i32(move);
  request.isCompared = command === FUTEX_CMP_REQUEUE;
  request.value = value;
  return futexRequeue(first, second, request);
}

function setTo(_old: u32, argument: u32): u32 {
  return argument;
}

function add(old: u32, argument: u32): u32 {
  return old + argument;
}

function or(old: u32, argument: u32): u32 {
  return old | argument;
}

function andNot(old: u32, argument: u32): u32 {
  return old & ~argument;
}

function xor(old: u32, argument: u32): u32 {
  return old ^ argument;
}

function isEqual(old: i32, compared: i32): boolean {
  return old === compared;
}

function isOther(old: i32, compared: i32): boolean {
  return old !== compared;
}

function isLess(old: i32, compared: i32): boolean {
  return old < compared;
}

function isAtMost(old: i32, compared: i32): boolean {
  return old <= compared;
}

function isMore(old: i32, compared: i32): boolean {
  return old > compared;
}

function isAtLeast(old: i32, compared: i32): boolean {
  return old >= compared;
}

function setCompute(operation: WakeOperation, code: u32): i32 {
  if (code === FUTEX_OP_SET) operation.compute = setTo;
  else if (code === FUTEX_OP_ADD) operation.compute = add;
  else if (code === FUTEX_OP_OR) operation.compute = or;
  else if (code === FUTEX_OP_ANDN) operation.compute = andNot;
  else if (code === FUTEX_OP_XOR) operation.compute = xor;
  else return -ENOSYS;
  return 0;
}

function setMatches(operation: WakeOperation, code: u32): i32 {
  if (code === FUTEX_OP_CMP_EQ) operation.matches = isEqual;
  else if (code === FUTEX_OP_CMP_NE) operation.matches = isOther;
  else if (code === FUTEX_OP_CMP_LT) operation.matches = isLess;
  else if (code === FUTEX_OP_CMP_LE) operation.matches = isAtMost;
  else if (code === FUTEX_OP_CMP_GT) operation.matches = isMore;
  else if (code === FUTEX_OP_CMP_GE) operation.matches = isAtLeast;
  else return -ENOSYS;
  return 0;
}

/** Takes FUTEX_WAKE_OP's word apart: 4 bits operation, 4 comparison, 12 bits (signed) argument of each. 0 or -ENOSYS. */
function decode(operation: WakeOperation, encoded: u32): i32 {
  const code = encoded >>> 28;
  const argument = i32(encoded << 8) >> 20;
  operation.argument = (code & FUTEX_OP_OPARG_SHIFT) !== 0 ? 1 << (u32(argument) & 31) : u32(argument);
  operation.compared = i32(encoded << 20) >> 20;
  const error = setCompute(operation, code & 7);
  return error < 0 ? error : setMatches(operation, (encoded >>> 24) & 15);
}

function wakeOp(first: FutexWord, second: FutexWord, wake: u32, other: u32, encoded: u32): i32 {
  const operation = zeroed<Inline<WakeOperation>>();
  operation.wakeCount = i32(wake);
  operation.otherCount = i32(other);
  const error = decode(operation, encoded);
  return error < 0 ? error : futexWakeOp(first, second, operation);
}

// ---------------------------------------------------------------------------------------------------------------------
// The calls.

function hasTimeout(operation: u32): boolean {
  const command = operation & FUTEX_CMD_MASK;
  return command === FUTEX_WAIT || command === FUTEX_WAIT_BITSET || isLock(command);
}

function isLock(command: u32): boolean {
  return command === FUTEX_LOCK_PI || command === FUTEX_LOCK_PI2;
}

/** Locks that have owners. */
function lockOrUnlock(operation: u32, address: u32, deadline: u64): i32 {
  const word = zeroed<Inline<FutexWord>>();
  const error = setWord(word, address, operation);
  if (error < 0) return error;
  const command = operation & FUTEX_CMD_MASK;
  return command === FUTEX_UNLOCK_PI ? unlockPi(word) : lockPi(word, deadline, command === FUTEX_TRYLOCK_PI);
}

/** All operations but waiting. `second` counts waiters where there are two futexes. */
function wakeOrMove(operation: u32, address: u32, count: u32, second: u32, address2: u32, value3: u32): i32 {
  const command = operation & FUTEX_CMD_MASK;
  if (command === FUTEX_UNLOCK_PI || command === FUTEX_TRYLOCK_PI) return lockOrUnlock(operation, address, NEVER);
  const hasTwo = command === FUTEX_REQUEUE || command === FUTEX_CMP_REQUEUE || command === FUTEX_WAKE_OP;
  if (!hasTwo && command !== FUTEX_WAKE && command !== FUTEX_WAKE_BITSET) return -ENOSYS;
  const bitset: u32 = command === FUTEX_WAKE_BITSET ? value3 : FUTEX_BITSET_MATCH_ANY;
  if (bitset === 0) return -EINVAL;
  const word = zeroed<Inline<FutexWord>>();
  const other = zeroed<Inline<FutexWord>>();
  let error = setWord(word, address, operation);
  if (error === 0 && hasTwo) error = setWord(other, address2, operation);
  if (error < 0) return error;
  if (!hasTwo) return futexWake(word, i32(count), bitset);
  if (command === FUTEX_WAKE_OP) return wakeOp(word, other, count, second, value3);
  return requeue(word, other, command, count, second, value3);
}

function doFutex(address: u32, operation: u32, value: u32, deadline: u64, bitset: u32): i32 {
  const command = operation & FUTEX_CMD_MASK;
  const mayBeDate = command === FUTEX_WAIT_BITSET || command === FUTEX_LOCK_PI2;
  if ((operation & FUTEX_CLOCK_REALTIME) !== 0 && !mayBeDate) return -ENOSYS;
  if (isLock(command)) return lockOrUnlock(operation, address, deadline);
  return waitUntil(address, operation, value, deadline, command === FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : bitset);
}

/** futex(address, operation, value, timeout or second value, address2, value3). */
export function sysFutex(address: u32, operation: u32, value: u32, timeout: u32, address2: u32, value3: u32): i32 {
  if (!hasTimeout(operation)) {
    if ((operation & FUTEX_CLOCK_REALTIME) !== 0) return -ENOSYS;
    return wakeOrMove(operation, address, value, timeout, address2, value3);
  }
  let time: u64 = 0n;
  const error = timeout === 0 ? 0 : readTimespec(timeout, addrOf(time));
  if (error < 0) return error;
  return doFutex(address, operation, value, timeout === 0 ? NEVER : deadlineOf(operation, time), value3);
}

/** futex_time64: the same with a wide timeout. */
export function sysFutexTime64(
  address: u32,
  operation: u32,
  value: u32,
  timeout: u32,
  address2: u32,
  value3: u32,
): i32 {
  if (!hasTimeout(operation) || timeout === 0) return sysFutex(address, operation, value, timeout, address2, value3);
  let time: u64 = 0n;
  const error = readTimespec64(timeout, addrOf(time));
  if (error < 0) return error;
  return doFutex(address, operation, value, deadlineOf(operation, time), value3);
}

/** set_robust_list(head, size). What is there, only the thread's end will tell. */
export function sysSetRobustList(head: u32, size: u32): i32 {
  if (size !== sizeof<RobustListHead>()) return -EINVAL;
  current().robustList = head;
  return 0;
}

/** May the current task know where another one keeps its locks? */
function maySee(task: Task): boolean {
  const mine = current().credentials;
  const theirs = task.credentials;
  if (task.process === current().process || mine.euid === 0) return true;
  return mine.uid === theirs.euid && mine.uid === theirs.suid && mine.uid === theirs.uid;
}

function robustListOf(pid: u32, head: Ptr<u32>, _held: Held<TaskListLock>): i32 {
  const task = pid === 0 ? current() : findTask(pid, _held);
  if (task === null) return -ESRCH;
  if (!maySee(task)) return -EPERM;
  head[0] = task.robustList;
  return 0;
}

/** get_robust_list(pid, head, size): of a thread, 0 being the caller. */
export function sysGetRobustList(pid: u32, headAddress: u32, sizeAddress: u32): i32 {
  let head: u32 = 0;
  let error: i32 = 0;
  {
    using tasks = lockTasks();
    error = robustListOf(pid, addrOf(head), tasks);
  }
  if (error < 0) return error;
  if (putUser32(sizeAddress, sizeof<RobustListHead>()) < 0) return -EFAULT;
  return putUser32(headAddress, head);
}
