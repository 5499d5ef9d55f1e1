/*
 * An image made from its plan: what has changed is compiled, and so are the functions that have taken it in; of all
 * others the machine code is known.
 *
 * That is right as long as nobody else can tell: the functions that are made anew have to look the same from outside as
 * they did before, to each of the decisions that a plan has in it. If one does not, the plan is refused.
 */

import { assembleModule, type MachineCode } from '../backend/index.ts';
import { decodeHeader } from '../ir/codec.ts';
import { IrModule } from '../ir/types.ts';
import type { ParameterChange } from '../passes/arguments.ts';
import { mayBeInlined } from '../passes/inline.ts';
import { asCallee, type CompiledImage } from './image.ts';
import { isSame, PlanRefused, type ImagePlan, type PlannedFunction, type PlannedImage } from './plan.ts';
import type { Callee, CleanedFunction, ExpandedFunction, ExpandedOutline, Stages } from './stages.ts';
import type { CompileStore } from './store.ts';

/** A plan by which so many functions have to be made anew, or looked up one by one, is replaced. */
const MANY_AFFECTED = 100;

/** Throws PlanRefused. The image has a plan if that is to replace the old one. */
export function patchImage(image: PlannedImage, stages: Stages, store: CompileStore): CompiledImage {
  const patched = new ImagePatcher(image, stages).run();
  keepFor(image.plan, store);
  return patched;
}

/** What a plan stands for has not been looked for, but a later build may want it. */
function keepFor({ basis, functions }: ImagePlan, store: CompileStore): void {
  const keys = functions.map(({ key }) => key);
  store.functions.keep(keys);
  store.expanded.keep(functions.flatMap(({ expanded }) => expanded ?? []));
  store.globals.keep(basis.globals.map(({ key }) => key));
  store.classes.keep(basis.classes.map(({ key }) => key));
}

class ImagePatcher {
  readonly #image: PlannedImage;
  readonly #stages: Stages;
  readonly #functions: readonly PlannedFunction[];
  /** By name. */
  readonly #numbers: ReadonlyMap<string, number>;
  /** What passes may ask about others, as far as it has been needed. */
  readonly #module = new IrModule();
  /** The numbers of all that has to be made anew. */
  readonly #affected: ReadonlySet<number>;
  readonly #cleaned = new Map<number, CleanedFunction>();
  readonly #expanded = new Map<number, ExpandedFunction>();
  readonly #changes: ReadonlyMap<string, ParameterChange>;

  constructor(image: PlannedImage, stages: Stages) {
    const { changes, data, entry, functions } = image.plan;
    this.#image = image;
    this.#stages = stages;
    this.#functions = functions;
    this.#numbers = new Map(functions.map(({ need }, number) => [need.symbol, number]));
    this.#module.entry = entry;
    this.#module.data = new Map(data.map((item) => [item.name, item]));
    this.#changes = new Map(changes);
    this.#affected = affectedBy(image);
  }

