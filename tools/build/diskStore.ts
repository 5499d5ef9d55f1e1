/*
 * The compiler's store on this machine's disk: a folder in .cache/build for each version of the compiler.
 *
 * A build that has found out something new writes it to a file of its own, which appears there whole, under its final
 * name, or not at all; no file is changed ever after. The store is what all the files have together. When there are too many,
 * a build writes all of it to one new file instead, without what has not been of use for long, and removes those that it
 * has read. So builds may run at once: at worst they find out the same things twice.
 *
 * A file begins with a directory, the shelves with their keys and the small values on them, and goes on with the large
 * parts (bodies of functions, images), which are read when somebody asks for them. The directory and every part have a
 * checksum. A damaged directory counts as none; a damaged part, met in the middle of a build, ends the use of the store,
 * and the file.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { CannotReuse, type CompileStore, type Shelf } from '../compiler/incremental/store.ts';

/** So many files are put together to one. */
const MANY_FILES = 8;
/** An entry goes when the files are put together by a build that does not use it, and that for so many times in a row. */
const LARGEST_AGE = 2;
/** Versions of the compiler that are kept, the latest ones. */
const KEPT_VERSIONS = 3;

const MAGIC = 'pagewright store 1\n';

/** Where a part of a file is, counted from the end of the directory, and its checksum. */
type Extent = readonly [start: number, length: number, sum: string];

interface Entry {
  /** The small part; large values have none. */
  readonly value: unknown;
  readonly extent: Extent | null;
  /** How often the files were put together since its last use. */
  readonly age: number;
}

type Directory = Record<string, Map<string, Entry>>;

/** What a shelf keeps apart: nothing, a function's body, or all of it. */
type Large = 'nothing' | 'body' | 'all';

const shelves: Readonly<Record<Exclude<keyof CompileStore, 'endBuild'>, Large>> = {
  digests: 'nothing',
  checked: 'nothing',
  facts: 'nothing',
  functions: 'body',
  globals: 'nothing',
  classes: 'nothing',
  cleaned: 'body',
  expanded: 'nothing',
  finished: 'nothing',
  images: 'all',
};

export function openDiskStore(root: string): CompileStore {
  return new DiskStore(join(root, '.cache', 'build'), compilerVersion(root)).store;
}

/** A name for the compiler as it is: its sources, its parser, and what runs it. */
function compilerVersion(root: string): string {
  const hash = createHash('sha256').update(process.versions.v8);
  for (const path of sourceFiles(join(root, 'tools', 'compiler'))) hash.update(`${path}\0`).update(readFileSync(path));
  hash.update(readFileSync(join(root, 'package-lock.json')));
  return hash.digest('hex').slice(0, 32);
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sourceFiles(path);
      return entry.name.endsWith('.ts') ? [path] : [];
    });
}

const SUM_LENGTH = 22;

/** 128 bits as text; against accidents, not malice. */
function sumOf(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64url');
}

/** A file of the store, read. */
interface StoreFile {
  readonly path: string;
  readonly directory: Directory;
  readonly parts: Buffer;
}

