/*
 * The list of passes, in their order.
 */

import { IrModule, type IrFunction } from '../ir/types.ts';
import { dropArguments } from './arguments.ts';
import { eliminateDeadCode } from './dce.ts';
import { removeDeadStores } from './dead-stores.ts';
import { expandCopies } from './expand-copies.ts';
import { forwardLoads } from './forward-loads.ts';
import { numberValues } from './gvn.ts';
import { convertBranches } from './if-convert.ts';
import { inlineCalls } from './inline.ts';
import { hoistInvariants } from './licm.ts';
import { each, Runner, type NamedPass, type Pass } from './pass.ts';
import { promoteSlots } from './promote-slots.ts';
import { removeUnreferenced } from './remove-unreferenced.ts';
import { propagateConstants } from './sccp.ts';
import { simplifyControlFlow } from './simplify-cfg.ts';
import { simplify } from './simplify.ts';
import { reduceStrength } from './strength.ts';
import { removeTrivialPhis } from './trivial-phis.ts';

const controlFlow: NamedPass = { name: 'simplify-cfg', run: simplifyControlFlow };
const trivialPhis: NamedPass = { name: 'trivial-phis', run: removeTrivialPhis };
const algebra: NamedPass = { name: 'simplify', run: simplify };
const copies: NamedPass = { name: 'expand-copies', run: expandCopies };
const slots: NamedPass = { name: 'promote-slots', run: promoteSlots };
const values: NamedPass = { name: 'gvn', run: numberValues };

/** What follows whatever makes a function, or makes it grow. */
export const cleanUp: readonly NamedPass[] = [controlFlow, trivialPhis, algebra, copies, slots];

/** What is done to each function in the end, when its callees are of no interest any more. */
export const finishing: readonly NamedPass[] = [
  { name: 'sccp', run: propagateConstants },
  controlFlow,
  trivialPhis,
  algebra,
  values,
  { name: 'forward-loads', run: forwardLoads },
  { name: 'licm', run: hoistInvariants },
  { name: 'strength', run: reduceStrength },
  { name: 'if-convert', run: convertBranches },
  algebra,
  values,
  { name: 'dead-stores', run: removeDeadStores },
  slots,
  { name: 'dce', run: eliminateDeadCode },
  controlFlow,
];

/**
 * Cleans functions up as the front end gives them, each on its own: what becomes of one depends on nothing else, and may be
 * done before there is a module.
 */
export class Cleaner {
  readonly #runner = new Runner();
  readonly #nothing = new IrModule();

  clean(fn: IrFunction): void {
    this.#runner.run(cleanUp, fn, this.#nothing);
    fn.history = null; // in its module, passes may see more
  }
}

function cleanAll(module: IrModule): void {
  const cleaner = new Cleaner();
  for (const fn of module.functions.values()) cleaner.clean(fn);
}

const clean: Pass = { name: 'clean-up', run: cleanAll };
const inline: Pass = { name: 'inline', run: (module, runner) => inlineCalls(module, cleanUp, runner) };
const unreferenced: Pass = { name: 'remove-unreferenced', run: removeUnreferenced };
const dropped: Pass = { name: 'arguments', run: dropArguments };

/**
 * Level 0 leaves the program as it was written, level 1 does what is cheap, level 2 all. A build does the same as level 2,
 * one function at a time (incremental/stages.ts).
 */
export const levels: readonly (readonly Pass[])[] = [
  [],
  [clean, unreferenced, each(values), each(controlFlow)],
  [clean, unreferenced, inline, unreferenced, dropped, ...finishing.map(each)],
];
