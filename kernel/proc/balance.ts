/*
 * Balancing: tasks that wait on one CPU while another has less to do.
 *
 * Work is pulled, by the CPU that has less: an idle one looks before it goes to sleep and with each tick, a busy one now
 * and then. It takes one task at a time, the one that would have to wait longest, and not for a difference of one, which
 * would go back and forth.
 *
 * Locking. (R) of the queue that is robbed, then of our own, one after the other (runQueue.ts). Callable in interrupts.
 */

import { type Cpu, cpuCount, thisCpu } from '../arch/x86/cpu.ts';
import {
  mayRunOn,
  placeTask,
  queueLoad,
  type RunQueue,
  runQueue,
  type RunQueueLock,
  takeOff,
  taskOfRunLink,
} from './runQueue.ts';
import { type Task } from './task.ts';

/** A busy CPU compares itself with the others every so many ticks. */
const BALANCE_TICKS: u32 = 8;

/** The last of the waiting tasks that may run on `cpu`; null: none. */
function lastFor(queue: RunQueue, cpu: u32, _held: Held<RunQueueLock>): Task | null {
  for (let link = queue.ready.prev; link !== queue.ready; link = link.prev) {
    const task = taskOfRunLink(link);
    if (mayRunOn(task, cpu)) return task;
  }
  return null;
}

/** Takes a task that waits on `from` for CPU `to`: it is on no queue after that. Null: there is none. */
function rob(from: RunQueue, to: u32): Task | null {
  using held = from.lock.acquireIrqSave();
  const task = lastFor(from, to, held);
  if (task === null) return null;
  takeOff(from, task, held);
  task.cpu = to;
  return task;
}

/** Takes over a task from a CPU where at least one waits and that has at least `difference` more to do than this one. */
export function pullTask(difference: u32): void {
  const me = thisCpu().id;
  let busiest = me;
  for (let i: u32 = 0; i < cpuCount(); i++) {
    if (i !== me && runQueue(i).readyCount !== 0 && queueLoad(i) > queueLoad(busiest)) busiest = i;
  }
  if (busiest === me || queueLoad(busiest) < queueLoad(me) + difference) return;
  const task = rob(runQueue(busiest), me);
  if (task !== null) placeTask(task);
}

/** Each tick of each CPU, interrupts off. */
export function balanceTick(cpu: Cpu): void {
  if (cpu.current.isIdle) pullTask(1);
  else if (((u32(cpu.ticks) + cpu.id) & (BALANCE_TICKS - 1)) === 0) pullTask(2);
}
