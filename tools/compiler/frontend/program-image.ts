/*
 * One program, put together from records: everything that can be reached from its roots, and nothing else.
 *
 * A record says what its thing needs; each need for something new puts that on the worklist. So a program contains what
 * it uses, whatever else is in the modules that it imports.
 */

import { decodeFunction } from '../ir/codec.ts';
import { IrModule, type IrData, type StructLayout } from '../ir/types.ts';
import type {
  ClassNeed,
  ClassRecord,
  FileFacts,
  FunctionNeed,
  FunctionRecord,
  GlobalNeed,
  GlobalRecord,
  Need,
  TextNeed,
} from './records.ts';

/** Where the records come from. Null: there is none, and somebody has taken note of it. */
export interface RecordSource {
  function(need: FunctionNeed): FunctionRecord | null;
  global(need: GlobalNeed): GlobalRecord | null;
  class(need: ClassNeed): ClassRecord | null;
  text(need: TextNeed): IrData;
  /** Two things have the same name. */
  noteDuplicate(need: FunctionNeed | GlobalNeed): void;
}

/**
 * A program with a function `start` in its entry module is that function and what is tagged `@export` in the modules it
 * brings in. A module without one is a library: its exported functions are the roots (that is how tests run single
 * functions). The first of the modules is the entry.
 */
export function rootsOf(modules: readonly FileFacts[]): { readonly entry: string | null; readonly needs: Need[] } {
  const start = modules[0]?.start ?? null;
  const needs = modules.flatMap((facts, index): Need[] => {
    const functions = facts.functions.filter(({ isExported, isVisible, need }) => {
      return isExported || (index === 0 && isVisible && (start === null || need.id === start.id));
    });
    return [...functions.map(({ need }) => need), ...facts.variables];
  });
  return { entry: start?.symbol ?? null, needs };
}

export function constantsIn(modules: readonly FileFacts[]): Map<string, number | bigint> {
  return new Map(modules.flatMap(({ constants }) => constants));
}

/** Strings as data, each once. */
export class TextTable {
  readonly #encoder = new TextEncoder();
  /** By symbol, which tells what is in them. */
  readonly #data = new Map<string, IrData>();

  of({ symbol: name, text }: TextNeed): IrData {
    let data = this.#data.get(name);
    if (data === undefined) {
      const bytes = this.#encoder.encode(`${text}\0`);
      const size = bytes.length;
      data = { name, size, align: 1, isConstant: true, section: null, bytes, relocations: [], isExported: false };
      this.#data.set(name, data);
    }
    return data;
  }
}

export class ProgramImage {
  readonly functions = new Map<string, { readonly need: FunctionNeed; readonly record: FunctionRecord }>();
  readonly data = new Map<string, IrData>();
  readonly structs = new Map<string, StructLayout>();
  /** By name: what asked for the data, and for the structs. Strings are not among them. */
  readonly globalNeeds = new Map<string, GlobalNeed>();
  readonly classNeeds = new Map<string, ClassNeed>();
  constants = new Map<string, number | bigint>();
  entry: string | null = null;
  readonly #source: RecordSource;
  readonly #pending: FunctionNeed[] = [];
  /** Ids by symbol. */
  readonly #requested = new Map<string, string>();
  readonly #classes = new Map<string, ClassNeed>();

  constructor(source: RecordSource) {
    this.#source = source;
  }

  addRoots(modules: readonly FileFacts[]): void {
    const { entry, needs } = rootsOf(modules);
    this.entry = entry;
    for (const need of needs) this.add(need);
  }

  addConstants(modules: readonly FileFacts[]): void {
    this.constants = constantsIn(modules);
  }

  add(need: Need): void {
    switch (need.kind) {
      case 'function':
        if (this.#isNew(need)) this.#pending.push(need);
        break;
      case 'global':
        if (this.#isNew(need)) this.#addGlobal(need);
        break;
      case 'text':
        if (this.#isNew(need)) this.data.set(need.symbol, this.#source.text(need));
        break;
      case 'class':
        if (!this.#classes.has(need.id)) this.#classes.set(need.id, need);
    }
  }

  #isNew(need: Exclude<Need, ClassNeed>): boolean {
    const known = this.#requested.get(need.symbol);
    if (known === undefined) this.#requested.set(need.symbol, need.id);
    else if (known !== need.id && need.kind !== 'text') this.#source.noteDuplicate(need);
    return known === undefined;
  }

  #addGlobal(need: GlobalNeed): void {
    const record = this.#source.global(need);
    if (record === null) return;
    for (const other of record.needs) this.add(other);
    this.data.set(record.data.name, record.data);
    this.globalNeeds.set(record.data.name, need);
  }

  /** Follows needs until there are no new ones. */
  run(): void {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      const record = this.#source.function(next);
      if (record === null) continue;
      const { needs } = record;
      for (let n = 0; n < needs.length; n++) this.add(needs[n]!);
      this.functions.set(next.symbol, { need: next, record });
    }
  }

  /** Fills in the layouts of all classes that the program uses, also those that only a field points at. */
  describeClasses(): void {
    const work = [...this.#classes.values()];
    for (let need = work.pop(); need !== undefined; need = work.pop()) {
      const record = this.#source.class(need);
      if (record === null || this.structs.has(record.layout.name)) continue;
      this.structs.set(record.layout.name, record.layout);
      this.classNeeds.set(record.layout.name, need);
      work.push(...record.needs);
    }
  }

  /** The program as IR that belongs to the caller, who may change it. */
  toModule(): IrModule {
    const module = new IrModule();
    for (const [name, { record }] of this.functions) module.functions.set(name, decodeFunction(record.code));
    module.data = new Map(this.data);
    module.structs = new Map(this.structs);
    module.constants = new Map(this.constants);
    module.entry = this.entry;
    return module;
  }
}
