/*
 * Keys of the pieces of a program: hashes of everything that they depend on.
 *
 * A unit's key is its text with the meanings (meanings.ts) of what it mentions, a file's is its text with those of all
 * that it declares and imports. So an edit changes the keys of exactly those pieces that it can have an effect on, and no
 * history is needed to find them.
 */

import { Hasher, hashText, hashTexts } from '../hash.ts';
import type { Need } from '../frontend/records.ts';
import type { FileDigest } from './digest.ts';
import type { PlacedUnits, UnitPlaces } from './lines.ts';
import type { World } from './meanings.ts';
import { findWorld } from './newDeclarations.ts';
import { findOrMake, type CompileStore, type Shelf } from './store.ts';

/** The units of a file, in the order of the source: what there is to know of each, in lists of equal length. */
export interface FileUnits {
  /** `path#name`. */
  readonly names: readonly string[];
  readonly keys: readonly string[];
  /** The meaning of the declaration that it is, or belongs to. */
  readonly owners: readonly string[];
  readonly lines: Int32Array;
  readonly columns: Int32Array;
}

/** What has a key: strings are what they are. */
type KeyedNeed = Exclude<Need, { kind: 'text' }>;

interface Unit {
  readonly path: string;
  readonly key: string;
  readonly owner: string;
  readonly line: number;
}

export class Keys implements UnitPlaces {
  /** What all keys depend on: the compiler, the library, build constants. */
  readonly #salt: string;
  readonly #digests: ReadonlyMap<string, FileDigest>;
  readonly #world: World;
  readonly #shelf: Shelf<FileUnits>;
  readonly #units = new Map<string, FileUnits>();
  /** By name, those of files that have been looked at; null: there is none. */
  readonly #byName = new Map<string, Unit | null>();
  /** By need. */
  readonly #keys = new Map<KeyedNeed, string>();
  /** By id, the latest need that has been asked for: one that comes from the store is another object than the same one here. */
  readonly #latest: { readonly [K in KeyedNeed['kind']]: Map<string, KeyedNeed> } = {
    function: new Map(),
    global: new Map(),
    class: new Map(),
  };

  constructor(
    digests: ReadonlyMap<string, FileDigest>,
    digestKeys: ReadonlyMap<string, string>,
    salt: string,
    store: CompileStore,
  ) {
    this.#salt = salt;
    this.#digests = digests;
    this.#shelf = store.units;
    this.#world = findWorld(digests, digestKeys, store);
  }

  /** For everything that can be said of the file by looking at it and what it imports. */
  ofFile(path: string): string {
    return hashTexts([this.#salt, path, this.#digests.get(path)!.hash, this.#world.get(path)!.all]);
  }

  /** For what the file's declarations are, without the bodies of functions. */
  ofShape(path: string): string {
    return hashTexts([this.#salt, path, 'shape', this.#world.get(path)!.all]);
  }

  /** What the keys of all that is declared in the file rest on. Undefined if there is no such file. */
  stateOf(path: string): string | undefined {
    const digest = this.#digests.get(path);
    return digest === undefined ? undefined : `${digest.hash} ${this.#world.get(path)!.all}`;
  }

  /** For the record of a need. Undefined if a unit that it depends on is not there any more. */
  of(need: KeyedNeed): string | undefined {
    const known = this.#keys.get(need);
    if (known !== undefined) return known;
    const latest = this.#latest[need.kind];
    const same = latest.get(need.id);
    const key = same?.symbol === need.symbol ? this.#keys.get(same) : this.#keyOf(need);
    if (key === undefined) return undefined;
    latest.set(need.id, need);
    this.#keys.set(need, key);
    return key;
  }

  #keyOf({ classes, id, kind, symbol, unit: name }: KeyedNeed): string | undefined {
    const unit = this.#unit(name);
    if (unit === undefined) return undefined;
    const parts = [this.#salt, kind, id, symbol, kind === 'function' ? unit.key : unit.owner];
    for (let n = 0; n < classes.length; n++) {
      const of = this.#unit(classes[n]!);
      if (of === undefined) return undefined;
      parts.push(of.owner);
    }
    return hashTexts(parts);
  }

  /** Where the unit begins now; undefined if it is not there. */
  lineOf(unit: string): number | undefined {
    return this.#unit(unit)?.line;
  }

  /** The file that the unit is in; undefined if it is not there. */
  pathOf(unit: string): string | undefined {
    return this.#unit(unit)?.path;
  }

  /** The units of a file, none if it is not there. */
  unitsIn(file: string): PlacedUnits | undefined {
    return this.#digests.has(file) ? this.#unitsIn(file) : undefined;
  }

  // -------------------------------------------------------------------------------------------------------------------

  #unit(name: string): Unit | undefined {
    let unit = this.#byName.get(name);
    if (unit === undefined) {
      this.#lookAround(name);
      unit = this.#byName.get(name) ?? null;
      this.#byName.set(name, unit);
    }
    return unit ?? undefined;
  }

  /** Looks at the file of a unit. */
  #lookAround(name: string): void {
    for (let at = name.indexOf('#'); at >= 0; at = name.indexOf('#', at + 1)) {
      const path = name.slice(0, at);
      if (this.#digests.has(path)) this.#unitsIn(path);
    }
  }

  #unitsIn(path: string): FileUnits {
    const known = this.#units.get(path);
    if (known !== undefined) return known;
    const key = hashTexts([path, this.#digests.get(path)!.hash, this.#world.get(path)!.all]);
    const units = findOrMake(this.#shelf, key, () => this.#findUnits(path));
    units.names.forEach((name, n) => {
      const unit = { path, key: units.keys[n]!, owner: units.owners[n]!, line: units.lines[n]! };
      const other = this.#byName.get(name) ?? null;
      // Two with one name (overloads, mistakes) depend on both.
      this.#byName.set(name, other === null ? unit : merged(other, unit));
    });
    this.#units.set(path, units);
    return units;
  }

  #findUnits(path: string): FileUnits {
    const { own, names: scope } = this.#world.get(path)!;
    const names: string[] = [];
    const keys: string[] = [];
    const owners: string[] = [];
    const lines: number[] = [];
    const columns: number[] = [];
    this.#digests.get(path)!.detail.declarations.forEach(({ units }, index) => {
      const owner = own[index]!;
      for (const { column, hash, line, mentions, name } of units) {
        const hasher = new Hasher();
        hasher.add(hash);
        hasher.add(String(column));
        hasher.add(owner);
        for (let n = 0; n < mentions.length; n++) scope[mentions[n]!]!.forEach((meaning) => hasher.add(meaning));
        names.push(`${path}#${name}`);
        keys.push(hasher.name());
        owners.push(owner);
        lines.push(line);
        columns.push(column);
      }
    });
    return { names, keys, owners, lines: Int32Array.from(lines), columns: Int32Array.from(columns) };
  }
}

function merged(first: Unit, second: Unit): Unit {
  return { ...first, key: hashText(first.key + second.key), owner: hashText(first.owner + second.owner) };
}
