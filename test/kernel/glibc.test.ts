/*
 * C programs, linked statically against glibc by the host's gcc, run unchanged in the guest and print there what they
 * print under the host's Linux.
 */

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { S_IFDIR, S_IFREG } from '../../kernel/abi/stat.ts';
import { writeArchive } from '../../tools/image/newc.ts';
import { type GuestOptions, runGuest } from '../support/guest.ts';
import { runsI386 } from '../support/i386.ts';

const sources = fileURLToPath(new URL('./glibc', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pagewright-glibc-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface ProgramRun {
  /** Both streams, as they came into one file. */
  readonly output: string;
  readonly status: number | null | undefined;
}

function gcc(...args: readonly string[]): string {
  const run = spawnSync('gcc', ['-m32', ...args], { encoding: 'utf8' });
  if (run.error !== undefined) throw run.error;
  expect(run.stderr).toBe('');
  return run.stdout.trim();
}

/** Compiles NAME.c to an i386 program, a static one unless told otherwise, and gives its path. */
function compile(name: string, linking = '-static'): string {
  const program = join(folder, `${name}${linking}`);
  gcc(linking, '-O1', '-s', '-w', '-o', program, join(sources, `${name}.c`), '-lm');
  return program;
}

function hardLinksAreProtected(): boolean {
  const path = '/proc/sys/fs/protected_hardlinks';
  return existsSync(path) && readFileSync(path, 'utf8').trim() === '1';
}

function runHere(program: string, args: readonly string[]): ProgramRun {
  const path = join(folder, 'output');
  const file = openSync(path, 'w');
  const result = spawnSync(program, args, { stdio: ['ignore', file, file], env: {}, timeout: 60_000 });
  closeSync(file);
  return { output: readFileSync(path, 'utf8'), status: result.status };
}

/** As runHere: the output goes to a file first, so that the program buffers it as there, and then to the console. */
async function runThere(program: string, args: readonly string[], cpus = 1): Promise<ProgramRun> {
  const path = `/tmp/${basename(program)}`;
  const command = [path, ...args, '</dev/null >/tmp/output 2>&1'].join(' ');
  const exec = [`${command}; echo $? >/tmp/status`, 'cat /tmp/output', 'exit $(cat /tmp/status)'];
  const { output, status } = await runGuest({ exec, cpus, files: new Map([[path, readFileSync(program)]]) });
  return { output, status };
}

/** Where no Linux is here to compare with: the program has come to its end, which it says by its status. */
function expectAsHere(there: ProgramRun, program: string, args: readonly string[], status = 0): void {
  if (runsI386) expect(there).toEqual(runHere(program, args));
  else expect(there.status, there.output).toBe(status);
}

describe('a static glibc program runs as on Linux', () => {
  test.each([
    ['printf', []],
    ['malloc', []],
    ['memory', []],
    ['advice', []],
    ['regionfiles', []],
    ['filemaps', []],
    ['regions', []],
    ['vmcalls', ['5', '1500']],
    ['truncation', []],
    ['growth', []],
    ['fork', []],
    ['execs', []],
    ['jobs', []],
    ['pipes', []],
    ['recordlocks', []],
    ['orphans', []],
    ['signals', []],
    ['threads', []],
    ['groups', []],
    ['tracing', []],
    ['registersets', []],
    ['segments', []],
    ['hostile', []],
    ['enter', []],
  ])('%s', async (name, args) => {
    const program = compile(name);
    expectAsHere(await runThere(program, args), program, args);
  });

  test('environment', async () => {
    const program = compile('environment');
    const args = ['one', 'two'];
    expectAsHere(await runThere(program, args), program, args, 5);
  });

  test.each([
    ['threads', 2],
    ['threads', 4],
    ['groups', 4],
  ])('%s, on %i CPUs', async (name, cpus) => {
    const program = compile(name);
    expectAsHere(await runThere(program, [], cpus), program, []);
  });

  // What a superuser may do is the matter; a host that lets nobody be one gives the answers nobody can compare.
  test.runIf(process.getuid?.() === 0).each(['identity', 'secrets'])('%s', async (name) => {
    const program = compile(name);
    expectAsHere(await runThere(program, []), program, []);
  });

  // As there; and the host must have the setting that our kernel always has.
  test.runIf(process.getuid?.() === 0 && hardLinksAreProtected())('random calls about names and files', async () => {
    const program = compile('names');
    expectAsHere(await runThere(program, ['1', '4000']), program, ['1', '4000']);
  });
});

test('a program finds its libraries through the dynamic linker', async () => {
  const program = compile('threads', '-pie');
  const names = ['ld-linux.so.2', 'libc.so.6', 'libm.so.6', 'libgcc_s.so.1'];
  const libraries = names.map((name) => {
    return { path: `lib/${name}`, mode: S_IFREG | 0o755, data: readFileSync(gcc(`-print-file-name=${name}`)) };
  });
  const archive = writeArchive([
    { path: 'lib', mode: S_IFDIR | 0o755 },
    ...libraries,
    { path: 'tmp/program', mode: S_IFREG | 0o755, data: readFileSync(program) },
  ]);
  const { output, status } = await runGuest({ exec: ['/tmp/program'], archive });
  expectAsHere({ output, status }, program, []);
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
    const files = new Map([['/tmp/hogs', readFileSync(compile('hogs'))]]);
    const exec = ['/tmp/hogs', 'echo and the shell'];
    const { output, status } = await runGuest({ exec, files, memoryBytes: megabytes << 20 }, 20e9);
    expect(status, output).toBe(0);
    const lines = output.split('\n').filter((line) => !line.startsWith('['));
    expect(lines).toHaveLength(survival.length);
    survival.forEach((pattern, n) => expect(lines[n]).toMatch(pattern));
  });
});

