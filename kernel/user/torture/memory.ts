/*
 * Rounds about memory: mappings and holes in them, copy on write, protection, the heap.
 */

import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_NONE, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import { SIGSEGV } from '../../abi/signal.ts';
import { SYS_mmap2, SYS_mprotect, SYS_munmap } from '../../abi/syscallNumbers.ts';
import { free, malloc } from '../lib/heap.ts';
import { exitNow, fork } from '../lib/processCalls.ts';
import { expectEnd, expectEqual, expectPattern, fillPattern, type Job, random, succeeded } from './job.ts';

const PAGE: u32 = 4096;

function mapPages(pages: u32): i32 {
  return int80(SYS_mmap2, 0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0xffffffff, 0);
}

function unmapPages(job: Job, address: u32, pages: u32): void {
  expectEqual(job, 'munmap', u32(int80(SYS_munmap, address, pages * PAGE, 0, 0, 0, 0)), 0);
}

/** New memory is zero; a hole in the middle leaves both sides as they are. */
export function mapRound(job: Job): void {
  const pages = 3 + random(job, 10);
  const result = mapPages(pages);
  if (!succeeded(job, 'mmap2', result)) return;
  const address = u32(result);
  const memory = ptr<u8>(address);
  const key = random(job, 1000000);
  for (let i: u32 = 0; i < pages * PAGE; i += 512) expectEqual(job, 'fresh memory', memory[i], 0);
  fillPattern(memory, pages * PAGE, key);
  const hole = 1 + random(job, pages - 2);
  unmapPages(job, address + hole * PAGE, 1);
  expectPattern(job, 'memory below a hole', memory, hole * PAGE, key);
  const above = (hole + 1) * PAGE;
  expectPattern(job, 'memory above a hole', memory.add(above), pages * PAGE - above, key + above);
  unmapPages(job, address, pages);
}

/** After fork, parent and child write to the same pages, and neither sees the other's bytes. */
export function copyOnWriteRound(job: Job): void {
  const pages = 2 + random(job, 6);
  const result = mapPages(pages);
  if (!succeeded(job, 'mmap2', result)) return;
  const memory = ptr<u8>(u32(result));
  const key = random(job, 1000000);
  fillPattern(memory, pages * PAGE, key);
  const pid = fork();
  if (pid === 0) {
    expectPattern(job, "a child's copy", memory, pages * PAGE, key);
    fillPattern(memory, pages * PAGE, key + 1);
    expectPattern(job, "a child's own bytes", memory, pages * PAGE, key + 1);
    exitNow(0);
  }
  if (succeeded(job, 'fork', pid)) {
    fillPattern(memory, PAGE, key + 2);
    expectEnd(job, 'copy on write', pid, 0);
    expectPattern(job, "a parent's own bytes", memory, PAGE, key + 2);
    expectPattern(job, "a parent's copy", memory.add(PAGE), (pages - 1) * PAGE, key + PAGE);
  }
  unmapPages(job, u32(result), pages);
}

/** What is not readable kills the reader, and becomes readable again with its contents. */
export function protectRound(job: Job): void {
  const result = mapPages(2);
  if (!succeeded(job, 'mmap2', result)) return;
  const address = u32(result);
  const memory = ptr<u8>(address);
  const key = random(job, 1000000);
  fillPattern(memory, 2 * PAGE, key);
  expectEqual(job, 'mprotect', u32(int80(SYS_mprotect, address + PAGE, PAGE, PROT_NONE, 0, 0, 0)), 0);
  const pid = fork();
  if (pid === 0) exitNow(i32(ptr<Volatile<u8>>(address)[PAGE]));
  if (succeeded(job, 'fork', pid)) expectEnd(job, 'protected memory', pid, SIGSEGV);
  expectEqual(job, 'mprotect', u32(int80(SYS_mprotect, address + PAGE, PAGE, PROT_READ, 0, 0, 0)), 0);
  expectPattern(job, 'memory after mprotect', memory, 2 * PAGE, key);
  unmapPages(job, address, 2);
}

/** Pieces of the heap, taken and given back in a random order, keep their contents. */
export function breakRound(job: Job): void {
  const pieces = zeroed<FixedArray<u32, 16>>();
  const sizes = zeroed<FixedArray<u32, 16>>();
  for (let step: u32 = 0; step < 64; step++) {
    const which = random(job, 16);
    if (pieces[which] !== 0) {
      expectPattern(job, 'the heap', ptr<u8>(pieces[which]), sizes[which], which);
      free(ptr<u8>(pieces[which]));
      pieces[which] = 0;
      continue;
    }
    sizes[which] = 1 + random(job, 6000);
    const memory = malloc(sizes[which]);
    if (memory === null) continue;
    fillPattern(memory, sizes[which], which);
    pieces[which] = u32(memory);
  }
  for (let which: u32 = 0; which < 16; which++) {
    if (pieces[which] === 0) continue;
    expectPattern(job, 'the heap', ptr<u8>(pieces[which]), sizes[which], which);
    free(ptr<u8>(pieces[which]));
  }
}
