/*
 * Messages between CPUs: interrupts that one CPU sends to another.
 *
 *   reschedule   "look at your run queue": the interrupt itself is all; what follows it, the return to ring 3 or the next
 *                turn of the idle loop, looks at needResched
 *   call         crossCall.ts
 *   flush        shootdown.ts
 *   NMI          stop.ts
 *
 * Without APICs there is one CPU, and nobody to send to.
 */

import { type Cpu, thisCpu } from './cpu.ts';
import { serveCalls } from './crossCall.ts';
import { endOfInterrupt, sendInterrupt, VECTOR_CALL, VECTOR_FLUSH, VECTOR_RESCHEDULE } from './localApic.ts';
import { serveFlushes } from './shootdown.ts';
import { type TrapFrame } from './trapFrame.ts';
import { setVectorHandler } from './traps.ts';

/** Takes the messages. Once, before a second CPU starts. */
export function initMessages(): void {
  setVectorHandler(VECTOR_RESCHEDULE, handleReschedule);
  setVectorHandler(VECTOR_CALL, handleCall);
  setVectorHandler(VECTOR_FLUSH, handleFlush);
}

/** Has `cpu` look at its `needResched`, which is set. Nothing to do if it is the one that asks. */
export function sendReschedule(cpu: Cpu): void {
  if (cpu !== thisCpu()) sendInterrupt(cpu.apicId, VECTOR_RESCHEDULE);
}

function handleReschedule(_frame: TrapFrame): void {
  thisCpu().reschedules++;
  endOfInterrupt();
}

/** Acknowledged first: a call may come in while another is being served. */
function handleCall(_frame: TrapFrame): void {
  const cpu = thisCpu();
  cpu.irqDepth++;
  endOfInterrupt();
  serveCalls();
  cpu.irqDepth--;
}

function handleFlush(_frame: TrapFrame): void {
  endOfInterrupt();
  serveFlushes();
}
