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
import type { NamedPass, Runner } from './pass.ts';

/** A body of this size costs no more than the call. */
const smallSize = 14;
/** The same, in code that hardly ever runs. */
const tinySize = 5;
/** Functions with one caller may be this large... */
const onceSize = 100;
/** ...as long as the caller does not grow beyond this. */
const callerLimit = 2000;
/** Bytes of stack that a callee may bring along. Kernel stacks are small. */
const frameLimit = 128;

/** The passes of `cleanUp` simplify a function that has grown, before it is itself copied to its callers. */
export function inlineCalls(module: IrModule, cleanUp: readonly NamedPass[], runner: Runner): void {
  const graph = callGraph(module);
  const candidates = new Map<string, Candidate>();
  for (const fn of graph.bottomUp) {
    if (expandCallsIn(fn, graph, candidates)) {
      runner.noteChange(fn);
      for (const pass of cleanUp) runner.run(pass, fn, module);
    }
    if (isCopyable(fn) && !graph.isRecursive(fn.name)) candidates.set(fn.name, candidateOf(fn));
  }
}

/** A function that could be inlined, in its final shape. */
interface Candidate {
  readonly fn: IrFunction;
  readonly size: number;
  /** Bytes of stack. */
  readonly frame: number;
}

function candidateOf(fn: IrFunction): Candidate {
  return { fn, size: sizeOf(fn), frame: fn.slots.reduce((sum, slot) => sum + slot.size, 0) };
}

function isCopyable(fn: IrFunction): boolean {
  if (fn.asm !== null || fn.options.inline === false) return false;
  return !fn.blocks.some(({ instructions }) => instructions.some(looksAtFrame));
}

/** Tells whether there were any. */
function expandCallsIn(fn: IrFunction, graph: CallGraph, candidates: ReadonlyMap<string, Candidate>): boolean {
  const calls = fn.blocks.flatMap(({ instructions }) => {
    return instructions.filter(({ op, symbol }) => op === 'call' && candidates.has(symbol));
  });
  if (calls.length === 0) return false;
  const replacements = new Replacements(fn);
  const sizeBefore = sizeOf(fn);
  let size = sizeBefore;
  for (const call of calls) {
    const candidate = candidates.get(call.symbol)!;
    if (!isWorthwhile(call, candidate, fn, size, graph)) continue;
    inlineCall(fn, call, candidate.fn, replacements);
    size += candidate.size + 1;
  }
  replacements.apply(fn);
  return size > sizeBefore;
}

/** Means the frame or the caller of the function that it stands in. */
function looksAtFrame({ op, intrinsic }: Instruction): boolean {
  return op === 'intrinsic' && (intrinsic === 'returnAddress' || intrinsic === 'readEsp');
}

function isWorthwhile(
  call: Instruction,
  callee: Candidate,
  caller: IrFunction,
  callerSize: number,
  graph: CallGraph,
): boolean {
  const { fn, size, frame } = callee;
  if (fn.options.inline === true) return true;
  if (frame > frameLimit || fn.options.section !== caller.options.section) return false;
  const isCold = call.block!.isCold;
  if (size <= (isCold ? tinySize : smallSize + fn.parameters.length)) return true;
  return graph.hasOneUse(fn.name) && size <= onceSize && callerSize + size <= callerLimit && !isCold;
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
