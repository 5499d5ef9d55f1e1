/*
 * What a pass looks like to the pipeline, and who runs it.
 *
 * Passes over functions tell whether they have changed anything. So a pass that stands in the list again, to pick up
 * what others have made possible, skips the functions that nothing has changed since it looked at them last.
 */

import type { IrFunction, IrModule } from '../ir/types.ts';

/** A pass over one function. It may look at the module, not change it. Gives true if the function is different now. */
export type FunctionPass = (fn: IrFunction, module: IrModule) => boolean;

/** A pass over one function, with its name. */
export interface NamedPass {
  /** As in `--dump=NAME`. */
  readonly name: string;
  readonly run: FunctionPass;
}

/** An entry of the pipeline: a pass over the whole module. */
export interface Pass {
  readonly name: string;
  run(module: IrModule, runner: Runner): void;
}

/** Runs passes over functions, and remembers who has changed what. One for each run of the pipeline. */
export class Runner {
  #time = 0;
  readonly #changed = new Map<IrFunction, number>();
  /** By the pass's name. */
  readonly #done = new Map<string, Map<IrFunction, number>>();

  /** Runs the pass, unless the function is as the pass has left it. */
  run({ name, run }: NamedPass, fn: IrFunction, module: IrModule): void {
    let done = this.#done.get(name);
    if (done === undefined) {
      done = new Map();
      this.#done.set(name, done);
    }
    if ((done.get(fn) ?? -1) >= (this.#changed.get(fn) ?? 0)) return;
    if (run(fn, module)) this.noteChange(fn);
    done.set(fn, this.#time);
  }

  /** Anything may have changed. */
  forget(): void {
    this.#done.clear();
  }

  noteChange(fn: IrFunction): void {
    this.#changed.set(fn, ++this.#time);
  }
}

/** A pass over every function that has blocks. */
export function each(pass: NamedPass): Pass {
  return group(pass.name, pass);
}

/** Several passes over every function, one function after the other. */
export function group(name: string, ...passes: readonly NamedPass[]): Pass {
  return {
    name,
    run: (module, runner) => {
      for (const fn of module.functions.values()) {
        if (fn.blocks.length > 0) for (const pass of passes) runner.run(pass, fn, module);
      }
    },
  };
}
