/*
 * Jobs: the processes of a pipeline, or of a background command, and what has become of them.
 *
 * An interactive shell puts each job into a process group of its own, gives the terminal to the group of the one in the
 * foreground, and takes it back when that one ends or stops. Other shells leave everything in their own group.
 */

import { EINTR } from '../../abi/errno.ts';
import { SIGCONT, SIGINT, SIGPIPE } from '../../abi/signal.ts';
import { STATUS_STOPPED, WNOHANG, WUNTRACED } from '../../abi/wait.ts';
import { MINUS, NEWLINE, PLUS, SPACE } from '../lib/characters.ts';
import { allocate, grown } from '../lib/buffer.ts';
import { print, printError, putByte, stdout, flush } from '../lib/output.ts';
import { kill, wait4 } from '../lib/processCalls.ts';
import { signalDescription } from '../lib/signalNames.ts';
import { startsWith } from '../lib/strings.ts';
import { setForeground } from '../lib/terminal.ts';
import { shell } from './state.ts';
import { trappedSignal } from './traps.ts';

/** Jobs of the table when it is first made; it grows. */
const FIRST_ROOM: u32 = 16;
const TEXT_SIZE: u32 = 80;

const JOB_FREE = 0;
const JOB_RUNNING = 1;
const JOB_STOPPED = 2;
const JOB_DONE = 3;

class Member {
  pid: i32;
  /** The last wait status; meaningful unless it runs. */
  status: u32;
  running: boolean;
  stopped: boolean;
}

export class Job {
  /** What `jobs` shows, from 1. */
  number: u32;
  state: u32;
  /** The process group; 0 without job control. */
  group: i32;
  foreground: boolean;
  count: u32;
  /** There is room for so many; it grows. */
  room: u32;
  members: Ptr<Inline<Member>>;
  /** The command, as far as there is room. */
  text: FixedArray<u8, 80>;
}

/** All jobs by number, the first of which is 1. A place stays that job's for good, free or not. */
class Jobs {
  count: u32;
  room: u32;
  list: Ptr<Job>;
}

const jobs = zeroed<Inline<Jobs>>();

/** A new job, without processes yet. */
export function makeJob(text: Ptr<u8>, length: u32, foreground: boolean): Job {
  const job = freeJob();
  job.state = JOB_RUNNING;
  job.group = 0;
  job.foreground = foreground;
  job.count = 0;
  const shown = length < TEXT_SIZE ? length : TEXT_SIZE - 1;
  for (let k: u32 = 0; k < shown; k++) job.text[k] = text[k] === NEWLINE ? 0x20 : text[k];
  job.text[shown] = 0;
  return job;
}

/** A place for a job: a free one, or that of one that is done though nobody has asked for its status, or a new one. */
function freeJob(): Job {
  for (let i: u32 = 0; i < jobs.count; i++) {
    if (jobs.list[i].state === JOB_FREE) return jobs.list[i];
  }
  if (jobs.count >= FIRST_ROOM) {
    while (collect(WNOHANG) > 0) continue;
    for (let i: u32 = 0; i < jobs.count; i++) {
      if (jobs.list[i].state === JOB_DONE) return jobs.list[i];
    }
  }
  return addJob();
}

function addJob(): Job {
  if (jobs.count === jobs.room) {
    const room = jobs.room === 0 ? FIRST_ROOM : 2 * jobs.room;
    jobs.list = ptr<Job>(u32(grown(ptr<u8>(jobs.list), jobs.count * 4, room * 4)));
    jobs.room = room;
  }
  const job = as<Job>(allocate(sizeof<Job>()));
  fillBytes(ptr<u8>(job), 0, sizeof<Job>());
  jobs.list[jobs.count] = job;
  jobs.count++;
  job.number = jobs.count;
  return job;
}

