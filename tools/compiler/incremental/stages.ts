/*
 * From the IR of single functions to their machine code, doing nothing twice.
 *
 * The passes of level 2 look at a whole module, but what they do to one function depends on little of it:
 *
 *   cleaned    the function as written, cleaned up           depends on the function
 *   expanded   other functions inlined                       ... and on the expanded callees that may be inlined
 *   finished   arguments dropped, optimised, machine code    ... and on what becomes of parameters, its own and its callees'
 *
 * The front end has functions cleaned up as it lowers them, while they are at hand: its records have them so.
 *
 * A *key* names all that a result depends on: the front end gives the first one (keys.ts), the others are
 * made of it. Results are kept by their keys, so that programs share the code of what they have in common, and a build
 * shares it with the builds before it. Bodies are only made when somebody asks for them.
 */

import { generateFunction } from '../backend/index.ts';
import type { MachineCode } from '../backend/index.ts';
import type { FunctionRecord } from '../frontend/records.ts';
import { decodeFunction, type EncodedFunction, Encoder } from '../ir/codec.ts';
import { ReferenceTable } from '../ir/outline.ts';
import type { IrFunction, IrModule, PassHistory } from '../ir/types.ts';
import { changeArguments, outlineArguments, type ArgumentOutline, type ParameterChange } from '../passes/arguments.ts';
import { expandCallsIn, isCopyable, mayBeInlined, measure, type Candidate, type Measures } from '../passes/inline.ts';
import { Runner } from '../passes/pass.ts';
import { cleanUp, finishing } from '../passes/pipeline.ts';
import { hashTexts } from '../hash.ts';
import { moveFunction, restoreCode, storeCode, type UnitPlaces } from './lines.ts';
import { findOrMake, type CompileStore } from './store.ts';

export interface CleanedFunction {
  readonly key: string;
  readonly record: FunctionRecord;
}

/** What has to be known of an expanded function in order to decide about others. */
export interface ExpandedOutline extends ArgumentOutline, Measures {
  readonly key: string;
  readonly isCopyable: boolean;
}

export interface ExpandedFunction {
  readonly outline: ExpandedOutline;
  /** What may have been inlined. */
  readonly callees: readonly Callee[];
  readonly body: () => IrFunction;
}

/** A callee that may be inlined. */
export interface Callee {
  readonly outline: ExpandedOutline;
  readonly hasOneUse: boolean;
  /** Makes its body, for reading only. */
  readonly body: () => IrFunction;
}

/**
 * A body that nobody needs for a while. All functions of a program are expanded, then all are finished; as objects, which
 * V8's garbage collector copies twice, they would take ten times as much memory.
 */
interface PackedBody {
  readonly code: EncodedFunction;
  readonly history: PassHistory | null;
}

export class Stages {
  readonly #store: CompileStore;
  readonly #places: UnitPlaces;
  readonly #references = new ReferenceTable();
  readonly #runner = new Runner();
  /** Bodies that have been made, by key. Others read them, until their machine code is made. */
  readonly #bodies = new Map<string, IrFunction>();
  /** The same of those that no more than one other reads. */
  readonly #packed = new Map<string, PackedBody>();
  readonly #encoder = new Encoder();

  constructor(store: CompileStore, places: UnitPlaces) {
    this.#store = store;
    this.#places = places;
  }

  #pack(body: IrFunction): PackedBody {
    return { code: this.#encoder.encode(body), history: body.history };
  }

  /** A function that is what it was; undefined if nobody knows any more. `unit`: what it was made from. */
  cleanedBefore(key: string, unit: string): CleanedFunction | undefined {
    const record = this.#store.functions.find(key);
    const line = this.#places.lineOf(unit);
    return record === undefined || line === undefined ? undefined : { key, record: moveFunction(record, line) };
  }

