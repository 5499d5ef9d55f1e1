/*
 * The battery-backed clock: what time it is when the machine starts. Read once; from then on the TSC knows better.
 */

const INDEX: u16 = 0x70;
const DATA: u16 = 0x71;

const SECONDS: u8 = 0x00;
const MINUTES: u8 = 0x02;
const HOURS: u8 = 0x04;
const DAY: u8 = 0x07;
const MONTH: u8 = 0x08;
const YEAR: u8 = 0x09;
const STATUS_A: u8 = 0x0a;
const STATUS_B: u8 = 0x0b;

const UPDATE_IN_PROGRESS = 0x80;
const MODE_BINARY = 0x04;
const MODE_24_HOURS = 0x02;
const PM = 0x80;

function readRegister(index: u8): u32 {
  outb(INDEX, index);
  return inb(DATA);
}

/** Registers hold decimal digits in nibbles, unless the mode says binary. */
function decode(value: u32, mode: u32): u32 {
  return (mode & MODE_BINARY) !== 0 ? value : (value >>> 4) * 10 + (value & 15);
}

/**
 * Days from 1970-01-01 to a date of the Gregorian calendar. The year is taken to begin in March, which puts the leap day
 * last; the lengths of the months are then those of 153 days for each five.
 */
export function daysSinceEpoch(year: u32, month: u32, day: u32): u32 {
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/** Seconds since 1970 (UTC), by the clock. Reads again until no update came in between. */
export function readRtc(): u32 {
  for (;;) {
    while ((readRegister(STATUS_A) & UPDATE_IN_PROGRESS) !== 0) pause();
    const seconds = readRegister(SECONDS);
    const time = readFields(seconds);
    if (readRegister(SECONDS) === seconds) return time;
  }
}

function readFields(rawSeconds: u32): u32 {
  const mode = readRegister(STATUS_B);
  const rawHours = readRegister(HOURS);
  let hours = decode(rawHours & ~PM, mode);
  if ((mode & MODE_24_HOURS) === 0) {
    hours %= 12;
    if ((rawHours & PM) !== 0) hours += 12;
  }
  const minutes = decode(readRegister(MINUTES), mode);
  const year = 2000 + decode(readRegister(YEAR), mode);
  const days = daysSinceEpoch(year, decode(readRegister(MONTH), mode), decode(readRegister(DAY), mode));
  return ((days * 24 + hours) * 60 + minutes) * 60 + decode(rawSeconds, mode);
}
