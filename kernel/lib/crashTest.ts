/*
 * Crashes on demand: `crash=KIND` on the command line makes the boot fail in a chosen way, so that tests can see what a
 * report looks like:
 *
 *   panic     a plain panic, three calls deep         read      a load through a null pointer
 *   assert    an assertion that does not hold         write     a store to the kernel's own text
 *   overflow  recursion without end                   execute   a jump to nowhere
 *   divide    a division by zero                      deadlock  a spinlock taken twice
 *
 * and, once all CPUs run:
 *
 *   stuck     CPU 0 panics while the others spin with interrupts off
 *   together  all CPUs panic at once
 */

import { cpuCount } from '../arch/x86/cpu.ts';
import { createKernelThread } from '../proc/kernelThread.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { getOption } from './cmdline.ts';
import { assert, panic } from './panic.ts';
import { strcmp } from './string.ts';

class CrashLock {
  declare readonly lock: 'crash';
}

const lock = zeroed<Inline<Spinlock<CrashLock>>>();
let zero: Volatile<u32> = 0;

/** Crashes, if the command line says so. */
export function crashIfAsked(): void {
  const kind = zeroed<FixedArray<u8, 16>>();
  if (getOption('crash', kind, 16) <= 0) return;
  if (is(kind, 'panic')) outer(1);
  else if (is(kind, 'assert')) assert(zero === 1, 'zero is one');
  else if (is(kind, 'overflow')) recurse(1);
  else if (is(kind, 'divide')) zero = 1 / zero;
  else if (is(kind, 'read')) zero = ptr<u32>(zero)[1];
  else if (is(kind, 'write')) ptr<u32>(linkerSymbol('__textStart'))[0] = 0;
  else if (is(kind, 'execute')) jump();
  else if (is(kind, 'deadlock')) deadlock();
}

function is(kind: Ptr<u8>, name: string): boolean {
  return strcmp(kind, bytes(name)) === 0;
}

/** @noinline */
function outer(depth: u32): void {
  middle(depth + 1);
  zero = depth;
}

/** @noinline */
function middle(depth: u32): void {
  inner(depth + 1);
  zero = depth;
}

/** @noinline */
function inner(depth: u32): void {
  if (depth === 3) panic('asked for by the command line, depth %u', depth);
}

/** @noinline */
function recurse(depth: u32): u32 {
  return recurse(depth + 1) + zero;
}

function jump(): void {
  const nowhere = zeroed<FixedArray<() => void, 1>>();
  ptr<u32>(nowhere)[0] = 0xdead0000;
  nowhere[0]();
}

function deadlock(): void {
  lock.init('crash');
  using _outer = lock.acquire();
  using _inner = lock.acquire();
}

// ---------------------------------------------------------------------------------------------------------------------
// On several CPUs.

/** Atomic: CPUs that have come to where they will crash. */
let arrived: Volatile<u32> = 0;

/** Crashes on all CPUs, if the command line says so. On CPU 0, when the others are idle. */
export function crashTogetherIfAsked(): void {
  const kind = zeroed<FixedArray<u8, 16>>();
  if (getOption('crash', kind, 16) <= 0) return;
  if (is(kind, 'stuck')) {
    occupyOthers(spinForEver);
    panic('asked for by the command line, the other CPUs spin');
  }
  if (is(kind, 'together')) {
    occupyOthers(panicWithAll);
    panicWithAll(0);
  }
}

/** Has every other CPU call `work`; returns when all but those that have gone on from there are about to. */
function occupyOthers(work: (argument: u32) => void): void {
  for (let i: u32 = 1; i < cpuCount(); i++) {
    createKernelThread('crash', work, i);
    while (reload<u32>(arrived) < i) pause();
  }
}

/** @noinline */
function spinForEver(_argument: u32): void {
  cli();
  atomic.inc(addrOf(arrived));
  for (;;) pause();
}

/** @noinline */
function panicWithAll(number: u32): void {
  cli();
  atomic.inc(addrOf(arrived));
  while (reload<u32>(arrived) < cpuCount()) pause();
  panic('asked for by the command line, number %u', number);
}
