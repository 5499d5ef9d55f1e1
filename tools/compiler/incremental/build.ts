/*
 * Building what has changed.
 *
 * Sources are digested, pieces get their keys (keys.ts), and what the store has under a key is used again. For the rest
 * there is a program of the files that matter: those to be checked or lowered in full, and of what they mention
 * the shapes (shapes.ts). Whatever cannot be done so, sources that cannot even be parsed for example, is left to a build of
 * everything.
 *
 * The images come out the same, bit by bit, whatever the store had; and so do the diagnostics, for what is in the store was
 * right, and would have another key if it could have become wrong.
 */

import type { ImageSpec } from '../compile.ts';
import { KernelTsProgram, type Diagnostic, type KernelTsOptions } from '../frontend/index.ts';
import { ProgramImage, TextTable, type RecordSource } from '../frontend/program-image.ts';
import { normalizePath } from '../frontend/program.ts';
import type { FileFacts, FunctionNeed, FunctionRecord, Need, TextNeed } from '../frontend/records.ts';
import { hashTexts } from '../hash.ts';
import type { IrFunction } from '../ir/types.ts';
import { Cleaner } from '../passes/pipeline.ts';
import { basisOf, findChanges } from './changes.ts';
import type { AreAllTypesRight, AreTypesRight } from './checking.ts';
import type { LoweredFunction, LoweredImage } from './image.ts';
import { Keys } from './keys.ts';
import { moveFunction } from './lines.ts';
import type { PlannedImage } from './plan.ts';
import { excerptOf } from './shapes.ts';
import { BuildSources } from './sources.ts';
import { CannotReuse, type CompileStore, type Draft, Drafts, type StoredFunction } from './store.ts';

export type FrontEndOptions = Pick<KernelTsOptions, 'files' | 'root' | 'libraryFiles' | 'defines'> & {
  readonly images: readonly ImageSpec[];
  readonly areAllTypesRight?: AreAllTypesRight | undefined;
  readonly areTypesRight?: AreTypesRight | undefined;
};

interface Attempt {
  /** The programs that are not in the store, by name. */
  readonly lowered: ReadonlyMap<string, LoweredImage>;
  /** Those of them that may be made from their plans instead. */
  readonly planned: ReadonlyMap<string, PlannedImage>;
  /**
   * Everything that is wrong with the sources. The types may still be being looked at elsewhere, which this waits for.
   * Until it has given an empty list, what was lowered may make no sense. Throws CannotReuse, and LookAgain once.
   */
  readonly confirm: () => readonly Diagnostic[];
  /** Does what can be done before that, if there is likely to be time for it. */
  readonly prepareEnd: () => void;
}

export interface FrontEndResult extends Attempt {
  /** Keys of all images, by name. */
  readonly imageKeys: ReadonlyMap<string, string>;
  /** Keys of the plans of those that have one. */
  readonly planKeys: ReadonlyMap<string, string>;
  readonly keys: Keys;
}

/** More files than this that have to be read anew are worth somebody who looks at the types of everything. */
const manyFiles = 20;

const nothing = { lowered: new Map<never, never>(), planned: new Map<never, never>() };

/** Files have to be looked at whose bodies the program does not have. */
class MissingBodies extends Error {}

/** Something is wrong: what that is, is told by more than it took to see it. `run` has to be called once more. */
export class LookAgain extends Error {}

export class IncrementalFrontEnd {
  readonly #options: FrontEndOptions;
  readonly #store: CompileStore;
  readonly #sources: BuildSources;
  readonly #keys: Keys;
  readonly #salt: string;
  readonly #ambiguous: ReadonlySet<string>;
  /** Files that the program shall have in full. */
  readonly #bodies = new Set<string>();
  /** By id: a function whose record asks for the thing. */
  readonly #askers = new Map<string, FunctionNeed>();
  #withPlans = true;
  /** There is something wrong, or so it seems. */
  #isWrong = false;
  /** Ids of functions that a plan says nothing is wrong with. */
  readonly #settled = new Set<string>();
  /** Looks at the types elsewhere; null if that is not worth it, or has been done. */
  #startTypes: AreAllTypesRight | null;
  /** Waits for who looks at the types of a few files. */
  #quickCheck: (() => boolean) | null = null;
  readonly #drafts: Drafts;
  /** What programs have in common they share. */
  readonly #strings = new TextTable();
  readonly #cleaner = new Cleaner();
  /** What has gone wrong in there. */
  #failure: { readonly error: unknown } | null = null;

