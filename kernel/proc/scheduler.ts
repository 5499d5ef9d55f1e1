/*
 * The scheduler: which task runs next.
 *
 * Idea. Each CPU has a run queue (runQueue.ts), a list of tasks that want to run, served in turn. A task may run for its
 * time slice; when that is used up it gets a new one and goes to the end. A task that slept before its slice was over comes back to
 * the front with what is left of it, and preempts a task that has less left. So one that mostly waits (a shell) answers
 * at once, and one that only computes uses up its slice and waits for its turn; nobody waits for ever, since a slice is
 * refilled only at the end of the queue.
 *
 * Real-time tasks (SCHED_FIFO, SCHED_RR) go before all that, and before each other by their priority. One of SCHED_FIFO
 * runs until it sleeps, yields, or somebody more urgent wakes up; SCHED_RR adds a slice, after which others of the same
 * priority have their turn. They leave the ordinary tasks one twentieth of the time, if those want it. SCHED_DEADLINE,
 * which would have to promise times, is not here.
 *
 * The kernel is not preemptible: a task in the kernel runs until it sleeps. User mode is left for another task when
 * `needResched` is found set on the way back to it (proc/userReturn.ts).
 *
 * Sleeping. A task that wants to sleep announces it (state), looks at its condition once more, and calls schedule(). A
 * waker makes the condition true, then looks at the state. Whatever the interleaving, one of the two sees the other:
 *
 *   sleeper                                   waker
 *   state = INTERRUPTIBLE   (full barrier)
 *                                             condition = true
 *   condition? true: go on                    lock run queue       (full barrier)
 *            false: schedule()                state has the bit? RUNNING, enqueue
 *
 * The switch. The lock of the run queue is held from the choice of the next task until that task runs: it is the next
 * task that releases it (finishSwitch). Meanwhile nobody can put the previous task, whose registers are not yet saved,
 * on a CPU. A new task begins in finishSwitch, too.
 *
 * Locking. (R) RunQueue.lock, interrupts off; the innermost lock of all. Fields marked (R) in proc/task.ts belong to
 * the lock of the queue that `task.cpu` names; to change `task.cpu` needs it as well.
 */

import { SCHED_FIFO } from '../abi/sched.ts';
import { type Cpu, cpuById, cpuCount, current, thisCpu } from '../arch/x86/cpu.ts';
import { fpuRestore, fpuSave } from '../arch/x86/fpu.ts';
import { loadTls, setKernelStack } from '../arch/x86/gdt.ts';
import { sendReschedule } from '../arch/x86/ipi.ts';
import { switchContext } from '../arch/x86/switch.ts';
import { assert } from '../lib/panic.ts';
import { type Mm } from '../mm/types.ts';
import { resumeKernelLock, suspendKernelLock } from '../sync/kernelLock.ts';
import { mightSleep } from '../sync/lockChecker.ts';
import { balanceTick, pullTask, pullUrgent, pushUrgent } from './balance.ts';
import {
  chooseCpu,
  chooseFirstCpu,
  countTick,
  enqueue,
  lockQueueOf,
  mayRunOn,
  placeTask,
  queueLoad,
  type RunQueue,
  runQueue,
  type RunQueueLock,
  takeNext,
} from './runQueue.ts';
import { stackTop, type Task, TASK_DEAD, TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_WAKE_KILL } from './task.ts';

/** Calls up to layers above: set once, at boot. */
let activateAddressSpace: (mm: Mm | null) => void;
let settleAddressSpaces: () => void;
let freeDeadTask: (task: Task) => void;

/**
 * Registers what the scheduler needs from above.
 *
 * @param activate makes an address space that of the current task; null: it has none. Under (R)
 * @param settle frees what `activate` has left behind; no lock held
 * @param freeTask frees a task that has exited, and its stack; called on another stack, no lock held
 */
export function registerSchedulerCalls(
  activate: (mm: Mm | null) => void,
  settle: () => void,
  freeTask: (task: Task) => void,
): void {
  activateAddressSpace = activate;
  settleAddressSpaces = settle;
  freeDeadTask = freeTask;
}

