/*
 * Lock classes: all locks of one kind, and what is known about them together.
 *
 * Idea. Rules about locks are rules about kinds: "a pipe's mutex before the mmapSem", not this pipe and that address
 * space. So the lock checker (lockChecker.ts) learns and judges by class. A lock is put in its class by the name that its
 * `init` is given; the first lock of a name makes the class. What one lock of the class has been seen to do binds all.
 *
 * Sometimes two locks of one class are held at once, on purpose and in an order that cannot be reversed: a directory, then
 * a file in it. Such a lock is taken with a level, 1 to 3, and each level counts as a class of its own.
 *
 * The checker is compiled in unless the build says `--define LOCK_CHECKER=false`; then nothing of this is in the image,
 * and a lock's identity is the address of its name.
 *
 * Locking. Classes are made under the checker's own flag (lockState below), which is no Spinlock, or it would check itself.
 * Counters are atomic.
 */

import { irqRestore, irqSave } from '../arch/x86/irqFlags.ts';
import { strcmp } from '../lib/string.ts';

/** Is the lock checker in this build? */
export const LOCK_CHECKER: boolean = define('LOCK_CHECKER', true);

export const MAX_CLASSES: u32 = 128;
/** Of the table that finds a class by its name: 256 slots, twice MAX_CLASSES, so that half of them stay free. */
const HASH_MASK: u32 = 255;
/** Levels of a class, the ordinary one included. */
const MAX_LEVELS: u32 = 4;

/** Taken in an interrupt handler. */
export const USED_IN_IRQ: u32 = 1;
/** Held somewhere with interrupts on. */
export const HELD_WITH_IRQS: u32 = 2;

export class LockClass {
  name: string; // (C)
  index: u8; // (C) in the table, and of the node in the graph
  level: u8; // (C) 0: the ordinary one
  levels: FixedArray<u8, 4>; // index + 1 of the class for each level; 0: not made yet
  usage: Volatile<u32>; // USED_IN_IRQ, ...; grows only
  irqPlace: u32; // where it was taken in an interrupt first
  plainPlace: u32; // where it was held with interrupts on first
  acquisitions: u32;
  contended: u32; // of these, how many had to wait
  waits: u32; // turns of the spin loop, or sleeps
  longestHold: u32; // in cycles of the time stamp counter, while that is measured
}

/** A slot of the table that finds a class by the address of its name. */
class NameSlot {
  name: u32; // 0: free
  lockClass: LockClass;
}

const classes = zeroed<FixedArray<Inline<LockClass>, 128>>();
let classTotal: u32 = 0;
const slots = zeroed<FixedArray<Inline<NameSlot>, 256>>();
let slotsUsed: u32 = 0;

let stateFlag: Volatile<u32> = 0;
let stopped: Volatile<boolean> = false;

// ---------------------------------------------------------------------------------------------------------------------
// The checker's own mutual exclusion.

/** Takes the checker's flag, with interrupts off; returns what `unlockState` needs. Nothing that is called may report. */
export function lockState(): u32 {
  const flags = irqSave();
  while (atomic.xchg(addrOf(stateFlag), 1) !== 0) if (stopped) break;
  return flags;
}

export function unlockState(flags: u32): void {
  stateFlag = 0;
  irqRestore(flags);
}

/** Has the checker retired? */
export function isCheckerStopped(): boolean {
  return stopped;
}

/** For good: a report, or a panic, is on its way, and what it does to locks is nobody's business. From anywhere. */
export function stopLockChecker(): void {
  if (LOCK_CHECKER) stopped = true;
}

// ---------------------------------------------------------------------------------------------------------------------
// The table.

/** How many classes there are, levels included. */
export function lockClassCount(): u32 {
  return classTotal;
}

export function lockClassAt(index: u32): LockClass {
  return classes[index];
}

/** What a lock with this name keeps as its identity: its class, or without the checker the name. */
export function lockIdentity(name: string): u32 {
  return LOCK_CHECKER ? u32(findLockClass(name)) : u32(name);
}

/** The name that belongs to an identity. */
export function identityName(identity: u32): string {
  return LOCK_CHECKER ? as<LockClass>(identity).name : as<NameHolder>(addrOf(identity)).name;
}

/** Reads an address as the string that it is. */
class NameHolder {
  name: string;
}

/** The class of that name, which is made if it is new. From anywhere. */
export function findLockClass(name: string): LockClass {
  const address = u32(name);
  for (let i = hash(address); slots[i].name !== 0; i = (i + 1) & HASH_MASK) {
    if (slots[i].name === address) return slots[i].lockClass;
  }
  return addName(name);
}

/** The class of `lockClass` at a level, which is made if it is new. */
export function lockClassAtLevel(lockClass: LockClass, level: u32): LockClass {
  if (level === 0 || level >= MAX_LEVELS) return lockClass;
  if (lockClass.levels[level] === 0) addLevel(lockClass, level);
  return classes[u32(lockClass.levels[level]) - 1];
}

function hash(address: u32): u32 {
  return ((address >>> 2) ^ (address >>> 9)) & HASH_MASK;
}

/**
 * The slow way to a class: names are compared as text, since two modules may have a copy each.
 *
 * @noinline
 */
function addName(name: string): LockClass {
  const flags = lockState();
  let found: LockClass | null = null;
  for (let i: u32 = 0; i < classTotal && found === null; i++) {
    if (classes[i].level === 0 && strcmp(bytes(classes[i].name), bytes(name)) === 0) found = classes[i];
  }
  const lockClass = found ?? addClass(name, 0);
  // A full table costs time, not truth: the name is looked for as text again.
  if (slotsUsed < MAX_CLASSES) {
    let i = hash(u32(name));
    while (slots[i].name !== 0) i = (i + 1) & HASH_MASK;
    slots[i].lockClass = lockClass;
    slots[i].name = u32(name);
    slotsUsed++;
  }
  unlockState(flags);
  return lockClass;
}

/** @noinline */
function addLevel(lockClass: LockClass, level: u32): void {
  const flags = lockState();
  if (lockClass.levels[level] === 0) {
    const made = addClass(lockClass.name, level);
    lockClass.levels[level] = u8(made.index + 1);
  }
  unlockState(flags);
}

/** When all are taken, the last one serves for many: better a wrong report that names it than none. */
function addClass(name: string, level: u32): LockClass {
  const index = classTotal < MAX_CLASSES ? classTotal : MAX_CLASSES - 1;
  const lockClass = classes[index];
  lockClass.name = classTotal < MAX_CLASSES ? name : 'one of too many classes';
  lockClass.index = u8(index);
  lockClass.level = u8(level);
  if (classTotal < MAX_CLASSES) classTotal++;
  return lockClass;
}
