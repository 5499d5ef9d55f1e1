/*
 * One file of the store: entries by shelf and key. Entries that were made one after the other share a block, because what
 * asks for one mostly asks for all, and many small things take longer to read and write than a large one. A block has some
 * parts of bytes, each with something of every entry.
 *
 *   magic | length and checksum of the head | head | the parts, one after the other
 *
 * The head tells where the parts of each block lie. They are read when somebody asks for them, and by pages, each of which
 * has its checksum in the head: a build that needs little reads little.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { CannotReuse } from '../compiler/incremental/store.ts';

const MAGIC = Buffer.from('pagewright store 3\n', 'latin1');
const SUM_LENGTH = 20;
const HEAD_START = MAGIC.length + 4 + SUM_LENGTH;
const PAGE = 1 << 16;

/** Against accidents, not malice. */
function sumOf(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest();
}

/** A block has so many entries at most. */
export const LARGEST_BLOCK = 32;

/** The blocks of a shelf, as the head has them. */
interface ShelfIndex {
  /** Of all entries, one to a line. */
  readonly keys: string;
  /** By block: the number of its entries. */
  readonly counts: Uint8Array;
  readonly ages: Uint8Array;
  /** For every block its number of parts, and for every part where it begins and how long it is. */
  readonly extents: Uint32Array;
}

interface Head {
  readonly shelves: Readonly<Record<string, ShelfIndex>>;
  /** Of the pages of all the parts. */
  readonly sums: Uint8Array;
  readonly length: number;
}

/** Some entries of a file. */
export interface StoredBlock {
  readonly keys: readonly string[];
  /** How often files were put together since its last use. */
  readonly age: number;
  readonly partCount: number;
  /** Throws CannotReuse, and removes the file, if it is damaged. */
  readonly part: (n: number) => Buffer;
}

/** The blocks of a shelf, and where its entries are. */
interface ShelfBlocks {
  readonly blocks: readonly StoredBlock[];
  /** By key: the number of the block, and the place in it, as one number. */
  readonly places: ReadonlyMap<string, number>;
}

export class StoreFile {
  readonly path: string;
  readonly size: number;
  readonly #descriptor: number;
  readonly #head: Head;
  readonly #start: number;
  /** Those that have been read. Not one large buffer: V8 would take its size as a reason to collect garbage. */
  readonly #pages: (Buffer | undefined)[] = [];
  readonly #shelves = new Map<string, ShelfBlocks>();

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

  /** Calls `visit` with the block that has the entry, and its place in there. Undefined if there is none. */
  find<T>(shelf: string, key: string, visit: (block: StoredBlock, n: number) => T): T | undefined {
    const { blocks, places } = this.#shelf(shelf);
    const place = places.get(key);
    if (place === undefined) return undefined;
    return visit(blocks[Math.floor(place / LARGEST_BLOCK)]!, place % LARGEST_BLOCK);
  }

  blocks(shelf: string): readonly StoredBlock[] {
    return this.#shelf(shelf).blocks;
  }

  #shelf(name: string): ShelfBlocks {
    let shelf = this.#shelves.get(name);
    if (shelf === undefined) {
      shelf = this.#readShelf(this.#head.shelves[name]);
      this.#shelves.set(name, shelf);
    }
    return shelf;
  }

  #readShelf(index: ShelfIndex | undefined): ShelfBlocks {
    const blocks: StoredBlock[] = [];
    const places = new Map<string, number>();
    if (index === undefined || index.ages.length === 0) return { blocks, places };
    const { ages, counts, extents } = index;
    const keys = index.keys.split('\n');
    let first = 0;
    let at = 0;
    counts.forEach((count, number) => {
      for (let n = 0; n < count; n++) {
        const key = keys[first + n]!;
        if (!places.has(key)) places.set(key, number * LARGEST_BLOCK + n); // the first one counts
      }
      const parts = at + 1;
      blocks.push({
        keys: keys.slice(first, first + count),
        age: ages[number]!,
        partCount: extents[at]!,
        part: (n) => this.#part(extents[parts + 2 * n]!, extents[parts + 2 * n + 1]!),
      });
      first += count;
      at += 1 + 2 * extents[at]!;
    });
    return { blocks, places };
  }

  #part(start: number, length: number): Buffer {
    if (length === 0) return Buffer.alloc(0);
    const first = Math.floor(start / PAGE);
    const last = Math.floor((start + length - 1) / PAGE);
    const pages = first === last ? (this.#pages[first] ?? this.#readPages(first, first)) : this.#readPages(first, last);
    const offset = start - first * PAGE;
    return pages.subarray(offset, offset + length);
  }

  #readPages(first: number, last: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.min((last + 1) * PAGE, this.#head.length) - first * PAGE);
    try {
      this.#read(bytes, this.#start + first * PAGE);
      for (let page = first; page <= last; page++) {
        const own = bytes.subarray((page - first) * PAGE, (page - first + 1) * PAGE);
        const sum = this.#head.sums.subarray(page * SUM_LENGTH, (page + 1) * SUM_LENGTH);
        if (!sumOf(own).equals(sum)) throw new CannotReuse();
        this.#pages[page] ??= own;
      }
    } catch {
      rmSync(this.path, { force: true });
      throw new CannotReuse();
    }
    return bytes;
  }
}

/** A block to be written. */
export interface NewBlock {
  readonly keys: readonly string[];
  readonly age: number;
  readonly parts: readonly Uint8Array[];
}

export function writeStoreFile(path: string, shelves: ReadonlyMap<string, readonly NewBlock[]>): void {
  const parts: Uint8Array[] = [];
  let length = 0;
  const indices: Record<string, ShelfIndex> = {};
  for (const [shelf, blocks] of shelves) {
    // All the first parts, then all the second ones: who reads only those gets no pages with others.
    const starts = blocks.map(({ parts: own }) => own.map(() => 0));
    for (let n = 0; blocks.some(({ parts: own }) => n < own.length); n++) {
      blocks.forEach(({ parts: own }, block) => {
        const part = own[n];
        if (part === undefined) return;
        starts[block]![n] = length;
        parts.push(part);
        length += part.length;
      });
    }
    const extents = blocks.flatMap(({ parts: own }, block) => {
      return [own.length, ...own.flatMap((part, n) => [starts[block]![n]!, part.length])];
    });
    indices[shelf] = {
      keys: blocks.flatMap(({ keys }) => keys).join('\n'),
      counts: Uint8Array.from(blocks, ({ keys }) => keys.length),
      ages: Uint8Array.from(blocks, ({ age }) => age),
      extents: Uint32Array.from(extents),
    };
  }
  const all = Buffer.concat(parts, length);
  const sums: Buffer[] = [];
  for (let at = 0; at < length; at += PAGE) sums.push(sumOf(all.subarray(at, at + PAGE)));
  const head = serialize({ shelves: indices, sums: new Uint8Array(Buffer.concat(sums)), length } satisfies Head);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(head.length, 0);
  const file = openSync(path, 'w');
  try {
    for (const piece of [Buffer.concat([MAGIC, size, sumOf(head), head]), all]) writeFileSync(file, piece);
  } finally {
    closeSync(file);
  }
}
