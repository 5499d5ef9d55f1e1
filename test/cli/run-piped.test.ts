/*
 * `pagewright run` with a pipe for the console: what comes through it is typed at the shell, whose end is the machine's.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const command = [join(import.meta.dirname, '..', '..', 'tools', 'cli', 'pagewright.mjs'), 'run'];

function run(input: string) {
  const { status, stdout } = spawnSync(process.execPath, command, { input, encoding: 'utf8' });
  return { status, stdout: stdout.replaceAll('\r', '') };
}

test('the shell runs what is piped in, and its status is the status of the run', () => {
  const { status, stdout } = run('echo a; echo b\nif true\nthen echo c; fi\n(exit 5)\n');
  expect(stdout).toMatch(/# echo a; echo b\na\nb\n(.*# )if true\n> then echo c; fi\nc\n/);
  expect(status).toBe(5);
});

test('a program reads what follows; the last line needs no newline; each reader meets the end', () => {
  const { status, stdout } = run('cat\nfor the program\nand this');
  expect(stdout).toMatch(/\nfor the program\nfor the program\nand this\nand this\n/);
  expect(status).toBe(0);
});

test('the shell may end by itself, and there may be nothing to do', () => {
  expect(run('exit 3\necho never\n').status).toBe(3);
  expect(run('').status).toBe(0);
});
