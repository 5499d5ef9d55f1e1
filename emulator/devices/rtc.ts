/*
 * The MC146818 clock and CMOS memory, in virtual time.
 *
 * The time of day is a fixed date plus virtual time: a run does not depend on the day on which it is made. The interrupts
 * (periodic, alarm, end of update) go to line 8. A BIOS finds the sizes of memory in the CMOS bytes.
 *
 * Source: Motorola MC146818A data sheet; IBM PC AT Technical Reference for the CMOS bytes.
 */

import { cyclesIn, NANOSECONDS, nanosecondsFor, type Timer, type VirtualClock } from '../clock.ts';
import type { Stateful, StateStream } from '../state.ts';

/** 1 January 2000, 00:00:00 UTC, in seconds since 1970: the date of every power-on. */
const POWER_ON_SECONDS = 946_684_800;

const SECONDS = 0;
const SECONDS_ALARM = 1;
const MINUTES = 2;
const MINUTES_ALARM = 3;
const HOURS = 4;
const HOURS_ALARM = 5;
const DAY_OF_WEEK = 6;
const DAY = 7;
const MONTH = 8;
const YEAR = 9;
const STATUS_A = 0x0a;
const STATUS_B = 0x0b;
const STATUS_C = 0x0c;
const STATUS_D = 0x0d;
const CENTURY = 0x32;
const SHUTDOWN_CODE = 0x0f;
const RETURNING_CODES = [0x05, 0x0a];

const A_UPDATE_IN_PROGRESS = 0x80;
const B_24_HOURS = 0x02;
const B_BINARY = 0x04;
const B_UPDATE_ENDED = 0x10;
const B_ALARM = 0x20;
const B_PERIODIC = 0x40;
const B_SET = 0x80;
const C_INTERRUPT = 0x80;
const D_VALID = 0x80;

/** An update takes this long; during it, the update-in-progress bit is set. */
const UPDATE_NS = 244_000;
const PERIODIC_BASE_HERTZ = 32_768;

export class Rtc implements Stateful {
  readonly #clock: VirtualClock;
  readonly #setIrq: (active: boolean) => void;
  readonly #memory = new Uint8Array(128);
  readonly #periodic: Timer;
  readonly #second: Timer;
  #index = 0;
  /** What software set the clock to: seconds since 1970 at virtual time zero. */
  #epoch = POWER_ON_SECONDS;
  #periods = 0;

  constructor(clock: VirtualClock, memoryBytes: number, setIrq: (active: boolean) => void) {
    this.#clock = clock;
    this.#setIrq = setIrq;
    this.#memory[STATUS_A] = 0x26;
    this.#memory[STATUS_B] = B_24_HOURS;
    this.#fill(memoryBytes);
    this.#periodic = clock.timer(() => this.#period());
    this.#second = clock.timer(() => this.#update());
  }

  /** Whether the shutdown code tells the reset vector to jump to where software wants to go on. */
  get returnsFromReset(): boolean {
    return RETURNING_CODES.includes(this.#memory[SHUTDOWN_CODE]!);
  }

  /** Ports 70h and 71h. */
  read(port: number): number {
    return (port & 1) === 0 ? 0xff : this.#readRegister(this.#index);
  }

  write(port: number, value: number): void {
    if ((port & 1) === 0) this.#index = value & 0x7f;
    else this.#writeRegister(this.#index, value);
  }

  transferState(state: StateStream): void {
    state.array(this.#memory);
    this.#index = state.number(this.#index);
    this.#epoch = state.number(this.#epoch);
    this.#periods = state.number(this.#periods);
  }

  #fill(memoryBytes: number): void {
    const put16 = (at: number, value: number) => {
      this.#memory[at] = value & 0xff;
      this.#memory[at + 1] = value >> 8;
    };
    const extended = Math.min(0xffff, Math.max(0, memoryBytes - 0x10_0000) >> 10);
    this.#memory[0x14] = 0x06; // equipment: FPU, no floppy
    put16(0x15, 640);
    put16(0x17, extended);
    put16(0x30, extended);
    put16(0x34, Math.min(0xffff, Math.max(0, memoryBytes - 0x100_0000) >> 16));
    this.#memory[0x38] = 0x21; // boot order: disk, CD-ROM
    this.#memory[0x3d] = 0x32;
  }

  #readRegister(index: number): number {
    switch (index) {
      case STATUS_A:
        return this.#memory[STATUS_A]! | (this.#updating() ? A_UPDATE_IN_PROGRESS : 0);
      case STATUS_C: {
        const value = this.#memory[STATUS_C]! | (this.#interrupting ? C_INTERRUPT : 0);
        this.#memory[STATUS_C] = 0;
        this.#setIrq(false);
        return value;
      }
      case STATUS_D:
        return D_VALID;
      default:
        return index <= YEAR || index === CENTURY ? this.#readTime(index) : this.#memory[index]!;
    }
  }

