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
 * `L` exists for the type checker alone: a class that is never instantiated, one per kind of lock. All zeroes is a free
 * lock; `init` adds the name that reports use.
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
import { panic } from '../lib/panic.ts';

export class Spinlock<L> {
  declare readonly lockClass: L;
  /** 0: free; else 1 + the number of the CPU that holds it. */
  holder: Volatile<u32>;
  /** The interrupt flag to restore. Belongs to the holder. */
  savedFlags: u32;
  /** For reports. */
  name: string;

  init(name: string): void {
    this.holder = 0;
    this.name = name;
  }

  /** Spins until the lock is ours. Interrupts stay as they are. @releasedBy release */
  acquire(): Held<L> {
    this.take();
    return witness<L>();
  }

  release(): void {
    this.drop();
  }

  /** The same with interrupts off until the release. @releasedBy releaseIrqRestore */
  acquireIrqSave(): Held<L> {
    const flags = irqSave();
    this.take();
    this.savedFlags = flags;
    return witness<L>();
  }

  releaseIrqRestore(): void {
    const flags = this.savedFlags;
    this.drop();
    irqRestore(flags);
  }

  /** Takes the lock if it is free. The caller has interrupts off, and releases with `release`. */
  tryAcquire(): boolean {
    const cpu = thisCpu();
    if (atomic.cmpxchg(addrOf(this.holder), 0, cpu.id + 1) !== 0) return false;
    cpu.spinDepth++;
    return true;
  }

  /** Does this CPU hold the lock? For assertions. */
  isHeld(): boolean {
    return this.holder === thisCpu().id + 1;
  }

  private take(): void {
    const cpu = thisCpu();
    const me = cpu.id + 1;
    while (atomic.cmpxchg(addrOf(this.holder), 0, me) !== 0) {
      if (this.holder === me) this.reportSelfDeadlock();
      while (reload<u32>(this.holder) !== 0) {
        serveWhileSpinning();
        pause();
      }
    }
    cpu.spinDepth++;
  }

  private drop(): void {
    const cpu = thisCpu();
    if (this.holder !== cpu.id + 1) this.reportForeignRelease();
    cpu.spinDepth--;
    this.holder = 0;
  }

  /** @noinline */
  private reportSelfDeadlock(): never {
    panic('spinlock %s: taken again by the CPU that holds it', this.name);
  }

  /** @noinline */
  private reportForeignRelease(): never {
    panic('spinlock %s: released while held by %u', this.name, this.holder);
  }
}
