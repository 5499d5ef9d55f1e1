/*
 * What the front end finds out, as plain data: it can be kept from build to build, and put together to programs without
 * the sources (program-image.ts).
 *
 * A record says what it *needs* in the order in which the needs turned up, because that order is the order of functions,
 * variables and strings in the image.
 */

import type { EncodedFunction } from '../ir/codec.ts';
import type { Reference } from '../ir/outline.ts';
import type { IrData, StructLayout } from '../ir/types.ts';

interface NeedOf<Kind extends string> {
  readonly kind: Kind;
  /** Different for different things, also for those that have the same symbol by mistake. */
  readonly id: string;
  /** The name in the image. */
  readonly symbol: string;
}

/** Where a thing is declared, and what else it depends on. */
interface Declared {
  /** The declaration: `path#name`, `path#Class.method`. */
  readonly unit: string;
  /** The declarations of the classes among its type arguments. */
  readonly classes: readonly string[];
}

export type FunctionNeed = NeedOf<'function'> & Declared;
export type GlobalNeed = NeedOf<'global'> & Declared;
export type ClassNeed = NeedOf<'class'> & Declared;
export type TextNeed = NeedOf<'text'> & { readonly text: string };
export type Need = FunctionNeed | GlobalNeed | ClassNeed | TextNeed;

export interface FunctionRecord {
  readonly code: EncodedFunction;
  readonly references: readonly Reference[];
  readonly needs: readonly Need[];
}

export interface GlobalRecord {
  readonly data: IrData;
  readonly needs: readonly Need[];
}

export interface ClassRecord {
  readonly layout: StructLayout;
  /** The classes of its fields. */
  readonly needs: readonly ClassNeed[];
}

/** What a module contributes to a program by just being part of it. */
export interface FileFacts {
  /** Its function `start`. */
  readonly start: FunctionNeed | null;
  /** Functions that may be roots, in the order of the source. */
  readonly functions: readonly {
    readonly need: FunctionNeed;
    /** Written with `export`: a root if the module is a library and the program's entry. */
    readonly isVisible: boolean;
    /** Tagged `@export`: always a root. */
    readonly isExported: boolean;
  }[];
  /** Variables tagged `@export`. */
  readonly variables: readonly GlobalNeed[];
  /** Names of numbers for the layout file. */
  readonly constants: readonly (readonly [name: string, value: number | bigint])[];
}
