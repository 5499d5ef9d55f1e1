/*
 * Compilation units: one per source file, with the functions that were declared there.
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

/** Units in the order in which their files first occur. */
export function collectUnits(items: readonly Item[]): Unit[] {
  const byFile = new Map<string, PlacedFunction[]>();
  for (const { address, code, size } of items) {
    if (code === null || size === 0) continue;
    const { file } = code.location;
    const list = byFile.get(file);
    if (list === undefined) byFile.set(file, [{ code, address, size }]);
    else list.push({ code, address, size });
  }
  return [...byFile].map(([file, functions]) => ({
    file,
    functions: functions.sort((a, b) => a.address - b.address),
  }));
}
