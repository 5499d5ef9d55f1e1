/*
 * Out of memory: somebody has to go.
 *
 * Whoever asks for the last page is not to blame: a process with the most pages, in memory and in swap, is ended, the
 * youngest if there are several. One at a time: as long as one that was chosen is on its way out, others wait for what it
 * leaves. Process 1 and kernel threads are spared. That the kernel itself still has memory to carry all this out is what
 * the reserve is for (mm/userPages.ts).
 *
 * Locking. (T) while the choice is made.
 */

import { SIGKILL } from '../abi/signal.ts';
import { monotonicNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { printk } from '../lib/printk.ts';
import { stopEmptying } from '../mm/swapArea.ts';
import { killPending, setCurrentState } from './scheduler.ts';
import { killSelf, sendKernelSignal } from './signalSend.ts';
import { scheduleTimeout } from './sleep.ts';
import { type Process, type Task, TASK_KILLABLE, TASK_RUNNING } from './task.ts';
import { firstThread, lockTasks, nextThread, processAfter, type TaskListLock } from './taskList.ts';

const INIT_PID: u32 = 1;
/** How long somebody else may take to leave before we look again, in nanoseconds. */
const PATIENCE: u64 = 10000000n;

/**
 * There is no memory for a page that the current program needs. Ends a process, or lets one that is ending go on with
 * that. Afterwards the current one is killed, or it may try again.
 *
 * While a swap area is being emptied, that is what goes: it takes memory, and its pages may stay where they are.
 *
 * @sleeps
 */
export function outOfMemory(): void {
  if (!stopEmptying() && chooseVictim()) killSelf();
  else waitForOthers();
}

function waitForOthers(): void {
  setCurrentState(TASK_KILLABLE);
  if (!killPending()) scheduleTimeout(monotonicNs() + PATIENCE);
  setCurrentState(TASK_RUNNING);
}

/** Kills the largest process, unless it is dying already. True: it is the current one, whose caller sees to it. */
function chooseVictim(): boolean {
  using tasks = lockTasks();
  const largest = largestTask(tasks);
  const victim = largest === null ? current() : largest;
  const isCurrent = victim.process === current().process;
  if (victim.killed && !isCurrent) return false;
  printk('out of memory: killed process %u (%s)\n', victim.process.pid, addrOf(victim.name));
  if (!isCurrent) sendKernelSignal(victim.process, SIGKILL, tasks);
  return isCurrent;
}

/**
 * A thread of the process that is to go; null: there is none that may. Of those that are nearly as large as the largest it
 * is the youngest: after a fork parent and child have the same pages, and the older one has more to lose.
 */
function largestTask(tasks: Held<TaskListLock>): Task | null {
  let most: u32 = 0;
  for (let process = processAfter(null, tasks); process !== null; process = processAfter(process, tasks)) {
    const pages = pagesOf(threadWithMemory(process, tasks));
    if (pages > most) most = pages;
  }
  let chosen: Task | null = null;
  for (let process = processAfter(null, tasks); process !== null; process = processAfter(process, tasks)) {
    const task = threadWithMemory(process, tasks);
    if (pagesOf(task) > most - most / 8) chosen = task;
  }
  return chosen;
}

/** A thread of a process that may be chosen; null: it may not, or has no memory any more. */
function threadWithMemory(process: Process, tasks: Held<TaskListLock>): Task | null {
  let task: Task | null = process.pid === INIT_PID ? null : firstThread(process, tasks);
  while (task !== null && task.mm === null) task = nextThread(task, tasks);
  return task;
}

function pagesOf(task: Task | null): u32 {
  return task === null ? 0 : task.mm!.rss + task.mm!.swapEntries;
}
