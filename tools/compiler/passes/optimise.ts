/*
 * Runs the pipeline.
 */

import type { IrModule } from '../ir/types.ts';
import { assertValid } from '../ir/verify.ts';
import { type Pass, Runner } from './pass.ts';
import { levels } from './pipeline.ts';

export interface OptimiseOptions {
  /** 0, 1 or 2. Default: 2. */
  readonly level?: 0 | 1 | 2;
  /** Check all invariants before the first and after every pass. Slow; for tests. */
  readonly verify?: boolean;
  /** Called after each pass, for `--dump=PASS`. A pass that stands in the list twice is reported twice. */
  readonly dump?: (pass: string, module: IrModule) => void;
}

/** Improves the module in place. */
export function optimise(module: IrModule, { level = 2, verify = false, dump }: OptimiseOptions = {}): void {
  if (verify) assertValid(module, 'the front end');
  const runner = new Runner();
  for (const pass of passesOf(level)) {
    pass.run(module, runner);
    if (verify) assertValid(module, pass.name);
    dump?.(pass.name, module);
  }
}

/** The names that `--dump` knows, each once. */
export function passNames(): string[] {
  return [...new Set(levels.flatMap((passes) => passes.map(({ name }) => name)))];
}

/** The passes of a level, in their order. */
export function passesOf(level: 0 | 1 | 2): readonly Pass[] {
  return levels[level]!;
}
