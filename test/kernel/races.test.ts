/*
 * Races that have been found and mended: each program in races/ provokes one, on four CPUs that alternate after a few
 * instructions each. It tells how often things went wrong.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { runGuest, type GuestOptions } from '../support/guest.ts';

const folder = mkdtempSync(join(tmpdir(), 'pagewright-races-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function compile(name: string): Uint8Array {
  const program = join(folder, name);
  const source = fileURLToPath(new URL(`./races/${name}.c`, import.meta.url));
  const gcc = spawnSync('gcc', ['-m32', '-static', '-O1', '-s', '-o', program, source]);
  if (gcc.error !== undefined) throw gcc.error;
  expect(gcc.status, gcc.stderr.toString()).toBe(0);
  return readFileSync(program);
}

/** By program: how many rounds, and the seeds that went wrong before. */
test.each([
  ['terminal', 30, 1],
  ['terminal', 30, 2],
])('%s, %i rounds, seed %i', async (name, rounds, seed) => {
  const files = new Map([[`/${name}`, compile(name)]]);
  const exec = [`/${name} ${rounds}`];
  const options: GuestOptions = { files, exec, seed, cpus: 4, mode: 'exact', longestSlice: 300 };
  const { output, status } = await runGuest(options);
  expect(output.replaceAll('\r', '')).toBe(`0 of ${rounds} rounds went wrong\n`);
  expect(status).toBe(0);
});
