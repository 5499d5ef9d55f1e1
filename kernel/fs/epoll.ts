/*
 * System calls: epoll_create1, epoll_ctl, epoll_wait and their variants. What an epoll file consists of is said in
 * epollItem.ts.
 *
 * Reading. Items on the ready list are asked one by one, the list's length at the start being the limit. What is ready is
 * copied out. Then an item goes to the end of the list again, since it may still be ready at the next call; unless it is
 * EPOLLET, which tells only of what happens from now on, or EPOLLONESHOT, which is told no more before EPOLL_CTL_MOD. What is not ready
 * after all just leaves the list.
 *
 * Locking. (G), (X), (E) of epollItem.ts. (X) is held while files are asked, so that none of them goes meanwhile.
 *
 * @source epoll_create(2), epoll_ctl(2), epoll_wait(2), epoll(7).
 */

import { EBADF, EEXIST, EFAULT, EINTR, EINVAL, ELOOP, ENOENT, ENOMEM, EPERM, ERESTARTNOHAND } from '../abi/errno.ts';
import { O_CLOEXEC, O_PATH, O_RDWR } from '../abi/fcntl.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  type EpollEvent,
  EPOLLEXCLUSIVE,
  EPOLLONESHOT,
  EPOLLWAKEUP,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDNORM,
} from '../abi/poll.ts';

import { copyFromUser, copyToUser, isUserRange } from '../arch/x86/userCopy.ts';
import { signalPending } from '../proc/scheduler.ts';
import { NEVER, scheduleTimeout } from '../proc/sleep.ts';
import { type WaitEntry } from '../sync/waitQueue.ts';
import { anonymousSeek, openAnonymous } from './anonymousFile.ts';
import { getFileOf } from './descriptor.ts';
import {
  addReady,
  countReady,
  createEventPoll,
  createItem,
  divertToItem,
  type EpollItem,
  type EpollMutex,
  type EventPoll,
  findItem,
  freeEventPoll,
  hasReady,
  initEpollItems,
  lockEpolls,
  PRIVATE_BITS,
  raiseAbove,
  removeItem,
  takeReady,
  wakeReaders,
} from './epollItem.ts';
import { type File, type FileOperations, putFile } from './file.ts';
import { type Inode } from './inode.ts';
import { type PollTable } from './poll.ts';
import { askFile, beginMask, deadlineAfter, endMask, readTimeout } from './sysPoll.ts';

const MILLISECOND: u64 = 1000000n;
/** Events that one call may ask for. */
const MAX_EVENTS: u32 = 0x7fffffff / 12;
/** What may stand beside EPOLLEXCLUSIVE. */
const EXCLUSIVE_BITS: u32 = POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

const fileOperations = zeroed<Inline<FileOperations>>();

export function initEpoll(): void {
  initEpollItems();
  fileOperations.poll = epollPoll;
  fileOperations.seek = anonymousSeek;
  fileOperations.release = epollRelease;
}

function isEpoll(file: File): boolean {
  return file.operations === fileOperations;
}

function pollOf(file: File): EventPoll {
  return as<EventPoll>(file.data);
}

function epollRelease(_inode: Inode, file: File): void {
  freeEventPoll(pollOf(file));
}

/** What the item's file says, of what is wanted. */
function askItem(item: EpollItem): u32 {
  return askFile(item.file, null) & item.events & ~PRIVATE_BITS;
}