export function addMember(job: Job, pid: i32): void {
  if (job.count === job.room) {
    const room = job.room === 0 ? 1 : 2 * job.room;
    const size = sizeof<Member>();
    job.members = ptr<Inline<Member>>(u32(grown(ptr<u8>(job.members), job.count * size, room * size)));
    job.room = room;
  }
  const member = job.members[job.count];
  member.pid = pid;
  member.running = true;
  member.stopped = false;
  job.count++;
}

/** A job that could not be started at all. */
export function dropJob(job: Job): void {
  job.state = JOB_FREE;
}

/** A forked shell has no jobs: the processes are not its children. */
export function forgetJobs(): void {
  for (let i: u32 = 0; i < jobs.count; i++) jobs.list[i].state = JOB_FREE;
}

/** The job with this number, or the latest one that is not done (0). Null if there is none. */
export function findJob(number: u32): Job | null {
  if (number !== 0)
    return number <= jobs.count && jobs.list[number - 1].state !== JOB_FREE ? jobs.list[number - 1] : null;
  for (let i: u32 = jobs.count; i > 0; i--) {
    const state = jobs.list[i - 1].state;
    if (state === JOB_RUNNING || state === JOB_STOPPED) return jobs.list[i - 1];
  }
  return null;
}

/** The job whose command begins with `text`; null asks for the one before the current one. Null if there is none. */
export function findJobByText(text: Ptr<u8> | null): Job | null {
  const current = findJob(0);
  for (let i: u32 = jobs.count; i > 0; i--) {
    const job = jobs.list[i - 1];
    if (job.state !== JOB_RUNNING && job.state !== JOB_STOPPED) continue;
    if (text === null ? job !== current : startsWith(job.text, text)) return job;
  }
  return null;
}

/** What the shell makes of a wait status: the exit status, or 128 and the signal. */
export function shellStatus(status: u32): i32 {
  const low = status & 0x7f;
  if (low === STATUS_STOPPED) return i32(128 + ((status >>> 8) & 0xff));
  return i32(low !== 0 ? 128 + low : (status >>> 8) & 0xff);
}

/** Waits until the job ends or stops. Returns its status: that of its last process. */
export function waitForeground(job: Job): i32 {
  while (job.state === JOB_RUNNING && collect(0) >= 0) continue;
  const last = job.members[job.count - 1];
  const status = last.status;
  const state = job.state;
  if (shell.interactive) setForeground(0, shell.group);
  if (state === JOB_STOPPED) {
    job.foreground = false;
    print('\n[%u] Stopped  %s\n', job.number, ptr<u8>(job.text));
  } else {
    tellSignal(status);
    job.state = JOB_FREE;
  }
  flush(stdout);
  return shellStatus(status);
}

/** Says what killed a foreground process. ^C and a pipe without readers are everyday ends. */
function tellSignal(status: u32): void {
  const signal = status & 0x7f;
  if (signal === 0) return;
  if (signal === SIGINT) {
    // A shell that runs a script gets a ^C itself; if it did not, the signal was for the process alone.
    if (!shell.interactive) return;
    shell.interrupted = true;
    putByte(stdout, NEWLINE);
  } else if (signal !== SIGPIPE) {
    printError('%s\n', signalDescription(signal));
  }
}

/** Waits for one job, or for all (null). Returns the status of the one. Ends early on ^C. */
export function waitBackground(job: Job | null): i32 {
  while (job === null ? anyRunning() : job.state === JOB_RUNNING) {
    const collected = collect(0);
    if (trappedSignal() !== 0) return i32(128 + trappedSignal());
    if (collected < 0) return shell.interrupted ? 128 + SIGINT : 0;
  }
  if (job === null) return 0;
  const status = shellStatus(job.members[job.count - 1].status);
  if (job.state === JOB_DONE) job.state = JOB_FREE;
  return status;
}

/** The job that process `pid` belongs to, or null. */
export function jobOfProcess(pid: i32): Job | null {
  for (let i: u32 = 0; i < jobs.count; i++) {
    if (jobs.list[i].state !== JOB_FREE && memberOf(jobs.list[i], pid) !== null) return jobs.list[i];
  }
  return null;
}

