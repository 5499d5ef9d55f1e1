/*
 * Forgetting translations that have lost a right, or are gone, on all CPUs that may have them.
 *
 * One function for each thing that can change, so that callers say what they did and not how to clean up after it. When
 * it returns, no CPU uses the old translation any more, and what it led to can be given to others.
 *
 * Which CPUs? Mm.cpus has a bit for each that has the address space loaded. A CPU sets its bit before it loads the page
 * directory; we look at the bits after the entry has changed. With a full barrier on both sides, either we see the bit or
 * it sees the entry:
 *
 *   entry = 0       (barrier)            bit set         (barrier)
 *   bits?                                loads CR3; walks the tables
 *
 * Callers may hold spinlocks and have interrupts off (shootdown.ts tells why this does not deadlock). Not in interrupts.
 *
 * @see pageTable.ts for when no flush is needed
 */

import { type Mm } from '../../mm/types.ts';
import { memoryBarrier } from './barrier.ts';
import { type Cpu, cpuById, cpuCount, cpuMask, thisCpu } from './cpu.ts';
import { irqRestore, irqSave } from './irqFlags.ts';
import { sendInterrupt, VECTOR_FLUSH } from './localApic.ts';
import { cpuBit, flushHere, flushMmHere, serveFlushesNow } from './shootdown.ts';

/** One page of an address space. */
export function flushUserPage(mm: Mm, address: u32): void {
  flushUserRange(mm, address, address + 1);
}

/** All of [start, end) in an address space. `start` is in the first page. */
export function flushUserRange(mm: Mm, start: u32, end: u32): void {
  const flags = irqSave();
  flushMmHere(mm, start, end);
  irqRestore(flags);
  memoryBarrier();
  askOthers(mm.cpus, mm, start, end);
}

/** A page of the current task's that another CPU has made accessible already: this CPU alone has an old translation. */
export function flushStalePage(address: u32): void {
  invlpg(address);
}

/** [start, end) of the kernel's half, the same in all address spaces. */
export function flushKernelRange(start: u32, end: u32): void {
  flushHere(start, end, false);
  memoryBarrier();
  askOthers(cpuMask(), null, start, end);
}

/** Has the other CPUs in `mask` forget, and waits until they have. */
function askOthers(mask: u32, mm: Mm | null, start: u32, end: u32): void {
  const cpu = thisCpu();
  const others = mask & ~cpuBit(cpu);
  if (others === 0) return;
  const request = cpu.flush;
  request.mm = mm;
  request.start = start;
  request.end = end;
  atomic.xchg(addrOf(request.waiting), others);
  interruptAll(others);
  while (request.waiting !== 0) {
    serveFlushesNow();
    pause();
  }
}

function interruptAll(mask: u32): void {
  for (let i: u32 = 0; i < cpuCount(); i++) if ((mask & (1 << i)) !== 0) interruptOne(cpuById(i));
}

function interruptOne(cpu: Cpu): void {
  cpu.flushAsked = 1;
  sendInterrupt(cpu.apicId, VECTOR_FLUSH);
}
