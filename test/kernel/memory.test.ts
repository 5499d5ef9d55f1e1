/*
 * Memory as a whole: threads of one address space on several CPUs, every page accounted for, and the settings of
 * /proc/sys/vm. What single calls do is compared with Linux in glibc.test.ts and test/syscall.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { replayCommand, runGuest } from '../support/guest.ts';

const folder = mkdtempSync(join(tmpdir(), 'pagewright-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Compiles glibc/NAME.c to a static i386 program. */
function compile(name: string): Uint8Array {
  const program = join(folder, name);
  const source = join(import.meta.dirname, 'glibc', `${name}.c`);
  const gcc = spawnSync('gcc', ['-m32', '-static', '-O1', '-s', '-w', '-o', program, source], { encoding: 'utf8' });
  if (gcc.error !== undefined) throw gcc.error;
  expect(gcc.stderr).toBe('');
  return readFileSync(program);
}

describe('threads of one address space', () => {
  test.each([
    [1, 1],
    [2, 2],
    [4, 3],
    [4, 4],
  ])('on %i CPUs, seed %i', async (cpus, seed) => {
    const files = new Map([['/tmp/sharedmm', compile('sharedmm')]]);
    const options = { cpus, seed, files, exec: ['/tmp/sharedmm'] };
    const { output, status } = await runGuest(options);
    expect(output, replayCommand(options)).toMatch(/cut away: 0\s+all well/);
    expect(status).toBe(0);
  });
});

/** Pages of all kinds that /proc/meminfo tells about, in KiB. */
function accounted(meminfo: string): number {
  const kinds = ['MemFree', 'Buffers', 'Cached', 'AnonPages', 'Slab', 'KernelStack', 'PageTables'];
  const value = (kind: string): number => Number(new RegExp(`^${kind}: +(\\d+) kB`, 'm').exec(meminfo)![1]);
  return kinds.map(value).reduce((sum, part) => sum + part, 0);
}

test.each([1, 4])('on %i CPUs, no page is lost', async (cpus) => {
  const files = new Map(['regions', 'sharedmm'].map((name) => [`/tmp/${name}`, compile(name)]));
  const work = ['/tmp/regions >/tmp/out', '/tmp/sharedmm >/tmp/out', 'torture --iterations 2 >/tmp/out', 'rm /tmp/out'];
  const exec = ['true', 'cat /proc/meminfo', 'echo =====', ...work, 'cat /proc/meminfo'];
  const options = { cpus, files, exec };
  const { output, status } = await runGuest(options);
  expect(status, output).toBe(0);
  const [before, after] = output.replaceAll('\r', '').split('=====');
  expect(accounted(after!), `${replayCommand(options)}\n${output}`).toBe(accounted(before!));
});

describe('/proc/sys/vm', () => {
  const run = async (...exec: string[]): Promise<string> => (await runGuest({ exec })).output.replaceAll('\r', '');
  test('max_map_count limits regions', async () => {
    expect(await run('echo 2 >/proc/sys/vm/max_map_count; ls /')).toContain('ls: Cannot allocate memory');
  });
  test('overcommit_memory 2 promises no more than the limit', async () => {
    const setting = 'echo 0 >/proc/sys/vm/overcommit_ratio; echo 2 >/proc/sys/vm/overcommit_memory';
    expect(await run(`${setting}; ls /`)).toContain('fork: Cannot allocate memory');
  });
  test('nonsense is refused', async () => {
    const output = await run(
      'echo 3 >/proc/sys/vm/overcommit_memory || echo no',
      'echo 1x >/proc/sys/vm/max_map_count || echo no',
      'echo 1 >/proc/sys/vm/mmap_min_addr || echo no',
      'cat /proc/sys/vm/overcommit_memory /proc/sys/vm/max_map_count /proc/sys/vm/mmap_min_addr',
    );
    expect(output.split('\n').filter((line) => /^(no|\d+)$/.test(line))).toEqual([
      'no',
      'no',
      'no',
      '0',
      '65530',
      '65536',
    ]);
  });
});
