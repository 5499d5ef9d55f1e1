/*
 * System calls: select in its three forms, and pselect6.
 *
 * The three sets are bitmaps of `n` bits each. They are copied in, and three of the same size are filled with answers,
 * all in one block of memory:
 *
 *   | in | out | except | in, answered | out, answered | except, answered |
 */

import { EBADF, EFAULT, EINVAL, ENOMEM } from '../abi/errno.ts';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../abi/poll.ts';
import { type Timeval } from '../abi/time.ts';
import { monotonicNs } from '../arch/x86/clock.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { memset } from '../lib/string.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { NEVER } from '../proc/sleep.ts';
import { getFileOf } from './descriptor.ts';
import { putFile } from './file.ts';
import { descriptorLimit } from './fileTable.ts';
import { type PollTable } from './poll.ts';
import { askFile, beginMask, deadlineAfter, endMask, readTimeout, waitForFiles, writeRemaining } from './sysPoll.ts';

// A descriptor that nobody can wait for (opened with O_PATH) is ready for everything, so that its user learns of it.
const READABLE: u32 = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR | POLLNVAL;
const WRITABLE: u32 = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR | POLLNVAL;
const EXCEPTIONAL: u32 = POLLPRI | POLLNVAL;

class Sets {
  block: Ptr<u32>;
  /** Words of one set. */
  words: u32;
  /** Bits of one set that count. */
  count: u32;

  /** Set `which`: 0 to 2 as asked, 3 to 5 as answered. */
  set(which: u32): Ptr<u32> {
    return this.block.add(which * this.words);
  }

  has(which: u32, fd: u32): boolean {
    return (this.set(which)[fd >>> 5] & (1 << (fd & 31))) !== 0;
  }

  /** Sets the answer, if it was asked for and `events` say so; 1 if it did. */
  answer(which: u32, fd: u32, events: u32): i32 {
    if (events === 0 || !this.has(which, fd)) return 0;
    this.set(which + 3)[fd >>> 5] |= 1 << (fd & 31);
    return 1;
  }
}

/** Asks each file that is in a set of the Sets at `address` once. How many answers were set, or -EBADF. */
function askSets(address: u32, table: PollTable | null): i32 {
  const sets = as<Sets>(address);
  let ready: i32 = 0;
  let asking = table;
  memset(ptr<u8>(sets.set(3)), 0, sets.words * 12);
  for (let fd: u32 = 0; fd < sets.count; fd++) {
    if (!sets.has(0, fd) && !sets.has(1, fd) && !sets.has(2, fd)) continue;
    const file = getFileOf(fd);
    if (file === null) return -EBADF;
    const events = askFile(file, asking);
    putFile(file);
    ready += sets.answer(0, fd, events & READABLE);
    ready += sets.answer(1, fd, events & WRITABLE);
    ready += sets.answer(2, fd, events & EXCEPTIONAL);
    if (ready > 0) asking = null; // the task will not sleep any more
  }
  return ready;
}

/** Copies a set in; address 0 is the empty set. */
function copySet(sets: Sets, which: u32, address: u32): boolean {
  if (address === 0) memset(ptr<u8>(sets.set(which)), 0, sets.words * 4);
  else if (copyFromUser(ptr<u8>(sets.set(which)), address, sets.words * 4) !== 0) return false;
  return true;
}

function copyAnswer(sets: Sets, which: u32, address: u32): boolean {
  return address === 0 || copyToUser(address, ptr<u8>(sets.set(which + 3)), sets.words * 4) === 0;
}

/** The core of all forms: `deadline` as waitForFiles has it. */
function selectUser(count: u32, input: u32, output: u32, except: u32, deadline: u64): i32 {
  if (i32(count) < 0) return -EINVAL;
  const limit = descriptorLimit();
  const sets = zeroed<Inline<Sets>>();
  sets.count = count < limit ? count : limit;
  sets.words = (sets.count + 31) >>> 5;
  const block = kmalloc(sets.words * 24 + 4);
  if (block === null) return -ENOMEM;
  sets.block = ptr<u32>(block);
  let result: i32 = -EFAULT;
  if (copySet(sets, 0, input) && copySet(sets, 1, output) && copySet(sets, 2, except)) {
    result = waitForFiles(askSets, u32(sets), deadline);
    if (result >= 0) {
      const told = copyAnswer(sets, 0, input) && copyAnswer(sets, 1, output) && copyAnswer(sets, 2, except);
      if (!told) result = -EFAULT;
    }
  }
  kfree(block);
  return result;
}

/** select(n, in, out, except, timeval). What is left of the time is written back, as Linux does. */
export function sysSelect(count: u32, input: u32, output: u32, except: u32, timeout: u32): i32 {
  let deadline = NEVER;
  if (timeout !== 0) {
    const time = zeroed<Inline<Timeval>>();
    if (copyFromUser(ptr<u8>(addrOf(time)), timeout, sizeof<Timeval>()) !== 0) return -EFAULT;
    if (time.tv_sec < 0 || time.tv_usec < 0) return -EINVAL;
    deadline = deadlineAfter(u64(u32(time.tv_sec)) * 1000000000n + u64(u32(time.tv_usec)) * 1000n);
  }
  const result = selectUser(count, input, output, except, deadline);
  if (timeout !== 0) writeRemainingTimeval(timeout, deadline);
  return result;
}

function writeRemainingTimeval(address: u32, deadline: u64): void {
  const now = monotonicNs();
  const left = deadline > now ? deadline - now : 0n;
  const time = zeroed<Inline<Timeval>>();
  time.tv_sec = i32(left / 1000000000n);
  time.tv_usec = i32((left % 1000000000n) / 1000n);
  copyToUser(address, ptr<u8>(addrOf(time)), sizeof<Timeval>());
}

/** The oldest form: all five arguments lie in memory. */
export function sysOldSelect(list: u32): i32 {
  const words = zeroed<FixedArray<u32, 5>>();
  if (copyFromUser(ptr<u8>(words), list, 20) !== 0) return -EFAULT;
  return sysSelect(words[0], words[1], words[2], words[3], words[4]);
}

/** pselect6: the last argument points to a mask's address and size. */
function selectMasked(
  count: u32,
  input: u32,
  output: u32,
  except: u32,
  timeout: u32,
  wide: boolean,
  maskArgument: u32,
): i32 {
  const mask = zeroed<FixedArray<u32, 2>>();
  let time: u64 = 0n;
  if (maskArgument !== 0 && copyFromUser(ptr<u8>(mask), maskArgument, 8) !== 0) return -EFAULT;
  let error = readTimeout(timeout, wide, addrOf(time));
  if (error !== 0) return error;
  error = beginMask(mask[0], mask[1]);
  if (error !== 0) return error;
  const deadline = deadlineAfter(time);
  const result = selectUser(count, input, output, except, deadline);
  endMask(result);
  writeRemaining(timeout, wide, deadline);
  return result;
}

export function sysPselect6(count: u32, input: u32, output: u32, except: u32, timeout: u32, mask: u32): i32 {
  return selectMasked(count, input, output, except, timeout, false, mask);
}

export function sysPselect6Time64(count: u32, input: u32, output: u32, except: u32, timeout: u32, mask: u32): i32 {
  return selectMasked(count, input, output, except, timeout, true, mask);
}
