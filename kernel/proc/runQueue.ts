/*
 * Run queues: which tasks want to run on which CPU, and where a task goes that wants to run.
 *
 * Each CPU has a list of tasks that are ready: those for real time first, by priority, the ordinary ones behind them.
 *
 *   ordinary    served in turn. A task whose slice is used up gets a new one and goes to the end; one that comes back with
 *               some of its slice left goes to the front.
 *   real time   first come, first served within a priority. Who was preempted goes to the front of his priority; who
 *               comes from a sleep, has yielded, or has used up his slice (SCHED_RR alone has one) to the end.
 *
 * The ordinary tasks' turn. Real-time tasks that never sleep must not lock the others out. When a CPU has had them for 95
 * ticks, the order is reversed for five: an ordinary task, if there is one, goes before all others. Ticks in which the CPU
 * did something else pay for nineteen each, so that work that leaves the others their share is never held up.
 *
 * Placing. A task that becomes runnable goes back to the CPU where it ran last (its translations and cache lines are
 * there) if that is idle; else to any idle CPU that it may use; else to the old one again, unless real-time tasks have
 * that; else, as when it is new, to the one that has least to do. One for real time that finds no idle CPU goes where the
 * least urgent work is, the old CPU if that is as good, but stays where it was if all others are busy with what is as
 * urgent. proc/balance.ts mends later what that spreads badly.
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
  urgent: u32; // (R) the priority of the first of `ready`; 0: it is an ordinary task, or there is none. Read as a hint
  realtimeTicks: u32; // written by the CPU's tick: 95 and more: the ordinary tasks' turn. Read as a hint
  /** Who ran before the current task: finishSwitch, on the new stack, has no other way to know. */
  previous: Task; // (R)
  /** Who ran before the current task and is to go on elsewhere, once its registers are saved. */
  homeless: Task | null; // (R)
  switches: u64; // (R)
}

/** Ticks of a fresh slice for nice 0. */
const DEFAULT_SLICE: i32 = 6;
/** The same for SCHED_RR. */
const ROUND_ROBIN_SLICE: u32 = 10;

/** Of so many ticks the ordinary tasks have those at the end, if they want them. */
const SHARED_TICKS: u32 = 100;
/** How many real-time tasks may use in a row. */
const REALTIME_TICKS: u32 = 95;
/** What a tick without them pays for: 95 to 5. */
const PAID_TICKS: u32 = 19;
/** In their turn, ordinary tasks go before the highest priority, 99. */
const ABOVE_ALL: u32 = 100;
/** As how many tasks one for real time counts for an ordinary one that looks for a CPU. */
const REALTIME_LOAD: u32 = 19;

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

/** A full slice, in ticks: 10 for real time, which counts under SCHED_RR; 6 for nice 0, from 12 (nice -20) to 1 (nice 19). */
export function freshSlice(task: Task): u32 {
  if (task.realtimePriority !== 0) return ROUND_ROBIN_SLICE;
  const slice = DEFAULT_SLICE - (task.nice * 3) / 10;
  return slice < 1 ? 1 : u32(slice);
}

/** Has `cpu` call schedule() as soon as it can: before its next return to user mode, or at once if it is idle. */
export function requestSchedule(cpu: Cpu): void {
  if (cpu.needResched) return; // it has been told already, and has not come to it yet
  cpu.needResched = true;
  sendReschedule(cpu);
}

// ---------------------------------------------------------------------------------------------------------------------
// The order in a queue.

/** Is it the turn of the ordinary tasks there, so that they go before those for real time? */
function isOrdinaryTurn(queue: RunQueue): boolean {
  return queue.realtimeTicks >= REALTIME_TICKS;
}

function rankOf(queue: RunQueue, task: Task): u32 {
  const priority = task.realtimePriority;
  return priority === 0 && isOrdinaryTurn(queue) ? ABOVE_ALL : priority;
}

/** Should `task` have the CPU rather than `running`, which has it? */
function preempts(queue: RunQueue, task: Task, running: Task): boolean {
  if (running.isIdle) return true;
  if (task.realtimePriority !== running.realtimePriority) return rankOf(queue, task) > rankOf(queue, running);
  return task.realtimePriority === 0 && task.slice > running.slice;
}

/** Puts a task behind all that are more urgent, and before its equals or behind them, too. */
function insert(queue: RunQueue, task: Task, beforeEquals: boolean): void {
  if ((task.realtimePriority | queue.urgent) !== 0) insertByPriority(queue, task, beforeEquals);
  else if (beforeEquals) queue.ready.addAfter(task.runLink);
  else queue.ready.addBefore(task.runLink);
}

/** The same among real-time tasks. */
function insertByPriority(queue: RunQueue, task: Task, beforeEquals: boolean): void {
  const priority = task.realtimePriority;
  const passed = beforeEquals ? priority + 1 : priority; // the least urgent of those that go first
  let next = queue.ready.next;
  while (next !== queue.ready && taskOfRunLink(next).realtimePriority >= passed) next = next.next;
  next.addBefore(task.runLink);
  if (priority > queue.urgent) queue.urgent = priority;
}

/** Notes who is the first now that one has left, where the first was for real time. */
function updateUrgent(queue: RunQueue): void {
  queue.urgent = queue.ready.isEmpty() ? 0 : taskOfRunLink(queue.ready.next).realtimePriority;
}

/**
 * Puts a runnable task on the queue, and asks its CPU to look if it should run at once.
 *
 * @param wasRunning it comes from the CPU, not from a sleep or from another queue
 */
