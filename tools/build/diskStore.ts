/*
 * The compiler's store on this machine's disk: a folder in .cache/build for each version of the compiler.
 *
 * A build that has found out something new writes it to a file of its own (storeFile.ts), which appears there whole, under
 * its final name, or not at all; no file is changed ever after. The store is what all the files have together. When there
 * are too many, a build puts them together to one, without what has not been of use for long, and removes those that it
 * has read; the largest one it leaves alone until the others are as large. So builds may run at once: at worst they find
 * out the same things twice.
 *
 * A damaged index counts as no file; damage that is met in the middle of a build ends the use of the store, and the file.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { StoredCode } from '../compiler/incremental/lines.ts';
import { CannotReuse, type CompileStore, type Shelf } from '../compiler/incremental/store.ts';
import type { EncodedBody } from '../compiler/ir/codec.ts';
import type { BuiltImage, LayoutFile } from '../compiler/output/index.ts';
import { compilerVersion } from './compilerVersion.ts';
import { nativeName } from './nativeName.ts';
import { LARGEST_BLOCK, StoreFile, writeStoreFile, type NewBlock, type StoredBlock } from './storeFile.ts';

/** So many files are put together to one. */
const MANY_FILES = 8;
/** A block goes when its file is put together with others by a build that uses none of it, and that for so many times. */
const LARGEST_AGE = 2;
/** Versions of the compiler that are kept, the latest ones. */
const KEPT_VERSIONS = 3;

/** How the values of a block become bytes: in parts, if not all of a value is wanted every time. */
interface Codec {
  /** So many values make a block. Default: LARGEST_BLOCK. */
  readonly blockLength?: number;
  pack(values: readonly never[]): readonly Uint8Array[];
  unpack(part: (n: number) => Buffer): readonly unknown[];
}

const whole: Codec = {
  pack: (values) => [serialize(values)],
  unpack: (part) => deserialize(part(0)) as unknown[],
};

/** Functions, whose bodies many have no need for. */
const withBody: Codec = {
  pack: (values: readonly { readonly code: { readonly body: EncodedBody } }[]) => {
    const headers = values.map(({ code: { body: _, ...code }, ...rest }) => ({ ...rest, code }));
    const bodies = values.map(({ code: { body } }) => body);
    const short = bodies.map((body) => ({ ...body, code: body.code.length, locations: body.locations.length }));
    const numbers = together(bodies.flatMap(({ code, locations }) => [code, locations]));
    return [serialize(headers), serialize({ short, numbers })];
  },
  unpack: (part) => {
    const bodies = later(() => {
      const { numbers, short } = deserialize(part(1)) as { short: PackedBody[]; numbers: Int32Array };
      const next = slices(numbers);
      return short.map((body) => ({ ...body, code: next(body.code), locations: next(body.locations) }));
    });
    return (deserialize(part(0)) as { readonly code: object }[]).map(({ code, ...rest }, n) => {
      const whole = {
        ...code,
        get body() {
          return bodies()[n];
        },
      };
      return { ...rest, code: whole };
    });
  },
};

/** A value with the lengths of lists of numbers instead of the lists. */
type Packed<T, Lists extends keyof T> = Omit<T, Lists> & Readonly<Record<Lists, number>>;
type PackedBody = Packed<EncodedBody, 'code' | 'locations'>;
type PackedCode = Packed<StoredCode, 'places' | 'fixups'>;

const asCode: Codec = {
  pack: (values: readonly StoredCode[]) => {
    const short = values.map((code) => ({ ...code, places: code.places.length, fixups: code.fixups.length }));
    return [serialize({ short, numbers: together(values.flatMap(({ fixups, places }) => [places, fixups])) })];
  },
  unpack: (part) => {
    const { numbers, short } = deserialize(part(0)) as { short: PackedCode[]; numbers: Int32Array };
    const next = slices(numbers);
    return short.map((code) => ({ ...code, places: next(code.places), fixups: next(code.fixups) }));
  },
};

