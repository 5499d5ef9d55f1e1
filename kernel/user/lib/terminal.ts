/*
 * Terminals: modes, and whose turn it is.
 */

import { TCGETS, TCSBRK, TCSETS, TIOCGPGRP, TIOCGWINSZ, TIOCSCTTY, TIOCSPGRP, TIOCSWINSZ } from '../../abi/ioctl.ts';
import {
  CS8,
  CSIZE,
  ECHO,
  ECHONL,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNBRK,
  BRKINT,
  IGNCR,
  INLCR,
  ISIG,
  ISTRIP,
  IXON,
  ONLCR,
  OPOST,
  PARENB,
  PARMRK,
  VMIN,
  VTIME,
  type Termios,
  type Winsize,
} from '../../abi/termios.ts';
import { ioctl } from './fileCalls.ts';

const RAW_INPUT_OFF: u32 = IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON;
const RAW_LOCAL_OFF: u32 = ECHO | ECHONL | ICANON | ISIG | IEXTEN;
const RAW_CONTROL_OFF: u32 = CSIZE | PARENB;
const OUTPUT_PROCESSING: u32 = OPOST | ONLCR;

export function getTermios(fd: i32, result: Termios): i32 {
  return ioctl(fd, TCGETS, u32(result));
}

export function setTermios(fd: i32, termios: Termios): i32 {
  return ioctl(fd, TCSETS, u32(termios));
}

export function isTerminal(fd: i32): boolean {
  const termios = zeroed<Inline<Termios>>();
  return getTermios(fd, termios) === 0;
}

/** Raw mode: bytes pass as they are, both ways, and a read returns as soon as there is one. */
export function makeRaw(fd: i32): i32 {
  const termios = zeroed<Inline<Termios>>();
  const error = getTermios(fd, termios);
  if (error < 0) return error;
  setRawModes(termios);
  return setTermios(fd, termios);
}

export function setRawModes(termios: Termios): void {
  termios.c_iflag &= ~RAW_INPUT_OFF;
  termios.c_oflag &= ~OUTPUT_PROCESSING;
  termios.c_lflag &= ~RAW_LOCAL_OFF;
  termios.c_cflag = (termios.c_cflag & ~RAW_CONTROL_OFF) | CS8;
  termios.c_cc[VMIN] = 1;
  termios.c_cc[VTIME] = 0;
}

/** The opposite: lines, with editing and echo, and keys that send signals. */
export function setCookedModes(termios: Termios): void {
  termios.c_iflag |= BRKINT | ICRNL | IXON;
  termios.c_oflag |= OUTPUT_PROCESSING;
  termios.c_lflag |= ISIG | ICANON | IEXTEN | ECHO;
}

/** A terminal that nobody sits at: output as it is, a newline stays a newline; who reads finds the end at once. */
export function makeUnattended(fd: i32): i32 {
  const termios = zeroed<Inline<Termios>>();
  const error = getTermios(fd, termios);
  if (error < 0) return error;
  termios.c_oflag &= ~OUTPUT_PROCESSING;
  termios.c_lflag &= ~ICANON;
  termios.c_cc[VMIN] = 0;
  termios.c_cc[VTIME] = 0;
  return setTermios(fd, termios);
}

/** Waits until all output has been sent. */
export function drainOutput(fd: i32): i32 {
  return ioctl(fd, TCSBRK, 1);
}

/** Makes the terminal the one that controls the caller's session, which must not have one yet. */
export function setControllingTerminal(fd: i32): i32 {
  return ioctl(fd, TIOCSCTTY, 0);
}

/** Makes `group` the one that reads from the terminal and gets its signals. */
export function setForeground(fd: i32, group: i32): i32 {
  const place = uninitialized<FixedArray<i32, 1>>();
  place[0] = group;
  return ioctl(fd, TIOCSPGRP, u32(place));
}

export function foreground(fd: i32): i32 {
  const place = zeroed<FixedArray<i32, 1>>();
  const error = ioctl(fd, TIOCGPGRP, u32(place));
  return error < 0 ? error : place[0];
}

/** Rows and columns; both 0 if nobody has told. */
export function getWindowSize(fd: i32, result: Winsize): i32 {
  return ioctl(fd, TIOCGWINSZ, u32(result));
}

/** The foreground gets SIGWINCH if the size is another than before. */
export function setWindowSize(fd: i32, size: Winsize): i32 {
  return ioctl(fd, TIOCSWINSZ, u32(size));
}
