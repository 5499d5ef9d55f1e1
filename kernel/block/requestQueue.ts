/*
 * Request queues: what a controller has still to do, in the order in which it will.
 *
 * Idea. One queue for what can do one thing at a time: an IDE channel with its one or two disks. Waiting Bios are sorted
 * by disk and sector. The head sweeps upwards and, past the last, begins again at the first (C-LOOK); whoever waits is
 * reached within one sweep, since what comes in behind the head waits for the next. When the controller is free it takes
 * a *batch*: the Bio at the head and, as long as one command can carry them, those that continue it on the disk. So
 * neighbours that were submitted one by one are transferred together.
 *
 * A batch that fails is put back and tried Bio by Bio, so that an unreadable sector fails nobody but him who wants it.
 *
 * Two Bios for the same sectors are carried out in the order in which they came only if the second was submitted after
 * the first completed. The page cache and the swap cache see to that: a page that is being moved is not moved again.
 *
 * Locking. (Q) RequestQueue.lock, interrupts off: all that is not (C). Drivers are called with it held. It nests inside
 * nothing but sleeping locks; `complete` is called without it.
 */

import { EIO } from '../abi/errno.ts';
import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { schedule } from '../proc/scheduler.ts';
import { type Bio, BioKind } from './bio.ts';

/** The class of RequestQueue.lock. */
export class RequestQueueLock {
  declare readonly lock: 'requestQueue';
}

export class RequestQueue {
  lock: Inline<Spinlock<RequestQueueLock>>;
  waiting: Inline<ListHead>; // (Q) of Bio.link, ascending by disk and sector
  inFlight: Inline<ListHead>; // (Q) the batch that the controller is at
  isBusy: boolean; // (Q)
  headUnit: u32; // (Q) the disk at which the last batch ended
  headSector: u32; // (Q) the first sector after it
  /** This many Bios go alone: they were in a batch that failed. */
  alone: u32; // (Q)
  batchLimit: u32; // (C) sectors that a command carries
  /** Takes a batch and tells the controller. Called when the queue is not busy and a Bio waits. */
  start: (queue: RequestQueue, held: Held<RequestQueueLock>) => void; // (C)
  data: u32; // (C) the driver's own
  /** Where tasks sleep whose Bio is not done yet. */
  doneWaiters: Inline<WaitQueue>;

  /** Makes an empty queue. Needed once before anything else. */
  init(batchLimit: u32, start: (queue: RequestQueue, held: Held<RequestQueueLock>) => void, data: u32): void {
    this.lock.init('requestQueue');
    this.waiting.init();
    this.inFlight.init();
    this.isBusy = false;
    this.headUnit = 0;
    this.headSector = 0;
    this.alone = 0;
    this.batchLimit = batchLimit;
    this.start = start;
    this.data = data;
    this.doneWaiters.init();
  }

  /**
   * Takes the next batch off the waiting list, into `inFlight`, and says which Bio is its first. The batch is of one
   * kind, for one disk, and contiguous there.
   */
  takeBatch(held: Held<RequestQueueLock>): Bio {
    const first = this.nextBio(held);
    const last = this.alone > 0 ? first : this.endOfBatch(first, held);
    if (this.alone > 0) this.alone--;
    let bio = first;
    for (;;) {
      const next = bioOf(bio.link.next);
      bio.link.unlink();
      this.inFlight.addBefore(bio.link);
      if (bio === last) break;
      bio = next;
    }
    this.headUnit = last.disk.unit;
    this.headSector = last.sector + last.count;
    this.isBusy = true;
    return first;
  }

  /** The batch in flight failed: puts it back, to be tried Bio by Bio. False if it was a single one: it has failed. */
  splitBatch(held: Held<RequestQueueLock>): boolean {
    if (this.inFlight.next.next === this.inFlight) return false;
    const first = bioOf(this.inFlight.next);
    this.headUnit = first.disk.unit;
    this.headSector = first.sector;
    for (let link = this.inFlight.takeFirst(); link !== null; link = this.inFlight.takeFirst()) {
      insertSorted(this, bioOf(link), held);
      this.alone++;
    }
    this.isBusy = false;
    return true;
  }

