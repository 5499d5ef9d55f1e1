/*
 * `pagewright run --kernel`: kernels that are not ours, with disks, a console in a pipe, and the ways in which a run ends.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { buildKernel } from '../emulator/support.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'run-kernel-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, contents: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

/** Runs `pagewright run`; `input` is what the pipe brings. */
function run(args: readonly string[], input = '') {
  const command = [join(root, 'tools', 'cli', 'pagewright.mjs'), 'run', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const consoleKernel = file('console', buildKernel('console'));
const runConsole = (input: string, ...args: string[]) =>
  run(['--kernel', consoleKernel, '--memory', '16M', '--console', ...args], input);

describe('input from a pipe', () => {
  test('is typed line by line, and loses nothing to a driver that starts late', () => {
    const { status, stdout } = runConsole('ls\na longer line\nquit 3\n');
    expect(stdout).toBe('$ ls\nheard ls\n$ a longer line\nheard a longer line\n$ quit 3\n');
    expect(status).toBe(3);
  });

  test('reaches a kernel that polls', () => {
    const { status, stdout } = runConsole('poll\nx\nquit 0\n');
    expect(stdout).toBe('$ poll\n$ x\nheard x\n$ quit 0\n');
    expect(status).toBe(0);
  });

  test('does not end the guest when it ends, but a guest that sleeps for ever ends the run', () => {
    const { status, stdout, stderr } = runConsole('ls\n');
    expect(stdout).toBe('$ ls\nheard ls\n$ ');
    expect(stderr).toMatch(/sleeps for ever/);
    expect(status).toBe(0);
  });

  test('gives the same run every time, and the same interpreted', () => {
    const outcome = () => runConsole('ls\nquit 0\n', '--state-hash', '--cpus', '2');
    const first = outcome();
    expect(first.stdout).toMatch(/state-hash [0-9a-f]{64}\n$/);
    expect(outcome()).toEqual(first);
    expect(runConsole('ls\nquit 0\n', '--state-hash', '--cpus', '2', '--exact')).toEqual(first);
  });
});

describe('the end of a run', () => {
  test('comes with a text', () => {
    expect(runConsole('one\ntwo\n', '--until', 'heard one')).toMatchObject({ status: 0, stdout: '$ one\nheard one' });
  });

  test('comes with a limit, which is a failure', () => {
    const { status, stderr } = runConsole('poll\n', '--limit', '30M');
    expect(stderr).toBe('pagewright run: the limit of 30000000 instructions is used up\n');
    expect(status).toBe(1);
  });

  test('without the text is a failure', () => {
    expect(runConsole('sleep\n', '--until', 'never')).toMatchObject({ status: 1 });
  });

  test('comes with a reset, the power switch, or a fault', () => {
    expect(runConsole('reset\n')).toMatchObject({
      status: 0,
      stderr: 'pagewright run: the guest reset the machine\n',
    });
    expect(runConsole('keyboard\n').stderr).toMatch(/reset the machine/);
    expect(runConsole('off\n')).toMatchObject({ status: 0, stderr: '' });
    const fault = runConsole('fault\n');
    expect(fault.stderr).toMatch(/^pagewright run: the CPU shut down after \d+ instructions: /);
    expect(fault.status).toBe(1);
  });

  test('can be told as JSON', () => {
    const { stdout } = runConsole('quit 7\n', '--json', '--state-hash');
    expect(JSON.parse(stdout)).toMatchObject({ status: 7, reason: 'exit', output: '$ quit 7\n' });
  });
});

describe('disks', () => {
  const kernel = file('disk', buildKernel('disk'));
  const numbers = Uint16Array.from({ length: 4001 * 256 }, (_, i) => Math.floor(i / 256));
  const first = file('first.img', new Uint8Array(numbers.buffer));
  const second = file('second.img', new Uint8Array(70_000 * 512));

  test('stay as they are', () => {
    const { status, stdout } = run(['--kernel', kernel, '--hda', first, '--hdb', second]);
    expect(stdout).toMatch(/done\n$/);
    expect(status).toBe(0);
    expect(readFileSync(second).every((byte) => byte === 0)).toBe(true);
  });

  test('are written back when that is asked for', () => {
    expect(run(['--kernel', kernel, '--hda', first, '--hdb', `${second},writable`]).status).toBe(0);
    const written = readFileSync(second);
    expect(written.length).toBe(70_000 * 512);
    expect([69_989, 69_990, 69_993, 40_000].map((sector) => written[sector * 512])).toEqual([0, 77, 77, 200]);
  });

  test.each([
    ['a missing file', ['--hda', join(folder, 'none')], /cannot open the disk image .*none: ENOENT/],
    ['an empty file', ['--hdc', file('empty', '')], /the disk image .*empty is empty/],
    ['a folder', ['--hda', folder], /is not a file/],
  ])('%s is refused', (_, args, message) => {
    const { status, stderr } = run(['--kernel', kernel, ...args]);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
  });
});

describe('what cannot be run', () => {
  test.each([
    ['no such kernel', ['--kernel', join(folder, 'none')], 1, /cannot read the kernel .*ENOENT/],
    ['no kernel', ['--kernel', file('text', 'hello')], 1, /no multiboot header/],
    ['a large kernel', ['--kernel', consoleKernel, '--memory', '1M'], 1, /beyond the machine's memory of 1 MiB/],
    ['no such module', ['--kernel', consoleKernel, '--initrd', join(folder, 'none')], 1, /cannot read the module/],
    ['commands', ['--kernel', consoleKernel, '--exec', 'ls'], 2, /--exec runs commands in our own kernel/],
    ['no Linux kernel', ['--bzimage', consoleKernel], 1, /console is not a Linux kernel/],
    ['two kernels', ['--bzimage', consoleKernel, '--kernel', consoleKernel], 2, /either --kernel or --bzimage/],
    ['nine CPUs', ['--kernel', consoleKernel, '--cpus', '9'], 2, /--cpus takes a number from 1 to 8/],
    ['no text', ['--kernel', consoleKernel, '--until', ''], 2, /--until takes the text/],
  ])('%s', (_, args, expected, message) => {
    const { status, stderr } = run(args);
    expect(stderr).toMatch(message);
    expect(status).toBe(expected);
  });

  test('a module is handed over with its words', () => {
    const module = file('module', 'contents');
    const boot = file('boot', buildKernel('boot'));
    const { status, stdout } = run(['--kernel', boot, '--initrd', `${module} a b`, '--append', 'x', '--cmdline', 'y']);
    expect(stdout).toContain('command line: x y\n');
    expect(stdout).toContain(`${module} a b: contents\n`);
    expect(status).toBe(42);
  });
});
