/*
 * Memory pressure: torture --vm SIZE. Each worker has a share of a mapping that may be larger than the machine's memory,
 * and goes about it at random: writes pages, and much later finds in them what it wrote; unmaps and maps again, takes
 * rights away and gives them back, moves pages, throws them away, forks children that look at everything.
 *
 * A worker remembers for each page of its share what should be in it: 0, or the key of a pattern. A page shows its
 * pattern in a few words at both ends and in the middle; now and then all of it is looked at.
 *
 * How long: until a machine of this many CPUs has had the time for so many instructions, ten nanoseconds each.
 */

import { ENOMEM } from '../../abi/errno.ts';
import { CLOCK_MONOTONIC, type Timespec } from '../../abi/time.ts';
import {
  MADV_DONTNEED,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from '../../abi/mman.ts';
import {
  SYS_clock_gettime,
  SYS_madvise,
  SYS_mmap2,
  SYS_mprotect,
  SYS_mremap,
  SYS_munmap,
  SYS_sched_getaffinity,
} from '../../abi/syscallNumbers.ts';
import { exitNow, fork } from '../lib/processCalls.ts';
import { joinThread, type Lock, releaseLock, startThread, takeLock, type Thread } from '../lib/threads.ts';
import { expectEnd, expectEqual, fillPattern, type Job, patternByte, random, seedJob, succeeded } from './job.ts';

const PAGE: u32 = 4096;
/** Pages that one operation is about at most. */
const RUN: u32 = 16;
const NANOSECONDS_PER_INSTRUCTION: u64 = 10n;

/** A thread, and its share of the memory. */
class Worker {
  thread: Inline<Thread>;
  job: Inline<Job>;
  base: u32; // address of its first page
  pages: u32;
  keys: Ptr<u32>; // by page: 0 for zeroes, or the key of its pattern
  spare: u32; // an address where RUN pages have room
}

const workers = zeroed<FixedArray<Inline<Worker>, 64>>(); // MAX_THREADS
let deadline: u64 = 0n;
/** Held until all threads have their stacks. */
const gate = zeroed<Inline<Lock>>();

/** Nanoseconds since some moment in the past. */
function now(): u64 {
  const time = zeroed<Inline<Timespec>>();
  int80(SYS_clock_gettime, CLOCK_MONOTONIC, u32(time), 0, 0, 0, 0);
  return u64(time.tv_sec) * 1000000000n + u64(time.tv_nsec);
}

function mapAt(address: u32, pages: u32, flags: u32): i32 {
  const all = flags | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  return int80(SYS_mmap2, address, pages * PAGE, PROT_READ | PROT_WRITE, all, 0xffffffff, 0);
}

/** Pages of the table of keys for `pages` pages. */
function keyPages(pages: u32): u32 {
  return (pages * 4 + PAGE - 1) / PAGE;
}

/** CPUs that this program may use. */
function cpuCount(): u32 {
  const mask = zeroed<FixedArray<u32, 32>>();
  if (int80(SYS_sched_getaffinity, 0, 128, u32(mask), 0, 0, 0) <= 0) return 1;
  let count: u32 = 0;
  for (let rest: u32 = mask[0]; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/**
 * Puts `size` bytes under pressure by `threads` threads, at most MAX_THREADS, for `instructions` instructions' time. A
 * mismatch ends the process with a message. Returns 0, or the error for which it could not begin.
 *
 * All that the threads need is mapped before they begin, so that none maps anything at an address of the kernel's choice
 * later: it could be in a hole that another one means to fill again.
 */
export function runPressure(size: u32, threads: u32, instructions: u32, seed: u32): i32 {
  const pages = size / PAGE / threads;
  const each = pages + keyPages(pages) + RUN;
  const base = mapAt(0, threads * each, 0);
  if (base < 0 && base > -4096) return base;
  deadline = now() + (u64(instructions) * NANOSECONDS_PER_INSTRUCTION) / u64(cpuCount());
  takeLock(gate);
  let started: u32 = 0;
  let error: i32 = 0;
  for (; started < threads && error === 0; started++) {
    const worker: Worker = workers[started];
    seedJob(worker.job, seed, started, ptr<u8>(0));
    worker.pages = pages;
    worker.base = u32(base) + started * each * PAGE;
    worker.keys = ptr<u32>(worker.base + pages * PAGE);
    worker.spare = worker.base + (pages + keyPages(pages)) * PAGE;
    error = startThread(worker.thread, work, started);
  }
  releaseLock(gate);
  for (let i: u32 = 0; i < started; i++) if (error === 0 || i + 1 < started) joinThread(workers[i].thread);
  return error;
}

function work(number: u32): void {
  const worker: Worker = workers[number];
  const job = worker.job;
  takeLock(gate);
  releaseLock(gate);
  while (now() < deadline) {
    for (let i: u32 = 0; i < 64; i++) step(job, worker);
    job.iteration++;
  }
  for (let page: u32 = 0; page < worker.pages; page++) expectPage(job, worker, page, true);
}

function step(job: Job, worker: Worker): void {
  const choice = random(job, 100);
  const page = random(job, worker.pages);
  const length = 1 + random(job, RUN);
  const run = page + length < worker.pages ? length : worker.pages - page;
  if (choice < 45) writePage(job, worker, page);
  else if (choice < 85) expectPage(job, worker, page, choice === 50);
  else if (choice < 89) remap(job, worker, page, run);
  else if (choice < 93) protect(job, worker, page, run);
  else if (choice < 96) discard(job, worker, page, run);
  else if (choice < 99) move(job, worker, page, run);
  else if (random(job, 8) === 0) lookFromChild(job, worker);
}

function addressOf(worker: Worker, page: u32): u32 {
  return worker.base + page * PAGE;
}

function writePage(job: Job, worker: Worker, page: u32): void {
  const key = 1 + random(job, 0xffffff);
  const bytesOfPage = ptr<u8>(addressOf(worker, page));
  if (random(job, 16) === 0) fillPattern(bytesOfPage, PAGE, key);
  else {
    if (worker.keys[page] !== 0) expectPage(job, worker, page, false);
    showPattern(bytesOfPage, key);
  }
  worker.keys[page] = key;
}

/** The places that tell: both ends and the middle. */
function showPattern(page: Ptr<u8>, key: u32): void {
  for (let at: u32 = 0; at < PAGE; at += 2044) {
    for (let i = at; i < at + 8; i++) page[i] = u8(patternByte(key, i));
  }
}

/** A page that was never written, or given up, is all zeroes where its pattern would be. */
function expectPage(job: Job, worker: Worker, page: u32, whole: boolean): void {
  const key = worker.keys[page];
  const bytesOfPage = ptr<u8>(addressOf(worker, page));
  if (key === 0 && whole) {
    for (let i: u32 = 0; i < PAGE; i++) expectEqual(job, 'a page that should be zero', bytesOfPage[i], 0);
    return;
  }
  for (let at: u32 = 0; at < PAGE; at += 2044) {
    for (let i = at; i < at + 8; i++) {
      expectEqual(job, 'a page under pressure', bytesOfPage[i], key === 0 ? 0 : patternByte(key, i));
    }
  }
}

/** Unmapped and mapped again: zeroes. */
function remap(job: Job, worker: Worker, page: u32, run: u32): void {
  const address = addressOf(worker, page);
  expectEqual(job, 'munmap', u32(int80(SYS_munmap, address, run * PAGE, 0, 0, 0, 0)), 0);
  let result: i32 = -ENOMEM;
  while (!succeeded(job, 'mmap2 with MAP_FIXED', result)) result = mapAt(address, run, MAP_FIXED);
  expectEqual(job, 'mmap2', u32(result), address);
  for (let i: u32 = 0; i < run; i++) worker.keys[page + i] = 0;
}

/** Without rights and with them again: the contents stay. */
function protect(job: Job, worker: Worker, page: u32, run: u32): void {
  const address = addressOf(worker, page);
  const before = int80(SYS_mprotect, address, run * PAGE, random(job, 2) === 0 ? PROT_NONE : PROT_READ, 0, 0, 0);
  if (!succeeded(job, 'mprotect', before)) return;
  let after: i32 = -ENOMEM;
  while (!succeeded(job, 'mprotect', after))
    after = int80(SYS_mprotect, address, run * PAGE, PROT_READ | PROT_WRITE, 0, 0, 0);
}

/** Thrown away: zeroes. */
function discard(job: Job, worker: Worker, page: u32, run: u32): void {
  const result = int80(SYS_madvise, addressOf(worker, page), run * PAGE, MADV_DONTNEED, 0, 0, 0);
  expectEqual(job, 'madvise', u32(result), 0);
  for (let i: u32 = 0; i < run; i++) worker.keys[page + i] = 0;
}

/** Moved away, looked at, and moved back. */
function move(job: Job, worker: Worker, page: u32, run: u32): void {
  const size = run * PAGE;
  const address = addressOf(worker, page);
  const away = int80(SYS_mremap, address, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, worker.spare, 0);
  if (!succeeded(job, 'mremap', away)) return;
  expectEqual(job, 'mremap', u32(away), worker.spare);
  let back: i32 = -ENOMEM;
  while (!succeeded(job, 'mremap back', back))
    back = int80(SYS_mremap, worker.spare, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, address, 0);
  expectEqual(job, 'mremap back', u32(back), address);
  expectPage(job, worker, page, false);
}

/** A child sees what its parent has; what it writes, the parent does not see. */
function lookFromChild(job: Job, worker: Worker): void {
  const pid = fork();
  if (pid === 0) {
    for (let page: u32 = 0; page < worker.pages; page += 7) expectPage(job, worker, page, false);
    for (let page: u32 = 0; page < worker.pages; page += 31) showPattern(ptr<u8>(addressOf(worker, page)), 1);
    exitNow(0);
  }
  if (succeeded(job, 'fork', pid)) expectEnd(job, 'a child under pressure', pid, 0);
}
