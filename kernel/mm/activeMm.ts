/*
 * Which address space a CPU has loaded.
 *
 * A task brings its own when it gets the CPU. One that has none, a kernel thread or the idle task, leaves what it finds:
 * the upper half is the same everywhere, and the next task is often the one before. Such a lazy CPU holds the record by a
 * reference, not the memory: when that goes, the CPU is told like all who may have translations, and leaves.
 *
 * Locking. Fields of `Cpu`, interrupts off. Mm.cpus and Mm.mmCount are atomic.
 */

import { thisCpu } from '../arch/x86/cpu.ts';
import { cpuBit } from '../arch/x86/shootdown.ts';
import { assert } from '../lib/panic.ts';
import { freeMm } from './mm.ts';
import { type Mm } from './types.ts';

/** The current task of this CPU has `mm` from now on; null: none. Interrupts are off. */
export function activateMm(mm: Mm | null): void {
  const cpu = thisCpu();
  cpu.isLazy = mm === null;
  if (mm === null) return;
  const old = cpu.activeMm;
  if (old === mm && cpu.isMmLoaded) return;
  atomic.or(addrOf(mm.cpus), cpuBit(cpu)); // before the walker can see the directory: a barrier (arch/x86/tlb.ts)
  writeCr3(mm.pageDirectory);
  const wasLoaded = cpu.isMmLoaded;
  cpu.isMmLoaded = true;
  if (old === mm) return;
  atomic.inc(addrOf(mm.mmCount));
  cpu.activeMm = mm;
  if (old === null) return;
  if (wasLoaded) atomic.and(addrOf(old.cpus), ~cpuBit(cpu));
  if (!atomic.decAndTest(addrOf(old.mmCount))) return;
  assert(cpu.retiredMm === null, 'two address spaces retired by one switch');
  cpu.retiredMm = old;
}

/** Frees what a switch has left behind. No lock held. */
export function freeRetiredMm(): void {
  const cpu = thisCpu();
  const mm = cpu.retiredMm;
  if (mm === null) return;
  cpu.retiredMm = null;
  freeMm(mm);
}
