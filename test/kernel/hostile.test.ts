/*
 * Programs that make thousands of senseless system calls about files. Nothing that they do may crash the kernel, hang it,
 * or cost it memory for good.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { replayCommand, runGuest } from '../support/guest.ts';

const folder = mkdtempSync(join(tmpdir(), 'pagewright-hostile-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function compile(): Uint8Array {
  const program = join(folder, 'files');
  const source = fileURLToPath(new URL('./hostile/files.c', import.meta.url));
  const gcc = spawnSync('gcc', ['-m32', '-static', '-O1', '-s', '-w', '-o', program, source]);
  if (gcc.error !== undefined) throw gcc.error;
  expect(gcc.status, gcc.stderr.toString()).toBe(0);
  return readFileSync(program);
}

/** KiB in use beyond the files' own, as `free` tells them in its second column. */
function usedKib(output: string): number[] {
  return [...output.matchAll(/^ +\d+ +(\d+) +\d+ +\d+$/gm)].map((match) => Number(match[1]));
}

test.each([1, 1000])('senseless calls about files do no harm, seed %i', async (seed) => {
  const round = (start: number) => [`/files ${String(start)} 10 300`, 'rm -r /tmp/w', 'free'];
  const options = {
    files: new Map([['/files', compile()]]),
    exec: [...round(seed), ...round(seed + 10), 'echo alive'],
  };
  const run = await runGuest(options);
  expect(run.output, replayCommand(options)).toMatch(/survived 10 children[^]*survived 10 children[^]*alive\n$/);
  expect(run.status).toBe(0);
  const [first, second] = usedKib(run.output);
  // Caches have their size after the first round; what the second adds would be lost with every further one.
  expect(second! - first!).toBeLessThan(64);
});
