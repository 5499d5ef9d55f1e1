/*
 * Timers of programs that come once or again and again, and count how often: what timerfd_create(2) and timer_create(2)
 * have in common.
 *
 * Idea. The deadline is the next expiration. How many there have been is a matter of arithmetic: whenever somebody looks,
 * those that are over by then are added up, and the deadline moves to the first that is not. The kernel's own timer
 * (timer.ts) is only there to tell, so a tick that is longer than the interval loses nothing.
 *
 * A time is by the clock since boot, which nobody sets; only a point in real time stays one, and moves nearer or
 * farther when somebody sets the date (`datesChanged`).
 *
 * Locking. One letter per lock:
 *   (D) dateLock, interrupts off: the list of timers that wait for a date
 *   (V) IntervalTimer.lock, interrupts off, inside (D)
 *   (C) constant
 * `expired` is called in the timer interrupt, or under (D) when the date was set, without (V).
 */

import { monotonicNs, realtimeNs } from '../arch/x86/clock.ts';
import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { armTimer, cancelTimer, initTimer, type Timer } from './timer.ts';

/** Class of dateLock. */
export class DateLock {
  declare readonly lock: 'dateTimers';
}

/** Class of IntervalTimer.lock. */
export class IntervalTimerLock {
  declare readonly lock: 'intervalTimer';
}

/** What a timer is set to. Nanoseconds. */
export class TimerSetting {
  value: u64; // until it expires next; 0: it is off
  interval: u64; // 0: once
}

export class IntervalTimer {
  timer: Inline<Timer>;
  lock: Inline<Spinlock<IntervalTimerLock>>;
  deadline: u64; // (V) of the next expiration; 0: it is off
  interval: u64; // (V)
  expirations: u64; // (V) since somebody took them
  isDate: boolean; // (V) the deadline is in real time
  dateLink: Inline<ListHead>; // (D) in dateTimers, if so
  dateWasSet: boolean; // (V) since it was set, or somebody asked
  expired: (argument: u32) => void; // (C)
  argument: u32; // (C)
}

const dateLock = zeroed<Inline<Spinlock<DateLock>>>();
const dateTimers = zeroed<Inline<ListHead>>(); // (D)

export function initIntervalTimers(): void {
  dateLock.init('date timers');
  dateTimers.init();
}

/** Makes a timer that is off. `expired(argument)` is called when it has expired, once or oftener. */
export function initIntervalTimer(timer: IntervalTimer, expired: (argument: u32) => void, argument: u32): void {
  initTimer(timer.timer);
  timer.lock.init('interval timer');
  timer.dateLink.init();
  timer.expired = expired;
  timer.argument = argument;
}

function now(timer: IntervalTimer): u64 {
  return timer.isDate ? realtimeNs() : monotonicNs();
}

/** Adds up the expirations that are over. */
function collect(timer: IntervalTimer, _held: Held<IntervalTimerLock>): void {
  const time = now(timer);
  if (timer.deadline === 0n || time < timer.deadline) return;
  if (timer.interval === 0n) {
    timer.expirations++;
    timer.deadline = 0n;
    return;
  }
  const count = (time - timer.deadline) / timer.interval + 1n;
  timer.expirations += count;
  timer.deadline += count * timer.interval;
}

/** Has the kernel's timer ring at the deadline. */
function arm(timer: IntervalTimer, _held: Held<IntervalTimerLock>): void {
  if (timer.deadline === 0n) return;
  const time = now(timer);
  const left = timer.deadline > time ? timer.deadline - time : 0n;
  armTimer(timer.timer, monotonicNs() + left, ring, u32(timer));
}

/** The kernel's timer rings. */
function ring(argument: u32): void {
  const timer = as<IntervalTimer>(argument);
  advance(timer);
  timer.expired(timer.argument);
}

function advance(timer: IntervalTimer): void {
  using held = timer.lock.acquireIrqSave();
  collect(timer, held);
  arm(timer, held);
}

function fillSetting(timer: IntervalTimer, result: TimerSetting): void {
  const time = now(timer);
  result.value = timer.deadline === 0n ? 0n : timer.deadline - time;
  result.interval = timer.interval;
}

/**
 * Sets it anew, and tells what it was set to. What has expired and not been taken is forgotten.
 *
 * @param setting `value` 0 turns it off
 * @param isAbsolute `value` is a point on the clock, not a length
 * @param isRealtime the clock is that of the date
 */
export function setIntervalTimer(
  timer: IntervalTimer,
  setting: TimerSetting,
  isAbsolute: boolean,
  isRealtime: boolean,
  before: TimerSetting,
): void {
  using dates = dateLock.acquireIrqSave();
  timer.dateLink.unlink();
  if (isAbsolute && isRealtime && setting.value !== 0n) dateTimers.addBefore(timer.dateLink);
  change(timer, setting, isAbsolute, isRealtime, before, dates);
}

function change(
  timer: IntervalTimer,
  setting: TimerSetting,
  isAbsolute: boolean,
  isRealtime: boolean,
  before: TimerSetting,
  _dates: Held<DateLock>,
): void {
  using held = timer.lock.acquireIrqSave();
  collect(timer, held);
  fillSetting(timer, before);
  timer.isDate = isAbsolute && isRealtime;
  timer.dateWasSet = false;
  timer.expirations = 0n;
  timer.interval = setting.interval;
  timer.deadline = setting.value;
  if (!isAbsolute && setting.value !== 0n) timer.deadline += monotonicNs();
  arm(timer, held);
}

/** What it is set to now. */
export function readIntervalTimer(timer: IntervalTimer, result: TimerSetting): void {
  using held = timer.lock.acquireIrqSave();
  collect(timer, held);
  fillSetting(timer, result);
}

/** How often it has expired since this was asked last, or since it was set. */
export function takeExpirations(timer: IntervalTimer): u64 {
  using held = timer.lock.acquireIrqSave();
  collect(timer, held);
  const count = timer.expirations;
  timer.expirations = 0n;
  return count;
}

/** Is there anything to take? */
export function hasExpired(timer: IntervalTimer): boolean {
  using held = timer.lock.acquireIrqSave();
  collect(timer, held);
  return timer.expirations !== 0n;
}

/** Has the date been set since the timer was set to one, or since this was asked? */
export function takeDateWasSet(timer: IntervalTimer): boolean {
  using _held = timer.lock.acquireIrqSave();
  const wasSet = timer.dateWasSet;
  timer.dateWasSet = false;
  return wasSet;
}

/**
 * Turns it off for good; the record may be freed.
 *
 * @locking none held that `expired` takes
 */
export function stopIntervalTimer(timer: IntervalTimer): void {
  turnOff(timer);
  cancelTimer(timer.timer);
}

function turnOff(timer: IntervalTimer): void {
  using _dates = dateLock.acquireIrqSave();
  timer.dateLink.unlink();
  using _held = timer.lock.acquireIrqSave();
  timer.deadline = 0n;
}

function moveDate(timer: IntervalTimer): void {
  using held = timer.lock.acquireIrqSave();
  timer.dateWasSet = true;
  collect(timer, held);
  arm(timer, held);
}

/** Somebody has set the date. */
export function datesChanged(): void {
  using _dates = dateLock.acquireIrqSave();
  for (let link = dateTimers.next; link !== dateTimers; link = link.next) {
    const timer = as<IntervalTimer>(u32(link) - offsetof<IntervalTimer>('dateLink'));
    moveDate(timer);
    timer.expired(timer.argument);
  }
}
