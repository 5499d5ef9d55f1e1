/*
 * The back end's entry: IR to machine code with relocations.
 *
 *   select     IR to machine instructions with virtual registers          select/
 *   allocate   virtual registers to real ones and frame slots             allocate/
 *   frame      frame slots to addresses, prologue                         frame.ts
 *   lay out    order of blocks, jumps                                     layout.ts
 *   improve    peephole                                                   peephole.ts
 *   emit       bytes                                                      emit.ts
 *
 * Functions are independent of each other: the code of one depends on nothing but its IR, so it can be cached by that.
 */

import type { IrData, IrFunction, IrModule, StructLayout } from '../ir/types.ts';
import { allocateRegisters } from './allocate/allocate.ts';
import { assembleFunction } from './assembler/assemble.ts';
import { AssemblyError, type AssemblyProblem } from './assembler/errors.ts';
import { emitFunction } from './emit.ts';
import { layOutFrame } from './frame.ts';
import { layOutBlocks } from './layout.ts';
import { printMachineFunction } from './machine/print.ts';
import type { MachineCode } from './machine/types.ts';
import { improve } from './peephole.ts';
import { runtimeFunctions } from './runtime.ts';
import { selectFunction } from './select/select.ts';

/** All of a program in machine code; addresses are still symbols. */
export interface MachineModule {
  readonly functions: readonly MachineCode[];
  readonly data: readonly IrData[];
  readonly structs: ReadonlyMap<string, StructLayout>;
  readonly constants: ReadonlyMap<string, number | bigint>;
  readonly entry: string | null;
}

export interface GenerateOptions {
  /** Receives the code of each function as text, after `select` and after `allocate`. */
  readonly dump?: (stage: 'select' | 'allocate', text: string) => void;
}

/**
 * Machine code for a whole module, together with the runtime functions that it calls. Throws one AssemblyError for all
 * functions with faulty assembly.
 */
export function generateCode(module: IrModule, options: GenerateOptions = {}): MachineModule {
  const problems: AssemblyProblem[] = [];
  const functions = [...module.functions.values()].flatMap((fn) => {
    try {
      return generateFunction(fn, options);
    } catch (error) {
      if (!(error instanceof AssemblyError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new AssemblyError(problems);
  const { structs, constants, entry } = module;
  return assembleModule({ functions, data: [...module.data.values()], structs, constants, entry });
}

/** Adds to the code of a module the runtime functions that it calls, and gives strings short names. */
export function assembleModule(module: MachineModule): MachineModule {
  const functions = [...module.functions, ...neededRuntime(module.functions)];
  return shortenNames({ ...module, functions });
}

/** Machine code for one function. Throws AssemblyError for faulty assembly in a naked one. */
export function generateFunction(fn: IrFunction, options: GenerateOptions = {}): MachineCode {
  if (fn.asm !== null) return assembleFunction(fn);
  const machine = selectFunction(fn);
  options.dump?.('select', printMachineFunction(machine));
  allocateRegisters(machine);
  const frame = layOutFrame(machine);
  layOutBlocks(machine);
  improve(machine);
  options.dump?.('allocate', printMachineFunction(machine));
  return emitFunction(machine, frame, fn);
}

function neededRuntime(functions: readonly MachineCode[]): MachineCode[] {
  const available = runtimeFunctions();
  const needed = new Set<string>();
  for (const { fixups } of functions) {
    for (const { symbol } of fixups) if (available.has(symbol)) needed.add(symbol);
  }
  return [...needed].sort().map((name) => assembleFunction(available.get(name)!));
}

/** Strings are named by their contents, at length, so that functions can be shared; here they are numbered. */
function shortenNames(module: MachineModule): MachineModule {
  const names = new Map<string, string>();
  for (const { name } of module.data) if (name.startsWith('.string')) names.set(name, `.string${names.size}`);
  const rename = <T extends { readonly symbol: string }>(list: readonly T[]): readonly T[] => {
    if (!list.some(({ symbol }) => names.has(symbol))) return list;
    return list.map((item) => (names.has(item.symbol) ? { ...item, symbol: names.get(item.symbol)! } : item));
  };
  return {
    ...module,
    functions: module.functions.map((code) => {
      const fixups = rename(code.fixups);
      return fixups === code.fixups ? code : { ...code, fixups };
    }),
    data: module.data.map((data) => {
      const name = names.get(data.name) ?? data.name;
      const relocations = rename(data.relocations);
      return name === data.name && relocations === data.relocations ? data : { ...data, name, relocations };
    }),
  };
}
