/*
 * One program's machine code, made function by function (stages.ts). Here are the decisions that need all of it: what is
 * reached at all, who is recursive or called just once, which arguments can go. They are those of the passes of level 2,
 * in their order, and so is what comes out.
 */

import { assembleModule, type MachineCode, type MachineModule } from '../backend/index.ts';
import type { FunctionRecord } from '../frontend/records.ts';
import { callGraph } from '../ir/call-graph.ts';
import { decodeHeader } from '../ir/codec.ts';
import type { FunctionOutline, ModuleOutline } from '../ir/outline.ts';
import { IrModule, type IrData, type IrFunction, type StructLayout } from '../ir/types.ts';
import { decideArguments } from '../passes/arguments.ts';
import { mayBeInlined } from '../passes/inline.ts';
import { liveNames } from '../passes/remove-unreferenced.ts';
import type { Callee, CleanedFunction, ExpandedOutline, Stages } from './stages.ts';

/** A program as the front end gives it. */
export interface LoweredImage {
  /** By name, each with the key of its contents and the unit that it was made from. */
  readonly functions: ReadonlyMap<
    string,
    { readonly key: string; readonly unit: string; readonly record: FunctionRecord }
  >;
  readonly data: ReadonlyMap<string, IrData>;
  readonly structs: ReadonlyMap<string, StructLayout>;
  readonly constants: ReadonlyMap<string, number | bigint>;
  readonly entry: string | null;
}

interface ExpandedFunction {
  readonly outline: ExpandedOutline;
  readonly body: () => IrFunction;
}

export function compileImage(image: LoweredImage, stages: Stages): MachineModule {
  return new ImageCompiler(image, stages).run();
}

class ImageCompiler {
  readonly #image: LoweredImage;
  readonly #stages: Stages;
  /** What passes may ask about others: the outside of functions, and data. */
  readonly #module = new IrModule();
  readonly #cleaned = new Map<string, CleanedFunction>();
  readonly #expanded = new Map<string, ExpandedFunction>();

  constructor(image: LoweredImage, stages: Stages) {
    this.#image = image;
    this.#stages = stages;
    this.#module.entry = image.entry;
    this.#module.data = new Map(image.data);
  }

  run(): MachineModule {
    this.#clean();
    this.#expand();
    const { structs, constants, entry } = this.#image;
    return assembleModule({
      functions: this.#finish(),
      data: [...this.#module.data.values()],
      structs,
      constants,
      entry,
    });
  }

  #clean(): void {
    const outlines = new Map<string, FunctionOutline>();
    for (const [name, { record }] of this.#image.functions) {
      outlines.set(name, { name, options: record.code.options, references: record.references });
    }
    const live = this.#dropUnreferenced(outlines);
    for (const [name, { record }] of this.#image.functions) {
      if (live.has(name)) this.#module.functions.set(name, decodeHeader(record.code));
    }
    for (const [name, { key, record, unit }] of this.#image.functions) {
      if (live.has(name)) this.#cleaned.set(name, this.#stages.cleaned(key, unit, record, this.#module));
    }
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

  #expand(): void {
    const outlines = new Map<string, FunctionOutline>();
    for (const [name, { code, references }] of this.#cleaned) {
      outlines.set(name, { name, options: code.options, references });
    }
    const graph = callGraph(this.#outline(outlines));
    for (const { name, options } of graph.bottomUp) {
      const calleeOf = (callee: string): Callee | undefined => {
        const known = this.#expanded.get(callee);
        if (known?.outline.isCopyable !== true || graph.isRecursive(callee)) return undefined;
        const isSmall = mayBeInlined(known.outline, options, false);
        const hasOneUse = !isSmall && graph.hasOneUse(callee);
        return isSmall || (hasOneUse && mayBeInlined(known.outline, options, true))
          ? { ...known, hasOneUse }
          : undefined;
      };
      this.#expanded.set(name, this.#stages.expanded(this.#cleaned.get(name)!, calleeOf, this.#module));
    }
  }

  #finish(): MachineCode[] {
    const outlines = new Map<string, ExpandedOutline>();
    for (const name of this.#cleaned.keys()) outlines.set(name, this.#expanded.get(name)!.outline);
    const live = this.#dropUnreferenced(outlines);
    for (const name of outlines.keys()) if (!live.has(name)) outlines.delete(name);
    const changes = decideArguments(this.#outline(outlines));
    return [...outlines].map(([name, outline]) => {
      return this.#stages.finished(outline, this.#expanded.get(name)!.body, changes, this.#module);
    });
  }
}
