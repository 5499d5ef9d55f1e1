/*
 * How the tests of the suite are written: once, and run against every target.
 *
 *   onEveryTarget(({ syscall, check }) => {
 *     syscall('close', () => {
 *       check('gives the number back', async ({ proc }) => { ... });
 *       check('EBADF: not open', async ({ proc }) => fails(proc, 'EBADF', 'close', 99));
 *     });
 *   });
 *
 * Each test gets a process of its own, in an empty directory of its own. When it is over, the process and the group that
 * it led are killed. The directories go with the target.
 */

import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import type { Argument } from '../../../emulator/agent/arguments.ts';
import { Errno, type ErrnoName, errnoName, isError } from '../../../emulator/agent/errno.ts';
import type { AgentClient } from '../../../emulator/agent/client.ts';
import type { Process } from '../../../emulator/agent/process.ts';
import type { SyscallName } from '../../../emulator/agent/trace.ts';
import { SIGKILL } from '../../../kernel/abi/signal.ts';
import { type Session, type Target, targets } from './targets.ts';

export interface Context {
  readonly target: Target;
  readonly agent: AgentClient;
  /** The test's process. */
  readonly proc: Process;
  /** The directory that it stands in. */
  readonly directory: string;
  /** Starts another one, in the same directory. */
  readonly spawn: () => Promise<Process>;
}

export interface Suite {
  readonly target: Target;
  /** Groups the tests of one system call, or of several that are variants of each other. */
  readonly syscall: (names: SyscallName | readonly SyscallName[], body: () => void) => void;
  readonly check: Check;
}

export interface Check {
  (name: string, body: (context: Context) => Promise<unknown>): void;
  /** The same test for each of several cases; the first item of a case stands for the %s in the name. */
  each<T extends readonly unknown[]>(
    cases: readonly T[],
  ): (name: string, body: (context: Context, item: T) => Promise<unknown>) => void;
}

/** Addresses that no program can use: below the first mapping, in the kernel's half, at the very end. */
export const wildPointers = [0x10, 0xc0100000, 0xfffffff0] as const;

/** Lines of the trace that a failure shows. */
const SHOWN = 60;

/** Declares the tests in `body` for each target. */
export function onEveryTarget(body: (suite: Suite) => void): void {
  for (const target of targets) {
    describe(`on ${target.name}`, () => {
      const reason = target.unavailable();
      if (reason === null) declare(target, body);
      else test(`unavailable: ${reason}`, ({ skip }) => skip(reason));
    });
  }
}

function declare(target: Target, body: (suite: Suite) => void): void {
  const lines: string[] = [];
  let session: Session | undefined;
  let count = 0;
  beforeAll(async () => {
    session = await target.open((line) => lines.push(line));
  });
  afterAll(() => session?.close());
  const one = (name: string, run: (context: Context) => Promise<unknown>): void => {
    test(name, async () => {
      lines.length = 0;
      onTestFailed(() => {
        console.log([...lines.slice(-SHOWN), session!.console().slice(-2000)].join('\n'));
      });
      await inProcess(target, session!, String(++count), run);
    });
  };
  const each: Check['each'] = (cases) => (name, run) => {
    for (const item of cases) one(name.replace('%s', String(item[0])), (context) => run(context, item));
  };
  body({
    target,
    syscall: (names, tests) => void describe([names].flat().join(', '), tests),
    check: Object.assign(one, { each }),
  });
}

async function inProcess(
  target: Target,
  { agent, directory: parent }: Session,
  name: string,
  run: (context: Context) => Promise<unknown>,
): Promise<void> {
  const directory = `${parent}/${name}`;
  const started: Process[] = [];
  const spawn = async (): Promise<Process> => {
    const made = await agent.spawn();
    started.push(made);
    if (started.length > 1) await made.chdir(directory);
    return made;
  };
  const proc = await spawn();
  await proc.mkdir(directory);
  await proc.chdir(directory);
  try {
    await run({ target, agent, proc, directory, spawn });
  } finally {
    for (const made of started) await end(agent, made);
  }
}

/** Kills a process and those that it has made, as far as they are still in its group. */
async function end(agent: AgentClient, process: Process): Promise<void> {
  await agent.kill(-process.pid, SIGKILL).catch(() => undefined);
  await process.kill(SIGKILL).catch(() => undefined);
  await process.exited;
}

// ---------------------------------------------------------------------------------------------------------------------
// Expectations.

/** The call must fail with this error. */
export async function fails(
  proc: Process,
  error: ErrnoName,
  name: SyscallName,
  ...args: readonly Argument[]
): Promise<void> {
  expect(outcome(await proc.call(name, ...args)), `${name} should fail`).toBe(error);
}

/** A system call with its arguments. */
export type Call = readonly [name: SyscallName, ...args: Argument[]];

/** All these calls must fail with this error. What each gave is shown at once. */
export async function allFail(proc: Process, error: ErrnoName, calls: readonly Call[]): Promise<void> {
  const results: string[] = [];
  for (const [name, ...args] of calls) results.push(`${name}: ${outcome(await proc.call(name, ...args))}`);
  expect(results).toEqual(calls.map(([name]) => `${name}: ${error}`));
}

/** Makes the process one of an ordinary user, if it is the superuser's. */
export async function becomeNobody(proc: Process): Promise<void> {
  if ((await proc.call('geteuid32')) === 0) await succeeds(proc, 'setresuid32', 1000, 1000, 1000);
}

/** The call must succeed; its result. */
export async function succeeds(proc: Process, name: SyscallName, ...args: readonly Argument[]): Promise<number> {
  const value = await proc.call(name, ...args);
  expect(outcome(value), `${name} should succeed`).toBe('success');
  return value;
}

/** A wrapper must reject with this error. */
export async function rejects(error: ErrnoName, promise: Promise<unknown>): Promise<void> {
  const result = await promise.then(
    () => 'success',
    (reason: unknown) => {
      if (reason instanceof Errno) return reason.name;
      throw reason;
    },
  );
  expect(result).toBe(error);
}

/**
 * Sends `signal` until `call`, which blocks in `proc`, returns: the first one may come before the call has begun to wait.
 * Gives what it returned.
 */
export async function interrupted(proc: Process, signal: number, call: Promise<number>): Promise<number> {
  for (;;) {
    await proc.kill(signal);
    const pause = new Promise<'waits'>((resolve) => setTimeout(() => resolve('waits'), 5));
    const result = await Promise.race([call, pause]);
    if (result !== 'waits') return result;
  }
}

/** What a call gave, in a word: the name of its error, or `success`. */
export function outcome(value: number): string {
  return isError(value) ? errnoName(-value) : 'success';
}