/** Makes `idle` the idle task of a CPU that has not run any task yet, and its current one. */
export function setIdleTask(cpu: Cpu, idle: Task): void {
  idle.isIdle = true;
  idle.onQueue = true;
  idle.cpu = cpu.id;
  cpu.idle = idle;
  cpu.current = idle;
}

// ---------------------------------------------------------------------------------------------------------------------
// Waking.

/**
 * Wakes `task` if its state has a bit in common with `mask`; false if not. Callable from anywhere, interrupts included.
 *
 * @locking takes (R)
 */
export function wakeUpTask(task: Task, mask: u32): boolean {
  const queue = lockQueueOf(task);
  const wakes = (task.state & mask) !== 0;
  let mustPlace = false;
  if (wakes) {
    task.state = TASK_RUNNING;
    mustPlace = !task.onQueue; // else it has not come to sleep yet
    if (mustPlace) task.cpu = chooseCpu(task, queue.cpu);
  }
  queue.lock.releaseIrqRestore();
  if (mustPlace) placeTask(task);
  return wakes;
}

/** Has a task that may be in user mode, on another CPU, come into the kernel, to find there what it was told. */
export function kickTask(task: Task): void {
  const cpu = cpuById(task.cpu);
  if (cpu.current === task) sendReschedule(cpu);
}

/** Lets a new task run for the first time. */
export function startTask(task: Task): void {
  task.cpu = chooseFirstCpu(task, thisCpu().id);
  task.state = TASK_RUNNING;
  placeTask(task);
}

/**
 * Has a task that is not RUNNING any more left its CPU, with its registers in memory?
 *
 * @locking takes (R), which is held from the choice of the next task until that runs. The task stays: the caller holds (T)
 */
export function isSwitchedOut(task: Task): boolean {
  const queue = lockQueueOf(task);
  const isRunning = task.onQueue || queue.homeless === task;
  queue.lock.releaseIrqRestore();
  return !isRunning;
}

/** Does the current task have a signal to look at? Interruptible sleeps end when it has. */
export function signalPending(): boolean {
  return current().signalPending;
}

/** Is the current task to die, so that even a sleep that signals do not end should end? */
export function killPending(): boolean {
  return current().killed;
}

/**
 * Announces that the current task is about to sleep. To be followed by a look at the condition that it waits for, then
 * schedule(). A full barrier: the condition is read after the state is visible.
 */
export function setCurrentState(state: u32): void {
  atomic.xchg(addrOf(current().state), state);
}

// ---------------------------------------------------------------------------------------------------------------------
// The switch.

/** A sleep that a signal (or SIGKILL) would end does not begin while there is one. */
function sleepIsOver(task: Task): boolean {
  const state = task.state;
  if ((state & TASK_INTERRUPTIBLE) !== 0) return task.signalPending;
  return (state & TASK_WAKE_KILL) !== 0 && task.killed;
}

/** Takes the current task off the CPU's queue if it sleeps, or puts it where it belongs if it could go on. One that may not
 * run here any more is left to finishSwitch. */
function putPrevious(queue: RunQueue, previous: Task, held: Held<RunQueueLock>): void {
  if (previous.state !== TASK_RUNNING && sleepIsOver(previous)) previous.state = TASK_RUNNING;
  if (previous.state !== TASK_RUNNING) {
    previous.onQueue = false;
    previous.realtimeUse = 0;
    previous.voluntarySwitches++;
  } else if (!previous.isIdle) {
    previous.involuntarySwitches++;
    if (mayRunOn(previous, queue.cpu)) enqueue(queue, previous, true, held);
    else {
      previous.onQueue = false;
      queue.homeless = previous;
    }
  }
}

/**
 * Gives the CPU to the next task; returns when the caller has it again. A caller that has announced a sleep comes back
 * after a wake-up (or a signal, where the state allows it), others when it is their turn.
 *
 * @locking no spinlock held, interrupts on
 * @sleeps
 */
export function schedule(): void {
  mightSleep();
  const cpu = thisCpu();
  assert(cpu.spinDepth === 0, 'schedule() with a spinlock held');
  assert(cpu.irqDepth === 0, 'schedule() in an interrupt');
  const task = cpu.current;
  suspendKernelLock(task);
  switchToNext(runQueue(cpu.id), cpu);
  resumeKernelLock(task);
}

