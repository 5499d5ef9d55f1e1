/*
 * What declarations mean.
 *
 * Declarations and what they mention form a graph. The *meaning* of a declaration is the hash of its own shape and of the
 * shapes of all that can be reached from it; declarations that reach each other share one (Tarjan's components).
 *
 * As long as nothing changes but the insides of functions, all meanings stay, and a *world* has them ready. When there are
 * more declarations than there were, those of before mean what they did (newDeclarations.ts), and only the new ones are
 * looked at.
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

interface FoundMeanings {
  readonly world: World;
  /** Everything is there that is imported. */
  readonly isComplete: boolean;
}

export function findMeanings(digests: ReadonlyMap<string, FileDigest>): FoundMeanings {
  return new MeaningFinder(digests, new Map()).run();
}

/**
 * The meanings when some files declare more than in the world `before`, of which nothing was missing. `added`: by path, for
 * the declarations of each of these files what they meant. Null if something is missing now.
 */
export function extendMeanings(
  digests: ReadonlyMap<string, FileDigest>,
  before: World,
  added: ReadonlyMap<string, readonly (string | undefined)[]>,
): World | null {
  const known = new Map<string, readonly (string | undefined)[]>();
  for (const [path, { own }] of before) known.set(path, added.get(path) ?? own);
  const { isComplete, world } = new MeaningFinder(digests, known).run(new Set(added.keys()));
  if (!isComplete) return null;
  return new Map([...digests.keys()].map((path) => [path, world.get(path) ?? before.get(path)!]));
}

class MeaningFinder {
  readonly #paths: readonly string[];
  readonly #scopes: Scopes;
  readonly #known: ReadonlyMap<string, readonly (string | undefined)[]>;
  /** By the declarations' numbers. */
  #meanings: (string | undefined)[] = [];

  /** `known`: by path, what the file's declarations mean, as far as that is known. */
  constructor(digests: ReadonlyMap<string, FileDigest>, known: ReadonlyMap<string, readonly (string | undefined)[]>) {
    this.#paths = [...digests.keys()];
    this.#scopes = new Scopes(digests);
    this.#known = known;
  }

  /** Looks at all files, or at some. */
  run(wanted?: ReadonlySet<string>): FoundMeanings {
    const paths = this.#paths.filter((path) => wanted?.has(path) ?? true);
    for (const path of paths) this.#scopes.namesIn(path); // by then it is known what is missing
    const missing = [...this.#scopes.missing];
    const all = [...paths.flatMap((path) => this.#scopes.declarationsIn(path)), ...missing];
    this.#meanings = new Array<string | undefined>(this.#scopes.count).fill(undefined);
    this.#walk(all.filter((one) => this.#meaningOf(one) === undefined));
    const world = new Map(paths.map((path) => [path, this.#meaningsIn(path)]));
    return { world, isComplete: missing.length === 0 };
  }

  #meaningOf(one: Declaration): string | undefined {
    return this.#meanings[one.number] ?? this.#known.get(one.path)?.[one.index];
  }

  #meaningsIn(path: string): FileMeanings {
    const meaningOf = (one: Declaration): string => this.#meaningOf(one)!;
    const own = this.#scopes.declarationsIn(path).map(meaningOf);
    const names = this.#scopes.namesIn(path).map((declarations) => declarations.map(meaningOf));
    return { own, names, all: hashTexts(own.concat(...names)) };
  }

  /** Tarjan's algorithm; components come out after all that they reach. */
  #walk(all: readonly Declaration[]): void {
    // By the declarations' numbers: when each was entered, and the first one that it reaches.
    const entered = new Array<number | undefined>(this.#scopes.count).fill(undefined);
    const lowest = new Array<number>(this.#scopes.count).fill(0);
    let count = 0;
    const open: Declaration[] = [];
    const walk: { declaration: Declaration; targets: readonly Declaration[]; next: number }[] = [];
    const enter = (declaration: Declaration): void => {
      entered[declaration.number] = count;
      lowest[declaration.number] = count++;
      open.push(declaration);
      walk.push({ declaration, targets: this.#scopes.mentionedBy(declaration), next: 0 });
    };
    const lower = ({ number }: Declaration, to: number): void => void (lowest[number] = Math.min(lowest[number]!, to));
    for (const start of all) {
      if (entered[start.number] === undefined) enter(start);
      for (let top = walk[walk.length - 1]; top !== undefined; top = walk[walk.length - 1]) {
        const target = top.targets[top.next++];
        if (target === undefined) {
          walk.pop();
          const first = lowest[top.declaration.number]!;
          const above = walk[walk.length - 1];
          if (above !== undefined) lower(above.declaration, first);
          if (first === entered[top.declaration.number])
            this.#closeComponent(open.splice(open.lastIndexOf(top.declaration)));
        } else if (this.#meaningOf(target) !== undefined) continue;
        else if (entered[target.number] === undefined) enter(target);
        else lower(top.declaration, entered[target.number]!);
      }
    }
  }

  #closeComponent(members: readonly Declaration[]): void {
    const reached = new Set<string>();
    const note = (target: Declaration): void => {
      const meaning = this.#meaningOf(target); // all have one by now that are not in the component
      if (meaning !== undefined) reached.add(meaning);
    };
    for (const member of members) this.#scopes.forEachMentioned(member, note);
    const shapes = members.map(({ path, shape }) => `${path} ${shape}`).sort();
    const all = hashTexts(shapes.concat('', [...reached].sort()));
    for (const { number, path, shape } of members) this.#meanings[number] = hashTexts([all, path, shape]);
  }
}
