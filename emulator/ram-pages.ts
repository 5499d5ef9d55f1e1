/*
 * RAM by pages: copies of it that share what has not changed, and its hash.
 *
 * The core tells which pages may have been written since it was last asked (v86/written-pages.ts). Two things depend on it,
 * each with its own idea of "since": the contents that were last saved or restored, and the hashes of pages. `#stale` has a
 * bit for each; a page without the bit is as it was.
 *
 * A copy of RAM is a list of pages. Most pages of two copies are the same objects, so that a copy after a few written pages
 * costs a few pages, and going back from one copy to another touches only the pages that differ.
 */

import { Sha256 } from './sha256.ts';

export const PAGE_BYTES = 4096;
const WORDS = PAGE_BYTES / 4;

/** Contents of a page; null for zeros. Not to be changed. */
export type Page = Uint8Array | null;
/** RAM, by page number. */
export type RamCopy = readonly Page[];

const STALE_COPY = 1;
const STALE_HASH = 2;

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
  readonly #stale: Uint8Array;
  /** What is known of RAM where it is not stale. */
  #copy: RamCopy;
  readonly #hashes: (Uint8Array | null)[];

  constructor(memory: WatchedRam) {
    this.#memory = memory;
    const pages = memory.ram.length / PAGE_BYTES;
    this.#stale = new Uint8Array(pages).fill(STALE_COPY | STALE_HASH);
    this.#copy = new Array<Page>(pages).fill(null);
    this.#hashes = new Array<Uint8Array | null>(pages).fill(null);
  }

  /** A copy of RAM. */
  copy(): RamCopy {
    const written = this.#takeStale(STALE_COPY);
    const { ram } = this.#memory;
    const words = new Int32Array(ram.buffer, ram.byteOffset, ram.length / 4);
    const filled = written.filter((page) => !isZero(words, page * WORDS));
    const store = new Uint8Array(filled.length * PAGE_BYTES);
    const copy = this.#copy.slice();
    for (const page of written) copy[page] = null;
    for (const [i, page] of filled.entries()) {
      const at = page * PAGE_BYTES;
      store.set(ram.subarray(at, at + PAGE_BYTES), i * PAGE_BYTES);
      copy[page] = store.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
    }
    this.#copy = copy;
    return copy;
  }

  /** Gives RAM the contents of a copy. Returns how many pages that took. */
  restore(copy: RamCopy): number {
    for (const page of this.#memory.takeWrittenPages()) this.#stale[page] = STALE_COPY | STALE_HASH;
    const { ram } = this.#memory;
    let count = 0;
    for (let page = 0; page < copy.length; page++) {
      const contents = copy[page] ?? null;
      if ((this.#stale[page]! & STALE_COPY) === 0 && contents === this.#copy[page]) continue;
      const start = page * PAGE_BYTES;
      if (contents === null) ram.fill(0, start, start + PAGE_BYTES);
      else ram.set(contents, start);
      this.#memory.invalidateCode(start, start + PAGE_BYTES);
      this.#stale[page] = STALE_HASH;
      count++;
    }
    this.#copy = copy;
    return count;
  }

  /** The hash of each page; null for zeros. A page that has not changed keeps its array. */
  hashes(): readonly (Uint8Array | null)[] {
    const { ram } = this.#memory;
    const words = new Int32Array(ram.buffer, ram.byteOffset, ram.length / 4);
    for (const page of this.#takeStale(STALE_HASH)) {
      this.#hashes[page] = isZero(words, page * WORDS) ? null : hashPage(ram, page);
    }
    return this.#hashes.slice();
  }

  /** The pages with this bit, which is cleared. */
  #takeStale(bit: number): number[] {
    for (const page of this.#memory.takeWrittenPages()) this.#stale[page] = STALE_COPY | STALE_HASH;
    const pages: number[] = [];
    for (let page = 0; page < this.#stale.length; page++) {
      if ((this.#stale[page]! & bit) === 0) continue;
      pages.push(page);
      this.#stale[page]! &= ~bit;
    }
    return pages;
  }
}

function hashPage(ram: Uint8Array, page: number): Uint8Array {
  const contents = ram.slice(page * PAGE_BYTES, (page + 1) * PAGE_BYTES); // the core's memory is slower to read
  return new Sha256().update(contents).digestBytes();
}

function isZero(words: Int32Array, start: number): boolean {
  for (let i = start; i < start + WORDS; i += 4) {
    if ((words[i]! | words[i + 1]! | words[i + 2]! | words[i + 3]!) !== 0) return false;
  }
  return true;
}
