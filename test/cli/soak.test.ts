/*
 * `pagewright soak`: random machines that any run repeats.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

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
    /^ok {2}[0-9]+M instructions {2}npx pagewright run --exec .* --cpus [1-8] --seed [0-9]+ .*--policy /,
  );
  expect(end).toBe('soak: 1 runs, all well');
});

test.each([
  ['soak', '--minutes', '0'],
  ['run', '--policy', 'fair', '--exec', 'true'],
  ['run', '--cpus', '9', '--exec', 'true'],
])('wrong usage: %s %s %s', (...args) => {
  const { status, stderr } = pagewright(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(args[1]);
});
