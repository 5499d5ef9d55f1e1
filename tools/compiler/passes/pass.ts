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

/** When a function was changed last, and when each pass, by name, has left it. */
export interface History {
  changed: number;
  readonly left: Map<string, number>;
}

/**
 * Runs passes over functions, and remembers who has changed what. One for all that happens to the functions of a module.
 * Whatever else changes a function says so.
 */
export class Runner {
  #time = 0;
  readonly #histories = new Map<IrFunction, History>();

  /** Runs the passes, one after the other, but for those that have left the function as it is. Without blocks, it is. */
  run(passes: readonly NamedPass[], fn: IrFunction, module: IrModule): void {
    if (fn.blocks.length === 0) return;
    const history = this.#historyOf(fn);
    for (let n = 0; n < passes.length; n++) {
      const { name, run } = passes[n]!;
      if ((history.left.get(name) ?? -1) >= history.changed) continue;
      if (run(fn, module)) history.changed = ++this.#time;
      history.left.set(name, this.#time);
    }
  }

  /** The function has been used up, or is put away. Gives what is known of it. */
  forget(fn: IrFunction): History | undefined {
    const history = this.#histories.get(fn);
    this.#histories.delete(fn);
    return history;
  }

  /** The function is the same as one that was forgotten. */
  remember(fn: IrFunction, history: History): void {
    this.#histories.set(fn, history);
  }

  noteChange(fn: IrFunction): void {
    this.#historyOf(fn).changed = ++this.#time;
  }

  #historyOf(fn: IrFunction): History {
    let history = this.#histories.get(fn);
    if (history === undefined) {
      history = { changed: 0, left: new Map() };
      this.#histories.set(fn, history);
    }
    return history;
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
      for (const fn of module.functions.values()) runner.run(passes, fn, module);
    },
  };
}
