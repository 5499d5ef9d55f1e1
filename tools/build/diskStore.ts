/*
 * The compiler's store on this machine's disk: one file in .cache/build per version of the compiler.
 *
 * The file begins with a directory, the shelves with their keys and the small values on them, and goes on with the large
 * parts (bodies of functions, images), which are read when somebody asks for them. A build that has added something
 * writes the file anew, under another name, and puts it in the place of the old one; so it is whole at any time, whoever
 * else is building. If two builds end at once, the additions of one are lost, which costs time and nothing else.
 *
 * The directory and every part have a checksum. A damaged directory counts as none; a damaged part, met in the middle of a
 * build, ends the use of the store, and the file.
 *
 * What a number of builds in a row have had no use for is left out when the file is written.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { CannotReuse, type CompileStore, type Shelf } from '../compiler/incremental/store.ts';

/** An entry stays for so many builds after it was used last. */
const KEPT_BUILDS = 8;
/** Files of other versions of the compiler that are kept, the latest ones. */
const KEPT_FILES = 3;

const MAGIC = 'pagewright store 1\n';

/** Where a part of the file is, counted from the end of the directory, and its checksum. */
type Extent = readonly [start: number, length: number, sum: string];

interface Entry {
  /** The small part; large values have none. */
  readonly value: unknown;
  readonly extent: Extent | null;
  /** Builds since its last use. */
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
  const folder = join(root, '.cache', 'build');
  return new DiskStore(folder, `${compilerVersion(root)}.store`).store;
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

class DiskStore {
  readonly #folder: string;
  readonly #path: string;
  readonly #shelves: ReadonlyMap<string, DiskShelf>;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#path = join(folder, name);
    const { directory, parts } = this.#read();
    const fetch = (extent: Extent): unknown => this.#fetch(parts, extent);
    const copy = ([start, length]: Extent): Buffer => parts.subarray(start, start + length);
    this.#shelves = new Map(
      Object.entries(shelves).map(([shelf, large]) => {
        return [shelf, new DiskShelf(directory[shelf] ?? new Map(), { fetch, copy }, large)];
      }),
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

  #read(): { directory: Directory; parts: Buffer } {
    try {
      const file = readFileSync(this.#path);
      if (file.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('another format');
      const start = MAGIC.length + 4 + SUM_LENGTH;
      const length = file.readUInt32LE(MAGIC.length);
      const head = file.subarray(start, start + length);
      if (file.toString('latin1', MAGIC.length + 4, start) !== sumOf(head)) throw new Error('damaged');
      return { directory: deserialize(head) as Directory, parts: file.subarray(start + length) };
    } catch {
      return { directory: {}, parts: Buffer.alloc(0) };
    }
  }

  #fetch(parts: Buffer, [start, length, sum]: Extent): unknown {
    const bytes = parts.subarray(start, start + length);
    if (sumOf(bytes) === sum) return deserialize(bytes);
    rmSync(this.#path, { force: true });
    throw new CannotReuse();
  }

  #write(): void {
    if (![...this.#shelves.values()].some((shelf) => shelf.hasNew)) return;
    const parts: Uint8Array[] = [];
    let end = 0;
    const addPart = (part: Uint8Array): Extent => {
      parts.push(part);
      end += part.length;
      return [end - part.length, part.length, sumOf(part)];
    };
    const directory: Directory = {};
    for (const [name, shelf] of this.#shelves) directory[name] = shelf.pack(addPart);
    const head = serialize(directory);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(head.length, 0);
    mkdirSync(this.#folder, { recursive: true });
    const draft = `${this.#path}.${process.pid}`;
    writeFileSync(
      draft,
      Buffer.concat([Buffer.from(MAGIC, 'latin1'), size, Buffer.from(sumOf(head), 'latin1'), head, ...parts]),
    );
    renameSync(draft, this.#path);
    this.#forgetOldFiles();
  }

  #forgetOldFiles(): void {
    const files = readdirSync(this.#folder).map((name) => {
      const path = join(this.#folder, name);
      return { path, written: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
    });
    files.sort((a, b) => b.written - a.written);
    for (const { path } of files.slice(KEPT_FILES))
      if (existsSync(path)) rmSync(path, { recursive: true, force: true });
  }
}

/** Values that have a function's body in them, which may be fetched later. */
interface WithBody {
  readonly code: { readonly body: unknown };
}

/** Access to the parts of the file. */
interface Parts {
  readonly fetch: (extent: Extent) => unknown;
  readonly copy: (extent: Extent) => Uint8Array;
}

class DiskShelf implements Shelf<unknown> {
  readonly #old: ReadonlyMap<string, Entry>;
  readonly #parts: Parts;
  readonly #large: Large;
  readonly #new = new Map<string, unknown>();
  readonly #found = new Map<string, unknown>();

  constructor(old: ReadonlyMap<string, Entry>, parts: Parts, large: Large) {
    this.#old = old;
    this.#parts = parts;
    this.#large = large;
  }

  get hasNew(): boolean {
    return this.#new.size > 0;
  }

  find(key: string): unknown {
    const known = this.#new.get(key) ?? this.#found.get(key);
    if (known !== undefined) return known;
    const entry = this.#old.get(key);
    if (entry === undefined) return undefined;
    const value = this.#unpack(entry);
    this.#found.set(key, value);
    return value;
  }

  put(key: string, value: unknown): void {
    this.#new.set(key, value);
  }

  #unpack({ extent, value }: Entry): unknown {
    if (extent === null) return value;
    const fetch = (): unknown => this.#parts.fetch(extent);
    if (this.#large === 'all') return fetch();
    let body: unknown;
    const { code } = value as WithBody;
    const lazy = {
      ...code,
      get body() {
        body ??= fetch();
        return body;
      },
    };
    return { ...(value as WithBody), code: lazy };
  }

  /** The entries as they are to be written: new ones, and old ones that are not too old. */
  pack(addPart: (part: Uint8Array) => Extent): Map<string, Entry> {
    const packed = new Map<string, Entry>();
    for (const [key, { age, extent, value }] of this.#old) {
      const now = this.#found.has(key) ? 0 : age + 1;
      if (now > KEPT_BUILDS || this.#new.has(key)) continue;
      packed.set(key, { value, extent: extent === null ? null : addPart(this.#parts.copy(extent)), age: now });
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
