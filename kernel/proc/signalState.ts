/*
 * What a task and a process remember about signals.
 *
 * Idea. A signal is *generated* once and *delivered* later, by the receiving task itself, when it returns to user mode.
 * Between the two it is pending: for one task (tkill, faults) or for the process (kill, the terminal), where the first
 * task that does not block it takes it.
 *
 * A standard signal (1 to 31) that is pending already is not recorded a second time. So one record per number is all the
 * room that they ever need, it can be embedded, and sending one cannot fail for want of memory: the terminal sends from
 * an interrupt. Real-time signals (32 to 64) queue, one allocated record each.
 *
 * What is to happen on a signal is a table that all threads of a process share, and with CLONE_SIGHAND other processes,
 * too.
 *
 * Locking.
 *   (S) Process.signalLock of the process that owns the record
 *   (A) SignalHandlers.lock, inside (S). A handler and its flags are one word each: to look at one alone needs no lock.
 */

import { type ListHead } from '../lib/list.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { type Spinlock } from '../sync/spinlock.ts';

/** The class of SignalHandlers.lock. */
export class SignalHandlersLock {
  declare readonly lock: 'signalHandlers';
}

/** A set of signals: signal n is bit n - 1. */
export type SignalSet = u64;

/** What came with a signal: the part of siginfo that is not zero. Which word means what is in abi/signal.ts. */
export class SignalInfo {
  signal: i32; // (S)
  code: i32; // (S) SI_USER, SEGV_MAPERR, ...
  /** The sender's pid, or the address of a fault. */
  pidOrAddress: u32; // (S)
  uid: u32; // (S)
  /** Exit status of a child, or the value of sigqueue. */
  status: u32; // (S)
  utime: u32; // (S) of a child, in ticks
  stime: u32; // (S)
}

/** One queued real-time signal. */
export class QueuedSignal {
  link: Inline<ListHead>; // (S) in PendingSignals.queue
  info: Inline<SignalInfo>; // (S)
}

/** Signals that were generated and not yet delivered. */
export class PendingSignals {
  set: SignalSet; // (S) every signal that has a record here
  standard: FixedArray<Inline<SignalInfo>, 32>; // (S) by number; valid where the set has it
  queue: Inline<ListHead>; // (S) of QueuedSignal, oldest first
}

/** What a process wants to happen on a signal. */
export class SignalAction {
  handler: u32; // (A) SIG_DFL, SIG_IGN or a user address
  flags: u32; // (A) SA_...
  restorer: u32; // (A) where the handler returns to, with SA_RESTORER
  mask: SignalSet; // (A) blocked while the handler runs, with the signal itself unless SA_NODEFER
}

/** The actions of a process, or of several. */
export class SignalHandlers {
  count: Volatile<u32>; // atomic: processes
  lock: Inline<Spinlock<SignalHandlersLock>>;
  actions: FixedArray<Inline<SignalAction>, 65>; // (A) by number, from 1
}

/** A table for one process: all defaults, or a copy of `old`. Null: no memory. */
export function createHandlers(old: SignalHandlers | null): SignalHandlers | null {
  const handlers = allocate<SignalHandlers>();
  if (handlers === null) return null;
  handlers.count = 1;
  handlers.lock.init('signalHandlers');
  if (old === null) return handlers;
  using _held = old.lock.acquireIrqSave();
  copyBytes(ptr<u8>(handlers.actions), ptr<u8>(old.actions), 65 * sizeof<SignalAction>());
  return handlers;
}

/** One process less has the table; the last one takes it along. */
export function putHandlers(handlers: SignalHandlers): void {
  if (atomic.decAndTest(addrOf(handlers.count))) kfree(handlers);
}

/** The set that holds `signal` (1 to 64) alone. */
export function signalBit(signal: i32): SignalSet {
  return signal <= 32 ? u64(u32(1) << u32(signal - 1)) : u64(u32(1) << u32(signal - 33)) << 32n;
}
