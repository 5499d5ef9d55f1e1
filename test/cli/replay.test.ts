/*
 * `pagewright run --record` and `pagewright replay`: what was piped in comes back, and a recording of another kernel is
 * refused.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildKernel } from '../emulator/support.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'replay-'));
const kernel = join(folder, 'console');
const recording = join(folder, 'run.recording');
const snapshot = join(folder, 'run.snapshot');
writeFileSync(kernel, buildKernel('console'));
afterAll(() => rmSync(folder, { recursive: true }));

function pagewright(args: readonly string[], input = '') {
  const command = [join(root, 'tools', 'cli', 'pagewright.mjs'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('a run is recorded, replayed, verified, and gone on with', () => {
  const machine = ['--kernel', kernel, '--memory', '16M', '--console'];
  const recorded = pagewright(['run', ...machine, '--record', recording], 'ls\nquit 3\n');
  expect(recorded).toMatchObject({ status: 3, stdout: '$ ls\nheard ls\n$ quit 3\n' });
  const replayed = pagewright(['replay', '--show', recording]);
  expect(replayed.stdout).toMatch(
    /^\$ ls\nheard ls\n\$ quit 3\nthe same: \d+ instructions, \d inputs, \d checkpoints, exit 3\n$/,
  );
  expect(replayed.status).toBe(0);
  const json = pagewright(['replay', '--json', '--until', '1000', '--snapshot', snapshot, recording]);
  expect(JSON.parse(json.stdout)).toMatchObject({ same: true, at: { instructions: 1000 } });
  const restored = pagewright(['run', ...machine, '--restore', snapshot], 'ls\nquit 4\n');
  expect(restored).toMatchObject({ status: 4 });
});

test('what was typed at a terminal is replayed without one', async () => {
  const session = join(folder, 'session.recording');
  const words = [process.execPath, join(root, 'tools', 'cli', 'pagewright.mjs'), 'run', '--record', session];
  const terminal = spawn('script', ['-qec', `stty rows 33 cols 99; ${words.join(' ')}`, '/dev/null']);
  let shown = '';
  terminal.stdout.on('data', (data: Buffer) => {
    shown += data.toString();
    if (shown.endsWith(':/# ')) terminal.stdin.write(shown.includes('33 99') ? 'poweroff\r' : 'stty size\r');
  });
  await once(terminal, 'close');
  expect(shown).toContain('33 99');
  expect(terminal.exitCode).toBe(0);
  expect(pagewright(['replay', session])).toMatchObject({ status: 0, stderr: '' });
});

test('what cannot be replayed is refused with what to do', () => {
  expect(pagewright(['replay'])).toMatchObject({ status: 2 });
  const missing = pagewright(['replay', join(folder, 'nothing')]);
  expect(missing.status).toBe(1);
  expect(missing.stderr).toMatch(/cannot read/);
  expect(pagewright(['replay', snapshot]).stderr).toMatch(/this is a snapshot, not a recording/);
  const other = readFileSync(kernel);
  other[other.length - 1]! ^= 1; // of its symbols: it boots as before
  writeFileSync(kernel, other);
  const changed = pagewright(['replay', recording]);
  expect(changed.status).toBe(1);
  expect(changed.stderr).toMatch(/its kernel was another one \(SHA-256 [0-9a-f]+\.\.\., here [0-9a-f]+\.\.\.\)/);
});

test('a run does not begin if what it is to leave behind cannot be written', () => {
  const machine = ['--kernel', kernel, '--memory', '16M', '--console'];
  for (const option of [
    ['--record', join(folder, 'none', 'run')],
    ['--snapshot', folder],
  ]) {
    const { status, stdout, stderr } = pagewright(['run', ...machine, ...option], 'quit 3\n');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/cannot write/);
  }
});
