/*
 * One file of the store: entries by shelf and key. Entries that were made one after the other share a block, because what
 * asks for one mostly asks for all, and many small things take longer to read and write than a large one. A block has some
 * parts of bytes, each with something of every entry.
 *
 *   the parts, one after the other | index | length and checksum of the index | magic
 *
 * The index tells where the parts of each block lie. They are read when somebody asks for them, and by pages, each of which
 * has its checksum in the index: a build that needs little reads little. It comes last, so that a file is written as it is
 * made, page by page, and its tens of megabytes are never in memory together.
 */
import { createCipheriv } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { CannotReuse } from '../compiler/incremental/store.ts';

const MAGIC = Buffer.from('pagewright store 6\n', 'latin1');
const SUM_LENGTH = 16;
const TAIL_LENGTH = 4 + SUM_LENGTH + MAGIC.length;
const PAGE = 1 << 16;
/** Parts begin at multiples of this, so that the numbers in them can be read where they are. */
const ALIGNMENT = 4;
const padding = Buffer.alloc(ALIGNMENT);

const noKey = Buffer.alloc(16);
const noNonce = Buffer.alloc(12);

/** Against accidents, not malice: what AES-GCM adds to a message is a checksum that processors have instructions for. */
function sumOf(bytes: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-gcm', noKey, noNonce).setAAD(bytes);
  cipher.final();
  return cipher.getAuthTag();
}

/** A block has so many entries at most. */
export const LARGEST_BLOCK = 32;

/** The blocks of a shelf, as the file's index has them. */
interface ShelfIndex {
  /** Of all entries, one to a line. */
  readonly keys: string;
  /** By block: the number of its entries. */
  readonly counts: Uint8Array;
  readonly ages: Uint8Array;
  /** For every block its number of parts, and for every part where it begins and how long it is. */
  readonly extents: Uint32Array;
}

interface FileIndex {
  readonly shelves: Readonly<Record<string, ShelfIndex>>;
  /** Of the pages of all the parts. */
  readonly sums: Uint8Array;
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
  readonly #index: FileIndex;
  /** How long all the parts are together. */
  readonly #length: number;
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
    this.size = fstatSync(this.#descriptor).size;
    if (this.size < TAIL_LENGTH) throw new CannotReuse();
    const tail = this.#read(Buffer.alloc(TAIL_LENGTH), this.size - TAIL_LENGTH);
    if (!tail.subarray(4 + SUM_LENGTH).equals(MAGIC)) throw new CannotReuse();
    const length = tail.readUInt32LE();
    this.#length = this.size - TAIL_LENGTH - length;
    if (this.#length < 0) throw new CannotReuse();
    const index = this.#read(Buffer.alloc(length), this.#length);
    if (!sumOf(index).equals(tail.subarray(4, 4 + SUM_LENGTH))) throw new CannotReuse();
    this.#index = deserialize(index) as FileIndex;
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
      shelf = this.#readShelf(this.#index.shelves[name]);
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
    const bytes = Buffer.allocUnsafe(Math.min((last + 1) * PAGE, this.#length) - first * PAGE);
    try {
      this.#read(bytes, first * PAGE);
      for (let page = first; page <= last; page++) {
        const own = bytes.subarray((page - first) * PAGE, (page - first + 1) * PAGE);
        const sum = this.#index.sums.subarray(page * SUM_LENGTH, (page + 1) * SUM_LENGTH);
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
  /** Make the bytes of its parts, which are there until another one is made. */
  readonly parts: readonly (() => Uint8Array)[];
}

/** `shelves`: by name, the blocks of each; they may be made while the file is being written. */
export function writeStoreFile(path: string, shelves: Iterable<readonly [name: string, readonly NewBlock[]]>): void {
  const file = openSync(path, 'w');
  try {
    const writer = new PageWriter(file);
    const indices: Record<string, ShelfIndex> = {};
    for (const [name, blocks] of shelves) indices[name] = writeShelf(blocks, writer);
    const index = serialize({ shelves: indices, sums: writer.finish() } satisfies FileIndex);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(index.length);
    writeAll(file, Buffer.concat([index, length, sumOf(index), MAGIC]));
  } finally {
    closeSync(file);
  }
}

function writeShelf(blocks: readonly NewBlock[], writer: PageWriter): ShelfIndex {
  // All the first parts, then all the second ones: who reads only those gets no pages with others.
  const extents = blocks.map(({ parts }) => [parts.length]);
  for (let n = 0; blocks.some(({ parts }) => n < parts.length); n++) {
    blocks.forEach(({ parts }, block) => {
      const part = parts[n]?.();
      if (part !== undefined) extents[block]!.push(writer.add(part), part.length);
    });
  }
  return {
    keys: blocks.flatMap(({ keys }) => keys).join('\n'),
    counts: Uint8Array.from(blocks, ({ keys }) => keys.length),
    ages: Uint8Array.from(blocks, ({ age }) => age),
    extents: Uint32Array.from(extents.flat()),
  };
}

/** Every byte is copied, summed up and written while its page is in the processor's cache. */
class PageWriter {
  readonly #file: number;
  readonly #page = Buffer.allocUnsafe(PAGE);
  readonly #sums: Buffer[] = [];
  /** Of the page that is being filled. */
  #filled = 0;

  constructor(file: number) {
    this.#file = file;
  }

  /** Returns where it begins in the file: at a multiple of ALIGNMENT. */
  add(bytes: Uint8Array): number {
    this.#copy(padding.subarray(0, -this.#filled & (ALIGNMENT - 1)));
    const start = this.#sums.length * PAGE + this.#filled;
    this.#copy(bytes);
    return start;
  }

  #copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + PAGE - this.#filled);
      this.#page.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === PAGE) this.#write();
    }
  }

  #write(): void {
    const page = this.#page.subarray(0, this.#filled);
    this.#sums.push(sumOf(page));
    writeAll(this.#file, page);
    this.#filled = 0;
  }

  /** The checksums of all pages, one after the other. */
  finish(): Uint8Array {
    if (this.#filled > 0) this.#write();
    return new Uint8Array(Buffer.concat(this.#sums));
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}
