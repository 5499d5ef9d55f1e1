/*
 * What /proc tells of a process, or of one of its threads, copied at one moment.
 *
 * Locking. A Snapshot is filled under (T), the task list's lock, and printed without it.
 */

import { RLIMIT_RSS, RLIMIT_SIGPENDING } from '../abi/resource.ts';
import { SIG_DFL, SIG_IGN } from '../abi/signal.ts';
import { PAGE_SIZE, pageCeil, pageFloor } from '../arch/x86/layout.ts';
import { mmput } from '../mm/mm.ts';
import { countQueued } from '../proc/signalPending.ts';
import { type SignalSet } from '../proc/signalState.ts';
import {
  type Process,
  setName,
  type Task,
  TASK_DEAD,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TASK_STOPPED,
  TASK_TRACED,
} from '../proc/task.ts';
import { findTask, firstThread, lockTasks, nextThread } from '../proc/taskList.ts';
import { mmOf, processOf, THREAD_NODE } from './procLookup.ts';

/** What the process was at one moment. */
export class Snapshot {
  name: FixedArray<u8, 16>;
  state: u8; // the letter
  pid: u32;
  tid: u32; // of the thread; else as pid
  parent: u32;
  tracer: u32; // pid, or 0
  pgrp: u32;
  session: u32;
  ttyDevice: u32;
  ttyGroup: i32;
  minorFaults: u32;
  majorFaults: u32;
  utime: u32;
  stime: u32;
  childrenMinorFaults: u32;
  childrenMajorFaults: u32;
  childrenUtime: u32;
  childrenStime: u32;
  nice: i32;
  policy: u32;
  realtimePriority: u32;
  isKernelThread: boolean;
  noNewPrivileges: boolean;
  threads: u32;
  startTicks: u64;
  rssLimit: u32;
  queued: u32; // signals that wait with a record
  queueLimit: u32;
  pending: SignalSet; // of the first thread
  sharedPending: SignalSet;
  blocked: SignalSet;
  ignored: SignalSet;
  caught: SignalSet;
  exitSignal: i32;
  exitCode: u32;
  cpu: u32;
  affinity: u32;
  uids: FixedArray<u32, 4>;
  gids: FixedArray<u32, 4>;
  groupCount: u32;
  groups: FixedArray<u32, 32>;
  umask: u32;
  voluntary: u32;
  involuntary: u32;
}

const TICK: u64 = 10000000n;

/** False: there is no such process, or thread. `pid` may be marked as a thread's (procLookup.ts). */
export function takeSnapshot(pid: u32, result: Snapshot): boolean {
  using held = lockTasks();
  const process = processOf(pid, held);
  if (process === null) return false;
  const isThread = (pid & THREAD_NODE) !== 0;
  result.tid = pid & ~THREAD_NODE;
  fillProcess(process, result);
  const task = isThread ? findTask(result.tid, held) : firstThread(process, held);
  // A first thread that has ended shows as a zombie while others live.
  result.state = letterOf(findTask(result.tid, held));
  if (task === null) {
    setName(result.name, process.name);
    return true;
  }
  fillTask(task, result);
  if (isThread) clearAccounts(result);
  for (let other = isThread ? task : firstThread(process, held); other !== null;) {
    addAccounts(other, result);
    other = isThread ? null : nextThread(other, held);
  }
  return true;
}

function letterOf(task: Task | null): u8 {
  if (task === null) return 0x5a; // Z
  const state = task.state;
  if (state === TASK_RUNNING) return 0x52; // R
  if (state === TASK_INTERRUPTIBLE) return 0x53; // S
  if (state === TASK_STOPPED) return 0x54; // T
  if (state === TASK_TRACED) return 0x74; // t
  return state === TASK_DEAD ? 0x58 : 0x44; // X, D
}