  #writeRegister(index: number, value: number): void {
    if (index === STATUS_C || index === STATUS_D) return;
    const isTime = (index <= YEAR && (index > HOURS_ALARM || (index & 1) === 0)) || index === CENTURY;
    if (isTime) {
      this.#writeTime(index, value);
      return;
    }
    this.#memory[index] = index === STATUS_A ? value & 0x7f : value;
    if (index !== STATUS_A && index !== STATUS_B) return;
    this.#schedule();
    this.#setIrq(this.#interrupting);
  }

  /** A cause that is recorded in status C and enabled in status B. */
  get #interrupting(): boolean {
    return (this.#memory[STATUS_C]! & this.#memory[STATUS_B]! & (B_PERIODIC | B_ALARM | B_UPDATE_ENDED)) !== 0;
  }

  #updating(): boolean {
    const inSecond = this.#clock.now() % NANOSECONDS;
    return (this.#memory[STATUS_B]! & B_SET) === 0 && inSecond >= NANOSECONDS - UPDATE_NS;
  }

  #date(): Date {
    return new Date((this.#epoch + Math.floor(this.#clock.now() / NANOSECONDS)) * 1000);
  }

  #readTime(index: number): number {
    const date = this.#date();
    switch (index) {
      case SECONDS:
        return this.#encode(date.getUTCSeconds());
      case MINUTES:
        return this.#encode(date.getUTCMinutes());
      case HOURS:
        return this.#encodeHours(date.getUTCHours());
      case DAY_OF_WEEK:
        return this.#encode(date.getUTCDay() + 1);
      case DAY:
        return this.#encode(date.getUTCDate());
      case MONTH:
        return this.#encode(date.getUTCMonth() + 1);
      case YEAR:
        return this.#encode(date.getUTCFullYear() % 100);
      case CENTURY:
        return this.#encode(Math.floor(date.getUTCFullYear() / 100));
      default:
        return this.#memory[index]!; // the alarms
    }
  }

  #writeTime(index: number, value: number): void {
    const date = this.#date();
    const year = date.getUTCFullYear();
    if (index === SECONDS) date.setUTCSeconds(this.#decode(value));
    else if (index === MINUTES) date.setUTCMinutes(this.#decode(value));
    else if (index === HOURS) date.setUTCHours(this.#decodeHours(value));
    else if (index === DAY) date.setUTCDate(this.#decode(value));
    else if (index === MONTH) date.setUTCMonth(this.#decode(value) - 1);
    else if (index === YEAR) date.setUTCFullYear(year - (year % 100) + this.#decode(value));
    else if (index === CENTURY) date.setUTCFullYear(this.#decode(value) * 100 + (year % 100));
    this.#epoch = date.getTime() / 1000 - Math.floor(this.#clock.now() / NANOSECONDS);
  }

  #encode(value: number): number {
    return (this.#memory[STATUS_B]! & B_BINARY) !== 0 ? value : (Math.floor(value / 10) << 4) | (value % 10);
  }

  #decode(value: number): number {
    return (this.#memory[STATUS_B]! & B_BINARY) !== 0 ? value : (value >> 4) * 10 + (value & 15);
  }

  #encodeHours(hours: number): number {
    if ((this.#memory[STATUS_B]! & B_24_HOURS) !== 0) return this.#encode(hours);
    return this.#encode(hours % 12 === 0 ? 12 : hours % 12) | (hours >= 12 ? 0x80 : 0);
  }

  #decodeHours(value: number): number {
    if ((this.#memory[STATUS_B]! & B_24_HOURS) !== 0) return this.#decode(value);
    return (this.#decode(value & 0x7f) % 12) + (value >= 0x80 ? 12 : 0);
  }

  #schedule(): void {
    const status = this.#memory[STATUS_B]!;
    const rate = this.#memory[STATUS_A]! & 15;
    if ((status & B_PERIODIC) !== 0 && rate !== 0) {
      this.#periods = cyclesIn(this.#clock.now(), this.#hertz(rate));
      this.#nextPeriod();
    } else {
      this.#periodic.cancel();
    }
    if ((status & (B_ALARM | B_UPDATE_ENDED)) !== 0 && (status & B_SET) === 0) this.#nextSecond();
    else this.#second.cancel();
  }

  /** Rates 1 and 2 repeat 8 and 9. */
  #hertz(rate: number): number {
    return PERIODIC_BASE_HERTZ >> ((rate <= 2 ? rate + 7 : rate) - 1);
  }

  #nextPeriod(): void {
    this.#periods++;
    this.#periodic.set(nanosecondsFor(this.#periods, this.#hertz(this.#memory[STATUS_A]! & 15)));
  }

  #nextSecond(): void {
    this.#second.set((Math.floor(this.#clock.now() / NANOSECONDS) + 1) * NANOSECONDS);
  }

  #period(): void {
    this.#raise(B_PERIODIC);
    this.#nextPeriod();
  }

  #update(): void {
    this.#raise(B_UPDATE_ENDED);
    if (this.#alarmMatches()) this.#raise(B_ALARM);
    this.#nextSecond();
  }

  /** An alarm byte of C0h or above matches every value. */
  #alarmMatches(): boolean {
    return [
      [SECONDS, SECONDS_ALARM],
      [MINUTES, MINUTES_ALARM],
      [HOURS, HOURS_ALARM],
    ].every(([time, alarm]) => this.#memory[alarm!]! >= 0xc0 || this.#memory[alarm!] === this.#readTime(time!));
  }

  /** Records a cause; if it is enabled, the line goes up until status C is read. */
  #raise(cause: number): void {
    this.#memory[STATUS_C]! |= cause;
    this.#setIrq(this.#interrupting);
  }
}
