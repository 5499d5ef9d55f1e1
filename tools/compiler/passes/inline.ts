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

import { callGraph } from '../ir/call-graph.ts';
import { Replacements } from '../ir/edit.ts';
import { outlineOf } from '../ir/outline.ts';
import type { FunctionOptions, Instruction, IrFunction, IrModule } from '../ir/types.ts';
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
  const graph = callGraph(outlineOf(module));
  const candidates = new Map<string, Candidate>();
  for (const { name } of graph.bottomUp) {
    const fn = module.functions.get(name)!;
    if (expandCallsIn(fn, (callee) => candidates.get(callee))) {
      runner.noteChange(fn);
      runner.run(cleanUp, fn, module);
    }
    if (isCopyable(fn) && !graph.isRecursive(name)) {
      candidates.set(name, { fn, ...measure(fn), hasOneUse: graph.hasOneUse(name) });
    }
  }
}

/** What decides about inlining a function. */
export interface Measures {
  readonly options: FunctionOptions;
  readonly parameterCount: number;
  /** About how many machine instructions it is. */
  readonly size: number;
  /** Bytes of stack. */
  readonly frame: number;
}

/** A function that could be inlined, in its final shape. */
export interface Candidate extends Measures {
  readonly fn: IrFunction;
  /** One direct call is all that refers to it. */
  readonly hasOneUse: boolean;
}

export function measure(fn: IrFunction): Measures {
  const frame = fn.slots.reduce((sum, slot) => sum + slot.size, 0);
  return { options: fn.options, parameterCount: fn.parameters.length, size: sizeOf(fn), frame };
}

/** Whether a function that does not call itself could be inlined, as far as its body is concerned. */
export function isCopyable(fn: IrFunction): boolean {
  if (fn.asm !== null || fn.options.inline === false) return false;
  return !fn.blocks.some(({ instructions }) => instructions.some(looksAtFrame));
}

/**
 * Inlines what is worthwhile among the calls in `fn`. `candidateOf` gives what is known of a callee, nothing if it must
 * not be inlined. Tells whether there were any.
 */
export function expandCallsIn(fn: IrFunction, candidateOf: (name: string) => Candidate | undefined): boolean {
  const calls: Instruction[] = [];
  for (const { instructions } of fn.blocks) {
    for (let n = 0; n < instructions.length; n++) {
      const { op, symbol } = instructions[n]!;
      if (op === 'call' && candidateOf(symbol) !== undefined) calls.push(instructions[n]!);
    }
  }
  if (calls.length === 0) return false;
  const replacements = new Replacements(fn);
  const sizeBefore = sizeOf(fn);
  let size = sizeBefore;
  for (const call of calls) {
    const candidate = candidateOf(call.symbol)!;
    if (!isWorthwhile(call, candidate, fn, size)) continue;
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

function isWorthwhile(call: Instruction, callee: Candidate, caller: IrFunction, callerSize: number): boolean {
  const { hasOneUse, options, parameterCount, size } = callee;
  if (!mayBeInlined(callee, caller.options, hasOneUse)) return false;
  if (options.inline === true) return true;
  const isCold = call.block!.isCold;
  if (size <= (isCold ? tinySize : smallSize + parameterCount)) return true;
  return hasOneUse && callerSize + size <= callerLimit && !isCold;
}

/** Whether there may be a call in a function with the options `caller` that is worth it, as far as can be told from here. */
export function mayBeInlined(callee: Measures, caller: FunctionOptions, hasOneUse: boolean): boolean {
  const { frame, options, parameterCount, size } = callee;
  if (options.inline === true) return true;
  if (frame > frameLimit || options.section !== caller.section) return false;
  return size <= (hasOneUse ? onceSize : smallSize + parameterCount);
}

/** About how many machine instructions the function is. */
function sizeOf(fn: IrFunction): number {
  let size = 0;
  for (const { instructions } of fn.blocks) {
    for (let n = 0; n < instructions.length; n++) {
      const { op, type } = instructions[n]!;
      if (op === 'const' || op === 'param' || op === 'symbol' || op === 'slot' || op === 'phi') continue;
      if (op === 'return' || op === 'jump' || op === 'unreachable') continue;
      size += op === 'call' || op === 'callIndirect' ? 3 : type === 'i64' ? 2 : 1;
    }
  }
  return size;
}
