/*
 * Load averages: how many tasks wanted to run, lately.
 *
 * Every five seconds the number n of runnable tasks is taken, and each average moves a little towards it:
 * load = load * e + n * (1 - e), with e = exp(-5 s / period), for periods of 1, 5 and 15 minutes. In fixed point with 11
 * bits of fraction.
 *
 * @source getloadavg(3), proc(5) (/proc/loadavg).
 */

import { HZ } from '../arch/x86/clock.ts';
import { runnableTasks } from './scheduler.ts';

/** 1 in fixed point. */
const ONE: u32 = 2048;
const INTERVAL: u32 = 5 * HZ;

/** exp(-5/60), exp(-5/300), exp(-5/900). */
const decay = table<u32, 3>(1884, 2014, 2037);
const loads = zeroed<FixedArray<u32, 3>>();
let ticksLeft: u32 = INTERVAL;

/** Each tick of the first CPU. */
export function updateLoadAverage(): void {
  ticksLeft--;
  if (ticksLeft !== 0) return;
  ticksLeft = INTERVAL;
  const running = runnableTasks() * ONE;
  for (let i: u32 = 0; i < 3; i++) loads[i] = (loads[i] * decay[i] + running * (ONE - decay[i]) + ONE / 2) / ONE;
}

/** The average over 1 (0), 5 (1) or 15 (2) minutes, scaled by 65536. */
export function loadAverage(which: u32): u32 {
  return loads[which] * 32;
}