export function enqueue(queue: RunQueue, task: Task, wasRunning: boolean, _held: Held<RunQueueLock>): void {
  task.onQueue = true;
  if (task.slice !== 0) {
    insert(queue, task, wasRunning || task.realtimePriority === 0);
  } else {
    task.slice = freshSlice(task);
    insert(queue, task, false);
  }
  queue.readyCount++;
  const cpu = cpuById(queue.cpu);
  if (preempts(queue, task, cpu.current)) requestSchedule(cpu);
}

/** Takes a ready task off the queue: it is to go elsewhere. */
export function takeOff(queue: RunQueue, task: Task, _held: Held<RunQueueLock>): void {
  task.runLink.unlink();
  task.onQueue = false;
  queue.readyCount--;
  if (queue.urgent !== 0) updateUrgent(queue);
}

/** Takes the first task off; but an ordinary one, if there is one, when it is their turn. There is one for real time. */
function takeUrgent(queue: RunQueue): ListHead {
  let link = queue.ready.next;
  if (isOrdinaryTurn(queue) && taskOfRunLink(queue.ready.prev).realtimePriority === 0) {
    while (taskOfRunLink(link).realtimePriority !== 0) link = link.next;
  }
  link.unlink();
  updateUrgent(queue);
  return link;
}

/** Takes the task off the queue that is to run next, on its CPU; null: there is none. */
export function takeNext(queue: RunQueue, _held: Held<RunQueueLock>): Task | null {
  const link = queue.urgent === 0 ? queue.ready.takeFirst() : takeUrgent(queue);
  if (link === null) return null;
  queue.readyCount--;
  return taskOfRunLink(link);
}

/**
 * Accounts a tick of the queue's CPU, the current one, interrupts off. True: the turn of the ordinary tasks begins or ends
 * with it, and the CPU should look who is to run.
 *
 * @param isRealtime what the tick interrupted
 */
export function countTick(queue: RunQueue, isRealtime: boolean): boolean {
  let ticks = queue.realtimeTicks;
  if (isRealtime || isOrdinaryTurn(queue)) ticks = (ticks + 1) % SHARED_TICKS;
  else ticks = ticks > PAID_TICKS ? ticks - PAID_TICKS : 0;
  const hasTurned = isOrdinaryTurn(queue) !== ticks >= REALTIME_TICKS;
  queue.realtimeTicks = ticks;
  return hasTurned;
}

// ---------------------------------------------------------------------------------------------------------------------
// Choosing a queue.

/** Tasks that run or want to on this CPU. A hint. */
export function queueLoad(cpu: u32): u32 {
  return queues[cpu].readyCount + (cpuById(cpu).current.isIdle ? 0 : 1);
}

/** What a real-time task must exceed to run there at once: the priority of what runs there or wants to. A hint. */
export function urgencyOf(cpu: u32): u32 {
  const queue = queues[cpu];
  if (isOrdinaryTurn(queue)) return ABOVE_ALL;
  const running = cpuById(cpu).current.realtimePriority;
  return running > queue.urgent ? running : queue.urgent;
}

/** How much stands between an ordinary task and this CPU: tasks, and more if some are for real time. A hint. */
export function ordinaryLoad(cpu: u32): u32 {
  return queueLoad(cpu) + (urgencyOf(cpu) === 0 ? 0 : REALTIME_LOAD);
}

/** The CPU where a real-time task should go. */
function chooseUrgentCpu(task: Task, last: u32): u32 {
  let best = last;
  let least: u32 = 0xffffffff; // one more than what stands in the way on the best CPU; nothing if that is idle
  if (mayRunOn(task, last)) {
    const urgency = urgencyOf(last);
    least = 1 + (urgency < task.realtimePriority ? urgency : task.realtimePriority);
  }
  for (let i: u32 = 1; i < cpuCount(); i++) {
    const cpu = (last + i) % cpuCount();
    if (!mayRunOn(task, cpu)) continue;
    if (queueLoad(cpu) === 0) return cpu;
    const standing = 1 + urgencyOf(cpu);
    if (standing >= least) continue;
    best = cpu;
    least = standing;
  }
  return best;
}

/** The CPU where a task should go that ran on `last` before. A hint: what it looks at changes. */
export function chooseCpu(task: Task, last: u32): u32 {
  if (cpuCount() === 1) return last;
  const allowed = task.affinity & cpuMask();
  const mayStay = (allowed & (1 << last)) !== 0;
  if (mayStay && queueLoad(last) === 0) return last;
  if (task.realtimePriority !== 0) return chooseUrgentCpu(task, last);
  let best = last;
  let least: u32 = 0xffffffff;
  if (mayStay) least = urgencyOf(last) === 0 ? 0 : ordinaryLoad(last); // 0: if nobody is idle, it is as good as any
  for (let i: u32 = 1; i < cpuCount(); i++) {
    const cpu = (last + i) % cpuCount();
    if ((allowed & (1 << cpu)) === 0) continue;
    if (queueLoad(cpu) === 0) return cpu;
    if (least === 0) continue;
    const load = ordinaryLoad(cpu);
    if (load >= least) continue;
    best = cpu;
    least = load;
  }
  return best;
}

/** The same for a task that has never run: nothing ties it to any CPU. */
export function chooseFirstCpu(task: Task, parent: u32): u32 {
  let best = chooseCpu(task, parent);
  if (cpuCount() === 1 || task.realtimePriority !== 0) return best;
  let least = ordinaryLoad(best);
  for (let i: u32 = 0; i < cpuCount(); i++) {
    if (i === best || !mayRunOn(task, i)) continue;
    const load = ordinaryLoad(i);
    if (load >= least) continue;
    best = i;
    least = load;
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
    if (fits) enqueue(queue, task, false, witness<RunQueueLock>());
    else task.cpu = chooseCpu(task, queue.cpu);
    queue.lock.releaseIrqRestore();
    if (fits) return;
  }
}
