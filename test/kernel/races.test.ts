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
  const gcc = spawnSync('gcc', ['-m32', '-static', '-O1', '-s', '-pthread', '-o', program, source]);
  if (gcc.error !== undefined) throw gcc.error;
  expect(gcc.status, gcc.stderr.toString()).toBe(0);
  return readFileSync(program);
}

/** By program: how many rounds, the longest slice, and a seed that went wrong before. */
test.each([
  ['terminal', 30, 300, 1],
  ['terminal', 30, 300, 2],
  ['stops', 60, 300, 1],
  ['links', 300, 2000, 1],
  ['mounts', 400, 5000, 1],
  ['alarms', 60, 300, 1],
  ['tracers', 2, 5000, 1],
])('%s, %i rounds, slices of up to %i, seed %i', async (name, rounds, longestSlice, seed) => {
  const files = new Map([[`/${name}`, compile(name)]]);
  const exec = [`/${name} ${rounds}`];
  const options: GuestOptions = { files, exec, seed, cpus: 4, mode: 'exact', longestSlice };
  const { output, status } = await runGuest(options);
  expect(output.replaceAll('\r', '')).toBe(`0 of ${rounds} rounds went wrong\n`);
  expect(status).toBe(0);
});
