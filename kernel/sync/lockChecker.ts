/*
 * The lock checker: watches every lock that is taken, and reports what could go wrong even if this time it did not.
 *
 *   order      classes of locks are waited for in an order that cannot close a circle (lockRules.ts, lockGraph.ts)
 *   interrupts a spinlock that handlers take is never held with interrupts on, nor is one waited for under it that is
 *   sleep      nothing that may sleep is called with a spinlock held, in an interrupt, or with interrupts off
 *   ownership  who takes a lock releases it, once, before he returns to user mode or ends
 *   life       memory with a held lock in it is neither freed nor made a new lock
 *   patience   nobody holds more locks than is sane, or longer than the command line allows; nobody spins for ever
 *
 * Locks call in here when they are taken and released. The common case costs a few dozen instructions: the class has been
 * seen in this state before, and in this order. What is new is learnt, and judged, once.
 *
 * Spinlocks and locks that sleep make two graphs that never meet: a lock that sleeps cannot be waited for under a spinlock.
 *
 * Interrupts may come between any two steps, except where they are turned off, and an NMI even there. It finds `busy`
 * set on its CPU, and its locks go unwatched. All of it can run before memory is set up: everything is static, but for
 * the lists of tasks, which come with them.
 *
 * Callers stand in `if (LOCK_CHECKER)`, or call something below that is empty without it.
 *
 * Locking. See lockClass.ts and heldLocks.ts.
 */

import { current, thisCpu } from '../arch/x86/cpu.ts';
import { irqRestore, irqSave } from '../arch/x86/irqFlags.ts';
import { EFLAGS_IF } from '../arch/x86/trapFrame.ts';
import { getOption } from '../lib/cmdline.ts';
import {
  addHolder,
  findHeld,
  findHeldIn,
  type FoundLock,
  HELD_BY_TRY,
  type HeldLock,
  heldLocksOf,
  type HeldLocks,
  MAX_HELD,
  pushHeld,
  removeHeld,
  removeHolder,
  spinlocksOf,
} from './heldLocks.ts';
import {
  findLockClass,
  HELD_WITH_IRQS,
  isCheckerStopped,
  LOCK_CHECKER,
  type LockClass,
  lockClassAtLevel,
  USED_IN_IRQ,
} from './lockClass.ts';
import {
  reportAddressOrder,
  reportHeldGone,
  reportHeldLong,
  reportKernelLockLeft,
  reportLeftHeld,
  reportNoClass,
  reportNotHeld,
  reportSelfDeadlock,
  reportSleep,
  reportStuck,
  reportTooMany,
} from './lockReport.ts';
import { checkOrder, learnUsage } from './lockRules.ts';

/** Turns of a spin loop after which the holder is taken for lost: seconds on any machine. */
let spinLimit: u32 = 1 << 26;

/** By CPU: it is between `enter` and `leave`. */
const busy = zeroed<FixedArray<Volatile<boolean>, 8>>();
/** Longest time that a spinlock may be held, in cycles; 0: any, and nobody measures. */
let holdLimit: u32 = 0;
/** Interrupts are off during the boot, and sleeping is no sin yet: nobody else is there. */
let booting = true;

/** The boot is over: who sleeps with interrupts off from now on is reported. */
export function endLockBoot(): void {
  if (LOCK_CHECKER) booting = false;
}

/**
 * Sets the longest time that a spinlock may be held, in cycles of the time stamp counter, and begins to measure; 0: any.
 * `lock-hold-limit=CYCLES` on the command line does it at boot. Reading the counter with each lock would make a run depend
 * on how precisely the machine keeps it, so it is not done unasked.
 */
export function setHoldLimit(cycles: u32): void {
  holdLimit = cycles;
}

/** Reads what the command line says. */
export function initLockChecker(): void {
  const text = zeroed<FixedArray<u8, 16>>();
  if (!LOCK_CHECKER || getOption('lock-hold-limit', text, 16) <= 0) return;
  let cycles: u32 = 0;
  for (let i: u32 = 0; text[i] >= 0x30 && text[i] <= 0x39; i++) cycles = cycles * 10 + u32(text[i]) - 0x30;
  setHoldLimit(cycles);
}

/** The time stamp counter, if times are measured; else 0. */
function stamp(): u32 {
  return holdLimit === 0 ? 0 : u32(rdtsc());
}

// ---------------------------------------------------------------------------------------------------------------------
// Coming and going. Interrupts are off in between.

/** Begins to look at the lists of this CPU. False: not now. Always to be followed by `leave` if true. */
function enter(): boolean {
  if (isCheckerStopped()) return false;
  const id = thisCpu().id;
  if (busy[id]) return false;
  busy[id] = true;
  return true;
}

function leave(): void {
  busy[thisCpu().id] = false;
}

function classOf(lock: u32, identity: u32, level: u32, place: u32): LockClass {
  if (identity === 0) reportNoClass(lock, place);
  return lockClassAtLevel(as<LockClass>(identity), level);
}

