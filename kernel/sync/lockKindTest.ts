/*
 * The kinds of locks at work: `lock-test=rwsem`, `mutex`, `seqlock`, `kernel-lock` or `semaphore` on the command line. Threads on all
 * CPUs take the lock in turn, and what it guards must never be seen half done; what order there is must be as promised.
 * Each test ends with a line that says so (test/kernel/locks.test.ts).
 */

import { monotonicNs } from '../arch/x86/clock.ts';
import { assert } from '../lib/panic.ts';
import { printk } from '../lib/printk.ts';
import { createKernelThread } from '../proc/kernelThread.ts';
import { yieldCpu } from '../proc/scheduler.ts';
import { sleepUntil } from '../proc/sleep.ts';
import { isKernelLocked, lockKernel, unlockKernel } from './kernelLock.ts';
import { type Mutex } from './mutex.ts';
import { type Rwsem } from './rwsem.ts';
import { type Semaphore } from './semaphore.ts';
import { type Seqlock } from './seqlock.ts';

class TestSem {
  declare readonly lock: 'testSem';
}
class TestMutex {
  declare readonly lock: 'testMutex';
}
class TestSequence {
  declare readonly lock: 'testSequence';
}

const sem = zeroed<Inline<Rwsem<TestSem>>>();
const mutex = zeroed<Inline<Mutex<TestMutex>>>();
const sequence = zeroed<Inline<Seqlock<TestSequence>>>();
const permits = zeroed<Inline<Semaphore>>();

/** What the locks guard: `second` is three times `first` whenever nobody is writing. */
let first: Volatile<u32> = 0;
let second: Volatile<u32> = 0;
/** Threads that have not ended. */
let running: Volatile<u32> = 0;
/** The threads that take turns may begin. */
let haveBegun: Volatile<boolean> = false;
/** How many are inside at once, and the most that were. */
let inside: Volatile<u32> = 0;
let mostInside: Volatile<u32> = 0;
/** What happened, a letter each. */
const events = zeroed<FixedArray<u8, 16>>();
let eventCount: Volatile<u32> = 0;

const THREADS: u32 = 6;
const TURNS: u32 = 40;
/** In turns of others, or of nobody if there are none. */
const LONGEST_STAY: u32 = 200;
const MOMENT_NS: u64 = 30000000n;

function pauseFor(moments: u64): void {
  sleepUntil(monotonicNs() + moments * MOMENT_NS);
}

function start(entry: (argument: u32) => void, argument: u32): void {
  atomic.inc(addrOf(running));
  assert(createKernelThread('lockKind', entry, argument) !== null, 'memory for a thread');
}

/** Begins a thread's turns when all of its kind are there: else one might be done before the next is made. */
function awaitOthers(): void {
  while (!haveBegun) yieldCpu();
}

function end(): void {
  atomic.dec(addrOf(running));
}

/** Has all threads run `entry` at the same time, and waits until they are done. */
function runTogether(entry: (argument: u32) => void): void {
  for (let i: u32 = 0; i < THREADS; i++) start(entry, i);
  haveBegun = true;
  waitForAll();
}

function waitForAll(): void {
  while (running !== 0) pauseFor(1n);
}

function happened(letter: u8): void {
  events[atomic.fetchAdd(addrOf(eventCount), 1)] = letter;
}

function enter(): void {
  const now = atomic.fetchAdd(addrOf(inside), 1) + 1;
  for (let most = mostInside; now > most; most = mostInside) atomic.cmpxchg(addrOf(mostInside), most, now);
}

/** Stays inside, but not for ever, until somebody else has been there too: who may be together is to be so once. */
function linger(): void {
  for (let turns: u32 = 0; turns < LONGEST_STAY && mostInside < 2; turns++) yieldCpu();
}

function leave(): void {
  atomic.dec(addrOf(inside));
}

function write(): void {
  first = first + 1;
  second = first * 3;
}

function checkValues(): void {
  assert(second === first * 3, 'both values change together');
}

// ---------------------------------------------------------------------------------------------------------------------
// Reader/writer semaphores.

function readOnce(_argument: u32): void {
  {
    using _held = sem.lockRead();
    happened(0x52); // R
  }
  end();
}

function writeAndDowngrade(_argument: u32): void {
  sem.lockWrite();
  happened(0x57); // W
  pauseFor(2n);
  happened(0x44); // D
  sem.downgrade();
  pauseFor(2n);
  sem.unlockRead();
  end();
}

function readAndWrite(seed: u32): void {
  awaitOthers();
  for (let i: u32 = 0; i < TURNS; i++) {
    if ((i + seed) % 4 === 0) {
      using held = sem.lockWrite();
      assert(reload<u32>(inside) === 0, 'a writer is alone');
      write();
      if (i % 8 === 0) yieldCpu();
      write();
    } else {
      using _held = sem.lockRead();
      sem.assertHeld();
      enter();
      checkValues();
      linger();
      yieldCpu();
      checkValues();
      leave();
    }
  }
  end();
}

