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
import { basename, join } from 'node:path';
import { CannotReuse, type CompileStore, type DraftContents, type Shelf } from '../compiler/incremental/store.ts';
import { compilerVersion } from './compilerVersion.ts';
import { Packer } from './forms.ts';
import { nativeName } from './nativeName.ts';
import { codecs, type Codec } from './storeCodecs.ts';
import { LARGEST_BLOCK, StoreFile, writeStoreFile, type NewBlock, type StoredBlock } from './storeFile.ts';

/** So many files are put together to one. */
const MANY_FILES = 8;
/** A block goes when its file is put together with others by a build that uses none of it, and that for so many times. */
const LARGEST_AGE = 2;
/** Versions of the compiler that are kept, the latest ones. */
const KEPT_VERSIONS = 3;

export function openDiskStore(root: string): CompileStore {
  return new DiskStore(join(root, '.cache', 'build'), compilerVersion(root)).store;
}

/** A file of the store under another name. */
interface Draft {
  readonly path: string;
  /** The files that have been put together in it. */
  readonly old: readonly StoreFile[];
  /** How many new values are in it. */
  readonly count: number;
}

class DiskStore {
  /** With a folder for each version. */
  readonly #top: string;
  readonly #folder: string;
  /** The latest first: of two values with one key, which only proposals can have, that one counts. */
  readonly #paths: readonly string[];
  readonly #files: readonly StoreFile[];
  readonly #shelves: ReadonlyMap<string, DiskShelf>;
  /** The file that the build may end with. */
  #draft: Draft | null = null;

  constructor(top: string, version: string) {
    this.#top = top;
    this.#folder = join(top, version);
    const names = existsSync(this.#folder) ? readdirSync(this.#folder).sort().reverse() : [];
    this.#paths = names.map((name) => join(this.#folder, name));
    this.#files = this.#paths.flatMap((path) => StoreFile.open(path) ?? []);
    this.#shelves = new Map(
      // What a codec is given has been put on its shelf, and so has its type.
      Object.entries(codecs).map(([name, codec]) => [name, new DiskShelf(name, codec as Codec<unknown>, this.#files)]),
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
      expanded: shelf('expanded'),
      finished: shelf('finished'),
      images: shelf('images'),
      plans: shelf('plans'),
      nameOf: nativeName,
      prepareEnd: (drafts) => this.#prepare(drafts),
      endBuild: () => this.#write(),
    };
  }

  /** Values that are on the shelves and not in files. */
  get #newCount(): number {
    return [...this.#shelves.values()].reduce((sum, { newCount }) => sum + newCount, 0);
  }

  /** Writes the file as if the drafts were on their shelves. */
  #prepare(drafts: DraftContents): void {
    const count = [...drafts.values()].reduce((sum, { size }) => sum + size, this.#newCount);
    if (count > 0) this.#draft = { ...this.#writeDraft(drafts), count };
  }

  #write(): void {
    const count = this.#newCount;
    let draft = this.#draft;
    if (draft !== null && draft.count !== count) {
      rmSync(draft.path, { force: true }); // it has something in it that must not stay
      draft = null;
    }
    if (count === 0) return;
    const { old, path } = draft ?? this.#writeDraft(new Map());
    renameSync(path, join(this.#folder, basename(path, '.draft')));
    const left = new Set(this.#files.filter((file) => !old.includes(file)).map((file) => file.path));
    if (old.length > 0) for (const known of this.#paths) if (!left.has(known)) rmSync(known, { force: true });
    this.#forgetOldVersions();
  }

  #writeDraft(drafts: DraftContents): Pick<Draft, 'old' | 'path'> {
    const old = this.#filesToJoin();
    const path = join(this.#top, `${Date.now()}-${process.pid}.draft`);
    mkdirSync(this.#folder, { recursive: true });
    writeStoreFile(path, this.#pack(old, drafts));
    return { old, path };
  }

  *#pack(old: readonly StoreFile[], drafts: DraftContents): Generator<readonly [name: string, readonly NewBlock[]]> {
    const packer = new Packer(); // one for all: new memory takes long
    for (const [name, shelf] of this.#shelves) yield [name, shelf.pack(old, packer, drafts.get(name) ?? new Map())];
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
function undamaged({ part, partCount }: StoredBlock): NewBlock['parts'] | null {
  try {
    return Array.from({ length: partCount }, (_, n) => part(n)).map((bytes) => () => bytes);
  } catch (error) {
    if (error instanceof CannotReuse) return null;
    throw error;
  }
}

class DiskShelf implements Shelf<unknown> {
  readonly #name: string;
  readonly #codec: Codec<unknown>;
  readonly #files: readonly StoreFile[];
  readonly #new = new Map<string, unknown>();
  readonly #kept: (readonly string[])[] = [];
  /** Blocks that have been of use: what finds their values, and what it has found. */
  readonly #used = new Map<StoredBlock, { readonly valueOf: (n: number) => unknown; readonly values: unknown[] }>();

  constructor(name: string, codec: Codec<unknown>, files: readonly StoreFile[]) {
    this.#name = name;
    this.#codec = codec;
    this.#files = files;
  }

  get newCount(): number {
    return this.#new.size;
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
    let used = this.#used.get(block);
    if (used === undefined) {
      used = { valueOf: this.#codec.unpack(block.part), values: [] };
      this.#used.set(block, used);
    }
    return (used.values[n] ??= used.valueOf(n));
  };

  put(key: string, value: unknown): void {
    this.#new.set(key, value);
  }

  keep(keys: readonly string[]): void {
    this.#kept.push(keys);
  }

  /** The blocks to be written: what is new, also in drafts, and those of the files that are not too old. */
  pack(files: readonly StoreFile[], packer: Packer, drafts: ReadonlyMap<string, unknown>): NewBlock[] {
    const packed: NewBlock[] = [];
    const fresh = [...this.#new, ...drafts];
    const length = this.#codec.blockLength ?? LARGEST_BLOCK;
    for (let at = 0; at < fresh.length; at += length) {
      const block = fresh.slice(at, at + length);
      const parts = this.#codec.pack(
        block.map(([, value]) => value),
        packer,
      );
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