  /** `calleeOf` gives what may be inlined, by name. */
  expanded(fn: CleanedFunction, calleeOf: (name: string) => Callee | undefined, module: IrModule): ExpandedFunction {
    const callees = calleesIn(fn, calleeOf);
    const key = expandedKey(fn, callees);
    const body = (): IrFunction => this.#body(key, fn, callees, module);
    const outline = findOrMake(this.#store.expanded, key, () => {
      const made = body();
      const found = {
        key,
        name: made.name,
        references: key === fn.key ? fn.record.references : this.#references.of(made), // nothing taken in: the same
        ...outlineArguments(made),
        ...measure(made),
        isCopyable: isCopyable(made),
      };
      if (!isReadOften(found)) this.#packUp(key, made, fn);
      return found;
    });
    return { outline, callees, body };
  }

  /** With nothing taken in, which leaves the key as it was, the record has the same body. */
  #packUp(key: string, body: IrFunction, fn: CleanedFunction): void {
    this.#packed.set(key, key === fn.key ? { code: fn.record.code, history: null } : this.#pack(body));
    this.#bodies.delete(key);
  }

  #body(key: string, fn: CleanedFunction, callees: readonly Callee[], module: IrModule): IrFunction {
    const known = this.#bodies.get(key);
    if (known !== undefined) return known;
    const packed = this.#packed.get(key);
    if (packed !== undefined) return decodeFunction(packed.code);
    const body = this.#expand(fn, callees, module);
    this.#bodies.set(key, body);
    return body;
  }

  #expand(fn: CleanedFunction, callees: readonly Callee[], module: IrModule): IrFunction {
    const body = decodeFunction(fn.record.code);
    if (callees.length === 0) return body;
    const candidates = new Map<string, Candidate>();
    callees.forEach(({ body: made, hasOneUse, outline }) => {
      candidates.set(outline.name, { fn: made(), ...outline, hasOneUse });
    });
    if (!expandCallsIn(body, (name) => candidates.get(name))) return body;
    this.#runner.noteChange(body);
    this.#runner.run(cleanUp, body, module);
    return body;
  }

  expandedBefore(key: string): ExpandedOutline | undefined {
    return this.#store.expanded.find(key);
  }

  /** `changes`: what becomes of parameters, in the program at hand. */
  finished(
    outline: ExpandedOutline,
    body: () => IrFunction,
    changes: ReadonlyMap<string, ParameterChange>,
    module: IrModule,
  ): { readonly key: string; readonly code: MachineCode } {
    const key = finishedKey(outline, changes);
    const known = this.finishedBefore(key);
    if (known !== undefined) return { key, code: known };
    const isChanged = key !== outline.key;
    const code = this.#generate(outline, body(), isChanged ? changes : null, module);
    const stored = storeCode(code, this.#places);
    if (stored !== undefined) this.#store.finished.put(key, stored);
    return { key, code };
  }

  finishedBefore(key: string): MachineCode | undefined {
    const known = this.#store.finished.find(key);
    return known === undefined ? undefined : restoreCode(known, this.#places);
  }

  #generate(
    outline: ExpandedOutline,
    body: IrFunction,
    changes: ReadonlyMap<string, ParameterChange> | null,
    module: IrModule,
  ): MachineCode {
    // The body is used up. Few are asked for again, by another program: to make those anew costs less than to copy all.
    this.#bodies.delete(outline.key);
    body.history = this.#packed.get(outline.key)?.history ?? body.history;
    this.#packed.delete(outline.key);
    const fn = changes === null ? body : changeArguments(body, changes, this.#runner);
    this.#runner.run(finishing, fn, module);
    return generateFunction(fn);
  }
}

/** Whether more than one function may have it inlined. */
function isReadOften(outline: ExpandedOutline): boolean {
  return outline.isCopyable && mayBeInlined(outline, outline.options, false);
}

const noCallees: readonly Callee[] = [];

/** What a function calls that may be inlined, in the order of the calls. There are few. */
function calleesIn({ record }: CleanedFunction, calleeOf: (name: string) => Callee | undefined): readonly Callee[] {
  const { references } = record;
  let callees = noCallees;
  for (let n = 0; n < references.length; n++) {
    const { symbol, isCall } = references[n]!;
    if (!isCall || isAmong(callees, symbol)) continue;
    const callee = calleeOf(symbol);
    if (callee !== undefined) callees = [...callees, callee];
  }
  return callees;
}

function isAmong(callees: readonly Callee[], name: string): boolean {
  for (let n = 0; n < callees.length; n++) if (callees[n]!.outline.name === name) return true;
  return false;
}

/** A function that takes nothing in keeps its key. */
function expandedKey(fn: CleanedFunction, callees: readonly Callee[]): string {
  if (callees.length === 0) return fn.key;
  const parts = callees.map(({ hasOneUse, outline }) => `${hasOneUse ? '1' : '+'}${outline.key}`);
  return hashTexts([fn.key, ...parts]);
}

function finishedKey(outline: ExpandedOutline, changes: ReadonlyMap<string, ParameterChange>): string {
  const parts: string[] = [];
  const note = (name: string): void => {
    const change = changes.get(name);
    if (change === undefined) return;
    const part = `${name} ${describeChange(change)}`;
    if (!parts.includes(part)) parts.push(part);
  };
  note(outline.name);
  outline.calls.forEach(({ callee }) => note(callee));
  return parts.length === 0 ? outline.key : hashTexts([outline.key, ...parts]);
}

function describeChange({ constants, isKept }: ParameterChange): string {
  return constants
    .map((constant, index) => {
      if (constant === null) return isKept[index] === true ? 'kept' : 'dropped';
      return `${constant.op} ${constant.type} ${String(constant.value)} ${constant.symbol} ${constant.offset}`;
    })
    .join();
}
