/*
 * Run queues: which tasks want to run on which CPU, and where a task goes that wants to run.
 *
 * Each CPU has a list of tasks that are ready, served in turn. A task whose slice is used up gets a new one and goes to
 * the end; one that comes back with some of its slice left goes to the front.
 *
 * Placing. A task that becomes runnable goes back to the CPU where it ran last (its translations and cache lines are
 * there) if that is idle; else to any idle CPU that it may use; else to the old one again; else, as when it is new, to
 * the one that has least to do. proc/balance.ts mends later what that spreads badly.
 *
 * Between queues. Two run queue locks are never held at once. A task that moves is on no queue for a moment: it is
 * RUNNING, `onQueue` is false, and whoever took it off, or woke it, is the one that puts it on (placeTask). A waker sees
 * that it is awake and leaves it alone.
 *
 * Locking. (R) RunQueue.lock, interrupts off; the innermost lock of all. Fields marked (R) in proc/task.ts belong to
 * the lock of the queue that `task.cpu` names; to change `task.cpu` needs it as well.
 */

import { type Cpu, cpuById, cpuCount, cpuMask, MAX_CPUS } from '../arch/x86/cpu.ts';
import { sendReschedule } from '../arch/x86/ipi.ts';
import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type Task } from './task.ts';

/** The class of RunQueue.lock. */
export class RunQueueLock {
  declare readonly lock: 'runQueueLock';
}

/** The tasks that want to run on one CPU. */
export class RunQueue {
  lock: Inline<Spinlock<RunQueueLock>>;
  cpu: u32; // (C)
  ready: Inline<ListHead>; // (R) of Task.runLink: runnable and not running, the next first
  readyCount: u32; // (R) read by all as a hint
  /** Who ran before the current task: finishSwitch, on the new stack, has no other way to know. */
  previous: Task; // (R)
  /** Who ran before the current task and is to go on elsewhere, once its registers are saved. */
  homeless: Task | null; // (R)
  switches: u64; // (R)
}

/** Ticks of a fresh slice for nice 0. */
const DEFAULT_SLICE: i32 = 6;

const queues = zeroed<FixedArray<Inline<RunQueue>, 8>>(); // MAX_CPUS

/** Makes empty queues. */
export function initRunQueues(): void {
  for (let i: u32 = 0; i < MAX_CPUS; i++) {
    const queue = queues[i];
    queue.lock.init('runQueue');
    queue.ready.init();
    queue.cpu = i;
  }
}

/** The queue of CPU `cpu`. */
export function runQueue(cpu: u32): RunQueue {
  return queues[cpu];
}

/** The task that a link in RunQueue.ready is in. */
export function taskOfRunLink(link: ListHead): Task {
  return as<Task>(u32(link) - offsetof<Task>('runLink'));
}

/**
 * Locks the queue that a task belongs to, and returns it: `task.cpu` does not change until the caller has released the
 * lock (releaseIrqRestore).
 */
export function lockQueueOf(task: Task): RunQueue {
  for (;;) {
    const queue = queues[task.cpu];
    queue.lock.acquireIrqSave();
    if (queue.cpu === task.cpu) return queue;
    queue.lock.releaseIrqRestore(); // it was moved before we had the lock
  }
}

/** May the task run there? */
export function mayRunOn(task: Task, cpu: u32): boolean {
  return (task.affinity & (1 << cpu)) !== 0;
}

/** A full slice, in ticks: 6 for nice 0, from 12 (nice -20) to 1 (nice 19). */
function freshSlice(task: Task): u32 {
  const slice = DEFAULT_SLICE - (task.nice * 3) / 10;
  return slice < 1 ? 1 : u32(slice);
}

/** Has `cpu` call schedule() as soon as it can: before its next return to user mode, or at once if it is idle. */
export function requestSchedule(cpu: Cpu): void {
  if (cpu.needResched) return; // it has been told already, and has not come to it yet
  cpu.needResched = true;
  sendReschedule(cpu);
}

/** Puts a runnable task on the queue, and asks its CPU to look if it should run at once. */
export function enqueue(queue: RunQueue, task: Task, _held: Held<RunQueueLock>): void {
  task.onQueue = true;
  if (task.slice === 0) {
    task.slice = freshSlice(task);
    queue.ready.addBefore(task.runLink);
  } else {
    queue.ready.addAfter(task.runLink);
  }
  queue.readyCount++;
  const cpu = cpuById(queue.cpu);
  const running = cpu.current;
  if (running.isIdle || task.slice > running.slice) requestSchedule(cpu);
}

/** Takes a ready task off the queue: it is to go elsewhere. */
export function takeOff(queue: RunQueue, task: Task, _held: Held<RunQueueLock>): void {
  task.runLink.unlink();
  task.onQueue = false;
  queue.readyCount--;
}

/** Tasks that run or want to on this CPU. A hint. */
export function queueLoad(cpu: u32): u32 {
  return queues[cpu].readyCount + (cpuById(cpu).current.isIdle ? 0 : 1);
}

/** The CPU where a task should go that ran on `last` before. A hint: what it looks at changes. */
export function chooseCpu(task: Task, last: u32): u32 {
  const allowed = task.affinity & cpuMask();
  if ((allowed & (1 << last)) !== 0 && queueLoad(last) === 0) return last;
  let best = last;
  let least: u32 = (allowed & (1 << last)) !== 0 ? queueLoad(last) : 0xffffffff;
  for (let i: u32 = 1; i < cpuCount(); i++) {
    const cpu = (last + i) % cpuCount();
    if ((allowed & (1 << cpu)) === 0) continue;
    const load = queueLoad(cpu);
    if (load === 0) return cpu;
    if (least !== 0xffffffff) continue; // nobody is idle: the old one is as good
    best = cpu;
    least = load;
  }
  return best;
}

/** The same for a task that has never run: nothing ties it to any CPU. */
export function chooseFirstCpu(task: Task, parent: u32): u32 {
  let best = chooseCpu(task, parent);
  for (let i: u32 = 0; i < cpuCount(); i++) {
    if (mayRunOn(task, i) && queueLoad(i) < queueLoad(best)) best = i;
  }
  return best;
}

/**
 * Puts a task that is runnable and on no queue where it may run. The caller is the one who made it so.
 *
 * @locking takes (R); no run queue's lock held
 */
export function placeTask(task: Task): void {
  for (;;) {
    const queue = lockQueueOf(task);
    const fits = mayRunOn(task, queue.cpu);
    if (fits) enqueue(queue, task, witness<RunQueueLock>());
    else task.cpu = chooseCpu(task, queue.cpu);
    queue.lock.releaseIrqRestore();
    if (fits) return;
  }
}
