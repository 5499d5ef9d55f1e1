/*
 * TLB shootdown, on the side of those who are asked. (tlb.ts asks.)
 *
 * Idea. A CPU that wants others to forget translations writes down what, and who, in its own `Cpu.flush`, and interrupts
 * them. Each looks through the requests of all CPUs for its bit, forgets, and clears the bit; when no bit is left, the
 * one who asked goes on. So there is no lock, and any number of CPUs can ask at once, each other included.
 *
 *   CPU 0                                CPU 1
 *   changes an entry                     uses the old translation
 *   flush: what; waiting = {1}
 *   1.flushAsked = 1; interrupt --->     flushAsked = 0; finds 0's request
 *   spins: waiting = {}?                 forgets
 *   goes on; frees the frame      <----  0.flush.waiting -= {1}
 *
 * Who has interrupts off and spins must serve requests itself, or the two would wait for each other: serveFlushes is
 * called in the loops of spinlocks, of printk, and of the senders here and in crossCall.ts.
 *
 * Lazy CPUs. A CPU that turns to the idle task or a kernel thread keeps the address space that it has: often it comes
 * back to it. When it is asked to forget something of it, it leaves it for good, and is not asked again.
 *
 * Locking. None: fields of `Cpu` belong to their CPU, and are used with interrupts off; `waiting`, `flushAsked` and
 * `Mm.cpus` are atomic.
 */

import { type Mm } from '../../mm/types.ts';
import { kernelCr3 } from './bootMemory.ts';
import { type Cpu, cpuById, cpuCount, type FlushRequest, thisCpu } from './cpu.ts';
import { irqRestore, irqSave } from './irqFlags.ts';
import { flushTlb } from './pageTable.ts';
import { EFLAGS_IF } from './trapFrame.ts';

/** More pages than this are cheaper to forget all at once. */
const MANY_PAGES: u32 = 32;

/** The bit of a CPU in masks. @inline */
export function cpuBit(cpu: Cpu): u32 {
  return u32(1) << cpu.id;
}

/** Forgets the pages of [start, end), kernel pages included; with `mayFlushAll`, perhaps all but kernel pages. */
export function flushHere(start: u32, end: u32, mayFlushAll: boolean): void {
  if (mayFlushAll && (end - start) >>> 12 > MANY_PAGES) {
    flushTlb();
    return;
  }
  for (let address = start; address < end; address += 4096) invlpg(address);
}

/** Forgets what this CPU holds of [start, end) of `mm`. Interrupts are off. */
export function flushMmHere(mm: Mm, start: u32, end: u32): void {
  const cpu = thisCpu();
  if (cpu.activeMm !== mm || !cpu.isMmLoaded) return;
  if (cpu.isLazy) leaveMm(cpu, mm);
  else flushHere(start, end, true);
}

/** Goes to the kernel's own directory. The reference to `mm`, which this CPU has loaded, stays. */
function leaveMm(cpu: Cpu, mm: Mm): void {
  writeCr3(kernelCr3[0]);
  cpu.isMmLoaded = false;
  atomic.and(addrOf(mm.cpus), ~cpuBit(cpu));
}

/** Does what other CPUs ask of this one, if any does. Interrupts are off. */
export function serveFlushes(): void {
  const cpu = thisCpu();
  if (cpu.flushAsked === 0) return;
  atomic.xchg(addrOf(cpu.flushAsked), 0);
  for (let i: u32 = 0; i < cpuCount(); i++) {
    const request = cpuById(i).flush;
    if ((request.waiting & cpuBit(cpu)) !== 0) serve(cpu, request);
  }
}

function serve(cpu: Cpu, request: FlushRequest): void {
  const mm = request.mm;
  if (mm === null) flushHere(request.start, request.end, false);
  else flushMmHere(mm, request.start, request.end);
  cpu.flushes++;
  atomic.and(addrOf(request.waiting), ~cpuBit(cpu));
}

/** For loops that spin: serves requests if no interrupt can. */
export function serveWhileSpinning(): void {
  if ((readEflags() & EFLAGS_IF) === 0) serveFlushes();
}

/** The same where interrupts may be on as well. */
export function serveFlushesNow(): void {
  const flags = irqSave();
  serveFlushes();
  irqRestore(flags);
}
