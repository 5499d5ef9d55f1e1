/*
 * JSDoc tags: how sources say what TypeScript has no syntax for (sections, alignment, naked functions).
 *
 * An unknown tag is an error, or a misspelt `@section` would go unnoticed.
 */

import { sourceOf, tagsOf, type DocumentationTag, type ts } from '../syntax/index.ts';
import type { CodeName } from './codes.ts';
import type { Reporter } from './diagnostics.ts';

export interface Tags {
  readonly section: string | null;
  readonly align: number | null;
  readonly isNaked: boolean;
  readonly inline: boolean | null;
  readonly isExported: boolean;
  readonly isPacked: boolean;
  /** The function or method that undoes what this one did, at the end of a `using`. */
  readonly releasedBy: string | null;
  /** Of a lock's class: two such locks are never held at once. */
  readonly isSingle: boolean;
}

/** Most declarations share these. */
export const noTags: Tags = Object.freeze({
  section: null,
  align: null,
  isNaked: false,
  inline: null,
  isExported: false,
  isPacked: false,
  releasedBy: null,
  isSingle: false,
});

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const documentation = new Set(['param', 'returns', 'see', 'source', 'locking', 'sleeps', 'example', 'remarks']);

/** What a tag can stand at. */
type TagPlace = 'function' | 'variable' | 'class' | 'field' | 'type';

const places: Readonly<Record<TagPlace, ReadonlySet<string>>> = {
  function: new Set(['section', 'align', 'naked', 'inline', 'noinline', 'export', 'releasedBy']),
  variable: new Set(['section', 'align', 'export']),
  class: new Set(['packed', 'align', 'single']),
  field: new Set(['align']),
  type: new Set(),
};

type ReportTag = (tag: DocumentationTag, code: CodeName, values: readonly string[]) => void;

/** Reads the tags of a declaration, and reports those that nobody knows or that mean nothing there. */
export function readTags(declaration: ts.Node, place: TagPlace, reporter: Reporter): Tags {
  const written = tagsOf(declaration);
  if (written.length === 0) return noTags;
  const tags: Mutable<Tags> = { ...noTags };
  const report: ReportTag = (tag, code, values) => reporter.reportRange(sourceOf(declaration), tag, code, values);
  for (const tag of written) {
    const { name } = tag;
    if (documentation.has(name)) continue;
    if (!readTag(tags, tag, report)) report(tag, 'unknownTag', [name]);
    else if (!places[place].has(name)) report(tag, 'misplacedTag', [name, place]);
  }
  return tags;
}

/** False if the tag is unknown. */
function readTag(tags: Mutable<Tags>, tag: DocumentationTag, report: ReportTag): boolean {
  const { text } = tag;
  switch (tag.name) {
    case 'section':
      if (!/^[.\w-]+$/.test(text)) report(tag, 'badTag', ['section', 'the name of a section']);
      tags.section = text;
      return true;
    case 'align':
      tags.align = readAlign(text);
      if (tags.align === null) report(tag, 'badTag', ['align', 'a power of two']);
      return true;
    case 'releasedBy':
      if (!/^\w+$/.test(text)) report(tag, 'badTag', ['releasedBy', 'the name of a function']);
      tags.releasedBy = text;
      return true;
    case 'naked':
      tags.isNaked = true;
      return true;
    case 'inline':
      tags.inline = true;
      return true;
    case 'noinline':
      tags.inline = false;
      return true;
    case 'export':
      tags.isExported = true;
      return true;
    case 'packed':
      tags.isPacked = true;
      return true;
    case 'single':
      tags.isSingle = true;
      return true;
    default:
      return false;
  }
}

function readAlign(text: string): number | null {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : 0;
  return value > 0 && value <= 65536 && (value & (value - 1)) === 0 ? value : null;
}

const all: ReadonlySet<string> = new Set(Object.values(places).flatMap((names) => [...names]));

/**
 * Tags in comments that follow a statement or member on its line: TypeScript attaches such a comment to nothing, so that
 * the tag would go unnoticed.
 */
export function strayTags(text: string): { readonly name: string; readonly pos: number; readonly end: number }[] {
  return [...text.matchAll(/\/\*\*(?!\/)[^]*?\*\//g)].flatMap(({ 0: comment, index }) => {
    const before = text.slice(text.lastIndexOf('\n', index) + 1, index).trimEnd();
    if (!/[;{}]$/.test(before)) return []; // in front of an arrow it belongs to that
    const found = /@(\w+)/.exec(comment);
    if (found === null || !all.has(found[1]!)) return [];
    const pos = index + found.index;
    return [{ name: found[1]!, pos, end: pos + found[0].length }];
  });
}
