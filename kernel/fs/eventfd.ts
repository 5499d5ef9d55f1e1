/*
 * System calls: eventfd, eventfd2. A counter behind a descriptor, for threads and processes that tell each other that
 * something has happened, and wait for it together with other descriptors.
 *
 * A write adds to the counter. A read takes all of it, or, of a semaphore, 1; it waits while there is nothing.
 *
 * Locking. (E) EventCounter.lock. Who waits sleeps on `readers` or `writers`.
 *
 * @source eventfd(2).
 */

import { EAGAIN, EFAULT, EINVAL, ENOMEM, ERESTARTSYS } from '../abi/errno.ts';
import { EFD_SEMAPHORE, O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../abi/fcntl.ts';
import { POLLIN, POLLOUT } from '../abi/poll.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { schedule, signalPending } from '../proc/scheduler.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { anonymousSeek, openAnonymous } from './anonymousFile.ts';
import { type File, type FileOperations } from './file.ts';
import { type Inode } from './inode.ts';
import { type PollTable } from './poll.ts';
import { type Transfer } from './transfer.ts';

/** Class of EventCounter.lock. */
export class EventLock {
  declare readonly lock: 'eventCounter';
}

/** The counter is never more; a write that would make it more waits. */
const LARGEST: u64 = 0xfffffffffffffffen;

class EventCounter {
  lock: Inline<Spinlock<EventLock>>;
  count: u64; // (E)
  isSemaphore: boolean; // (C)
  readers: Inline<WaitQueue>;
  writers: Inline<WaitQueue>;
}

const fileOperations = zeroed<Inline<FileOperations>>();

export function initEventfd(): void {
  fileOperations.read = eventRead;
  fileOperations.write = eventWrite;
  fileOperations.poll = eventPoll;
  fileOperations.seek = anonymousSeek;
  fileOperations.release = eventRelease;
}

function counterOf(file: File): EventCounter {
  return as<EventCounter>(file.data);
}

/** Takes what there is to `value`. False: nothing. */
function tryTake(counter: EventCounter, value: Ptr<u64>): boolean {
  using _held = counter.lock.acquire();
  if (counter.count === 0n) return false;
  value[0] = counter.isSemaphore ? 1n : counter.count;
  counter.count -= value[0];
  return true;
}

/** Adds `value`. False: there is no room. */
function tryAdd(counter: EventCounter, value: Ptr<u64>): boolean {
  using _held = counter.lock.acquire();
  if (value[0] > LARGEST - counter.count) return false;
  counter.count += value[0];
  return true;
}

/** Tries until it works, or, without patience, once. 0, -EAGAIN, -ERESTARTSYS. */
function waitFor(
  file: File,
  queue: WaitQueue,
  attempt: (counter: EventCounter, value: Ptr<u64>) => boolean,
  value: Ptr<u64>,
): i32 {
  const counter = counterOf(file);
  if (attempt(counter, value)) return 0;
  if ((file.flags & O_NONBLOCK) !== 0) return -EAGAIN;
  const entry = zeroed<Inline<WaitEntry>>();
  let result: i32 = 0;
  for (;;) {
    queue.prepare(entry, true);
    if (attempt(counter, value)) break;
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    schedule();
  }
  queue.finish(entry);
  return result;
}

function eventRead(file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  if (transfer.remaining < 8) return -EINVAL;
  const counter = counterOf(file);
  let value: u64 = 0n;
  const error = waitFor(file, counter.readers, tryTake, addrOf(value));
  if (error !== 0) return error;
  counter.writers.wakeAll();
  return transfer.copyOut(ptr<u8>(addrOf(value)), 8) === 8 ? 8 : -EFAULT;
}

function eventWrite(file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  if (transfer.remaining !== 8) return -EINVAL;
  const counter = counterOf(file);
  let value: u64 = 0n;
  if (transfer.copyIn(ptr<u8>(addrOf(value)), 8) !== 8) return -EFAULT;
  if (value > LARGEST) return -EINVAL;
  const error = waitFor(file, counter.writers, tryAdd, addrOf(value));
  if (error !== 0) return error;
  counter.readers.wakeAll();
  return 8;
}

function eventPoll(file: File, table: PollTable | null): u32 {
  const counter = counterOf(file);
  if (table !== null) {
    table.waitOn(file, counter.readers);
    table.waitOn(file, counter.writers);
  }
  using _held = counter.lock.acquire();
  let events: u32 = 0;
  if (counter.count > 0n) events |= POLLIN;
  if (counter.count < LARGEST) events |= POLLOUT;
  return events;
}

function eventRelease(_inode: Inode, file: File): void {
  kfree(counterOf(file));
}

function makeCounter(first: u32, flags: u32): EventCounter | null {
  const counter = allocate<EventCounter>();
  if (counter === null) return null;
  counter.lock.init('event counter');
  counter.readers.init();
  counter.writers.init();
  counter.count = u64(first);
  counter.isSemaphore = (flags & EFD_SEMAPHORE) !== 0;
  return counter;
}

/** eventfd2(first, flags). */
export function sysEventfd2(first: u32, flags: u32): i32 {
  if ((flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK)) !== 0) return -EINVAL;
  const counter = makeCounter(first, flags);
  if (counter === null) return -ENOMEM;
  const fd = openAnonymous('anon_inode:[eventfd]', fileOperations, u32(counter), O_RDWR | (flags & ~EFD_SEMAPHORE));
  if (fd < 0) kfree(counter);
  return fd;
}

export function sysEventfd(first: u32): i32 {
  return sysEventfd2(first, 0);
}
