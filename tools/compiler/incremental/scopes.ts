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
}

export class Scopes {
  readonly #digests: ReadonlyMap<string, FileDigest>;
  readonly #names = new Map<string, readonly (readonly Declaration[])[]>();
  readonly #locals = new Map<string, ReadonlyMap<string, readonly Declaration[]>>();
  readonly #exports = new Map<string, readonly Declaration[]>();
  readonly #byFile = new Map<string, readonly Declaration[]>();
  readonly #missing = new Map<string, Declaration>();

  constructor(digests: ReadonlyMap<string, FileDigest>) {
    this.#digests = digests;
  }

  /** What files import that is not there. */
  get missing(): Iterable<Declaration> {
    return this.#missing.values();
  }

  /** In the order of the source. */
  declarationsIn(path: string): readonly Declaration[] {
    let own = this.#byFile.get(path);
    if (own === undefined) {
      const { declarations } = this.#digests.get(path)!.detail;
      own = declarations.map(({ mentions, names, shape }, index) => ({ shape, path, names, mentions, index }));
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
    const scope = new Map<string, readonly Declaration[]>(this.#localsOf(path));
    for (const { local, path: from, name } of imports) {
      scope.set(local, [...(scope.get(local) ?? []), ...this.#exported(from, name, new Set())]);
    }
    return names.map((name) => scope.get(name) ?? []);
  }

  #localsOf(path: string): ReadonlyMap<string, readonly Declaration[]> {
    const known = this.#locals.get(path);
    if (known !== undefined) return known;
    const locals = new Map<string, Declaration[]>();
    this.declarationsIn(path).forEach((declaration) => {
      for (const name of declaration.names) locals.set(name, [...(locals.get(name) ?? []), declaration]);
    });
    this.#locals.set(path, locals);
    return locals;
  }

  /** What a module exports under a name. That there is no such thing is also something to depend on. */
  #exported(path: string, name: string, seen: Set<string>): readonly Declaration[] {
    const at = `${path}#${name}`;
    const known = this.#exports.get(at);
    if (known !== undefined) return known;
    const detail = this.#digests.get(path)?.detail;
    if (detail === undefined || seen.has(at)) return [this.#nothing(at)];
    seen.add(at);
    const found = this.#findExported(path, name, detail, seen);
    const exported = found.length === 0 ? [this.#nothing(at)] : found;
    if (seen.size === 1) this.#exports.set(at, exported); // else, it may have been cut off in a circle
    return exported;
  }

  #findExported(path: string, name: string, detail: FileDetail, seen: Set<string>): Declaration[] {
    const found: Declaration[] = [];
    for (const { name: exported, local } of detail.exports) {
      if (exported !== name) continue;
      found.push(...(this.#localsOf(path).get(local) ?? []));
      for (const one of detail.imports) {
        if (one.local === local) found.push(...this.#exported(one.path, one.name, seen));
      }
    }
    for (const one of detail.passedOn) {
      if (one.local === name) found.push(...this.#exported(one.path, one.name, seen));
    }
    return found;
  }

  #nothing(at: string): Declaration {
    let nothing = this.#missing.get(at);
    if (nothing === undefined) {
      nothing = { shape: `nothing ${at}`, path: '', names: [], mentions: [], index: -1 };
      this.#missing.set(at, nothing);
    }
    return nothing;
  }

  mentionedBy({ path, mentions }: Declaration): Declaration[] {
    if (mentions.length === 0) return [];
    const names = this.namesIn(path);
    return mentions.flatMap((name) => names[name] ?? []);
  }
}
