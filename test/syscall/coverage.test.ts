/*
 * The suite is complete: every system call that the kernel answers has tests in one of these files, with each error that
 * its man page documents and that can be had, and nothing is tested that does not exist.
 *
 * A group of tests names the calls that it is about. That an error is tested means that a group which names the call names
 * the error, too.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documentedErrors, untestable } from './support/documentedErrors.ts';
import { pathCalls } from './support/pathCalls.ts';

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

/** The text of the tests, by the calls that they are about: `syscall('read', ...)`, `syscall(['dup', 'dup2'], ...)`. */
function testsByCall(): Map<string, string> {
  const tests = new Map<string, string>();
  const add = (name: string, text: string) => tests.set(name, (tests.get(name) ?? '') + text);
  for (const source of read(here, /^(?!coverage).*\.test\.ts$/)) {
    for (const group of source.split(/(?=\bsyscall\()/)) {
      const names = /^syscall\((.*?)\(\) =>/s.exec(group)?.[1];
      if (names === undefined) continue;
      for (const [, name] of names.matchAll(/'(\w+)'/g)) add(name!, group);
      if (names.includes('pathCalls')) for (const { name } of pathCalls) add(name, group);
    }
  }
  return tests;
}

/** The same error by another name. */
const synonyms: Readonly<Record<string, string>> = { EWOULDBLOCK: 'EAGAIN', ENOTSUP: 'EOPNOTSUPP' };

/** The documented errors: `call: ERROR` each. */
function documented(): { call: string; error: string }[] {
  return documentedErrors.flatMap(([calls, errors]) =>
    calls.split(' ').flatMap((call) => errors.split(' ').map((error) => ({ call, error }))),
  );
}

function isTested(tests: ReadonlyMap<string, string>, call: string, error: string): boolean {
  return new RegExp(`\\b${synonyms[error] ?? error}\\b`).test(tests.get(call) ?? '');
}

test('every system call is tested', () => {
  const tests = testsByCall();
  expect([...answered()].filter((name) => !tests.has(name))).toEqual([]);
});

test('only system calls are tested', () => {
  const names = answered();
  expect([...testsByCall().keys()].filter((name) => !names.has(name))).toEqual([]);
});

test('every error that a man page documents is tested, or there is a reason', () => {
  const tests = testsByCall();
  const excused = (call: string, error: string) =>
    untestable.some(({ calls, errors }) => {
      return errors.split(' ').includes(error) && (calls === '' || calls.split(' ').includes(call));
    });
  const missing = documented().filter(({ call, error }) => !isTested(tests, call, error) && !excused(call, error));
  expect(missing.map(({ call, error }) => `${call}: ${error}`)).toEqual([]);
});

test('every reason is needed', () => {
  const tests = testsByCall();
  const open = documented().filter(({ call, error }) => !isTested(tests, call, error));
  const idle = untestable.filter(({ calls, errors }) => {
    const covers = (name: string, list: string) => list === '' || list.split(' ').includes(name);
    return !open.some(({ call, error }) => covers(call, calls) && covers(error, errors));
  });
  expect(idle.map(({ why }) => why)).toEqual([]);
});
