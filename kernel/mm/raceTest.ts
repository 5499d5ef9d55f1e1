/*
 * Two threads that meet in one of the races of 1999: built with `--define RACE_TEST=true`, run by `pagewright races`.
 *
 * Idea. Each race has two parties. The first, on CPU 0, does what a program asks for in a system call; the second, on
 * CPU 1, is the page stealer, or whoever else comes in between. Both wait, one step before the race, until the host lets
 * them go. There it takes a snapshot, to which it returns as often as it likes, with another schedule each time. When both
 * are through, the later one looks at what has become of it and says so in one line: `race: clean`, or what went wrong,
 * in the words of locking.md. Some races end earlier, in a panic, or never.
 *
 * Which race it is about, the host says at first (`program`), when everything else on the machine has come to rest.
 *
 * The pages of a file, where one is needed, are those of a little driver that lives here. Page n begins with a word that
 * tells n, so that `swapout` knows whether it has been told the truth about what it is to write.
 *
 * Nothing is cleaned up: the host goes back to the snapshot.
 */

import { PROT_READ, PROT_WRITE, MREMAP_FIXED, MREMAP_MAYMOVE } from '../abi/mman.ts';
import {
  RACE_ENTRY,
  RACE_MERGE,
  RACE_MLOCK,
  RACE_MOVE,
  RACE_MOVE_FLAGS,
  RACE_NONE,
  RACE_PTRACE,
  RACE_REGION,
  RACE_RSS,
  RACE_SCAN,
  RACE_SPLIT,
  RACE_STACK,
  RACE_SWAPOUT,
} from '../abi/races.ts';
import { monotonicNs } from '../arch/x86/clock.ts';
import { current, thisCpu } from '../arch/x86/cpu.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { findPte, PTE_DIRTY } from '../arch/x86/pageTable.ts';
import { type File, getFile, putFile } from '../fs/file.ts';
import { type Inode } from '../fs/inode.ts';
import { assert } from '../lib/panic.ts';
import { printk, setQuiet } from '../lib/printk.ts';
import { setAffinity } from '../proc/affinity.ts';
import { createKernelThread } from '../proc/kernelThread.ts';
import { yieldCpu } from '../proc/scheduler.ts';
import { sleepUntil } from '../proc/sleep.ts';
import { type Mutex } from '../sync/mutex.ts';
import { accessProcessVm } from './accessVm.ts';
import { FAULT_HANDLED, faultIn } from './fault.ts';
import { lockMappings } from './fileMappings.ts';
import { createMm, mmget, mmput } from './mm.ts';
import { doMprotect } from './mprotect.ts';
import { doMremap } from './mremap.ts';
import { doMunlock } from './mlock.ts';
import { doMunmap } from './munmap.ts';
import { getPage, type Page, pageAddress } from './page.ts';
import { hasPage, pageOf } from './pageTables.ts';
import { freeSwapSlots } from './swapArea.ts';
import {
  type Mm,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type VmOperations,
} from './types.ts';
import { allocZeroedPage } from './userPages.ts';
import { allocateVma, insertVmStruct, vmlistModifyLock, vmStatAccount } from './vma.ts';
import { swapOutOf } from './vmscan.ts';

/** The class of driverLock. */
class DriverLock {
  declare readonly lock: 'raceDriver';
}

const BASE: u32 = 0x40010000;
const BELOW: u32 = 0x4000f000;
const ELSEWHERE: u32 = 0x50000000;
const PRIVATE: u32 = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE;
const OF_DRIVER: u32 = PRIVATE | VM_SHARED;
/** Of page n, the first word is this and n. */
const MARK: u32 = 0x7a6e0000;
const PAGES: u32 = 16;
/** Longer than it takes until the first programs sleep. */
const SETTLING_NS: u64 = 500000000n;

/** Which test: RACE_SCAN and so on. Written by the host. */
let program: Volatile<u32> = RACE_NONE;
/** Written by the host when the race is to begin. */
let go: Volatile<boolean> = false;
/** Parties that wait for that, and parties that are through. */
let ready: Volatile<u32> = 0;
let done: Volatile<u32> = 0;

