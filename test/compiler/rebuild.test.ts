/*
 * Building again after an edit: with whatever earlier builds have left behind, the same images and the same diagnostics
 * come out as from nothing.
 */
import { describe, expect, it } from 'vitest';
import { Compiler, type BuildResult, type CompilerOptions } from '../../tools/compiler/compile.ts';
import { MemoryStore } from '../../tools/compiler/incremental/store.ts';
import { library, memoryFiles, summary } from './frontend-support.ts';

type Files = Readonly<Record<string, string>>;

const original: Files = {
  '/src/lib.ts': `
    export const STEP = 4;
    const table1 = table<u32, 3>(1, 2, STEP);
    /** Adds. */
    export function step(x: u32): u32 {
      return x + STEP;
    }
    export function look(at: u32): u32 { return table1[at]; }
    export function twice<T extends number>(x: T): T {
      return x;
    }
    export function apply(f: (x: u32) => u32, x: u32): u32 { return f(x); }
    export function infer() { count++; }
    let count: u32 = 7;
    export function large(x: u32, unused: u32): u32 {
      let sum: u32 = 0;
      for (let i: u32 = 0; i < x; i++) {
        sum += look(i % 3) * i;
        if (sum > 1000) sum = sum / 3 + twice<u32>(x);
        while (sum % 7 === 3) sum = step(sum) ^ i;
      }
      return sum;
    }`,
  '/src/list.ts': `
    export class Node<T> {
      next: Node<T> | null;
      value: T;
      static made: u32 = 0;
      push(other: Node<T>): u32 {
        other.next = this.next;
        this.next = other;
        Node.made++;
        return sizeof<Node<T>>();
      }
    }`,
  '/src/types.ts': `
    import { type Node } from './list.ts';
    export class Point { x: u32; link: Node<Point> | null; }
    export enum Colour { Red, Green = 5 }`,
  '/src/a.ts': `
    import { apply, infer, large, look, step } from './lib.ts';
    import { Colour } from './types.ts';
    const text = 'hello';
    /** @section .multiboot @align 4 @export */
    const header = table<u32, 3>(0x1badb002, 0, 0xe4524ffe);
    /** @naked @export */
    export function start(): void { asm\`call \${main}\`; }
    function main(): u32 {
      infer();
      return step(1) + large(9, 1) + large(8, 1) + apply((x) => x + look(x) + u32(Colour.Green), 2) + bytes(text)[0];
    }
    function idle(x: u32): u32 { return step(x) * 3; }`,
  '/src/b.ts': `
    import { Node } from './list.ts';
    import { step, twice } from './lib.ts';
    import { type Point } from './types.ts';
    const pool = zeroed<FixedArray<Inline<Node<Point>>, 2>>();
    /** @naked @export */
    export function start(): void { asm\`call \${run}\`; }
    function run(): u32 { return pool[0].push(pool[1]) + step(twice<u16>(3)) + Node.made; }`,
};

/** Kernels are made from their plans, where that is possible. */
const kinds = { a: 'kernel', b: 'program' } as const;

function optionsFor(files: Files, defines: CompilerOptions['defines'] = new Map()): CompilerOptions {
  const images = Object.entries(kinds).map(([name, kind]) => ({ name, entry: `/src/${name}.ts`, kind }));
  return { files: memoryFiles(files), root: '/src', library, images, defines };
}

/** Builds with the store, and compares with a build of everything. Gives the diagnostics. */
function rebuild(files: Files, store: MemoryStore, defines?: CompilerOptions['defines']): string[] {
  const reusing = new Compiler({ ...optionsFor(files, defines), store }).build();
  const whole = new Compiler({ ...optionsFor(files, defines), level: 2 }).build();
  expectSame(reusing, whole);
  return reusing.diagnostics.map(summary);
}

function expectSame(actual: BuildResult, expected: BuildResult): void {
  expect(actual.diagnostics).toEqual(expected.diagnostics);
  expect([...actual.images.keys()]).toEqual([...expected.images.keys()]);
  for (const [name, image] of expected.images) {
    const same = actual.images.get(name)!;
    expect(same.layout, name).toEqual(image.layout);
    expect(Buffer.compare(same.elf, image.elf), name).toBe(0);
    expect(Buffer.compare(same.stripped, image.stripped), name).toBe(0);
  }
}

