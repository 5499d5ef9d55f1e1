/*
 * The timer of a local APIC: counts down from an initial value, once or again and again.
 *
 * It counts periods of the bus clock, divided by 1 to 128. The current count is computed from the time at which the count
 * was begun; an event is set for the moment at which it reaches zero, unless the timer is masked: then nothing happens at
 * that moment, however often it comes, and what has become of the count is found out when somebody asks.
 *
 * Source: Intel SDM vol. 3A, 11.5.4.
 */

import type { Timer, VirtualClock } from '../clock.ts';
import type { Stateful, StateStream } from '../state.ts';

/** A bus clock of 100 MHz. */
export const BUS_CYCLE_NS = 10;

export class ApicTimer implements Stateful {
  readonly #event: Timer;
  readonly #clock: VirtualClock;
  readonly #expired: () => void;
  #initial = 0;
  #divide = 0;
  #periodic = false;
  #masked = true;
  /** When the current countdown began, and from which count; meaningless when it is not running. */
  #start = 0;
  #from = 0;
  #running = false;

  constructor(clock: VirtualClock, expired: () => void) {
    this.#clock = clock;
    this.#expired = expired;
    this.#event = clock.timer(() => this.#expire());
  }

  reset(): void {
    this.#divide = 0;
    this.setMode(false, true);
    this.start(0);
  }

  get initialCount(): number {
    return this.#initial;
  }

  get currentCount(): number {
    this.#catchUp();
    if (!this.#running) return 0;
    return Math.max(0, this.#from - Math.floor((this.#clock.now() - this.#start) / this.#countNs));
  }

  get divideConfiguration(): number {
    return this.#divide;
  }

  /** A write of the initial count starts the timer; zero stops it. */
  start(count: number): void {
    this.#initial = count;
    this.#countFrom(count, this.#clock.now());
  }

  /** A new divider applies to what is left of the count. */
  setDivider(configuration: number): void {
    const left = this.currentCount;
    this.#divide = configuration & 0b1011;
    if (this.#running) this.#countFrom(left, this.#clock.now());
  }

  /** Once or again and again, and whether anybody hears of it. The count goes on. */
  setMode(periodic: boolean, masked: boolean): void {
    this.#catchUp();
    this.#periodic = periodic;
    this.#masked = masked;
    this.#plan();
  }

  transferState(state: StateStream): void {
    this.#initial = state.number(this.#initial);
    this.#divide = state.number(this.#divide);
    this.#periodic = state.flag(this.#periodic);
    this.#masked = state.flag(this.#masked);
    this.#start = state.number(this.#start);
    this.#from = state.number(this.#from);
    this.#running = state.flag(this.#running);
  }

  /** Nanoseconds for one step of the count. Divide configuration 0 means 2, ... 6 means 128, 7 means 1. */
  get #countNs(): number {
    const code = (this.#divide & 3) | ((this.#divide >> 1) & 4);
    return BUS_CYCLE_NS * (code === 7 ? 1 : 2 << code);
  }

  #countFrom(count: number, start: number): void {
    this.#from = count;
    this.#start = start;
    this.#running = count > 0;
    this.#plan();
  }

  get #end(): number {
    return this.#start + this.#from * this.#countNs;
  }

  #plan(): void {
    if (this.#running && !this.#masked) this.#event.set(this.#end);
    else this.#event.cancel();
  }

  /** Makes up for the moments at which a masked count came to its end. */
  #catchUp(): void {
    const late = this.#clock.now() - this.#end;
    if (!this.#running || !this.#masked || late < 0) return;
    if (this.#periodic) this.#countFrom(this.#initial, this.#end + late - (late % (this.#initial * this.#countNs)));
    else this.#running = false;
  }

  #expire(): void {
    if (this.#periodic) this.#countFrom(this.#initial, this.#end);
    else this.#running = false;
    this.#expired();
  }
}
