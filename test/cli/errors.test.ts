/*
 * What the command line says when the system refuses: one line, no stack, and the status 1.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const command = join(import.meta.dirname, '..', '..', 'tools', 'cli', 'pagewright.mjs');

test.each([
  ['/dev/full', /^pagewright build: ENOSPC: no space left on device, write\n$/],
  ['/dev/null/kernel.elf', /^pagewright build: E(NOTDIR|EXIST): .*'\/dev\/null'\n$/],
])('a kernel cannot go to %s', (path, message) => {
  const { status, stderr } = spawnSync(process.execPath, [command, 'build', '-o', path], { encoding: 'utf8' });
  expect(stderr).toMatch(message);
  expect(status).toBe(1);
});

test('a build constant that no source knows is refused', () => {
  const { status, stderr } = spawnSync(process.execPath, [command, 'run', '--define', 'LOCK_CHEKER=false'], {
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/there is no build constant 'LOCK_CHEKER'; the constants are .*\bLOCK_CHECKER\b/);
  expect(status).toBe(2);
});

test.each([0, 20_000])(
  'a limit of %i instructions is too small for a boot, and that is all there is to say',
  (limit) => {
    const args = ['run', '--limit', String(limit), '--inspect', 'maps', '--exec', 'true'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
    expect(stderr.split('\n').slice(0, -1)).toEqual([
      `pagewright run: the limit of ${limit} instructions is used up`,
      expect.stringMatching(/^pagewright run: nothing to --inspect: /),
    ]);
    expect(stdout).toBe('');
    expect(status).toBe(1);
  },
);

test('commands that read find the end of their input at once', () => {
  const args = ['run', '--limit', '100000000', '--exec', 'cat | wc -c', '--exec', 'cat; read word; echo $?; exit 3'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 3, stdout: '0\n1\n', stderr: '' });
});

test('commands have no input, so there is nothing to connect to this terminal', () => {
  const args = ['run', '--console', '--exec', 'cat'];
  const { status, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
  expect(stderr).toMatch(/--console does not go with --exec/);
  expect(status).toBe(2);
});

test('a port is a number in decimal', () => {
  for (const port of ['', '1e3']) {
    const { status, stderr } = spawnSync(process.execPath, [command, 'serve', `--port=${port}`], { encoding: 'utf8' });
    expect(stderr).toMatch(/--port takes a number from 0 to 65535/);
    expect(status).toBe(2);
  }
});

test('a reader that has gone ends the command, without a word', async () => {
  const child = spawn(process.execPath, [command, 'run', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  await once(child, 'close');
  expect(errors).toBe('');
  expect(child.exitCode).toBe(141);
});