test('shared memory of three times the RAM: files, anonymous mappings and segments go to swap and come back', async () => {
  const program = compile('sharedswap');
  const options: GuestOptions = {
    exec: ['/tmp/sharedswap 6000 && grep pgmajfault /proc/vmstat && swapoff /dev/hdd && cat /proc/swaps'],
    files: new Map([['/tmp/sharedswap', readFileSync(program)]]),
    cpus: 2,
    memoryBytes: 8 << 20,
    swapBytes: 32 << 20,
  };
  const run = await runGuest(options);
  if (runsI386) expect(run.output, run.result.reason).toContain(runHere(program, ['6000']).output);
  expect(run.output).toMatch(/^pgmajfault [1-9]\d{3}/m);
  expect(run.output).not.toContain('/dev/hdd');
  expect(run.findings).toEqual([]);
});

test('what is locked stays, what is out can be written to and counted, and swapoff gives up or brings all back', async () => {
  const options: GuestOptions = {
    exec: ['/tmp/swapping /dev/hdd', 'cat /proc/swaps'],
    files: new Map([['/tmp/swapping', readFileSync(compile('swapping'))]]),
    cpus: 2,
    memoryBytes: 8 << 20,
    swapBytes: 24 << 20,
  };
  const { output, result, findings } = await runGuest(options);
  const lines = [
    'locked: all in memory 1, some in swap 0',
    'the other: some in swap 1, all accounted for 1',
    'not locked: all in memory 0, some in swap 1',
    'the other: some in swap 1, all accounted for 1',
    ...['wrong: 0', 'wrong: 0'],
    ...['out: 1', 'out again: 1', 'the child: 0', 'major faults of the child: 1'],
    'swapoff: Cannot allocate memory',
    ...['wrong: 0', 'wrong: 0', 'wrong: 0', 'wrong: 0', 'wrong for the child: 0'],
    'swapoff: done',
    ...['wrong: 0', 'wrong: 0', 'wrong: 0', 'wrong for the child: 0'],
  ];
  expect(output.split(/\r?\n/).slice(0, lines.length), `${output}\n${result.reason}`).toEqual(lines);
  expect(output).not.toContain('/dev/hdd');
  expect(findings).toEqual([]);
});
