/*
 * bench WHAT COUNT: does one thing COUNT times, for measuring what it costs in guest instructions.
 *
 *   null    getpid, the cheapest call
 *   fork    fork, exit in the child, wait in the parent
 *   exec    the same, but the child executes /bin/true first
 *   fault   touches a fresh page of anonymous memory
 *   zero    the first write to a page of a mapping
 *   cow     the same, then a fork, and a write to the page that the child shares now
 *   fork1000  fork, exit and wait of a process with 1,000 pages
 *   map     maps and unmaps a page, untouched
 *   protect takes and gives the right to write to a page
 *   move    moves a page that is in memory to and fro
 *   threads four threads, each of which maps, touches and unmaps a page of its own
 *   swap    reads a page that has gone to a swap area, on a machine with less than 32 MiB
 *   vmasN   among N other regions, maps a page in a hole and unmaps it
 */

import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  PROT_READ,
  PROT_WRITE,
} from '../abi/mman.ts';
import { SYS_mmap2, SYS_mprotect, SYS_mremap, SYS_munmap } from '../abi/syscallNumbers.ts';
import { run } from './lib/crt.ts';
import { close, pipe, read } from './lib/fileCalls.ts';
import { printError } from './lib/output.ts';
import { execve, exitNow, fork, getpid, wait4 } from './lib/processCalls.ts';
import { stringsEqual, parseNumber, type StringList } from './lib/strings.ts';
import { joinThread, startThread, type Thread } from './lib/threads.ts';

const PAGE_SIZE: u32 = 4096;

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(argc: u32, argv: StringList): i32 {
  const count = zeroed<FixedArray<i32, 1>>();
  if (argc !== 3 || !parseNumber(argv[2]!, count)) return usage();
  return isMemoryTest(argv[1]!) ? benchMemory(argv[1]!, u32(count[0])) : benchProcesses(argv[1]!, count[0]);
}

function benchProcesses(what: Ptr<u8>, count: i32): i32 {
  for (let i = 0; i < count; i++) {
    if (stringsEqual(what, bytes('null'))) getpid();
    else if (stringsEqual(what, bytes('fork'))) forkAndWait(false);
    else if (stringsEqual(what, bytes('exec'))) forkAndWait(true);
    else if (stringsEqual(what, bytes('fault'))) touchFreshPage();
    else return usage();
  }
  return 0;
}

function usage(): i32 {
  printError('usage: bench null|fork|exec|fault|zero|cow|fork1000|map|protect|move|threads|swap|vmasN COUNT\n');
  return 1;
}

const nothing = zeroed<FixedArray<Ptr<u8> | null, 1>>();

function forkAndWait(executes: boolean): void {
  const pid = fork();
  if (pid === 0) {
    if (executes) execve(bytes('/bin/true'), nothing, nothing);
    exitNow(0);
  }
  wait4(pid, null, 0);
}

function touchFreshPage(): void {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS;
  const address = int80(SYS_mmap2, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, flags, 0xffffffff, 0);
  ptr<u8>(u32(address))[0] = 1;
  int80(SYS_munmap, u32(address), PAGE_SIZE, 0, 0, 0, 0);
}

// ---------------------------------------------------------------------------------------------------------------------
// Memory. All of it happens at this address and above.

const ARENA: u32 = 0x50000000;
const READ_WRITE: u32 = PROT_READ | PROT_WRITE;

function mapAt(address: u32, pages: u32, protection: u32): i32 {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  return int80(SYS_mmap2, address, pages * PAGE_SIZE, protection, flags, 0xffffffff, 0);
}

function unmapAt(address: u32, pages: u32): void {
  int80(SYS_munmap, address, pages * PAGE_SIZE, 0, 0, 0, 0);
}

function touch(pages: u32): void {
  for (let i: u32 = 0; i < pages; i++) ptr<u8>(ARENA + i * PAGE_SIZE)[0] = 1;
}

function startsWithVmas(what: Ptr<u8>): boolean {
  return what[0] === 0x76 && what[1] === 0x6d && what[2] === 0x61 && what[3] === 0x73;
}

function isMemoryTest(what: Ptr<u8>): boolean {
  if (startsWithVmas(what) || stringsEqual(what, bytes('fork1000')) || stringsEqual(what, bytes('cow'))) return true;
  if (stringsEqual(what, bytes('zero'))) return true;
  if (stringsEqual(what, bytes('map')) || stringsEqual(what, bytes('protect'))) return true;
  if (stringsEqual(what, bytes('threads')) || stringsEqual(what, bytes('swap'))) return true;
  return stringsEqual(what, bytes('move'));
}

