/*
 * The tick: an interrupt HZ times a second on each CPU, from its local APIC's timer; without an APIC, from the 8254.
 */

import { panic } from '../../lib/panic.ts';
import { setLogClock } from '../../lib/printk.ts';
import { type ClockRates, measureClocks } from './calibrate.ts';
import { HZ, initClock, monotonicNs } from './clock.ts';
import { thisCpu } from './cpu.ts';
import { FEATURE_TSC, hasFeature } from './cpuFeatures.ts';
import { hasApic, requestIrq } from './irq.ts';
import { endOfInterrupt, startPeriodicTimer, VECTOR_TIMER } from './localApic.ts';
import { startPitTicks } from './pit.ts';
import { isUserFrame, type TrapFrame } from './trapFrame.ts';
import { setVectorHandler } from './traps.ts';

type TickHandler = (inUserMode: boolean) => void;

let tickHandler: TickHandler | null = null;
/** Of the local APIC's timer, between two ticks. The same on all CPUs. */
let countsPerTick: u32 = 0;

/** Measures the clocks and starts the time of day. Interrupts are off. */
export function initClocks(): void {
  if (!hasFeature(FEATURE_TSC)) panic('this CPU has no time-stamp counter');
  const rates = zeroed<Inline<ClockRates>>();
  measureClocks(rates, hasApic());
  countsPerTick = (rates.apicTimer + HZ / 2) / HZ;
  initClock(rates);
  setLogClock(monotonicNs);
}

/** Who wants the tick, called on each CPU, with interrupts off; told whether it interrupted ring 3. */
export function setTimerHandler(handler: TickHandler): void {
  tickHandler = handler;
}

/** Starts the tick on this CPU. */
export function startTick(): void {
  if (!hasApic()) {
    startPitTicks(HZ);
    requestIrq(0, handlePitTick, 'timer');
    return;
  }
  setVectorHandler(VECTOR_TIMER, handleApicTick);
  startPeriodicTimer(countsPerTick);
}

function handleApicTick(frame: TrapFrame): void {
  const cpu = thisCpu();
  cpu.irqDepth++;
  endOfInterrupt();
  tick(isUserFrame(frame));
  cpu.irqDepth--;
}

function handlePitTick(_irq: u32): void {
  tick(isUserFrame(thisCpu().irqFrame));
}

function tick(inUserMode: boolean): void {
  const cpu = thisCpu();
  cpu.ticks++;
  const handler = tickHandler;
  if (handler !== null) handler(inUserMode);
}
