/*
 * The races of 1999, to be opened again one at a time: `--define RACE_1999_SCAN=true`, and so on.
 *
 * Each flag brings one mistake back, in the place where it was made or would be made here; locking.md lists them, with
 * what happens then, and the command that shows it. A flag is a constant: where it is false, which is the rule, nothing of
 * the mistake is in the image.
 *
 * `--define RACE_TEST=true` builds the programs that meet the races (raceTest.ts). Then, of the mistakes whose flags are
 * set, the one that `openRace` names is made, which the host writes. So one image, with all flags set, can show each of
 * them, and that the same schedule does no harm when none is open. With SLAB_DEBUG, what is freed is full of one byte, and who uses it comes to grief at once.
 */

import { RACE_NONE } from '../abi/races.ts';
import { thisCpu } from '../arch/x86/cpu.ts';
import { panic } from '../lib/panic.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type Mm, type Vma, type VmlistLock } from './types.ts';

/** Build constant: the programs, and the choice of a race at run time. */
export const RACE_TEST: boolean = define('RACE_TEST', false);

/** The page stealer walks the list of regions without (V). */
export const RACE_1999_SCAN: boolean = define('RACE_1999_SCAN', false);
/** A region that is split gets its new ends before (V) is taken. */
export const RACE_1999_SPLIT: boolean = define('RACE_1999_SPLIT', false);
/** `swapout` is called with (V) held. */
export const RACE_1999_SWAPOUT: boolean = define('RACE_1999_SWAPOUT', false);
/** The swap entry is in the page table before the page is in the swap cache. */
export const RACE_1999_ENTRY: boolean = define('RACE_1999_ENTRY', false);
/** The middle of a region gets its new flags before (V) is taken. */
export const RACE_1999_MLOCK: boolean = define('RACE_1999_MLOCK', false);
/** Moving a mapping unlocks through a region that joining may have freed. */
export const RACE_1999_MOVE: boolean = define('RACE_1999_MOVE', false);
/** Moving a mapping reads the flags of the new region after joining, which may have freed it. */
export const RACE_1999_MOVE_FLAGS: boolean = define('RACE_1999_MOVE_FLAGS', false);
/** Joining forgets the hint once, and lets go of (V) around each `close`. */
export const RACE_1999_MERGE: boolean = define('RACE_1999_MERGE', false);
/** What `swapout` needs of a region is read after (V) has been released. */
export const RACE_1999_REGION: boolean = define('RACE_1999_REGION', false);
/** The page stealer counts `rss` down after (P) has been released. */
export const RACE_1999_RSS: boolean = define('RACE_1999_RSS', false);
/** A debugger is no user of the address space that it looks into. */
export const RACE_1999_PTRACE: boolean = define('RACE_1999_PTRACE', false);
/** A stack that grows gets its new start before (V) is taken. */
export const RACE_1999_STACK: boolean = define('RACE_1999_STACK', false);

/** RACE_TEST: the race that is open, RACE_SCAN and so on. Written by the host. */
let openRace: Volatile<u32> = RACE_NONE;

/**
 * Is this mistake to be made now, in a build with its flag? Where the flag is false, nobody asks.
 *
 * @inline
 */
export function isOpen(race: u32): boolean {
  return !RACE_TEST || openRace === race;
}

/** Stops where a region is used that is not one of `mm`, or not one at all, any more. */
export function checkInUse(mm: Mm, region: Vma): void {
  if (region.vmMm !== mm) panic('use after free: region %p', region);
}

/**
 * RACE_1999_SWAPOUT: the holder of a spinlock is about to sleep, as if it were a lock for that.
 *
 * @locking holds `lock`, which nobody but its user of the moment releases
 */
export function beginSleepHolding(_lock: Spinlock<VmlistLock>): void {
  thisCpu().spinDepth--;
}

/** He is awake, perhaps on another CPU. */
export function endSleepHolding(lock: Spinlock<VmlistLock>): void {
  const cpu = thisCpu();
  cpu.spinDepth++;
  lock.holder = cpu.id + 1;
}
