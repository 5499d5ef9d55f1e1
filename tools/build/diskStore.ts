/*
 * The compiler's store on this machine's disk: a folder in .cache/build for each version of the compiler.
 *
 * A build that has found out something new writes it to a file of its own (storeFile.ts), which appears there whole, under
 * its final name, or not at all; no file is changed ever after. The store is what all the files have together. When there
 * are too many, a build puts them together to one, without what has not been of use for long, and removes those that it
 * has read; the largest one it leaves alone until the others are as large. So builds may run at once: at worst they find
 * out the same things twice.
 *
 * A damaged head counts as no file; damage that is met in the middle of a build ends the use of the store, and the file.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { CannotReuse, type CompileStore, type Shelf } from '../compiler/incremental/store.ts';
import type { LayoutFile, LinkedImage } from '../compiler/output/index.ts';
import { compilerVersion } from './compilerVersion.ts';
import { StoreFile, writeStoreFile, type NewEntry, type StoredEntry } from './storeFile.ts';

/** So many files are put together to one. */
const MANY_FILES = 8;
/** An entry goes when its file is put together with others by a build that does not use it, and that for so many times. */
const LARGEST_AGE = 2;
/** Versions of the compiler that are kept, the latest ones. */
const KEPT_VERSIONS = 3;

/** How the values of a shelf become bytes: in parts, if not all of a value is wanted every time. */
interface Codec {
  pack(value: never): readonly Uint8Array[];
  unpack(part: (n: number) => Buffer): unknown;
}

const whole: Codec = {
  pack: (value) => [serialize(value)],
  unpack: (part) => deserialize(part(0)) as unknown,
};

/** Functions, whose bodies many have no need for. */
const withBody: Codec = {
  pack: ({ code, ...rest }: { readonly code: { readonly body: unknown } }) => {
    const { body, ...header } = code;
    return [serialize({ ...rest, code: header }), serialize(body)];
  },
  unpack: (part) => {
    const { code, ...rest } = deserialize(part(0)) as { readonly code: object };
    return { ...rest, code: lazily(code, 'body', () => deserialize(part(1))) };
  },
};

/** What files declare, of which there is a short account. */
const withDetail: Codec = {
  pack: ({ detail, ...short }: { readonly detail: unknown }) => [serialize(short), serialize(detail)],
  unpack: (part) => lazily(deserialize(part(0)) as object, 'detail', () => deserialize(part(1))),
};

const asImage: Codec = {
  pack: ({ elf, layoutText, stripped }: LinkedImage) => [elf, stripped, Buffer.from(layoutText)],
  unpack: (part) => {
    const text = part(2); // read now, lest damage is found when the build is over
    const image = { elf: new Uint8Array(part(0)), stripped: new Uint8Array(part(1)) };
    lazily(image, 'layoutText', () => text.toString());
    return lazily(image, 'layout', () => JSON.parse(text.toString()) as LayoutFile);
  },
};

const codecs: Readonly<Record<Exclude<keyof CompileStore, 'endBuild' | 'nameOf'>, Codec>> = {
  digests: withDetail,
  worlds: whole,
  units: whole,
  checked: whole,
  facts: whole,
  functions: withBody,
  globals: whole,
  classes: whole,
  cleaned: withBody,
  expanded: whole,
  finished: whole,
  images: asImage,
};

/** The object with one more property, which is made when it is asked for. */
function lazily(object: object, name: string, make: () => unknown): object {
  let made: { readonly value: unknown } | null = null;
  return Object.defineProperty(object, name, { enumerable: true, get: () => (made ??= { value: make() }).value });
}

/** Node's own hash reads the sources in a fifth of the time that ours takes before V8 has optimised it. */
function nativeName(path: string, text: string): string {
  return createHash('sha1').update(`${path}\0${text}`).digest('hex');
}

export function openDiskStore(root: string): CompileStore {
  return new DiskStore(join(root, '.cache', 'build'), compilerVersion(root)).store;
}

class DiskStore {
  /** With a folder for each version. */
  readonly #top: string;
  readonly #folder: string;
  readonly #paths: readonly string[];
  readonly #files: readonly StoreFile[];
  readonly #shelves: ReadonlyMap<string, DiskShelf>;

