/*
 * Balancing: tasks that wait on one CPU while another has less to do, or less urgent work.
 *
 * Ordinary work is pulled, by the CPU that has less: an idle one looks before it goes to sleep and with each tick, a busy
 * one now and then. It takes one task at a time, the one that would have to wait longest, and not for a difference of one,
 * which would go back and forth.
 *
 * Of real-time tasks the most urgent are to run, one on each CPU. When one has to wait because a more urgent one has come,
 * its CPU pushes it to one with less urgent work (chooseCpu knows which). When a CPU is done with urgent work it pulls what
 * waits elsewhere and is more urgent than what it has now. Ticks pull, too, for what neither has seen: a priority or an
 * affinity that has changed, a second one that waits.
 *
 * Locking. (R) of the queue that is robbed, then of our own, one after the other (runQueue.ts). Callable in interrupts.
 */

import { type Cpu, cpuCount, cpuMask, thisCpu } from '../arch/x86/cpu.ts';
import {
  chooseCpu,
  mayRunOn,
  ordinaryLoad,
  placeTask,
  type RunQueue,
  runQueue,
  type RunQueueLock,
  takeOff,
  taskOfRunLink,
  urgencyOf,
} from './runQueue.ts';
import { type Task } from './task.ts';

/** A busy CPU compares itself with the others every so many ticks. */
const BALANCE_TICKS: u32 = 8;

/** The last of the waiting ordinary tasks that may run on `cpu`; null: none. */
function lastFor(queue: RunQueue, cpu: u32, _held: Held<RunQueueLock>): Task | null {
  for (let link = queue.ready.prev; link !== queue.ready; link = link.prev) {
    const task = taskOfRunLink(link);
    if (task.realtimePriority !== 0) return null;
    if (mayRunOn(task, cpu)) return task;
  }
  return null;
}

/** The first of the waiting real-time tasks that may run on `cpu` and are more urgent than `urgency`; null: none. */
function firstFor(queue: RunQueue, cpu: u32, urgency: u32, _held: Held<RunQueueLock>): Task | null {
  for (let link = queue.ready.next; link !== queue.ready; link = link.next) {
    const task = taskOfRunLink(link);
    if (task.realtimePriority <= urgency) return null;
    if (mayRunOn(task, cpu)) return task;
  }
  return null;
}

/** Takes an ordinary task that waits on `from` for CPU `to`: it is on no queue after that. Null: there is none. */
function rob(from: RunQueue, to: u32): Task | null {
  using held = from.lock.acquireIrqSave();
  const task = lastFor(from, to, held);
  if (task === null) return null;
  takeOff(from, task, held);
  task.cpu = to;
  return task;
}

/** The same for a task that is more urgent than what CPU `to` has. */
function robUrgent(from: RunQueue, to: u32): Task | null {
  using held = from.lock.acquireIrqSave();
  const task = firstFor(from, to, urgencyOf(to), held);
  if (task === null) return null;
  takeOff(from, task, held);
  task.cpu = to;
  return task;
}

/** The CPU of those in `mask` that has most to do, and where at least one task waits; `me`, if that has most. */
function busiestOf(mask: u32, me: u32): u32 {
  let busiest = me;
  for (let i: u32 = 0; i < cpuCount(); i++) {
    if ((mask & (1 << i)) === 0 || runQueue(i).readyCount === 0) continue;
    if (ordinaryLoad(i) > ordinaryLoad(busiest)) busiest = i;
  }
  return busiest;
}

/**
 * Takes over a task from a CPU where at least one waits and that has at least `difference` more to do than this one: from
 * the busiest, or, if none of its tasks may run here, from the next.
 */
export function pullTask(difference: u32): void {
  const me = thisCpu().id;
  let mask = cpuMask() & ~(1 << me);
  for (;;) {
    const from = busiestOf(mask, me);
    if (from === me || ordinaryLoad(from) < ordinaryLoad(me) + difference) return;
    const task = rob(runQueue(from), me);
    if (task !== null) {
      placeTask(task);
      return;
    }
    mask &= ~(1 << from);
  }
}

/** Takes over the most urgent real-time task that waits on another CPU, if it is more urgent than all that this one has. */
export function pullUrgent(): void {
  const me = thisCpu().id;
  let most = urgencyOf(me);
  let from = me;
  for (let i: u32 = 0; i < cpuCount(); i++) {
    if (i === me || runQueue(i).urgent <= most) continue;
    most = runQueue(i).urgent;
    from = i;
  }
  if (from === me) return;
  const task = robUrgent(runQueue(from), me);
  if (task !== null) placeTask(task);
}

/** Takes the first real-time task that waits here, if another CPU is better for it. Null: none, or it stays. */
function evict(queue: RunQueue): Task | null {
  using held = queue.lock.acquireIrqSave();
  if (queue.urgent === 0) return null;
  const task = taskOfRunLink(queue.ready.next);
  const cpu = chooseCpu(task, queue.cpu);
  if (cpu === queue.cpu) return null;
  takeOff(queue, task, held);
  task.cpu = cpu;
  return task;
}

/** Sends the most urgent real-time task that waits on this CPU to one that has less urgent work, if there is one. */
export function pushUrgent(): void {
  const task = evict(runQueue(thisCpu().id));
  if (task !== null) placeTask(task);
}

/** Each tick of each CPU, interrupts off. */
export function balanceTick(cpu: Cpu): void {
  pullUrgent();
  if (cpu.current.isIdle) pullTask(1);
  else if (((u32(cpu.ticks) + cpu.id) & (BALANCE_TICKS - 1)) === 0) pullTask(2);
}
