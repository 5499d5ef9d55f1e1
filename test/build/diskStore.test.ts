/*
 * The compiler's store on the disk: what one has kept the next one finds, whatever happens to the file in between.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDiskStore } from '../../tools/build/diskStore.ts';
import { Compiler, type BuildResult } from '../../tools/compiler/compile.ts';
import type { CompileStore } from '../../tools/compiler/incremental/store.ts';
import { library, memoryFiles } from '../compiler/frontend-support.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'store-'));
  mkdirSync(join(root, 'tools', 'compiler'), { recursive: true });
  writeFileSync(join(root, 'tools', 'compiler', 'compile.ts'), '// version 1\n');
  writeFileSync(join(root, 'package-lock.json'), '{}\n');
});

afterEach(() => rmSync(root, { recursive: true }));

const folder = (): string => join(root, '.cache', 'build');
/** The files of all versions, from the oldest to the latest. */
const files = (): string[] => {
  const names = readdirSync(folder(), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return names.map(({ name, parentPath }) => join(parentPath, name)).sort();
};

/** A kernel, which has a layout file. */
const program = `
  /** @section .multiboot @align 4 @export */
  const header = table<u32, 3>(0x1badb002, 0, 0xe4524ffe);
  /** @naked @export */
  export function start(): void { asm\`call \${main}\`; }
  function main(): u32 { return square(7) + square(8); }
  /** @noinline */
  function square(x: u32): u32 {
    return x * x;
  }`;

function build(text: string, store?: CompileStore): BuildResult {
  const images = [{ name: 'a', entry: '/src/a.ts', kind: 'kernel' as const }];
  const given = store === undefined ? { level: 2 as const } : { store };
  return new Compiler({
    files: memoryFiles({ '/src/a.ts': text }),
    root: '/src',
    library,
    images,
    defines: new Map(),
    ...given,
  }).build();
}

const wholes = new Map<string, BuildResult>();

/** Builds with the store on the disk as it is now, and compares with a build of everything. */
function rebuild(text: string): void {
  const built = build(text, openDiskStore(root));
  const whole = wholes.get(text) ?? build(text);
  wholes.set(text, whole);
  expect(built.diagnostics).toEqual([]);
  expect(built.images.get('a')!.layoutText).toBe(whole.images.get('a')!.layoutText);
  expect(built.images.get('a')!.layout).toEqual(whole.images.get('a')!.layout);
  expect(Buffer.compare(built.images.get('a')!.elf, whole.images.get('a')!.elf)).toBe(0);
}

const edits = [
  program,
  program.replace('x * x', 'x * x + 1'),
  `\n\n${program}`,
  program.replace('square(8)', 'square(9)'),
  program.replace('x * x', 'x * 3'),
];

describe('the store on the disk', () => {
  it('keeps values from process to process', () => {
    const first = openDiskStore(root);
    expect(first.checked.find('key')).toBeUndefined();
    first.checked.put('key', true);
    first.endBuild(true);
    const second = openDiskStore(root);
    expect(second.checked.find('key')).toBe(true);
    expect(second.checked.find('other')).toBeUndefined();
  });

  it('gives images that are those of a build of everything', () => {
    for (const text of [...edits, ...edits]) rebuild(text);
    expect(files()).toHaveLength(edits.length);
  });

  it('is not written when there is nothing new', () => {
    rebuild(program);
    const before = files();
    rebuild(program);
    expect(files()).toEqual(before);
  });

  it('counts as empty when it is damaged, wherever that is', () => {
    rebuild(program);
    const [path] = files() as [string];
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at += Math.ceil(good.length / 16)) {
      const bad = Buffer.from(good);
      bad[at]! ^= 0x55;
      for (const file of files()) rmSync(file);
      writeFileSync(path, bad);
      rebuild(edits[1]!);
    }
    for (const length of [0, 10, 100, good.length - 1]) {
      for (const file of files()) rmSync(file);
      writeFileSync(path, good.subarray(0, length));
      rebuild(edits[1]!);
    }
  });

  it('may be written by several builds at once', () => {
    const stores = edits.map(() => openDiskStore(root));
    edits.forEach((text, index) => expect(build(text, stores[index]).diagnostics).toEqual([]));
    expect(files()).toHaveLength(edits.length);
    for (const text of edits) rebuild(text);
    expect(files()).toHaveLength(edits.length);
  });

  it('forgets what many builds have had no use for', () => {
    const counts = Array.from({ length: 48 }, (_, n) => {
      rebuild(program.replace('x * x', `x * ${n + 2}`));
      const sizes = files().map((file) => readFileSync(file).length);
      return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size) };
    });
    const most = (from: number, to: number): number => Math.max(...counts.slice(from, to).map(({ bytes }) => bytes));
    expect(Math.max(...counts.map((count) => count.files))).toBeLessThan(10);
    expect(most(24, 48)).toBeLessThan(1.1 * most(0, 24));
  });

  it('belongs to one version of the compiler, of which only the latest stay', () => {
    for (let version = 2; version < 8; version++) {
      rebuild(program);
      writeFileSync(join(root, 'tools', 'compiler', 'compile.ts'), `// version ${version}\n`);
      expect(openDiskStore(root).checked.find('key')).toBeUndefined();
    }
    expect(readdirSync(folder())).toHaveLength(3);
  });
});
