/*
 * ioctl(2) on terminals: modes, window size, job control, flow, modem lines.
 *
 * Locking. (L) for moments; user memory without it.
 */

import { EFAULT, EINVAL, EIO, ENOTTY, EPERM, ERESTARTSYS, ESRCH } from '../abi/errno.ts';
import {
  FIONREAD,
  TCFLSH,
  TCGETS,
  TCGETS2,
  TCSBRK,
  TCSBRKP,
  TCSETS,
  TCSETS2,
  TCSETSF,
  TCSETSF2,
  TCSETSW,
  TCSETSW2,
  TCXONC,
  TIOCGETD,
  TIOCGPGRP,
  TIOCGSID,
  TIOCGWINSZ,
  TIOCMBIC,
  TIOCMBIS,
  TIOCMGET,
  TIOCMSET,
  TIOCNOTTY,
  TIOCOUTQ,
  TIOCSCTTY,
  TIOCSETD,
  TIOCSPGRP,
  TIOCSTI,
  TIOCSWINSZ,
  TIOCVHANGUP,
} from '../abi/ioctl.ts';
import { SIGTTOU, SIGWINCH } from '../abi/signal.ts';
import {
  B115200,
  B38400,
  B9600,
  CBAUD,
  ICANON,
  IXON,
  N_TTY,
  TCIFLUSH,
  TCIOFF,
  TCIOFLUSH,
  TCION,
  TCOFLUSH,
  TCOOFF,
  TCOON,
  type Termios,
  type Termios2,
  VSTART,
  VSTOP,
  type Winsize,
} from '../abi/termios.ts';
import { monotonicNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser, getUser32, putUser32 } from '../arch/x86/userCopy.ts';
import { sendSignalToGroup } from '../proc/signalSend.ts';
import { sleepUntil } from '../proc/sleep.ts';
import { lockTasks, NO_SESSION, sessionOfGroup } from '../proc/taskList.ts';
import { adoptOnRequest, checkForeground, giveUpTty, hangUpLine } from './jobControl.ts';
import {
  deliverRaised,
  endOfBurst,
  flushInput,
  flushOutput,
  mayReceive,
  receive,
  startOutput,
  updateTransparency,
} from './lineDiscipline.ts';
import { type Tty, type TtyHandle } from './tty.ts';
import { inputCount } from './ttyRead.ts';
import { drainOutput } from './ttyWrite.ts';
import { putRaw } from './ttyOutput.ts';

/** FileOperations.ioctl of terminals. */
export function controlTty(handle: TtyHandle, request: u32, argument: u32): i32 {
  const tty = handle.tty;
  if (handle.isDead()) return request === TIOCSPGRP ? -ENOTTY : -EIO;
  if (changesState(request)) {
    const refused = checkForeground(tty, SIGTTOU);
    if (refused !== 0) return refused;
  }
  switch (request) {
    case TCGETS:
      return tellTermios(tty, argument, sizeof<Termios>());
    case TCGETS2:
      return tellTermios(tty, argument, sizeof<Termios2>());
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
      return setTermios(tty, argument, sizeof<Termios>(), request !== TCSETS, request === TCSETSF);
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
      return setTermios(tty, argument, sizeof<Termios2>(), request !== TCSETS2, request === TCSETSF2);
    case TIOCGWINSZ:
      return tellWinsize(tty, argument);
    case TIOCSWINSZ:
      return setWinsize(tty, argument);
    case FIONREAD:
      return putUser32(argument, countInput(tty));
    case TIOCOUTQ:
      return putUser32(argument, tty.outputHead - tty.outputTail);
    case TCFLSH:
      return flush(tty, argument);
    case TCXONC:
      return controlFlow(tty, argument);
    case TCSBRK:
    case TCSBRKP:
      return sendBreak(tty, request, argument);
    case TIOCSTI:
      return simulateInput(tty, argument);
    case TIOCGETD:
      return putUser32(argument, N_TTY);
    case TIOCSETD:
      return setDiscipline(argument);
    case TIOCMGET:
      return putUser32(argument, readModem(tty));
    case TIOCMSET:
    case TIOCMBIS:
    case TIOCMBIC:
      return changeModem(tty, request, argument);
    default:
      return controlJob(tty, request, argument);
  }
}

