/*
 * What an epoll file consists of: the items that it watches, and which of them may have something to tell.
 *
 * Idea. An item stands for one descriptor and the open file behind it. It hangs on the file's wait queues all the time; when
 * one of them is woken, the item goes on the list of those that may be ready, and whoever waits for the epoll file is woken.
 * So waiting costs as much as there is to tell, not as much as there is to watch. That something was woken does not yet
 * mean that the item is ready: the reader asks the file before he believes it (epoll.ts).
 *
 * An item keeps no reference to its file: closing the last descriptor takes it out (`dropWatchers`).
 *
 * An epoll file can be watched by another one. Its height says how many of them lie below it: 0 if it watches none. A
 * watcher is always higher than what it watches, and locks are taken from the lowest wait queue up, and mutexes from the
 * highest down; what would be higher than MAX_HEIGHT, circles included, is refused.
 *
 *   a pipe is written to            epoll_wait
 *     its queue (W)                   mutex (X): take ready items, ask their files, copy out
 *       itemWoken: (E) ready list     none? sleep on `queue`
 *       `queue` (W, level = height)
 *
 * Locking. One letter per lock:
 *   (G) epollMutex: which files are watched by which epoll files; heights
 *   (X) EventPoll.mutex, inside (G), at the level of the height
 *   (E) EventPoll.lock, interrupts off, inside the (W) of the watched file's queue
 *   (C) constant
 *
 * @source epoll(7).
 */

import { EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLWAKEUP } from '../abi/poll.ts';
import { type ListHead } from '../lib/list.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { type Mutex } from '../sync/mutex.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { type File } from './file.ts';
import { type PollTable } from './poll.ts';

/** Class of epollMutex. */
export class EpollMutex {
  declare readonly lock: 'epollFiles';
}

/** Class of EventPoll.mutex. */
export class EventPollMutex {
  declare readonly lock: 'epollMutex';
}

/** Class of EventPoll.lock. */
export class EventPollLock {
  declare readonly lock: 'epollReady';
}

/** Bits of EpollItem.events that are no events. An item without any others tells nothing (EPOLLONESHOT, once it has told). */
export const PRIVATE_BITS: u32 = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE;
/** No epoll file is higher: a lock class has as many levels. */
export const MAX_HEIGHT: u32 = 3;

export class EventPoll {
  mutex: Inline<Mutex<EventPollMutex>>;
  lock: Inline<Spinlock<EventPollLock>>;
  items: Inline<ListHead>; // (X) of EpollItem.link
  ready: Inline<ListHead>; // (E) of EpollItem.readyLink
  queue: Inline<WaitQueue>; // who waits for something to become ready
  height: u32; // (G) written; grows only
  file: File | null; // (G) the epoll file itself, without a reference; null: it is being made
}

/** A place of an item on one wait queue. */
class EpollHook {
  wait: Inline<WaitEntry>;
  queue: WaitQueue; // (C)
  item: EpollItem; // (C)
  next: EpollHook | null; // (C)
}

export class EpollItem {
  owner: EventPoll; // (C)
  file: File; // (C) no reference
  fd: u32; // (C)
  link: Inline<ListHead>; // (X) in EventPoll.items
  readyLink: Inline<ListHead>; // (E) in EventPoll.ready
  fileLink: Inline<ListHead>; // (G) in File.watchers
  hooks: EpollHook | null; // (X)
  events: u32; // (X) written
  dataLow: u32; // (X)
  dataHigh: u32; // (X)
}

const epollMutex = zeroed<Inline<Mutex<EpollMutex>>>();

export function initEpollItems(): void {
  epollMutex.init('epoll files');
}

/**
 * Takes (G): `using files = lockEpolls()`.
 *
 * @releasedBy unlockEpolls
 */
export function lockEpolls(): Held<EpollMutex> {
  return epollMutex.lock();
}

/** Releases it. Called by `using`. */
export function unlockEpolls(): void {
  epollMutex.unlock();
}

/** An epoll file that watches nothing. Null: no memory. */
export function createEventPoll(): EventPoll | null {
  const poll = allocate<EventPoll>();
  if (poll === null) return null;
  poll.mutex.init('epoll');
  poll.lock.init('epoll ready');
  poll.items.init();
  poll.ready.init();
  poll.queue.initAs('epollQueue');
  return poll;
}

// ---------------------------------------------------------------------------------------------------------------------
// Ready.

/** Puts the item on the list, at its end. False: it is there, or wants to hear nothing. */
export function addReady(item: EpollItem): boolean {
  const poll = item.owner;
  using _held = poll.lock.acquireIrqSave();
  if (item.readyLink.isLinked() || (reload<u32>(item.events) & ~PRIVATE_BITS) === 0) return false;
  poll.ready.addBefore(item.readyLink);
  return true;
}

/** Takes the first item off the list, or null. */
export function takeReady(poll: EventPoll): EpollItem | null {
  using _held = poll.lock.acquireIrqSave();
  const link = poll.ready.takeFirst();
  return link === null ? null : as<EpollItem>(u32(link) - offsetof<EpollItem>('readyLink'));
}

function takeOffReady(item: EpollItem): void {
  using _held = item.owner.lock.acquireIrqSave();
  item.readyLink.unlink();
}

