/*
 * The rules of kernel/mm/locking.md are enforced: by the types, as the fixtures show (they do not type-check, in
 * just the lines that say so), and at run time, as kernel/mm/mmTest.ts shows, which breaks them all the same.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT_STATUS_PANIC } from '../../kernel/abi/bootInfo.ts';
import { KernelTsProgram } from '../../tools/compiler/frontend/index.ts';
import { replayCommand, runGuest } from '../support/guest.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'test/compiler/fixtures/locking');
const library = ['kernel.d.ts', 'scalars.d.ts'].map((name) => join(root, 'tools/compiler/library', name));
const files = { readFile: (name: string) => (existsSync(name) ? readFileSync(name, 'utf8') : undefined) };

/** `line code` for each announcement, which stands on the line before. */
function expected(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const code = /@expect-error ((?:TS|PW)\d+)/.exec(line)?.[1];
    return code === undefined ? [] : [`${index + 2} ${code}`];
  });
}

describe('what breaks a rule does not type-check', () => {
  test.each(readdirSync(folder))('%s', (name) => {
    const entry = join(folder, name);
    const wanted = expected(readFileSync(entry, 'utf8'));
    expect(wanted.length).toBeGreaterThan(0);
    const program = new KernelTsProgram({ files, entries: [entry], root, libraryFiles: library, defines: new Map() });
    const found = program.diagnostics().filter(({ file }) => file === entry);
    expect(found.map(({ line, code }) => `${line} ${code}`)).toEqual(wanted);
  });
});

const reports: readonly (readonly [string, RegExp])[] = [
  ['rule1', /"mmapSem" ought to be held/],
  ['rule2', /"vmlistLock" ought to be held/],
  ['rule3', /"mmapSem" ought to be held/],
  ['rule4', /held: vmlistLock at mm[^]*sleep: with a spinlock held/],
  ['rule5', /two locks of class "vmlistLock" at once/],
];

describe('what breaks a rule all the same is reported', () => {
  const run = async (kind: string): Promise<{ readonly output: string; readonly status: unknown }> => {
    const options = { exec: ['sleep 1'], commandLine: `mm-test=${kind}` };
    const { output, result } = await runGuest(options);
    expect(result.reason, replayCommand(options)).toBe('exit');
    return { output, status: result.exitCode };
  };
  test.each(reports)('%s', async (kind, report) => {
    const { output, status } = await run(kind);
    expect(output).toMatch(report);
    expect(status).toBe(EXIT_STATUS_PANIC);
  });
  test.each(['clean', 'slab', 'vmalloc'])('rules that are kept are not: %s', async (kind) => {
    const { output, status } = await run(kind);
    expect(output).not.toContain('lock checker');
    expect(status).toBe(0);
  });
});

test('locking.md names what there is', () => {
  const text = readFileSync(join(root, 'kernel/mm/locking.md'), 'utf8');
  const folders = ['kernel/mm', 'kernel/fs', 'kernel/proc', 'kernel/sync', 'kernel/arch/x86'].map((name) =>
    join(root, name),
  );
  const sources = folders
    .flatMap((name) => readdirSync(name).map((file) => join(name, file)))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(name, 'utf8'));
  const words = new Set(sources.flatMap((source) => source.match(/\b\w+\b/g) ?? []));
  const names = [...text.matchAll(/`([A-Za-z]+)`/g)]
    .map((match) => match[1]!)
    .filter((name) => /[a-z][A-Z]/.test(name));
  expect(names.length).toBeGreaterThan(50);
  expect([...new Set(names)].filter((name) => !words.has(name))).toEqual([]);
  for (const [, rule] of text.matchAll(/`locking\/(\w+\.ts)`/g)) expect(readdirSync(folder)).toContain(rule);
  for (const [, kind] of text.matchAll(/`mm-test=(\w+)`/g)) expect(reports.map(([name]) => name)).toContain(kind);
});
