/*
 * Source lines of a linked program: one ascending list of rows, from which both the layout file and DWARF are written.
 */

import type { SourceLocation } from '../ir/types.ts';
import type { Item } from './items.ts';
import type { LayoutLines } from './layout.ts';

/** Code from `address` on comes from `location`; null: a stretch of code ends here. */
export interface LineRow {
  readonly address: number;
  readonly location: SourceLocation | null;
}

/** Rows of the functions, by address. */
export function collectLines(items: readonly Item[]): LineRow[] {
  const functions = items.filter(({ code }) => code !== null).toSorted((a, b) => a.address - b.address);
  const rows: LineRow[] = [];
  functions.forEach((fn, n) => {
    for (const { location, offset } of fn.code!.lines) {
      rows.push({ address: fn.address + offset, location: location?.file === '' ? null : location });
    }
    const end = fn.address + fn.size;
    const next = functions[n + 1];
    if (next === undefined || next.address > end + 64) rows.push({ address: end, location: null });
  });
  return rows;
}

/** For the layout file. Rows that differ in nothing but the column are merged. */
export function encodeLines(rows: readonly LineRow[]): LayoutLines {
  const files: string[] = [];
  const indices = new Map<string, number>();
  const encoded: number[] = [];
  let before = 0;
  let lastFile = -1;
  let lastLine = -1;
  for (const { address, location } of rows) {
    let file = 0;
    if (location !== null) {
      file = indices.get(location.file) ?? files.push(location.file) - 1;
      indices.set(location.file, file);
    }
    const line = location?.line ?? 0;
    if (file === lastFile && line === lastLine) continue;
    encoded.push(address - before, file, line);
    before = address;
    lastFile = file;
    lastLine = line;
  }
  return { files, rows: encoded };
}
