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
const files = (): string[] => readdirSync(folder());

const program = `
  /** @naked @export */
  export function start(): void { asm\`call \${main}\`; }
  function main(): u32 { return square(7) + square(8); }
  /** @noinline */
  function square(x: u32): u32 {
    return x * x;
  }`;

function build(text: string, store?: CompileStore): BuildResult {
  const images = [{ name: 'a', entry: '/src/a.ts', kind: 'program' as const }];
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
    first.endBuild();
    const second = openDiskStore(root);
    expect(second.checked.find('key')).toBe(true);
    expect(second.checked.find('other')).toBeUndefined();
  });

  it('gives images that are those of a build of everything', () => {
    for (const text of [...edits, ...edits]) rebuild(text);
    expect(files()).toHaveLength(1);
  });

  it('is not written when there is nothing new', () => {
    rebuild(program);
    const [name] = files();
    const before = readFileSync(join(folder(), name!));
    rmSync(join(folder(), name!));
    const store = openDiskStore(root);
    store.endBuild();
    expect(files()).toEqual([]);
    writeFileSync(join(folder(), name!), before);
    rebuild(program);
    expect(readFileSync(join(folder(), name!)).equals(before)).toBe(true);
  });

  it('counts as empty when it is damaged, wherever that is', () => {
    rebuild(program);
    const path = join(folder(), files()[0]!);
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at += Math.ceil(good.length / 16)) {
      const bad = Buffer.from(good);
      bad[at]! ^= 0x55;
      writeFileSync(path, bad);
      rebuild(edits[1]!);
    }
    for (const length of [0, 10, 100, good.length - 1]) {
      writeFileSync(path, good.subarray(0, length));
      rebuild(edits[1]!);
    }
  });

  it('may be written by several builds at once', () => {
    const stores = edits.map(() => openDiskStore(root));
    edits.forEach((text, index) => expect(build(text, stores[index]).diagnostics).toEqual([]));
    for (const text of edits) rebuild(text);
    expect(files()).toHaveLength(1);
  });

  it('forgets what many builds have had no use for', () => {
    rebuild(program);
    const path = join(folder(), files()[0]!);
    const sizes = Array.from({ length: 24 }, (_, n) => {
      rebuild(program.replace('x * x', `x * ${n + 2}`));
      return readFileSync(path).length;
    });
    expect(Math.max(...sizes.slice(14))).toBeLessThan(1.1 * sizes[12]!);
  });

  it('belongs to one version of the compiler, of which only the latest stay', () => {
    for (let version = 2; version < 8; version++) {
      rebuild(program);
      writeFileSync(join(root, 'tools', 'compiler', 'compile.ts'), `// version ${version}\n`);
      expect(openDiskStore(root).checked.find('key')).toBeUndefined();
    }
    expect(files()).toHaveLength(3);
  });
});
