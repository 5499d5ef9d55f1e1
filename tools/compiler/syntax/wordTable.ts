/*
 * The words of sources, each as one string however often it turns up: it is then quick to compare and to look up.
 *
 * Words are found by a hash of their characters, which whoever scans them makes on the way, so that no string is made of one that
 * is known. A file shares its table with others, or has one of its own.
 */

import type ts from 'typescript';
import { keywordKind } from './tokens.ts';

export interface Word {
  readonly text: string;
  /** Of a token that is written so. */
  readonly kind: ts.SyntaxKind;
  readonly hash: number;
}

export class WordTable {
  #count = 0;
  /** By hash, or behind that; more than half are free. */
  #places: (Word | null)[] = new Array<null>(1 << 10).fill(null);

  /** The word between two positions. */
  find(text: string, from: number, to: number, hash: number): Word {
    const mask = this.#places.length - 1;
    for (let place = (hash ^ (hash >>> 15)) & mask; ; place = (place + 1) & mask) {
      const word = this.#places[place] ?? null;
      if (word === null) return this.#add(place, text.slice(from, to), hash);
      if (word.hash === hash && isWrittenAt(text, from, to, word.text)) return word;
    }
  }

  #add(place: number, text: string, hash: number): Word {
    const word = { text, kind: keywordKind(text), hash };
    this.#places[place] = word;
    if (2 * ++this.#count > this.#places.length) this.#grow();
    return word;
  }

  #grow(): void {
    const before = this.#places;
    const mask = 2 * before.length - 1;
    this.#places = new Array<null>(mask + 1).fill(null);
    for (const word of before) {
      if (word === null) continue;
      let place = (word.hash ^ (word.hash >>> 15)) & mask;
      while (this.#places[place] !== null) place = (place + 1) & mask;
      this.#places[place] = word;
    }
  }
}

/** Calls nothing, which would take longer until V8 has optimised it. */
function isWrittenAt(text: string, from: number, to: number, word: string): boolean {
  if (word.length !== to - from) return false;
  for (let at = from; at < to; at++) if (text.charCodeAt(at) !== word.charCodeAt(at - from)) return false;
  return true;
}
