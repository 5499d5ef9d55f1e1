/*
 * Cross-calls: a function that other CPUs call because this one says so.
 *
 * Like a flush (shootdown.ts), a call is a record of the CPU that asks, with a bit for each CPU that has not yet done it.
 * The function runs with interrupts off, like an interrupt handler, and must not take a lock that is held anywhere with
 * interrupts on, sleep, or make cross-calls itself.
 *
 * With interrupts off, the one who waits serves the calls of others meanwhile; so two CPUs that call each other do not
 * wait for ever, whatever their interrupt flags.
 */

import { assert } from '../../lib/panic.ts';
import { cpuById, cpuCount, type CrossCall, thisCpu } from './cpu.ts';
import { irqRestore, irqSave } from './irqFlags.ts';
import { sendInterrupt, VECTOR_CALL } from './localApic.ts';
import { cpuBit, serveFlushes } from './shootdown.ts';

/**
 * Has each CPU in `mask` call `work(argument)`, this one too if its bit is set; returns when all have.
 *
 * @locking no spinlock held, not in an interrupt; interrupts on or off
 */
export function smpCallFunction(mask: u32, work: (argument: u32) => void, argument: u32): void {
  const flags = irqSave();
  const cpu = thisCpu();
  assert(cpu.spinDepth === 0 && cpu.irqDepth === 0, 'smpCallFunction with a spinlock held or in an interrupt');
  const call = cpu.call;
  const me = cpuBit(cpu);
  call.work = work;
  call.argument = argument;
  atomic.xchg(addrOf(call.waiting), mask & ~me);
  for (let i: u32 = 0; i < cpuCount(); i++) {
    if ((mask & ~me & (1 << i)) !== 0) sendInterrupt(cpuById(i).apicId, VECTOR_CALL);
  }
  if ((mask & me) !== 0) work(argument);
  while (call.waiting !== 0) {
    serveCalls();
    serveFlushes();
    pause();
  }
  irqRestore(flags);
}

/** Does what other CPUs ask of this one. Interrupts are off. */
export function serveCalls(): void {
  const cpu = thisCpu();
  for (let i: u32 = 0; i < cpuCount(); i++) {
    const call: CrossCall = cpuById(i).call;
    if ((call.waiting & cpuBit(cpu)) === 0) continue;
    call.work(call.argument);
    cpu.calls++;
    atomic.and(addrOf(call.waiting), ~cpuBit(cpu));
  }
}
