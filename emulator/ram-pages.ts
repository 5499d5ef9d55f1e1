/*
 * RAM by pages: copies of it that share what has not changed, and its hash.
 *
 * The core tells which pages may have been written since it was last asked (v86/written-pages.ts). Two things depend on it,
 * each with its own idea of "since": the contents that were last saved or restored, and the hashes of pages. Each has a table
 * with a byte for each page: 1, the page may be another one; 0, it is as it was. The tables are searched with `indexOf`,
 * which is fast from the first time on, as a loop over all pages is not.
 *
 * A copy of RAM is a list of pages. Most pages of two copies are the same objects, so that a copy after a few written pages
 * costs a few pages, and going back from one copy to another touches only the pages that differ.
 */

import { Sha256 } from './sha256.ts';

export const PAGE_BYTES = 4096;
const WORDS = PAGE_BYTES / 4;
/** Pages that one array holds for a copy, which is freed when none of them is needed any more. */
const LONGEST_RUN = 32;

/** Contents of a page; null for zeros. Not to be changed. */
export type Page = Uint8Array | null;
/** RAM, by page number. */
export type RamCopy = readonly Page[];

/** What holds the RAM. */
export interface WatchedRam {
  readonly ram: Uint8Array<ArrayBuffer>;
  /** Page numbers, ascending; all at the first call. */
  takeWrittenPages(): number[];
  /** Must follow a write to a part of `ram`. */
  invalidateCode(start: number, end: number): void;
}

export class RamPages {
  readonly #memory: WatchedRam;
  /** The contents of RAM where #isCopyStale has a 0. */
  #copy: RamCopy;
  readonly #isCopyStale: Uint8Array;
  /** The hashes where #isHashStale has a 0. */
  readonly #hashes: (Uint8Array | null)[];
  readonly #isHashStale: Uint8Array;

  constructor(memory: WatchedRam) {
    this.#memory = memory;
    const pages = memory.ram.length / PAGE_BYTES;
    this.#copy = new Array<Page>(pages).fill(null);
    this.#isCopyStale = new Uint8Array(pages).fill(1);
    this.#hashes = new Array<Uint8Array | null>(pages).fill(null);
    this.#isHashStale = new Uint8Array(pages).fill(1);
  }

  /** A copy of RAM. */
  copy(): RamCopy {
    const written = this.#takeStale(this.#isCopyStale);
    const { ram } = this.#memory;
    const words = new Int32Array(ram.buffer, ram.byteOffset, ram.length / 4);
    const copy = this.#copy.slice();
    const filled: number[] = [];
    for (const page of written) {
      if (isZero(words, page * WORDS)) copy[page] = null;
      else filled.push(page);
    }
    for (let i = 0; i < filled.length;) i = copyRun(ram, filled, i, copy);
    this.#copy = copy;
    return copy;
  }

  /** Gives RAM the contents of a copy. */
  restore(copy: RamCopy): void {
    const stale = this.#takeStale(this.#isCopyStale);
    const pages = copy === this.#copy ? stale : new Set([...stale, ...differingPages(copy, this.#copy)]);
    const { ram } = this.#memory;
    for (const page of pages) {
      const start = page * PAGE_BYTES;
      const contents = copy[page];
      if (contents == null) ram.fill(0, start, start + PAGE_BYTES);
      else ram.set(contents, start);
      this.#memory.invalidateCode(start, start + PAGE_BYTES);
      this.#isHashStale[page] = 1;
    }
    this.#copy = copy;
  }

  /** The hash of each page; null for zeros. A page that has not changed keeps its array. */
  hashes(): readonly (Uint8Array | null)[] {
    const { ram } = this.#memory;
    const words = new Int32Array(ram.buffer, ram.byteOffset, ram.length / 4);
    for (const page of this.#takeStale(this.#isHashStale)) {
      this.#hashes[page] = isZero(words, page * WORDS) ? null : hashPage(ram, page);
    }
    return this.#hashes.slice();
  }

  /** The pages that are stale in one of the tables, which is cleared. */
  #takeStale(table: Uint8Array): number[] {
    for (const page of this.#memory.takeWrittenPages()) this.#isCopyStale[page] = this.#isHashStale[page] = 1;
    const pages = pagesIn(table);
    table.fill(0);
    return pages;
  }
}

/** The numbers of the pages with a 1 in a table, ascending. */
export function pagesIn(table: Uint8Array): number[] {
  const pages: number[] = [];
  for (let page = table.indexOf(1); page >= 0; page = table.indexOf(1, page + 1)) pages.push(page);
  return pages;
}

/** The numbers of the pages that are not the same object in two copies. */
function differingPages(one: RamCopy, other: RamCopy): number[] {
  const pages: number[] = [];
  for (let page = 0; page < one.length; page++) if (one[page] !== other[page]) pages.push(page);
  return pages;
}

function hashPage(ram: Uint8Array, page: number): Uint8Array {
  const contents = ram.slice(page * PAGE_BYTES, (page + 1) * PAGE_BYTES); // the core's memory is slower to read
  return new Sha256().update(contents).digestBytes();
}

/** Copies adjacent pages, the first of which is `pages[first]`, in one go. Gives the index of the first page that is not one. */
function copyRun(ram: Uint8Array, pages: readonly number[], first: number, copy: Page[]): number {
  let next = first + 1;
  while (next - first < LONGEST_RUN && pages[next] === pages[next - 1]! + 1) next++;
  const contents = ram.slice(pages[first]! * PAGE_BYTES, (pages[next - 1]! + 1) * PAGE_BYTES);
  for (let i = first; i < next; i++)
    copy[pages[i]!] = contents.subarray((i - first) * PAGE_BYTES, (i - first + 1) * PAGE_BYTES);
  return next;
}

function isZero(words: Int32Array, start: number): boolean {
  for (let i = start; i < start + WORDS; i += 4) {
    if ((words[i]! | words[i + 1]! | words[i + 2]! | words[i + 3]!) !== 0) return false;
  }
  return true;
}
