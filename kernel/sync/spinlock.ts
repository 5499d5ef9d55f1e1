/*
 * Spinlocks.
 *
 * Idea. One word says who holds the lock: 0 for nobody, else the CPU's number plus one. A CPU that finds its own number
 * there has deadlocked with itself, and says so instead of spinning for ever.
 *
 *   class RunQueueLock { declare readonly lock: 'runQueue' }
 *   const lock = zeroed<Inline<Spinlock<RunQueueLock>>>();
 *
 *   using held = lock.acquireIrqSave();       // until the end of the scope, by whatever way out
 *   enqueue(task, held);                      // takes Held<RunQueueLock>: only a holder can call it
 *
 * `L` exists for the type checker alone: a class that is never instantiated, one per kind of lock. `init` gives the lock
 * its name, one per kind as well, by which the lock checker (lockChecker.ts) knows the class.
 *
 * Interrupts. A lock that an interrupt handler takes must be taken everywhere else with `acquireIrqSave`: an interrupt
 * on the holder's CPU would spin on it for ever. `acquire` is for locks that no handler takes, and inside a scope that
 * has interrupts off already.
 *
 * Who holds a spinlock must not sleep; `Cpu.spinDepth` counts, and schedule() looks.
 */

import { thisCpu } from '../arch/x86/cpu.ts';
import { irqRestore, irqSave } from '../arch/x86/irqFlags.ts';
import { serveWhileSpinning } from '../arch/x86/shootdown.ts';
import { EFLAGS_IF } from '../arch/x86/trapFrame.ts';
import { panic } from '../lib/panic.ts';
import { HELD_BY_TRY } from './heldLocks.ts';
import {
  checkAddressOrder,
  checkMade,
  checkPatience,
  noteSpinAcquire,
  noteSpinRelease,
  noteSpinWait,
} from './lockChecker.ts';
import { identityName, isCheckerStopped, LOCK_CHECKER, type LockClass, lockIdentity } from './lockClass.ts';
import { reportForeignRelease, reportFreeRelease, reportNotHeld } from './lockReport.ts';

export class Spinlock<L> {
  declare readonly lockClass: L;
  /** 0: free; else 1 + the number of the CPU that holds it. */
  holder: Volatile<u32>;
  /** The interrupt flag to restore. Belongs to the holder. */
  savedFlags: u32;
  /** Its class for the lock checker, or its name: lockClass.ts. */
  identity: u32;

  /** Makes a free lock. `name` names the kind of lock. */
  init(name: string): void {
    if (LOCK_CHECKER) checkMade(u32(this), sizeof<Spinlock<L>>());
    this.holder = 0;
    this.identity = lockIdentity(name);
  }

  /** Spins until the lock is ours. Interrupts stay as they are. @releasedBy release */
  acquire(): Held<L> {
    if (LOCK_CHECKER) noteSpinAcquire(u32(this), this.identity, 0, returnAddress(), 0);
    this.take();
    return witness<L>();
  }

  /**
   * The same for a lock whose class has a level here (1 to 3), because another lock of the class is held.
   *
   * @releasedBy release
   */
  acquireNested(level: u32): Held<L> {
    if (LOCK_CHECKER) noteSpinAcquire(u32(this), this.identity, level, returnAddress(), 0);
    this.take();
    return witness<L>();
  }

  /**
   * The same for the second of two locks of a class: `first`, which is held, has the lower address.
   *
   * @releasedBy release
   */
  acquireAfter(first: Spinlock<L>): Held<L> {
    if (LOCK_CHECKER) {
      checkAddressOrder(u32(first), u32(this), this.identity, returnAddress());
      noteSpinAcquire(u32(this), this.identity, 1, returnAddress(), 0);
    }
    this.take();
    return witness<L>();
  }

  release(): void {
    if (LOCK_CHECKER) this.noteRelease(false, returnAddress());
    this.drop();
  }

  /** The same with interrupts off until the release. @releasedBy releaseIrqRestore */
  acquireIrqSave(): Held<L> {
    const flags = irqSave();
    if (LOCK_CHECKER) noteSpinAcquire(u32(this), this.identity, 0, returnAddress(), 0);
    this.take();
    this.savedFlags = flags;
    return witness<L>();
  }

  releaseIrqRestore(): void {
    const flags = this.savedFlags;
    if (LOCK_CHECKER) this.noteRelease((flags & EFLAGS_IF) !== 0, returnAddress());
    this.drop();
    irqRestore(flags);
  }

  /** Takes the lock if it is free. The caller has interrupts off, and releases with `release`. */
  tryAcquire(): boolean {
    const cpu = thisCpu();
    if (atomic.cmpxchg(addrOf(this.holder), 0, cpu.id + 1) !== 0) return false;
    cpu.spinDepth++;
    if (LOCK_CHECKER) noteSpinAcquire(u32(this), this.identity, 0, returnAddress(), HELD_BY_TRY);
    return true;
  }

  /** Does this CPU hold the lock? */
  isHeld(): boolean {
    return this.holder === thisCpu().id + 1;
  }

  /** What the caller relies on: this CPU holds the lock. With the lock checker it is looked at. */
  assertHeld(): Held<L> {
    if (LOCK_CHECKER && !this.isHeld() && !isCheckerStopped()) {
      reportNotHeld(as<LockClass>(this.identity), returnAddress());
    }
    return witness<L>();
  }

  private take(): void {
    const cpu = thisCpu();
    const me = cpu.id + 1;
    while (atomic.cmpxchg(addrOf(this.holder), 0, me) !== 0) {
      if (this.holder === me) this.reportSelfDeadlock();
      this.spin();
    }
    cpu.spinDepth++;
  }

  private drop(): void {
    const cpu = thisCpu();
    if (this.holder !== cpu.id + 1) this.reportForeignRelease();
    cpu.spinDepth--;
    this.holder = 0;
  }

  /**
   * Spins until the lock looks free, with an eye on the time, and on what other CPUs want of this one.
   *
   * @noinline
   */
  private spin(): void {
    let turns: u32 = 0;
    for (let holder = this.holder; holder !== 0; holder = this.holder) {
      serveWhileSpinning();
      pause();
      turns++;
      if (LOCK_CHECKER) checkPatience(this.identity, holder - 1, turns);
    }
    if (LOCK_CHECKER) noteSpinWait(u32(this), turns);
  }

  /** Tells the checker of a release at `place`, or reports one that is not the caller's to make. */
  private noteRelease(enables: boolean, place: u32): void {
    const holder = this.holder;
    if (holder === thisCpu().id + 1) noteSpinRelease(u32(this), enables);
    else if (isCheckerStopped()) return;
    else if (holder === 0) reportFreeRelease(u32(this), as<LockClass>(this.identity), place);
    else reportForeignRelease(u32(this), as<LockClass>(this.identity), null, holder - 1, place);
  }

  /** @noinline */
  private reportSelfDeadlock(): never {
    panic('spinlock %s: taken again by the CPU that holds it', identityName(this.identity));
  }

  /** @noinline */
  private reportForeignRelease(): never {
    panic('spinlock %s: released while held by %u', identityName(this.identity), this.holder);
  }
}
