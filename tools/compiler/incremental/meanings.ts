/*
 * What declarations mean.
 *
 * Declarations and what they mention form a graph. The *meaning* of a declaration is the hash of its own shape and of the
 * shapes of all that can be reached from it; declarations that reach each other share one (Tarjan's components).
 *
 * As long as nothing changes but the insides of functions, all meanings stay, and a *world* has them ready.
 */

import { hashTexts } from '../hash.ts';
import type { FileDetail, FileDigest } from './digest.ts';

/** By file. */
export type World = ReadonlyMap<string, FileMeanings>;

interface FileMeanings {
  /** What its declarations mean, in their order. */
  readonly own: readonly string[];
  /** What its names mean, in the order of the digest's; of a name that is there twice, both. */
  readonly names: readonly (readonly string[])[];
  /** A hash of both. */
  readonly all: string;
}

/** What a world depends on. */
export function worldKey(digests: ReadonlyMap<string, FileDigest>): string {
  return hashTexts([...digests].flatMap(([path, { outside }]) => [path, outside]));
}

export function findMeanings(digests: ReadonlyMap<string, FileDigest>): World {
  return new MeaningFinder(digests).run();
}

interface Declaration {
  readonly shape: string;
  readonly path: string;
  readonly mentions: readonly number[];
}

class MeaningFinder {
  readonly #details: ReadonlyMap<string, FileDetail>;
  /** By file: what its names stand for, in the order of the digest's. */
  readonly #scopes = new Map<string, readonly (readonly Declaration[])[]>();
  readonly #locals = new Map<string, ReadonlyMap<string, readonly Declaration[]>>();
  readonly #exports = new Map<string, readonly Declaration[]>();
  readonly #meanings = new Map<Declaration, string>();
  readonly #all: Declaration[] = [];
  readonly #byFile = new Map<string, Declaration[]>();
  readonly #missing = new Map<string, Declaration>();

  constructor(digests: ReadonlyMap<string, FileDigest>) {
    this.#details = new Map([...digests].map(([path, { detail }]) => [path, detail]));
  }

  run(): World {
    for (const [path, { declarations }] of this.#details) {
      const own = declarations.map(({ shape, mentions }) => ({ shape, path, mentions }));
      this.#byFile.set(path, own);
      this.#all.push(...own);
    }
    for (const path of this.#details.keys()) this.#scopes.set(path, this.#scopeOf(path));
    this.#walk();
    return new Map([...this.#details.keys()].map((path) => [path, this.#meaningsIn(path)]));
  }

  #meaningsIn(path: string): FileMeanings {
    const meaningOf = (one: Declaration): string => this.#meanings.get(one)!;
    const own = this.#byFile.get(path)!.map(meaningOf);
    const names = this.#scopes.get(path)!.map((declarations) => declarations.map(meaningOf));
    return { own, names, all: hashTexts([...own, ...names.flat()]) };
  }

  #scopeOf(path: string): (readonly Declaration[])[] {
    const { imports, names } = this.#details.get(path)!;
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
    this.#details.get(path)!.declarations.forEach(({ names }, index) => {
      const declaration = this.#byFile.get(path)![index]!;
      for (const name of names) locals.set(name, [...(locals.get(name) ?? []), declaration]);
    });
    this.#locals.set(path, locals);
    return locals;
  }

  /** What a module exports under a name. That there is no such thing is also something to depend on. */
  #exported(path: string, name: string, seen: Set<string>): readonly Declaration[] {
    const at = `${path}#${name}`;
    const known = this.#exports.get(at);
    if (known !== undefined) return known;
    const detail = this.#details.get(path);
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
      nothing = { shape: `nothing ${at}`, path: '', mentions: [] };
      this.#missing.set(at, nothing);
      this.#all.push(nothing);
    }
    return nothing;
  }

  #mentionedBy({ path, mentions }: Declaration): Declaration[] {
    const scope = this.#scopes.get(path);
    return mentions.flatMap((name) => scope?.[name] ?? []);
  }

  /** Tarjan's algorithm; components come out after all that they reach. */
  #walk(): void {
    const numbers = new Map<Declaration, number>();
    const lowest = new Map<Declaration, number>();
    const open: Declaration[] = [];
    const isOpen = new Set<Declaration>();
    const walk: { declaration: Declaration; targets: readonly Declaration[]; next: number }[] = [];
    const enter = (declaration: Declaration): void => {
      numbers.set(declaration, numbers.size);
      lowest.set(declaration, numbers.get(declaration)!);
      open.push(declaration);
      isOpen.add(declaration);
      walk.push({ declaration, targets: this.#mentionedBy(declaration), next: 0 });
    };
    const lower = (one: Declaration, to: number): void => void lowest.set(one, Math.min(lowest.get(one)!, to));
    for (const start of this.#all) {
      if (!numbers.has(start)) enter(start);
      for (let top = walk[walk.length - 1]; top !== undefined; top = walk[walk.length - 1]) {
        const target = top.targets[top.next++];
        if (target === undefined) {
          walk.pop();
          const number = lowest.get(top.declaration)!;
          const above = walk[walk.length - 1];
          if (above !== undefined) lower(above.declaration, number);
          if (number === numbers.get(top.declaration)) {
            const members = open.splice(open.lastIndexOf(top.declaration));
            for (const member of members) isOpen.delete(member);
            this.#closeComponent(members);
          }
        } else if (!numbers.has(target)) enter(target);
        else if (isOpen.has(target)) lower(top.declaration, numbers.get(target)!);
      }
    }
  }

  #closeComponent(members: readonly Declaration[]): void {
    const inside = new Set(members);
    const reached = new Set<string>();
    for (const member of members) {
      for (const target of this.#mentionedBy(member)) {
        if (!inside.has(target)) reached.add(this.#meanings.get(target)!);
      }
    }
    const shapes = members.map(({ path, shape }) => `${path} ${shape}`).sort();
    const all = hashTexts([...shapes, '', ...[...reached].sort()]);
    for (const member of members) this.#meanings.set(member, hashTexts([all, member.path, member.shape]));
  }
}
