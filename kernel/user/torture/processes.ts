/*
 * Rounds about processes: fork and exit statuses, trees, exec with arguments, death by signal.
 */

import { SIGKILL, SIGSEGV, SIGTERM, SIGUSR1 } from '../../abi/signal.ts';
import { SYS_pause } from '../../abi/syscallNumbers.ts';
import { execve, exitNow, fork, getpid, getppid, kill } from '../lib/processCalls.ts';
import { bytesEqual, parseNumber, stringLength, type StringList } from '../lib/strings.ts';
import { expectEnd, expectEqual, type Job, random, succeeded } from './job.ts';

/** A few children, each with a status of its own, waited for in another order than they were made. */
export function forkRound(job: Job): void {
  const children = zeroed<FixedArray<i32, 4>>();
  const key = random(job, 200);
  const parent = getpid();
  for (let i: u32 = 0; i < 4; i++) {
    children[i] = fork();
    if (children[i] === 0) exitNow(getppid() === parent ? i32(key + i) : 255);
    if (!succeeded(job, 'fork', children[i])) children[i] = 0;
  }
  const first = random(job, 4);
  for (let i: u32 = 0; i < 4; i++) {
    const which = (first + i * 3) % 4;
    if (children[which] > 0) expectEnd(job, 'exit status', children[which], (key + which) << 8);
  }
}

/** A chain of generations: each adds one to what its child exits with. */
export function treeRound(job: Job): void {
  const depth = 1 + random(job, 5);
  const pid = fork();
  if (pid === 0) exitNow(i32(descend(job, depth)));
  if (succeeded(job, 'fork', pid)) expectEnd(job, 'generations', pid, depth << 8);
}

/** Returns how many generations there are from here on. Ends early, with the right count faked, if resources are out. */
function descend(job: Job, depth: u32): u32 {
  if (depth === 1) return 1;
  const pid = fork();
  if (pid === 0) exitNow(i32(descend(job, depth - 1)));
  if (succeeded(job, 'fork', pid)) expectEnd(job, 'generation', pid, (depth - 1) << 8);
  return depth;
}

/** What the executed program exits with if all is well. */
export const CHILD_STATUS: u32 = 77;

/** Executes torture, which checks what it is given and ends with CHILD_STATUS. */
export function executeSelf(job: Job): never {
  const argv = zeroed<FixedArray<Ptr<u8> | null, 6>>();
  const envp = zeroed<FixedArray<Ptr<u8> | null, 2>>();
  argv[0] = bytes('torture');
  argv[1] = bytes('--child');
  argv[2] = bytes('an argument with blanks');
  argv[3] = bytes('');
  argv[4] = bytes('77');
  envp[0] = bytes('TORTURE=yes');
  const error = execve(job.program, argv, envp);
  exitNow(error < 0 ? 99 : 98);
}

/** Torture executes itself; the child checks what it is given. */
export function execRound(job: Job): void {
  const pid = fork();
  if (pid === 0) executeSelf(job);
  if (succeeded(job, 'fork', pid)) expectEnd(job, 'executed program', pid, CHILD_STATUS << 8);
}

/** The executed program: exits with its last argument if it got what `execRound` gave. */
export function childProgram(argc: u32, argv: StringList): i32 {
  const wanted = bytes('an argument with blanks');
  const number = zeroed<FixedArray<i32, 1>>();
  if (argc !== 5 || argv[5] !== null) return 2;
  if (!bytesEqual(argv[2]!, wanted, stringLength(wanted) + 1) || argv[3]![0] !== 0) return 3;
  const environment = argv[6];
  const variable = bytes('TORTURE=yes');
  if (environment === null || !bytesEqual(environment, variable, stringLength(variable) + 1)) return 4;
  if (argv[7] !== null) return 5;
  return parseNumber(argv[4]!, number) ? number[0] : 6;
}

/** A child that waits for ever, and one that writes through null, die of the right signals. */
export function killRound(job: Job): void {
  const signal = oneOf(SIGTERM, SIGKILL, SIGUSR1, random(job, 3));
  const sleeper = fork();
  if (sleeper === 0) {
    int80(SYS_pause, 0, 0, 0, 0, 0, 0);
    exitNow(1);
  }
  if (succeeded(job, 'fork', sleeper)) {
    expectEqual(job, 'kill', u32(kill(sleeper, signal)), 0);
    expectEnd(job, 'death by signal', sleeper, signal);
  }
  const wild = fork();
  if (wild === 0) {
    ptr<Volatile<u32>>(u32(16))[0] = 1;
    exitNow(1);
  }
  if (succeeded(job, 'fork', wild)) expectEnd(job, 'death by wild pointer', wild, SIGSEGV);
}

function oneOf(a: u32, b: u32, c: u32, which: u32): u32 {
  if (which === 0) return a;
  return which === 1 ? b : c;
}
