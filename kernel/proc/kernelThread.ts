/*
 * Kernel threads: tasks that never leave the kernel, each in a process of its own without address space or files.
 *
 * They have no parent and leave no zombie. Signals they never see: nothing looks for them on their way.
 */

import { current } from '../arch/x86/cpu.ts';
import { prepareKernelStack } from '../arch/x86/switch.ts';
import { createProcess, createTask, freeTask, publish, setDefaultLimits } from './create.ts';
import { exitKernelThread, freeProcess } from './exit.ts';
import { finishSwitch, startTask } from './scheduler.ts';
import { createHandlers } from './signalState.ts';
import { setName, type Task, userFrame } from './task.ts';
import { lockTasks } from './taskList.ts';

/** Where every kernel thread begins. */
function runKernelThread(): void {
  finishSwitch();
  const task = current();
  task.threadEntry(task.threadArgument);
  exitKernelThread();
}

/**
 * Starts a kernel thread that calls `entry(argument)` and ends when that returns. Null: no memory, or too many tasks.
 *
 * @locking takes (T)
 */
export function createKernelThread(name: string, entry: (argument: u32) => void, argument: u32): Task | null {
  return createKernelThreadAs(0, name, entry, argument);
}

/** The same with a pid of the caller's choice: 1, for what is to become init. */
export function createKernelThreadAs(
  pid: u32,
  name: string,
  entry: (argument: u32) => void,
  argument: u32,
): Task | null {
  const process = createProcess(createHandlers(null));
  if (process === null) return null;
  const task = createTask();
  if (task === null) {
    freeProcess(process);
    return null;
  }
  task.process = process;
  task.threadEntry = entry;
  task.threadArgument = argument;
  setName(task.name, bytes(name));
  setDefaultLimits(process);
  process.isKernel = true;
  // Below the place of the user's registers: process 1 fills that in while it is still a kernel thread.
  task.savedEsp = prepareKernelStack(u32(userFrame(task)), runKernelThread);
  {
    using tasks = lockTasks();
    if (publish(task, true, pid, tasks) === 0) {
      startTask(task);
      return task;
    }
  }
  freeTask(task);
  freeProcess(process);
  return null;
}
