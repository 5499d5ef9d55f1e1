/*
 * What the lock checker says, and the end: a report is a panic.
 *
 * The kernel cannot be trusted to go on (the deadlock may be the next thing that happens), and a test must not be able to
 * overlook it. A report has a headline, the two sides of the matter with their places, what the caller holds, and then all
 * that a panic prints, the chain of calls above all. For example:
 *
 *   lock checker: order of locks inverted: "pipe" is taken while "inode" is held
 *     taken now:   pipe         at fs/pipe:readPipe+1f
 *     held:        inode        at fs/names:createLast+2c
 *   but "inode" has been taken while "pipe" was held:
 *     pipe -> inode             pipe at fs/pipe:openEnd+40, inode at fs/pipe:openEnd+5a
 *
 * Whoever reports is the last to use the checker: it stops before the first line is printed.
 */

import { current, thisCpu } from '../arch/x86/cpu.ts';
import { panic } from '../lib/panic.ts';
import { bustLogLock, printk } from '../lib/printk.ts';
import { findSymbol, symbolName } from '../lib/symbols.ts';
import { type Task } from '../proc/task.ts';
import {
  type FoundLock,
  HELD_BY_TRY,
  HELD_TO_READ,
  heldLocksOf,
  type HeldLock,
  type HeldLocks,
  spinlocksOf,
} from './heldLocks.ts';
import { type LockClass, lockClassAt, MAX_CLASSES, stopLockChecker } from './lockClass.ts';
import { findOrder, findPath } from './lockGraph.ts';

const path = zeroed<FixedArray<u8, 128>>();

/** Nothing after this line is checked, or held back by a lock. */
function beginReport(): void {
  stopLockChecker();
  bustLogLock();
  printk('\n');
}

/** What the caller holds, then the panic. */
function endReport(headline: string, name: string): never {
  printHeld();
  panic('lock checker: %s: %s', headline, name);
}

// ---------------------------------------------------------------------------------------------------------------------
// Pieces of a report.

/** A class as reports name it: a level above the ordinary one stands behind a slash. */
function printClass(lockClass: LockClass): void {
  if (lockClass.level === 0) printk('%s', lockClass.name);
  else printk('%s/%u', lockClass.name, lockClass.level);
}

function printPlace(place: u32): void {
  const symbol = findSymbol(place);
  if (symbol === null) printk('%p', place);
  else printk('%s+%x', symbolName(symbol), place - symbol.address);
}

/** One side: `what`, a class, and where. */
function printSide(what: string, lockClass: LockClass, place: u32): void {
  printk('  %s ', what);
  printClass(lockClass);
  printk(' at ');
  printPlace(place);
  printk('\n');
}

function printEntry(entry: HeldLock): void {
  printSide('held:', entry.lockClass, entry.place);
  if ((entry.flags & HELD_BY_TRY) !== 0) printk('    by a try\n');
  if ((entry.flags & HELD_TO_READ) !== 0) printk('    to read\n');
  if (entry.irqDepth !== 0) printk('    in an interrupt\n');
}

function printList(held: HeldLocks): void {
  for (let i: u32 = 0; i < held.count; i++) printEntry(held.entries[i]);
}

/** All that this CPU and this task hold. */
function printHeld(): void {
  const cpu = thisCpu();
  const task = current();
  const spinlocks = spinlocksOf(cpu.id);
  if (spinlocks.count !== 0) printk('spinlocks of CPU %u:\n', cpu.id);
  printList(spinlocks);
  if (u32(task) === 0) return;
  const held = heldLocksOf(task);
  if (held.count !== 0) printk('locks of task %u (%s):\n', task.pid, task.name);
  printList(held);
}