  run(): CompiledImage {
    for (const number of this.#affected) this.#compare(number);
    const keys = new Map<number, string>();
    const functions = this.#functions.flatMap(({ finished }, number): MachineCode[] => {
      if (finished === null) return [];
      if (!this.#affected.has(number)) return [known(this.#stages.finishedBefore(finished))];
      const { body, outline } = this.#expandedOf(number);
      this.#addHeaders(outline);
      const { code, key } = this.#stages.finished(outline, body, this.#changes, this.#module);
      keys.set(number, key);
      return [code];
    });
    const { constants, plan } = this.#image;
    const machine = assembleModule({
      functions,
      data: plan.kept.map((name) => this.#module.data.get(name)!),
      structs: new Map(plan.structs.map((struct) => [struct.name, struct])),
      constants,
      entry: plan.entry,
    });
    return { machine, plan: this.#nextPlan(keys) };
  }

  #nextPlan(finished: ReadonlyMap<number, string>): ImagePlan | null {
    const { changed, files, plan } = this.#image;
    if (this.#affected.size < MANY_AFFECTED) return null;
    const functions = this.#functions.map((fn, number) => {
      if (!this.#affected.has(number)) return fn;
      return {
        ...fn,
        key: changed.get(number)?.key ?? fn.key,
        expanded: this.#expandedOf(number).outline.key,
        finished: finished.get(number) ?? null,
      };
    });
    return { ...plan, basis: { ...plan.basis, files }, functions };
  }

  /** Throws PlanRefused if others can tell the function from what it was. */
  #compare(number: number): void {
    const { expanded, key, need } = this.#functions[number]!;
    const cleaned = this.#cleanedOf(number);
    const before = known(this.#stages.cleanedBefore(key, need.unit));
    if (!isSame(cleaned.record.references, before.record.references)) throw new PlanRefused();
    if (!isAlike(this.#expandedOf(number).outline, known(this.#stages.expandedBefore(expanded!)))) {
      throw new PlanRefused();
    }
  }

  // -------------------------------------------------------------------------------------------------------------------

  #cleanedOf(number: number): CleanedFunction {
    let cleaned = this.#cleaned.get(number);
    if (cleaned !== undefined) return cleaned;
    const { key, need } = this.#functions[number]!;
    const changed = this.#image.changed.get(number);
    cleaned = changed ?? known(this.#stages.cleanedBefore(key, need.unit));
    this.#addHeaders(cleaned.record);
    this.#cleaned.set(number, cleaned);
    return cleaned;
  }

  #expandedOf(number: number): ExpandedFunction {
    let expanded = this.#expanded.get(number);
    if (expanded === undefined) {
      const cleaned = this.#cleanedOf(number);
      const calleeOf = (name: string): Callee | undefined => this.#calleeOf(name, cleaned);
      expanded = this.#stages.expanded(cleaned, calleeOf, this.#module);
      this.#expanded.set(number, expanded);
    }
    return expanded;
  }

  #calleeOf(name: string, caller: CleanedFunction): Callee | undefined {
    const number = this.#numbers.get(name);
    if (number === undefined) return undefined;
    const fn = this.#functions[number]!;
    if (fn.isRecursive) return undefined;
    const outline = this.#affected.has(number)
      ? this.#expandedOf(number).outline
      : known(this.#stages.expandedBefore(fn.expanded!));
    const uses = { hasOneUse: () => fn.hasOneUse, isRecursive: () => fn.isRecursive };
    return asCallee({ outline, body: () => this.#expandedOf(number).body() }, caller.record.code.options, uses);
  }

  /** Lets passes see the outside of the functions that one names. */
  #addHeaders({ references }: Pick<ExpandedOutline, 'references'>): void {
    for (const { symbol } of references) {
      const number = this.#numbers.get(symbol);
      if (number === undefined || this.#module.functions.has(symbol)) continue;
      const { key, need } = this.#functions[number]!;
      const { record } = this.#image.changed.get(number) ?? known(this.#stages.cleanedBefore(key, need.unit));
      this.#module.functions.set(symbol, decodeHeader(record.code));
    }
  }
}

/** What has changed, and what has taken that in, from callees to callers. */
function affectedBy({ changed, plan }: PlannedImage): ReadonlySet<number> {
  const order = plan.functions
    .map((_, number) => number)
    .sort((a, b) => plan.functions[a]!.rank - plan.functions[b]!.rank);
  const affected = new Set<number>();
  for (const number of order) {
    const { expanded, inlined } = plan.functions[number]!;
    if (expanded === null) {
      if (changed.has(number)) throw new PlanRefused();
    } else if (changed.has(number) || inlined.some((callee) => affected.has(callee))) affected.add(number);
  }
  return affected;
}

/** Every decision about others comes out the same. */
function isAlike(now: ExpandedOutline, before: ExpandedOutline): boolean {
  const { options } = now;
  return (
    isSame({ ...now, key: '', size: 0 }, { ...before, key: '', size: 0 }) &&
    [true, false].every((hasOneUse) => {
      return mayBeInlined(now, options, hasOneUse) === mayBeInlined(before, options, hasOneUse);
    })
  );
}

function known<T>(found: T | undefined): T {
  if (found === undefined) throw new PlanRefused();
  return found;
}
