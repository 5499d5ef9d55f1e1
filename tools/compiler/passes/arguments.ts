/*
 * Arguments that say nothing: always the same, or never looked at.
 *
 * Needs: nothing but valid IR. Guarantees: where all calls of a function pass the same constant or address, the function
 * uses that instead of the parameter; parameters that are not used are gone from the signature and from the calls. Only
 * functions are changed whose calls are all known: not exported, and called by name alone.
 *
 *   before  call @fill(%0, %1, %2)                    after  call @fill(%0)
 *           function @fill(i32, i32, i32): void {            function @fill(i32): void {
 *             %0 = param 0                                     %0 = param 0
 *             %1 = param 1    ; always 0                       %3 = const 0
 *             %2 = param 2    ; not used                       store u32 [%0], %3
 *             store u32 [%0], %1                               return
 *             return                                         }
 *           }
 */

import { Replacements } from '../ir/edit.ts';
import { type FunctionOutline, isLibrary, type ModuleOutline, outlineOf } from '../ir/outline.ts';
import { type Instruction, IrFunction, type IrModule, type ValueType } from '../ir/types.ts';
import type { Runner } from './pass.ts';

/** A constant or an address that a call passes. */
interface Leaf {
  readonly op: 'const' | 'symbol';
  readonly type: ValueType;
  readonly value: number | bigint;
  readonly symbol: string;
  readonly offset: number;
}

/** What a call passes: a leaf, a parameter of the caller by its index, or something else. */
type Argument = Leaf | number | null;

interface CallOutline {
  readonly callee: string;
  readonly args: readonly Argument[];
}

/** What has to be known of a function's parameters and calls in order to decide. */
export interface ArgumentOutline extends FunctionOutline {
  readonly isNaked: boolean;
  /** By parameter: the body names it, perhaps without using it. */
  readonly isThere: readonly boolean[];
  /** By parameter: something other than a call by name uses it. */
  readonly isUsed: readonly boolean[];
  readonly calls: readonly CallOutline[];
}

/** What becomes of a function's parameters. */
export interface ParameterChange {
  /** By parameter: what stands for it. */
  readonly constants: readonly (Leaf | null)[];
  /** By parameter: it stays in the signature. */
  readonly isKept: readonly boolean[];
}

export function dropArguments(module: IrModule, runner: Runner): void {
  const outline = outlineOf(module);
  const functions = new Map<string, ArgumentOutline>();
  for (const fn of module.functions.values()) {
    functions.set(fn.name, { ...outline.functions.get(fn.name)!, ...outlineArguments(fn) });
  }
  const changes = decideArguments({ ...outline, functions });
  for (const [name, fn] of module.functions) module.functions.set(name, changeArguments(fn, changes, runner));
}

// ---------------------------------------------------------------------------------------------------------------------
// Deciding

export function outlineArguments(fn: IrFunction): Omit<ArgumentOutline, keyof FunctionOutline> {
  const calls: CallOutline[] = [];
  const isUsed = fn.parameters.map(() => false);
  for (const { instructions } of fn.blocks) {
    for (let n = 0; n < instructions.length; n++) {
      const { op, symbol, args } = instructions[n]!;
      if (op === 'call') calls.push({ callee: symbol, args: args.map(argumentOf) });
      else for (let i = 0; i < args.length; i++) if (args[i]!.op === 'param') isUsed[args[i]!.index] = true;
    }
  }
  const isThere = fn.parameters.map(() => false);
  for (const { index } of paramsOf(fn)) isThere[index] = true;
  return { isNaked: fn.asm !== null, isThere, isUsed, calls };
}

function argumentOf({ op, type, value, index, symbol, offset }: Instruction): Argument {
  if (op === 'param') return index;
  return op === 'const' || op === 'symbol' ? { op, type, value, symbol, offset } : null;
}

/** By name: the functions whose parameters change. */
export function decideArguments(module: ModuleOutline<ArgumentOutline>): ReadonlyMap<string, ParameterChange> {
  const changes = new Map<string, ParameterChange>();
  for (const [name, calls] of knownCalls(module)) {
    const fn = module.functions.get(name)!;
    const constants = fn.isThere.map((isThere, index) =>
      isThere ? commonArgument(name, index, calls, changes) : null,
    );
    const isKept = constants.map((constant, index) => constant === null && isNeeded(fn, index, changes));
    if (isKept.includes(false)) changes.set(name, { constants, isKept });
  }
  return changes;
}

/** A call, and the function that it stands in. */
interface KnownCall extends CallOutline {
  readonly caller: string;
}

