/*
 * The kinds of locks at work, on several CPUs and under several seeds: kernel/sync/lockKindTest.ts tells what each test does.
 */
import { describe, expect, test } from 'vitest';
import { replayCommand, runGuest, type GuestOptions } from '../support/guest.ts';

/** By kind: the lines that it ends with. */
const kinds: readonly (readonly [string, readonly RegExp[]])[] = [
  ['rwsem', [/lock-test: rwsem order WDR\n/, /lock-test: rwsem writes 120, together yes\n/]],
  ['mutex', [/lock-test: mutex writes 240, together 1\n/]],
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

test('/proc/lock_stat counts by class', async () => {
  const options: GuestOptions = { exec: ['torture --iterations 1', 'cat /proc/lock_stat'], cpus: 2 };
  const { output } = await runGuest(options);
  const rows = new Map<string, readonly number[]>();
  for (const line of output.replaceAll('\r', '').split('\n')) {
    const match = /^ *([\w ]+(?:\/\d)?): +(\d+) +(\d+) +(\d+) +(\d+)$/.exec(line);
    if (match !== null) rows.set(match[1]!, match.slice(2).map(Number));
  }
  expect(output).toContain('lock_stat version 0.4');
  for (const name of ['runQueue', 'buddy', 'inode', 'inode/2', 'mmapSem']) {
    const [contentions, waits, acquisitions] = rows.get(name) ?? [-1, -1, -1];
    expect(acquisitions, `${name}: ${replayCommand(options)}`).toBeGreaterThan(0);
    expect(contentions).toBeLessThanOrEqual(acquisitions!);
    expect(waits).toBeGreaterThanOrEqual(contentions!);
  }
});
