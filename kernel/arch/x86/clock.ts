/*
 * What time is it? Nanoseconds from the time-stamp counter.
 *
 * The counter's rate is measured at boot; after that, a reading costs one instruction and two multiplications:
 *
 *   nanoseconds = (count * scale) >> shift,   scale = 10^9 * 2^shift / rate,   the largest shift with scale < 2^32
 *
 * The product has up to 96 bits, so the two halves of the count are multiplied one by one.
 *
 * Several CPUs. Usually their counters run as one. Where they do not (clockCompare.ts), each has an offset, which is only
 * as exact as two CPUs can tell each other the time; then the latest reading of any CPU is kept, and nobody gets an
 * earlier one. A thread that sees the clock, goes to another CPU and looks again, sees time go on.
 *
 * Locking. Constant after the boot, and read without a lock, but for `latest` and `bootTime`, which are atomic.
 */

import { type ClockRates } from './calibrate.ts';
import { thisCpu } from './cpu.ts';
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
/** The date at boot, by the clock as it is set now. */
let bootTime: u64 = 0n;
/** The counters are not one clock. */
let suspect = false;
/** The latest reading, while `suspect`. */
let latest: u64 = 0n;

/** Starts the clock at 0, with the rates that were measured, and asks the battery-backed one for the date. */
export function initClock(rates: ClockRates): void {
  shift = 32;
  while ((NS_PER_SECOND << u64(shift)) / rates.tsc > 0xffffffffn) shift--;
  scale = u32((NS_PER_SECOND << u64(shift)) / rates.tsc);
  khz = u32(rates.tsc / 1000n);
  base = rdtsc();
  bootTime = u64(readRtc()) * NS_PER_SECOND;
}

/** A CPU's counter differs from that of CPU 0. */
export function suspectClocks(): void {
  suspect = true;
}

/** Nanoseconds since boot. Never goes back, whichever CPU looks. */
export function monotonicNs(): u64 {
  const now = readClock();
  return suspect ? keepLatest(now) : now;
}

/** The later of `now` and all readings before. */
function keepLatest(now: u64): u64 {
  let before = atomic.cmpxchg(addrOf(latest), 0n, 0n);
  while (before < now) {
    const found = atomic.cmpxchg(addrOf(latest), before, now);
    if (found === before) return now;
    before = found;
  }
  return before;
}

function readClock(): u64 {
  const count = rdtsc() + thisCpu().tscOffset - base;
  const low = u64(u32(count)) * u64(scale);
  const high = u64(u32(count >> 32n)) * u64(scale);
  return (low >> u64(shift)) + (high << u64(32 - shift));
}

/** Nanoseconds since 1970-01-01 00:00 UTC. Goes back when somebody sets it so. */
export function realtimeNs(): u64 {
  return atomic.cmpxchg(addrOf(bootTime), 0n, 0n) + monotonicNs();
}

/** Sets the date and the time of day. The monotonic clock goes on as if nothing had happened. */
export function setRealtimeNs(ns: u64): void {
  const wanted = ns - monotonicNs();
  let before: u64 = 0n;
  for (;;) {
    const found = atomic.cmpxchg(addrOf(bootTime), before, wanted);
    if (found === before) return;
    before = found;
  }
}

/** The rate of the time-stamp counter. */
export function cpuKhz(): u32 {
  return khz;
}
