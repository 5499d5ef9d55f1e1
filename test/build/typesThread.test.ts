/*
 * A build whose types are looked at by a second thread has the same results as one that does everything itself.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { diskFiles } from '../../tools/build/diskFiles.ts';
import { typesThread } from '../../tools/build/typesThread.ts';
import { Compiler, type BuildResult, type CompilerOptions } from '../../tools/compiler/compile.ts';
import { library, memoryFiles, summary } from '../compiler/frontend-support.ts';

const root = join(import.meta.dirname, '..', '..');
/** Below the project's folder, where the packages are found. */
const workerFolder = join(root, '.cache', 'test', 'typesThread');
const worker = pathToFileURL(join(workerFolder, 'typesWorker.mjs'));
let sources: string;

/** As many as a second thread is worth. */
const files = 30;

beforeAll(async () => {
  mkdirSync(workerFolder, { recursive: true });
  await bundle({
    entryPoints: [join(root, 'tools', 'build', 'typesWorker.ts')],
    outfile: join(workerFolder, 'typesWorker.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  sources = mkdtempSync(join(tmpdir(), 'types-'));
  for (let n = 0; n < files; n++) writeFileSync(path(n), source(n));
});

afterAll(() => {
  rmSync(sources, { recursive: true });
});

const path = (n: number): string => join(sources, `m${n}.ts`);

function source(n: number): string {
  const next =
    n + 1 < files ? `import { f${n + 1} } from './m${n + 1}.ts';\n` : `function f${files}(x: u32): u32 { return x; }\n`;
  const start =
    '/** @naked @export */\nexport function start(): void { asm`call ${main}`; }\nfunction main(): u32 { return f0(7); }\n';
  return `${next}${n === 0 ? start : ''}export function f${n}(x: u32): u32 { return f${n + 1}(x * ${n + 3}) ^ x; }\n`;
}

function build(options: Partial<CompilerOptions> = {}): BuildResult {
  const images = [{ name: 'a', entry: path(0), kind: 'program' as const }];
  return new Compiler({ files: diskFiles, root: sources, library, images, defines: new Map(), ...options }).build();
}

/** Counts the threads that are asked. */
function counted(): { asked: number; readonly checkTypes: NonNullable<CompilerOptions['checkTypes']> } {
  const thread = typesThread(worker);
  const counter = {
    asked: 0,
    checkTypes: (request: Parameters<typeof thread>[0]) => {
      counter.asked++;
      return thread(request);
    },
  };
  return counter;
}

it('gives the same image', () => {
  const counter = counted();
  const { diagnostics, images } = build({ checkTypes: counter.checkTypes });
  expect(diagnostics).toEqual([]);
  expect(counter.asked).toBe(1);
  expect(Buffer.compare(images.get('a')!.elf, build().images.get('a')!.elf)).toBe(0);
});

it('gives the same diagnostics, those of the types and the others', () => {
  writeFileSync(path(12), `${source(12)}export function g(x: u32, y: i32): u8 { missing(x); return x + y; }\n`);
  const { checkTypes } = counted();
  const found = build({ checkTypes }).diagnostics;
  expect(found.map(summary)).toEqual(build().diagnostics.map(summary));
  expect(found.some(({ code }) => code.startsWith('TS'))).toBe(true);
  writeFileSync(path(12), source(12));
});

it('gives up a thread that cannot begin', () => {
  const checkTypes = typesThread(pathToFileURL(join(workerFolder, 'missing.mjs')), { begin: 100, answer: 120_000 });
  const { diagnostics, images } = build({ checkTypes });
  expect(diagnostics).toEqual([]);
  expect(Buffer.compare(images.get('a')!.elf, build().images.get('a')!.elf)).toBe(0);
});

it('does not believe a thread that has seen other texts', () => {
  const edited = memoryFiles({ [path(5)]: `${source(5)}export const wrong: u8 = missing;\n` });
  const readFile = (file: string): string | undefined => edited.readFile(file) ?? diskFiles.readFile(file);
  const { checkTypes } = counted();
  const found = build({ files: { readFile }, checkTypes }).diagnostics.map(summary);
  expect(found).toEqual(build({ files: { readFile } }).diagnostics.map(summary));
  expect(found).not.toEqual([]);
});

it('does the work itself when the thread does not answer', () => {
  const { diagnostics, images } = build({ checkTypes: () => () => null });
  expect(diagnostics).toEqual([]);
  expect(images.has('a')).toBe(true);
});
