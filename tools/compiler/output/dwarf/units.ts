/*
 * Compilation units: one per source file, with the functions that were declared there.
 *
 * Code that comes from no file (its location has an empty name) is in no unit: an empty name would end DWARF's list of
 * files. It has frames all the same.
 */

import type { Item } from '../items.ts';
import type { MachineCode } from '../../backend/machine/types.ts';

/** A function in its place. */
export interface PlacedFunction {
  readonly code: MachineCode;
  readonly address: number;
  readonly size: number;
}

export interface Unit {
  readonly file: string;
  /** By address. */
  readonly functions: readonly PlacedFunction[];
}

/** All functions, by address. */
export function collectFunctions(items: readonly Item[]): PlacedFunction[] {
  const functions: PlacedFunction[] = [];
  for (const { address, code, size } of items) if (code !== null && size > 0) functions.push({ code, address, size });
  return functions.sort((a, b) => a.address - b.address);
}

/** Units in the order of their first functions. */
export function collectUnits(functions: readonly PlacedFunction[]): Unit[] {
  const byFile = new Map<string, PlacedFunction[]>();
  for (const fn of functions) {
    const { file } = fn.code.location;
    if (file === '') continue;
    const list = byFile.get(file);
    if (list === undefined) byFile.set(file, [fn]);
    else list.push(fn);
  }
  return [...byFile].map(([file, list]) => ({ file, functions: list }));
}
