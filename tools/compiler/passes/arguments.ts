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
import { forEachReference, isLibrary } from '../ir/references.ts';
import { type Instruction, IrFunction, type IrModule } from '../ir/types.ts';

export function dropArguments(module: IrModule): void {
  for (const [name, calls] of knownCalls(module)) {
    const fn = module.functions.get(name)!;
    fixConstants(fn, calls);
    dropUnused(module, fn, calls);
  }
}

/** By function: all its calls, if these are all that refers to it. */
function knownCalls(module: IrModule): Map<string, Instruction[]> {
  const calls = new Map<string, Instruction[]>();
  if (isLibrary(module)) return calls;
  for (const fn of module.functions.values()) {
    const isOpen = fn.asm !== null || fn.options.isExported || fn.name === module.entry;
    if (!isOpen && fn.parameters.length > 0) calls.set(fn.name, []);
  }
  for (const data of module.data.values()) for (const { symbol } of data.relocations) calls.delete(symbol);
  for (const fn of module.functions.values()) {
    forEachReference(fn, (symbol, kind) => {
      if (kind === 'address') calls.delete(symbol);
    });
  }
  for (const fn of module.functions.values()) {
    for (const { instructions } of fn.blocks) {
      for (const instruction of instructions) {
        if (instruction.op === 'call') calls.get(instruction.symbol)?.push(instruction);
      }
    }
  }
  return calls;
}

function paramsOf(fn: IrFunction): Instruction[] {
  return fn.blocks[0]!.instructions.filter(({ op }) => op === 'param');
}

/** Puts constants in the place of parameters. */
function fixConstants(fn: IrFunction, calls: readonly Instruction[]): void {
  const replacements = new Replacements(fn);
  const constants: Instruction[] = [];
  const params = paramsOf(fn);
  for (const param of params) {
    const value = commonArgument(param, calls);
    if (value === null) continue;
    const { symbol, offset } = value;
    const copy = fn.create(value.op, value.type, [], param.location, { value: value.value, symbol, offset });
    copy.block = fn.blocks[0]!;
    constants.push(copy);
    replacements.replace(param, copy);
  }
  if (constants.length === 0) return;
  replacements.apply(fn);
  const kept = params.filter((param) => !replacements.isReplaced(param)).length;
  fn.blocks[0]!.instructions.splice(kept, 0, ...constants);
}

/** The constant or address that all calls pass; null if there is none. A recursive call may pass the parameter on. */
function commonArgument(param: Instruction, calls: readonly Instruction[]): Instruction | null {
  let common: Instruction | null = null;
  for (const { args } of calls) {
    const argument = args[param.index]!;
    if (argument === param) continue;
    if (argument.op !== 'const' && argument.op !== 'symbol') return null;
    if (common !== null && !isSameLeaf(common, argument)) return null;
    common = argument;
  }
  return common;
}

function isSameLeaf(a: Instruction, b: Instruction): boolean {
  return a.op === b.op && a.value === b.value && a.symbol === b.symbol && a.offset === b.offset;
}

/** Takes parameters without uses out of the signature. */
function dropUnused(module: IrModule, fn: IrFunction, calls: readonly Instruction[]): void {
  const isUsed = fn.parameters.map(() => false);
  for (const { instructions } of fn.blocks) {
    for (const { args } of instructions) for (const { op, index } of args) if (op === 'param') isUsed[index] = true;
  }
  if (isUsed.every((used) => used)) return;
  const numbers = isUsed.map((_, index) => isUsed.slice(0, index).filter((used) => used).length);
  const [entry] = fn.blocks;
  entry!.instructions = entry!.instructions.filter(({ op, index }) => op !== 'param' || isUsed[index]);
  for (const param of paramsOf(fn)) param.index = numbers[param.index]!;
  for (const call of calls) call.args = call.args.filter((_, index) => isUsed[index]);
  module.functions.set(fn.name, withParameters(fn, isUsed));
}

/** The same function, with fewer parameters. */
function withParameters(fn: IrFunction, isKept: readonly boolean[]): IrFunction {
  const parameters = fn.parameters.filter((_, index) => isKept[index]);
  const changed = new IrFunction(fn.name, parameters, fn.returns, fn.options, fn.debug);
  changed.blocks = fn.blocks;
  changed.slots = fn.slots;
  changed.reserveIds(fn.valueLimit, fn.blockLimit);
  return changed;
}
