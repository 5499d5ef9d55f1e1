/*
 * Rounds about processes that others hold: stopped and continued, traced, rung by an alarm.
 */

import { MAP_ANONYMOUS, MAP_SHARED, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import { PTRACE_CONT, PTRACE_DETACH, PTRACE_SYSCALL, PTRACE_TRACEME } from '../../abi/ptrace.ts';
import { SIGALRM, SIGCONT, SIGKILL, SIGSTOP, SIGTRAP } from '../../abi/signal.ts';
import { SYS_getppid, SYS_mmap2, SYS_munmap, SYS_pause, SYS_ptrace, SYS_setitimer } from '../../abi/syscallNumbers.ts';
import { ITIMER_REAL, type Itimerval, type Timespec } from '../../abi/time.ts';
import { STATUS_STOPPED, WUNTRACED } from '../../abi/wait.ts';
import { exitNow, fork, getpid, kill, wait4 } from '../lib/processCalls.ts';
import { nanosleep } from '../lib/time.ts';
import { expectEnd, expectEqual, type Job, random, succeeded } from './job.ts';

const PAGE: u32 = 4096;
/** Ticks after which a process that can run has had its turn. */
const PATIENCE: u32 = 2000;

class Counter {
  value: Volatile<u32>;
}

/** Waits until the process that counts has had a turn. */
function expectCount(job: Job, counter: Counter): void {
  const moment = zeroed<Inline<Timespec>>();
  moment.tv_nsec = 1000;
  const before: u32 = counter.value;
  let isCounting: u32 = 0;
  for (let tick: u32 = 0; tick < PATIENCE && isCounting === 0; tick++) {
    nanosleep(moment, null);
    if (counter.value !== before) isCounting = 1;
  }
  expectEqual(job, 'going on after SIGCONT', isCounting, 1);
}

/** A process that counts is stopped and at once continued, again and again: it must go on each time. */
export function stopRound(job: Job): void {
  const place = int80(SYS_mmap2, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, 0xffffffff, 0);
  if (!succeeded(job, 'mmap2', place)) return;
  const counter = as<Counter>(u32(place));
  const pid = fork();
  if (pid === 0) {
    for (;;) counter.value++;
  }
  if (succeeded(job, 'fork', pid)) {
    for (let i: u32 = 0; i < 3; i++) {
      kill(pid, SIGSTOP);
      for (let left = random(job, 500); left > 0; left--) pause();
      kill(pid, SIGCONT);
      expectCount(job, counter);
    }
    kill(pid, SIGKILL);
    expectEnd(job, 'a process that was stopped and continued', pid, SIGKILL);
  }
  int80(SYS_munmap, u32(place), PAGE, 0, 0, 0, 0);
}

function ptrace(request: u32, pid: i32, signal: u32): i32 {
  return int80(SYS_ptrace, request, u32(pid), 0, signal, 0, 0);
}

/** The next stop of a tracee must be for `signal`. */
function expectStop(job: Job, pid: i32, signal: u32): void {
  const status = zeroed<FixedArray<u32, 1>>();
  expectEqual(job, 'wait4 for a tracee', u32(wait4(pid, status, WUNTRACED)), u32(pid));
  expectEqual(job, 'the stop of a tracee', status[0], (signal << 8) | STATUS_STOPPED);
}

/** A child is followed through some system calls, then let go, detached from, or killed. */
export function traceRound(job: Job): void {
  const key = random(job, 200);
  const pid = fork();
  if (pid === 0) {
    ptrace(PTRACE_TRACEME, 0, 0);
    kill(getpid(), SIGSTOP);
    for (let i: u32 = 0; i < 10; i++) int80(SYS_getppid, 0, 0, 0, 0, 0, 0);
    exitNow(i32(key));
  }
  if (!succeeded(job, 'fork', pid)) return;
  expectStop(job, pid, SIGSTOP);
  for (let steps = random(job, 8); steps > 0; steps--) {
    expectEqual(job, 'ptrace', u32(ptrace(PTRACE_SYSCALL, pid, 0)), 0);
    expectStop(job, pid, SIGTRAP);
  }
  const way = random(job, 3);
  if (way === 0) kill(pid, SIGKILL);
  else expectEqual(job, 'ptrace', u32(ptrace(way === 1 ? PTRACE_CONT : PTRACE_DETACH, pid, 0)), 0);
  expectEnd(job, 'the end of a tracee', pid, way === 0 ? SIGKILL : key << 8);
}

/** A child whose alarm rings some rounds after it was set, and set anew, dies of it. */
export function alarmRound(job: Job): void {
  const pid = fork();
  if (pid === 0) {
    const alarm = zeroed<Inline<Itimerval>>();
    alarm.it_interval.tv_usec = 1000;
    for (let i: u32 = 0; i < 3; i++) {
      alarm.it_value.tv_usec = i32(1 + random(job, 20000));
      int80(SYS_setitimer, ITIMER_REAL, u32(alarm), 0, 0, 0, 0);
    }
    for (;;) int80(SYS_pause, 0, 0, 0, 0, 0, 0);
  }
  if (succeeded(job, 'fork', pid)) expectEnd(job, 'death by alarm', pid, SIGALRM);
}
