/*
 * Signals by name, and what a shell says of a process that died of one.
 */

import { parseNumber, startsWith, stringsEqual } from './strings.ts';

/** The largest signal with a name. */
export const NAMED_SIGNALS = 31;

const names = table<string, 32>(
  '',
  'HUP',
  'INT',
  'QUIT',
  'ILL',
  'TRAP',
  'ABRT',
  'BUS',
  'FPE',
  'KILL',
  'USR1',
  'SEGV',
  'USR2',
  'PIPE',
  'ALRM',
  'TERM',
  'STKFLT',
  'CHLD',
  'CONT',
  'STOP',
  'TSTP',
  'TTIN',
  'TTOU',
  'URG',
  'XCPU',
  'XFSZ',
  'VTALRM',
  'PROF',
  'WINCH',
  'IO',
  'PWR',
  'SYS',
);

const descriptions = table<string, 32>(
  '',
  'Hangup',
  'Interrupt',
  'Quit',
  'Illegal instruction',
  'Trace/breakpoint trap',
  'Aborted',
  'Bus error',
  'Floating point exception',
  'Killed',
  'User defined signal 1',
  'Segmentation fault',
  'User defined signal 2',
  'Broken pipe',
  'Alarm clock',
  'Terminated',
  'Stack fault',
  'Child exited',
  'Continued',
  'Stopped (signal)',
  'Stopped',
  'Stopped (tty input)',
  'Stopped (tty output)',
  'Urgent I/O condition',
  'CPU time limit exceeded',
  'File size limit exceeded',
  'Virtual timer expired',
  'Profiling timer expired',
  'Window changed',
  'I/O possible',
  'Power failure',
  'Bad system call',
);

/** 'TERM' for 15. */
export function signalName(signal: u32): string {
  return signal >= 1 && signal <= NAMED_SIGNALS ? names[signal] : 'unknown';
}

/** 'Terminated' for 15. */
export function signalDescription(signal: u32): string {
  return signal >= 1 && signal <= NAMED_SIGNALS ? descriptions[signal] : 'Unknown signal';
}

/** The signal that `text` names: `TERM`, `SIGTERM` or `15`. 0 if there is none such (or if it says 0). */
export function parseSignal(text: Ptr<u8>): u32 {
  const number = zeroed<FixedArray<i32, 1>>();
  if (parseNumber(text, number)) return number[0] >= 0 && number[0] <= 64 ? u32(number[0]) : 0;
  const name = startsWith(text, bytes('SIG')) ? text.add(3) : text;
  for (let signal: u32 = 1; signal <= NAMED_SIGNALS; signal++) {
    if (stringsEqual(name, bytes(names[signal]))) return signal;
  }
  return 0;
}
