/*
 * Where a text mentions which of some names: every word in it that is one of them, whatever it is there.
 *
 * The text is looked through once, and no string is made of any word: there are a great many, of which few are names. Names
 * are found by a hash of their characters.
 */

import { characterSort, characterSorts as sorts } from '../syntax/index.ts';

/** Stretches of a text: where each begins and ends, in turn. A pair of each would take twice the room. */
export type Spans = readonly number[];

const { digit, letter } = characterSort;

export class Mentions {
  readonly #text: string;
  readonly #names: readonly string[];
  /** By hash, the number of the name; at the next hash that is free if another name has the same. */
  readonly #numbers = new Map<number, number>();
  /** The places of words that are names, in order, and which names they are. */
  readonly #places: number[] = [];
  readonly #found: number[] = [];
  /** By name: the latest question that it was an answer to. */
  readonly #answered: number[];
  #question = 0;

  constructor(text: string, names: readonly string[]) {
    this.#text = text;
    this.#names = names;
    this.#answered = names.map(() => 0);
    for (let number = 0; number < names.length; number++) this.#enter(names[number]!, number);
    this.#find();
  }

  #enter(name: string, number: number): void {
    let hash = 0;
    for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0;
    while (this.#numbers.has(hash)) hash = (hash + 1) | 0;
    this.#numbers.set(hash, number);
  }

  /** Calls nothing for characters of ASCII: that would take longer than all the rest, until V8 has optimised it. */
  #find(): void {
    const text = this.#text;
    for (let at = 0; at < text.length;) {
      let code = text.charCodeAt(at);
      if (code < 128 ? sorts[code] !== letter : !otherLetter.test(characterAt(text, at))) {
        at++;
        continue;
      }
      const start = at;
      let hash = 0;
      do {
        hash = (Math.imul(hash, 31) + code) | 0;
        code = text.charCodeAt(++at);
      } while (code < 128 ? sorts[code] === letter || sorts[code] === digit : isWordPart(text, at));
      this.#note(hash, start, at);
    }
  }

  #note(hash: number, start: number, end: number): void {
    let at = hash;
    for (let number = this.#numbers.get(at); number !== undefined; number = this.#numbers.get(at)) {
      const name = this.#names[number]!;
      if (name.length === end - start && this.#text.startsWith(name, start)) {
        this.#places.push(start);
        this.#found.push(number);
        return;
      }
      at = (at + 1) | 0;
    }
  }

  /** The numbers of the names that some stretches of the text mention, each once, in the order of the text. */
  within(spans: Spans): number[] {
    const numbers: number[] = [];
    this.#question++;
    for (let n = 0; n < spans.length; n += 2) this.#addWithin(numbers, spans[n]!, spans[n + 1]!);
    return numbers.slice(); // just as long as it is
  }

  #addWithin(numbers: number[], from: number, to: number): void {
    for (let n = this.#firstFrom(from); n < this.#places.length && this.#places[n]! < to; n++) {
      const number = this.#found[n]!;
      if (this.#answered[number] === this.#question) continue;
      this.#answered[number] = this.#question;
      numbers.push(number);
    }
  }

  /** The first mention at or behind a position. */
  #firstFrom(position: number): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#places[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

// Beyond ASCII, one character may be two in the string: the second one belongs to a word that the first is part of.

const otherLetter = /^\p{L}/u;
const otherLetterOrDigit = /^[\p{L}\p{N}\uDC00-\uDFFF]/u;

function isWordPart(text: string, at: number): boolean {
  return otherLetterOrDigit.test(characterAt(text, at));
}

function characterAt(text: string, at: number): string {
  return text.slice(at, at + 2);
}
