/*
 * prctl and personality: small things that a thread or a process is.
 *
 * @source prctl(2), personality(2).
 */

import { EFAULT, EINVAL } from '../abi/errno.ts';
import {
  PR_GET_CHILD_SUBREAPER,
  PR_GET_DUMPABLE,
  PR_GET_NAME,
  PR_GET_NO_NEW_PRIVS,
  PR_GET_PDEATHSIG,
  PR_GET_SECCOMP,
  PR_GET_TID_ADDRESS,
  PR_GET_TIMERSLACK,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_DUMPABLE,
  PR_SET_NAME,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_PDEATHSIG,
  PR_SET_TIMERSLACK,
  TASK_COMM_LEN,
} from '../abi/prctl.ts';
import { NSIG } from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyToUser, putUser32, strncpyFromUser } from '../arch/x86/userCopy.ts';
import { type Task } from './task.ts';

/** How late a sleep may end, in nanoseconds, so that wake-ups can be joined. Here none are; the number is kept. */
const DEFAULT_SLACK: u32 = 50000;

function setThreadName(task: Task, address: u32): i32 {
  const name = zeroed<FixedArray<u8, 16>>();
  if (strncpyFromUser(name, address, TASK_COMM_LEN - 1) < 0) return -EFAULT;
  copyBytes(task.name, name, TASK_COMM_LEN);
  return 0;
}

/** PR_SET_NO_NEW_PRIVS cannot be taken back. The arguments that mean nothing yet must be 0. */
function controlPrivileges(task: Task, isSet: boolean, argument: u32, rest: u32): i32 {
  if (argument !== (isSet ? 1 : 0) || rest !== 0) return -EINVAL;
  if (isSet) task.noNewPrivileges = true;
  return isSet || !task.noNewPrivileges ? 0 : 1;
}

/** What is told by a word at user address `address`. */
function tellWord(address: u32, word: u32): i32 {
  return putUser32(address, word) < 0 ? -EFAULT : 0;
}

/** The operations that set something. */
function change(task: Task, operation: u32, argument: u32, rest: u32): i32 {
  switch (operation) {
    case PR_SET_NAME:
      return setThreadName(task, argument);
    case PR_SET_DUMPABLE:
      if (argument > 1) return -EINVAL;
      task.process.isUndumpable = argument === 0;
      return 0;
    case PR_SET_PDEATHSIG:
      if (argument > NSIG) return -EINVAL;
      task.parentDeathSignal = argument;
      return 0;
    case PR_SET_NO_NEW_PRIVS:
      return controlPrivileges(task, true, argument, rest);
    case PR_SET_TIMERSLACK:
      task.timerSlack = argument; // 0: as at the start
      return 0;
    case PR_SET_CHILD_SUBREAPER:
      task.process.isSubreaper = argument !== 0;
      return 0;
    default:
      return -EINVAL;
  }
}

/** prctl(operation, ...). */
export function sysPrctl(operation: u32, argument: u32, third: u32, fourth: u32, fifth: u32): i32 {
  const task = current();
  switch (operation) {
    case PR_GET_NAME:
      return copyToUser(argument, task.name, TASK_COMM_LEN);
    case PR_GET_DUMPABLE:
      return task.process.isUndumpable ? 0 : 1;
    case PR_GET_PDEATHSIG:
      return tellWord(argument, task.parentDeathSignal);
    case PR_GET_NO_NEW_PRIVS:
      return controlPrivileges(task, false, argument, third | fourth | fifth);
    case PR_GET_TIMERSLACK:
      return i32(task.timerSlack === 0 ? DEFAULT_SLACK : task.timerSlack);
    case PR_GET_CHILD_SUBREAPER:
      return tellWord(argument, task.process.isSubreaper ? 1 : 0);
    case PR_GET_TID_ADDRESS:
      return tellWord(argument, task.clearChildTid);
    case PR_GET_SECCOMP:
      return 0; // no program here has given up system calls
    default:
      return change(task, operation, argument, third | fourth | fifth);
  }
}

/** personality(kind): which system's habits the program expects. Kept and told; 0xFFFFFFFF only asks. */
export function sysPersonality(kind: u32): i32 {
  const task = current();
  const old = task.personality;
  if (kind !== 0xffffffff) task.personality = kind;
  return i32(old);
}