/** The middle of schedule(). */
function switchToNext(queue: RunQueue, cpu: Cpu): void {
  const held = queue.lock.acquireIrqSave();
  const previous = cpu.current;
  cpu.needResched = false;
  putPrevious(queue, previous, held);
  const next = takeNext(queue, held) ?? cpu.idle;
  cpu.needResched = false; // putting the previous task back may have set it
  if (next === previous) {
    queue.lock.releaseIrqRestore();
    return;
  }
  switchTo(queue, cpu, previous, next);
  finishSwitch();
}

/** Makes `next` the task of this CPU. Returns on the stack of `previous`, when that runs again, (R) held once more. */
function switchTo(queue: RunQueue, cpu: Cpu, previous: Task, next: Task): void {
  queue.previous = previous;
  queue.switches++;
  cpu.current = next;
  setKernelStack(stackTop(next));
  loadTls(next.tls);
  // Kernel threads do not touch the FPU, and a task that exits needs its registers no more.
  if (previous.mm !== null) fpuSave(previous.fpu);
  if (next.mm !== null) fpuRestore(next.fpu);
  activateAddressSpace(next.mm);
  switchContext(addrOf(previous.savedEsp), next.savedEsp);
}

/**
 * The other half of schedule(), on the new task's stack: releases the lock, frees a task that has ended, sends one away
 * that may not run here. And it sees to it that what is urgent runs somewhere, if not here.
 */
export function finishSwitch(): void {
  const queue = runQueue(thisCpu().id);
  const previous = queue.previous;
  const isDead = previous.state === TASK_DEAD;
  const isLessUrgent = previous.realtimePriority > current().realtimePriority;
  const homeless = queue.homeless;
  queue.homeless = null;
  queue.lock.releaseIrqRestore();
  if (homeless !== null) placeTask(homeless);
  if (queue.urgent !== 0) pushUrgent();
  if (isLessUrgent) pullUrgent();
  settleAddressSpaces();
  if (isDead) freeDeadTask(previous);
}

/** Lets others run first: the rest of the slice is given up. */
export function yieldCpu(): void {
  current().slice = 0;
  schedule();
}

/** What the first CPU does when boot is over, and every CPU when there is nothing else to do. */
export function idleLoop(): never {
  const cpu = thisCpu();
  cpu.online = true;
  for (;;) {
    cli();
    if (!cpu.needResched) pullTask(1);
    if (cpu.needResched) {
      sti();
      schedule();
    } else {
      stiHlt();
    }
  }
}

/**
 * The tick of this CPU: accounts it, and ends the slice of the current task when it is used up, or its turn.
 *
 * @param inUserMode what the tick interrupted
 * @locking interrupts off. Only a hint is written for others (needResched); a slice belongs to the running task.
 */
export function schedulerTick(inUserMode: boolean): void {
  const cpu = thisCpu();
  const task = cpu.current;
  balanceTick(cpu);
  if (countTick(runQueue(cpu.id), task.realtimePriority !== 0)) cpu.needResched = true;
  if (task.isIdle) {
    task.stime++;
    cpu.idleTicks++;
    return;
  }
  if (inUserMode) task.utime++;
  else task.stime++;
  if (!inUserMode) cpu.systemTicks++;
  else if (task.nice > 0) cpu.niceTicks++;
  else cpu.userTicks++;
  if (task.slice > 0 && task.policy !== SCHED_FIFO) task.slice--;
  if (task.slice === 0) cpu.needResched = true;
}

// ---------------------------------------------------------------------------------------------------------------------
// Views for /proc and sysinfo.

/** Context switches since boot, all CPUs. */
export function contextSwitches(): u64 {
  let sum: u64 = 0n;
  for (let i: u32 = 0; i < cpuCount(); i++) sum += runQueue(i).switches;
  return sum;
}

/** Tasks that run or want to, all CPUs, idle tasks not counted. */
export function runnableTasks(): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < cpuCount(); i++) {
    sum += queueLoad(i);
  }
  return sum;
}