/** The ways from class to class, each with the places where it was first seen. */
function printPath(length: u32): void {
  for (let i: u32 = 0; i + 1 < length; i++) {
    const from = lockClassAt(path[i]);
    const to = lockClassAt(path[i + 1]);
    printk('  ');
    printClass(from);
    printk(' -> ');
    printClass(to);
    const order = findOrder(from.index, to.index);
    if (order !== null) {
      printk(': %s at ', from.name);
      printPlace(order.fromPlace);
      printk(', %s at ', to.name);
      printPlace(order.toPlace);
    }
    printk('\n');
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// The reports.

/** `lockClass` is taken while `held` is, and the graph knows a way from the first to the second. */
export function reportInversion(held: HeldLock, lockClass: LockClass, place: u32): never {
  beginReport();
  printk(
    'lock checker: order of locks inverted: "%s" is taken while "%s" is held\n',
    lockClass.name,
    held.lockClass.name,
  );
  printSide('taken:', lockClass, place);
  printEntry(held);
  printk('but the other order has been seen:\n');
  printPath(findPath(lockClass.index, held.lockClass.index, path));
  endReport('order of locks inverted', lockClass.name);
}

/** A second lock of one class, without a level that says why that is safe. */
export function reportSameClass(held: HeldLock, lockClass: LockClass, place: u32): never {
  beginReport();
  printk('lock checker: two locks of class "%s" at once, in no declared order\n', lockClass.name);
  printSide('taken:', lockClass, place);
  printEntry(held);
  endReport('two locks of a class, in no declared order', lockClass.name);
}

/** Two locks of one class whose addresses are in the wrong order. */
export function reportAddressOrder(held: HeldLock, lock: u32, lockClass: LockClass, place: u32): never {
  beginReport();
  printk('lock checker: locks of class "%s" are to be taken by address, lowest first\n', lockClass.name);
  printk('  the lock at %p after that at %p\n', lock, held.lock);
  printSide('taken:', lockClass, place);
  printEntry(held);
  endReport('out of the order of addresses', lockClass.name);
}

/** The very same lock again. */
export function reportSelfDeadlock(held: HeldLock, lockClass: LockClass, place: u32): never {
  beginReport();
  printk('lock checker: "%s" is taken again by its holder, who would wait for ever\n', lockClass.name);
  printSide('taken:', lockClass, place);
  printEntry(held);
  endReport('taken again by its holder', lockClass.name);
}

/** One class is used in interrupts, and held with interrupts on. */
export function reportIrqUnsafe(lockClass: LockClass): never {
  beginReport();
  printk('lock checker: "%s" is taken in interrupts, and held with interrupts on\n', lockClass.name);
  printSide('in an interrupt:', lockClass, lockClass.irqPlace);
  printSide('with interrupts on:', lockClass, lockClass.plainPlace);
  printk('an interrupt on the CPU of the second would spin for ever: take it with acquireIrqSave\n');
  endReport('taken in interrupts and held with interrupts on', lockClass.name);
}

/** `safe` is taken in interrupts; `unsafe`, which is held with interrupts on elsewhere, is waited for under it. */
export function reportIrqOrder(safe: LockClass, unsafe: LockClass): never {
  beginReport();
  printk('lock checker: "%s", held with interrupts on, is waited for under "%s",', unsafe.name, safe.name);
  printk(' which interrupts take\n');
  printSide('in an interrupt:', safe, safe.irqPlace);
  printSide('with interrupts on:', unsafe, unsafe.plainPlace);
  printk('the way from the one to the other:\n');
  printPath(findPath(safe.index, unsafe.index, path));
  printk('an interrupt may take the first on a CPU that holds the second: take both with acquireIrqSave\n');
  endReport('held with interrupts on, and waited for under a lock of interrupts', unsafe.name);
}

/** Something that may sleep was called where nobody may. */
export function reportSleep(why: string, place: u32): never {
  beginReport();
  printk('lock checker: something that may sleep is called %s\n  at ', why);
  printPlace(place);
  printk('\n');
  endReport('sleep', why);
}

/** A release by somebody who does not hold the lock. `place` is where. */
export function reportForeignRelease(lock: u32, lockClass: LockClass, owner: Task | null, cpu: u32, place: u32): never {
  beginReport();
  printk('lock checker: "%s" at %p is released by another than its owner\n', lockClass.name, lock);
  printSide('released:', lockClass, place);
  if (owner !== null) printk('  the owner is task %u (%s)\n', owner.pid, owner.name);
  else printk('  the owner is CPU %u\n', cpu);
  endReport('released by another than its owner', lockClass.name);
}

/** A release of a lock that nobody holds. */
export function reportFreeRelease(lock: u32, lockClass: LockClass, place: u32): never {
  beginReport();
  printk('lock checker: "%s" at %p is released, and nobody holds it\n', lockClass.name, lock);
  printSide('released:', lockClass, place);
  endReport('released, and nobody holds it', lockClass.name);
}

/** A lock outlives the call that took it. `when` completes "is still held ...". */
export function reportLeftHeld(held: HeldLock, when: string): never {
  beginReport();
  printk('lock checker: "%s" is still held %s\n', held.lockClass.name, when);
  endReport(when, held.lockClass.name);
}

/** The same for the big kernel lock. */
export function reportKernelLockLeft(when: string): never {
  beginReport();
  printk('lock checker: the big kernel lock is still held %s, %u deep\n', when, current().kernelLockDepth);
  endReport(when, 'kernel');
}

/** Memory with a held lock in it is `done`: freed, or made a fresh lock. */
export function reportHeldGone(found: FoundLock, done: string): never {
  beginReport();
  const entry = found.entry!;
  printk('lock checker: "%s" at %p is %s while it is held\n', entry.lockClass.name, entry.lock, done);
  printEntry(entry);
  if (found.task !== null) printk('  by task %u (%s)\n', found.task.pid, found.task.name);
  else printk('  by CPU %u\n', found.cpu);
  endReport(done, entry.lockClass.name);
}

/** What should be held is not. */
export function reportNotHeld(lockClass: LockClass, place: u32): never {
  beginReport();
  printk('lock checker: "%s" ought to be held\n', lockClass.name);
  printSide('wanted:', lockClass, place);
  endReport('ought to be held', lockClass.name);
}

/** More locks than there is room for. */
export function reportTooMany(lockClass: LockClass, place: u32): never {
  beginReport();
  printk('lock checker: "%s" is one lock too many\n', lockClass.name);
  printSide('taken:', lockClass, place);
  endReport('more locks held than anybody should', lockClass.name);
}

/** A lock that was never made. */
export function reportNoClass(lock: u32, place: u32): never {
  beginReport();
  printk('lock checker: the lock at %p has no class: call its init() first\n  at ', lock);
  printPlace(place);
  printk('\n');
  endReport('no init()', 'a lock without a class');
}

/** A lock was held for longer than the command line allows (`lock-hold-limit=`). */
export function reportHeldLong(entry: HeldLock, cycles: u32, limit: u32): never {
  beginReport();
  printk('lock checker: "%s" was held for %u cycles, the limit is %u\n', entry.lockClass.name, cycles, limit);
  printEntry(entry);
  endReport('held for too long', entry.lockClass.name);
}

/** A CPU has been spinning for so long that the holder cannot be coming back. */
export function reportStuck(lockClass: LockClass, holder: u32): never {
  beginReport();
  printk('lock checker: CPU %u waits for "%s", which CPU %u does not release\n', thisCpu().id, lockClass.name, holder);
  printk('spinlocks of CPU %u:\n', holder);
  printList(spinlocksOf(holder));
  endReport('never released', lockClass.name);
}

staticAssert(MAX_CLASSES === 128, 'the length of `path`');
