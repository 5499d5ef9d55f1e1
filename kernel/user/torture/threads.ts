/*
 * Rounds about threads: torture --threads N. A team of N threads shares one program's memory: its members count under one
 * lock, meet at a barrier and find there what the others have written, map, protect and copy memory while the others do
 * the same, and fork. Whole programs of threads end by an exit, a fault or an exec of one of them.
 */

import { SIGKILL, SIGSEGV } from '../../abi/signal.ts';
import { SYS_pause } from '../../abi/syscallNumbers.ts';
import { exitNow, fork, getpid, kill, schedYield } from '../lib/processCalls.ts';
import {
  type Barrier,
  broadcast,
  type Condition,
  joinThread,
  type Lock,
  releaseLock,
  startThread,
  takeLock,
  type Thread,
  waitAtBarrier,
  waitForCondition,
} from '../lib/threads.ts';
import { expectEnd, expectEqual, type Job, random, seedJob, succeeded } from './job.ts';
import { copyOnWriteRound, mapRound, protectRound } from './memory.ts';
import { CHILD_STATUS, executeSelf } from './processes.ts';

/** Members that a team may have. */
export const MAX_THREADS: u32 = 64;
/** Turns that each member has at the lock, and at the barrier. */
const LOCK_TURNS: u32 = 40;
const BARRIER_TURNS: u32 = 6;

class Member {
  thread: Inline<Thread>;
  job: Inline<Job>;
  cell: Volatile<u32>; // what it shows to the others at the barrier
}

/** One program's threads. There is one team in a process. */
class Team {
  size: u32;
  lock: Inline<Lock>;
  barrier: Inline<Barrier>;
  condition: Inline<Condition>;
  isOpen: boolean; // under the lock: what is waited for at the condition
  counter: u32; // under the lock
  ready: Volatile<u32>; // threads that have begun
  members: FixedArray<Inline<Member>, 64>;
}

const team = zeroed<Inline<Team>>();

/** Starts a team of up to `size`; how many there are. */
function startTeam(job: Job, size: u32, entry: (member: u32) => void): u32 {
  fillBytes(ptr<u8>(team), 0, sizeof<Team>());
  for (let i: u32 = 0; i < size; i++) {
    const member = team.members[i];
    seedJob(member.job, job.state, i, job.program);
    member.job.number = job.number;
    member.job.iteration = job.iteration;
  }
  // Nobody begins before it is known how many there are.
  takeLock(team.lock);
  let started: u32 = 0;
  while (started < size) {
    if (!succeeded(job, 'clone', startThread(team.members[started].thread, entry, started))) break;
    started++;
  }
  team.size = started;
  team.barrier.total = started;
  releaseLock(team.lock);
  return started;
}

function joinTeam(): void {
  for (let i: u32 = 0; i < team.size; i++) joinThread(team.members[i].thread);
}

/** A member's part in a round. */
function work(index: u32): void {
  takeLock(team.lock);
  releaseLock(team.lock);
  const member = team.members[index];
  const job: Job = member.job;
  for (let i: u32 = 0; i < LOCK_TURNS; i++) count(job);
  for (let turn: u32 = 1; turn <= BARRIER_TURNS; turn++) meet(job, member, turn);
  mapRound(job);
  protectRound(job);
  copyOnWriteRound(job);
}

/** Two threads in here at once would lose a count. */
function count(job: Job): void {
  takeLock(team.lock);
  const seen = team.counter;
  if (random(job, 8) === 0) schedYield();
  team.counter = seen + 1;
  releaseLock(team.lock);
}

function meet(job: Job, member: Member, turn: u32): void {
  member.cell = turn;
  waitAtBarrier(team.barrier);
  for (let i: u32 = 0; i < team.size; i++) expectEqual(job, 'a cell behind a barrier', team.members[i].cell, turn);
  waitAtBarrier(team.barrier);
}

/** A team does all of the above. */
export function threadRound(job: Job, size: u32): void {
  const started = startTeam(job, size, work);
  joinTeam();
  expectEqual(job, 'a counter under a lock', team.counter, started * LOCK_TURNS);
}

function waitUntilOpen(_index: u32): void {
  takeLock(team.lock);
  atomic.inc(addrOf(team.ready));
  while (!team.isOpen) waitForCondition(team.condition, team.lock);
  team.counter++;
  releaseLock(team.lock);
}

/** A team waits for a condition; all of it goes on when that is true. */
export function conditionRound(job: Job, size: u32): void {
  const started = startTeam(job, size, waitUntilOpen);
  while (team.ready < started) schedYield();
  takeLock(team.lock);
  team.isOpen = true;
  broadcast(team.condition, team.lock);
  releaseLock(team.lock);
  joinTeam();
  expectEqual(job, 'threads behind a condition', team.counter, started);
}

// ---------------------------------------------------------------------------------------------------------------------
// Ends.

function waitForEver(_index: u32): void {
  atomic.inc(addrOf(team.ready));
  for (;;) int80(SYS_pause, 0, 0, 0, 0, 0, 0);
}

function spin(index: u32): void {
  atomic.inc(addrOf(team.ready));
  for (;;) {
    team.members[index].cell++;
  }
}

function endGroup(_index: u32): void {
  exitNow(7);
}

function fault(_index: u32): void {
  ptr<Volatile<u8>>(16)[0] = 1;
}

function execute(_index: u32): void {
  executeSelf(team.members[0].job);
}

function killSelf(_index: u32): void {
  kill(getpid(), SIGKILL);
}

/** The child's part: threads that wait and threads that run, and one that ends them all. */
function endTogether(job: Job, size: u32, last: (index: u32) => void): never {
  const started = startTeam(job, size, random(job, 2) === 0 ? spin : waitForEver);
  while (team.ready < started) schedYield();
  const thread = zeroed<Inline<Thread>>();
  if (startThread(thread, last, 0) < 0) last(0);
  for (;;) int80(SYS_pause, 0, 0, 0, 0, 0, 0);
}

/** In a program of several threads, one exits, crashes, executes another program, or all are killed. */
export function groupRound(job: Job, size: u32): void {
  const way = random(job, 4);
  const pid = fork();
  if (pid === 0) {
    if (way === 0) endTogether(job, size, endGroup);
    if (way === 1) endTogether(job, size, fault);
    if (way === 2) endTogether(job, size, execute);
    endTogether(job, size, killSelf);
  }
  if (!succeeded(job, 'fork', pid)) return;
  const wanted: u32 = way === 0 ? 7 << 8 : way === 1 ? SIGSEGV : way === 2 ? CHILD_STATUS << 8 : SIGKILL;
  expectEnd(job, 'the end of a program of threads', pid, wanted);
}
