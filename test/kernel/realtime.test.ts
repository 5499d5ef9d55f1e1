/*
 * Real-time policies: a C program that prints what its threads do, and in what order (glibc/realtime.c). Linux prints the
 * same, where it lets a program do that.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GuestOptions, replayCommand, runGuest } from '../support/guest.ts';
import { runsI386 } from '../support/i386.ts';

const folder = mkdtempSync(join(tmpdir(), 'pagewright-realtime-'));
const program = join(folder, 'realtime');
beforeAll(() => {
  const source = fileURLToPath(new URL('./glibc/realtime.c', import.meta.url));
  const { stderr } = spawnSync('gcc', ['-m32', '-static', '-O1', '-s', '-w', '-o', program, source], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
});
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * A thread that another gives a lower priority before it has begun is the first of its new equals: of those that the
 * director starts, the last.
 */
const order = [
  'by priority, then first come first served: gdbface',
  'FIFO among equals: bbbbaaaa',
  'yielding to equals: babababa',
  'RR among equals: in turns',
  'a wake-up preempts, and who was preempted goes on before his equals: e<h>',
  'so under SCHED_RR: e<h>',
  'not one of lower priority: <>l',
  'not an ordinary one: <>o',
  'a lock goes to the most urgent of those that wait: bdcae',
  'raised and lowered: 1c2b34a5',
  'lowered to be the first of its equals: cba',
];
const places = [
  'woken while a more urgent one has CPU 0: on CPU 1',
  'of three that spin these do: no yes yes',
  'begins on CPU: 0',
  'preempted by one that may run there alone: on CPU 1',
];
const share = [
  'what 1.9 s of real-time work leave to others: some 0.1 s',
  '200 ms, with pauses',
  'SIGXCPU',
  'without: killed by 9',
];

const linesOf = (output: string): string[] => output.trimEnd().split(/\r?\n/);

async function runThere(options: GuestOptions): Promise<string> {
  const run = await runGuest({ ...options, files: new Map([['/tmp/realtime', readFileSync(program)]]) });
  expect(run.status, `${run.output}\n${replayCommand(options)}`).toBe(0);
  return run.output;
}

/** Do our programs run here, and may they use CPU 0 and CPU 1, and real-time policies? */
function hostIsFit(): boolean {
  if (!runsI386) return false;
  const commands = ['taskset -c 0 true', 'taskset -c 1 true', 'chrt -f 1 true'];
  return spawnSync('sh', ['-c', commands.join(' && ')]).status === 0;
}

describe('real-time threads run', () => {
  test.each([
    ['order', 1, order],
    ['order', 2, order],
    ['places', 2, places],
    ['share', 1, share],
  ] as const)('%s, on %i CPUs', async (scene, cpus, expected) => {
    expect(linesOf(await runThere({ cpus, exec: [`/tmp/realtime ${scene}`] }))).toEqual(expected);
  });

  test.runIf(hostIsFit()).each([
    ['order', order],
    ['places', places],
  ] as const)('and so they do on Linux: %s', (scene, expected) => {
    expect(linesOf(spawnSync(program, [scene], { encoding: 'utf8' }).stdout)).toEqual(expected);
  });
});

test('a program that spins under SCHED_FIFO leaves the shell alive, which can end it', async () => {
  const exec = ['/tmp/realtime spin & sleep 0.2; cat /proc/$!/stat; kill -9 $!; wait $!; echo ended $?'];
  const [stat, end] = linesOf(await runThere({ exec }));
  const fields = ['pid', ...stat!.split(' ')]; // numbered from 1, as in proc(5)
  expect([18, 19, 40, 41].map((n) => fields[n])).toEqual(['-100', '0', '99', '1']);
  expect(end).toBe('ended 137');
});
