/*
 * The 8254 programmable interval timer, in virtual time.
 *
 * Three counters at 1.193182 MHz. Counter 0 drives interrupt line 0; counter 2 has its gate and its output in port 61h,
 * where kernels use it to calibrate other clocks. Nothing counts while nobody looks: a counter remembers when it was
 * loaded, and its value and output are computed from the time that has passed since. Only counter 0 has an event, at its
 * next change of output, and only while somebody would hear of it: most kernels mask its line for good, and the machine could
 * not tell that it sleeps.
 *
 * Source: Intel 8254 data sheet; IBM PC AT Technical Reference for port 61h.
 */

import { cyclesIn, nanosecondsFor, type Timer, type VirtualClock } from '../clock.ts';
import type { Stateful, StateStream } from '../state.ts';

export const PIT_HERTZ = 1_193_182;

const ACCESS_LATCH = 0;
const ACCESS_LOW = 1;
const ACCESS_HIGH = 2;
const READ_BACK = 3;

class Counter implements Stateful {
  /** 0 to 5; modes 2 and 3 repeat. */
  mode = 3;
  access = ACCESS_LOW | ACCESS_HIGH;
  bcd = false;
  gate = true;
  /** What software wrote, 1 to 65536. */
  reload = 0x10000;
  /** When it was loaded and began to count; undefined while it waits for a count or for its gate. */
  start: number | undefined;
  /** Cycles that were counted before the gate closed. */
  counted = 0;
  #writeLow: number | undefined;
  #readHigh = false;
  #latched: number | undefined;
  #status: number | undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get cycles(): number {
    return this.start === undefined ? this.counted : this.counted + cyclesIn(this.#now() - this.start, PIT_HERTZ);
  }

  /** Level of OUT. */
  get output(): boolean {
    const cycles = this.cycles;
    switch (this.mode) {
      case 0:
      case 1:
        return this.loaded ? cycles >= this.reload : this.mode === 1;
      case 2:
        return !this.loaded || cycles % this.reload !== this.reload - 1;
      case 3:
        return !this.loaded || cycles % this.reload < (this.reload + 1) >> 1;
      default:
        return !this.loaded || cycles !== this.reload;
    }
  }

  /** How often OUT has risen since the counter was loaded. */
  get rises(): number {
    if (this.mode === 2 || this.mode === 3) return Math.floor(this.cycles / this.reload);
    return this.cycles >= this.onlyRise ? 1 : 0;
  }

  /** Cycles until OUT rises, in the modes in which it does so once: at the end of the count, or of a strobe after it. */
  get onlyRise(): number {
    return this.mode >= 4 ? this.reload + 1 : this.reload;
  }

  get loaded(): boolean {
    return this.start !== undefined || this.counted > 0;
  }

  /** The value of the counting element. */
  get value(): number {
    const cycles = this.cycles;
    if (this.mode === 2) return (this.reload - (cycles % this.reload)) & 0xffff;
    if (this.mode === 3) return (this.reload - ((2 * cycles) % this.reload)) & 0xfffe;
    return (this.reload - cycles) & 0xffff;
  }

  control(value: number): void {
    this.access = (value >> 4) & 3;
    this.mode = ((value >> 1) & 7) > 5 ? (value >> 1) & 3 : (value >> 1) & 7;
    this.bcd = (value & 1) !== 0;
    this.start = undefined;
    this.counted = 0;
    this.#writeLow = undefined;
    this.#readHigh = false;
    this.#latched = undefined;
    this.#status = undefined;
  }

  latch(): void {
    this.#latched ??= this.#encoded();
  }

  latchStatus(): void {
    const output = this.output ? 0x80 : 0;
    const empty = this.loaded ? 0 : 0x40;
    this.#status ??= output | empty | (this.access << 4) | (this.mode << 1) | Number(this.bcd);
  }

  read(): number {
    const status = this.#status;
    if (status !== undefined) {
      this.#status = undefined;
      return status;
    }
    const value = this.#latched ?? this.#encoded();
    if (this.access === ACCESS_LOW || this.access === ACCESS_HIGH) {
      this.#latched = undefined;
      return this.access === ACCESS_LOW ? value & 0xff : value >> 8;
    }
    this.#readHigh = !this.#readHigh;
    if (this.#readHigh) return value & 0xff;
    this.#latched = undefined;
    return value >> 8;
  }

  /** Takes a byte of the count. Returns whether the count is complete. */
  write(value: number): boolean {
    if (this.access === (ACCESS_LOW | ACCESS_HIGH)) {
      if (this.#writeLow === undefined) {
        this.#writeLow = value;
        if (this.mode === 0) this.start = undefined; // the first byte stops the count
        return false;
      }
      this.#load(this.#writeLow | (value << 8));
      this.#writeLow = undefined;
    } else {
      this.#load(this.access === ACCESS_HIGH ? value << 8 : value);
    }
    return true;
  }

  setGate(gate: boolean): void {
    const rises = gate && !this.gate;
    this.gate = gate;
    if (this.mode === 1 || this.mode === 5) {
      if (rises) this.#begin();
    } else if (rises) {
      if (this.mode === 2 || this.mode === 3) this.counted = 0;
      this.start = this.#now();
    } else if (!gate) {
      this.counted = this.cycles;
      this.start = undefined;
    }
  }

  transferState(state: StateStream): void {
    this.mode = state.number(this.mode);
    this.access = state.number(this.access);
    this.bcd = state.flag(this.bcd);
    this.gate = state.flag(this.gate);
    this.reload = state.number(this.reload);
    this.start = state.optional(this.start);
    this.counted = state.number(this.counted);
    this.#writeLow = state.optional(this.#writeLow);
    this.#readHigh = state.flag(this.#readHigh);
    this.#latched = state.optional(this.#latched);
    this.#status = state.optional(this.#status);
  }

  #load(value: number): void {
    const count = this.bcd ? fromBcd(value) : value;
    this.reload = count === 0 ? (this.bcd ? 10_000 : 0x10000) : count;
    if (this.mode === 1 || this.mode === 5) return; // they wait for a rising gate
    this.counted = 0;
    this.start = this.gate ? this.#now() : undefined;
  }

