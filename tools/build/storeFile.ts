/*
 * One file of the store: entries by shelf and key, each of some parts of bytes.
 *
 *   magic | length and checksum of the head | head | the parts, one after the other
 *
 * The head tells where the parts of each entry lie. They are read when somebody asks for them, and by pages, each of which
 * has its checksum in the head: a build that needs little reads little.
 */
import { createHash } from 'node:crypto';
import { openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { CannotReuse } from '../compiler/incremental/store.ts';

const MAGIC = Buffer.from('pagewright store 2\n', 'latin1');
const SUM_LENGTH = 20;
const HEAD_START = MAGIC.length + 4 + SUM_LENGTH;
const PAGE = 1 << 16;

/** Against accidents, not malice. */
function sumOf(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest();
}

/** The entries of a shelf, as the head has them. */
interface ShelfIndex {
  /** One to a line. */
  readonly keys: string;
  readonly ages: Uint8Array;
  /** For every entry its number of parts, and for every part where it begins and how long it is. */
  readonly extents: Uint32Array;
}

interface Head {
  readonly shelves: Readonly<Record<string, ShelfIndex>>;
  /** Of the pages of all the parts. */
  readonly sums: Uint8Array;
  readonly length: number;
}

export interface StoredEntry {
  /** How often files were put together since its last use. */
  readonly age: number;
  readonly partCount: number;
  /** Throws CannotReuse, and removes the file, if it is damaged. */
  readonly part: (n: number) => Buffer;
}

export class StoreFile {
  readonly path: string;
  readonly size: number;
  readonly #descriptor: number;
  readonly #head: Head;
  readonly #start: number;
  /** Those that have been read. Not one large buffer: V8 would take its size as a reason to collect garbage. */
  readonly #pages: (Buffer | undefined)[] = [];
  /** By shelf and key: the number of the entry, and where its extents begin. */
  readonly #numbers = new Map<string, Map<string, readonly [number: number, at: number]>>();

  /** Null if the file is none of ours, or damaged. */
  static open(path: string): StoreFile | null {
    try {
      return new StoreFile(path);
    } catch {
      return null;
    }
  }

  private constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'r'); // for as long as the process lives
    const begin = this.#read(Buffer.alloc(HEAD_START), 0);
    if (!begin.subarray(0, MAGIC.length).equals(MAGIC)) throw new CannotReuse();
    const head = this.#read(Buffer.alloc(begin.readUInt32LE(MAGIC.length)), HEAD_START);
    if (!sumOf(head).equals(begin.subarray(MAGIC.length + 4))) throw new CannotReuse();
    this.#head = deserialize(head) as Head;
    this.#start = HEAD_START + head.length;
    this.size = this.#start + this.#head.length;
  }

  #read(into: Buffer, at: number): Buffer {
    for (let done = 0; done < into.length;) {
      const count = readSync(this.#descriptor, into, done, into.length - done, at + done);
      if (count === 0) throw new CannotReuse();
      done += count;
    }
    return into;
  }

  find(shelf: string, key: string): StoredEntry | undefined {
    const found = this.#numbersOf(shelf).get(key);
    return found === undefined ? undefined : this.#entry(shelf, found);
  }

  *entries(shelf: string): Iterable<readonly [key: string, entry: StoredEntry]> {
    for (const [key, found] of this.#numbersOf(shelf)) yield [key, this.#entry(shelf, found)];
  }

  #numbersOf(shelf: string): ReadonlyMap<string, readonly [number: number, at: number]> {
    const known = this.#numbers.get(shelf);
    if (known !== undefined) return known;
    const numbers = new Map<string, readonly [number: number, at: number]>();
    this.#numbers.set(shelf, numbers);
    const index = this.#head.shelves[shelf];
    if (index === undefined || index.ages.length === 0) return numbers;
    let at = 0;
    index.keys.split('\n').forEach((key, number) => {
      numbers.set(key, [number, at]);
      at += 1 + 2 * index.extents[at]!;
    });
    return numbers;
  }

  #entry(shelf: string, [number, at]: readonly [number: number, at: number]): StoredEntry {
    const { ages, extents } = this.#head.shelves[shelf]!;
    return {
      age: ages[number]!,
      partCount: extents[at]!,
      part: (n) => this.#part(extents[at + 1 + 2 * n]!, extents[at + 2 + 2 * n]!),
    };
  }

  #part(start: number, length: number): Buffer {
    if (length === 0) return Buffer.alloc(0);
    const first = Math.floor(start / PAGE);
    const offset = start - first * PAGE;
    if (offset + length <= PAGE) return this.#page(first).subarray(offset, offset + length);
    const pages: Buffer[] = [];
    for (let page = first; page * PAGE < start + length; page++) pages.push(this.#page(page));
    return Buffer.concat(pages).subarray(offset, offset + length);
  }

  #page(page: number): Buffer {
    return (this.#pages[page] ??= this.#readPage(page));
  }

  #readPage(page: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.min(PAGE, this.#head.length - page * PAGE));
    try {
      this.#read(bytes, this.#start + page * PAGE);
      const sum = this.#head.sums.subarray(page * SUM_LENGTH, (page + 1) * SUM_LENGTH);
      if (!sumOf(bytes).equals(sum)) throw new CannotReuse();
    } catch {
      rmSync(this.path, { force: true });
      throw new CannotReuse();
    }
    return bytes;
  }
}

/** An entry to be written. */
export interface NewEntry {
  readonly age: number;
  readonly parts: readonly Uint8Array[];
}

export function writeStoreFile(path: string, shelves: ReadonlyMap<string, ReadonlyMap<string, NewEntry>>): void {
  const parts: Uint8Array[] = [];
  let length = 0;
  const indices: Record<string, ShelfIndex> = {};
  for (const [shelf, entries] of shelves) {
    const extents: number[] = [];
    for (const { parts: own } of entries.values()) {
      extents.push(own.length);
      for (const part of own) {
        extents.push(length, part.length);
        parts.push(part);
        length += part.length;
      }
    }
    indices[shelf] = {
      keys: [...entries.keys()].join('\n'),
      ages: Uint8Array.from(entries.values(), ({ age }) => age),
      extents: Uint32Array.from(extents),
    };
  }
  const all = Buffer.concat(parts, length);
  const sums: Buffer[] = [];
  for (let at = 0; at < length; at += PAGE) sums.push(sumOf(all.subarray(at, at + PAGE)));
  const head = serialize({ shelves: indices, sums: new Uint8Array(Buffer.concat(sums)), length } satisfies Head);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(head.length, 0);
  writeFileSync(path, Buffer.concat([MAGIC, size, sumOf(head), head, all]));
}
