/*
 * `pagewright soak`: random machines that any run repeats.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linuxTrouble } from '../../tools/cli/run/linuxSoak.ts';

const root = join(import.meta.dirname, '..', '..');

function pagewright(...args: readonly string[]) {
  const command = [join(root, 'tools', 'cli', 'pagewright.mjs'), ...args];
  return spawnSync(process.execPath, command, { encoding: 'utf8' });
}

test('tells what it runs, and ends after so many runs', () => {
  const { status, stdout, stderr } = pagewright('soak', '--runs', '1', '--seed', '5', '--minutes', '9');
  expect(status, `${stdout}${stderr}`).toBe(0);
  const [run, end] = stdout.trim().split('\n');
  expect(run).toMatch(
    /^ok {2}\d+M instructions, memory looked at \d+ times, [1-9]\d* in full {2}npx pagewright run --exec .* --cpus [1-8] --seed \d+ .*--policy .*--check/,
  );
  expect(end).toBe('soak: 1 runs, all well');
});

test.each([
  ['soak', '--minutes', '0'],
  ['soak', '--vm', '--replay'],
  ['run', '--check', '--qemu'],
  ['run', '--policy', 'fair', '--exec', 'true'],
  ['run', '--cpus', '9', '--exec', 'true'],
])('wrong usage: %s %s %s', (...args) => {
  const { status, stderr } = pagewright(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(args[1]);
});

test.each([
  ['nothing', '', undefined],
  ['an end too early', 'linux-ready', /did not get to its end/],
  ['one processor', 'processors 2', /does not see 2 processors/],
  ['a processor that nobody wakes', '          7         1', /reached CPU 1/],
])('what Linux shows is judged: %s', (_, missing, expected) => {
  const rows = ' RES:          0         0   Rescheduling\r\n CAL:          7         1   Function call\r\n';
  const console = `processors 2\r\n${rows}linux-ready`;
  const trouble = linuxTrouble(missing === '' ? console : console.replace(missing, '          7         0'), 2);
  if (expected === undefined) expect(trouble).toBeUndefined();
  else expect(trouble).toMatch(expected);
});

test('what Linux shows is judged: a lockup', () => {
  const console = 'watchdog: BUG: soft lockup - CPU#1 stuck\r\nprocessors 2\r\nlinux-ready';
  expect(linuxTrouble(console, 2)).toMatch(/soft lockup/);
});