function readStoreFile(path: string): StoreFile | null {
  try {
    const file = readFileSync(path);
    if (file.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
    const start = MAGIC.length + 4 + SUM_LENGTH;
    const head = file.subarray(start, start + file.readUInt32LE(MAGIC.length));
    if (file.toString('latin1', MAGIC.length + 4, start) !== sumOf(head)) return null;
    return { path, directory: deserialize(head) as Directory, parts: file.subarray(start + head.length) };
  } catch {
    return null;
  }
}

class DiskStore {
  /** With a folder for each version. */
  readonly #top: string;
  readonly #folder: string;
  readonly #paths: readonly string[];
  readonly #shelves: ReadonlyMap<string, DiskShelf>;

  constructor(top: string, version: string) {
    this.#top = top;
    this.#folder = join(top, version);
    this.#paths = existsSync(this.#folder) ? readdirSync(this.#folder).map((name) => join(this.#folder, name)) : [];
    const files = this.#paths.flatMap((path) => readStoreFile(path) ?? []);
    this.#shelves = new Map(
      Object.entries(shelves).map(([shelf, large]) => [shelf, new DiskShelf(shelf, large, files)]),
    );
  }

  get store(): CompileStore {
    const shelf = (name: keyof typeof shelves): Shelf<never> => this.#shelves.get(name)! as Shelf<never>;
    const names = Object.keys(shelves) as (keyof typeof shelves)[];
    const all = Object.fromEntries(names.map((name) => [name, shelf(name)])) as unknown as Omit<
      CompileStore,
      'endBuild'
    >;
    return { ...all, endBuild: () => this.#write() };
  }

  #write(): void {
    if (![...this.#shelves.values()].some((shelf) => shelf.hasNew)) return;
    const isWhole = this.#paths.length >= MANY_FILES;
    const parts: Uint8Array[] = [];
    let end = 0;
    const addPart = (part: Uint8Array): Extent => {
      parts.push(part);
      end += part.length;
      return [end - part.length, part.length, sumOf(part)];
    };
    const directory: Directory = {};
    for (const [name, shelf] of this.#shelves) directory[name] = shelf.pack(isWhole, addPart);
    const head = serialize(directory);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(head.length, 0);
    mkdirSync(this.#folder, { recursive: true });
    const name = `${Date.now()}-${process.pid}`;
    const draft = join(this.#top, `${name}.draft`);
    writeFileSync(
      draft,
      Buffer.concat([Buffer.from(MAGIC, 'latin1'), size, Buffer.from(sumOf(head), 'latin1'), head, ...parts]),
    );
    renameSync(draft, join(this.#folder, name));
    if (isWhole) for (const path of this.#paths) rmSync(path, { force: true });
    this.#forgetOldVersions();
  }

  #forgetOldVersions(): void {
    const versions = readdirSync(this.#top).map((name) => {
      const path = join(this.#top, name);
      return { path, written: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
    });
    versions.sort((a, b) => b.written - a.written);
    for (const { path } of versions.slice(KEPT_VERSIONS)) rmSync(path, { recursive: true, force: true });
  }
}

/** Values that have a function's body in them, which may be fetched later. */
interface WithBody {
  readonly code: { readonly body: unknown };
}

class DiskShelf implements Shelf<unknown> {
  readonly #large: Large;
  /** By key: what the files have. */
  readonly #old = new Map<string, { readonly entry: Entry; readonly file: StoreFile }>();
  readonly #new = new Map<string, unknown>();
  readonly #found = new Map<string, unknown>();

  constructor(name: string, large: Large, files: readonly StoreFile[]) {
    this.#large = large;
    for (const file of files) {
      for (const [key, entry] of file.directory[name] ?? []) this.#old.set(key, { entry, file });
    }
  }

  get hasNew(): boolean {
    return this.#new.size > 0;
  }

  find(key: string): unknown {
    const known = this.#new.get(key) ?? this.#found.get(key);
    if (known !== undefined) return known;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    const value = this.#unpack(old.entry, old.file);
    this.#found.set(key, value);
    return value;
  }

  put(key: string, value: unknown): void {
    this.#new.set(key, value);
  }

  #unpack({ extent, value }: Entry, file: StoreFile): unknown {
    if (extent === null) return value;
    if (this.#large === 'all') return fetchPart(file, extent);
    let body: unknown;
    const { code } = value as WithBody;
    const lazy = {
      ...code,
      get body() {
        body ??= fetchPart(file, extent);
        return body;
      },
    };
    return { ...(value as WithBody), code: lazy };
  }

  /** The entries to be written: the new ones; if `isWhole`, also old ones that are not too old. */
  pack(isWhole: boolean, addPart: (part: Uint8Array) => Extent): Map<string, Entry> {
    const packed = new Map<string, Entry>();
    for (const [key, { entry, file }] of isWhole ? this.#old : []) {
      const age = this.#found.has(key) ? 0 : entry.age + 1;
      if (age >= LARGEST_AGE || this.#new.has(key)) continue;
      const { extent, value } = entry;
      packed.set(key, { value, extent: extent === null ? null : addPart(bytesOf(file, extent)), age });
    }
    for (const [key, value] of this.#new) packed.set(key, this.#packNew(value, addPart));
    return packed;
  }

  #packNew(value: unknown, addPart: (part: Uint8Array) => Extent): Entry {
    if (this.#large === 'nothing') return { value, extent: null, age: 0 };
    if (this.#large === 'all') return { value: null, extent: addPart(serialize(value)), age: 0 };
    const { code, ...rest } = value as WithBody;
    const { body, ...header } = code;
    return { value: { ...rest, code: header }, extent: addPart(serialize(body)), age: 0 };
  }
}

function bytesOf({ parts }: StoreFile, [start, length]: Extent): Buffer {
  return parts.subarray(start, start + length);
}

function fetchPart(file: StoreFile, extent: Extent): unknown {
  const bytes = bytesOf(file, extent);
  if (sumOf(bytes) === extent[2]) return deserialize(bytes);
  rmSync(file.path, { force: true });
  throw new CannotReuse();
}
