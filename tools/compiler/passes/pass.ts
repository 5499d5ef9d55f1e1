/*
 * What a pass looks like to the pipeline, and who runs it.
 *
 * Passes over functions tell whether they have changed anything. So a pass that stands in the list again, to pick up
 * what others have made possible, skips the functions that nothing has changed since it looked at them last.
 */

import type { IrFunction, IrModule, PassHistory } from '../ir/types.ts';

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

/**
 * Runs passes over functions, and notes in them who has changed what. One for all that happens to the functions of a module.
 * Whatever else changes a function says so.
 */
export class Runner {
  #time = 0;

  /** Runs the passes, one after the other, but for those that have left the function as it is. Without blocks, it is. */
  run(passes: readonly NamedPass[], fn: IrFunction, module: IrModule): void {
    if (fn.blocks.length === 0) return;
    const history = historyOf(fn);
    for (let n = 0; n < passes.length; n++) {
      const { name, run } = passes[n]!;
      const place = placeOf(history, name);
      if (history.left[place]! >= history.changed) continue;
      if (run(fn, module)) history.changed = ++this.#time;
      history.left[place] = this.#time;
    }
  }

  noteChange(fn: IrFunction): void {
    historyOf(fn).changed = ++this.#time;
  }
}

function historyOf(fn: IrFunction): PassHistory {
  return (fn.history ??= { changed: 0, passes: [], left: [] });
}

/** Which one of the passes it is. There are a dozen of them. */
function placeOf({ left, passes }: PassHistory, name: string): number {
  for (let n = 0; n < passes.length; n++) if (passes[n] === name) return n;
  left.push(-1);
  return passes.push(name) - 1;
}

/** A pass over every function that has blocks. */
export function each(pass: NamedPass): Pass {
  const passes = [pass];
  return {
    name: pass.name,
    run: (module, runner) => {
      for (const fn of module.functions.values()) runner.run(passes, fn, module);
    },
  };
}