export function testRwsem(): void {
  sem.init('testSem');
  sem.lockRead();
  start(writeAndDowngrade, 0);
  pauseFor(2n);
  assert(!sem.tryLockRead(), 'a reader goes behind a writer who waits');
  assert(!sem.tryLockWrite(), 'one who tries goes behind a writer who waits');
  start(readOnce, 0);
  pauseFor(2n);
  assert(eventCount === 0, 'nobody passes the first reader');
  sem.unlockRead();
  waitForAll();
  printk('lock-test: rwsem order %s\n', addrOf(events));
  runTogether(readAndWrite);
  assert(sem.tryLockWrite(), 'free at the end');
  sem.unlockWrite();
  printk('lock-test: rwsem writes %u, together %s\n', first, mostInside > 1 ? 'yes' : 'no');
}

// ---------------------------------------------------------------------------------------------------------------------
// Mutexes.

/** How often the hog had the mutex until somebody else got it. */
let hogTurns: Volatile<u32> = 0;
let isFed: Volatile<boolean> = false;

/** Takes the mutex again as soon as it has given it up, and sleeps only while it holds it: who is woken comes too late. */
function hogMutex(_argument: u32): void {
  while (!isFed && hogTurns < TURNS) {
    using _held = mutex.lock();
    hogTurns = hogTurns + 1;
    pauseFor(1n);
  }
  end();
}

function wantMutex(_argument: u32): void {
  using _held = mutex.lock();
  isFed = true;
  end();
}

function useMutex(_argument: u32): void {
  awaitOthers();
  for (let i: u32 = 0; i < TURNS; i++) {
    using _held = mutex.lock();
    enter();
    write();
    if (i % 4 === 0) yieldCpu();
    checkValues();
    leave();
  }
  end();
}

export function testMutex(): void {
  mutex.init('testMutex');
  start(hogMutex, 0);
  pauseFor(1n);
  start(wantMutex, 0);
  waitForAll();
  assert(hogTurns < 8, 'a waiter has his turn soon');
  runTogether(useMutex);
  assert(mutex.tryLock(), 'free at the end');
  mutex.unlock();
  printk('lock-test: mutex writes %u, together %u\n', first, mostInside);
}

// ---------------------------------------------------------------------------------------------------------------------
// Sequence locks.

function useSequence(number: u32): void {
  awaitOthers();
  if (number % 2 === 0) writeSequence();
  else readSequence();
  end();
}

function writeSequence(): void {
  for (let i: u32 = 0; i < TURNS; i++) {
    using held = sequence.lockWriteIrqSave();
    write();
  }
}

function readSequence(): void {
  let copies: u32 = 0;
  while (copies < TURNS * 4) {
    let a: u32 = 0;
    let b: u32 = 0;
    let begun: u32 = 0;
    do {
      begun = sequence.beginRead();
      a = first;
      b = second;
    } while (sequence.mustRetry(begun));
    assert(b === a * 3, 'a copy is whole');
    copies++;
    if (copies % 16 === 0) yieldCpu();
  }
}

export function testSeqlock(): void {
  sequence.init('testSequence');
  runTogether(useSequence);
  printk('lock-test: seqlock writes %u\n', first);
}

// ---------------------------------------------------------------------------------------------------------------------
// The big kernel lock.

function useKernelLock(_argument: u32): void {
  awaitOthers();
  for (let i: u32 = 0; i < TURNS; i++) {
    using _outer = lockKernel();
    write();
    {
      using _inner = lockKernel();
      checkValues();
    }
    assert(isKernelLocked(), 'still ours: it was taken twice');
    if (i % 4 === 0) yieldCpu(); // others have their turn, and we have it again afterwards
    checkValues();
  }
  end();
}

/** Holds the lock in a long sleep. */
function sleepWithKernelLock(_argument: u32): void {
  lockKernel();
  happened(0x53); // S
  pauseFor(4n);
  assert(isKernelLocked(), 'taken again after the sleep');
  happened(0x41); // A
  unlockKernel();
  end();
}

export function testKernelLock(): void {
  start(sleepWithKernelLock, 0);
  pauseFor(1n);
  lockKernel();
  happened(0x4c); // L
  unlockKernel();
  waitForAll();
  printk('lock-test: kernel-lock order %s\n', addrOf(events));
  runTogether(useKernelLock);
  assert(!isKernelLocked(), 'free at the end');
  printk('lock-test: kernel-lock writes %u\n', first);
}

// ---------------------------------------------------------------------------------------------------------------------
// Semaphores.

function usePermit(_argument: u32): void {
  awaitOthers();
  for (let i: u32 = 0; i < TURNS; i++) {
    permits.down();
    enter();
    assert(reload<u32>(inside) <= 2, 'no more than there are permits');
    linger();
    yieldCpu();
    leave();
    permits.up();
  }
  end();
}

export function testSemaphore(): void {
  permits.init(2);
  runTogether(usePermit);
  assert(permits.tryDown() && permits.tryDown() && !permits.tryDown(), 'two permits at the end');
  printk('lock-test: semaphore, together %u\n', mostInside);
}