  /** `isCautious`: what the store says of sources may come from bodies that have turned out to be unfamiliar. */
  constructor(options: FrontEndOptions, store: CompileStore, isCautious: boolean) {
    const { defines, files, libraryFiles, root } = options;
    this.#options = options;
    this.#store = store;
    this.#drafts = new Drafts(store);
    this.#sources = new BuildSources(files, libraryFiles, this.#entries, store, isCautious);
    const { digests, keys, libraryTexts } = this.#sources;
    this.#startTypes = (this.#sources.parsedCount > manyFiles ? options.areAllTypesRight : undefined) ?? null;
    this.#ambiguous = this.#sources.ambiguousNames();
    const constants = [...defines].map(([name, value]) => `${name}=${String(value)}`).sort();
    this.#salt = hashTexts([root, ...libraryTexts.values(), '', ...constants, '', ...[...this.#ambiguous].sort()]);
    this.#keys = new Keys(digests, keys, this.#salt, store);
  }

  get #entries(): string[] {
    return this.#options.images.map(({ entry }) => normalizePath(entry));
  }

  // -------------------------------------------------------------------------------------------------------------------

  /** With plans, or without, if one has been refused. Throws CannotReuse, and UnfamiliarBody unless it is cautious. */
  run(withPlans = true): FrontEndResult {
    this.#withPlans = withPlans;
    const imageKeys = new Map(this.#options.images.map((image) => [image.name, this.#imageKey(image)]));
    const missing = this.#options.images.filter(
      ({ name }) => this.#store.images.find(imageKeys.get(name)!) === undefined,
    );
    const toCheck = [...this.#sources.digests.keys()].filter((path) => {
      return this.#store.checked.find(this.#keys.ofFile(path)) === undefined;
    });
    for (const path of toCheck) this.#bodies.add(path);
    // What has to be checked is mostly all that has to be lowered; only if it is not, it is worth while to look around.
    if (toCheck.length === 0) for (const image of missing) this.#lookAround(image);
    for (let round = 0; round < 4;) {
      try {
        const result = this.#attempt(missing, toCheck);
        const planKeys = new Map(
          this.#options.images.filter(hasPlan).map((image) => [image.name, this.#planKey(image)]),
        );
        return { ...result, confirm: once(result.confirm), imageKeys, planKeys, keys: this.#keys };
      } catch (error) {
        if (error instanceof LookAgain) continue;
        if (!(error instanceof MissingBodies)) throw error;
        if (round++ === 0) for (const image of missing) this.#lookAround(image);
      }
    }
    throw new CannotReuse();
  }

  #imageKey({ entry, kind }: ImageSpec): string {
    const path = normalizePath(entry);
    const files = this.#sources
      .reached(path, true)
      .map((reached) => `${reached} ${this.#sources.digests.get(reached)?.hash ?? ''}`);
    return this.#store.nameOf(path, [this.#salt, kind, ...files].join('\n'));
  }

  #planKey({ entry, kind }: ImageSpec): string {
    return hashTexts([this.#salt, 'plan', kind, entry]);
  }

  /** Finds out what will have to be lowered, without a program. */
  #lookAround(spec: ImageSpec): void {
    const image = new ProgramImage({
      function: (need) => {
        const record = this.#storedFunction(need);
        if (record === undefined) this.#wantBody(need);
        else this.#noteAsker(need, record.needs);
        return record ?? null;
      },
      global: (need) => this.#stored(this.#drafts.globals, need) ?? null,
      class: () => null,
      text: (need) => this.#strings.of(need),
      noteDuplicate: () => undefined,
    });
    const facts = this.#sources.reached(normalizePath(spec.entry), false).flatMap((path) => {
      const known = this.#drafts.facts.find(this.#keys.ofShape(path));
      if (known === undefined) this.#bodies.add(path);
      return known ?? [];
    });
    image.addRoots(facts);
    image.run();
  }

  /** A function will have to be lowered; one that only its callers can tell about, with these. */
  #wantBody(need: FunctionNeed): void {
    const seen = new Set<string>();
    for (let at: FunctionNeed | undefined = need; at !== undefined && !seen.has(at.id); at = this.#askers.get(at.id)) {
      seen.add(at.id);
      const path = this.#keys.pathOf(at.unit);
      if (path !== undefined) this.#bodies.add(path);
      if (isPlain(at)) return;
    }
  }

  #noteAsker(asker: FunctionNeed, needs: readonly Need[]): void {
    for (let n = 0; n < needs.length; n++) {
      const { id } = needs[n]!;
      if (!this.#askers.has(id)) this.#askers.set(id, asker);
    }
  }

  // -------------------------------------------------------------------------------------------------------------------

  #attempt(missing: readonly ImageSpec[], toCheck: readonly string[]): Attempt {
    this.#drafts.discard();
    this.#failure = null;
    const doNothing = (): void => undefined;
    if (this.#bodies.size === 0) return { ...this.#lowerAll(missing, null), confirm: () => [], prepareEnd: doNothing };
    const isWhole = this.#bodies.size === this.#sources.digests.size && toCheck.length === this.#sources.digests.size;
    const startTypes = toCheck.length === 0 ? null : this.#startTypes;
    this.#startTypes = null;
    const texts = isWhole
      ? this.#sources.texts
      : excerptOf(this.#sources.texts, this.#sources.digests, this.#bodies, this.#isWrong);
    const areTypesRight = isWhole || startTypes !== null ? null : this.#startQuickCheck(texts, toCheck);
    const isCodeOnly = startTypes !== null || areTypesRight !== null;
    const program = this.#createProgram(texts, isWhole, isCodeOnly);
    const roots = [...this.#sources.libraryTexts.keys(), ...this.#entries];
    const areAllRight = startTypes?.(roots) ?? null; // now, lest somebody waits in the end
    const canBeLowered = program.checkTypes(toCheck);
    // Of everything, most is in the programs: what is not is known when they have been lowered.
    const wanted = canBeLowered && !isWhole ? program.checkDeclarations(toCheck) : [];
    if (program.found.length > 0 && !isWhole && !isCodeOnly) this.#lookAgain();
    const images = this.#lowerAll(canBeLowered ? missing : [], program);
    const leftovers = canBeLowered && isWhole ? program.checkDeclarations(toCheck) : wanted;
    this.#lowerLeftovers(leftovers, program);
    for (const path of toCheck) this.#drafts.checked.put(this.#keys.ofFile(path), true);
    const confirm = (): readonly Diagnostic[] => {
      if (areTypesRight?.() === false) this.#lookAgain();
      if (areAllRight?.(this.#sources.texts) === false) throw new CannotReuse();
      if (program.found.length > 0) return program.found;
      if (this.#failure !== null) throw this.#failure.error;
      this.#drafts.commit();
      return [];
    };
    if (program.found.length > 0) return { ...nothing, confirm, prepareEnd: doNothing };
    const prepareEnd = isCodeOnly ? (): void => this.#store.prepareEnd(this.#drafts.contents) : doNothing;
    return { ...images, confirm, prepareEnd };
  }

  /** Gives what waits for the answer. Null: nobody looks. */
  #startQuickCheck(texts: ReadonlyMap<string, string>, paths: readonly string[]): (() => boolean) | null {
    const { areTypesRight } = this.#options;
    if (areTypesRight === undefined || paths.length === 0 || this.#isWrong) return null;
    const { libraryTexts } = this.#sources;
    // What another attempt has in full besides does not change what is asked.
    this.#quickCheck ??= once(areTypesRight(new Map([...texts, ...libraryTexts]), [...libraryTexts.keys(), ...paths]));
    return this.#quickCheck;
  }

  /** Unless this has been done already. */
  #lookAgain(): void {
    if (this.#isWrong) return;
    this.#isWrong = true;
    throw new LookAgain();
  }

  #createProgram(texts: ReadonlyMap<string, string>, isWhole: boolean, isCodeOnly: boolean): KernelTsProgram {
    this.#sources.beginProgram();
    const { defines, images, libraryFiles, root } = this.#options;
    const readFile = (path: string): string | undefined => texts.get(path) ?? this.#sources.libraryTexts.get(path);
    return new KernelTsProgram({
      files: { readFile },
      entries: isWhole ? images.map(({ entry }) => entry) : [...this.#bodies],
      root,
      libraryFiles,
      defines,
      parse: this.#sources.parse,
      ambiguousNames: this.#ambiguous,
      isCodeOnly,
      improve: (fn) => this.#clean(fn),
    });
  }

  /** A program with wrong types may do anything to the passes: as long as its types may be wrong, that is no failure of ours. */
  #clean(fn: IrFunction): void {
    try {
      this.#cleaner.clean(fn);
    } catch (error) {
      this.#failure ??= { error };
      fn.blocks = [];
    }
  }

  #lowerAll(missing: readonly ImageSpec[], program: KernelTsProgram | null): Pick<Attempt, 'lowered' | 'planned'> {
    const lowered = new Map<string, LoweredImage>();
    const planned = new Map<string, PlannedImage>();
    for (const image of missing) {
      const changes = this.#withPlans && hasPlan(image) ? this.#findChanges(image, program) : null;
      if (changes === null) lowered.set(image.name, this.#lower(image, program));
      else planned.set(image.name, changes);
    }
    return { lowered, planned };
  }

  #findChanges(spec: ImageSpec, program: KernelTsProgram | null): PlannedImage | null {
    const plan = this.#store.plans.find(this.#planKey(spec));
    if (plan === undefined) return null;
    const record = (need: FunctionNeed): FunctionRecord | null => {
      const known = this.#storedFunction(need);
      if (known === undefined && !isPlain(need) && !this.#askers.has(need.id)) return null;
      const now = known ?? this.#lowerFunction(need, program);
      this.#noteAsker(need, now.needs);
      return now;
    };
    const changes = findChanges(plan, this.#factsOf(spec, program), { keys: this.#keys, store: this.#store, record });
    if (changes !== null) for (const { need } of plan.functions) this.#settled.add(need.id);
    return changes;
  }

  #factsOf({ entry }: ImageSpec, program: KernelTsProgram | null): FileFacts[] {
    return this.#sources.reached(normalizePath(entry), false).map((path) => this.#facts(path, program));
  }

  #lower(spec: ImageSpec, program: KernelTsProgram | null): LoweredImage {
    const image = new ProgramImage(this.#recordSource(program));
    const facts = this.#factsOf(spec, program);
    image.addRoots(facts);
    image.run();
    // Only the layout file is made of these, which programs do not have.
    if (spec.kind === 'kernel') {
      image.describeClasses();
      image.addConstants(facts);
    }
    const functions = new Map<string, LoweredFunction>();
    image.functions.forEach(({ need, record }, name) => {
      functions.set(name, { key: this.#keys.of(need)!, need, record });
    });
    const { constants, data, entry, structs } = image;
    const basis = hasPlan(spec) ? basisOf(image, facts, this.#keys) : null;
    return { functions, data, structs, constants, entry, basis };
  }

  /** What no program uses is lowered too, to see whether it can be. */
  #lowerLeftovers(needs: readonly Need[], program: KernelTsProgram): void {
    const source = this.#recordSource(program);
    const image = new ProgramImage({
      ...source,
      function: (need) => (this.#settled.has(need.id) ? null : source.function(need)),
    });
    for (const need of needs) image.add(need);
    image.run();
  }

  #facts(path: string, program: KernelTsProgram | null): FileFacts {
    const key = this.#keys.ofShape(path);
    const known = this.#drafts.facts.find(key);
    if (known !== undefined) return known;
    const facts = program === null || !this.#bodies.has(path) ? null : program.facts(path);
    if (facts === null) throw this.#missingBody(path);
    this.#drafts.facts.put(key, facts);
    return facts;
  }

  #recordSource(program: KernelTsProgram | null): RecordSource {
    const { classes, globals } = this.#drafts;
    return {
      function: (need) => {
        const record = this.#storedFunction(need) ?? this.#lowerFunction(need, program);
        this.#noteAsker(need, record.needs);
        return record;
      },
      global: (need) => this.#stored(globals, need) ?? this.#keep(globals, need, program?.catalogue.global(need)),
      class: (need) => this.#stored(classes, need) ?? this.#keep(classes, need, program?.catalogue.class(need)),
      text: (need) => this.#strings.of(need),
      noteDuplicate: () => {
        throw new CannotReuse();
      },
    };
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Records

  #stored<T>(shelf: Draft<T>, need: Exclude<Need, TextNeed>): T | undefined {
    const key = this.#keys.of(need);
    return key === undefined ? undefined : shelf.find(key);
  }

  #storedFunction(need: FunctionNeed): StoredFunction | undefined {
    const record = this.#stored(this.#drafts.functions, need);
    return record === undefined ? undefined : moveFunction(record, this.#keys.lineOf(need.unit)!);
  }

  #keep<T>(shelf: Draft<T>, need: Exclude<Need, TextNeed>, record: T | null | undefined): T {
    const key = this.#keys.of(need);
    if (record === null || record === undefined || key === undefined) throw new CannotReuse();
    shelf.put(key, record);
    return record;
  }

  #lowerFunction(need: FunctionNeed, program: KernelTsProgram | null) {
    const path = this.#keys.pathOf(need.unit);
    if (path === undefined) throw new CannotReuse();
    if (program === null || !this.#bodies.has(path)) throw this.#missingBody(path);
    if (!program.catalogue.knows(need)) this.#makeKnown(need, path, program, new Set());
    const line = this.#keys.lineOf(need.unit)!;
    const record = program.catalogue.function(need);
    return this.#keep(
      this.#drafts.functions,
      need,
      record === null || record === undefined ? null : { ...record, line },
    );
  }

  /** A generic's instances and arrows are known to those who have seen them used. */
  #makeKnown(need: FunctionNeed, path: string, program: KernelTsProgram, seen: Set<string>): void {
    if (program.catalogue.knows(need) || seen.has(need.id)) return;
    seen.add(need.id);
    program.register(need, path);
    const asker = this.#askers.get(need.id);
    if (program.catalogue.knows(need) || asker === undefined) return;
    const from = this.#keys.pathOf(asker.unit);
    if (from === undefined) return;
    if (!this.#bodies.has(from)) throw this.#missingBody(from);
    this.#makeKnown(asker, from, program, seen);
    program.catalogue.function(asker);
  }

  #missingBody(path: string): MissingBodies {
    this.#bodies.add(path);
    return new MissingBodies();
  }
}

function once<T>(action: () => T): () => T {
  let done: { readonly value: T } | null = null;
  return () => (done ??= { value: action() }).value;
}

/** Other programs are so small that it takes as long to go by a plan. */
function hasPlan({ kind }: ImageSpec): boolean {
  return kind === 'kernel';
}

/** Its unit says which function it is. */
function isPlain({ id, classes }: FunctionNeed): boolean {
  return classes.length === 0 && !id.includes('<') && !/\.arrow\d+$/.test(id);
}
