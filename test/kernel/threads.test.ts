/*
 * Threads of the project's own programs, on one CPU and on several, in the machine and under Linux.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { replayCommand, runGuest } from '../support/guest.ts';
import { runsI386 } from '../support/i386.ts';

const teamOptions = ['--threads', '8', '--iterations', '2', '--jobs', '2'];

test.each([
  [1, 'fast', 1],
  [2, 'fast', 2],
  [4, 'fast', 3],
  [8, 'fast', 4],
  [3, 'exact', 5],
] as const)('%i CPUs, %s: threads share what they should, seed %i', async (cpus, mode, seed) => {
  const options = { cpus, mode, seed, exec: [`torture ${teamOptions.join(' ')} --seed ${seed}`] };
  const run = await runGuest(options);
  expect(run.status, `${run.output}\n${replayCommand(options)}`).toBe(0);
  expect(run.output).toContain('all well');
});

test.runIf(runsI386)('and so they do on Linux', () => {
  const { stdout, stderr } = spawnSync(join(inject('imageFolder'), 'bin', 'torture'), teamOptions, {
    encoding: 'utf8',
  });
  expect(stdout, stderr).toContain('all well');
});
