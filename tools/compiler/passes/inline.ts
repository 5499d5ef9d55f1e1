/*
 * Inlining.
 *
 * Needs: nothing but valid IR; bodies should be simplified already, since their size decides. Guarantees: calls of
 * `@inline` functions, of small functions, and of functions that are called from one place are replaced by the bodies,
 * as far as the limits below allow. Never inlined: recursive functions, naked ones, `@noinline`, and those that look at
 * their own frame.
 *
 *   before  %1 = call @twice(%0)             after  jump b1
 *           return %1                        b1 from b0:
 *                                              %2 = add %0, %0
 *                                              jump b2
 *                                            b2 from b1:
 *                                              return %2
 *
 * Bottom-up over the call graph, so that what is copied is in its final shape, and nothing is expanded twice. Code that
 * was inlined says in its locations where the call stood.
 */

import { callGraph, type CallGraph } from '../ir/call-graph.ts';
import { Replacements } from '../ir/edit.ts';
import type { Instruction, IrFunction, IrModule } from '../ir/types.ts';
import { inlineCall } from './inline-call.ts';

/** A body of this size costs no more than the call. */
const smallSize = 14;
/** The same, in code that hardly ever runs. */
const tinySize = 5;
/** Functions with one caller may be this large... */
const onceSize = 250;
/** ...as long as the caller does not grow beyond this. */
const callerLimit = 2000;
/** Bytes of stack that a callee may bring along. Kernel stacks are small. */
const frameLimit = 128;

/** `cleanUp` simplifies a function that has grown, before it is itself copied to its callers. */
export function inlineCalls(module: IrModule, cleanUp: (fn: IrFunction, module: IrModule) => void): void {
  const graph = callGraph(module);
  const sizes = new Map<string, number>();
  for (const fn of graph.bottomUp) {
    if (expandCallsIn(fn, module, graph, sizes)) cleanUp(fn, module);
    sizes.set(fn.name, sizeOf(fn));
  }
}

/** Tells whether there were any. */
function expandCallsIn(
  fn: IrFunction,
  module: IrModule,
  graph: CallGraph,
  sizes: ReadonlyMap<string, number>,
): boolean {
  const replacements = new Replacements();
  const sizeBefore = sizeOf(fn);
  let size = sizeBefore;
  // blocks that come from a callee are new entries of the list, and have been looked at in the callee
  for (const block of [...fn.blocks]) {
    for (const call of block.instructions.filter(({ op }) => op === 'call')) {
      const callee = module.functions.get(call.symbol);
      if (callee === undefined || graph.isRecursive(callee.name) || !isPossible(callee, fn)) continue;
      const calleeSize = sizes.get(callee.name) ?? sizeOf(callee);
      if (!isWorthwhile(call, callee, calleeSize, size, graph)) continue;
      inlineCall(fn, call, callee, replacements);
      size += calleeSize;
    }
  }
  replacements.apply(fn);
  return size > sizeBefore;
}

function isPossible(callee: IrFunction, caller: IrFunction): boolean {
  if (callee.asm !== null || callee.options.inline === false || callee === caller) return false;
  if (callee.options.section !== caller.options.section && callee.options.inline !== true) return false;
  return callee.blocks.every(({ instructions }) => !instructions.some(looksAtFrame));
}

/** Means the frame or the caller of the function that it stands in. */
function looksAtFrame({ op, intrinsic }: Instruction): boolean {
  return op === 'intrinsic' && (intrinsic === 'returnAddress' || intrinsic === 'readEsp');
}

function isWorthwhile(
  call: Instruction,
  callee: IrFunction,
  size: number,
  callerSize: number,
  graph: CallGraph,
): boolean {
  if (callee.options.inline === true) return true;
  const frame = callee.slots.reduce((sum, slot) => sum + slot.size, 0);
  if (frame > frameLimit) return false;
  if (size <= (call.block!.isCold ? tinySize : smallSize + callee.parameters.length)) return true;
  return graph.hasOneUse(callee.name) && size <= onceSize && callerSize + size <= callerLimit && !call.block!.isCold;
}

/** About how many machine instructions the function is. */
export function sizeOf(fn: IrFunction): number {
  let size = 0;
  for (const { instructions } of fn.blocks) {
    for (const { op, type } of instructions) {
      if (op === 'const' || op === 'param' || op === 'symbol' || op === 'slot' || op === 'phi') continue;
      if (op === 'return' || op === 'jump' || op === 'unreachable') continue;
      size += op === 'call' || op === 'callIndirect' ? 3 : type === 'i64' ? 2 : 1;
    }
  }
  return size;
}
