/*
 * One program's machine code, made function by function (stages.ts). Here are the decisions that need all of it: what is
 * reached at all, who is recursive or called just once, which arguments can go. They are those of the passes of level 2,
 * in their order, and so is what comes out.
 */

import { assembleModule, type MachineCode, type MachineModule } from '../backend/index.ts';
import type { FunctionNeed } from '../frontend/records.ts';
import { callGraph, type CallGraph } from '../ir/call-graph.ts';
import { decodeHeader } from '../ir/codec.ts';
import type { FunctionOutline, ModuleOutline } from '../ir/outline.ts';
import { IrModule, type FunctionOptions, type IrData, type StructLayout } from '../ir/types.ts';
import { decideArguments, type ParameterChange } from '../passes/arguments.ts';
import { mayBeInlined } from '../passes/inline.ts';
import { liveNames } from '../passes/remove-unreferenced.ts';
import type { ImagePlan, PlanBasis, PlannedFunction } from './plan.ts';
import type { Callee, CleanedFunction, ExpandedFunction, ExpandedOutline, Stages } from './stages.ts';

export interface LoweredFunction extends CleanedFunction {
  readonly need: FunctionNeed;
}

/** A program as the front end gives it. */
export interface LoweredImage {
  /** By name. */
  readonly functions: ReadonlyMap<string, LoweredFunction>;
  readonly data: ReadonlyMap<string, IrData>;
  readonly structs: ReadonlyMap<string, StructLayout>;
  readonly constants: ReadonlyMap<string, number | bigint>;
  readonly entry: string | null;
  /** Where a plan of the image starts from; null if there shall be none. */
  readonly basis: PlanBasis | null;
}

export interface CompiledImage {
  readonly machine: MachineModule;
  readonly plan: ImagePlan | null;
}

export function compileImage(image: LoweredImage, stages: Stages): CompiledImage {
  return new ImageCompiler(image, stages).run();
}

/** The function as one that may be inlined into a function with the options `caller`; undefined if it must not be. */
export function asCallee(
  fn: Pick<ExpandedFunction, 'body' | 'outline'> | undefined,
  caller: FunctionOptions,
  uses: Uses,
): Callee | undefined {
  if (fn?.outline.isCopyable !== true) return undefined;
  const { name } = fn.outline;
  const isSmall = mayBeInlined(fn.outline, caller, false);
  if (!isSmall && !(uses.hasOneUse(name) && mayBeInlined(fn.outline, caller, true))) return undefined;
  return uses.isRecursive(name) ? undefined : { outline: fn.outline, body: fn.body, hasOneUse: !isSmall };
}

/** How functions are used, by name. */
type Uses = Pick<CallGraph, 'hasOneUse' | 'isRecursive'>;

class ImageCompiler {
  readonly #image: LoweredImage;
  readonly #stages: Stages;
  /** What passes may ask about others: the outside of functions, and data. */
  readonly #module = new IrModule();
  readonly #reached = new Map<string, CleanedFunction>();
  readonly #expanded = new Map<string, ExpandedFunction>();
  /** By name, for the plan: the key of its machine code. */
  readonly #finished = new Map<string, string>();

  constructor(image: LoweredImage, stages: Stages) {
    this.#image = image;
    this.#stages = stages;
    this.#module.entry = image.entry;
    this.#module.data = new Map(image.data);
  }

  run(): CompiledImage {
    this.#dropUnreached();
    const data = [...this.#module.data.values()];
    const graph = this.#expand();
    const outlines = this.#dropInlined();
    const changes = decideArguments(this.#outline(outlines));
    const functions = this.#finish(outlines, changes);
    const kept = [...this.#module.data.values()];
    const { constants, entry, structs } = this.#image;
    const machine = assembleModule({ functions, data: kept, structs, constants, entry });
    return { machine, plan: this.#plan(graph, changes, data) };
  }

  /** What is left of the functions when they have been cleaned up. */
  #dropUnreached(): void {
    const { functions } = this.#image;
    const live = this.#dropUnreferenced(outlinesOf(functions));
    functions.forEach((fn, name) => {
      if (!live.has(name)) return;
      this.#reached.set(name, fn);
      this.#module.functions.set(name, decodeHeader(fn.record.code));
    });
  }

  /** What is live; data that is not is dropped. */
  #dropUnreferenced(functions: ReadonlyMap<string, FunctionOutline>): ReadonlySet<string> {
    const live = liveNames(this.#outline(functions));
    for (const name of this.#module.data.keys()) if (!live.has(name)) this.#module.data.delete(name);
    return live;
  }

  #outline<T extends FunctionOutline>(functions: ReadonlyMap<string, T>): ModuleOutline<T> {
    return { functions, data: this.#module.data, entry: this.#image.entry };
  }

  #expand(): CallGraph {
    const graph = callGraph(this.#outline(outlinesOf(this.#reached)));
    graph.bottomUp.forEach(({ name, options }) => {
      const calleeOf = (callee: string): Callee | undefined => asCallee(this.#expanded.get(callee), options, graph);
      this.#expanded.set(name, this.#stages.expanded(this.#reached.get(name)!, calleeOf, this.#module));
    });
    return graph;
  }

  /** What is left when everything has been inlined, in the order of the image. */
  #dropInlined(): ReadonlyMap<string, ExpandedOutline> {
    const outlines = new Map<string, ExpandedOutline>();
    this.#reached.forEach((_, name) => outlines.set(name, this.#expanded.get(name)!.outline));
    const live = this.#dropUnreferenced(outlines);
    outlines.forEach((_, name) => live.has(name) || outlines.delete(name));
    return outlines;
  }

  #finish(
    outlines: ReadonlyMap<string, ExpandedOutline>,
    changes: ReadonlyMap<string, ParameterChange>,
  ): MachineCode[] {
    const finished: MachineCode[] = [];
    outlines.forEach((outline, name) => {
      const { code, key } = this.#stages.finished(outline, this.#expanded.get(name)!.body, changes, this.#module);
      if (this.#image.basis !== null) this.#finished.set(name, key);
      finished.push(code);
    });
    return finished;
  }

  #plan(graph: CallGraph, changes: ReadonlyMap<string, ParameterChange>, data: readonly IrData[]): ImagePlan | null {
    const { basis, entry, functions, structs } = this.#image;
    if (basis === null) return null;
    const ranks = new Map(graph.bottomUp.map(({ name }, rank) => [name, rank]));
    const numbers = new Map([...functions.keys()].map((name, number) => [name, number]));
    const planned = [...functions].map(([name, { key, need }]): PlannedFunction => {
      return {
        need,
        key,
        expanded: this.#expanded.get(name)?.outline.key ?? null,
        finished: this.#finished.get(name) ?? null,
        rank: ranks.get(name) ?? -1,
        isRecursive: graph.isRecursive(name),
        hasOneUse: graph.hasOneUse(name),
        inlined: (this.#expanded.get(name)?.callees ?? []).map(({ outline }) => numbers.get(outline.name)!),
      };
    });
    const kept = [...this.#module.data.keys()];
    return { basis, entry, functions: planned, data, kept, structs: [...structs.values()], changes: [...changes] };
  }
}

function outlinesOf(functions: ReadonlyMap<string, CleanedFunction>): Map<string, FunctionOutline> {
  const outlines = new Map<string, FunctionOutline>();
  functions.forEach(({ record }, name) => {
    outlines.set(name, { name, options: record.code.options, references: record.references });
  });
  return outlines;
}
