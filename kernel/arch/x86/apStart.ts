/*
 * Starting the other processors.
 *
 * After power-on one CPU, chosen by the hardware, runs the firmware and then us; the others wait for a message (Intel
 * MultiProcessor Specification 1.4, B.4). Each gets an INIT, some time to digest it, and a STARTUP, which is repeated for
 * those that have missed the first one. Then they come up one at a time:
 *
 *   CPU 0                                    CPU n
 *   offers a stack, sends STARTUP            trampoline.ts: takes the stack
 *   waits; answers questions for the time    enterProcessor: descriptors, FPU, APIC, clock
 *   the next one                             isUp = true; runs what it was told to
 *
 * A CPU that does not take its stack in time is left out, and put back to sleep.
 */

import { cpuStartPage } from '../../mm/initMemory.ts';
import { enableGlobalPages } from '../../mm/kernelMap.ts';
import { offeredStack, startEntry } from './bootMemory.ts';
import { monotonicNs } from './clock.ts';
import { answerClock, compareClock } from './clockCompare.ts';
import { addCpu, type Cpu, thisCpu } from './cpu.ts';
import { initFpu } from './fpu.ts';
import { initDescriptors, setKernelStack } from './gdt.ts';
import { loadTraps } from './idt.ts';
import { physToVirt } from './layout.ts';
import { initLocalApic, sendInit, sendStartup } from './localApic.ts';
import { startTick } from './timer.ts';
import { trampoline, TRAMPOLINE_SIZE } from './trampoline.ts';

/** From INIT to STARTUP, and from one STARTUP to the next (B.4). */
const INIT_NS: u64 = 10000000n;
const STARTUP_NS: u64 = 200000n;
/** A CPU that has not answered by then is not there. */
const ANSWER_NS: u64 = 500000000n;

/** What the CPU that is being started needs to know. Written by CPU 0 before it offers the stack. */
class Arrival {
  cpu: Cpu;
  stackTop: u32;
  doubleFaultStackTop: u32;
  run: () => never;
  isUp: Volatile<boolean>;
}

const arrival = zeroed<Inline<Arrival>>();

/** Writes the code for real mode where the CPUs that `startCpu` starts will find it. False: there is no place for it. */
export function placeTrampoline(): boolean {
  const page = cpuStartPage();
  if (page === 0) return false;
  copyBytes(ptr<u8>(physToVirt(page)), ptr<u8>(u32(trampoline)), TRAMPOLINE_SIZE);
  startEntry[0] = u32(enterProcessor);
  return true;
}

/** Resets these CPUs, but not this one, so that they wait for `startCpu`. Interrupts are on: the tick wakes us. */
export function resetCpus(apicIds: Ptr<u32>, count: u32): void {
  for (let i: u32 = 0; i < count; i++) if (apicIds[i] !== thisCpu().apicId) sendInit(apicIds[i]);
  const until = monotonicNs() + INIT_NS;
  while (monotonicNs() < until) stiHlt();
}

/**
 * Starts the CPU with this APIC id as `cpu`, whose idle task has its stack at `stackTop`. There it calls `run`, with
 * interrupts off. False: it does not answer; `cpu` and the stack are as before.
 *
 * @param doubleFaultStackTop of the stack for double faults of that CPU
 */
export function startCpu(cpu: Cpu, apicId: u32, stackTop: u32, doubleFaultStackTop: u32, run: () => never): boolean {
  arrival.cpu = cpu;
  arrival.stackTop = stackTop;
  arrival.doubleFaultStackTop = doubleFaultStackTop;
  arrival.run = run;
  arrival.isUp = false;
  atomic.xchg(addrOf(offeredStack[0]), stackTop);
  sendStartup(apicId, cpuStartPage());
  if (!isTakenWithin(STARTUP_NS)) sendStartup(apicId, cpuStartPage());
  if (!isTakenWithin(ANSWER_NS) && atomic.xchg(addrOf(offeredStack[0]), 0) !== 0) {
    sendInit(apicId);
    return false;
  }
  while (!arrival.isUp) {
    answerClock();
    pause();
  }
  return true;
}

/** Waits until the stack has been taken, or the time is over. */
function isTakenWithin(nanoseconds: u64): boolean {
  const until = monotonicNs() + nanoseconds;
  while (reload<u32>(offeredStack[0]) !== 0) {
    if (monotonicNs() > until) return false;
    pause();
  }
  return true;
}

/** From trampoline.ts, on the stack that was offered. */
function enterProcessor(): never {
  const cpu = arrival.cpu;
  initDescriptors(cpu, arrival.doubleFaultStackTop);
  setKernelStack(arrival.stackTop);
  loadTraps();
  enableGlobalPages();
  initFpu();
  initLocalApic();
  compareClock(cpu);
  startTick();
  addCpu();
  const run = arrival.run;
  arrival.isUp = true;
  return run();
}