  constructor(top: string, version: string) {
    this.#top = top;
    this.#folder = join(top, version);
    this.#paths = existsSync(this.#folder) ? readdirSync(this.#folder).map((name) => join(this.#folder, name)) : [];
    this.#files = this.#paths.flatMap((path) => StoreFile.open(path) ?? []);
    this.#shelves = new Map(
      Object.entries(codecs).map(([name, codec]) => [name, new DiskShelf(name, codec, this.#files)]),
    );
  }

  get store(): CompileStore {
    const shelf = (name: keyof typeof codecs): Shelf<never> => this.#shelves.get(name)! as Shelf<never>;
    const names = Object.keys(codecs) as (keyof typeof codecs)[];
    const all = Object.fromEntries(names.map((name) => [name, shelf(name)])) as unknown as Omit<
      CompileStore,
      'endBuild' | 'nameOf'
    >;
    return { ...all, nameOf: nativeName, endBuild: () => this.#write() };
  }

  #write(): void {
    if (![...this.#shelves.values()].some((shelf) => shelf.hasNew)) return;
    const old = this.#filesToJoin();
    const name = `${Date.now()}-${process.pid}`;
    const draft = join(this.#top, `${name}.draft`);
    mkdirSync(this.#folder, { recursive: true });
    writeStoreFile(draft, new Map([...this.#shelves].map(([key, shelf]) => [key, shelf.pack(old)])));
    renameSync(draft, join(this.#folder, name));
    const left = new Set(this.#files.filter((file) => !old.includes(file)).map(({ path }) => path));
    if (old.length > 0) for (const path of this.#paths) if (!left.has(path)) rmSync(path, { force: true });
    this.#forgetOldVersions();
  }

  /** What to put together with what is new: nothing as a rule, all but the largest if it is much, or all. */
  #filesToJoin(): readonly StoreFile[] {
    if (this.#paths.length < MANY_FILES) return [];
    const [largest, ...others] = [...this.#files].sort((a, b) => b.size - a.size);
    const isMuch = others.reduce((sum, { size }) => sum + size, 0) > (largest?.size ?? 0);
    return isMuch ? this.#files : others;
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

/** All parts of an entry; null if they cannot be read any more. */
function undamaged({ part, partCount }: StoredEntry): Uint8Array[] | null {
  try {
    return Array.from({ length: partCount }, (_, n) => part(n));
  } catch (error) {
    if (error instanceof CannotReuse) return null;
    throw error;
  }
}

class DiskShelf implements Shelf<unknown> {
  readonly #name: string;
  readonly #codec: Codec;
  readonly #files: readonly StoreFile[];
  readonly #new = new Map<string, unknown>();
  readonly #found = new Map<string, unknown>();

  constructor(name: string, codec: Codec, files: readonly StoreFile[]) {
    this.#name = name;
    this.#codec = codec;
    this.#files = files;
  }

  get hasNew(): boolean {
    return this.#new.size > 0;
  }

  find(key: string): unknown {
    const known = this.#new.get(key) ?? this.#found.get(key);
    if (known !== undefined) return known;
    const entry = this.#entry(key);
    if (entry === undefined) return undefined;
    const value = this.#codec.unpack(entry.part);
    this.#found.set(key, value);
    return value;
  }

  #entry(key: string): StoredEntry | undefined {
    for (const file of this.#files) {
      const entry = file.find(this.#name, key);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  put(key: string, value: unknown): void {
    this.#new.set(key, value);
  }

  /** The entries to be written: the new ones, and those of the files that are not too old. */
  pack(files: readonly StoreFile[]): Map<string, NewEntry> {
    const packed = new Map<string, NewEntry>();
    for (const file of files) {
      for (const [key, entry] of file.entries(this.#name)) {
        const age = this.#found.has(key) ? 0 : entry.age + 1;
        if (age >= LARGEST_AGE || this.#new.has(key)) continue;
        const parts = undamaged(entry);
        if (parts !== null) packed.set(key, { age, parts });
      }
    }
    for (const [key, value] of this.#new) packed.set(key, { age: 0, parts: this.#codec.pack(value as never) });
    return packed;
  }
}
