/*
 * What of a module the decisions need that look at all of it: who names whom, and how. The passes over modules work on
 * this, so that they can also decide about functions whose bodies are not there.
 */

import { forEachReference } from './references.ts';
import type { FunctionOptions, IrData, IrFunction, IrModule } from './types.ts';

export interface Reference {
  readonly symbol: string;
  /** Called by name; otherwise its address is taken. */
  readonly isCall: boolean;
}

export interface FunctionOutline {
  readonly name: string;
  readonly options: FunctionOptions;
  /** As often as the function names the symbol. */
  readonly references: readonly Reference[];
}

export interface ModuleOutline<T extends FunctionOutline = FunctionOutline> {
  readonly functions: ReadonlyMap<string, T>;
  readonly data: ReadonlyMap<string, IrData>;
  readonly entry: string | null;
}

export function referencesOf(fn: IrFunction): Reference[] {
  const references: Reference[] = [];
  forEachReference(fn, (symbol, kind) => references.push({ symbol, isCall: kind === 'call' }));
  return references;
}

/** Makes equal references one object: there are many, and a store writes each object once. */
export class ReferenceTable {
  readonly #calls = new Map<string, Reference>();
  readonly #addresses = new Map<string, Reference>();

  of(fn: IrFunction): Reference[] {
    const references: Reference[] = [];
    forEachReference(fn, (symbol, kind) => references.push(this.#shared(symbol, kind === 'call')));
    return references.slice(); // a list that grows takes room for more
  }

  #shared(symbol: string, isCall: boolean): Reference {
    const known = isCall ? this.#calls : this.#addresses;
    let reference = known.get(symbol);
    if (reference === undefined) {
      reference = { symbol, isCall };
      known.set(symbol, reference);
    }
    return reference;
  }
}

export function outlineOf(module: IrModule): ModuleOutline {
  const functions = new Map<string, FunctionOutline>();
  for (const fn of module.functions.values()) {
    functions.set(fn.name, { name: fn.name, options: fn.options, references: referencesOf(fn) });
  }
  return { functions, data: module.data, entry: module.entry };
}

/** A module with neither entry nor exported functions is a library, of which the host may call every function. */
export function isLibrary({ entry, functions }: ModuleOutline): boolean {
  if (entry !== null) return false;
  for (const { options } of functions.values()) if (options.isExported) return false;
  return true;
}
