/*
 * Whether all that is new are declarations that nothing of before can mention, and all that is gone are some that nothing
 * did: then everything else means what it did (meanings.ts), and that need not be found out again.
 *
 * A name of before stands for what it stood for as long as its file declares, imports and passes on what it did, nothing
 * new has that name, and so do the files that it comes from.
 */

import type { FileDetail, FileDigest } from './digest.ts';
import { extendMeanings, findMeanings, worldKey, type World } from './meanings.ts';
import { isSame } from './plan.ts';
import type { CompileStore } from './store.ts';

/** A world of before. Everything was there that was imported. */
interface EarlierWorld {
  readonly world: World;
  /** By path: `FileDigest.outside`. */
  readonly outsides: ReadonlyMap<string, string>;
  /** What the file was; undefined if nobody knows any more. */
  readonly digest: (path: string) => FileDigest | undefined;
}

/** The key of what is known of the last world. */
const LAST = 'last';

/** By path: digests, and their keys in the store. */
export function findWorld(
  digests: ReadonlyMap<string, FileDigest>,
  digestKeys: ReadonlyMap<string, string>,
  store: CompileStore,
): World {
  const key = worldKey(digests);
  const known = store.worlds.find(key);
  if (known !== undefined) return known;
  const earlier = lastWorld(store);
  const extended = earlier === null ? null : meaningsAfter(earlier, digests);
  const { isComplete, world } = extended === null ? findMeanings(digests) : { isComplete: true, world: extended };
  store.worlds.put(key, world);
  const files = Array.from(digests, ([path, { outside }]) => ({ path, digest: digestKeys.get(path)!, outside }));
  if (isComplete) store.lastWorlds.put(LAST, { key, files });
  return world;
}

function lastWorld({ digests, lastWorlds, worlds }: CompileStore): EarlierWorld | null {
  const last = lastWorlds.find(LAST);
  const world = last === undefined ? undefined : worlds.find(last.key);
  if (last === undefined || world === undefined) return null;
  return {
    world,
    outsides: new Map(last.files.map(({ outside, path }) => [path, outside])),
    digest: (path) => digests.find(last.files.find((file) => file.path === path)!.digest),
  };
}

/** Null: there is more to it. */
function meaningsAfter(earlier: EarlierWorld, digests: ReadonlyMap<string, FileDigest>): World | null {
  const { outsides, world } = earlier;
  if (outsides.size !== digests.size) return null;
  const added = new Map<string, readonly (string | undefined)[]>();
  for (const [path, digest] of digests) {
    const outside = outsides.get(path);
    if (outside === undefined) return null;
    if (outside === digest.outside) continue;
    const before = earlier.digest(path);
    const old = before === undefined ? null : compare(before.detail, digest.detail, world.get(path)!.own);
    if (old === null || isMentioned(old.gone, path, world)) return null;
    added.set(path, old.meanings);
  }
  return extendMeanings(digests, world, added);
}

/** Whether files other than its own have a name for something. */
function isMentioned(meanings: ReadonlySet<string>, own: string, world: World): boolean {
  if (meanings.size === 0) return false;
  for (const [path, { names }] of world) {
    if (path !== own && names.some((name) => name.some((meaning) => meanings.has(meaning)))) return true;
  }
  return false;
}

interface OldMeanings {
  /** What the declarations of now meant before, by their numbers; undefined for those that are new. */
  readonly meanings: readonly (string | undefined)[];
  /** What those meant that are there no longer. */
  readonly gone: ReadonlySet<string>;
}

/** Null: names of before may stand for something else. */
function compare(before: FileDetail, now: FileDetail, own: readonly string[]): OldMeanings | null {
  if (!isSame(before.imports, now.imports) || !isSame(before.passedOn, now.passedOn)) return null;
  const rest = new Map<string, number[]>();
  now.declarations.forEach((_, index) => {
    const what = describe(now, index);
    rest.set(what, [...(rest.get(what) ?? []), index]);
  });
  const meanings = now.declarations.map((): string | undefined => undefined);
  const gone = new Set<string>();
  const namesGone = new Set<string>();
  const namesLeft = new Set(before.imports.map(({ local }) => local));
  before.declarations.forEach(({ names }, index) => {
    const same = rest.get(describe(before, index))?.shift();
    if (same === undefined) gone.add(own[index]!);
    else meanings[same] = own[index];
    for (const name of names) (same === undefined ? namesGone : namesLeft).add(name);
  });
  if ([...namesGone].some((name) => namesLeft.has(name))) return null;
  // What is new must not have a name of before, and what was there must not mention what has gone: it may be back.
  const isOther = now.declarations.some(({ mentions, names }, index) => {
    return meanings[index] === undefined
      ? names.some((name) => namesLeft.has(name))
      : mentions.some((number) => namesGone.has(now.names[number]!));
  });
  const exported = new Map(now.exports.map(({ local, name }) => [name, local]));
  const isExported = before.exports.every(({ local, name }) => exported.get(name) === local || namesGone.has(local));
  return isOther || !isExported || exported.size !== now.exports.length ? null : { meanings, gone };
}

/** All that tells what a declaration means, in the words of its file. */
function describe({ declarations, names }: FileDetail, index: number): string {
  const { isClass, mentions, names: own, shape } = declarations[index]!;
  return JSON.stringify([own, isClass, shape, mentions.map((number) => names[number])]);
}
