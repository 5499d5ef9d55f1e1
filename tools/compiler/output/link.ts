/*
 * The linker: addresses for everything, and all places patched that name something.
 */

import type { MachineModule } from '../backend/generate.ts';
import { buildExceptionTable, buildSymbolTable, type GeneratedTable } from './tables.ts';
import { collectItems, type Item, LinkError, reachableItems } from './items.ts';
import { buildRegions, linkerSymbols, placeSections, type Region } from './sections.ts';

export interface LinkPlan {
  /** Symbol that execution starts at. */
  readonly entry: string;
  /** Physical address of the first section. */
  readonly start: number;
  /** Virtual minus physical address of all but .boot*; null for a user program. */
  readonly kernelOffset: number | null;
}

/** A program with all addresses settled. */
export interface LinkedProgram {
  readonly regions: readonly Region[];
  /** In order of their addresses within each section. */
  readonly items: readonly Item[];
  /** Addresses of everything, linker symbols included. */
  readonly symbols: ReadonlyMap<string, number>;
  readonly entry: number;
}

const exceptionTableName = '__exTable';
const symbolTableName = '__symbolTable';

/** Links a module. Throws LinkError for what the program refers to and does not have. */
export function link(module: MachineModule, plan: LinkPlan): LinkedProgram {
  const program = reachableItems(collectItems(module), plan.entry);
  const functions = program.filter(({ code }) => code !== null);
  // Both tables have their size now and their content when addresses are known.
  const tables = [
    buildExceptionTable(exceptionTableName, functions),
    ...(plan.kernelOffset === null ? [] : [buildSymbolTable(symbolTableName, functions)]),
  ];
  const items = [...program, ...tables.map(({ item }) => item)];
  const regions = buildRegions(items, plan.kernelOffset);
  placeSections(regions, plan.start);
  const symbols = collectSymbols(items, regions, tables, plan);
  for (const { fill } of tables) fill();
  for (const item of items) relocate(item, symbols);
  const entry = symbols.get(plan.entry);
  if (entry === undefined)
    throw new LinkError(`the program has no '${plan.entry}'; export a naked function of that name`);
  return { regions, items, symbols, entry };
}

function collectSymbols(
  items: readonly Item[],
  regions: readonly Region[],
  tables: readonly GeneratedTable[],
  plan: LinkPlan,
): Map<string, number> {
  const symbols = linkerSymbols(regions, plan.kernelOffset);
  symbols.set('__symbolTableStart', 0);
  symbols.set('__symbolTableEnd', 0);
  for (const { item } of tables) {
    symbols.set(`${item.name}Start`, item.address);
    symbols.set(`${item.name}End`, item.address + item.size);
  }
  for (const item of items) {
    if (symbols.has(item.name)) throw new LinkError(`'${item.name}' is there twice`);
    symbols.set(item.name, item.address);
  }
  return symbols;
}

/** Writes addresses into an item's bytes. The bytes are copied first: code may come from a cache. */
function relocate(item: Item, symbols: ReadonlyMap<string, number>): void {
  if (item.fixups.length === 0 || item.bytes === null) return;
  const bytes = item.bytes.slice();
  const location = item.code?.location ?? null;
  for (const { at, kind, symbol, addend } of item.fixups) {
    const address = symbols.get(symbol);
    if (address === undefined) throw new LinkError(`${item.name} refers to '${symbol}', which is not there`, location);
    const value = kind.startsWith('rel') ? address + addend - (item.address + at) : address + addend;
    const size = kind.endsWith('32') ? 4 : kind.endsWith('16') ? 2 : 1;
    if (size < 4 && (value >= 2 ** (size * 8) || value < -(2 ** (size * 8 - 1)))) {
      throw new LinkError(`${item.name}: the address of '${symbol}' does not fit in ${size * 8} bits`, location);
    }
    for (let n = 0; n < size; n++) bytes[at + n] = (value >>> (n * 8)) & 0xff;
  }
  item.bytes = bytes;
}
