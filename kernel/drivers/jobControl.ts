/*
 * Whose terminal it is: sessions, the foreground group, the end of a session.
 *
 * A terminal controls at most one session, whose leader has opened it; a session has at most one terminal. Of the
 * session's process groups one is in the foreground: it gets what is typed and the signals that typing makes. A process of
 * another group that reads is stopped by SIGTTIN; one that writes (if TOSTOP is set) or changes modes, by SIGTTOU. When
 * the leader exits the line is hung up: SIGHUP to the foreground, and every file that was open on the terminal is dead.
 *
 * Locking. Tty.session and Tty.foreground are (L), Process.tty is (T), the task list's lock. To give a terminal to a
 * session, or take it away, needs both, (T) first: two leaders who open one terminal at once do not both get it.
 */

import { EIO, EPERM, ERESTARTSYS } from '../abi/errno.ts';
import { SIGCONT, SIGHUP, SIGTTIN } from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { isSignalBlockedOrIgnored, sendKernelSignal, sendSignalToGroup } from '../proc/signalSend.ts';
import { type Process } from '../proc/task.ts';
import { findProcess, isOrphanedGroup, lockTasks, processAfter, type TaskListLock } from '../proc/taskList.ts';
import { flushInput, flushOutput, startOutput } from './lineDiscipline.ts';
import { type Tty } from './tty.ts';

/**
 * May the current process read (SIGTTIN) or change (SIGTTOU) `tty`? 0; -EIO where nobody could continue it after the
 * stop; or the signal is sent to its group, and the call begins anew when it is in the foreground: -ERESTARTSYS.
 */
export function checkForeground(tty: Tty, signal: i32): i32 {
  const process = current().process;
  const group = process.pgrp;
  if (process.tty !== tty || tty.foreground === 0 || tty.foreground === group) return 0;
  if (isSignalBlockedOrIgnored(signal)) return signal === SIGTTIN ? -EIO : 0;
  if (isOrphanedGroup(group)) return -EIO;
  sendSignalToGroup(group, signal);
  return -ERESTARTSYS;
}

/** Makes `tty` the terminal of `process` and its session, which it leads. False: one of them has another by now. */
function adopt(tty: Tty, process: Process, _tasks: Held<TaskListLock>): boolean {
  if (process.session !== process.pid || process.tty !== null) return false;
  using _held = tty.lock.acquireIrqSave();
  if (tty.session !== 0) return false;
  tty.session = process.session;
  tty.foreground = process.pgrp;
  process.tty = tty;
  return true;
}

/** If a session leader without a terminal has opened one that is nobody's, it becomes his. */
export function adoptOnOpen(tty: Tty): void {
  using tasks = lockTasks();
  adopt(tty, current().process, tasks);
}

/** TIOCSCTTY: 0 or -EPERM. With `steal` the superuser takes it away from another session. */
export function adoptOnRequest(tty: Tty, steal: boolean): i32 {
  using tasks = lockTasks();
  const process = current().process;
  const isLeader = process.session === process.pid;
  const owner = tty.session;
  if (isLeader && owner === process.session) return 0;
  if (!isLeader || process.tty !== null) return -EPERM;
  if (owner !== 0) {
    if (!steal || current().credentials.euid !== 0) return -EPERM;
    release(tty);
    forgetTty(owner, tasks);
  }
  return adopt(tty, process, tasks) ? 0 : -EPERM;
}

/** No process of the session has a terminal any more. */
function forgetTty(session: u32, tasks: Held<TaskListLock>): void {
  for (let process = processAfter(null, tasks); process !== null; process = processAfter(process, tasks)) {
    if (process.session === session) process.tty = null;
  }
}

/** TIOCNOTTY: the current process does without; if it leads the session, all of the session do. */
export function giveUpTty(): void {
  const process = current().process;
  if (process.session === process.pid) {
    leaveTty(process, false);
    return;
  }
  using _held = lockTasks();
  process.tty = null;
}

function release(tty: Tty): void {
  using _held = tty.lock.acquireIrqSave();
  tty.session = 0;
  tty.foreground = 0;
}

/**
 * The leader of a session exits: its terminal is hung up.
 *
 * @locking none held
 */
export function hangUpSession(process: Process): void {
  leaveTty(process, true);
}

/** The session that `process` leads has no terminal any more; who was in the foreground there is told. */
function leaveTty(process: Process, hangsUp: boolean): void {
  const group = detachTty(process, hangsUp);
  if (group === 0) return;
  sendSignalToGroup(group, SIGHUP);
  sendSignalToGroup(group, SIGCONT);
}

/** Takes the terminal away from the session. The group in the foreground, or 0. */
function detachTty(process: Process, hangsUp: boolean): u32 {
  using tasks = lockTasks();
  const tty = process.tty;
  if (tty === null) return 0;
  forgetTty(process.session, tasks);
  if (tty.session !== process.session) return 0; // it was hung up before, and may be another's by now
  const group = tty.foreground;
  if (hangsUp) hangUp(tty);
  else release(tty);
  return group;
}

/**
 * TIOCVHANGUP: the line is hung up, and its session has no terminal any more; the leader is told.
 *
 * @locking takes (T)
 */
export function hangUpLine(tty: Tty): void {
  using tasks = lockTasks();
  const session = tty.session;
  hangUp(tty);
  if (session === 0) return;
  forgetTty(session, tasks);
  const leader = findProcess(session, tasks);
  if (leader === null) return;
  sendKernelSignal(leader, SIGHUP, tasks);
  sendKernelSignal(leader, SIGCONT, tasks);
}

/** All files that are open on `tty`, but those opened as /dev/console, are dead from now on; it is nobody's. Under (T). */
function hangUp(tty: Tty): void {
  using held = tty.lock.acquireIrqSave();
  tty.hangups++;
  tty.session = 0;
  tty.foreground = 0;
  tty.stoppedByCall = false;
  flushInput(tty, held);
  if (!tty.isConsole) flushOutput(tty, held);
  startOutput(tty, held);
  tty.readQueue.wakeAll();
  tty.writeQueue.wakeAll();
}