function fillProcess(process: Process, result: Snapshot): void {
  const parent = process.parent;
  const tty = process.tty;
  result.pid = process.pid;
  result.parent = parent === null ? 0 : parent.pid;
  result.pgrp = process.pgrp;
  result.session = process.session;
  result.ttyDevice = tty === null ? 0 : tty.device;
  result.ttyGroup = tty === null ? -1 : i32(tty.foreground);
  result.minorFaults = process.minorFaults;
  result.majorFaults = process.majorFaults;
  result.childrenMinorFaults = process.childrenMinorFaults;
  result.childrenMajorFaults = process.childrenMajorFaults;
  result.utime = process.utime;
  result.stime = process.stime;
  result.childrenUtime = process.childrenUtime;
  result.childrenStime = process.childrenStime;
  result.threads = process.threadCount;
  result.startTicks = process.startTime / TICK;
  result.rssLimit = process.limits[RLIMIT_RSS].rlim_cur;
  result.sharedPending = process.pending.set;
  result.queued = countQueued(process.pending);
  result.queueLimit = process.limits[RLIMIT_SIGPENDING].rlim_cur;
  result.exitSignal = process.exitSignal;
  result.exitCode = process.exitCode;
  result.voluntary = process.voluntarySwitches;
  result.involuntary = process.involuntarySwitches;
  for (let signal: i32 = 1; signal <= 64; signal++) {
    const handler = process.handlers.actions[signal].handler;
    const bit = u64(1) << u64(signal - 1);
    if (handler === SIG_IGN) result.ignored |= bit;
    else if (handler !== SIG_DFL) result.caught |= bit;
  }
}

function fillTask(first: Task, result: Snapshot): void {
  result.tracer = first.tracer === null ? 0 : first.tracer.process.pid;
  const credentials = first.credentials;
  const context = first.fs;
  setName(result.name, first.name);
  result.nice = first.nice;
  result.policy = first.policy;
  result.realtimePriority = first.realtimePriority;
  result.isKernelThread = first.mm === null && first.state !== TASK_DEAD;
  result.noNewPrivileges = first.noNewPrivileges;
  result.groupCount = credentials.groupCount;
  for (let i: u32 = 0; i < credentials.groupCount; i++) result.groups[i] = credentials.groups[i];
  result.pending = first.pending.set;
  result.blocked = first.blocked;
  result.cpu = first.cpu;
  result.affinity = first.affinity;
  result.umask = context === null ? 0 : context.umask;
  result.uids[0] = credentials.uid;
  result.uids[1] = credentials.euid;
  result.uids[2] = credentials.suid;
  result.uids[3] = credentials.fsuid;
  result.gids[0] = credentials.gid;
  result.gids[1] = credentials.egid;
  result.gids[2] = credentials.sgid;
  result.gids[3] = credentials.fsgid;
}

/** Of one thread, not of those that have ended. */
function clearAccounts(result: Snapshot): void {
  result.minorFaults = 0;
  result.majorFaults = 0;
  result.utime = 0;
  result.stime = 0;
  result.voluntary = 0;
  result.involuntary = 0;
}

function addAccounts(task: Task, result: Snapshot): void {
  result.utime += task.utime;
  result.stime += task.stime;
  result.minorFaults += task.minorFaults;
  result.majorFaults += task.majorFaults;
  result.voluntary += task.voluntarySwitches;
  result.involuntary += task.involuntarySwitches;
}

/** Sizes of an address space in pages, zero where there is none. */
export class Sizes {
  total: u32;
  peak: u32;
  locked: u32;
  resident: u32;
  peakResident: u32;
  file: u32; // resident, of files or shared
  swapped: u32; // in slots
  code: u32; // of the program itself
  library: u32; // other code
  data: u32;
  stack: u32;
  tables: u32;
}

/** All zeroes for who has no address space. */
export function takeSizes(pid: u32, sizes: Sizes): void {
  const mm = mmOf(pid);
  if (mm === null) return;
  sizes.total = mm.totalVm;
  sizes.peak = mm.peakVm;
  sizes.locked = mm.lockedVm;
  sizes.resident = mm.rss;
  sizes.peakResident = mm.peakRss;
  sizes.file = mm.fileRss;
  sizes.swapped = mm.swapEntries;
  sizes.code = (pageCeil(mm.endCode) - pageFloor(mm.startCode)) / PAGE_SIZE;
  if (sizes.code > mm.execVm) sizes.code = mm.execVm;
  sizes.library = mm.execVm - sizes.code;
  sizes.data = mm.dataVm;
  sizes.stack = mm.stackVm;
  sizes.tables = mm.tablePages;
  mmput(mm);
}