function anyRunning(): boolean {
  for (let i: u32 = 0; i < jobs.count; i++) {
    if (jobs.list[i].state === JOB_RUNNING) return true;
  }
  return false;
}

/** Lets a stopped job go on, in the foreground or not. Returns its status. */
export function resumeJob(job: Job, foreground: boolean): i32 {
  job.state = JOB_RUNNING;
  job.foreground = foreground;
  for (let i: u32 = 0; i < job.count; i++) {
    if (job.members[i].stopped) job.members[i].running = true;
    job.members[i].stopped = false;
  }
  print(foreground ? '%s\n' : '%s &\n', ptr<u8>(job.text));
  flush(stdout);
  if (foreground) setForeground(0, job.group);
  kill(-job.group, SIGCONT);
  return foreground ? waitForeground(job) : 0;
}

/** In an interactive shell: takes in what has ended, without waiting, and says so. Scripts ask by `wait`. */
export function reportJobs(): void {
  while (collect(WNOHANG) > 0) continue;
  for (let i: u32 = 0; i < jobs.count && shell.interactive; i++) {
    if (jobs.list[i].state !== JOB_DONE) continue;
    describe(jobs.list[i], JobList.Short);
    jobs.list[i].state = JOB_FREE;
  }
}

/** How jobs are listed: briefly, with a process id, or as nothing but that. */
export enum JobList {
  Short,
  Long,
  Processes,
}

/** Prints all jobs. */
export function listJobs(kind: i32): void {
  while (collect(WNOHANG) > 0) continue;
  for (let i: u32 = 0; i < jobs.count; i++) {
    const job = jobs.list[i];
    if (job.state === JOB_FREE || job.count === 0) continue;
    describe(job, kind);
    if (job.state === JOB_DONE) job.state = JOB_FREE;
  }
}

function describe(job: Job, kind: i32): void {
  const status = job.members[job.count - 1].status;
  if (kind === JobList.Processes) {
    print('%d\n', job.members[0].pid);
    return;
  }
  print('[%u] %c ', job.number, job === findJob(0) ? PLUS : job === findJobByText(null) ? MINUS : SPACE);
  if (kind === JobList.Long) print('%d ', job.members[0].pid);
  if (job.state === JOB_RUNNING) print('Running');
  else if (job.state === JOB_STOPPED) print('Stopped');
  else if ((status & 0x7f) !== 0) print('%s', signalDescription(status & 0x7f));
  else if (shellStatus(status) !== 0) print('Exit %d', shellStatus(status));
  else print('Done');
  print('  %s\n', ptr<u8>(job.text));
}

/** Waits for any child (or, with WNOHANG, does not) and notes what happened. Returns its pid, 0, or an error. */
function collect(options: u32): i32 {
  const status = zeroed<FixedArray<u32, 1>>();
  const pid = wait4(-1, status, options | WUNTRACED);
  if (pid === -EINTR) return shell.interrupted && !foregroundRuns() ? pid : 0;
  if (pid <= 0) return pid;
  const job = jobOfProcess(pid);
  if (job === null) return pid;
  const member = memberOf(job, pid)!;
  member.status = status[0];
  member.running = false;
  member.stopped = (status[0] & 0xff) === STATUS_STOPPED;
  update(job);
  return pid;
}

function foregroundRuns(): boolean {
  for (let i: u32 = 0; i < jobs.count; i++) {
    if (jobs.list[i].state === JOB_RUNNING && jobs.list[i].foreground) return true;
  }
  return false;
}

function memberOf(job: Job, pid: i32): Member | null {
  for (let i: u32 = 0; i < job.count; i++) {
    if (job.members[i].pid === pid) return job.members[i];
  }
  return null;
}

/** A job runs while one of its processes does; it is done when all are. */
function update(job: Job): void {
  let stopped = false;
  for (let i: u32 = 0; i < job.count; i++) {
    if (job.members[i].running) return;
    if (job.members[i].stopped) stopped = true;
  }
  job.state = stopped ? JOB_STOPPED : JOB_DONE;
}
