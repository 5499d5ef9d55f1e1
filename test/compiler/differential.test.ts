/*
 * The compiler against itself and against gcc: the same program gives the same result in the interpreter of the IR before
 * and after every pass, as a Linux program on this computer's CPU, and as a kernel under v86, at each level; and for
 * random programs, equal C compiled by gcc agrees.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import { buildBare } from '../../tools/build/bare.ts';
import { diskFiles } from '../../tools/build/diskFiles.ts';
import type { VirtualFileSystem } from '../../tools/compiler/frontend/index.ts';
import { Interpreter } from '../../tools/compiler/ir/interpret.ts';
import type { IrModule } from '../../tools/compiler/ir/types.ts';
import { generateProgram } from './random/generate.ts';
import { shrinkProgram } from './random/shrink.ts';
import { cText, kernelTsText } from './random/text.ts';
import type { Program } from './random/program.ts';
import { i386Command } from '../support/i386.ts';

const root = join(import.meta.dirname, '..', '..');
const library = join(root, 'tools', 'compiler', 'library');
const benchPrograms = join(root, 'tools', 'bench', 'programs');
const levels = [0, 1, 2] as const;
type Level = (typeof levels)[number];

/** Random programs in each run; the seeds are fixed so that a failure can be found again. */
const RANDOM_PROGRAMS = 14;
const INSTRUCTION_LIMIT = 500e6;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'differential-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Source {
  readonly files: VirtualFileSystem;
  readonly program: string;
}

function interpret(module: IrModule): number {
  const main = [...module.functions.keys()].find((name) => name.endsWith(':main'));
  if (main === undefined) throw new Error('main is gone');
  const outcome = new Interpreter(module, { stepLimit: INSTRUCTION_LIMIT }).call(main);
  if (outcome.kind !== 'return') throw new Error(`main ended with ${JSON.stringify(outcome)}`);
  return Number(outcome.value) >>> 0;
}

/** The results of the interpreter, by pass, and of the Linux program. Keeps main from being inlined away. */
function resultsAsProgram(source: Source, level: Level): Map<string, number> {
  const results = new Map<string, number>();
  const image = buildBare({
    ...source,
    library,
    kind: 'program',
    level,
    onPass: (_image, pass, module) => {
      if ([...module.functions.keys()].some((name) => name.endsWith(':main'))) {
        results.set(`interpreter, level ${level}, after ${pass}`, interpret(module));
      }
    },
  });
  const path = join(folder, 'program');
  writeFileSync(path, image.elf, { mode: 0o755 });
  results.set(`this CPU, level ${level}`, runI386(path).readUInt32LE(0));
  rmSync(path);
  return results;
}

async function resultUnderV86(source: Source, level: Level): Promise<number | string> {
  const { elf } = buildBare({ ...source, library, kind: 'kernel', level });
  const machine = await Machine.create({ wasm: readCore, memoryBytes: 8 << 20, seed: 1, kernel: elf });
  try {
    const result = machine.runSync({ instructions: INSTRUCTION_LIMIT });
    return result.exitCode === undefined ? result.reason : result.exitCode >>> 0;
  } finally {
    await machine.destroy();
  }
}

async function allResults(source: Source): Promise<Map<string, number | string>> {
  const all = new Map<string, number | string>();
  for (const level of levels) {
    for (const [how, result] of resultsAsProgram(source, level)) all.set(how, result);
    all.set(`v86, level ${level}`, await resultUnderV86(source, level));
  }
  return all;
}

/** Compiles C with gcc -m32 and runs it; the text that it prints is a hexadecimal number. */
function resultOfC(text: string, optimization: string): number {
  const source = join(folder, 'program.c');
  const binary = join(folder, 'c-program');
  writeFileSync(source, text);
  execFileSync('gcc', ['-m32', '-w', '-fwrapv', optimization, '-o', binary, source]);
  return parseInt(runI386(binary).toString(), 16);
}

/** What a program prints. */
function runI386(program: string): Buffer {
  const [command, ...args] = i386Command(program);
  return execFileSync(command, args);
}

function disagreements(expected: number, results: ReadonlyMap<string, number | string>): [string, number | string][] {
  return [...results].filter(([, result]) => result !== expected);
}

function sourceOf(program: Program): Source {
  const text = kernelTsText(program);
  const path = '/random/program.ts';
  return { program: path, files: { readFile: (name) => (name === path ? text : diskFiles.readFile(name)) } };
}

describe('the bench programs', () => {
  const names = readdirSync(benchPrograms)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length));

  test.each(names)('%s gives what gcc gives, everywhere', async (name) => {
    const text = `#include <stdio.h>\n${diskFiles.readFile(join(benchPrograms, `${name}.c`))!}`;
    const main = 'int main(void) { printf("%08x\\n", benchMain()); return 0; }\n';
    const expected = resultOfC(text + main, '-O1');
    const results = await allResults({ files: diskFiles, program: join(benchPrograms, `${name}.ts`) });
    expect(disagreements(expected, results)).toEqual([]);
  });
});

describe('random programs', () => {
  const seeds = Array.from({ length: RANDOM_PROGRAMS }, (_, i) => 1000 + i);

  test.each(seeds)('seed %i gives what gcc gives, everywhere', async (seed) => {
    const program = generateProgram(seed);
    const expected = resultOfC(cText(program), '-O1');
    const wrong = disagreements(expected, await allResults(sourceOf(program)));
    if (wrong.length > 0) throw new Error(await explain(program, wrong[0]![0]));
  });
});

/** A smaller program with the same disagreement, for the message. */
async function explain(program: Program, how: string): Promise<string> {
  const fails = (candidate: Program): boolean => {
    try {
      const expected = resultOfC(cText(candidate), '-O1');
      const level = levels.find((l) => how.includes(`level ${l}`))!;
      return disagreements(expected, resultsAsProgram(sourceOf(candidate), level)).length > 0;
    } catch {
      return false; // no longer a program
    }
  };
  const smallest = fails(program) ? shrinkProgram(program, fails) : program;
  const results = [...(await allResults(sourceOf(smallest)))].map(([where, result]) => `${where}: ${String(result)}`);
  return `${how} differs from gcc\n${kernelTsText(smallest)}\n${results.join('\n')}`;
}
