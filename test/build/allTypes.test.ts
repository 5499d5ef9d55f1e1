/*
 * The types of everything are looked at by the native tsc beside a build; what a build gives is the same as without it.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { allTypesCheck } from '../../tools/build/allTypes.ts';
import { diskFiles } from '../../tools/build/diskFiles.ts';
import { Compiler, type BuildResult, type CompilerOptions } from '../../tools/compiler/compile.ts';
import { library, memoryFiles, summary } from '../compiler/frontend-support.ts';

/** As many as are worth it. */
const files = 30;
let sources: string;

beforeAll(() => {
  sources = mkdtempSync(join(tmpdir(), 'types-'));
  for (let n = 0; n < files; n++) writeFileSync(path(n), source(n));
});

afterEach(() => void vi.unstubAllEnvs());

afterAll(() => rmSync(sources, { recursive: true }));

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

/** Builds, and tells what tsc has answered. */
function buildAsking(options: Partial<CompilerOptions> = {}): { result: BuildResult; answers: readonly boolean[] } {
  const ask = allTypesCheck()!;
  const answers: boolean[] = [];
  const result = build({
    ...options,
    areAllTypesRight: (roots) => {
      const wait = ask(roots);
      return (texts) => {
        const answer = wait(texts);
        answers.push(answer);
        return answer;
      };
    },
  });
  return { result, answers };
}

function expectGoodImage({ diagnostics, images }: BuildResult): void {
  expect(diagnostics).toEqual([]);
  expect(Buffer.compare(images.get('a')!.elf, build().images.get('a')!.elf)).toBe(0);
}

it('gives the same image', () => {
  const { result, answers } = buildAsking();
  expect(answers).toEqual([true]);
  expectGoodImage(result);
});

it('gives the same diagnostics, those of the types and the others', () => {
  writeFileSync(path(12), `${source(12)}export function g(x: u32, y: i32): u8 { missing(x); return x + y; }\n`);
  const { result, answers } = buildAsking();
  expect(answers).toEqual([false]);
  expect(result.diagnostics.map(summary)).toEqual(build().diagnostics.map(summary));
  expect(result.diagnostics.some(({ code }) => code.startsWith('TS'))).toBe(true);
  writeFileSync(path(12), source(12));
});

it('does not believe what is about other texts', () => {
  const edited = memoryFiles({ [path(5)]: `${source(5)}export const wrong: u8 = missing;\n` });
  const readFile = (file: string): string | undefined => edited.readFile(file) ?? diskFiles.readFile(file);
  const { result, answers } = buildAsking({ files: { readFile } });
  expect(answers).toEqual([false]);
  expect(result.diagnostics.map(summary)).toEqual(build({ files: { readFile } }).diagnostics.map(summary));
  expect(result.diagnostics).not.toEqual([]);
});

it('does the work itself where tsc finds no room', () => {
  vi.stubEnv('TMPDIR', join(sources, 'missing'));
  const { result, answers } = buildAsking();
  expect(answers).toEqual([false]);
  expectGoodImage(result);
});

it('does the work itself where nobody runs tsc', () => {
  vi.stubEnv('PATH', sources);
  const { result, answers } = buildAsking();
  expect(answers).toEqual([false]);
  expectGoodImage(result);
});

it('leaves nothing behind', () => {
  vi.stubEnv('TMPDIR', mkdtempSync(join(sources, 'tmp-')));
  buildAsking();
  expect(readdirSync(tmpdir())).toEqual([]);
});
