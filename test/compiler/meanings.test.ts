/*
 * What declarations mean, found from the world of before: the same as from nothing, and not looked for where nothing is new.
 */
import { describe, expect, it } from 'vitest';
import { importedPath, parseSource } from '../../tools/compiler/frontend/program.ts';
import { digestOf, type FileDigest } from '../../tools/compiler/incremental/digest.ts';
import { findMeanings, type World } from '../../tools/compiler/incremental/meanings.ts';
import { findWorld } from '../../tools/compiler/incremental/newDeclarations.ts';
import { MemoryStore } from '../../tools/compiler/incremental/store.ts';

type Files = Readonly<Record<string, string>>;

const original: Files = {
  '/a.ts': `import { Node, size as nodeSize } from './b.ts';
    export function first(x: u32): u32 { return second(x) + nodeSize; }
    export function second(x: u32): u32 { return x === 0 ? 0 : first(x - 1); }
    const odd: u32 = 3;
    const more = odd + 1;`,
  '/b.ts': `export class Node { next: Node | null; value: Item; }
    export class Item { owner: Node; }
    export const size: u32 = 8;
    const hidden = 1;`,
  '/c.ts': `export { size } from './b.ts';
    import { first } from './a.ts';
    export const both = first;`,
};

function digestsOf(files: Files): Map<string, FileDigest> {
  return new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      digestOf(parseSource(path, text), text, (name) => importedPath(name, path))!,
    ]),
  );
}

/** The world after an edit, by way of the original's, and that one. */
function worldAfter(path: string, edit: (text: string) => string): { before: World; after: World; whole: World } {
  const store = new MemoryStore();
  const worldOf = (files: Files): World => {
    const digests = digestsOf(files);
    const keys = new Map(Object.entries(files).map(([file, text]) => [file, store.nameOf(file, text)]));
    for (const [file, key] of keys) store.digests.put(key, digests.get(file)!);
    return findWorld(digests, keys, store);
  };
  const edited = { ...original, [path]: edit(original[path]!) };
  return { before: worldOf(original), after: worldOf(edited), whole: findMeanings(digestsOf(edited)).world };
}

const additions: readonly (readonly [what: string, path: string, text: string])[] = [
  ['a constant', '/b.ts', 'export const ADDED: u32 = 9;'],
  ['a function that mentions others', '/a.ts', 'function third(n: Node): u32 { return second(nodeSize) + odd; }'],
  [
    'functions that call each other',
    '/a.ts',
    'function even(): u32 { return uneven(); } function uneven(): u32 { return even(); }',
  ],
  ['a class that holds others', '/b.ts', 'export class List { head: Node; last: List | null; }'],
  ['another name for what is there', '/b.ts', 'export { hidden };'],
  ['a name that others have by themselves', '/b.ts', 'export const odd: u32 = 1;'],
];

/** What nothing mentions may go, and come back as something else. */
const removals: readonly (readonly [what: string, path: string, from: string, to: string])[] = [
  ['a constant', '/b.ts', 'const hidden = 1;', ''],
  ['a constant with another value', '/b.ts', 'const hidden = 1;', 'const hidden = 2;'],
  ['an exported constant', '/c.ts', 'export const both = first;', 'export const neither = 0;'],
];

const others: readonly (readonly [what: string, path: string, from: string, to: string])[] = [
  ['another type', '/b.ts', 'value: Item', 'value: u32'],
  ['something of here with another value', '/a.ts', 'odd: u32 = 3;', 'odd: u32 = 4;'],
  ['something that has gone', '/b.ts', 'export const size: u32 = 8;', ''],
  ['something that has gone and was mentioned here', '/b.ts', 'export class Item { owner: Node; }', ''],
  ['something that is there twice', '/b.ts', 'const hidden', 'const size = 4; const hidden'],
  ['another import', '/a.ts', 'Node, size', 'Node, Item, size'],
  ['a word that is now a name', '/a.ts', 'export function first', 'const x = 1; export function first'],
  ['an import of what is not there', '/c.ts', '{ first }', '{ first, none }'],
  ['another export', '/b.ts', 'export const size', 'const size'],
];

describe('the world after an edit', () => {
  it.each(additions)('%s: is that of before, and what is new', (_, path, text) => {
    const { after, before, whole } = worldAfter(path, (old) => `${old}\n${text}`);
    expect(after).toEqual(whole);
    for (const [file, meanings] of before) if (file !== path) expect(after.get(file)).toBe(meanings);
    expect(after.get(path)!.own.slice(0, before.get(path)!.own.length)).toEqual(before.get(path)!.own);
  });

  it.each(removals)('without %s: is that of before', (_, path, from, to) => {
    const { after, before, whole } = worldAfter(path, (old) => old.replace(from, to));
    expect(after).toEqual(whole);
    for (const [file, meanings] of before) if (file !== path) expect(after.get(file)).toBe(meanings);
  });

  it.each(others)('%s: is found anew', (_, path, from, to) => {
    const { after, whole } = worldAfter(path, (old) => old.replace(from, to));
    expect(after).toEqual(whole);
  });
});
