/*
 * What the lock checker learns about classes, and judges: the order in which they are waited for, and what interrupts do
 * with them.
 *
 * Two facts about a class matter for interrupts: handlers take it (I), and it is held somewhere with interrupts on (P).
 * A class with both can deadlock on one CPU. Two classes can on two: X has I, Y has P, and Y is waited for under X,
 * directly or by way of others:
 *
 *   CPU 0                                   CPU 1
 *   holds Y, interrupts on
 *                                           holds X, waits for Y
 *   interrupt: waits for X
 *
 * So from no class with I may the graph lead to a class with P. That is looked at whenever an edge or a fact is new.
 *
 * Locking. The checker's flag. A report is made with the flag taken: nobody takes it any more after that.
 */

import { thisCpu } from '../arch/x86/cpu.ts';
import { type HeldLock, type HeldLocks } from './heldLocks.ts';
import {
  HELD_WITH_IRQS,
  type LockClass,
  lockClassAt,
  lockClassCount,
  lockState,
  MAX_CLASSES,
  unlockState,
  USED_IN_IRQ,
} from './lockClass.ts';
import { addOrder, findPath, hasOrder, reachForward, wasReached } from './lockGraph.ts';
import { reportInversion, reportIrqOrder, reportIrqUnsafe, reportSameClass, reportSelfDeadlock } from './lockReport.ts';

const path = zeroed<FixedArray<u8, 128>>();

staticAssert(MAX_CLASSES === 128, 'the length of `path`');

/** A lock is about to be waited for while those of `held` are held. `place` is where. */
export function checkOrder(held: HeldLocks, lock: u32, lockClass: LockClass, place: u32): void {
  const irqDepth = thisCpu().irqDepth;
  const index = u32(lockClass.index);
  for (let i: u32 = 0; i < held.count; i++) {
    const entry: HeldLock = held.entries[i];
    if (entry.lock === lock) reportSelfDeadlock(entry, lockClass, place);
    // What an interrupt does under the locks of the code that it interrupted is the business of the rules below.
    if (entry.irqDepth !== irqDepth) continue;
    if (entry.lockClass === lockClass) reportSameClass(entry, lockClass, place);
    if (!hasOrder(entry.lockClass.index, index)) learnOrder(entry, lockClass, place);
  }
}

/** Notes that a class is used in a way that is new for it. `usage` is one bit. */
export function learnUsage(lockClass: LockClass, usage: u32, place: u32): void {
  const flags = lockState();
  if ((lockClass.usage & usage) === 0) {
    if (usage === USED_IN_IRQ) lockClass.irqPlace = place;
    else lockClass.plainPlace = place;
    lockClass.usage = lockClass.usage | usage;
    const both = USED_IN_IRQ | HELD_WITH_IRQS;
    if ((lockClass.usage & both) === both) reportIrqUnsafe(lockClass);
    judgeInterrupts();
  }
  unlockState(flags);
}

/** @noinline */
function learnOrder(held: HeldLock, lockClass: LockClass, place: u32): void {
  const flags = lockState();
  const from = u32(held.lockClass.index);
  const to = u32(lockClass.index);
  if (!hasOrder(from, to)) {
    if (findPath(to, from, path) !== 0) reportInversion(held, lockClass, place);
    addOrder(from, to, held.place, place);
    judgeInterrupts();
  }
  unlockState(flags);
}

/** Does the graph lead from a class that handlers take to one that is held with interrupts on? */
function judgeInterrupts(): void {
  const count = lockClassCount();
  for (let i: u32 = 0; i < count; i++) {
    if ((lockClassAt(i).usage & USED_IN_IRQ) === 0) continue;
    reachForward(i);
    for (let k: u32 = 0; k < count; k++) {
      if (wasReached(k) && (lockClassAt(k).usage & HELD_WITH_IRQS) !== 0)
        reportIrqOrder(lockClassAt(i), lockClassAt(k));
    }
  }
}