/** One list instead of many: for every one that it serializes, Node calls into JavaScript. */
function together(lists: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

/** Gives the lists that were put together, by their lengths, one after the other. */
function slices(all: Int32Array): (length: number) => Int32Array {
  let at = 0;
  return (length) => all.subarray(at, (at += length));
}

/** What files declare, of which there is a short account. Details are wanted of some files here and some there. */
const withDetail: Codec = {
  pack: (values: readonly { readonly detail: unknown }[]) => {
    const short = values.map(({ detail: _, ...rest }) => rest);
    return [serialize(short), ...values.map(({ detail }) => serialize(detail))];
  },
  unpack: (part) => {
    return (deserialize(part(0)) as object[]).map((short, n) => {
      const detail = later(() => deserialize(part(n + 1)) as unknown);
      return {
        ...short,
        get detail() {
          return detail();
        },
      };
    });
  },
};

const asImage: Codec = {
  blockLength: 1,
  pack: ([image]: readonly BuiltImage[]) => {
    const { elf, layoutText, stripped } = image!;
    return [elf, stripped, Buffer.from(layoutText ?? '')];
  },
  unpack: (part) => {
    const text = part(2); // read now, lest damage is found when the build is over
    const parse = later(() => JSON.parse(text.toString()) as LayoutFile);
    const image = {
      elf: new Uint8Array(part(0)),
      stripped: new Uint8Array(part(1)),
      get layoutText() {
        return text.length === 0 ? null : text.toString();
      },
      get layout() {
        return text.length === 0 ? null : parse();
      },
    };
    return [image];
  },
};

const codecs: Readonly<Record<Exclude<keyof CompileStore, 'endBuild' | 'nameOf'>, Codec>> = {
  digests: withDetail,
  worlds: whole,
  lastWorlds: whole,
  units: whole,
  checked: whole,
  facts: whole,
  functions: withBody,
  globals: whole,
  classes: whole,
  cleaned: whole,
  expanded: whole,
  finished: asCode,
  images: asImage,
  plans: { ...whole, blockLength: 1 },
};

/** Makes the thing when it is asked for the first time. */
function later<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

export function openDiskStore(root: string): CompileStore {
  return new DiskStore(join(root, '.cache', 'build'), compilerVersion(root)).store;
}

class DiskStore {
  /** With a folder for each version. */
  readonly #top: string;
  readonly #folder: string;
  /** The latest first: of two values with one key, which only proposals can have, that one counts. */
  readonly #paths: readonly string[];
  readonly #files: readonly StoreFile[];
  readonly #shelves: ReadonlyMap<string, DiskShelf>;

  constructor(top: string, version: string) {
    this.#top = top;
    this.#folder = join(top, version);
    const names = existsSync(this.#folder) ? readdirSync(this.#folder).sort().reverse() : [];
    this.#paths = names.map((name) => join(this.#folder, name));
    this.#files = this.#paths.flatMap((path) => StoreFile.open(path) ?? []);
    this.#shelves = new Map(
      Object.entries(codecs).map(([name, codec]) => [name, new DiskShelf(name, codec, this.#files)]),
    );
  }

  get store(): CompileStore {
    // What a shelf finds was put there under the same name, and so has its type.
    const shelf = (name: keyof typeof codecs): Shelf<never> => this.#shelves.get(name)! as Shelf<never>;
    return {
      digests: shelf('digests'),
      worlds: shelf('worlds'),
      lastWorlds: shelf('lastWorlds'),
      units: shelf('units'),
      checked: shelf('checked'),
      facts: shelf('facts'),
      functions: shelf('functions'),
      globals: shelf('globals'),
      classes: shelf('classes'),
      cleaned: shelf('cleaned'),
      expanded: shelf('expanded'),
      finished: shelf('finished'),
      images: shelf('images'),
      plans: shelf('plans'),
      nameOf: nativeName,
      endBuild: () => this.#write(),
    };
  }

  #write(): void {
    if (![...this.#shelves.values()].some((shelf) => shelf.hasNew)) return;
    const old = this.#filesToJoin();
    const name = `${Date.now()}-${process.pid}`;
    const draft = join(this.#top, `${name}.draft`);
    mkdirSync(this.#folder, { recursive: true });
    writeStoreFile(draft, this.#pack(old));
    renameSync(draft, join(this.#folder, name));
    const left = new Set(this.#files.filter((file) => !old.includes(file)).map(({ path }) => path));
    if (old.length > 0) for (const path of this.#paths) if (!left.has(path)) rmSync(path, { force: true });
    this.#forgetOldVersions();
  }

  *#pack(old: readonly StoreFile[]): Generator<readonly [name: string, readonly NewBlock[]]> {
    for (const [name, shelf] of this.#shelves) yield [name, shelf.pack(old)];
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

/** All parts of a block; null if they cannot be read any more. */
function undamaged({ part, partCount }: StoredBlock): Uint8Array[] | null {
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
  readonly #kept: (readonly string[])[] = [];
  /** What was found of each block that has been of use. */
  readonly #used = new Map<StoredBlock, readonly unknown[]>();

  constructor(name: string, codec: Codec, files: readonly StoreFile[]) {
    this.#name = name;
    this.#codec = codec;
    this.#files = files;
  }

  get hasNew(): boolean {
    return this.#new.size > 0;
  }

  find(key: string): unknown {
    const known = this.#new.get(key);
    if (known !== undefined) return known;
    for (const file of this.#files) {
      const found = file.find(this.#name, key, this.#read);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  readonly #read = (block: StoredBlock, n: number): unknown => {
    let values = this.#used.get(block);
    if (values === undefined) {
      values = this.#codec.unpack(block.part);
      this.#used.set(block, values);
    }
    return values[n];
  };

  put(key: string, value: unknown): void {
    this.#new.set(key, value);
  }

  keep(keys: readonly string[]): void {
    this.#kept.push(keys);
  }

  /** The blocks to be written: what is new, and those of the files that are not too old. */
  pack(files: readonly StoreFile[]): NewBlock[] {
    const packed: NewBlock[] = [];
    const fresh = [...this.#new];
    const length = this.#codec.blockLength ?? LARGEST_BLOCK;
    for (let at = 0; at < fresh.length; at += length) {
      const block = fresh.slice(at, at + length);
      const parts = this.#codec.pack(block.map(([, value]) => value as never));
      packed.push({ keys: block.map(([key]) => key), age: 0, parts });
    }
    const kept = new Set(files.length === 0 ? [] : this.#kept.flat());
    for (const block of files.flatMap((file) => file.blocks(this.#name))) {
      const isOfUse = this.#used.has(block) || block.keys.some((key) => kept.has(key));
      const age = isOfUse ? 0 : block.age + 1;
      const parts = age >= LARGEST_AGE ? null : undamaged(block);
      if (parts !== null) packed.push({ keys: block.keys, age, parts });
    }
    return packed;
  }
}
