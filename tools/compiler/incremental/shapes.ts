/*
 * What a program needs of the files that are neither checked nor lowered: the shapes of those declarations that can be
 * reached from the others, and nothing else. Everything keeps its line and column.
 */

import type { FileDigest } from './digest.ts';
import type { Spans } from './mentions.ts';
import { Scopes, type Declaration } from './scopes.ts';

/** By file. A file that nobody needs is not among them. */
type ReachedShapes = ReadonlyMap<string, ReadonlySet<number>>;

/** What can be reached from all that the files `full` declare and import, or `withExports`, from all that they could import. */
function reachedShapes(
  digests: ReadonlyMap<string, FileDigest>,
  full: Iterable<string>,
  withExports: boolean,
): ReachedShapes {
  const scopes = new Scopes(digests);
  const reached = new Map<string, Set<number>>();
  const work: Declaration[] = [];
  const reach = (declaration: Declaration): void => {
    const { index, path } = declaration;
    const known = reached.get(path) ?? new Set();
    reached.set(path, known);
    if (known.has(index)) return;
    known.add(index);
    work.push(declaration);
  };
  for (const [path, { passesOn }] of digests) if (passesOn) reached.set(path, new Set());
  for (const path of full) {
    scopes.declarationsIn(path).forEach(reach);
    scopes.namesIn(path).flat().forEach(reach);
    for (const module of digests.get(path)!.modules) {
      if (digests.has(module.path) && !reached.has(module.path)) reached.set(module.path, new Set());
    }
    if (withExports) for (const offered of offeredTo(path, digests)) scopes.declarationsIn(offered).forEach(reach);
  }
  for (let next = work.pop(); next !== undefined; next = work.pop()) scopes.mentionedBy(next).forEach(reach);
  return reached;
}

/** The files that one imports from, also by way of those that pass on what others have. */
function offeredTo(path: string, digests: ReadonlyMap<string, FileDigest>): Set<string> {
  const offered = new Set<string>();
  const add = (from: string): void => {
    for (const module of digests.get(from)!.modules) {
      if (!digests.has(module.path) || offered.has(module.path)) continue;
      offered.add(module.path);
      if (digests.get(module.path)!.passesOn) add(module.path);
    }
  };
  add(path);
  return offered;
}

/**
 * The texts of a program that has the files `full` in full, and of the others what those need. `withExports`: also what else
 * the files have that those import from, for tsc to suggest where a name is wrong.
 */
export function excerptOf(
  texts: ReadonlyMap<string, string>,
  digests: ReadonlyMap<string, FileDigest>,
  full: ReadonlySet<string>,
  withExports: boolean,
): Map<string, string> {
  const excerpt = new Map<string, string>();
  for (const [path, kept] of reachedShapes(digests, full, withExports)) {
    const digest = digests.get(path); // what is imported may be in a file that is not there
    if (digest !== undefined && !full.has(path)) excerpt.set(path, shapeText(texts.get(path)!, digest, kept));
  }
  for (const path of full) excerpt.set(path, texts.get(path)!);
  return excerpt;
}

/** The text, of which only the shapes of the declarations `kept` are left, and what it imports and passes on. */
function shapeText(text: string, { detail }: FileDigest, kept: ReadonlySet<number>): string {
  const spans = [...detail.links];
  detail.declarations.forEach(({ shapeSpans }, index) => {
    if (kept.has(index)) spans.push(...shapeSpans);
  });
  let shape = '';
  let at = 0;
  for (const [start, end] of pairs(spans)) {
    shape += blank(text.slice(at, start)) + text.slice(start, end);
    at = end;
  }
  return shape + blank(text.slice(at));
}

/** Stretches of text, the first one first. */
function pairs(spans: Spans): [start: number, end: number][] {
  const found: [number, number][] = [];
  for (let n = 0; n < spans.length; n += 2) found.push([spans[n]!, spans[n + 1]!]);
  return found.sort(([a], [b]) => a - b);
}

/** Of what is left out, the ends of lines stay, and the width of what something follows in the same line. */
function blank(text: string): string {
  return text.replace(/[^\r\n]+/g, (line, at: number) => {
    return at + line.length === text.length ? ' '.repeat(line.length) : '';
  });
}
