/*
 * The kernel's log.
 *
 * Every message goes to a ring in memory, which syslog(2) reads, and to the registered consoles, unless the command
 * line says `quiet`. A panic is never quiet.
 *
 * Each line begins with the time since boot, once there is a clock.
 *
 * Locking. printk may be called from anywhere: with any lock held, in interrupts, in the lock checker itself. So it
 * cannot use a Spinlock, whose checks would print; it has a bare flag, taken with interrupts off. When the kernel
 * panics, the flag is ignored from then on: whoever held it will never let go.
 */

import { serveFlushes } from '../arch/x86/shootdown.ts';
import { formatText, formatWords } from './format.ts';

const LOG_SIZE: u32 = 16384;
const LINE_SIZE: u32 = 512;
const MAX_CONSOLES: u32 = 4;

type ConsoleWriter = (text: Ptr<u8>, length: u32) => void;

const log = zeroed<FixedArray<u8, 16384>>();
/** Bytes ever written to the log; the newest LOG_SIZE of them are there. */
let logEnd: u32 = 0;
/** The next byte begins a line. */
let atLineStart = true;
const line = zeroed<FixedArray<u8, 512>>();
const consoles = zeroed<FixedArray<ConsoleWriter | null, 4>>();
let consoleCount: u32 = 0;
let quiet = false;
let busted = false;
let busy: Volatile<u32> = 0;
let clock: (() => u64) | null = null;

/** Adds a console. It is called with interrupts off, and must not sleep or call printk. */
export function registerConsole(write: ConsoleWriter): void {
  if (consoleCount === MAX_CONSOLES) return;
  consoles[consoleCount] = write;
  consoleCount++;
}

/** From now on messages go to the log alone (true), or to the consoles as well (false). */
export function setQuiet(value: boolean): void {
  quiet = value;
}

/** Where the times in the log come from: nanoseconds since boot. */
export function setLogClock(read: () => u64): void {
  clock = read;
}

/** The kernel is going down: consoles speak again, no lock holds a message back, and the time matters no more. */
export function bustLogLock(): void {
  busted = true;
  quiet = false;
  clock = null;
}

/** Formats (see lib/format.ts) and logs. The newline is the caller's. */
export function printk(format: string, ...args: Word[]): void {
  const flags = readEflags();
  cli();
  while (!busted && atomic.xchg(addrOf(busy), 1) !== 0) {
    serveFlushes();
    pause();
  }
  const length = formatWords(line, LINE_SIZE, bytes(format), ptr<u32>(addrOf(args[0])), args.length);
  if (atLineStart && line[0] !== 0x0a) emitTime();
  emit(line, length < LINE_SIZE ? length : LINE_SIZE - 1);
  busy = 0;
  writeEflags(flags);
}

/**
 * Copies the newest part of the log, at most `size` bytes, to `target`; returns how many bytes that were.
 * For syslog(2).
 */
export function readLog(target: Ptr<u8>, size: u32): u32 {
  const available = logEnd < LOG_SIZE ? logEnd : LOG_SIZE;
  const count = size < available ? size : available;
  for (let i: u32 = 0; i < count; i++) target[i] = log[(logEnd - count + i) % LOG_SIZE];
  return count;
}

function emitTime(): void {
  const read = clock;
  if (read === null) return;
  const stamp = uninitialized<FixedArray<u8, 24>>();
  const microseconds = read() / 1000n;
  const seconds = u32(microseconds / 1000000n);
  emit(stamp, formatText(stamp, 24, '[%5u.%06u] ', seconds, u32(microseconds - u64(seconds) * 1000000n)));
}

function emit(text: Ptr<u8>, length: u32): void {
  if (length === 0) return;
  for (let i: u32 = 0; i < length; i++) log[(logEnd + i) % LOG_SIZE] = text[i];
  logEnd += length;
  atLineStart = text[length - 1] === 0x0a;
  if (quiet) return;
  for (let i: u32 = 0; i < consoleCount; i++) {
    const write = consoles[i];
    if (write !== null) write(text, length);
  }
}
