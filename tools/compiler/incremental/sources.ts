/*
 * The sources of a build: their texts, what each declares (digest.ts), and the trees of those that had to be parsed.
 *
 * What is in the bodies of functions is looked at when they are lowered (syntax/laterBlock.ts). Should one of them not be what
 * it seemed, by its braces, then a digest may be wrong as well, also one that has been stored: whoever is *cautious* parses
 * everything at once, and believes no digest of before.
 */

import { importedPath, normalizePath, parseSource, type ParseSource } from '../frontend/program.ts';
import type { VirtualFileSystem } from '../frontend/index.ts';
import { type ts, WordTable } from '../syntax/index.ts';
import { digestOf, type FileDigest } from './digest.ts';
import { CannotReuse, type CompileStore } from './store.ts';

export class BuildSources {
  readonly #files: VirtualFileSystem;
  readonly #store: CompileStore;
  readonly #trees = new Map<string, ts.SourceFile>();
  /** Of files whose bodies are parsed when they are looked into; null: everything is parsed at once. */
  readonly #words: WordTable | null;
  #areTreesUsed = false;
  /** Of the files that declare what there is without an import. */
  readonly libraryTexts: ReadonlyMap<string, string>;
  readonly texts = new Map<string, string>();
  readonly digests = new Map<string, FileDigest>();
  /** The names of the digests. */
  readonly keys = new Map<string, string>();

  /** Reads the entries, and all that they bring in. Throws CannotReuse. */
  constructor(
    files: VirtualFileSystem,
    libraryFiles: readonly string[],
    entries: readonly string[],
    store: CompileStore,
    isCautious: boolean,
  ) {
    this.#files = files;
    this.#store = store;
    this.#words = isCautious ? null : new WordTable();
    this.libraryTexts = new Map(libraryFiles.map(normalizePath).flatMap((path) => withText(path, files)));
    this.#discover(entries);
  }

  #discover(entries: readonly string[]): void {
    const paths = new Set(entries);
    for (const path of paths) {
      const text = this.#files.readFile(path);
      if (text === undefined && entries.includes(path)) throw new CannotReuse(); // tsc has a word for that
      if (text === undefined) continue; // whoever imports it depends on there being nothing
      this.texts.set(path, text);
      const digest = this.#digest(path, text);
      this.digests.set(path, digest);
      for (const module of digest.modules) if (!this.libraryTexts.has(module.path)) paths.add(module.path);
    }
  }

  #digest(path: string, text: string): FileDigest {
    const key = this.#store.nameOf(path, text);
    this.keys.set(path, key);
    const known = this.#words === null ? undefined : this.#store.digests.find(key);
    if (known !== undefined) return known;
    let digest: FileDigest | null = null;
    try {
      digest = digestOf(this.parse(path, text), key, (name) => importedPath(name, path));
    } catch {
      // Sources that nest too deeply, for example.
    }
    if (digest === null) throw new CannotReuse();
    this.#store.digests.put(key, digest);
    return digest;
  }

  /** How many files have been parsed. */
  get parsedCount(): number {
    return this.#trees.size;
  }

  readonly parse: ParseSource = (path, text) => {
    const known = this.#trees.get(path);
    if (known?.text === text) return known;
    const source = parseSource(path, text, this.#words);
    this.#trees.set(path, source);
    return source;
  };

  /** A program leaves in its trees what it finds out: each begins with new ones. */
  beginProgram(): void {
    if (this.#areTreesUsed) this.#trees.clear();
    this.#areTreesUsed = true;
  }

  /** Names that several classes have. */
  ambiguousNames(): ReadonlySet<string> {
    const seen = new Set<string>();
    const twice = new Set<string>();
    for (const { classes } of this.digests.values()) {
      for (const name of classes) (seen.has(name) ? twice : seen).add(name);
    }
    return twice;
  }

  /** The modules that a program consists of, its entry first. */
  reached(entry: string, withTypes: boolean): string[] {
    const found = new Set([entry]);
    for (const path of found) {
      for (const module of this.digests.get(path)?.modules ?? []) {
        if ((withTypes || !module.isTypeOnly) && this.digests.has(module.path)) found.add(module.path);
      }
    }
    return [...found];
  }
}

function withText(path: string, files: VirtualFileSystem): [path: string, text: string][] {
  const text = files.readFile(path);
  return text === undefined ? [] : [[path, text]];
}
