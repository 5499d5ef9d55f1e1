/*
 * Code that moves: a function further down in its file than it was is still the same function. Keys do not cover where
 * units begin, so what comes from the store gets its lines from where they begin now.
 */

import type { Fixup } from '../backend/encoder/code.ts';
import { LINE_LENGTH, type MachineCode } from '../backend/machine/types.ts';
import { moveLocations, type EncodedFunction } from '../ir/codec.ts';
import type { SourceLocation } from '../ir/types.ts';

/** Where units are now. */
export interface UnitPlaces {
  /** Undefined if there is no such unit. */
  lineOf(unit: string): number | undefined;
  /** The unit that a place lies in. */
  unitAt(place: SourceLocation): string | undefined;
}

/** Machine code, with the lines that it comes from told from the beginnings of units: inlined code has several. */
export interface StoredCode {
  readonly code: Omit<MachineCode, 'lines' | 'location' | 'fixups'>;
  readonly units: readonly { readonly unit: string; readonly file: string }[];
  /** Groups of four (LINE_LENGTH), the function's own place first: offset, number of the unit, line, column. */
  readonly places: Int32Array;
  readonly symbols: readonly string[];
  /** Groups of four: offset, number of the kind, number of the symbol, addend. */
  readonly fixups: Int32Array;
}

const fixupKinds: readonly Fixup['kind'][] = ['abs8', 'abs16', 'abs32', 'rel16', 'rel32'];

/** Undefined if the code has places that belong to no unit. */
export function storeCode(
  { fixups, lines, location, ...code }: MachineCode,
  where: UnitPlaces,
): StoredCode | undefined {
  const units: { unit: string; file: string }[] = [];
  const numbers = new Map<string, number>();
  const starts: number[] = [];
  const places: number[] = [];
  const add = (offset: number, place: SourceLocation): boolean => {
    const unit = where.unitAt(place);
    if (unit === undefined) return false;
    let number = numbers.get(unit);
    if (number === undefined) {
      number = units.push({ unit, file: place.file }) - 1;
      numbers.set(unit, number);
      starts.push(where.lineOf(unit)!);
    }
    places.push(offset, number, place.line - starts[number]!, place.column);
    return true;
  };
  if (!add(0, location)) return undefined;
  const { files, rows } = lines;
  for (let at = 0; at < rows.length; at += LINE_LENGTH) {
    const place = { file: files[rows[at + 1]!]!, line: rows[at + 2]!, column: rows[at + 3]! };
    if (!add(rows[at]!, place)) return undefined;
  }
  return { code, units, places: new Int32Array(places), ...packFixups(fixups) };
}

function packFixups(fixups: readonly Fixup[]): Pick<StoredCode, 'symbols' | 'fixups'> {
  const symbols = [...new Set(fixups.map(({ symbol }) => symbol))];
  const numbers = new Map(symbols.map((symbol, index) => [symbol, index]));
  const packed: number[] = [];
  for (const { addend, at, kind, symbol } of fixups) {
    packed.push(at, fixupKinds.indexOf(kind), numbers.get(symbol)!, addend);
  }
  return { symbols, fixups: new Int32Array(packed) };
}

function unpackFixups({ fixups, symbols }: StoredCode): Fixup[] {
  return Array.from({ length: fixups.length / 4 }, (_, n) => {
    const at = n * 4;
    return {
      at: fixups[at]!,
      kind: fixupKinds[fixups[at + 1]!]!,
      symbol: symbols[fixups[at + 2]!]!,
      addend: fixups[at + 3]!,
    };
  });
}

/** The code with its lines where they are now; undefined if a unit is gone. */
export function restoreCode(stored: StoredCode, where: UnitPlaces): MachineCode | undefined {
  const { code, places, units } = stored;
  const starts: number[] = [];
  for (const { unit } of units) {
    const start = where.lineOf(unit);
    if (start === undefined) return undefined;
    starts.push(start);
  }
  const rows = places.slice(LINE_LENGTH);
  for (let at = 0; at < rows.length; at += LINE_LENGTH) rows[at + 2]! += starts[rows[at + 1]!]!;
  const [own, line, column] = [places[1]!, places[2]!, places[3]!];
  return {
    ...code,
    lines: { files: units.map(({ file }) => file), rows },
    location: { file: units[own]!.file, line: starts[own]! + line, column },
    fixups: unpackFixups(stored),
  };
}

function moved<T extends { readonly line: number }>(place: T, by: number): T {
  return { ...place, line: place.line + by };
}

/** The function with its unit beginning at `line`. */
export function moveFunction<T extends MovableFunction>(fn: T, line: number): T {
  const by = line - fn.line;
  return by === 0 ? fn : { ...fn, line, code: moveCode(fn.code, by) };
}

interface MovableFunction {
  readonly code: EncodedFunction;
  /** The line that its unit began at when the code was made. */
  readonly line: number;
}

function moveCode(code: EncodedFunction, by: number): EncodedFunction {
  const { asm, debug, name, options, parameters, returns } = code;
  return {
    name,
    parameters,
    returns,
    options,
    debug: { ...debug, location: moved(debug.location, by) },
    asm: asm === null ? null : { ...asm, location: moved(asm.location, by) },
    get body() {
      return { ...code.body, locations: moveLocations(code.body.locations, by) };
    },
  };
}
