/*
 * The MC146818 clock and CMOS memory, in virtual time.
 *
 * The time of day is a fixed date plus virtual time: a run does not depend on the day on which it is made. The interrupts
 * (periodic, alarm, end of update) go to line 8. A BIOS finds the sizes of memory in the CMOS bytes.
 *
 * The flags in status C are set whether or not they interrupt. For those that do, there are timers; what else has happened
 * is found out when software looks.
 *
 * While software sets the clock (the SET bit), it stands still, and its registers are memory like the others.
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
/** Those that are not alarms. */
const TIME_REGISTERS = [SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY, MONTH, YEAR];
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
const SECONDS_IN_DAY = 86_400;

export class Rtc implements Stateful {
  readonly #clock: VirtualClock;
  readonly #setIrq: (active: boolean) => void;
  readonly #memory = new Uint8Array(128);
  readonly #periodic: Timer;
  readonly #second: Timer;
  #index = 0;
  /** What software set the clock to: seconds since 1970 at virtual time zero. */
  #epoch = POWER_ON_SECONDS;
  /** The moment up to which status C has the flags. */
  #collected = 0;

  constructor(clock: VirtualClock, memoryBytes: number, setIrq: (active: boolean) => void) {
    this.#clock = clock;
    this.#setIrq = setIrq;
    this.#memory[STATUS_A] = 0x26;
    this.#memory[STATUS_B] = B_24_HOURS;
    this.#fill(memoryBytes);
    this.#periodic = clock.timer(() => this.#expire());
    this.#second = clock.timer(() => this.#expire());
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
    this.#collected = state.number(this.#collected);
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
        this.#collect();
        const value = this.#memory[STATUS_C]! | (this.#interrupting ? C_INTERRUPT : 0);
        this.#memory[STATUS_C] = 0;
        this.#schedule();
        return value;
      }
      case STATUS_D:
        return D_VALID;
      default:
        return isTime(index) && !this.#isSet ? this.#readTime(index) : this.#memory[index]!;
    }
  }

  #writeRegister(index: number, value: number): void {
    if (index === STATUS_C || index === STATUS_D) return;
    this.#collect();
    if (isTime(index)) this.#writeTime(index, value);
    else if (index === STATUS_B) this.#writeStatusB(value);
    else this.#memory[index] = index === STATUS_A ? value & 0x7f : value;
    if (index === STATUS_A || index === STATUS_B) this.#schedule();
  }

  /** Going to be set, the clock stops at what it shows; then it goes on from what it was set to. */
  #writeStatusB(value: number): void {
    const was = this.#isSet;
    const isSet = (value & B_SET) !== 0;
    this.#memory[STATUS_B] = isSet && !was ? value & ~B_UPDATE_ENDED : value;
    if (isSet && !was) this.#showTime();
    if (was && !isSet) this.#goOn();
  }

  get #isSet(): boolean {
    return (this.#memory[STATUS_B]! & B_SET) !== 0;
  }

  /** A cause that is recorded in status C and enabled in status B. */
  get #interrupting(): boolean {
    return (this.#memory[STATUS_C]! & this.#memory[STATUS_B]! & (B_PERIODIC | B_ALARM | B_UPDATE_ENDED)) !== 0;
  }

  #updating(): boolean {
    const inSecond = this.#clock.now() % NANOSECONDS;
    return !this.#isSet && inSecond >= NANOSECONDS - UPDATE_NS;
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
      default:
        return this.#encode(Math.floor(date.getUTCFullYear() / 100));
    }
  }

  #writeTime(index: number, value: number): void {
    if (!this.#isSet) this.#showTime();
    this.#memory[index] = value;
    if (!this.#isSet) this.#goOn();
  }

  /** Puts what the clock shows into its registers. */
  #showTime(): void {
    for (const index of [...TIME_REGISTERS, CENTURY]) this.#memory[index] = this.#readTime(index);
  }

  /** Lets the clock show what is in its registers from now on. */
  #goOn(): void {
    const shown = (index: number) => this.#decode(this.#memory[index]!);
    const year = 100 * shown(CENTURY) + shown(YEAR);
    const hours = this.#decodeHours(this.#memory[HOURS]!);
    const time = Date.UTC(year, shown(MONTH) - 1, shown(DAY), hours, shown(MINUTES), shown(SECONDS));
    this.#epoch = time / 1000 - Math.floor(this.#clock.now() / NANOSECONDS);
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

  /** Drives the line, and sees to it that it is driven when the next flag that interrupts, and is not set, gets set. */
  #schedule(): void {
    const awaited = this.#memory[STATUS_B]! & ~this.#memory[STATUS_C]!;
    const now = this.#clock.now();
    const hertz = this.#hertz(this.#memory[STATUS_A]! & 15);
    if ((awaited & B_PERIODIC) !== 0 && hertz !== 0)
      this.#periodic.set(nanosecondsFor(cyclesIn(now, hertz) + 1, hertz));
    else this.#periodic.cancel();
    if ((awaited & (B_ALARM | B_UPDATE_ENDED)) !== 0 && !this.#isSet) {
      this.#second.set((Math.floor(now / NANOSECONDS) + 1) * NANOSECONDS);
    } else this.#second.cancel();
    this.#setIrq(this.#interrupting);
  }

  /** Rates 1 and 2 repeat 8 and 9; 0 is none. */
  #hertz(rate: number): number {
    if (rate === 0) return 0;
    return PERIODIC_BASE_HERTZ >> ((rate <= 2 ? rate + 7 : rate) - 1);
  }

  #expire(): void {
    this.#collect();
    this.#schedule();
  }

  /** Sets the flags of what has happened since the last time. */
  #collect(): void {
    const [before, now] = [this.#collected, this.#clock.now()];
    this.#collected = now;
    const hertz = this.#hertz(this.#memory[STATUS_A]! & 15);
    if (hertz !== 0 && cyclesIn(now, hertz) > cyclesIn(before, hertz)) this.#memory[STATUS_C]! |= B_PERIODIC;
    const seconds = cyclesIn(now, 1) - cyclesIn(before, 1);
    if (seconds === 0 || this.#isSet) return;
    this.#memory[STATUS_C]! |= B_UPDATE_ENDED;
    const last = this.#epoch + cyclesIn(now, 1);
    for (let ago = Math.min(seconds, SECONDS_IN_DAY) - 1; ago >= 0; ago--) {
      if (this.#alarmMatches(last - ago)) this.#memory[STATUS_C]! |= B_ALARM;
    }
  }

  /** At a time in seconds since 1970. An alarm byte of C0h or above matches every value. */
  #alarmMatches(time: number): boolean {
    const matches = (alarm: number, value: number) => this.#memory[alarm]! >= 0xc0 || this.#memory[alarm] === value;
    return (
      matches(SECONDS_ALARM, this.#encode(time % 60)) &&
      matches(MINUTES_ALARM, this.#encode(Math.floor(time / 60) % 60)) &&
      matches(HOURS_ALARM, this.#encodeHours(Math.floor(time / 3600) % 24))
    );
  }
}

/** Whether a register belongs to the time of day and the date; the alarms do not. */
function isTime(index: number): boolean {
  return TIME_REGISTERS.includes(index) || index === CENTURY;
}
