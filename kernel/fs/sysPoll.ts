/*
 * System calls: poll and ppoll. How several files are waited for is in poll.ts.
 */

import { EFAULT, EINVAL, ENOMEM, ERESTART_RESTARTBLOCK, ERESTARTNOHAND } from '../abi/errno.ts';
import { POLLERR, type PollFd, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.ts';
import { SIGSET_SIZE } from '../abi/signal.ts';
import { type Timespec, type Timespec64 } from '../abi/time.ts';
import { monotonicNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { setCurrentState, signalPending } from '../proc/scheduler.ts';
import { setBlocked } from '../proc/signalDeliver.ts';
import { type SignalSet } from '../proc/signalState.ts';
import { NEVER, scheduleTimeout } from '../proc/sleep.ts';
import { beginTemporaryMask } from '../proc/sysSignal.ts';
import { type RestartBlock, type Task, TASK_INTERRUPTIBLE, TASK_RUNNING } from '../proc/task.ts';
import { O_PATH } from '../abi/fcntl.ts';
import { getFileOf } from './descriptor.ts';
import { type File, putFile } from './file.ts';
import { descriptorLimit } from './fileTable.ts';
import { type PollTable } from './poll.ts';

/** Of files that never make anybody wait. */
const ALWAYS_READY: u32 = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

const MILLISECOND: u64 = 1000000n;
const SECOND: u64 = 1000000000n;

/** What `file` says now; with a table the task will also be woken when that may have changed. */
export function askFile(file: File, table: PollTable | null): u32 {
  if ((file.flags & O_PATH) !== 0) return POLLNVAL;
  const poll = file.operations.poll;
  return poll === null ? ALWAYS_READY : poll(file, table);
}

/** A copy of what the caller asks about. */
class PollList {
  entries: Ptr<Inline<PollFd>>;
  count: u32;
}

/** Asks each file of the PollList at `address` once. How many have something to tell. */
function askList(address: u32, table: PollTable | null): i32 {
  const list = as<PollList>(address);
  let ready: i32 = 0;
  let asking = table;
  for (let i: u32 = 0; i < list.count; i++) {
    const entry: PollFd = list.entries[i];
    entry.revents = 0;
    if (entry.fd < 0) continue;
    const file = getFileOf(u32(entry.fd));
    let events: u32 = POLLNVAL;
    if (file !== null) {
      events = askFile(file, asking) & (entry.events | POLLERR | POLLHUP | POLLNVAL);
      putFile(file);
    }
    entry.revents = u16(events);
    if (events === 0) continue;
    ready++;
    asking = null; // the task will not sleep any more
  }
  return ready;
}

/**
 * Waits until `ask(asked, ...)` has an answer, which it gives; it is to ask all files. 0: the time is over.
 * -ERESTARTNOHAND: a signal came. -ENOMEM. Sleeps.
 */
export function waitForFiles(ask: (asked: u32, table: PollTable | null) => i32, asked: u32, deadline: u64): i32 {
  const table = zeroed<Inline<PollTable>>();
  let first = true;
  let isOver = deadline === 0n;
  let result: i32;
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    result = ask(asked, first && !isOver ? table : null);
    first = false;
    if (result === 0 && table.isShort) result = -ENOMEM;
    if (result !== 0 || isOver) break;
    if (signalPending()) {
      result = -ERESTARTNOHAND;
      break;
    }
    isOver = scheduleTimeout(deadline);
  }
  setCurrentState(TASK_RUNNING);
  table.finish();
  return result;
}

/** Copies the list in, waits, copies the answers out. */
function pollUser(address: u32, count: u32, deadline: u64): i32 {
  if (count > descriptorLimit()) return -EINVAL;
  const size = count * sizeof<PollFd>();
  const block = kmalloc(size === 0 ? sizeof<PollFd>() : size);
  if (block === null) return -ENOMEM;
  let result: i32 = -EFAULT;
  if (copyFromUser(block, address, size) === 0) {
    const list = zeroed<Inline<PollList>>();
    list.entries = ptr<Inline<PollFd>>(block);
    list.count = count;
    result = waitForFiles(askList, u32(list), deadline);
    if (!copyAnswers(list.entries, address, count)) result = -EFAULT;
  }
  kfree(block);
  return result;
}

function copyAnswers(list: Ptr<Inline<PollFd>>, address: u32, count: u32): boolean {
  for (let i: u32 = 0; i < count; i++) {
    const place = address + i * sizeof<PollFd>() + offsetof<PollFd>('revents');
    if (copyToUser(place, ptr<u8>(addrOf(list[i].revents)), 2) !== 0) return false;
  }
  return true;
}

/** poll(list, count, timeout): milliseconds, negative for ever. */
export function sysPoll(address: u32, count: u32, timeout: u32): i32 {
  let deadline = NEVER;
  if (timeout === 0) deadline = 0n;
  else if (i32(timeout) > 0) deadline = monotonicNs() + u64(timeout) * MILLISECOND;
  return pollRestartable(address, count, deadline);
}

/** Interrupted without a handler, the call goes on and still ends at its deadline. */
function pollRestartable(address: u32, count: u32, deadline: u64): i32 {
  const result = pollUser(address, count, deadline);
  if (result !== -ERESTARTNOHAND) return result;
  const block: RestartBlock = current().restart;
  block.call = resumePoll;
  block.deadline = deadline;
  block.argument = address;
  block.count = count;
  return -ERESTART_RESTARTBLOCK;
}

function resumePoll(block: RestartBlock): i32 {
  return pollRestartable(block.argument, block.count, block.deadline);
}

// ---------------------------------------------------------------------------------------------------------------------
// What the calls with a signal mask and a timespec share: ppoll and pselect6.

/** Reads a Timespec or, if `wide`, a Timespec64 as nanoseconds; address 0 is NEVER. 0, -EFAULT, -EINVAL. */
export function readTimeout(address: u32, wide: boolean, result: Ptr<u64>): i32 {
  result[0] = NEVER;
  if (address === 0) return 0;
  const long = zeroed<Inline<Timespec64>>();
  if (wide) {
    if (copyFromUser(ptr<u8>(addrOf(long)), address, sizeof<Timespec64>()) !== 0) return -EFAULT;
  } else {
    const short = zeroed<Inline<Timespec>>();
    if (copyFromUser(ptr<u8>(addrOf(short)), address, sizeof<Timespec>()) !== 0) return -EFAULT;
    long.tv_sec = i64(short.tv_sec);
    long.tv_nsec = short.tv_nsec;
  }
  if (long.tv_sec < 0n || u32(long.tv_nsec) >= 1000000000) return -EINVAL;
  // Longer than 292 years is for ever.
  if (long.tv_sec < 0x200000000n) result[0] = u64(long.tv_sec) * SECOND + u64(u32(long.tv_nsec));
  return 0;
}

/** Now plus `timeout` nanoseconds; 0 stays 0 (do not wait), NEVER stays NEVER. */
export function deadlineAfter(timeout: u64): u64 {
  return timeout === 0n || timeout === NEVER ? timeout : monotonicNs() + timeout;
}

/** Writes what is left of the time until `deadline` back to where `readTimeout` read. Programs may keep it read-only. */
export function writeRemaining(address: u32, wide: boolean, deadline: u64): void {
  if (address === 0) return;
  const now = monotonicNs();
  const left = deadline > now ? deadline - now : 0n;
  if (wide) {
    const long = zeroed<Inline<Timespec64>>();
    long.tv_sec = i64(left / SECOND);
    long.tv_nsec = i32(left % SECOND);
    copyToUser(address, ptr<u8>(addrOf(long)), sizeof<Timespec64>());
    return;
  }
  const short = zeroed<Inline<Timespec>>();
  short.tv_sec = i32(left / SECOND);
  short.tv_nsec = i32(left % SECOND);
  copyToUser(address, ptr<u8>(addrOf(short)), sizeof<Timespec>());
}

/** Puts the mask at user address `address` (0: none) in force until `endMask`. 0, -EFAULT, -EINVAL. */
export function beginMask(address: u32, size: u32): i32 {
  if (address === 0) return 0;
  if (size !== SIGSET_SIZE) return -EINVAL;
  let mask: SignalSet = 0n;
  if (copyFromUser(ptr<u8>(addrOf(mask)), address, SIGSET_SIZE) !== 0) return -EFAULT;
  beginTemporaryMask(current(), mask);
  return 0;
}

/** The wait has given `result`. If it was cut short, the signal's delivery must find the mask, and restores the old one. */
export function endMask(result: i32): void {
  const task: Task = current();
  if (result === -ERESTARTNOHAND || !task.restoreBlocked) return;
  task.restoreBlocked = false;
  setBlocked(task, task.savedBlocked);
}

function pollMasked(address: u32, count: u32, timeout: u32, wide: boolean, mask: u32, size: u32): i32 {
  let time: u64 = 0n;
  let error = readTimeout(timeout, wide, addrOf(time));
  if (error !== 0) return error;
  error = beginMask(mask, size);
  if (error !== 0) return error;
  const deadline = deadlineAfter(time);
  const result = pollUser(address, count, deadline);
  endMask(result);
  writeRemaining(timeout, wide, deadline);
  return result;
}

export function sysPpoll(address: u32, count: u32, timeout: u32, mask: u32, size: u32): i32 {
  return pollMasked(address, count, timeout, false, mask, size);
}

export function sysPpollTime64(address: u32, count: u32, timeout: u32, mask: u32, size: u32): i32 {
  return pollMasked(address, count, timeout, true, mask, size);
}
