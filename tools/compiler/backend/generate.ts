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
  /** Supplies the code of a function from elsewhere, a cache for example; null: generate it. */
  readonly generate?: (fn: IrFunction) => MachineCode | null;
}

/** Machine code for a whole module, together with the runtime functions that it calls. */
export function generateCode(module: IrModule, options: GenerateOptions = {}): MachineModule {
  const functions: MachineCode[] = [];
  for (const fn of module.functions.values()) {
    functions.push(options.generate?.(fn) ?? generateFunction(fn, options));
  }
  functions.push(...neededRuntime(functions));
  return {
    functions,
    data: [...module.data.values()],
    structs: module.structs,
    constants: module.constants,
    entry: module.entry,
  };
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