/** Its regions are what the race is about. For the host, too. */
let victim: Mm;
let other: Mm;
/** The word of a region that the host watches: a schedule can go on until it changes. */
const watched = zeroed<FixedArray<Ptr<u32>, 1>>();

const operations = zeroed<Inline<VmOperations>>();
const file = zeroed<Inline<File>>();
const inode = zeroed<Inline<Inode>>();
const pages = zeroed<FixedArray<Page, 16>>(); // PAGES
const driverLock = zeroed<Inline<Mutex<DriverLock>>>();
/** What went wrong, if anything: a text for printk, and its two numbers. */
let complaint: string = '';
let isClean: Volatile<boolean> = true;
let complaintFirst: u32 = 0;
let complaintSecond: u32 = 0;
const buffer = zeroed<FixedArray<u8, 4>>();

/** Starts the two threads. */
export function startRaceTest(): void {
  const threads =
    createKernelThread('first', runFirst, 0) !== null && createKernelThread('second', runSecond, 1) !== null;
  assert(threads, 'memory for two threads');
}

function runFirst(cpu: u32): void {
  settleOn(cpu);
  while (freeSwapSlots() === 0) yieldCpu();
  sleepUntil(monotonicNs() + SETTLING_NS);
  setQuiet(false);
  printk('race: which?\n');
  waitForProgram();
  prepare();
  atomic.inc(addrOf(ready));
  while (ready !== 2) pause();
  printk('race: ready\n');
  while (!go) pause();
  first();
  finish();
}

function runSecond(cpu: u32): void {
  settleOn(cpu);
  waitForProgram();
  atomic.inc(addrOf(ready));
  while (!go) pause();
  second();
  finish();
}

function settleOn(cpu: u32): void {
  setAffinity(current(), 1 << cpu);
  while (thisCpu().id !== cpu) yieldCpu();
}

/** While the host thinks, others may run. */
function waitForProgram(): void {
  while (program === RACE_NONE) yieldCpu();
}

/**
 * The later of the two tells how it went. The host knows this place by its name.
 *
 * @noinline
 */
function finish(): void {
  if (atomic.fetchAdd(addrOf(done), 1) !== 1) return;
  look();
  if (isClean) printk('race: clean\n');
  else {
    printk('race: ');
    printk(complaint, complaintFirst, complaintSecond);
    printk('\n');
  }
}

/** The first complaint is the one that is told. `text` may have two numbers. */
function complain(text: string, one: u32, two: u32): void {
  if (!isClean) return;
  isClean = false;
  complaint = text;
  complaintFirst = one;
  complaintSecond = two;
}

// ---------------------------------------------------------------------------------------------------------------------
// The driver.

function initDriver(): void {
  driverLock.init('raceDriver');
  inode.mapping.mappings.init();
  file.count = 1;
  file.inode = inode;
  operations.open = openRegion;
  operations.close = closeRegion;
  operations.nopage = findDriverPage;
  operations.swapout = writeDriverPage;
  for (let n: u32 = 0; n < PAGES; n++) {
    pages[n] = allocZeroedPage()!;
    ptr<u32>(pageAddress(pages[n]))[0] = MARK + n;
  }
}

function openRegion(_region: object): void {
  getFile(file);
}

function closeRegion(_region: object): void {
  putFile(file);
}

function findDriverPage(_region: object, pageOffset: u32, result: Ptr<Page | null>): i32 {
  if (pageOffset >= PAGES) return -1;
  getPage(pages[pageOffset]);
  result[0] = pages[pageOffset];
  return 0;
}

