/*
 * No input crashes the front end: programs and fixtures are cut, stirred and mixed up, and must give diagnostics, or, if
 * they are still right, valid IR. Each case is built on top of the one before, so that reuse between builds is stirred
 * as well. The seed is fixed: a failure repeats.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Compiler } from '../../tools/compiler/compile.ts';
import { codes, KernelTsProgram } from '../../tools/compiler/frontend/index.ts';
import { MemoryStore } from '../../tools/compiler/incremental/store.ts';
import { verifyModule } from '../../tools/compiler/ir/verify.ts';
import { library, libraryFiles, memoryFiles, summary } from './frontend-support.ts';

const here = new URL('.', import.meta.url).pathname;

function sourcesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  return names.map((name) => readFileSync(`${folder}/${name}`, 'utf8'));
}

const sources = [...sourcesIn(`${here}/programs`), ...sourcesIn(`${here}/fixtures/errors`)];
const check = readFileSync(`${here}/programs/check.ts`, 'utf8');

/** A linear congruential generator (Numerical Recipes' constants). */
function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const words =
  'null true this return break continue 0 1n 1.5 -1 "text" `t` x u8 u32 i64 Inline<Item> Ptr<u8> T () => [] {} ; , . ?. ! ?? && = += === < using const let class static function new await yield enum addrOf zeroed table asm async @ # /** @naked */ ...'.split(
    ' ',
  );

function tokens(text: string): string[] {
  return text.match(/\w+|\s+|[^\w\s]/g) ?? [];
}

type Random = (below: number) => number;
type Mutation = (text: string, random: Random) => string;

function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)]!;
}

/** Replaces one of the tokens that match. */
function replaceOne(pattern: RegExp, by: (all: readonly string[], random: Random) => string): Mutation {
  return (text, random) => {
    const list = tokens(text);
    const places = list.flatMap((token, index) => (pattern.test(token) ? [index] : []));
    if (places.length === 0) return text;
    const matching = places.map((index) => list[index]!);
    list[pick(places, random)] = by(matching, random);
    return list.join('');
  };
}

const typeNames =
  'u8 i8 u32 i32 u64 i64 boolean string null void never number object Ptr<u8> Held<u8> Word[] FixedArray<u8,3>'.split(
    ' ',
  );
const operators = '+ - * / % & | ^ << >> >>> < <= > >= === !== && || ?? = += -= |='.split(' ');

/** The first half breaks the syntax more often than not, the second half mostly the meaning. */
const mutations: readonly Mutation[] = [
  (text, random) => text.slice(0, random(text.length)),
  (text, random) => text.slice(random(text.length)),
  (text, random) => text.slice(0, random(text.length)) + pick(sources, random).slice(random(text.length)),
  (text, random) => {
    const list = tokens(text);
    list.splice(random(list.length), random(3), ` ${pick(words, random)} `);
    return list.join('');
  },
  (text, random) => {
    const lines = text.split('\n');
    const from = random(lines.length);
    lines.splice(random(lines.length), 0, ...lines.slice(from, from + 4));
    return lines.join('\n');
  },
  replaceOne(/^[A-Za-z_]\w*$/, (all, random) => pick(all, random)),
  replaceOne(/^[A-Za-z_]\w*$/, (all, random) => pick(all, random)),
  replaceOne(/^\d+n?$/, (_, random) => pick(['0', '1', '(-1)', '256', '0xffffffff', '5n', 'null', "'s'", 'x'], random)),
  replaceOne(/^(u8|u16|u32|i32|u64|boolean|string)$/, (_, random) => pick(typeNames, random)),
  replaceOne(/^[-+*/%&|^<>=]$/, (_, random) => pick(operators, random)),
];

describe('broken sources', () => {
  it.each([1, 2])('give diagnostics, never an exception (seed %i)', (seed) => {
    const random = generator(seed);
    const store = new MemoryStore();
    for (let round = 0; round < 200; round++) {
      let text = pick(sources, random);
      for (let count = random(3); count >= 0; count--) text = pick(mutations, random)(text, random);
      const files = memoryFiles({ '/src/main.ts': text, '/src/check.ts': check });
      const entries = ['/src/main.ts'];
      const program = new KernelTsProgram({ files, entries, root: '/src', libraryFiles, defines: new Map() });
      const found = program.diagnostics();
      const failures = found.filter((diagnostic) => diagnostic.code === codes.internal.code);
      expect(failures.map(summary), text).toEqual([]);
      if (found.length === 0) expect(verifyModule(program.lower('/src/main.ts')), text).toEqual([]);
      // What builds of other sources have left behind makes no difference.
      const images = [{ name: 'main', entry: '/src/main.ts', kind: 'program' as const }];
      const reusing = new Compiler({ files, images, root: '/src', library, defines: new Map(), store });
      if (found.length > 0) expect(reusing.build().diagnostics, text).toEqual(found);
      else if (round % 8 === 0) reusing.build();
    }
  });

  it('may nest as deeply as they like', () => {
    const nests = [
      '('.repeat(20000),
      '!'.repeat(20000),
      '{'.repeat(20000),
      'if (x) '.repeat(5000),
      'x + '.repeat(20000),
    ];
    for (const nest of nests) {
      const files = memoryFiles({ '/src/main.ts': `export function f(x: u32): u32 {\n  return ${nest}` });
      const entries = ['/src/main.ts'];
      const program = new KernelTsProgram({ files, entries, root: '/src', libraryFiles, defines: new Map() });
      expect(program.diagnostics().length).toBeGreaterThan(0);
    }
  });
});
