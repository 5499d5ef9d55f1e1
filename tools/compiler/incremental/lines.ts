/*
 * Code that moves: a function further down in its file than it was is still the same function. Keys do not cover where
 * units begin, so what comes from the store gets its lines from where they begin now.
 */

import type { Fixup } from '../backend/encoder/code.ts';
import { LINE_LENGTH, type MachineCode } from '../backend/machine/types.ts';
import { moveLocations, type EncodedFunction } from '../ir/codec.ts';

/** The units of a file, in the order of the source, and where each begins: lines from 1 on, columns from 0 on. */
export interface PlacedUnits {
  readonly names: readonly string[];
  readonly lines: Int32Array;
  readonly columns: Int32Array;
}

/** Where units are now. */
export interface UnitPlaces {
  /** Undefined if there is no such unit. */
  lineOf(unit: string): number | undefined;
  /** Undefined if there is no such file. */
  unitsIn(file: string): PlacedUnits | undefined;
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
  const units = new UnitNumbers(where);
  const { files, rows } = lines;
  const places = new Int32Array(LINE_LENGTH + rows.length);
  const put = (at: number, offset: number, file: string, line: number, column: number): boolean => {
    const number = units.numberOf(file, line, column);
    if (number < 0) return false;
    places[at] = offset;
    places[at + 1] = number;
    places[at + 2] = line - units.starts[number]!;
    places[at + 3] = column;
    return true;
  };
  if (!put(0, 0, location.file, location.line, location.column)) return undefined;
  for (let at = 0; at < rows.length; at += LINE_LENGTH) {
    if (!put(LINE_LENGTH + at, rows[at]!, files[rows[at + 1]!]!, rows[at + 2]!, rows[at + 3]!)) return undefined;
  }
  return { code, units: units.found.slice(), places, ...packFixups(fixups) }; // lists that are just as long as they are
}

/** Numbers the units that places lie in. Of two places that follow each other, both mostly lie in the same one. */
class UnitNumbers {
  readonly found: { readonly unit: string; readonly file: string }[] = [];
  /** By number: the line that the unit begins at. */
  readonly starts: number[] = [];
  readonly #where: UnitPlaces;
  readonly #names: string[] = [];
  /** Of the last place: its file, the units in there, and the one that it lies in, by index and by number. */
  #file: string | null = null;
  #units: PlacedUnits | undefined = undefined;
  #index = -1;
  #number = -1;

  constructor(where: UnitPlaces) {
    this.#where = where;
  }

  /** Of the unit that is the last one to begin before the place; -1 if there is none. */
  numberOf(file: string, line: number, column: number): number {
    if (file !== this.#file) {
      this.#file = file;
      this.#units = this.#where.unitsIn(file);
      this.#index = -1;
    }
    const units = this.#units;
    if (units === undefined) return -1;
    const index = this.#index;
    if (index < 0 || !begins(units, index, line, column) || begins(units, index + 1, line, column))
      this.#enter(file, units, lastToBegin(units, line, column));
    return this.#number;
  }

  #enter(file: string, units: PlacedUnits, index: number): void {
    const unit = units.names[index];
    let number = unit === undefined ? -1 : this.#names.indexOf(unit); // there are few
    if (unit !== undefined && number < 0) {
      number = this.#names.push(unit) - 1;
      this.found.push({ unit, file });
      this.starts.push(this.#where.lineOf(unit)!);
    }
    this.#index = index;
    this.#number = number;
  }
}

/** Whether a unit begins before the place; false if there is no such unit. Columns of places count from 1. */
function begins({ columns, lines }: PlacedUnits, index: number, line: number, column: number): boolean {
  if (index >= lines.length) return false;
  return lines[index]! < line || (lines[index] === line && columns[index]! < column);
}

function lastToBegin(units: PlacedUnits, line: number, column: number): number {
  let low = 0;
  for (let high = units.names.length; low < high;) {
    const middle = (low + high) >> 1;
    if (begins(units, middle, line, column)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function packFixups(fixups: readonly Fixup[]): Pick<StoredCode, 'symbols' | 'fixups'> {
  if (fixups.length === 0) return noFixups;
  const symbols: string[] = [];
  const packed = new Int32Array(fixups.length * 4);
  fixups.forEach(({ addend, at, kind, symbol }, n) => {
    let number = symbols.indexOf(symbol);
    if (number < 0) number = symbols.push(symbol) - 1;
    packed[4 * n] = at;
    packed[4 * n + 1] = fixupKinds.indexOf(kind);
    packed[4 * n + 2] = number;
    packed[4 * n + 3] = addend;
  });
  return { symbols: symbols.slice(), fixups: packed };
}

const noFixups: Pick<StoredCode, 'symbols' | 'fixups'> = { symbols: [], fixups: new Int32Array(0) };

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
