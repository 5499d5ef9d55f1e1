/*
 * Where results of the compiler wait to be used again. Every shelf maps keys to plain data; a key names all that the
 * result depends on, so what is found is right, and what is missing is made anew.
 */

import { hashTexts } from '../hash.ts';
import type { ClassRecord, FileFacts, FunctionRecord, GlobalRecord } from '../frontend/records.ts';
import type { BuiltImage } from '../output/index.ts';
import type { FileDigest } from './digest.ts';
import type { FileUnits } from './keys.ts';
import type { StoredCode } from './lines.ts';
import type { World } from './meanings.ts';
import type { ImagePlan } from './plan.ts';
import type { ExpandedOutline } from './stages.ts';

export interface Shelf<T> {
  find(key: string): T | undefined;
  put(key: string, value: T): void;
  /** These are still of use, although this build does not look for them. */
  keep(keys: readonly string[]): void;
}

/** A function, and the line that its unit began at. */
export type StoredFunction = FunctionRecord & { readonly line: number };

/** Where a world is, and what it was found from. Everything was there that was imported. */
interface LastWorld {
  readonly key: string;
  readonly files: readonly {
    readonly path: string;
    /** The digest's key. */
    readonly digest: string;
    readonly outside: string;
  }[];
}

export interface CompileStore {
  /** What the text of a file declares and mentions. */
  readonly digests: Shelf<FileDigest>;
  /** What the declarations of all files mean. */
  readonly worlds: Shelf<World>;
  /** The latest world: a proposal only. */
  readonly lastWorlds: Shelf<LastWorld>;
  readonly units: Shelf<FileUnits>;
  /** Files that nothing is wrong with. */
  readonly checked: Shelf<true>;
  readonly facts: Shelf<FileFacts>;
  readonly functions: Shelf<StoredFunction>;
  readonly globals: Shelf<GlobalRecord>;
  readonly classes: Shelf<ClassRecord>;
  readonly expanded: Shelf<ExpandedOutline>;
  readonly finished: Shelf<StoredCode>;
  readonly images: Shelf<BuiltImage>;
  /** How images were put together, by what they are and not by what they are made of: proposals only. */
  readonly plans: Shelf<ImagePlan>;
  /** A name for a text and where it stands. Every build needs those of all files and images. */
  nameOf(path: string, text: string): string;
  /**
   * Nothing is missing but a word on the sources. Makes `endBuild` short if it is a good one, and the drafts are put on their
   * shelves.
   */
  prepareEnd(drafts: DraftContents): void;
  /** A build is over. If it has come to its end, with what the store had, then what it has not used may go. */
  endBuild(isComplete: boolean): void;
}

/** The store cannot help, or what it has is damaged; everything has to be built. */
export class CannotReuse extends Error {}

/** The value on the shelf, or a new one, which is put there. */
export function findOrMake<T>(shelf: Shelf<T>, key: string, make: () => T): T {
  const known = shelf.find(key);
  if (known !== undefined) return known;
  const made = make();
  shelf.put(key, made);
  return made;
}

/** By the shelf's name, what is to go there. */
export type DraftContents = ReadonlyMap<string, ReadonlyMap<string, unknown>>;

/** A shelf, and what is to go there once it is clear that it may. */
export class Draft<T> {
  readonly #shelf: Shelf<T>;
  readonly #new = new Map<string, T>();

  constructor(shelf: Shelf<T>) {
    this.#shelf = shelf;
  }

  get contents(): ReadonlyMap<string, T> {
    return this.#new;
  }

  find(key: string): T | undefined {
    return this.#new.get(key) ?? this.#shelf.find(key);
  }

  put(key: string, value: T): void {
    this.#new.set(key, value);
  }

  discard(): void {
    this.#new.clear();
  }

  commit(): void {
    this.#new.forEach((value, key) => this.#shelf.put(key, value));
    this.discard();
  }
}

/** What a build finds out about sources, until it is clear that nothing is wrong with them. */
export class Drafts {
  readonly checked: Draft<true>;
  readonly facts: Draft<FileFacts>;
  readonly functions: Draft<StoredFunction>;
  readonly globals: Draft<GlobalRecord>;
  readonly classes: Draft<ClassRecord>;

  constructor({ checked, classes, facts, functions, globals }: CompileStore) {
    this.checked = new Draft(checked);
    this.facts = new Draft(facts);
    this.functions = new Draft(functions);
    this.globals = new Draft(globals);
    this.classes = new Draft(classes);
  }

  get #all(): Pick<Draft<unknown>, 'contents' | 'discard' | 'commit'>[] {
    return [this.checked, this.facts, this.functions, this.globals, this.classes];
  }

  get contents(): DraftContents {
    return new Map(Object.entries(this).map(([name, draft]) => [name, (draft as Draft<unknown>).contents]));
  }

  discard(): void {
    for (const draft of this.#all) draft.discard();
  }

  commit(): void {
    for (const draft of this.#all) draft.commit();
  }
}

/** Keeps what the last two builds have used that have come to their end, in memory. */
export class MemoryStore implements CompileStore {
  readonly digests = new MemoryShelf<FileDigest>();
  readonly worlds = new MemoryShelf<World>();
  readonly lastWorlds = new MemoryShelf<LastWorld>();
  readonly units = new MemoryShelf<FileUnits>();
  readonly checked = new MemoryShelf<true>();
  readonly facts = new MemoryShelf<FileFacts>();
  readonly functions = new MemoryShelf<StoredFunction>();
  readonly globals = new MemoryShelf<GlobalRecord>();
  readonly classes = new MemoryShelf<ClassRecord>();
  readonly expanded = new MemoryShelf<ExpandedOutline>();
  readonly finished = new MemoryShelf<StoredCode>();
  readonly images = new MemoryShelf<BuiltImage>();
  readonly plans = new MemoryShelf<ImagePlan>();

  nameOf(path: string, text: string): string {
    return hashTexts([path, text]);
  }

  prepareEnd(): void {
    // There is nothing to do.
  }

  endBuild(isComplete: boolean): void {
    if (isComplete) for (const shelf of Object.values(this) as MemoryShelf<unknown>[]) shelf.endBuild();
  }
}

class MemoryShelf<T> implements Shelf<T> {
  #recent = new Map<string, T>();
  #older = new Map<string, T>();

  find(key: string): T | undefined {
    return this.#use(key);
  }

  #use(key: string): T | undefined {
    const known = this.#recent.get(key) ?? this.#older.get(key);
    if (known !== undefined) this.#recent.set(key, known);
    return known;
  }

  put(key: string, value: T): void {
    this.#recent.set(key, value);
  }

  keep(keys: readonly string[]): void {
    for (const key of keys) this.#use(key);
  }

  /** What nobody has looked for since the last time goes. */
  endBuild(): void {
    this.#older = this.#recent;
    this.#recent = new Map();
  }
}
