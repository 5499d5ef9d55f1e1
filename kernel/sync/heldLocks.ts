/*
 * Who holds what: the lock checker's notes.
 *
 * A spinlock is held by a CPU, a lock that sleeps by a task, so there is one list per CPU and one per task, the newest lock
 * last. A task's list lies behind its Task in the same block of memory (proc/create.ts makes room), so that without the
 * checker nothing of it is there; an idle task, which boots the kernel, uses one of its CPU's.
 *
 * Tasks whose list is not empty are on a list of their own. It answers, without a walk over all tasks, whether anybody
 * holds a lock in memory that is about to be freed.
 *
 * Locking. A list is written by its owner alone, with interrupts off: an interrupt handler on the same CPU puts its own
 * locks on top and takes them off again. The list of holders belongs to the checker's flag (lockClass.ts). Others read
 * without a lock, and may see the past; they look only when all is lost, or when nobody ought to be there.
 */

import { cpuCount, current, thisCpu } from '../arch/x86/cpu.ts';
import { type Task } from '../proc/task.ts';
import { LOCK_CHECKER, type LockClass, lockState, unlockState } from './lockClass.ts';

/** How many locks a CPU, or a task, can hold at once. */
export const MAX_HELD: u32 = 12;

/** Taken by a try that could have failed: it waited for nobody, so it proves no order. */
export const HELD_BY_TRY: u8 = 1;
/** Held together with other readers. */
export const HELD_TO_READ: u8 = 2;

export class HeldLock {
  lock: u32; // its address
  lockClass: LockClass;
  place: u32; // where it was taken: an address in the kernel's code
  since: u32; // time stamp counter, low half; 0: not measured
  flags: u8; // HELD_BY_TRY, HELD_TO_READ
  irqDepth: u8; // 0: not in an interrupt
}

export class HeldLocks {
  count: u32;
  entries: FixedArray<Inline<HeldLock>, 12>;
  task: Task; // whose; of CPUs' lists unused
  nextHolder: HeldLocks | null; // among tasks that hold something
}

/** What the checker needs behind each Task. */
export const HELD_LOCKS_SIZE: u32 = LOCK_CHECKER ? sizeof<HeldLocks>() : 0;

const spinning = zeroed<FixedArray<Inline<HeldLocks>, 8>>();
const idling = zeroed<FixedArray<Inline<HeldLocks>, 8>>();
let holders: HeldLocks | null = null;

/** The spinlocks of CPU `id`. */
export function spinlocksOf(id: u32): HeldLocks {
  return spinning[id];
}

/** The locks that sleep of a task. */
export function heldLocksOf(task: Task): HeldLocks {
  return task.isIdle ? idling[task.cpu] : as<HeldLocks>(u32(task) + sizeof<Task>());
}

/** The entry of `lock`, the newest if there are several; null: not held. */
export function findHeld(held: HeldLocks, lock: u32): HeldLock | null {
  for (let i = held.count; i > 0; i--) {
    if (held.entries[i - 1].lock === lock) return held.entries[i - 1];
  }
  return null;
}

/** Adds a lock; the caller has seen to it that there is room. Interrupts are off. */
export function pushHeld(held: HeldLocks, lock: u32, lockClass: LockClass, place: u32, flags: u8): HeldLock {
  const entry: HeldLock = held.entries[held.count];
  entry.lock = lock;
  entry.lockClass = lockClass;
  entry.place = place;
  entry.flags = flags;
  entry.irqDepth = u8(thisCpu().irqDepth);
  held.count++;
  return entry;
}

/** Takes an entry off, from the middle as well. Interrupts are off. */
export function removeHeld(held: HeldLocks, entry: HeldLock): void {
  held.count--;
  if (entry === held.entries[held.count]) return; // the newest, as nearly always
  const index = (u32(entry) - u32(held.entries)) / sizeof<HeldLock>();
  for (let i = index; i < held.count; i++) assign<HeldLock>(held.entries[i], held.entries[i + 1]);
}

/** The current task holds its first lock. */
export function addHolder(held: HeldLocks): void {
  const flags = lockState();
  held.task = current();
  held.nextHolder = holders;
  holders = held;
  unlockState(flags);
}

/** The current task has released its last lock. */
export function removeHolder(held: HeldLocks): void {
  const flags = lockState();
  let previous: HeldLocks | null = null;
  for (let at = holders; at !== null; at = at.nextHolder) {
    if (at === held) {
      if (previous === null) holders = held.nextHolder;
      else previous.nextHolder = held.nextHolder;
      break;
    }
    previous = at;
  }
  unlockState(flags);
}

/** A lock that lies in [start, end), and who holds it. */
export class FoundLock {
  entry: HeldLock | null; // null: none is held
  cpu: u32; // of a spinlock
  task: Task | null; // of a lock that sleeps
}

/** Searches all that is held for a lock in [start, end). */
export function findHeldIn(start: u32, end: u32, found: FoundLock): void {
  for (let cpu: u32 = 0; cpu < cpuCount(); cpu++) {
    const entry = findIn(spinning[cpu], start, end);
    if (entry === null) continue;
    found.entry = entry;
    found.cpu = cpu;
    return;
  }
  if (holders === null) return;
  const flags = lockState();
  for (let held: HeldLocks | null = holders; held !== null && found.entry === null; held = held.nextHolder) {
    found.entry = findIn(held, start, end);
    found.task = held.task;
  }
  unlockState(flags);
}

function findIn(held: HeldLocks, start: u32, end: u32): HeldLock | null {
  for (let i: u32 = 0; i < held.count; i++) {
    const lock = held.entries[i].lock;
    if (lock >= start && lock < end) return held.entries[i];
  }
  return null;
}
