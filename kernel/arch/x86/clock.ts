/*
 * What time is it? Nanoseconds from the time-stamp counter.
 *
 * The counter's rate is measured at boot; after that, a reading costs one instruction and two multiplications:
 *
 *   nanoseconds = (count * scale) >> shift,   scale = 10^9 * 2^shift / rate,   the largest shift with scale < 2^32
 *
 * The product has up to 96 bits, so the two halves of the count are multiplied one by one.
 *
 * Constant after initClock: read without a lock.
 */

import { type ClockRates } from './calibrate.ts';
import { readRtc } from './rtc.ts';

/** Timer interrupts a second, on each CPU. */
export const HZ: u32 = 100;
/** Nanoseconds from one to the next. */
export const TICK_NS: u64 = 10000000n;

const NS_PER_SECOND: u64 = 1000000000n;

let base: u64 = 0n;
let scale: u32 = 0;
let shift: u32 = 0;
let khz: u32 = 0;
let bootTime: u64 = 0n;

/** Starts the clock at 0, with the rates that were measured, and asks the battery-backed one for the date. */
export function initClock(rates: ClockRates): void {
  shift = 32;
  while ((NS_PER_SECOND << u64(shift)) / rates.tsc > 0xffffffffn) shift--;
  scale = u32((NS_PER_SECOND << u64(shift)) / rates.tsc);
  khz = u32(rates.tsc / 1000n);
  base = rdtsc();
  bootTime = u64(readRtc()) * NS_PER_SECOND;
}

/** Nanoseconds since boot. Never goes back. */
export function monotonicNs(): u64 {
  const count = rdtsc() - base;
  const low = u64(u32(count)) * u64(scale);
  const high = u64(u32(count >> 32n)) * u64(scale);
  return (low >> u64(shift)) + (high << u64(32 - shift));
}

/** Nanoseconds since 1970-01-01 00:00 UTC. */
export function realtimeNs(): u64 {
  return bootTime + monotonicNs();
}

/** The rate of the time-stamp counter. */
export function cpuKhz(): u32 {
  return khz;
}
