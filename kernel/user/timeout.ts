/*
 * timeout [-s SIGNAL] SECONDS COMMAND [ARGUMENT...]: runs a command, and ends it by a signal (TERM) when its time is up.
 * The status is then 124, else the command's.
 */

import { EINTR } from '../abi/errno.ts';
import { SA_RESTORER, SIGALRM, SIGTERM } from '../abi/signal.ts';
import { ITIMER_REAL, type Itimerval } from '../abi/time.ts';
import { SYS_setitimer } from '../abi/syscallNumbers.ts';
import { run } from './lib/crt.ts';
import { parseDuration } from './lib/duration.ts';
import { executeFound } from './lib/executable.ts';
import { printError } from './lib/output.ts';
import { exitNow, fork, kill, restoreSignal, setSignal, wait4 } from './lib/processCalls.ts';
import { parseSignal } from './lib/signalNames.ts';
import { stringsEqual, type StringList } from './lib/strings.ts';
import { type Timespec } from '../abi/time.ts';

const TIMED_OUT = 124;

class Alarm {
  rang: Volatile<boolean>;
}

const alarm = zeroed<Inline<Alarm>>();

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(argc: u32, argv: StringList, envp: StringList): i32 {
  let first: u32 = 1;
  let signal: u32 = SIGTERM;
  if (argc > 2 && stringsEqual(argv[1]!, bytes('-s'))) {
    signal = parseSignal(argv[2]!);
    first = 3;
  }
  const time = zeroed<Inline<Timespec>>();
  if (argc < first + 2 || signal === 0 || !parseDuration(argv[first]!, time)) {
    printError('usage: timeout [-s SIGNAL] SECONDS COMMAND [ARGUMENT...]\n');
    return 125;
  }
  setSignal(SIGALRM, u32(ring), SA_RESTORER, u32(restoreSignal));
  const pid = fork();
  if (pid === 0) exitNow(executeFound('timeout', argv.add(first + 1), envp));
  if (pid < 0) return 125;
  const timer = zeroed<Inline<Itimerval>>();
  timer.it_value.tv_sec = time.tv_sec;
  timer.it_value.tv_usec = time.tv_nsec / 1000;
  int80(SYS_setitimer, ITIMER_REAL, u32(timer), 0, 0, 0, 0);
  const status = zeroed<FixedArray<u32, 1>>();
  while (wait4(pid, status, 0) === -EINTR) {
    if (alarm.rang) kill(pid, signal);
  }
  if (alarm.rang) return TIMED_OUT;
  const killed = status[0] & 0x7f;
  return i32(killed !== 0 ? 128 + killed : (status[0] >>> 8) & 0xff);
}

function ring(): void {
  alarm.rang = true;
}