  #begin(): void {
    this.counted = 0;
    this.start = this.#now();
  }

  #encoded(): number {
    return this.bcd ? toBcd(this.value % 10_000) : this.value;
  }
}

export class Pit implements Stateful {
  readonly #clock: VirtualClock;
  readonly #setIrq: (active: boolean) => void;
  readonly #counters: readonly [Counter, Counter, Counter];
  readonly #event: Timer;
  readonly #isHeard: () => boolean;
  /** While counter 0 runs and is not heard: how often its output had risen when that was last made good for. */
  #risesHeard: number | undefined;
  /** Bits 0 and 1 of port 61h: the gate of counter 2, and the speaker. */
  #speaker = 0;

  /** `isHeard` tells whether anybody would notice a change of line 0; when it may have become true, `catchUp` must be called. */
  constructor(clock: VirtualClock, setIrq: (active: boolean) => void, isHeard: () => boolean) {
    this.#clock = clock;
    this.#setIrq = setIrq;
    this.#isHeard = isHeard;
    const now = () => clock.now();
    this.#counters = [new Counter(now), new Counter(now), new Counter(now)];
    this.#counters[2].gate = false;
    this.#event = clock.timer(() => this.#outputChanges());
  }

  /** Ports 40h to 43h and 61h. */
  read(port: number): number {
    if (port === 0x61) return this.#readSpeaker();
    return port === 0x43 ? 0xff : this.#counters[port & 3]!.read();
  }

  write(port: number, value: number): void {
    if (port === 0x61) {
      this.#speaker = value & 3;
      this.#counters[2].setGate((value & 1) !== 0);
    } else if (port === 0x43) {
      this.#control(value);
    } else if (this.#counters[port & 3]!.write(value) && (port & 3) === 0) {
      this.#started();
    }
  }

  transferState(state: StateStream): void {
    for (const counter of this.#counters) counter.transferState(state);
    this.#speaker = state.number(this.#speaker);
    this.#risesHeard = state.optional(this.#risesHeard);
  }

  /** Brings line 0 up to date, after a time in which nobody would have heard of it. */
  catchUp(): void {
    if (this.#risesHeard === undefined) return;
    const counter = this.#counters[0];
    if (counter.rises > this.#risesHeard) {
      this.#setIrq(false);
      this.#setIrq(true);
    }
    this.#setIrq(counter.output);
    this.#schedule();
  }

  #control(value: number): void {
    const index = value >> 6;
    if (index === READ_BACK) {
      for (const [i, counter] of this.#counters.entries()) {
        if ((value & (2 << i)) === 0) continue;
        if ((value & 0x20) === 0) counter.latch();
        if ((value & 0x10) === 0) counter.latchStatus();
      }
    } else if (((value >> 4) & 3) === ACCESS_LATCH) {
      this.#counters[index]!.latch();
    } else {
      this.#counters[index]!.control(value);
      if (index === 0) {
        this.#event.cancel();
        this.#risesHeard = undefined;
        this.#setIrq(this.#counters[0].output);
      }
    }
  }

  /** Bit 4 toggles with the refresh of memory, every 15 microseconds; bit 5 is the output of counter 2. */
  #readSpeaker(): number {
    const refresh = Math.floor(this.#clock.now() / 15_000) & 1;
    return this.#speaker | (refresh << 4) | (Number(this.#counters[2].output) << 5);
  }

  #started(): void {
    this.#setIrq(this.#counters[0].output);
    this.#schedule();
  }

  #outputChanges(): void {
    const counter = this.#counters[0];
    const { mode } = counter;
    if (mode === 2 || mode >= 4) this.#setIrq(false); // one cycle low, then the edge; nobody sees the cycle
    this.#setIrq(counter.output);
    if (mode === 2 || mode === 3) this.#schedule();
  }

  /** Sets the event for the next edge of counter 0's output. Where it is low for one cycle only, the rising edge counts. */
  #schedule(): void {
    const counter = this.#counters[0];
    if (counter.start === undefined) return;
    if (!this.#isHeard()) {
      this.#risesHeard = counter.rises;
      this.#event.cancel();
      return;
    }
    this.#risesHeard = undefined;
    const { cycles, reload } = counter;
    let target = counter.onlyRise;
    if (counter.mode !== 2 && counter.mode !== 3 && cycles >= target) return; // that was its only edge
    if (counter.mode === 2) target = (Math.floor(cycles / reload) + 1) * reload;
    if (counter.mode === 3) {
      const half = (reload + 1) >> 1;
      const period = Math.floor(cycles / reload) * reload;
      target = cycles - period < half ? period + half : period + reload;
    }
    this.#event.set(counter.start + nanosecondsFor(target - counter.counted, PIT_HERTZ));
  }
}

function fromBcd(value: number): number {
  return (value & 15) + ((value >> 4) & 15) * 10 + ((value >> 8) & 15) * 100 + ((value >> 12) & 15) * 1000;
}

function toBcd(value: number): number {
  const digit = (place: number) => Math.floor(value / 10 ** place) % 10;
  return digit(0) | (digit(1) << 4) | (digit(2) << 8) | (digit(3) << 12);
}
