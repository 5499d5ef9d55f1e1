/*
 * Stopping the other CPUs for good, by NMI: a CPU cannot refuse it, not even one that spins with interrupts off.
 *
 * When the kernel panics, everything is to stay as it is, and each CPU is to tell where it was:
 *
 *   CPU that panics                         each other CPU, in its NMI handler
 *   sends NMIs                              isStopped = true
 *   waits until all have stopped
 *   prints its report
 *   turn = 1 + n                            CPU n prints its registers and calls; turn = 0
 *   the next one                            sleeps, interrupts off
 *
 * Before the machine is switched off the others are stopped, too; they go to sleep at once.
 *
 * A CPU that takes no NMI (it is in another one's handler, or broken) is given up after a while.
 */

import { registerStop, reportStopped } from '../../lib/panic.ts';
import { printk } from '../../lib/printk.ts';
import { cpuKhz } from './clock.ts';
import { type Cpu, cpuById, cpuCount, thisCpu } from './cpu.ts';
import { sendNmi } from './localApic.ts';
import { isUserFrame, type TrapFrame, VECTOR_NMI } from './trapFrame.ts';
import { setVectorHandler } from './traps.ts';

/** Milliseconds that the others have to stop, or to print their reports. */
const PATIENCE_MS: u32 = 2000;

/** What an NMI means. */
const NOTHING = 0;
const REPORT = 1;
const SLEEP = 2;
let purpose: Volatile<u32> = NOTHING;
/** 1 + the number of the CPU that is to report; 0: none. */
let turn: Volatile<u32> = 0;

/** Takes NMIs, and what a panic needs. Once, before a second CPU starts. */
export function initStop(): void {
  setVectorHandler(VECTOR_NMI, handleNmi);
  registerStop(stopForReport, letOthersReport);
}

/** Stops all CPUs but this one, wherever they are, for good. Interrupts are off, and stay off. */
export function stopOtherCpus(): void {
  stopOthers(SLEEP);
}

function stopForReport(): void {
  stopOthers(REPORT);
}

function stopOthers(why: u32): void {
  const me = thisCpu();
  purpose = why;
  for (let i: u32 = 0; i < cpuCount(); i++) if (cpuById(i) !== me) sendNmi(cpuById(i).apicId);
  for (let i: u32 = 0; i < cpuCount(); i++) if (cpuById(i) !== me) waitUntilStopped(cpuById(i));
}

/** Has each stopped CPU print its report, in turn. */
function letOthersReport(): void {
  const me = thisCpu();
  for (let i: u32 = 0; i < cpuCount(); i++) {
    const cpu = cpuById(i);
    if (cpu === me) continue;
    printk('\n');
    if (!cpu.isStopped) {
      printk('CPU %u does not answer\n', i);
      continue;
    }
    turn = 1 + i;
    const start = rdtsc();
    while (reload<u32>(turn) !== 0 && !isTooLong(start)) pause();
  }
}

function waitUntilStopped(cpu: Cpu): void {
  const start = rdtsc();
  while (!reload<boolean>(cpu.isStopped) && !isTooLong(start)) pause();
}

/** Not by the clock: that may be what has failed. */
function isTooLong(start: u64): boolean {
  return rdtsc() - start > u64(cpuKhz()) * u64(PATIENCE_MS);
}

function handleNmi(frame: TrapFrame): void {
  const cpu = thisCpu();
  cpu.nmis++;
  if (purpose === NOTHING) {
    printk('NMI without a reason on CPU %u\n', cpu.id);
    return;
  }
  cpu.isStoppedIdle = isUserFrame(frame) || (cpu.current.isIdle && cpu.irqDepth === 0 && cpu.spinDepth === 0);
  cpu.isStopped = true;
  if (purpose === REPORT) {
    while (reload<u32>(turn) !== cpu.id + 1) pause();
    reportStopped(frame);
    turn = 0;
  }
  sleepForGood();
}

/** This CPU has nothing more to do. */
export function sleepForGood(): never {
  for (;;) {
    cli();
    hlt();
  }
}
