/*
 * What declarations mean.
 *
 * Declarations and what they mention form a graph. The *meaning* of a declaration is the hash of its own shape and of the
 * shapes of all that can be reached from it; declarations that reach each other share one (Tarjan's components).
 *
 * As long as nothing changes but the insides of functions, all meanings stay, and a *world* has them ready.
 */

import { hashTexts } from '../hash.ts';
import type { FileDigest } from './digest.ts';
import { Scopes, type Declaration } from './scopes.ts';

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

class MeaningFinder {
  readonly #paths: readonly string[];
  readonly #scopes: Scopes;
  readonly #meanings = new Map<Declaration, string>();

  constructor(digests: ReadonlyMap<string, FileDigest>) {
    this.#paths = [...digests.keys()];
    this.#scopes = new Scopes(digests);
  }

  run(): World {
    for (const path of this.#paths) this.#scopes.namesIn(path); // by then it is known what is missing
    this.#walk([...this.#paths.flatMap((path) => this.#scopes.declarationsIn(path)), ...this.#scopes.missing]);
    return new Map(this.#paths.map((path) => [path, this.#meaningsIn(path)]));
  }

  #meaningsIn(path: string): FileMeanings {
    const meaningOf = (one: Declaration): string => this.#meanings.get(one)!;
    const own = this.#scopes.declarationsIn(path).map(meaningOf);
    const names = this.#scopes.namesIn(path).map((declarations) => declarations.map(meaningOf));
    return { own, names, all: hashTexts([...own, ...names.flat()]) };
  }

  /** Tarjan's algorithm; components come out after all that they reach. */
  #walk(all: readonly Declaration[]): void {
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
      walk.push({ declaration, targets: this.#scopes.mentionedBy(declaration), next: 0 });
    };
    const lower = (one: Declaration, to: number): void => void lowest.set(one, Math.min(lowest.get(one)!, to));
    for (const start of all) {
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
      for (const target of this.#scopes.mentionedBy(member)) {
        if (!inside.has(target)) reached.add(this.#meanings.get(target)!);
      }
    }
    const shapes = members.map(({ path, shape }) => `${path} ${shape}`).sort();
    const all = hashTexts([...shapes, '', ...[...reached].sort()]);
    for (const member of members) this.#meanings.set(member, hashTexts([all, member.path, member.shape]));
  }
}
