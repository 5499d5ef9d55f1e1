/*
 * Sleeping until a time.
 *
 * A timer in the sleeper's frame wakes it. `scheduleTimeout` is the form for waits that have a condition as well (poll,
 * a terminal with VTIME): the caller announces its sleep as for schedule() (sync/waitQueue.ts) and learns whether the
 * time is over.
 *
 * Who sleeps until a date is on a queue besides, which is woken when somebody sets the clock.
 */

import { ERESTARTNOHAND } from '../abi/errno.ts';
import { monotonicNs, realtimeNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { schedule, setCurrentState, signalPending, wakeUpTask } from './scheduler.ts';
import { type Task, TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING } from './task.ts';
import { armTimer, cancelTimer, initTimer, type Timer } from './timer.ts';

/** A deadline that never comes. */
export const NEVER: u64 = 0xffffffffffffffffn;

function wakeSleeper(task: u32): void {
  wakeUpTask(as<Task>(task), TASK_NORMAL);
}

/**
 * As schedule(), for a task that has announced a sleep, but no longer than until the clock shows `deadline` nanoseconds
 * since boot. True: that time has come (whatever else has happened). NEVER waits without a deadline.
 *
 * @sleeps
 */
export function scheduleTimeout(deadline: u64): boolean {
  if (deadline === NEVER) {
    schedule();
    return false;
  }
  if (monotonicNs() >= deadline) {
    setCurrentState(TASK_RUNNING);
    return true;
  }
  const timer = zeroed<Inline<Timer>>();
  initTimer(timer);
  armTimer(timer, deadline, wakeSleeper, u32(current()));
  schedule();
  cancelTimer(timer);
  return monotonicNs() >= deadline;
}

/**
 * Sleeps until the clock shows `deadline`, or a signal comes. Returns the nanoseconds that were left then, or 0.
 *
 * @sleeps
 */
export function sleepUntil(deadline: u64): u64 {
  for (;;) {
    setCurrentState(TASK_INTERRUPTIBLE);
    if (signalPending()) break;
    if (scheduleTimeout(deadline)) break;
  }
  setCurrentState(TASK_RUNNING);
  const now = monotonicNs();
  return now >= deadline ? 0n : deadline - now;
}

// ---------------------------------------------------------------------------------------------------------------------
// Dates.

/** Those who sleep until a date. */
const dateSleepers = zeroed<Inline<WaitQueue>>();

/** To be called once, before anybody sleeps. */
export function initDateSleepers(): void {
  dateSleepers.init();
}

/**
 * Sleeps until real time is `date` or later, however it gets there. 0, or -ERESTARTNOHAND for a signal.
 *
 * @sleeps
 */
export function sleepUntilDate(date: u64): i32 {
  const entry = zeroed<Inline<WaitEntry>>();
  let result: i32 = 0;
  for (;;) {
    dateSleepers.prepare(entry, true);
    const now = realtimeNs();
    if (now >= date) break;
    if (signalPending()) {
      result = -ERESTARTNOHAND;
      break;
    }
    scheduleTimeout(monotonicNs() + (date - now));
  }
  dateSleepers.finish(entry);
  return result;
}

/** Real time has been set: they look again. */
export function wakeDateSleepers(): void {
  dateSleepers.wakeAll();
}
