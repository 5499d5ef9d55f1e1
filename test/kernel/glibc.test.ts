/*
 * C programs, linked statically against glibc by the host's gcc, run unchanged in the guest and print there what they
 * print under the host's Linux.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProjectImages } from '../../tools/build/images.ts';
import { buildImages, runGuest } from './guest.ts';

const sources = fileURLToPath(new URL('./glibc', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pagewright-glibc-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Compiles test/kernel/glibc/NAME.c to a static i386 program, and gives its path. */
function compile(name: string): string {
  const program = join(folder, name);
  const args = ['-m32', '-static', '-O1', '-s', '-w', '-o', program, join(sources, `${name}.c`), '-lm'];
  const gcc = spawnSync('gcc', args, { encoding: 'utf8' });
  if (gcc.error !== undefined) throw gcc.error;
  expect(gcc.stderr).toBe('');
  return program;
}

/** What the program prints on the host, both streams in one file, nothing to read. */
function runHost(program: string, args: readonly string[]): { output: string; status: number | null } {
  const path = join(folder, 'output');
  const file = openSync(path, 'w');
  const result = spawnSync(program, args, { stdio: ['ignore', file, file], env: {}, timeout: 60_000 });
  closeSync(file);
  return { output: readFileSync(path, 'utf8'), status: result.status };
}

let images: ProjectImages;
beforeAll(() => {
  images = buildImages();
});

/** The same in the guest: to a file first, then to the console, so that buffering is alike. */
async function runInGuest(name: string, program: string, args: readonly string[]) {
  const line = [`/test/${name}`, ...args].join(' ');
  const commands = [
    `${line} </dev/null >/tmp/out 2>&1; echo $? >/tmp/status`,
    'cat /tmp/out',
    'exit $(cat /tmp/status)',
  ];
  return runGuest({ images, commands, programs: new Map([[name, readFileSync(program)]]) });
}

describe('a static glibc program runs as on Linux', () => {
  test.each([
    ['printf', []],
    ['malloc', []],
    ['fork', []],
    ['pipes', []],
    ['signals', []],
    ['environment', ['one', 'two']],
    ['hostile', []],
  ])('%s', async (name, args) => {
    const program = compile(name);
    const expected = runHost(program, args);
    expect(await runInGuest(name, program, args)).toEqual(expected);
  });
});

/** What hogs.c prints. In 8 MiB there is no room for the 8 MiB that a stack may have, so it may be SIGKILL that ends it. */
const survival = [
  /^fork ends with: Resource temporarily unavailable, after many$/,
  /^processes: exited 0$/,
  /^bomb: killed 0$/,
  /^heap: killed by 9$/,
  /^stack: killed by (9|11)$/,
  /^copies: exited 4$/,
  /^descriptors: exited 6$/,
  /^pipes full of data: exited 8$/,
  /^spin: killed 0$/,
  /^still here$/,
  /^and the shell$/,
  /^$/,
];

describe('the kernel survives programs that want everything', () => {
  test.each([16, 8])('in %i MiB', async (megabytes) => {
    const programs = new Map([['hogs', readFileSync(compile('hogs'))]]);
    const commands = ['/test/hogs', 'echo and the shell'];
    const { output, status } = await runGuest({ images, programs, commands, memoryBytes: megabytes << 20 });
    expect(status).toBe(0);
    const lines = output.split('\n').filter((line) => !line.startsWith('['));
    expect(lines).toHaveLength(survival.length);
    survival.forEach((pattern, n) => expect(lines[n]).toMatch(pattern));
  });
});
