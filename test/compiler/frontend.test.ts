/*
 * The front end's meaning: every program in programs/ is lowered, verified, and run by the IR interpreter. Its comment
 * `// @expect N` says what `main` gives.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KernelTsProgram } from '../../tools/compiler/frontend/index.ts';
import { Interpreter } from '../../tools/compiler/ir/interpret.ts';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import { printModule } from '../../tools/compiler/ir/print.ts';
import { verifyModule } from '../../tools/compiler/ir/verify.ts';
import { libraryFiles, nodeFiles, summary } from './frontend-support.ts';

const root = new URL('./programs', import.meta.url).pathname;
const programs = readdirSync(root).flatMap((name) => {
  const expected = /^\/\/ @expect (\d+)$/m.exec(name.endsWith('.ts') ? readFileSync(`${root}/${name}`, 'utf8') : '');
  return expected === null
    ? []
    : [{ name: name.replace('.ts', ''), entry: `${root}/${name}`, value: Number(expected[1]) }];
});

describe('programs', () => {
  const entries = programs.map((program) => program.entry);
  const compiled = new KernelTsProgram({ files: nodeFiles, entries, root, libraryFiles, defines: new Map() });

  it('have no diagnostics', () => {
    expect(compiled.diagnostics().map(summary)).toEqual([]);
  });

  it.each(programs)('$name gives $value', ({ name, entry, value }) => {
    const module = compiled.lower(entry);
    expect(verifyModule(module)).toEqual([]);
    expect(new Interpreter(module).call(`${name}:main`)).toEqual({ kind: 'return', value });
  });

  it.each(programs)('$name survives the text form', ({ entry }) => {
    const text = printModule(compiled.lower(entry));
    expect(printModule(parseModule(text))).toBe(text);
  });
});
