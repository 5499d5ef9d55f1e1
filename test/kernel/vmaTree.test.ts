/*
 * The tree of regions has nothing to do with hardware, so it runs in the IR interpreter. The checks themselves are guest
 * code: programs/vmaTree.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatDiagnostics, KernelTsProgram } from '../../tools/compiler/frontend/index.ts';
import { Interpreter } from '../../tools/compiler/ir/interpret.ts';
import type { IrModule } from '../../tools/compiler/ir/types.ts';

const root = resolve(import.meta.dirname, '../..');
const entry = join(import.meta.dirname, 'programs/vmaTree.ts');

function compile(): IrModule {
  const files = { readFile: (name: string) => (existsSync(name) ? readFileSync(name, 'utf8') : undefined) };
  const library = ['kernel.d.ts', 'scalars.d.ts'].map((name) => join(root, 'tools/compiler/library', name));
  const program = new KernelTsProgram({ files, entries: [entry], root, libraryFiles: library, defines: new Map() });
  const diagnostics = program.diagnostics();
  expect(formatDiagnostics(diagnostics, { files, colour: false })).toBe('');
  return program.lower(entry);
}

describe('the tree of regions', () => {
  let module: IrModule;
  beforeAll(() => {
    module = compile();
  });
  it.each(['structure', 'searches', 'gaps'])('%s', { timeout: 60_000 }, (name) => {
    expect(new Interpreter(module).call(name)).toEqual({ kind: 'return', value: 0 });
  });
});
