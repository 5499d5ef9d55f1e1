/*
 * Broken rules on demand: `lock-test=KIND` on the command line starts a kernel thread that breaks a rule of the lock
 * checker in the simplest way, so that tests can see what the report says (test/kernel/lockChecker.test.ts). Each kind has
 * its function below, which is the example of the rule. `lock-test=clean` keeps all rules in all the ways there are.
 *
 * Hardly anything deadlocks here: the point is that the checker sees it coming.
 */

import { monotonicNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { prepareReturn } from '../arch/x86/traps.ts';
import { copyFromUser } from '../arch/x86/userCopy.ts';
import { getOption } from '../lib/cmdline.ts';
import { assert } from '../lib/panic.ts';
import { printk, setQuiet } from '../lib/printk.ts';
import { strcmp } from '../lib/string.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { createKernelThread } from '../proc/kernelThread.ts';
import { sleepUntil } from '../proc/sleep.ts';
import { userFrame } from '../proc/task.ts';
import { armTimer, initTimer, type Timer } from '../proc/timer.ts';
import { lockKernel } from './kernelLock.ts';
import { mightSleep, setHoldLimit, setSpinLimit } from './lockChecker.ts';
import { LOCK_CHECKER } from './lockClass.ts';
import { testKernelLock, testMutex, testRwsem, testSemaphore, testSeqlock } from './lockKindTest.ts';
import { type Mutex } from './mutex.ts';
import { type Rwsem } from './rwsem.ts';
import { type Seqlock } from './seqlock.ts';
import { type Spinlock } from './spinlock.ts';

class LockA {
  declare readonly lock: 'a';
}
class LockB {
  declare readonly lock: 'b';
}
class LockC {
  declare readonly lock: 'c';
}
class MutexA {
  declare readonly lock: 'mutexA';
}
class MutexB {
  declare readonly lock: 'mutexB';
}

const a = zeroed<Inline<Spinlock<LockA>>>();
/** Two of a class, the lower address first. */
const pair = zeroed<FixedArray<Inline<Spinlock<LockB>>, 2>>();
const c = zeroed<Inline<Spinlock<LockC>>>();
const mutexA = zeroed<Inline<Mutex<MutexA>>>();
const mutexB = zeroed<Inline<Mutex<MutexB>>>();
const rwsem = zeroed<Inline<Rwsem<MutexB>>>();
const sequence = zeroed<Inline<Seqlock<LockC>>>();
const many = zeroed<FixedArray<Inline<Mutex<MutexA>>, 16>>();
const timer = zeroed<Inline<Timer>>();
const word = zeroed<FixedArray<u8, 4>>();
const kind = zeroed<FixedArray<u8, 24>>();

/** Longer than a tick. */
const MOMENT_NS: u64 = 30000000n;

/** Starts the thread, if the command line asks for it. */
export function startLockTest(): void {
  if (!LOCK_CHECKER || getOption('lock-test', kind, 24) <= 0) return;
  setQuiet(false);
  a.init('testA');
  pair[0].init('testB');
  pair[1].init('testB');
  c.init('testC');
  mutexA.init('testMutexA');
  mutexB.init('testMutexB');
  rwsem.init('testRwsem');
  sequence.init('testSequence');
  for (let i: u32 = 0; i < 16; i++) many[i].init('testMany');
  initTimer(timer);
  assert(createKernelThread('lockTest', runTest, 0) !== null, 'memory for a thread');
}

function is(name: string): boolean {
  return strcmp(kind, bytes(name)) === 0;
}

function runTest(_argument: u32): void {
  if (is('clean')) keepRules();
  else if (is('order')) order();
  else if (is('circle')) circle();
  else if (is('mutex-order')) mutexOrder();
  else if (is('class')) sameClass();
  else if (is('address')) addressOrder();
  else if (is('address-free')) addressOrderOfFree();
  else if (is('self')) self();
  else if (is('mutex-self')) mutexSelf();
  else if (is('rwsem')) testRwsem();
  else if (is('mutex')) testMutex();
  else if (is('seqlock')) testSeqlock();
  else if (is('kernel-lock')) testKernelLock();
  else if (is('semaphore')) testSemaphore();
  else if (!breakIrqRule() && !breakSleepRule() && !breakLifeRule())
    printk('lock-test: no such kind: %s\n', addrOf(kind));
  printk('lock-test: done\n');
}

function breakIrqRule(): boolean {
  if (is('irq')) irq();
  else if (is('irq-first')) irqFirst();
  else if (is('irq-order')) irqOrder();
  else if (is('irq-exposed')) irqExposed();
  else if (is('irq-sequence')) irqSequence();
  else return false;
  return true;
}

function breakSleepRule(): boolean {
  if (is('sleep-spin')) sleepUnderSpinlock();
  else if (is('sleep-mutex')) mutexUnderSpinlock();
  else if (is('sleep-irq')) inInterrupt(sleepInInterrupt);
  else if (is('sleep-off')) sleepWithInterruptsOff();
  else if (is('kernel-spin')) kernelLockUnderSpinlock();
  else if (is('copy')) copyUnderSpinlock();
  else if (is('copy-order')) copyUnderMmapSem();
  else return false;
  return true;
}

function breakLifeRule(): boolean {
  if (is('release')) releaseFree();
  else if (is('mutex-release')) mutexReleaseFree();
  else if (is('mutex-foreign')) mutexForeign();
  else if (is('rwsem-again')) rwsemAgain();
  else if (is('rwsem-release')) rwsem.unlockRead();
  else if (is('rwsem-write')) writeAsReader();
  else if (is('kernel-exit')) lockKernel();
  else if (is('exit')) mutexA.lock();
  else if (is('user')) leaveForUser();
  else if (is('free')) freeHeld();
  else if (is('free-foreign')) freeForeign();
  else if (is('again')) initHeld();
  else if (is('not-held')) a.assertHeld();
  else if (is('mutex-not-held')) mutexA.assertHeld();
  else if (is('many')) tooMany();
  else if (is('no-class')) zeroed<Inline<Spinlock<LockA>>>().acquire();
  else if (is('long')) holdLong();
  else if (is('stuck')) waitForEver();
  else if (is('foreign')) releaseForeign();
  else return false;
  return true;
}

// ---------------------------------------------------------------------------------------------------------------------
// All rules kept.

function keepRules(): void {
  {
    using _mutex = mutexA.lock();
    using _inner = mutexB.lock();
    using _outer = a.acquireIrqSave();
    using _first = pair[0].acquire();
    using _second = pair[1].acquireAfter(pair[0]);
    a.assertHeld();
    mutexA.assertHeld();
  }
  inInterrupt(takeA);
  {
    // Tries wait for nobody: they may go against the order.
    using _mutex = mutexB.lock();
    assert(mutexA.tryLock(), 'a free mutex');
    using _spin = pair[0].acquireIrqSave();
    assert(a.tryAcquire(), 'a free lock');
    a.release();
    mutexA.unlock();
  }
  {
    using _outer = pair[0].acquireIrqSave();
    using _inner = pair[1].acquireNested(1);
  }
  mightSleep();
  printk('lock-test: clean\n');
}

// ---------------------------------------------------------------------------------------------------------------------
// Order.

/** @noinline */
function takeAThenB(): void {
  using _outer = a.acquireIrqSave();
  using _inner = pair[0].acquire();
}

/** @noinline */
function takeBThenA(): void {
  using _outer = pair[0].acquireIrqSave();
  using _inner = a.acquire();
}

/** @noinline */
function takeBThenC(): void {
  using _outer = pair[1].acquireIrqSave();
  using _inner = c.acquire();
}

/** @noinline */
function takeCThenA(): void {
  using _outer = c.acquireIrqSave();
  using _inner = a.acquire();
}

function order(): void {
  takeAThenB();
  takeBThenA();
}

function circle(): void {
  takeAThenB();
  takeBThenC();
  takeCThenA();
}

/** @noinline */
function takeMutexes(): void {
  using _outer = mutexA.lock();
  using _inner = mutexB.lock();
}

function mutexOrder(): void {
  takeMutexes();
  using _outer = mutexB.lock();
  using _inner = mutexA.lock();
}

function sameClass(): void {
  using _first = pair[0].acquireIrqSave();
  using _second = pair[1].acquire();
}

function addressOrder(): void {
  using _first = pair[1].acquireIrqSave();
  using _second = pair[0].acquireAfter(pair[1]);
}

function addressOrderOfFree(): void {
  using _second = pair[1].acquireAfter(pair[0]);
}

function self(): void {
  using _outer = a.acquireIrqSave();
  using _inner = a.acquire();
}

function mutexSelf(): void {
  using _outer = mutexA.lock();
  using _inner = mutexA.lock();
}

// ---------------------------------------------------------------------------------------------------------------------
// Interrupts.

/** Calls `handler` in the next timer interrupt, and waits for it. */
function inInterrupt(handler: (argument: u32) => void): void {
  armTimer(timer, monotonicNs(), handler, 0);
  sleepUntil(monotonicNs() + MOMENT_NS);
}

function takeA(_argument: u32): void {
  using _held = a.acquireIrqSave();
}

function irq(): void {
  inInterrupt(takeA);
  using _held = a.acquire();
}

function irqFirst(): void {
  {
    using _held = a.acquire();
  }
  inInterrupt(takeA);
}

function irqOrder(): void {
  {
    using _held = pair[0].acquire();
  }
  takeAThenB();
  inInterrupt(takeA);
}

function irqExposed(): void {
  inInterrupt(takeA);
  c.acquireIrqSave();
  using _inner = a.acquire();
  c.releaseIrqRestore();
}

function readSequence(_argument: u32): void {
  sequence.beginRead();
}

function irqSequence(): void {
  inInterrupt(readSequence);
  using _held = sequence.lockWrite();
}

// ---------------------------------------------------------------------------------------------------------------------
// Sleeping.

function sleepUnderSpinlock(): void {
  using _held = a.acquire();
  sleepUntil(monotonicNs() + MOMENT_NS);
}

function mutexUnderSpinlock(): void {
  using _spin = a.acquire();
  using _held = mutexA.lock();
}

function sleepInInterrupt(_argument: u32): void {
  using _held = mutexA.lock();
}

function sleepWithInterruptsOff(): void {
  cli();
  using _held = mutexA.lock();
}

function kernelLockUnderSpinlock(): void {
  using _spin = a.acquire();
  using _held = lockKernel();
}

function copyUnderSpinlock(): void {
  using _held = a.acquire();
  copyFromUser(word, 4096, 4);
}

/** What a fault would take is ordered after mutexA; then it is held while mutexA is taken. */
function copyUnderMmapSem(): void {
  {
    using _held = mutexA.lock();
    copyFromUser(word, 4096, 4);
  }
  many[0].init('mmapSem');
  using _sem = many[0].lock();
  using _held = mutexA.lock();
}

// ---------------------------------------------------------------------------------------------------------------------
// Ownership, life, patience.

function releaseFree(): void {
  a.release();
}

function mutexReleaseFree(): void {
  mutexA.unlock();
}

function holdMutex(_argument: u32): void {
  using _held = mutexA.lock();
  sleepUntil(monotonicNs() + 10n * MOMENT_NS);
}

/** Another thread holds mutexA when this returns. */
function letOtherHold(): void {
  assert(createKernelThread('holder', holdMutex, 0) !== null, 'memory for a thread');
  sleepUntil(monotonicNs() + MOMENT_NS);
}

function mutexForeign(): void {
  letOtherHold();
  mutexA.unlock();
}

/** Two readers are fine, unless they are one task. */
function rwsemAgain(): void {
  using _first = rwsem.lockRead();
  using _second = rwsem.lockRead();
}

function writeAsReader(): void {
  using _held = rwsem.lockRead();
  rwsem.assertHeld();
  rwsem.assertHeldWrite();
}

function leaveForUser(): void {
  using _held = mutexA.lock();
  prepareReturn(userFrame(current()));
}

function freeHeld(): void {
  const block = kmalloc(sizeof<Mutex<MutexA>>());
  assert(block !== null, 'memory');
  const mutex = as<Mutex<MutexA>>(block!);
  mutex.init('testMutexA');
  using _held = mutex.lock();
  kfree(mutex);
}

function holdGiven(mutex: u32): void {
  using _held = as<Mutex<MutexA>>(mutex).lock();
  sleepUntil(monotonicNs() + 10n * MOMENT_NS);
}

function freeForeign(): void {
  const block = kmalloc(sizeof<Mutex<MutexA>>());
  assert(block !== null, 'memory');
  const mutex = as<Mutex<MutexA>>(block!);
  mutex.init('testMutexA');
  assert(createKernelThread('holder', holdGiven, u32(mutex)) !== null, 'memory for a thread');
  sleepUntil(monotonicNs() + MOMENT_NS);
  kfree(mutex);
}

function initHeld(): void {
  using _held = a.acquireIrqSave();
  a.init('testA');
}

function tooMany(): void {
  for (let i: u32 = 0; i < 16; i++) assert(many[i].tryLock(), 'a free mutex');
}

function holdLong(): void {
  setHoldLimit(100000);

  using _held = a.acquireIrqSave();
  for (let start = rdtsc(); rdtsc() - start < 200000n;) pause();
}

/** Another CPU has testA. */
let isHeldThere: Volatile<boolean> = false;

function holdForEver(_argument: u32): void {
  a.acquire();
  isHeldThere = true;
  for (;;) pause();
}

/** Another CPU has testA, and will not release it, when this returns. Needs two CPUs. */
function letOtherCpuHold(): void {
  assert(createKernelThread('holder', holdForEver, 0) !== null, 'memory for a thread');
  while (!isHeldThere) sleepUntil(monotonicNs() + MOMENT_NS);
}

function waitForEver(): void {
  setSpinLimit(10000);
  letOtherCpuHold();
  using _held = a.acquire();
}

function releaseForeign(): void {
  letOtherCpuHold();
  a.release();
}