/** Requests that a background process must not make. */
function changesState(request: u32): boolean {
  switch (request) {
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
    case TCFLSH:
    case TCXONC:
    case TCSBRK:
    case TCSBRKP:
    case TIOCSPGRP:
    case TIOCSETD:
      return true;
    default:
      return false;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Modes.

function baudOf(flags: u32): u32 {
  switch (flags & CBAUD) {
    case B9600:
      return 9600;
    case B38400:
      return 38400;
    case B115200:
      return 115200;
    default:
      return 0;
  }
}

function tellTermios(tty: Tty, address: u32, size: u32): i32 {
  const copy = zeroed<Inline<Termios2>>();
  copyTermios(tty, copy);
  return copyToUser(address, ptr<u8>(addrOf(copy)), size) !== 0 ? -EFAULT : 0;
}

/** Termios2 begins as Termios does. */
function copyTermios(tty: Tty, target: Termios2): void {
  using _held = tty.lock.acquireIrqSave();
  assign<Termios>(as<Termios>(target), tty.termios);
  target.c_ispeed = baudOf(tty.termios.c_cflag);
  target.c_ospeed = target.c_ispeed;
}

function setTermios(tty: Tty, address: u32, size: u32, drains: boolean, flushes: boolean): i32 {
  const wanted = zeroed<Inline<Termios2>>();
  if (copyFromUser(ptr<u8>(addrOf(wanted)), address, size) !== 0) return -EFAULT;
  if (flushes) dropInput(tty);
  if (drains) {
    const interrupted = drainOutput(tty);
    if (interrupted !== 0) return interrupted;
  }
  applyTermios(tty, as<Termios>(wanted));
  return 0;
}

/** Input that waits stays, and is seen as the new modes have it. */
function applyTermios(tty: Tty, wanted: Termios): void {
  using held = tty.lock.acquireIrqSave();
  const before = tty.termios.c_lflag;
  const line = tty.termios.c_cflag;
  assign<Termios>(tty.termios, wanted);
  tty.termios.c_line = N_TTY;
  updateTransparency(tty, held);
  if (((before ^ wanted.c_lflag) & ICANON) !== 0) {
    tty.lineEnd = tty.head;
    tty.isLiteralNext = false;
    tty.readQueue.wakeAll();
  }
  if ((wanted.c_iflag & IXON) === 0) startOutput(tty, held);
  if (line !== wanted.c_cflag) {
    const setLine = tty.driver.setLine;
    setLine(tty, held);
  }
}

function tellWinsize(tty: Tty, address: u32): i32 {
  const copy = zeroed<Inline<Winsize>>();
  copyWinsize(tty, copy);
  return copyToUser(address, ptr<u8>(addrOf(copy)), sizeof<Winsize>()) !== 0 ? -EFAULT : 0;
}

function copyWinsize(tty: Tty, target: Winsize): void {
  using _held = tty.lock.acquireIrqSave();
  assign<Winsize>(target, tty.winsize);
}

/** A new size is told to the foreground. */
function setWinsize(tty: Tty, address: u32): i32 {
  const wanted = zeroed<Inline<Winsize>>();
  if (copyFromUser(ptr<u8>(addrOf(wanted)), address, sizeof<Winsize>()) !== 0) return -EFAULT;
  if (exchangeWinsize(tty, wanted)) {
    const group = tty.foreground;
    if (group !== 0) sendSignalToGroup(group, SIGWINCH);
  }
  return 0;
}

/** Says whether anything has changed. */
function exchangeWinsize(tty: Tty, wanted: Winsize): boolean {
  using _held = tty.lock.acquireIrqSave();
  const old: Winsize = tty.winsize;
  const same =
    old.ws_row === wanted.ws_row &&
    old.ws_col === wanted.ws_col &&
    old.ws_xpixel === wanted.ws_xpixel &&
    old.ws_ypixel === wanted.ws_ypixel;
  assign<Winsize>(tty.winsize, wanted);
  return !same;
}

/** There is one line discipline. */
function setDiscipline(address: u32): i32 {
  let wanted: u32 = 0;
  if (getUser32(address, addrOf(wanted)) !== 0) return -EFAULT;
  return wanted === N_TTY ? 0 : -EINVAL;
}

// ---------------------------------------------------------------------------------------------------------------------
// Data and flow.

function countInput(tty: Tty): u32 {
  using held = tty.lock.acquireIrqSave();
  return inputCount(tty, held);
}

function dropInput(tty: Tty): void {
  using held = tty.lock.acquireIrqSave();
  flushInput(tty, held);
}

function flush(tty: Tty, which: u32): i32 {
  if (which > TCIOFLUSH) return -EINVAL;
  using held = tty.lock.acquireIrqSave();
  if (which !== TCOFLUSH) flushInput(tty, held);
  if (which !== TCIFLUSH) flushOutput(tty, held);
  return 0;
}

/** tcflow: stops and starts our output, or asks the other side to stop or start. */
function controlFlow(tty: Tty, action: u32): i32 {
  using held = tty.lock.acquireIrqSave();
  switch (action) {
    case TCOOFF:
      tty.isStopped = true;
      tty.stoppedByCall = true;
      return 0;
    case TCOON:
      tty.stoppedByCall = false;
      startOutput(tty, held);
      return 0;
    case TCIOFF:
    case TCION: {
      putRaw(tty, addrOf(tty.termios.c_cc[action === TCIOFF ? VSTOP : VSTART]), 1, 0, held);
      const start = tty.driver.startOutput;
      start(tty, held);
      return 0;
    }
    default:
      return -EINVAL;
  }
}

const QUARTER_SECOND: u64 = 250000000n;

/** TCSBRK with an argument only waits for the output (tcdrain); else a break of a quarter of a second follows. */
function sendBreak(tty: Tty, request: u32, argument: u32): i32 {
  const interrupted = drainOutput(tty);
  if (interrupted !== 0 || (request === TCSBRK && argument !== 0)) return interrupted;
  setBreak(tty, true);
  const left = sleepUntil(monotonicNs() + QUARTER_SECOND);
  setBreak(tty, false);
  return left === 0n ? 0 : -ERESTARTSYS;
}

function setBreak(tty: Tty, on: boolean): void {
  using held = tty.lock.acquireIrqSave();
  const change = tty.driver.setBreak;
  change(tty, on, held);
}

/** TIOCSTI: as if the byte had been typed. On one's own terminal, or for the superuser. */
function simulateInput(tty: Tty, address: u32): i32 {
  if (current().process.tty !== tty && current().credentials.euid !== 0) return -EPERM;
  let byte: u8 = 0;
  if (copyFromUser(addrOf(byte), address, 1) !== 0) return -EFAULT;
  const raised = typeByte(tty, byte);
  deliverRaised(raised, tty.foreground);
  return 0;
}

/** Returns the signals that it raised. */
function typeByte(tty: Tty, byte: u8): u32 {
  using held = tty.lock.acquireIrqSave();
  if (mayReceive(tty, held)) receive(tty, byte, held);
  endOfBurst(tty, held);
  const raised = tty.raised;
  tty.raised = 0;
  return raised;
}

function readModem(tty: Tty): u32 {
  using held = tty.lock.acquireIrqSave();
  const read = tty.driver.readModem;
  return read(tty, held);
}

function changeModem(tty: Tty, request: u32, address: u32): i32 {
  let lines: u32 = 0;
  if (getUser32(address, addrOf(lines)) !== 0) return -EFAULT;
  using held = tty.lock.acquireIrqSave();
  const read = tty.driver.readModem;
  const write = tty.driver.writeModem;
  const now = read(tty, held);
  if (request === TIOCMBIS) lines |= now;
  else if (request === TIOCMBIC) lines = now & ~lines;
  write(tty, lines, held);
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Job control.

function controlJob(tty: Tty, request: u32, argument: u32): i32 {
  switch (request) {
    case TIOCSCTTY:
      return adoptOnRequest(tty, argument === 1);
    case TIOCNOTTY:
      if (current().process.tty !== tty) return -ENOTTY;
      giveUpTty();
      return 0;
    case TIOCGPGRP:
      if (current().process.tty !== tty) return -ENOTTY;
      return putUser32(argument, tty.foreground);
    case TIOCSPGRP:
      return setForeground(tty, argument);
    case TIOCGSID:
      if (current().process.tty !== tty || tty.session === 0) return -ENOTTY;
      return putUser32(argument, tty.session);
    case TIOCVHANGUP:
      if (current().credentials.euid !== 0) return -EPERM;
      hangUpLine(tty);
      return 0;
    default:
      return -ENOTTY;
  }
}

/** TIOCSPGRP: the group must be of the caller's session. */
function setForeground(tty: Tty, address: u32): i32 {
  const process = current().process;
  if (process.tty !== tty || tty.session !== process.session) return -ENOTTY;
  let group: u32 = 0;
  if (getUser32(address, addrOf(group)) !== 0) return -EFAULT;
  if (i32(group) < 0) return -EINVAL;
  using tasks = lockTasks();
  const session = sessionOfGroup(group, tasks);
  if (session === NO_SESSION) return -ESRCH;
  if (session !== process.session) return -EPERM;
  using _held = tty.lock.acquireIrqSave();
  if (tty.session !== session) return -ENOTTY; // it was taken away meanwhile
  tty.foreground = group;
  return 0;
}