/** Sleeps until nobody else is in the driver. Who steals pages while he is in it himself does not wait. */
function writeDriverPage(_file: File, pageOffset: u32, page: Page): i32 {
  const number = ptr<u32>(pageAddress(page))[0] - MARK;
  if (number !== pageOffset) complain('torn VMA: page %u was written as page %u', number, pageOffset);
  if (driverLock.isHeldByCurrent()) return 0;
  using _held = driverLock.lock();
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// What all tests need.

/** Puts a region of `count` pages on the list of `mm`; `offset` is its first page of the driver's, if it is one. */
function place(mm: Mm, start: u32, count: u32, flags: u32, offset: u32): void {
  using mmap = mm.mmapSem.lock();
  const region = allocateVma(mm)!;
  region.vmStart = start;
  region.vmEnd = start + count * PAGE_SIZE;
  region.vmFlags = flags;
  if ((flags & VM_SHARED) !== 0) {
    region.vmOps = operations;
    region.vmFile = getFile(file);
    region.vmMappings = inode.mapping.mappings;
    region.vmOffset = offset;
  }
  vmStatAccount(mm, flags, i32(count), mmap);
  using vmlist = vmlistModifyLock(mm, mmap);
  using shared = lockMappings(region.vmMappings);
  insertVmStruct(mm, region, mmap, vmlist, shared);
  watched[0] = program === RACE_MLOCK ? ptr<u32>(addrOf(region.vmFlags)) : ptr<u32>(addrOf(region.vmOffset));
}

/** Writes to pages as a program would: they are there then, and dirty. Says whether that was allowed. */
function touch(mm: Mm, start: u32, count: u32): boolean {
  using mmap = mm.mmapSem.lock();
  for (let i: u32 = 0; i < count; i++) {
    const address = start + i * PAGE_SIZE;
    if (faultIn(mm, address, true, mmap) !== FAULT_HANDLED) return false;
    using _table = mm.pageTableLock.acquire();
    const pte = findPte(mm.pageDirectory, address)!;
    if (hasPage(pte[0])) atomic.or(ptr<u32>(pte), PTE_DIRTY);
  }
  return true;
}

/** Does the page table have a frame for the page? */
function isThere(mm: Mm, address: u32): boolean {
  const pte = findPte(mm.pageDirectory, address);
  return pte !== null && hasPage(pte[0]);
}

function steal(count: u32): void {
  for (let i: u32 = 0; i < count; i++) swapOutOf(victim);
}

// ---------------------------------------------------------------------------------------------------------------------
// The tests, each in four parts: what is there before, the two parties, and a look at the end.

function prepare(): void {
  initDriver();
  victim = createMm()!;
  other = createMm()!;
  switch (program) {
    case RACE_SCAN:
      place(victim, BELOW, 1, PRIVATE, 0);
      place(victim, BASE + 0x2000, 1, PRIVATE, 0);
      place(victim, ELSEWHERE, 1, PRIVATE, 0);
      break;
    case RACE_SPLIT:
      place(victim, BASE, 8, OF_DRIVER, 0);
      touch(victim, BASE, 8);
      break;
    case RACE_SWAPOUT:
      place(victim, BASE, 1, OF_DRIVER, 0);
      touch(victim, BASE, 1);
      break;
    case RACE_ENTRY:
      place(victim, BASE, 1, PRIVATE, 0);
      touch(victim, BASE, 1);
      mark(BASE);
      break;
    case RACE_MLOCK:
      place(victim, BASE, 3, PRIVATE | VM_LOCKED, 0);
      touch(victim, BASE, 3);
      break;
    default:
      prepareMore();
      break;
  }
}

function prepareMore(): void {
  switch (program) {
    case RACE_MOVE:
      place(victim, BASE, 1, PRIVATE, 0);
      touch(victim, BASE, 1);
      break;
    case RACE_MOVE_FLAGS:
      place(victim, BASE - 0x2000, 1, PRIVATE, 0);
      place(victim, BASE + 0x8000, 1, PRIVATE, 0);
      touch(victim, BASE + 0x8000, 1);
      break;
    case RACE_MERGE:
      place(victim, BASE, 3, OF_DRIVER, 0);
      doMprotect(victim, BASE + PAGE_SIZE, PAGE_SIZE, PROT_READ);
      break;
    case RACE_REGION:
      place(victim, BASE, 1, OF_DRIVER, 0);
      touch(victim, BASE, 1);
      break;
    case RACE_RSS:
      place(victim, BASE, 8, OF_DRIVER, 0);
      touch(victim, BASE, 4);
      break;
    case RACE_PTRACE:
      place(victim, BASE, 1, PRIVATE, 0);
      touch(victim, BASE, 1);
      mmget(victim);
      break;
    case RACE_STACK:
      place(victim, BASE, 2, OF_DRIVER | VM_GROWSDOWN, 8);
      touch(victim, BASE, 2);
      break;
    default:
      assert(false, 'there is such a test');
  }
}

/** The program. */
function first(): void {
  switch (program) {
    case RACE_SCAN:
      doMunmap(victim, BELOW, PAGE_SIZE);
      break;
    case RACE_SPLIT:
      doMprotect(victim, BASE, 4 * PAGE_SIZE, PROT_READ);
      break;
    case RACE_SWAPOUT:
      useDriver();
      break;
    case RACE_ENTRY:
      for (let i: u32 = 0; i < 3; i++) checkMark(BASE);
      break;
    case RACE_MLOCK:
      doMunlock(victim, BASE + PAGE_SIZE, PAGE_SIZE);
      break;
    case RACE_MOVE:
      doMremap(victim, BASE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, BELOW);
      break;
    case RACE_MOVE_FLAGS:
      doMremap(victim, BASE + 0x8000, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, BELOW);
      break;
    case RACE_MERGE:
      joinThree();
      break;
    case RACE_REGION:
      doMunmap(victim, BASE, PAGE_SIZE);
      break;
    case RACE_RSS:
      touch(victim, BASE + 4 * PAGE_SIZE, 4);
      break;
    case RACE_PTRACE:
      mmput(victim);
      break;
    case RACE_STACK:
      touch(victim, BELOW, 1);
      break;
  }
}

/** The stealer, or another program. */
function second(): void {
  switch (program) {
    case RACE_SCAN:
    case RACE_REGION:
    case RACE_ENTRY:
    case RACE_SWAPOUT:
      steal(1);
      break;
    case RACE_MLOCK:
      steal(3);
      break;
    case RACE_MOVE:
    case RACE_MOVE_FLAGS:
      place(other, ELSEWHERE, 1, PRIVATE, 0);
      break;
    case RACE_MERGE:
      for (let i: u32 = 0; i < 4; i++) {
        victim.swapAddress = BASE + 2 * PAGE_SIZE;
        steal(1);
      }
      break;
    case RACE_PTRACE:
      accessProcessVm(victim, BASE, buffer, 4, 0);
      mmput(victim);
      break;
    default:
      steal(4);
      break;
  }
}

/** When both are through. */
function look(): void {
  if (program === RACE_ENTRY) checkMark(BASE);
  if (program === RACE_RSS) checkRss();
  if (program !== RACE_MLOCK) return;
  for (let i: u32 = 0; i <= 2; i += 2) {
    if (!isThere(victim, BASE + i * PAGE_SIZE)) complain('torn VMA: page %u of a locked region was stolen', i, 0);
  }
}

/** Somebody is in the driver and needs memory: he steals. */
function useDriver(): void {
  using _held = driverLock.lock();
  steal(1);
}

function mark(address: u32): void {
  const pte = findPte(victim.pageDirectory, address)!;
  ptr<u32>(pageAddress(pageOf(pte[0])))[0] = MARK;
}

/** Reads the page as a program would: it may fault, without any lock but (M). */
function checkMark(address: u32): void {
  {
    using mmap = victim.mmapSem.lock();
    faultIn(victim, address, false, mmap);
  }
  accessProcessVm(victim, address, buffer, 4, 0);
  const found = ptr<u32>(buffer)[0];
  if (found !== MARK) complain('lost page: it has %p, not %p', found, MARK);
}

/** Three regions become one; then another program maps something where this one has nothing, and this one goes there. */
function joinThree(): void {
  doMprotect(victim, BASE + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE);
  place(other, ELSEWHERE, 1, PRIVATE, 0);
  if (touch(victim, ELSEWHERE, 1))
    complain('use after free: %p was found in a region of another program', ELSEWHERE, 0);
}

function checkRss(): void {
  let found: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) if (isThere(victim, BASE + i * PAGE_SIZE)) found++;
  if (victim.rss !== found) complain('lost update: rss is %u, %u pages are there', victim.rss, found);
}
