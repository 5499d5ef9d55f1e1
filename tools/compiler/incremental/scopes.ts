/*
 * What names stand for, as far as that can be said without tsc: the graph of declarations and what they mention.
 *
 * Digests are looked at when somebody asks about their files.
 */

import type { FileDetail, FileDigest } from './digest.ts';

export interface Declaration {
  readonly shape: string;
  /** Empty for what is imported, but not there. */
  readonly path: string;
  readonly names: readonly string[];
  /** Numbers of names in its file. */
  readonly mentions: readonly number[];
  /** Which one of its file's it is. */
  readonly index: number;
  /** Which one of all that have been looked at it is. */
  readonly number: number;
}

const none: readonly Declaration[] = [];

export class Scopes {
  readonly #digests: ReadonlyMap<string, FileDigest>;
  readonly #names = new Map<string, readonly (readonly Declaration[])[]>();
  readonly #locals = new Map<string, ReadonlyMap<string, readonly Declaration[]>>();
  /** By path, and by name. */
  readonly #exports = new Map<string, Map<string, readonly Declaration[]>>();
  readonly #byFile = new Map<string, readonly Declaration[]>();
  readonly #missing = new Map<string, Declaration>();
  #count = 0;

  constructor(digests: ReadonlyMap<string, FileDigest>) {
    this.#digests = digests;
  }

  /** What files import that is not there. */
  get missing(): Iterable<Declaration> {
    return this.#missing.values();
  }

  /** How many declarations have been looked at. */
  get count(): number {
    return this.#count;
  }

  /** In the order of the source. */
  declarationsIn(path: string): readonly Declaration[] {
    let own = this.#byFile.get(path);
    if (own === undefined) {
      const { declarations } = this.#digests.get(path)!.detail;
      own = declarations.map(({ mentions, names, shape }, index) => {
        return { shape, path, names, mentions, index, number: this.#count++ };
      });
      this.#byFile.set(path, own);
    }
    return own;
  }

  /** What its names stand for, in the order of the digest's. */
  namesIn(path: string): readonly (readonly Declaration[])[] {
    let names = this.#names.get(path);
    if (names === undefined) {
      names = this.#findNames(path);
      this.#names.set(path, names);
    }
    return names;
  }

  #findNames(path: string): (readonly Declaration[])[] {
    const { imports, names } = this.#digests.get(path)!.detail;
    const locals = this.#localsOf(path);
    const imported = new Map<string, readonly Declaration[]>();
    for (const { local, path: from, name } of imports) {
      imported.set(local, together(imported.get(local), this.#exported(from, name)));
    }
    return names.map((name) => together(locals.get(name), imported.get(name)));
  }

  #localsOf(path: string): ReadonlyMap<string, readonly Declaration[]> {
    const known = this.#locals.get(path);
    if (known !== undefined) return known;
    const locals = new Map<string, readonly Declaration[]>();
    this.declarationsIn(path).forEach((declaration) => {
      declaration.names.forEach((name) => locals.set(name, together(locals.get(name), [declaration])));
    });
    this.#locals.set(path, locals);
    return locals;
  }

  /** What a module exports under a name. That there is no such thing is also something to depend on. */
  #exported(path: string, name: string, seen?: Set<string>): readonly Declaration[] {
    const known = this.#exports.get(path)?.get(name);
    return known ?? this.#followExport(path, name, seen ?? new Set());
  }

  #followExport(path: string, name: string, seen: Set<string>): readonly Declaration[] {
    const at = `${path}#${name}`;
    const detail = this.#digests.get(path)?.detail;
    if (detail === undefined || seen.has(at)) return [this.#nothing(at)];
    seen.add(at);
    const found = this.#findExported(path, name, detail, seen);
    const exported = found.length === 0 ? [this.#nothing(at)] : found;
    if (seen.size === 1) this.#keepExport(path, name, exported); // else, it may have been cut off in a circle
    return exported;
  }

  #keepExport(path: string, name: string, exported: readonly Declaration[]): void {
    let exports = this.#exports.get(path);
    if (exports === undefined) {
      exports = new Map();
      this.#exports.set(path, exports);
    }
    exports.set(name, exported);
  }

  #findExported(path: string, name: string, detail: FileDetail, seen: Set<string>): readonly Declaration[] {
    const { exports, passedOn } = detail;
    let found = none;
    for (let n = 0; n < exports.length; n++) {
      if (exports[n]!.name !== name) continue;
      const { local } = exports[n]!;
      found = together(together(found, this.#localsOf(path).get(local)), this.#broughtIn(local, detail.imports, seen));
    }
    return together(found, this.#broughtIn(name, passedOn, seen));
  }

  /** What a name stands for that comes from another module. */
  #broughtIn(local: string, imports: FileDetail['imports'], seen: Set<string>): readonly Declaration[] {
    let found = none;
    for (let n = 0; n < imports.length; n++) {
      const one = imports[n]!;
      if (one.local === local) found = together(found, this.#exported(one.path, one.name, seen));
    }
    return found;
  }

  #nothing(at: string): Declaration {
    let nothing = this.#missing.get(at);
    if (nothing === undefined) {
      nothing = { shape: `nothing ${at}`, path: '', names: [], mentions: [], index: -1, number: this.#count++ };
      this.#missing.set(at, nothing);
    }
    return nothing;
  }

  mentionedBy(declaration: Declaration): Declaration[] {
    const mentioned: Declaration[] = [];
    this.forEachMentioned(declaration, (one) => mentioned.push(one));
    return mentioned;
  }

  forEachMentioned({ mentions, path }: Declaration, action: (mentioned: Declaration) => void): void {
    if (mentions.length === 0) return;
    const names = this.namesIn(path);
    for (let n = 0; n < mentions.length; n++) names[mentions[n]!]?.forEach(action);
  }
}

/** Both lists. Most often there is but one, which may be shared. */
function together(
  first: readonly Declaration[] | undefined,
  second: readonly Declaration[] | undefined,
): readonly Declaration[] {
  if (first === undefined || first.length === 0) return second ?? none;
  return second === undefined || second.length === 0 ? first : [...first, ...second];
}
