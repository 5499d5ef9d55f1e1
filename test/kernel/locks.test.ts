/*
 * The kinds of locks at work, on several CPUs and under several seeds: kernel/sync/lockKindTest.ts tells what each test does.
 */
import { describe, expect, test } from 'vitest';
import { replayCommand, runGuest, type GuestOptions } from '../support/guest.ts';

/** By kind: the lines that it ends with. */
const kinds: readonly (readonly [string, readonly RegExp[]])[] = [
  ['rwsem', [/lock-test: rwsem order WDR\n/, /lock-test: rwsem writes 120, together yes\n/]],
  ['seqlock', [/lock-test: seqlock writes 120\n/]],
  ['kernel-lock', [/lock-test: kernel-lock order SLA\n/, /lock-test: kernel-lock writes 240\n/]],
  ['semaphore', [/lock-test: semaphore, together 2\n/]],
];

describe.each([
  [1, 1],
  [2, 2],
  [4, 3],
])('on %i CPUs, seed %i', (cpus, seed) => {
  test.each(kinds)('%s', async (kind, lines) => {
    const options: GuestOptions = { exec: ['sleep 4'], cpus, seed, commandLine: `lock-test=${kind}` };
    const { output } = await runGuest(options);
    for (const line of lines) expect(output.replaceAll('\r', ''), replayCommand(options)).toMatch(line);
  });
});