  /** The Bio at the head, or the first of all when the sweep is over. One waits. */
  private nextBio(_held: Held<RequestQueueLock>): Bio {
    for (let link = this.waiting.next; link !== this.waiting; link = link.next) {
      const bio = bioOf(link);
      if (bio.disk.unit > this.headUnit) return bio;
      if (bio.disk.unit === this.headUnit && bio.sector >= this.headSector) return bio;
    }
    return bioOf(this.waiting.next);
  }

  /** The last of those that one command can carry, `first` being the first. */
  private endOfBatch(first: Bio, _held: Held<RequestQueueLock>): Bio {
    if (first.kind === BioKind.Flush) return first;
    let last = first;
    let count = first.count;
    for (let link = first.link.next; link !== this.waiting; link = link.next) {
      const bio = bioOf(link);
      if (bio.disk !== first.disk || bio.kind !== first.kind || bio.sector !== last.sector + last.count) break;
      count += bio.count;
      if (count > this.batchLimit) break;
      last = bio;
    }
    return last;
  }
}

/** @inline */
export function bioOf(link: ListHead): Bio {
  return as<Bio>(u32(link) - offsetof<Bio>('link'));
}

/** Puts a Bio where the sweep will meet it: behind those that are equal. */
function insertSorted(queue: RequestQueue, bio: Bio, _held: Held<RequestQueueLock>): void {
  let link = queue.waiting.prev;
  for (; link !== queue.waiting; link = link.prev) {
    const other = bioOf(link);
    if (other.disk.unit < bio.disk.unit) break;
    if (other.disk.unit === bio.disk.unit && other.sector <= bio.sector) break;
  }
  link.addAfter(bio.link);
}

/**
 * Hands a Bio to its disk. It is complete some time later: perhaps before this returns, mostly not. What lies beyond the
 * end of the disk fails at once, with -EIO.
 *
 * @locking takes (Q). From anywhere, interrupts included
 */
export function submitBio(bio: Bio): void {
  const disk = bio.disk;
  const isOutside = bio.sector > disk.sectors || bio.count > disk.sectors - bio.sector;
  if (isOutside || (bio.kind === BioKind.Write && disk.isReadOnly)) {
    bio.error = -EIO;
    bio.complete(bio);
    return;
  }
  const queue = disk.queue;
  using held = queue.lock.acquireIrqSave();
  insertSorted(queue, bio, held);
  if (!queue.isBusy) queue.start(queue, held);
}

/**
 * The batch in flight is done, with `error` (0 or -EIO) for all of it; starts the next. For drivers, in their interrupt.
 *
 * @locking takes (Q)
 */
export function finishBatch(queue: RequestQueue, error: i32): void {
  const done = zeroed<Inline<ListHead>>();
  done.init();
  {
    using held = queue.lock.acquireIrqSave();
    done.spliceTail(queue.inFlight);
    queue.isBusy = false;
    if (!queue.waiting.isEmpty()) queue.start(queue, held);
  }
  for (let link = done.takeFirst(); link !== null; link = done.takeFirst()) {
    const bio = bioOf(link);
    bio.error = error;
    bio.complete(bio);
  }
}

/** `complete` of a Bio that a task waits for. `data` is the address of the flag, in the frame of the waiter. */
function completeWaited(bio: Bio): void {
  const queue = bio.disk.queue; // the frame is gone as soon as the flag is set
  ptr<Volatile<u32>>(bio.data)[0] = 1;
  queue.doneWaiters.wakeAll();
}

/**
 * Submits a Bio and waits until it is complete; returns its `error`. `complete` and `data` are set here.
 *
 * @sleeps
 */
export function transferBio(bio: Bio): i32 {
  let isDone: Volatile<u32> = 0;
  const entry = zeroed<Inline<WaitEntry>>();
  const queue = bio.disk.queue;
  bio.complete = completeWaited;
  bio.data = u32(addrOf(isDone));
  submitBio(bio);
  for (;;) {
    queue.doneWaiters.prepare(entry, false);
    if (reload<u32>(isDone) !== 0) break;
    schedule();
  }
  queue.doneWaiters.finish(entry);
  return bio.error;
}