/** By function: all its calls, if these are all that refers to it. */
function knownCalls(module: ModuleOutline<ArgumentOutline>): Map<string, KnownCall[]> {
  const known = new Map<string, KnownCall[]>();
  if (isLibrary(module)) return known;
  for (const { name, isNaked, isThere, options } of module.functions.values()) {
    const isOpen = isNaked || options.isExported || name === module.entry;
    if (!isOpen && isThere.length > 0) known.set(name, []);
  }
  for (const data of module.data.values()) for (const { symbol } of data.relocations) known.delete(symbol);
  module.functions.forEach(({ references }) => {
    for (let n = 0; n < references.length; n++) if (!references[n]!.isCall) known.delete(references[n]!.symbol);
  });
  module.functions.forEach(({ calls, name: caller }) => {
    for (let n = 0; n < calls.length; n++) {
      const { args, callee } = calls[n]!;
      known.get(callee)?.push({ callee, args, caller });
    }
  });
  return known;
}

/** The constant or address that all calls pass; null if there is none. A recursive call may pass the parameter on. */
function commonArgument(
  name: string,
  index: number,
  calls: readonly KnownCall[],
  changes: ReadonlyMap<string, ParameterChange>,
): Leaf | null {
  let common: Leaf | null = null;
  for (const { caller, args } of calls) {
    const passed = args[index]!;
    if (passed === index && caller === name) continue;
    const argument = typeof passed === 'number' ? (changes.get(caller)?.constants[passed] ?? null) : passed;
    if (argument === null || (common !== null && !isSameLeaf(common, argument))) return null;
    common = argument;
  }
  return common;
}

function isSameLeaf(a: Leaf, b: Leaf): boolean {
  return a.op === b.op && a.value === b.value && a.symbol === b.symbol && a.offset === b.offset;
}

/** The body looks at the parameter, or passes it to somebody who does. */
function isNeeded(fn: ArgumentOutline, parameter: number, changes: ReadonlyMap<string, ParameterChange>): boolean {
  if (fn.isUsed[parameter] === true) return true;
  return fn.calls.some(({ callee, args }) => {
    return args.some((argument, index) => argument === parameter && changes.get(callee)?.isKept[index] !== false);
  });
}

// ---------------------------------------------------------------------------------------------------------------------
// Doing

/** The function after the changes, its own and those of the functions that it calls. */
export function changeArguments(
  fn: IrFunction,
  changes: ReadonlyMap<string, ParameterChange>,
  runner: Runner,
): IrFunction {
  const own = changes.get(fn.name);
  if (own !== undefined) fixConstants(fn, own);
  let hasChanged = own !== undefined;
  for (const { instructions } of fn.blocks) {
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n]!;
      const change = instruction.op === 'call' ? changes.get(instruction.symbol) : undefined;
      if (change === undefined) continue;
      instruction.args = keptOf(instruction.args, change);
      hasChanged = true;
    }
  }
  if (hasChanged) runner.noteChange(fn);
  return own === undefined ? fn : withoutDropped(fn, own);
}

function keptOf(args: readonly Instruction[], { isKept }: ParameterChange): Instruction[] {
  return args.filter((_, index) => isKept[index]);
}

function paramsOf(fn: IrFunction): Instruction[] {
  if (fn.blocks.length === 0) return [];
  const { instructions } = fn.blocks[0]!;
  let count = 0;
  while (instructions[count]!.op === 'param') count++;
  return instructions.slice(0, count);
}

/** Puts constants in the place of parameters. */
function fixConstants(fn: IrFunction, { constants }: ParameterChange): void {
  const replacements = new Replacements(fn);
  const copies: Instruction[] = [];
  const params = paramsOf(fn);
  for (const param of params) {
    const constant = constants[param.index] ?? null;
    if (constant === null) continue;
    const { op, type, value, symbol, offset } = constant;
    const copy = fn.create(op, type, [], param.location, { value, symbol, offset });
    copy.block = fn.blocks[0]!;
    copies.push(copy);
    replacements.replace(param, copy);
  }
  if (copies.length === 0) return;
  replacements.apply(fn);
  fn.blocks[0]!.instructions.splice(params.length - copies.length, 0, ...copies);
}

/** The same function, without the parameters that are not kept. */
function withoutDropped(fn: IrFunction, { isKept }: ParameterChange): IrFunction {
  const numbers = isKept.map((_, index) => isKept.slice(0, index).filter((kept) => kept).length);
  const entry = fn.blocks[0]!;
  entry.instructions = entry.instructions.filter(({ op, index }) => op !== 'param' || isKept[index]);
  for (const param of paramsOf(fn)) param.index = numbers[param.index]!;
  const parameters = fn.parameters.filter((_, index) => isKept[index]);
  const changed = new IrFunction(fn.name, parameters, fn.returns, fn.options, fn.debug);
  changed.blocks = fn.blocks;
  changed.slots = fn.slots;
  changed.reserveIds(fn.valueLimit, fn.blockLimit);
  return changed;
}