function benchMemory(what: Ptr<u8>, count: u32): i32 {
  if (startsWithVmas(what)) return benchRegions(what.add(4), count);
  if (stringsEqual(what, bytes('cow'))) return benchCopies(count);
  if (stringsEqual(what, bytes('threads'))) return benchThreads(count);
  if (stringsEqual(what, bytes('swap'))) return benchSwap(count);
  if (stringsEqual(what, bytes('zero'))) {
    mapAt(ARENA, count, READ_WRITE);
    touch(count);
    return 0;
  }
  if (stringsEqual(what, bytes('fork1000'))) {
    mapAt(ARENA, 1000, READ_WRITE);
    touch(1000);
  }
  if (stringsEqual(what, bytes('protect')) || stringsEqual(what, bytes('move'))) {
    mapAt(ARENA, 1, READ_WRITE);
    touch(1);
  }
  for (let i: u32 = 0; i < count; i++) {
    if (stringsEqual(what, bytes('fork1000'))) forkAndWait(false);
    else if (stringsEqual(what, bytes('map'))) mapAndUnmap(ARENA);
    else if (stringsEqual(what, bytes('protect'))) protectTwice();
    else moveTwice();
  }
  return 0;
}

function mapAndUnmap(address: u32): void {
  mapAt(address, 1, READ_WRITE);
  unmapAt(address, 1);
}

function protectTwice(): void {
  int80(SYS_mprotect, ARENA, PAGE_SIZE, PROT_READ, 0, 0, 0);
  int80(SYS_mprotect, ARENA, PAGE_SIZE, READ_WRITE, 0, 0, 0);
}

function moveTwice(): void {
  const other = ARENA + 0x1000000;
  const flags = MREMAP_MAYMOVE | MREMAP_FIXED;
  int80(SYS_mremap, ARENA, PAGE_SIZE, PAGE_SIZE, flags, other, 0);
  int80(SYS_mremap, other, PAGE_SIZE, PAGE_SIZE, flags, ARENA, 0);
}

/** A child shares `count` pages; the parent writes to each while the child waits for the end of a pipe. */
function benchCopies(count: u32): i32 {
  mapAt(ARENA, count, READ_WRITE);
  touch(count);
  const ends = zeroed<FixedArray<i32, 2>>();
  if (pipe(ends) < 0) return 1;
  const pid = fork();
  if (pid === 0) {
    close(ends[1]);
    read(ends[0], ptr<u8>(addrOf(ends)), 1);
    exitNow(0);
  }
  touch(count);
  close(ends[1]);
  wait4(pid, null, 0);
  return 0;
}

const THREADS: u32 = 4;
const threads = zeroed<FixedArray<Inline<Thread>, 4>>();
let rounds: u32 = 0;

function benchThreads(count: u32): i32 {
  rounds = count;
  for (let i: u32 = 0; i < THREADS; i++) if (startThread(threads[i], mapTouchUnmap, i) !== 0) return 1;
  for (let i: u32 = 0; i < THREADS; i++) joinThread(threads[i]);
  return 0;
}

function mapTouchUnmap(number: u32): void {
  const address = ARENA + number * 16 * PAGE_SIZE;
  for (let i: u32 = 0; i < rounds; i++) {
    mapAt(address, 1, READ_WRITE);
    ptr<u8>(address)[0] = 1;
    unmapAt(address, 1);
  }
}

/** Writes more than there is memory for; what was written first is out then, and is read. */
function benchSwap(count: u32): i32 {
  const pages: u32 = 8192;
  mapAt(ARENA, pages, READ_WRITE);
  touch(pages);
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) sum += ptr<u8>(ARENA + i * PAGE_SIZE)[0];
  return sum === count ? 0 : 1;
}

function noRoom(): i32 {
  printError('bench: so many regions are not to be had (see /proc/sys/vm/max_map_count)\n');
  return 1;
}

/** Maps as many regions as the text says, each with a hole behind it; then uses one of the holes again and again. */
function benchRegions(text: Ptr<u8>, count: u32): i32 {
  const number = zeroed<FixedArray<i32, 1>>();
  if (!parseNumber(text, number)) return usage();
  const regions = u32(number[0]);
  for (let i: u32 = 0; i < regions; i++) {
    if (mapAt(ARENA + i * 2 * PAGE_SIZE, 1, PROT_READ) < 0) return noRoom();
  }
  for (let i: u32 = 0; i < count; i++) mapAndUnmap(ARENA + (((i * 7919) % regions) * 2 + 1) * PAGE_SIZE);
  return 0;
}
