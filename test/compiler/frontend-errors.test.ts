/*
 * The table of diagnostics, shown row by row: each code has a fixture, and each fixture reports exactly what its comments
 * announce. `// @expect-error PW1001` stands on the line before.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Compiler } from '../../tools/compiler/compile.ts';
import { codes, type Diagnostic, KernelTsProgram, stageCodes } from '../../tools/compiler/frontend/index.ts';
import { library, libraryFiles, nodeFiles } from './frontend-support.ts';

const folder = new URL('./fixtures/errors', import.meta.url).pathname;
const fixtures = readdirSync(folder).filter((name) => name.endsWith('.ts'));

/** `line code` for each announcement. */
function expected(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const found = /@expect-error ((?:(?:PW|TS)\d+ ?)+)/.exec(line);
    return (found?.[1] ?? '')
      .trim()
      .split(' ')
      .flatMap((code) => (code === '' ? [] : [`${index + 2} ${code}`]));
  });
}

function actual(path: string): string[] {
  const defines = new Map<string, number | boolean>([
    ['NUMBER', 5],
    ['FLAG', true],
  ]);
  const program = new KernelTsProgram({ files: nodeFiles, entries: [path], root: folder, libraryFiles, defines });
  const found = program.diagnostics();
  return (found.length > 0 ? found : build(path, defines)).map(({ code, line }) => `${line} ${code}`);
}

/** What the stages behind the front end find. */
function build(path: string, defines: ReadonlyMap<string, number | boolean>): readonly Diagnostic[] {
  const images = [{ name: 'fixture', entry: path, kind: 'program' as const }];
  return new Compiler({ files: nodeFiles, images, root: folder, library, defines }).build().diagnostics;
}

describe('diagnostics', () => {
  it.each(fixtures)('%s', (name) => {
    const text = readFileSync(`${folder}/${name}`, 'utf8');
    const wanted = expected(text);
    const code = name.slice(0, 6);
    expect(
      wanted.some((line) => line.endsWith(code)),
      'a fixture shows its own code',
    ).toBe(true);
    expect(actual(`${folder}/${name}`)).toEqual(wanted);
  });

  it('have a fixture for every code, under its number', () => {
    const shown = fixtures.map((name) => name.slice(0, 6)).sort();
    const listed = [...Object.values(codes), ...Object.values(stageCodes)].map((row) => row.code);
    // A source that makes the compiler itself fail is a bug to mend, not a fixture.
    expect(shown).toEqual(listed.filter((code) => code !== codes.internal.code).sort());
  });

  it('have numbers and titles of their own', () => {
    const rows = [...Object.values(codes), ...Object.values(stageCodes)];
    expect(new Set(rows.map((row) => row.code)).size).toBe(rows.length);
    expect(new Set(rows.map((row) => row.title)).size).toBe(rows.length);
    for (const row of rows) expect(row.hint.length).toBeGreaterThan(0);
  });
});
