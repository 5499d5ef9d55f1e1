/*
 * Sequence locks: for small data that is read often and hardly ever written.
 *
 * Idea. Readers write nothing, so they disturb nobody: they note a counter, read, and look whether the counter has moved
 * meanwhile. If so, they read again. The counter is odd while a writer is at work; writers exclude each other by a spinlock.
 *
 *   let start: u32;
 *   do {
 *     start = clock.lock.beginRead();
 *     copy what is wanted, use none of it yet
 *   } while (clock.lock.mustRetry(start));
 *
 * What a reader sees in between may be torn: he must not follow a pointer that he has read, nor trust a bound, before
 * mustRetry has said no.
 *
 * Order of memory. Loads are not reordered with loads by the CPU, nor stores with stores (SDM vol. 3A, 9.2); the compiler is
 * held back by barriers.
 *
 * Locking. (W) Seqlock.writers. Readers in interrupts would wait for ever for the writer that they have interrupted: then
 * write with `lockWriteIrqSave`. The lock checker sees to it.
 */

import { serveWhileSpinning } from '../arch/x86/shootdown.ts';
import { noteSequenceRead } from './lockChecker.ts';
import { LOCK_CHECKER } from './lockClass.ts';
import { type Spinlock } from './spinlock.ts';

export class Seqlock<L> {
  writers: Inline<Spinlock<L>>;
  sequence: Volatile<u32>; // (W) odd: somebody is writing

  /** Makes a free lock. `name` names the kind of lock. */
  init(name: string): void {
    this.writers.init(name);
    this.sequence = 0;
  }

  /** Excludes other writers, and makes readers read again. Interrupts stay as they are. @releasedBy unlockWrite */
  lockWrite(): Held<L> {
    this.writers.acquire();
    this.begin();
    return witness<L>();
  }

  unlockWrite(): void {
    this.end();
    this.writers.release();
  }

  /** The same with interrupts off until the release. @releasedBy unlockWriteIrqRestore */
  lockWriteIrqSave(): Held<L> {
    this.writers.acquireIrqSave();
    this.begin();
    return witness<L>();
  }

  unlockWriteIrqRestore(): void {
    this.end();
    this.writers.releaseIrqRestore();
  }

  /** Waits until nobody writes. Returns what `mustRetry` needs. */
  beginRead(): u32 {
    if (LOCK_CHECKER) noteSequenceRead(u32(this.writers), this.writers.identity, returnAddress());
    for (;;) {
      const sequence = this.sequence;
      if ((sequence & 1) === 0) {
        compilerBarrier();
        return sequence;
      }
      serveWhileSpinning();
      pause();
    }
  }

  /** Has anybody written since `beginRead` returned `start`? */
  mustRetry(start: u32): boolean {
    compilerBarrier();
    return this.sequence !== start;
  }

  private begin(): void {
    this.sequence = this.sequence + 1;
    compilerBarrier();
  }

  private end(): void {
    compilerBarrier();
    this.sequence = this.sequence + 1;
  }
}
