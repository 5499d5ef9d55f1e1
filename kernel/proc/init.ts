/*
 * The beginning: the first task, and the first program.
 *
 * The code that boots becomes the idle task of the first CPU, with pid 0; it is on no list. Process 1 starts as a kernel
 * thread, opens the console three times, and turns into /bin/init (or what `init=` on the command line says).
 */

import { O_RDWR } from '../abi/fcntl.ts';
import { current, thisCpu } from '../arch/x86/cpu.ts';
import { returnToUser } from '../arch/x86/switch.ts';
import { setTimerHandler } from '../arch/x86/timer.ts';
import { setReturnToUserHook, setSyscallHandler } from '../arch/x86/traps.ts';
import { type File, putFile } from '../fs/file.ts';
import { createFiles, duplicate } from '../fs/fileTable.ts';
import { createFsContext } from '../fs/fsContext.ts';
import { openFile } from '../fs/open.ts';
import { getOption } from '../lib/cmdline.ts';
import { panic } from '../lib/panic.ts';
import { printk } from '../lib/printk.ts';
import { activateMm, freeRetiredMm } from '../mm/activeMm.ts';
import { createTask, freeTask, initProcess, initTask, setDefaultLimits } from './create.ts';
import { execKernel } from './exec.ts';
import { initMessages } from '../ipc/msg.ts';
import { initSems } from '../ipc/sem.ts';
import { initShm } from '../ipc/shm.ts';
import { initFutexes } from './futex.ts';
import { initPiFutexes } from './futexPi.ts';
import { createKernelThreadAs } from './kernelThread.ts';
import { updateLoadAverage } from './loadAverage.ts';
import { seedRandom } from './random.ts';
import { initRunQueues } from './runQueue.ts';
import { cpuTimersTick } from './cpuTimers.ts';
import { registerSchedulerCalls, schedulerTick, setIdleTask } from './scheduler.ts';
import { beforeUserMode } from './signalDeliver.ts';
import { initNames } from './sysSystem.ts';
import { type Process, setName, type Task, TASK_RUNNING, userFrame } from './task.ts';
import { initTaskList } from './taskList.ts';
import { initIntervalTimers } from './intervalTimer.ts';
import { initPosixTimers } from './posixTimers.ts';
import { initSignalReaders } from './signalSend.ts';
import { initDateSleepers } from './sleep.ts';
import { initTimers, runTimers } from './timer.ts';
import { initTrapHandlers } from './trapHandlers.ts';
import { handleSyscall } from '../syscall/dispatch.ts';
import { installSystemCalls } from '../syscall/table.ts';

const idleTask = zeroed<Inline<Task>>();
const idleProcess = zeroed<Inline<Process>>();
/** The path of the first program. */
const initPath = zeroed<FixedArray<u8, 128>>();

/** All idle tasks are threads of one process, which is on no list either. */
function initIdleTask(task: Task): void {
  task.process = idleProcess;
  task.state = TASK_RUNNING;
  setName(task.name, bytes('idle'));
}

/** An idle task for one more CPU; null: no memory. */
export function createIdleTask(): Task | null {
  const task = createTask();
  if (task !== null) initIdleTask(task);
  return task;
}

/** Each tick, on each CPU, interrupts off. */
function handleTick(inUserMode: boolean): void {
  if (thisCpu().id === 0) {
    runTimers();
    updateLoadAverage();
  }
  schedulerTick(inUserMode);
  cpuTimersTick(current(), inUserMode);
}

/** The number after `seed=` on the command line, else a constant. */
function bootSeed(): u32 {
  const text = zeroed<FixedArray<u8, 16>>();
  if (getOption('seed', text, 16) <= 0) return 1;
  let seed: u32 = 0;
  for (let i: u32 = 0; i < 16 && text[i] !== 0; i++) seed = seed * 31 + u32(text[i]);
  return seed;
}

/**
 * Makes the context that calls this a task, and takes over ticks, exceptions and system calls. Needs the heap, the
 * descriptor tables and per-CPU data. Interrupts are off.
 *
 * @param stackBottom lowest address of the stack that this runs on
 */
export function initTasks(stackBottom: u32): void {
  initTaskList();
  initTimers();
  initIntervalTimers();
  initPosixTimers();
  initSignalReaders();
  initDateSleepers();
  initFutexes();
  initPiFutexes();
  initShm();
  initSems();
  initMessages();
  initNames();
  seedRandom(bootSeed());
  initProcess(idleProcess);
  setDefaultLimits(idleProcess); // it unpacks the archives
  initTask(idleTask);
  initIdleTask(idleTask);
  idleTask.kernelStack = stackBottom;
  registerSchedulerCalls(activateMm, freeRetiredMm, freeTask);
  initRunQueues();
  setIdleTask(thisCpu(), idleTask);
  initTrapHandlers();
  installSystemCalls();
  setSyscallHandler(handleSyscall);
  setReturnToUserHook(beforeUserMode);
  setTimerHandler(handleTick);
}

/** Descriptors 0, 1 and 2 of process 1 are the console, if there is one. */
function openConsole(task: Task): void {
  let file: File | null = null;
  const error = openFile(bytes('/dev/console'), O_RDWR, 0, ptr<File>(addrOf(file)));
  if (error < 0) {
    printk('init: no console (error %d)\n', error);
    return;
  }
  for (let i: u32 = 0; i < 3; i++) duplicate(task.files!, file!, 0, false);
  putFile(file!);
}

/** Process 1, from its first instruction to its last in the kernel. */
function runInit(_argument: u32): void {
  const task = current();
  task.files = createFiles();
  task.fs = createFsContext();
  if (task.files === null || task.fs === null) panic('no memory for process 1');
  openConsole(task);
  if (getOption('init', initPath, 128) <= 0) copyBytes(initPath, bytes('/bin/init'), 10);
  const error = execKernel(initPath);
  if (error < 0) panic('cannot run %s: error %d', addrOf(initPath), error);
  returnToUser(userFrame(task));
}

/** Starts process 1. It runs when the caller gives the CPU away. */
export function startInit(): void {
  if (createKernelThreadAs(1, 'init', runInit, 0) === null) panic('no memory for process 1');
}
