/*
 * The suite is complete: every system call that the kernel answers has tests in one of these files, and nothing is tested
 * that does not exist.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const here = import.meta.dirname;
const tables = join(here, '..', '..', 'kernel', 'syscall');

function read(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** The calls in the kernel's table. */
function answered(): Set<string> {
  return new Set(
    read(tables, /Calls\.ts$/).flatMap((source) => [...source.matchAll(/\bSYS_(\w+)/g)].map((m) => m[1]!)),
  );
}

/** The calls that groups of tests are named after: `syscall('read', ...)`, `syscall(['dup', 'dup2'], ...)`. */
function tested(): Set<string> {
  const groups = read(here, /\.test\.ts$/).flatMap((source) => [...source.matchAll(/\bsyscall\((.*?)\(\) =>/gs)]);
  return new Set(groups.flatMap(([, names]) => [...names!.matchAll(/'(\w+)'/g)].map((m) => m[1]!)));
}

test('every system call is tested', () => {
  const names = tested();
  expect([...answered()].filter((name) => !names.has(name))).toEqual([]);
});

test('only system calls are tested', () => {
  const names = answered();
  expect([...tested()].filter((name) => !names.has(name))).toEqual([]);
});