function add(held: HeldLocks, lock: u32, lockClass: LockClass, place: u32, flags: u8): void {
  if (held.count === MAX_HELD) reportTooMany(lockClass, place);
  pushHeld(held, lock, lockClass, place, flags).since = stamp();
  atomic.inc(addrOf(lockClass.acquisitions));
}

/** Notes how long a lock was held, if times are measured. */
function accountHold(entry: HeldLock): u32 {
  if (entry.since === 0) return 0;
  const cycles = u32(rdtsc()) - entry.since;
  if (cycles > entry.lockClass.longestHold) entry.lockClass.longestHold = cycles;
  return cycles;
}

// ---------------------------------------------------------------------------------------------------------------------
// Spinlocks.

/**
 * A spinlock is about to be taken (`flags` 0) or has just been, by a try (HELD_BY_TRY).
 *
 * @param identity of the lock's class
 * @param level 0, or the level of its class
 * @param place the caller's, for reports
 */
export function noteSpinAcquire(lock: u32, identity: u32, level: u32, place: u32, flags: u8): void {
  const eflags = irqSave();
  if (enter()) {
    const cpu = thisCpu();
    const lockClass = classOf(lock, identity, level, place);
    const held = spinlocksOf(cpu.id);
    const usage = cpu.irqDepth !== 0 ? USED_IN_IRQ : (eflags & EFLAGS_IF) !== 0 ? HELD_WITH_IRQS : 0;
    if ((lockClass.usage & usage) !== usage) learnUsage(lockClass, usage, place);
    if (held.count !== 0 && (flags & HELD_BY_TRY) === 0) checkOrder(held, lock, lockClass, place);
    add(held, lock, lockClass, place, flags);
    leave();
  }
  irqRestore(eflags);
}

/**
 * A spinlock is about to be released by its holder.
 *
 * @param enables interrupts come on with it
 */
export function noteSpinRelease(lock: u32, enables: boolean): void {
  const eflags = irqSave();
  if (enter()) {
    const cpu = thisCpu();
    const held = spinlocksOf(cpu.id);
    const entry = findHeld(held, lock);
    if (entry !== null) {
      const cycles = accountHold(entry);
      if (cycles > holdLimit) reportHeldLong(entry, cycles, holdLimit);
      removeHeld(held, entry);
    }
    if (enables && held.count !== 0 && cpu.irqDepth === 0) exposeHeld(held);
    leave();
  }
  irqRestore(eflags);
}

/** Interrupts come on while locks are held that were taken with interrupts off. */
function exposeHeld(held: HeldLocks): void {
  for (let i: u32 = 0; i < held.count; i++) {
    const entry: HeldLock = held.entries[i];
    if ((entry.lockClass.usage & HELD_WITH_IRQS) === 0) learnUsage(entry.lockClass, HELD_WITH_IRQS, entry.place);
  }
}

/** A spinlock was not free: the CPU has spun for so many turns. The time it is held counts from now. */
export function noteSpinWait(lock: u32, turns: u32): void {
  const eflags = irqSave();
  if (enter()) {
    const entry = findHeld(spinlocksOf(thisCpu().id), lock);
    if (entry !== null) {
      atomic.inc(addrOf(entry.lockClass.contended));
      atomic.add(addrOf(entry.lockClass.waits), turns);
      entry.since = stamp();
    }
    leave();
  }
  irqRestore(eflags);
}

/** Sets after how many turns of a spin loop the holder is taken for lost. */
export function setSpinLimit(turns: u32): void {
  spinLimit = turns;
}

/** A CPU has spun so many turns for a lock that CPU `holder` has. */
export function checkPatience(identity: u32, holder: u32, turns: u32): void {
  if (turns === spinLimit && !isCheckerStopped()) reportStuck(as<LockClass>(identity), holder);
}

/** `lock` is to be taken while `first`, of the same class, is held: the higher address after the lower. */
export function checkAddressOrder(first: u32, lock: u32, identity: u32, place: u32): void {
  if (isCheckerStopped()) return;
  const lockClass = classOf(lock, identity, 0, place);
  const entry = findHeld(spinlocksOf(thisCpu().id), first);
  if (entry === null) reportNotHeld(lockClass, place);
  if (lock < first) reportAddressOrder(entry, lock, lockClass, place);
}

/**
 * A sequence lock is about to be read: who reads in an interrupt waits for the writer whom he may have interrupted, as if
 * he took the lock. A writer need not read it at all.
 */
export function noteSequenceRead(lock: u32, identity: u32, place: u32): void {
  const eflags = irqSave();
  if (enter()) {
    const cpu = thisCpu();
    const lockClass = classOf(lock, identity, 0, place);
    const own = findHeld(spinlocksOf(cpu.id), lock);
    if (own !== null) reportSelfDeadlock(own, lockClass, place);
    if (cpu.irqDepth !== 0 && (lockClass.usage & USED_IN_IRQ) === 0) learnUsage(lockClass, USED_IN_IRQ, place);
    leave();
  }
  irqRestore(eflags);
}

