/*
 * Keys of the pieces of a program: hashes of everything that they depend on.
 *
 * Declarations and what they mention form a graph. The *meaning* of a declaration is the hash of its own shape and of the
 * shapes of all that can be reached from it; declarations that reach each other share one (Tarjan's components). A unit's
 * key is its text with the meanings of what it mentions, a file's is its text with those of all that it declares and
 * imports. So an edit changes the keys of exactly those pieces that it can have an effect on, and no history is needed to
 * find them.
 */

import { hashText, hashTexts } from '../hash.ts';
import type { Need } from '../frontend/records.ts';
import type { SourceLocation } from '../ir/types.ts';
import type { FileDigest } from './digest.ts';
import type { UnitPlaces } from './lines.ts';

interface Declaration {
  readonly shape: string;
  readonly path: string;
  readonly mentions: readonly number[];
}

export class Keys implements UnitPlaces {
  /** What all keys depend on: the compiler, the library, build constants. */
  readonly #salt: string;
  readonly #digests: ReadonlyMap<string, FileDigest>;
  /** By file: what its names mean, in the order of the digest's. */
  readonly #scopes = new Map<string, readonly (readonly Declaration[])[]>();
  readonly #locals = new Map<string, ReadonlyMap<string, readonly Declaration[]>>();
  readonly #exports = new Map<string, readonly Declaration[]>();
  readonly #meanings = new Map<Declaration, string>();
  readonly #units = new Map<string, string>();
  /** By unit: where it is. */
  readonly #places = new Map<string, { readonly path: string; readonly line: number }>();
  /** By file: where its units begin, in that order. */
  readonly #starts = new Map<string, readonly { line: number; column: number; unit: string }[]>();
  /** By unit: the meaning of the declaration that it is, or belongs to. */
  readonly #owners = new Map<string, string>();
  readonly #all: Declaration[] = [];
  readonly #byFile = new Map<string, Declaration[]>();
  readonly #missing = new Map<string, Declaration>();

  constructor(digests: ReadonlyMap<string, FileDigest>, salt: string) {
    this.#salt = salt;
    this.#digests = digests;
    this.#declare();
    for (const path of digests.keys()) this.#scopes.set(path, this.#scopeOf(path));
    this.#findMeanings();
    this.#findUnits();
  }

  /** For everything that can be said of the file by looking at it and what it imports. */
  ofFile(path: string): string {
    const digest = this.#digests.get(path)!;
    return hashTexts([this.#salt, path, digest.hash, ...this.#meaningsIn(path)]);
  }

  /** For what the file's declarations are, without the bodies of functions. */
  ofShape(path: string): string {
    return hashTexts([this.#salt, path, 'shape', ...this.#meaningsIn(path)]);
  }

  #meaningsIn(path: string): string[] {
    const scope = this.#scopes.get(path)!;
    const own = this.#byFile.get(path)!.map((one) => this.#meanings.get(one)!);
    return [...own, ...scope.flat().map((one) => this.#meanings.get(one)!)];
  }

  /** For the record of a need. Undefined if a unit that it depends on is not there any more. */
  of(need: Exclude<Need, { kind: 'text' }>): string | undefined {
    const parts = [need.kind, need.id, need.symbol];
    const units = need.kind === 'function' ? [need.unit] : [];
    const meanings = need.kind === 'function' ? need.classes : [need.unit, ...need.classes];
    for (const unit of units) {
      const key = this.#units.get(unit);
      if (key === undefined) return undefined;
      parts.push(key);
    }
    for (const unit of meanings) {
      const key = this.#owners.get(unit);
      if (key === undefined) return undefined;
      parts.push(key);
    }
    return hashTexts([this.#salt, ...parts]);
  }

  /** Where the unit begins now; undefined if it is not there. */
  lineOf(unit: string): number | undefined {
    return this.#places.get(unit)?.line;
  }

  /** The file that the unit is in; undefined if it is not there. */
  pathOf(unit: string): string | undefined {
    return this.#places.get(unit)?.path;
  }

  /** The unit that a place lies in: the last one to begin before it. */
  unitAt({ column, file, line }: SourceLocation): string | undefined {
    const starts = this.#starts.get(file) ?? [];
    let low = 0;
    for (let high = starts.length; low < high;) {
      const middle = (low + high) >> 1;
      const start = starts[middle]!;
      if (start.line < line || (start.line === line && start.column < column)) low = middle + 1;
      else high = middle;
    }
    return starts[low - 1]?.unit;
  }

  // -------------------------------------------------------------------------------------------------------------------

  #declare(): void {
    for (const [path, { declarations }] of this.#digests) {
      const own = declarations.map(({ shape, mentions }) => ({ shape, path, mentions }));
      this.#byFile.set(path, own);
      this.#all.push(...own);
    }
  }

  #scopeOf(path: string): (readonly Declaration[])[] {
    const { imports, names } = this.#digests.get(path)!;
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
    this.#digests.get(path)!.declarations.forEach(({ names }, index) => {
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
    const digest = this.#digests.get(path);
    if (digest === undefined || seen.has(at)) return [this.#nothing(at)];
    seen.add(at);
    const found = this.#findExported(path, name, digest, seen);
    const exported = found.length === 0 ? [this.#nothing(at)] : found;
    if (seen.size === 1) this.#exports.set(at, exported); // else, it may have been cut off in a circle
    return exported;
  }

  #findExported(path: string, name: string, digest: FileDigest, seen: Set<string>): Declaration[] {
    const found: Declaration[] = [];
    for (const { name: exported, local } of digest.exports) {
      if (exported !== name) continue;
      found.push(...(this.#localsOf(path).get(local) ?? []));
      for (const one of digest.imports) {
        if (one.local === local) found.push(...this.#exported(one.path, one.name, seen));
      }
    }
    for (const one of digest.passedOn) {
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
  #findMeanings(): void {
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

  #findUnits(): void {
    for (const [path, { declarations }] of this.#digests) {
      const starts: { line: number; column: number; unit: string }[] = [];
      this.#starts.set(path, starts);
      const scope = this.#scopes.get(path)!;
      declarations.forEach(({ units }, index) => {
        const own = this.#meanings.get(this.#byFile.get(path)![index]!)!;
        for (const { column, hash, line, mentions, name } of units) {
          const unit = `${path}#${name}`;
          const meanings = mentions.flatMap((name) => scope[name]!.map((one) => this.#meanings.get(one)!));
          const key = hashTexts([hash, String(column), own, ...meanings]);
          starts.push({ line, column, unit });
          // Two with one name (overloads, mistakes) depend on both.
          const known = this.#units.get(unit);
          this.#units.set(unit, known === undefined ? key : hashText(known + key));
          if (known === undefined) this.#places.set(unit, { path, line });
          this.#owners.set(unit, known === undefined ? own : hashText(this.#owners.get(unit)! + own));
        }
      });
    }
  }
}