function edited([path, from, to]: readonly [string, string, string], files: Files = original): Files {
  expect(files[path], `${path} has ${from}`).toContain(from);
  return { ...files, [path]: files[path]!.replace(from, to) };
}

const edits: readonly (readonly [path: string, from: string, to: string, errors: number])[] = [
  ['/src/lib.ts', 'x + STEP', 'x * STEP', 0],
  ['/src/lib.ts', 'STEP = 4', 'STEP = 5', 0],
  ['/src/lib.ts', 'x + STEP', 'x + STOP', 1],
  ['/src/lib.ts', 'step(x: u32)', 'step(x: boolean)', 5],
  ['/src/lib.ts', '/** Adds. */', '/** Adds.\n *\n * @noinline\n */', 0],
  ['/src/lib.ts', 'return x;', 'return T(x + x);', 1],
  ['/src/lib.ts', 'return x;\n', '\n\n  return x;\n', 0],
  ['/src/lib.ts', 'count++', 'count += 2', 0],
  ['/src/lib.ts', 'count++', 'return count', 1],
  ['/src/lib.ts', 'look(i % 3) * i', 'look(i % 3) * i + unused', 0],
  ['/src/lib.ts', '(1, 2, STEP)', '(1, 2, 3)', 0],
  ['/src/lib.ts', '(1, 2, STEP)', '(1, 2, 3, 4)', 1],
  ['/src/lib.ts', '\n', '\nexport const ADDED: u32 = 9;\n', 0],
  ['/src/lib.ts', '\n', '\n// a comment\n', 0],
  ['/src/list.ts', 'value: T;', 'value: T; more: u32;', 0],
  ['/src/list.ts', 'this.next = other;', 'this.next = other; this.next = null;', 0],
  ['/src/list.ts', 'this.next = other;', 'this.next = other.value;', 1],
  ['/src/list.ts', 'made: u32 = 0', 'made: u8 = 3', 0],
  ['/src/b.ts', '{ step, twice }', '{ steq, twice }', 2],
  ['/src/b.ts', '{ step, twice }', '{ larg as step, twice }', 1],
  ['/src/types.ts', 'x: u32', 'x: u8; y: u64', 0],
  ['/src/types.ts', 'Green = 5', 'Green = 6', 0],
  ['/src/types.ts', 'Green = 5', 'Blue = 6', 1],
  ['/src/a.ts', 'step(1)', 'step(1n)', 1],
  ['/src/a.ts', "'hello'", "'goodbye'", 0],
  ['/src/a.ts', 'x + look(x)', 'x * look(x)', 0],
  ['/src/a.ts', 'large(8, 1)', 'large(8, 2)', 0],
  ['/src/a.ts', 'step(x) * 3', 'step(x) * 3n', 1],
  ['/src/a.ts', "\n    import { Colour } from './types.ts';", '', 1],
  ['/src/b.ts', '>, 2>>()', '>, 3>>()', 0],
  ['/src/b.ts', 'twice<u16>(3)', 'twice<u8>(3)', 0],
  ['/src/b.ts', '/** @naked @export */', '/** @naked */', 0],
  // Bodies that our own parser leaves to TypeScript: right ones, wrong ones, and one that ends elsewhere than its braces do.
  ['/src/lib.ts', 'x + STEP', `x + STEP${' + x'.repeat(400)}`, 0],
  ['/src/a.ts', 'step(x) * 3', `step(x)${' * 3'.repeat(400)}`, 0],
  ['/src/lib.ts', 'count++', 'count **= 2', 1],
  ['/src/lib.ts', 'count++', 'count +', 1],
  ['/src/lib.ts', 'count++', 'const end = /{/; count++', 1],
  ['/src/lib.ts', 'count++', "const end = count - /'}/.a; count++; const other = /'/", 1],
];