/** For poll, select and other epoll files: readable when one of the items on the list is ready indeed. */
function epollPoll(file: File, table: PollTable | null): u32 {
  const poll = pollOf(file);
  if (table !== null) table.waitOn(file, poll.queue);
  using _held = poll.mutex.lockNested(poll.height);
  for (let count = countReady(poll); count > 0; count--) {
    const item = takeReady(poll);
    if (item === null) break;
    if (askItem(item) === 0) continue;
    addReady(item);
    return POLLIN | POLLRDNORM;
  }
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Making one, and what it watches.

/** epoll_create1(flags). */
export function sysEpollCreate1(flags: u32): i32 {
  if ((flags & ~O_CLOEXEC) !== 0) return -EINVAL;
  const poll = createEventPoll();
  if (poll === null) return -ENOMEM;
  const fd = openAnonymous('anon_inode:[eventpoll]', fileOperations, u32(poll), O_RDWR | flags);
  if (fd < 0) freeEventPoll(poll);
  return fd;
}

/** epoll_create(size): the size says nothing, but is not to be 0. */
export function sysEpollCreate(size: u32): i32 {
  return i32(size) <= 0 ? -EINVAL : sysEpollCreate1(0);
}

function setEvents(item: EpollItem, event: EpollEvent): void {
  item.dataLow = event.dataLow;
  item.dataHigh = event.dataHigh;
  item.events = event.events | POLLERR | POLLHUP;
}

/** The file may have something to tell already. */
function announce(item: EpollItem): void {
  if (askItem(item) !== 0 && addReady(item)) wakeReaders(item.owner);
}

function addItem(poll: EventPoll, file: File, fd: u32, event: EpollEvent, files: Held<EpollMutex>): i32 {
  if (isEpoll(file) && !raiseAbove(poll, pollOf(file), files)) return -ELOOP;
  using held = poll.mutex.lockNested(poll.height);
  const item = createItem(poll, file, fd, files, held);
  if (item === null) return -ENOMEM;
  setEvents(item, event);
  const table = zeroed<Inline<PollTable>>();
  divertToItem(table, item);
  askFile(file, table);
  if (table.isShort) {
    removeItem(item, files, held);
    return -ENOMEM;
  }
  announce(item);
  return 0;
}

function changeItem(item: EpollItem, event: EpollEvent): i32 {
  if ((item.events & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
  using _held = item.owner.mutex.lockNested(item.owner.height);
  setEvents(item, event);
  announce(item);
  return 0;
}

function deleteItem(item: EpollItem, files: Held<EpollMutex>): i32 {
  using held = item.owner.mutex.lockNested(item.owner.height);
  removeItem(item, files, held);
  return 0;
}

/** May `event` be asked for? Who is woken exclusively must say so from the start, and about nothing unusual. */
function isAllowed(operation: u32, event: EpollEvent, target: File): boolean {
  if ((event.events & EPOLLEXCLUSIVE) === 0 || operation === EPOLL_CTL_DEL) return true;
  return operation === EPOLL_CTL_ADD && !isEpoll(target) && (event.events & ~EXCLUSIVE_BITS) === 0;
}

function control(epoll: File, operation: u32, fd: u32, target: File, event: EpollEvent): i32 {
  if (((epoll.flags | target.flags) & O_PATH) !== 0) return -EBADF;
  if (target.operations.poll === null) return -EPERM;
  if (epoll === target || !isEpoll(epoll) || !isAllowed(operation, event, target)) return -EINVAL;
  using files = lockEpolls();
  const poll = pollOf(epoll);
  poll.file = epoll;
  const item = findItem(poll, target, fd, files);
  switch (operation) {
    case EPOLL_CTL_ADD:
      return item !== null ? -EEXIST : addItem(poll, target, fd, event, files);
    case EPOLL_CTL_MOD:
      return item === null ? -ENOENT : changeItem(item, event);
    case EPOLL_CTL_DEL:
      return item === null ? -ENOENT : deleteItem(item, files);
    default:
      return -EINVAL;
  }
}

/** epoll_ctl(epfd, operation, fd, event). */
export function sysEpollCtl(epfd: u32, operation: u32, fd: u32, address: u32): i32 {
  const event = zeroed<Inline<EpollEvent>>();
  if (operation !== EPOLL_CTL_DEL) {
    if (copyFromUser(ptr<u8>(event), address, sizeof<EpollEvent>()) !== 0) return -EFAULT;
  }
  const epoll = getFileOf(epfd);
  if (epoll === null) return -EBADF;
  const target = getFileOf(fd);
  const result = target === null ? -EBADF : control(epoll, operation, fd, target, event);
  if (target !== null) putFile(target);
  putFile(epoll);
  return result;
}

// ---------------------------------------------------------------------------------------------------------------------
// Waiting.

/** Copies one event out; false: the place is no good. */
function tell(item: EpollItem, events: u32, address: u32): boolean {
  const event = zeroed<Inline<EpollEvent>>();
  event.events = events;
  event.dataLow = item.dataLow;
  event.dataHigh = item.dataHigh;
  return copyToUser(address, ptr<u8>(event), sizeof<EpollEvent>()) === 0;
}

/** Copies out what is ready: how many, or -EFAULT if there was no place for the first. */
function collect(poll: EventPoll, address: u32, limit: u32): i32 {
  using _held = poll.mutex.lockNested(poll.height);
  let told: u32 = 0;
  for (let count = countReady(poll); count > 0 && told < limit; count--) {
    const item = takeReady(poll);
    if (item === null) break;
    const events = askItem(item);
    if (events === 0) continue;
    if (!tell(item, events, address + told * sizeof<EpollEvent>())) {
      addReady(item);
      return told > 0 ? i32(told) : -EFAULT;
    }
    told++;
    if ((item.events & EPOLLONESHOT) !== 0) item.events &= PRIVATE_BITS;
    else if ((item.events & EPOLLET) === 0) addReady(item);
  }
  return i32(told);
}

/** Sleeps until something may be ready. 0, -EINTR; 1 when the time is over. */
function sleepOn(poll: EventPoll, deadline: u64): i32 {
  const entry = zeroed<Inline<WaitEntry>>();
  let result: i32 = 0;
  for (;;) {
    poll.queue.prepare(entry, true);
    if (hasReady(poll)) break;
    if (signalPending()) {
      result = -EINTR;
      break;
    }
    if (scheduleTimeout(deadline)) {
      result = 1;
      break;
    }
  }
  poll.queue.finish(entry);
  return result;
}

/** `deadline` 0: does not wait. */
function waitForEvents(poll: EventPoll, address: u32, limit: u32, deadline: u64): i32 {
  let isOver = deadline === 0n;
  for (;;) {
    const told = collect(poll, address, limit);
    if (told !== 0) {
      if (told > 0 && hasReady(poll)) wakeReaders(poll); // others, for what is left
      return told;
    }
    if (isOver) return 0;
    const woken = sleepOn(poll, deadline);
    if (woken < 0) return woken;
    isOver = woken === 1;
  }
}

function waitOnFile(epfd: u32, address: u32, limit: u32, deadline: u64): i32 {
  const file = getFileOf(epfd);
  if (file === null) return -EBADF;
  let result: i32 = -EINVAL;
  if (limit > 0 && limit <= MAX_EVENTS) {
    if (!isUserRange(address, limit * sizeof<EpollEvent>())) result = -EFAULT;
    else if (isEpoll(file)) result = waitForEvents(pollOf(file), address, limit, deadline);
  }
  putFile(file);
  return result;
}

/** Milliseconds, negative for ever. */
function deadlineOf(timeout: u32): u64 {
  if (i32(timeout) < 0) return NEVER;
  return deadlineAfter(u64(timeout) * MILLISECOND);
}

/** epoll_wait(epfd, events, limit, timeout). A signal ends it always: no flag has it begin anew. */
export function sysEpollWait(epfd: u32, address: u32, limit: u32, timeout: u32): i32 {
  return waitOnFile(epfd, address, limit, deadlineOf(timeout));
}

function waitMasked(epfd: u32, address: u32, limit: u32, deadline: u64, mask: u32, size: u32): i32 {
  const error = beginMask(mask, size);
  if (error !== 0) return error;
  const result = waitOnFile(epfd, address, limit, deadline);
  endMask(result === -EINTR ? -ERESTARTNOHAND : result); // the mask is in force until the signal is delivered
  return result;
}

/** epoll_pwait(epfd, events, limit, timeout, mask, size). */
export function sysEpollPwait(epfd: u32, address: u32, limit: u32, timeout: u32, mask: u32, size: u32): i32 {
  return waitMasked(epfd, address, limit, deadlineOf(timeout), mask, size);
}

/** epoll_pwait2(epfd, events, limit, timeout, mask, size): the same with a Timespec64, or null for ever. */
export function sysEpollPwait2(epfd: u32, address: u32, limit: u32, timeout: u32, mask: u32, size: u32): i32 {
  let time: u64 = 0n;
  const error = readTimeout(timeout, true, addrOf(time));
  return error !== 0 ? error : waitMasked(epfd, address, limit, deadlineAfter(time), mask, size);
}
