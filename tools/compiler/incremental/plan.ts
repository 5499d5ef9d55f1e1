/*
 * The plan of an image: how it was put together the last time.
 *
 * An edit in a function of a large program mostly changes that function, and those that took it in. Everything else was
 * decided before, and would be decided the same way again: what is reached, who is inlined where, which arguments go. A
 * plan has these decisions, with the keys of what they rest on. The next build compares keys file by file, makes anew
 * what has another one, and takes the rest as it is (changes.ts, patch.ts).
 *
 * A plan is a proposal, and may come from any earlier build: everything in it is compared with what is there now, and
 * whenever something does not fit it is refused, and the image is put together as if there had been none.
 */

import type { FunctionRecord, ClassNeed, FunctionNeed, GlobalNeed, Need } from '../frontend/records.ts';
import type { IrData, StructLayout } from '../ir/types.ts';
import type { ParameterChange } from '../passes/arguments.ts';

/** Where a plan starts from: what the front end knows. */
export interface PlanBasis {
  /** The files that its pieces are declared in, with what the keys of these rest on. */
  readonly files: readonly (readonly [path: string, state: string])[];
  readonly roots: readonly Need[];
  readonly globals: readonly PlannedThing<GlobalNeed>[];
  readonly classes: readonly PlannedThing<ClassNeed>[];
}

interface PlannedThing<T extends Need> {
  readonly need: T;
  readonly key: string;
}

export interface PlannedFunction extends PlannedThing<FunctionNeed> {
  /** Key of the function with others inlined; null if nothing has to do with it. */
  readonly expanded: string | null;
  /** Key of its machine code; null if it is not in the image. */
  readonly finished: string | null;
  /** Its place in the order from callees to callers. */
  readonly rank: number;
  readonly isRecursive: boolean;
  readonly hasOneUse: boolean;
  /** The numbers of the functions that may have been inlined into it: its key rests on theirs. */
  readonly inlined: readonly number[];
}

export interface ImagePlan {
  readonly basis: PlanBasis;
  readonly entry: string | null;
  /** In the order of the image. */
  readonly functions: readonly PlannedFunction[];
  readonly data: readonly IrData[];
  /** The names of the data that is in the image. */
  readonly kept: readonly string[];
  readonly structs: readonly StructLayout[];
  /** By function: what becomes of its parameters. */
  readonly changes: readonly (readonly [name: string, change: ParameterChange])[];
}

/** A function that is not what it was when the plan was made. */
export interface ChangedFunction {
  readonly key: string;
  readonly record: FunctionRecord;
}

/** An image that can be made from its plan, as far as the front end can tell. */
export interface PlannedImage {
  readonly plan: ImagePlan;
  /** As they are now. */
  readonly files: PlanBasis['files'];
  /** By number. */
  readonly changed: ReadonlyMap<number, ChangedFunction>;
  readonly constants: ReadonlyMap<string, number | bigint>;
}

/** The plan does not fit what is there now. */
export class PlanRefused extends Error {}

/** Whether two pieces of plain data have the same in them. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]));
}
