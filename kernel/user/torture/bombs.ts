/*
 * Bombs: everything that a process can take without asking is taken until the kernel refuses, and given back. What
 * counts is that the refusal is an error and not a catastrophe, and that all is there again afterwards.
 */

import { EAGAIN, ENOMEM } from '../../abi/errno.ts';
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import { SIGBUS, SIGKILL, SIGSEGV } from '../../abi/signal.ts';
import { SYS_mmap2, SYS_munmap, SYS_pause } from '../../abi/syscallNumbers.ts';
import { print, printError } from '../lib/output.ts';
import { exitNow, fork, kill, wait4 } from '../lib/processCalls.ts';

/** More children than any machine that this is meant for has room for. */
const MAX_CHILDREN: u32 = 32768;
const PAGE: u32 = 4096;
/** Memory is taken in pieces of so many bytes. */
const PIECE: u32 = 262144;

const children = zeroed<FixedArray<i32, 32768>>();

/** Forks until there are no processes left, then kills them all. Returns an exit status. */
export function processBomb(): i32 {
  let count: u32 = 0;
  let error: i32 = 0;
  while (count < MAX_CHILDREN && error === 0) {
    const pid = fork();
    if (pid === 0) {
      while (true) int80(SYS_pause, 0, 0, 0, 0, 0, 0);
    }
    if (pid < 0) error = pid;
    else {
      children[count] = pid;
      count++;
    }
  }
  for (let i: u32 = 0; i < count; i++) kill(children[i], SIGKILL);
  for (let i: u32 = 0; i < count; i++) {
    if (wait4(children[i], null, 0) !== children[i]) return failed('a child is lost', 0);
  }
  if (error !== -EAGAIN && error !== -ENOMEM) return failed('fork', error);
  const pid = fork();
  if (pid === 0) exitNow(0);
  if (pid < 0 || wait4(pid, null, 0) !== pid) return failed('fork after the bomb', pid);
  print('torture: %u processes, and no more\n', count);
  return 0;
}

/** A child takes memory until it is refused, or killed; afterwards there is memory again. */
export function memoryBomb(): i32 {
  const pid = fork();
  if (pid === 0) exitNow(hog());
  if (pid < 0) return failed('fork', pid);
  const status = zeroed<FixedArray<u32, 1>>();
  wait4(pid, status, 0);
  const signal = status[0] & 0x7f;
  if (signal !== 0 && signal !== SIGKILL && signal !== SIGBUS && signal !== SIGSEGV)
    return failed('signal', i32(signal));
  if (signal === 0 && status[0] !== 0) return failed('the hog', i32(status[0] >>> 8));
  const memory = mapPiece();
  if (u32(memory) >= 0xfffff001) return failed('mmap2 after the bomb', memory);
  touch(u32(memory));
  int80(SYS_munmap, u32(memory), PIECE, 0, 0, 0, 0);
  return 0;
}

/** Returns 0 if it ends by ENOMEM. */
function hog(): i32 {
  while (true) {
    const memory = mapPiece();
    if (memory === -ENOMEM) return 0;
    if (u32(memory) >= 0xfffff001) return 1;
    touch(u32(memory));
  }
}

function mapPiece(): i32 {
  return int80(SYS_mmap2, 0, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0xffffffff, 0);
}

function touch(address: u32): void {
  for (let at: u32 = 0; at < PIECE; at += PAGE) ptr<Volatile<u32>>(address + at)[0] = at;
}

function failed(what: string, error: i32): i32 {
  printError('torture: bomb: %s: %d\n', what, error);
  return 1;
}