/** How many items are on the list. */
export function countReady(poll: EventPoll): u32 {
  using _held = poll.lock.acquireIrqSave();
  let count: u32 = 0;
  for (let link = poll.ready.next; link !== poll.ready; link = link.next) count++;
  return count;
}

/** May something be ready? */
export function hasReady(poll: EventPoll): boolean {
  using _held = poll.lock.acquireIrqSave();
  return !poll.ready.isEmpty();
}

/** Wakes who waits for something to become ready, other epoll files included. */
export function wakeReaders(poll: EventPoll): void {
  poll.queue.wakeAllNested(poll.height);
}

/** A queue that the item hangs on is being woken. Under its (W), interrupts off. */
function itemWoken(entry: WaitEntry): void {
  const item = as<EpollHook>(u32(entry) - offsetof<EpollHook>('wait')).item;
  if (addReady(item)) wakeReaders(item.owner);
}

// ---------------------------------------------------------------------------------------------------------------------
// Items.

/** What the file's `poll` leads to: a hook on each of its queues. */
function hookOn(table: PollTable, queue: WaitQueue): void {
  const item = as<EpollItem>(table.argument);
  const hook = allocate<EpollHook>();
  if (hook === null) {
    table.isShort = true;
    return;
  }
  hook.item = item;
  hook.queue = queue;
  hook.next = item.hooks;
  item.hooks = hook;
  queue.watch(hook.wait, itemWoken);
}

/** Makes `table` one that hangs `item` on the queues of its file. */
export function divertToItem(table: PollTable, item: EpollItem): void {
  table.divert = hookOn;
  table.argument = u32(item);
}

/** The item of `poll` for a descriptor and a file, or null. A file has few watchers; an epoll file may have many items. */
export function findItem(poll: EventPoll, file: File, fd: u32, _files: Held<EpollMutex>): EpollItem | null {
  for (let link = file.watchers.next; link !== file.watchers; link = link.next) {
    const item = as<EpollItem>(u32(link) - offsetof<EpollItem>('fileLink'));
    if (item.owner === poll && item.fd === fd) return item;
  }
  return null;
}

/** A new item, which hangs nowhere yet. Null: no memory. */
export function createItem(
  poll: EventPoll,
  file: File,
  fd: u32,
  _files: Held<EpollMutex>,
  _held: Held<EventPollMutex>,
): EpollItem | null {
  const item = allocate<EpollItem>();
  if (item === null) return null;
  item.owner = poll;
  item.file = file;
  item.fd = fd;
  item.readyLink.init();
  poll.items.addBefore(item.link);
  file.watchers.addBefore(item.fileLink);
  return item;
}

/** Takes an item out of everything, and frees it. The file's queues do not know it any more before its list does. */
export function removeItem(item: EpollItem, _files: Held<EpollMutex>, _held: Held<EventPollMutex>): void {
  let hook = item.hooks;
  while (hook !== null) {
    const next = hook.next;
    hook.queue.unwatch(hook.wait);
    kfree(hook);
    hook = next;
  }
  takeOffReady(item);
  item.link.unlink();
  item.fileLink.unlink();
  kfree(item);
}

/** The last reference to `file` is gone: nobody watches it any more. @sleeps */
export function dropWatchers(file: File): void {
  using files = lockEpolls();
  while (!file.watchers.isEmpty()) {
    const item = as<EpollItem>(u32(file.watchers.next) - offsetof<EpollItem>('fileLink'));
    const poll = item.owner;
    using held = poll.mutex.lockNested(poll.height);
    removeItem(item, files, held);
  }
}

/** Frees an epoll file, and all that it watches. @sleeps */
export function freeEventPoll(poll: EventPoll): void {
  removeAllItems(poll);
  kfree(poll);
}

function removeAllItems(poll: EventPoll): void {
  using files = lockEpolls();
  using held = poll.mutex.lockNested(poll.height);
  while (!poll.items.isEmpty()) {
    removeItem(as<EpollItem>(u32(poll.items.next) - offsetof<EpollItem>('link')), files, held);
  }
}

/**
 * `poll` is to watch the epoll file `target`: makes it higher than that, and those that watch it higher still, from the top
 * down. False: one of them would be too high, or is `target` itself, and nothing has changed.
 */
export function raiseAbove(poll: EventPoll, target: EventPoll, files: Held<EpollMutex>): boolean {
  if (!mayRaise(poll, target.height + 1, target, files)) return false;
  raise(poll, target.height + 1, files);
  return true;
}

function ownerOf(link: ListHead): EventPoll {
  return as<EpollItem>(u32(link) - offsetof<EpollItem>('fileLink')).owner;
}

function mayRaise(poll: EventPoll, height: u32, target: EventPoll, files: Held<EpollMutex>): boolean {
  if (height > MAX_HEIGHT || poll === target) return false;
  const watchers = poll.file!.watchers;
  for (let link = watchers.next; link !== watchers; link = link.next) {
    if (!mayRaise(ownerOf(link), height + 1, target, files)) return false;
  }
  return true;
}

function raise(poll: EventPoll, height: u32, files: Held<EpollMutex>): void {
  if (height <= poll.height) return;
  const watchers = poll.file!.watchers;
  for (let link = watchers.next; link !== watchers; link = link.next) raise(ownerOf(link), height + 1, files);
  poll.height = height;
}
