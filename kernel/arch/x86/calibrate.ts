/*
 * How fast are the clocks? The time-stamp counter and the local APIC's timer run at rates that nobody tells; the 8254's
 * is known. So they are read together twice, some time apart.
 *
 * How long apart? An edge of the 8254 can be placed to within one turn of the polling loop, and the error is that,
 * divided by the window. On a machine whose time is a function of the instructions executed a turn takes next to no time,
 * and a window of a tenth of a millisecond is exact enough; on a busy host a virtual machine may be stopped in mid-loop,
 * and it is not. So the window doubles until two successive measurements agree, and is as short as it can be.
 */

import { startTimerCount, timerCount } from './localApic.ts';
import { PIT_HZ, readPit, startPitCounter } from './pit.ts';

/** The windows, in counts of the 8254: from 50 us up to 13 ms. */
const FIRST_WINDOW: u32 = 60;
const LAST_WINDOW: u32 = 15360;
/** Two measurements agree if they differ by less than 1 / AGREEMENT. */
const AGREEMENT: u64 = 500n;

/** What was measured, in counts a second. */
export class ClockRates {
  tsc: u64;
  apicTimer: u32; // 0 without an APIC
}

/** Both clocks at one moment: an edge of the 8254. */
class Moment {
  pit: u32;
  tsc: u64;
  apic: u32;

  /** Waits for the next edge at which `counts` or more have passed since `start`. */
  waitFor(start: u32, counts: u32, hasApic: boolean): void {
    let last = readPit();
    for (;;) {
      const now = readPit();
      if (now !== last && ((start - now) & 0xffff) >= counts) {
        this.tsc = rdtsc();
        this.apic = hasApic ? timerCount() : 0;
        this.pit = now;
        return;
      }
      last = now;
    }
  }
}

/** Measures, with interrupts off. `hasApic`: the local APIC is mapped, its timer unused. */
export function measureClocks(rates: ClockRates, hasApic: boolean): void {
  startPitCounter();
  if (hasApic) startTimerCount();
  measureWindow(rates, FIRST_WINDOW, hasApic);
  for (let window = FIRST_WINDOW * 2; window <= LAST_WINDOW; window *= 2) {
    const before = rates.tsc;
    measureWindow(rates, window, hasApic);
    const difference = rates.tsc > before ? rates.tsc - before : before - rates.tsc;
    if (difference * AGREEMENT < rates.tsc) return;
  }
}

function measureWindow(rates: ClockRates, window: u32, hasApic: boolean): void {
  const first = uninitialized<Inline<Moment>>();
  const last = uninitialized<Inline<Moment>>();
  first.waitFor(readPit(), 1, hasApic);
  last.waitFor(first.pit, window, hasApic);
  const elapsed = u64((first.pit - last.pit) & 0xffff);
  rates.tsc = ((last.tsc - first.tsc) * u64(PIT_HZ)) / elapsed;
  rates.apicTimer = u32((u64(last.apic - first.apic) * u64(PIT_HZ)) / elapsed);
}
