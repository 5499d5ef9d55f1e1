/*
 * What a pass looks like to the pipeline.
 */

import type { IrFunction, IrModule } from '../ir/types.ts';

export interface Pass {
  /** As in `--dump=NAME`. */
  readonly name: string;
  run(module: IrModule): void;
}

/** A pass over one function. It may look at the module, not change it. */
export type FunctionPass = (fn: IrFunction, module: IrModule) => void;

/** A pass over every function that has blocks. */
export function each(name: string, pass: FunctionPass): Pass {
  return {
    name,
    run: (module) => {
      for (const fn of module.functions.values()) {
        if (fn.blocks.length > 0) pass(fn, module);
      }
    },
  };
}

/** Several passes over one function, one after the other. */
export function inTurn(...passes: readonly FunctionPass[]): FunctionPass {
  return (fn, module) => {
    for (const pass of passes) pass(fn, module);
  };
}
