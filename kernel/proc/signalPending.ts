/*
 * Pending signals: what has been sent and nobody has looked at.
 *
 * A standard signal is pending or not; the record of the first one stays. Real-time signals queue up, each with a record of
 * its own, as many as RLIMIT_SIGPENDING allows. Beyond that, a signal that says nothing but its number is pending all the same,
 * without a record.
 *
 * Locking. (S) of the process, unless nobody else can see the set.
 */

import { EAGAIN } from '../abi/errno.ts';
import { RLIMIT_SIGPENDING } from '../abi/resource.ts';
import { SI_TIMER, SIGRTMIN } from '../abi/signal.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { type PendingSignals, type QueuedSignal, signalBit, type SignalInfo, type SignalSet } from './signalState.ts';
import { type Process, type Task } from './task.ts';
import { type TaskListLock } from './taskList.ts';

/** Overruns of a timer are not counted beyond (DELAYTIMER_MAX). */
export const MAX_OVERRUN: u32 = 0x7fffffff;

/** Makes an empty set. */
export function initPending(pending: PendingSignals): void {
  pending.set = 0n;
  pending.queue.init();
}

/** Throws away the pending signals of `which`. */
export function discardPending(pending: PendingSignals, which: SignalSet): void {
  pending.set &= ~which;
  let link = pending.queue.next;
  while (link !== pending.queue) {
    const queued = as<QueuedSignal>(u32(link) - offsetof<QueuedSignal>('link'));
    link = link.next;
    if ((signalBit(queued.info.signal) & which) === 0n) continue;
    queued.link.unlink();
    kfree(queued);
  }
}

/** Signals that wait with a record. */
export function countQueued(pending: PendingSignals): u32 {
  let count: u32 = 0;
  for (let link = pending.queue.next; link !== pending.queue; link = link.next) count++;
  return count;
}

/** Adds a real-time signal; 0, or -EAGAIN if there is no room for a record. */
function queueRealtime(process: Process, pending: PendingSignals, info: SignalInfo): i32 {
  const isFull = countQueued(pending) >= process.limits[RLIMIT_SIGPENDING].rlim_cur;
  const queued = isFull ? null : allocate<QueuedSignal>();
  if (queued !== null) {
    assign(queued.info, info);
    pending.queue.addBefore(queued.link);
  } else if (info.code < 0 && info.code !== SI_TIMER) {
    return -EAGAIN; // what sends it to a thread, or with a value, is told; kill and timers are not
  }
  return 0;
}

/** Makes a signal pending. A standard one that is pending already stays as it is. */
export function addPending(process: Process, pending: PendingSignals, info: SignalInfo): i32 {
  const bit = signalBit(info.signal);
  if (info.signal >= SIGRTMIN) {
    const error = queueRealtime(process, pending, info);
    if (error < 0) return error;
  } else if ((pending.set & bit) === 0n) {
    assign(pending.standard[info.signal], info);
  }
  pending.set |= bit;
  return 0;
}

/** The pending record of timer `id`, or null. */
function findTimerRecord(pending: PendingSignals, signal: i32, id: u32): SignalInfo | null {
  if ((pending.set & signalBit(signal)) === 0n) return null;
  if (signal < SIGRTMIN) {
    const info = pending.standard[signal];
    return info.code === SI_TIMER && info.pidOrAddress === id ? info : null;
  }
  for (let link = pending.queue.next; link !== pending.queue; link = link.next) {
    const info = as<QueuedSignal>(u32(link) - offsetof<QueuedSignal>('link')).info;
    if (info.signal === signal && info.code === SI_TIMER && info.pidOrAddress === id) return info;
  }
  return null;
}

/**
 * Adds to the overrun of timer `id`, if its signal is pending still for the process, or for `target`. False: it is not.
 *
 * @locking (T) is held; takes (S)
 */
export function countOverrun(
  process: Process,
  target: Task | null,
  signal: i32,
  id: u32,
  count: u32,
  _tasks: Held<TaskListLock>,
): boolean {
  using _held = process.signalLock.acquireIrqSave();
  const info = findTimerRecord(target === null ? process.pending : target.pending, signal, id);
  if (info === null) return false;
  info.uid = info.uid + count < count || info.uid + count > MAX_OVERRUN ? MAX_OVERRUN : info.uid + count;
  return true;
}
