/*
 * Virtual time.
 *
 * Time passes because instructions are executed, and jumps ahead when all CPUs are halted; the host's clock has no part in
 * it. One instruction of one CPU takes INSTRUCTION_NS; when several CPUs share the host, an instruction of any of them
 * advances the clock by the CPUs' share, as if they ran side by side.
 *
 * Times are integers, nanoseconds since the machine was switched on. A double holds them exactly for 100 days.
 *
 * Timers fire in the order of their times; those that fall on the same nanosecond, in the order of their creation. So the
 * order of events does not depend on anything else either.
 */

import type { Stateful, StateStream } from './state.ts';

/** A 100 MHz machine: the TSC counts nanoseconds, an instruction takes ten of them. */
export const INSTRUCTION_NS = 10;

export const NANOSECONDS = 1_000_000_000;

/** How many whole periods of `hertz` fit into `nanoseconds`. Exact where the product would not fit a double. */
export function cyclesIn(nanoseconds: number, hertz: number): number {
  const seconds = Math.floor(nanoseconds / NANOSECONDS);
  const rest = nanoseconds - seconds * NANOSECONDS;
  return seconds * hertz + Math.floor((rest * hertz) / NANOSECONDS);
}

/** The first nanosecond at which `cycles` whole periods of `hertz` have passed. */
export function nanosecondsFor(cycles: number, hertz: number): number {
  const seconds = Math.floor(cycles / hertz);
  return seconds * NANOSECONDS + Math.ceil(((cycles - seconds * hertz) * NANOSECONDS) / hertz);
}

/** Something that happens at a time. Made by `VirtualClock.timer`. */
export class Timer {
  /** When it fires, or Infinity. */
  time = Number.POSITIVE_INFINITY;
  readonly fire: () => void;
  readonly #changed: () => void;

  constructor(fire: () => void, changed: () => void) {
    this.fire = fire;
    this.#changed = changed;
  }

  /** Arms the timer, in place of an earlier setting. */
  set(time: number): void {
    this.time = time;
    this.#changed();
  }

  cancel(): void {
    this.set(Number.POSITIVE_INFINITY);
  }
}

export class VirtualClock implements Stateful {
  /** Called when the earliest event may have moved; a CPU that runs must then not run on as far as it was told. */
  onEarlier: () => void = () => undefined;

  /** Time that passed without instructions. */
  #skipped = 0;
  readonly #completed: () => number;
  readonly #cpus: number;
  readonly #timers: Timer[] = [];
  #next = Number.POSITIVE_INFINITY;

  /** `completed` tells how many instructions all CPUs together have executed. */
  constructor(completed: () => number, cpus: number) {
    this.#completed = completed;
    this.#cpus = cpus;
  }

  now(): number {
    return this.#skipped + Math.floor((this.#completed() * INSTRUCTION_NS) / this.#cpus);
  }

  timer(fire: () => void): Timer {
    const timer = new Timer(fire, () => this.#update());
    this.#timers.push(timer);
    return timer;
  }

  /** Time of the next event, or Infinity. */
  get next(): number {
    return this.#next;
  }

  /** Instructions from now until the first boundary at which the next event is due. At least 0; Infinity without events. */
  instructionsUntilNext(): number {
    const instructions = Math.ceil(((this.#next - this.#skipped) * this.#cpus) / INSTRUCTION_NS);
    return Math.max(0, instructions - this.#completed());
  }

  /** Nobody can run: lets time jump to the next event. */
  skipToNext(): void {
    this.#skipped += Math.max(0, this.#next - this.now());
  }

  /** Fires what is due. A timer that is due again at once fires again. */
  fireDue(): void {
    for (let now = this.now(); this.#next <= now; now = this.now()) {
      const due = this.#timers.find((timer) => timer.time === this.#next)!;
      due.time = Number.POSITIVE_INFINITY;
      this.#update();
      due.fire();
    }
  }

  /** All timers are the clock's to pass on, in the order of their creation. */
  transferState(state: StateStream): void {
    this.#skipped = state.number(this.#skipped);
    for (const timer of this.#timers) timer.time = state.number(timer.time);
    this.#next = this.#earliest();
  }

  #update(): void {
    const before = this.#next;
    this.#next = this.#earliest();
    if (this.#next < before) this.onEarlier();
  }

  #earliest(): number {
    return this.#timers.reduce((earliest, timer) => Math.min(earliest, timer.time), Number.POSITIVE_INFINITY);
  }
}
