/*
 * The types of what an edit touches are looked at by the native tsc first; what a build gives is the same as without it.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { quickTypesCheck } from '../../tools/build/quickTypes.ts';
import { Compiler, type CompilerOptions } from '../../tools/compiler/compile.ts';
import { library, libraryFiles, memoryFiles, summary } from '../compiler/frontend-support.ts';

const libraryTexts = libraryFiles.map((path): [string, string] => [path, readFileSync(path, 'utf8')]);

const areTypesRight = quickTypesCheck()!;

/** The two files, and whether the types of the first one are right. */
function isFirstRight(first: string, second: string): boolean {
  const texts = new Map([...libraryTexts, ['/p/first.ts', first], ['/p/a (1,2): b/second.ts', second]]);
  return areTypesRight(texts, [...libraryFiles, '/p/first.ts'])();
}

const using = "import { f } from './a (1,2): b/second.ts';\nexport function g(x: u32): u32 { return f(x); }\n";

it('finds right types right', () => {
  expect(isFirstRight(using, 'export function f(x: u32): u32 { return x; }\n')).toBe(true);
});

it.each([
  ['a wrong type', `${using}export const text: string = 7;\n`],
  ['a name that is not there', using.replace('f(x)', 'h(x)')],
  ['a fault that takes more than a line to describe', `${using}export const g2: (a: string) => string = g;\n`],
  ['a file that is not there', using.replace('second', 'third')],
  ['what is not TypeScript', `${using}export function (`],
])('does not find right %s', (_, first) => {
  expect(isFirstRight(first, 'export function f(x: u32): u32 { return x; }\n')).toBe(false);
});

it.each([
  ['in a body', "export function f(x: u32): u32 { return 'text'; }\n"],
  ['since bodies are left out', 'export function f(x: u32): u32\n'],
  [
    'since imports are',
    "import { T } from './t.ts';\nexport function f(x: u32): u32 { return x; }\nexport const t: T = 1;\n",
  ],
])('does not mind faults elsewhere: %s', (_, second) => {
  expect(isFirstRight(using, second)).toBe(true);
});

const start =
  '/** @naked @export */\nexport function start(): void { asm`call ${main}`; }\nfunction main(): u32 { return f(7); }\n';

function sources(body: string): Record<string, string> {
  return {
    '/p/main.ts': `import { f } from './f.ts';\n${start}`,
    '/p/f.ts': `import { g } from './g.ts';\nexport function f(x: u32): u32 { return ${body}; }\n`,
    '/p/g.ts': 'export function g(x: u32): u32 { return x + 1; }\nexport function unused(): u32 { return 5; }\n',
  };
}

/** A compiler whose sources can be exchanged. */
function compiler(options: Partial<CompilerOptions> = {}) {
  let files = memoryFiles(sources('g(x)'));
  const readFile = (path: string): string | undefined => files.readFile(path);
  const images = [{ name: 'a', entry: '/p/main.ts', kind: 'program' as const }];
  const made = new Compiler({ files: { readFile }, root: '/p', library, images, defines: new Map(), ...options });
  return {
    build: (body: string) => {
      files = memoryFiles(sources(body));
      return made.build();
    },
  };
}

it('is asked about what has been edited, and believed', () => {
  const asked: (readonly string[])[] = [];
  const { build } = compiler({
    areTypesRight: (texts, paths) => {
      asked.push(paths);
      return areTypesRight(texts, paths);
    },
  });
  expect(build('g(x)').diagnostics).toEqual([]);
  expect(asked).toEqual([]); // everything is no edit
  const { diagnostics, images } = build('g(x) * 3');
  expect(diagnostics).toEqual([]);
  expect(asked.map((paths) => [...paths].sort())).toEqual([[...libraryFiles, '/p/f.ts'].sort()]);
  expect(Buffer.compare(images.get('a')!.elf, compiler().build('g(x) * 3').images.get('a')!.elf)).toBe(0);
});

it.each(["g('text')", 'g(y)', 'g(x) > 1'])('leaves the last word to the other tsc: %s', (body) => {
  const { build } = compiler({ areTypesRight });
  build('g(x)');
  const found = build(body).diagnostics.map(summary);
  expect(found).not.toEqual([]);
  expect(found).toEqual(compiler().build(body).diagnostics.map(summary));
  expect(build('g(x)').diagnostics).toEqual([]);
});
