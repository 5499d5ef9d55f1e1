/*
 * Timers: a function that is called when a time has come.
 *
 * Idea. Armed timers are on one list, the next to expire first. The tick looks at the head. A timer's record belongs to
 * whoever armed it (a sleeper's stack frame, a process), so that arming cannot fail. Callbacks run in the timer
 * interrupt: they may wake tasks and send signals, and must not sleep.
 *
 * Times are nanoseconds since boot, on the machine's own clock (arch/x86/clock.ts). A timer never fires early, and late
 * by less than a tick.
 *
 * Cancelling. A record may be freed after cancelTimer. So that must also wait for a callback that is running on another
 * CPU, unless the caller is that callback's own CPU in an interrupt (which would be waiting for itself).
 *
 *   CPU 0                                 CPU 1
 *   tick: takes timer off the list
 *   runs callback(timer)                  cancelTimer(timer): not on the list, but running: spins
 *   done: running = null
 *                                         returns; frees the timer
 *
 * Locking. (L) timerLock, interrupts off. Not held while a callback runs: callbacks take run queue and signal locks, and
 * a callback may arm its timer anew.
 */

import { monotonicNs } from '../arch/x86/clock.ts';
import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';

/** The class of timerLock. */
export class TimerLock {
  declare readonly lock: 'timer';
}

export class Timer {
  link: Inline<ListHead>; // (L)
  deadline: u64; // (L)
  callback: (argument: u32) => void; // (L)
  argument: u32; // (L)
}

const timerLock = zeroed<Inline<Spinlock<TimerLock>>>();
const armed = zeroed<Inline<ListHead>>(); // (L) of Timer.link, by deadline
let running: Timer | null = null; // (L) whose callback is being called

/** Makes an empty list. */
export function initTimers(): void {
  timerLock.init('timer');
  armed.init();
}

/** Makes a timer that is not armed. Needed once before anything else. */
export function initTimer(timer: Timer): void {
  timer.link.init();
}

/** Calls `callback(argument)` when the clock shows `deadline` or later. Moves a timer that is armed already. */
export function armTimer(timer: Timer, deadline: u64, callback: (argument: u32) => void, argument: u32): void {
  using _held = timerLock.acquireIrqSave();
  timer.link.unlink();
  timer.deadline = deadline;
  timer.callback = callback;
  timer.argument = argument;
  let link = armed.next;
  while (link !== armed && as<Timer>(u32(link) - offsetof<Timer>('link')).deadline <= deadline) link = link.next;
  link.addBefore(timer.link);
}

/**
 * The timer does not fire after this; says whether it was armed. The record may be freed.
 *
 * @locking not from the timer's own callback, and no lock held that the callback takes
 */
export function cancelTimer(timer: Timer): boolean {
  for (;;) {
    {
      using _held = timerLock.acquireIrqSave();
      if (timer.link.isLinked()) {
        timer.link.unlink();
        return true;
      }
      if (running !== timer) return false;
    }
    pause();
  }
}

/** The timer does not fire, unless its callback is running or about to run on another CPU: that has to see for itself. */
export function disarmTimer(timer: Timer): void {
  using _held = timerLock.acquireIrqSave();
  timer.link.unlink();
}

/** Takes the first timer that is due off the list; null if there is none. */
function takeDue(now: u64): Timer | null {
  using _held = timerLock.acquireIrqSave();
  running = null;
  const link = armed.next;
  if (link === armed) return null;
  const timer = as<Timer>(u32(link) - offsetof<Timer>('link'));
  if (timer.deadline > now) return null;
  link.unlink();
  running = timer;
  return timer;
}

/** Calls what is due. In the timer interrupt of the first CPU. */
export function runTimers(): void {
  const now = monotonicNs();
  for (let timer = takeDue(now); timer !== null; timer = takeDue(now)) timer.callback(timer.argument);
}