describe('a build after an edit is a build from nothing', () => {
  it.each(edits)('%s: %s to %s', (path, from, to, errors) => {
    const store = new MemoryStore();
    expect(rebuild(original, store)).toEqual([]);
    const files = edited([path, from, to]);
    if (errors === 0) expect(rebuild(files, store)).toEqual([]);
    else expect(rebuild(files, store)).not.toEqual([]);
    expect(rebuild(files, store).length > 0).toBe(errors > 0);
    expect(rebuild(original, store)).toEqual([]);
  });

  it('also after many, with errors in between', () => {
    const store = new MemoryStore();
    let files = original;
    for (const [path, from, to] of edits) {
      if (!files[path]!.includes(from)) continue;
      const wrong = rebuild(edited([path, from, to], files), store);
      if (wrong.length === 0) files = edited([path, from, to], files);
    }
    expect(rebuild(original, store)).toEqual([]);
  });

  it('with other build constants', () => {
    const files = edited(['/src/lib.ts', 'STEP = 4', "STEP: u32 = define('STEP', 4)"]);
    const store = new MemoryStore();
    expect(rebuild(files, store)).toEqual([]);
    expect(rebuild(files, store, new Map([['STEP', 6]]))).toEqual([]);
    expect(rebuild(files, store)).toEqual([]);
  });

  it('when files come and go', () => {
    const store = new MemoryStore();
    const withImport = edited(['/src/b.ts', '\n', "\n    import { extra } from './extra.ts';\n"]);
    expect(rebuild(original, store)).toEqual([]);
    expect(rebuild(withImport, store)).not.toEqual([]);
    const whole = { ...withImport, '/src/extra.ts': 'export function extra(): u32 { return 1; }' };
    expect(rebuild(whole, store)).toEqual([]);
    expect(rebuild(edited(['/src/b.ts', 'Node.made;', 'Node.made + extra();'], whole), store)).toEqual([]);
    expect(rebuild(withImport, store)).not.toEqual([]);
    const { '/src/b.ts': gone, ...others } = original;
    expect(rebuild(others, store)).toEqual([expect.stringMatching(/'\/src\/b\.ts' not found/)]);
    expect(rebuild({ ...others, '/src/b.ts': gone! }, store)).toEqual([]);
  });
});

describe('what has not changed', () => {
  /** The keys that are looked for in vain. */
  function missesOf(files: Files, store: MemoryStore): Record<string, number> {
    const misses: Record<string, number> = {};
    for (const name of ['checked', 'functions', 'expanded', 'finished', 'images'] as const) {
      const shelf = store[name];
      const find = shelf.find.bind(shelf);
      misses[name] = 0;
      const missing = new Set<string>();
      shelf.find = (key: string): never => {
        const found = find(key);
        if (found === undefined) misses[name] = missing.add(key).size;
        return found as never;
      };
    }
    new Compiler({ ...optionsFor(files), store }).build();
    return misses;
  }

  function missesAfter(edit: readonly [string, string, string]): Record<string, number> {
    const store = new MemoryStore();
    new Compiler({ ...optionsFor(original), store }).build();
    return missesOf(edited(edit), store);
  }

  it('is not looked at again', () => {
    expect(missesAfter(['/src/a.ts', 'step(1)', 'step(1)'])).toEqual({
      checked: 0,
      functions: 0,
      expanded: 0,
      finished: 0,
      images: 0,
    });
  });

  it('stays what it is when it only moves', () => {
    const moved = missesAfter(['/src/lib.ts', '\n', '\n\n\n']);
    expect(moved).toEqual({ checked: 1, functions: 0, expanded: 0, finished: 0, images: 2 });
  });

  it('is not even asked for in a kernel, if others cannot tell that a function has another body', () => {
    const askedAfter = (edit: readonly [string, string, string]): number => {
      const store = new MemoryStore();
      new Compiler({ ...optionsFor(original), store }).build();
      const asked = new Set<string>();
      const find = store.expanded.find.bind(store.expanded);
      store.expanded.find = (key) => {
        asked.add(key);
        return find(key);
      };
      new Compiler({ ...optionsFor(edited(edit)), store }).build();
      return asked.size;
    };
    const all = askedAfter(['/src/a.ts', 'large(8, 1)', 'large(8, 2)']); // which decides about a parameter
    expect(askedAfter(['/src/a.ts', 'x + look(x)', 'x * look(x)'])).toBeLessThan(all);
  });

  it('does not care what others have in their bodies', () => {
    // Lowered: `main`, and the arrow in it. `idle` is known, although no program has it.
    expect(missesAfter(['/src/a.ts', 'large(8, 1)', 'large(8, 2)'])).toMatchObject({
      checked: 1,
      functions: 2,
      images: 1,
    });
    expect(missesAfter(['/src/lib.ts', 'sum / 3', 'sum / 5'])).toMatchObject({ checked: 1, functions: 1, images: 2 });
  });
});