/** The big kernel lock was taken, after so many turns of waiting. */
export function noteKernelLock(turns: u32): void {
  const lockClass = findLockClass('kernel');
  atomic.inc(addrOf(lockClass.acquisitions));
  if (turns === 0) return;
  atomic.inc(addrOf(lockClass.contended));
  atomic.add(addrOf(lockClass.waits), turns);
}

// ---------------------------------------------------------------------------------------------------------------------
// Locks that sleep.

/** The list of the current task; null before there are tasks. */
function ownLocks(): HeldLocks | null {
  const task = current();
  return u32(task) === 0 ? null : heldLocksOf(task);
}

/** The current task is about to wait, if need be, for a lock that sleeps. */
export function noteSleepWait(lock: u32, identity: u32, level: u32, place: u32): void {
  checkSleep(place);
  const eflags = irqSave();
  if (enter()) {
    const held = ownLocks();
    if (held !== null) checkOrder(held, lock, classOf(lock, identity, level, place), place);
    leave();
  }
  irqRestore(eflags);
}

/** The current task has a lock that sleeps. `flags` says how. */
export function noteSleepAcquire(lock: u32, identity: u32, level: u32, place: u32, flags: u8): void {
  const eflags = irqSave();
  if (enter()) {
    const held = ownLocks();
    if (held !== null) {
      add(held, lock, classOf(lock, identity, level, place), place, flags);
      if (held.count === 1) addHolder(held);
    }
    leave();
  }
  irqRestore(eflags);
}

/** The current task is about to release a lock that sleeps. False: it does not hold it. */
export function noteSleepRelease(lock: u32): boolean {
  const eflags = irqSave();
  let isHeld = true;
  if (enter()) {
    const held = ownLocks();
    if (held !== null) {
      const entry = findHeld(held, lock);
      isHeld = entry !== null;
      if (entry !== null) {
        accountHold(entry);
        removeHeld(held, entry);
        if (held.count === 0) removeHolder(held);
      }
    }
    leave();
  }
  irqRestore(eflags);
  return isHeld;
}

/** A lock that sleeps was not free, and the current task has slept for it. */
export function noteSleepContention(identity: u32): void {
  const lockClass = as<LockClass>(identity);
  atomic.inc(addrOf(lockClass.contended));
  atomic.inc(addrOf(lockClass.waits));
}

/** How the current task holds a lock that sleeps; null: not at all. */
export function findOwnLock(lock: u32): HeldLock | null {
  const held = ownLocks();
  return held === null ? null : findHeld(held, lock);
}

// ---------------------------------------------------------------------------------------------------------------------
// Sleeping.

/** Says that the caller may sleep, whether it does this time or not. For the beginning of each function that may. */
export function mightSleep(): void {
  if (LOCK_CHECKER) checkSleep(returnAddress());
}

/** Says that the caller touches user memory: it may sleep, and a fault takes the mmapSem of the address space. */
export function mightFault(): void {
  if (LOCK_CHECKER) noteSleepWait(0, u32(findLockClass('mmapSem')), 0, returnAddress());
}

function checkSleep(place: u32): void {
  if (isCheckerStopped()) return;
  const cpu = thisCpu();
  if (cpu.irqDepth !== 0) reportSleep('in an interrupt', place);
  if (cpu.spinDepth !== 0) reportSleep('with a spinlock held', place);
  if (!booting && (readEflags() & EFLAGS_IF) === 0) reportSleep('with interrupts off', place);
}

// ---------------------------------------------------------------------------------------------------------------------
// The ends of things.

/** The current task is about to enter user mode. Interrupts are off. */
export function checkReturnToUser(): void {
  if (LOCK_CHECKER) checkNothingHeld('on return to user mode');
}

/** The current task is about to give its CPU away for good. */
export function checkTaskExit(): void {
  if (LOCK_CHECKER) checkNothingHeld('by a task that ends');
}

function checkNothingHeld(when: string): void {
  if (isCheckerStopped()) return;
  const spinlocks = spinlocksOf(thisCpu().id);
  if (spinlocks.count !== 0) reportLeftHeld(spinlocks.entries[0], when);
  const held = ownLocks();
  if (held !== null && held.count !== 0) reportLeftHeld(held.entries[0], when);
  if (current().kernelLockDepth !== 0) reportKernelLockLeft(when);
}

/** Memory is given back: no lock in it may be held, by whomever. */
export function checkFreed(start: u32, size: u32): void {
  if (LOCK_CHECKER) checkHeldIn(start, size, 'freed');
}

/** A lock is made, `size` bytes at `start`: it may not be one that is in use. */
export function checkMade(start: u32, size: u32): void {
  if (LOCK_CHECKER) checkHeldIn(start, size, 'initialised again');
}

function checkHeldIn(start: u32, size: u32, done: string): void {
  if (isCheckerStopped()) return;
  const found = zeroed<Inline<FoundLock>>();
  findHeldIn(start, start + size, found);
  if (found.entry !== null) reportHeldGone(found, done);
}
