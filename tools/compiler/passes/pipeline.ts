/*
 * The list of passes, in their order.
 */

import { dropArguments } from './arguments.ts';
import { eliminateDeadCode } from './dce.ts';
import { removeDeadStores } from './dead-stores.ts';
import { expandCopies } from './expand-copies.ts';
import { forwardLoads } from './forward-loads.ts';
import { numberValues } from './gvn.ts';
import { convertBranches } from './if-convert.ts';
import { inlineCalls } from './inline.ts';
import { hoistInvariants } from './licm.ts';
import { each, inTurn, type Pass } from './pass.ts';
import { promoteSlots } from './promote-slots.ts';
import { removeUnreferenced } from './remove-unreferenced.ts';
import { propagateConstants } from './sccp.ts';
import { simplifyControlFlow } from './simplify-cfg.ts';
import { simplify } from './simplify.ts';
import { reduceStrength } from './strength.ts';

const cleanUp = inTurn(simplifyControlFlow, simplify, promoteSlots);
const unreferenced: Pass = { name: 'remove-unreferenced', run: removeUnreferenced };
const inline: Pass = { name: 'inline', run: (module) => inlineCalls(module, cleanUp) };

/** Level 0 leaves the program as it was written, level 1 does what is cheap, level 2 all. */
export const levels: readonly (readonly Pass[])[] = [
  [],
  [unreferenced, each('clean-up', cleanUp), each('gvn', numberValues), each('simplify-cfg', simplifyControlFlow)],
  [
    unreferenced,
    each('clean-up', inTurn(simplifyControlFlow, simplify, expandCopies, promoteSlots)),
    inline,
    unreferenced,
    { name: 'arguments', run: dropArguments },
    each('sccp', propagateConstants),
    each('simplify-cfg', simplifyControlFlow),
    each('simplify', simplify),
    each('gvn', numberValues),
    each('forward-loads', forwardLoads),
    each('licm', hoistInvariants),
    each('strength', reduceStrength),
    each('if-convert', convertBranches),
    each('simplify', simplify),
    each('gvn', numberValues),
    each('dead-stores', removeDeadStores),
    each('promote-slots', promoteSlots),
    each('dce', eliminateDeadCode),
    each('simplify-cfg', simplifyControlFlow),
  ],
];
