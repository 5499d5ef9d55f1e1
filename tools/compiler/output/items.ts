/*
 * What gets linked: functions, their jump tables and data, all in one shape, and which of them a program needs.
 */

import type { MachineCode } from '../backend/machine/types.ts';
import type { MachineModule } from '../backend/generate.ts';
import type { Fixup } from '../backend/encoder/code.ts';
import type { IrData, SourceLocation } from '../ir/types.ts';

/** A piece of the program with a name and an address to come. */
export interface Item {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  /** Null: zero-filled. The linker replaces them by a patched copy. */
  bytes: Uint8Array | null;
  readonly fixups: readonly Fixup[];
  /** The section that the source asks for; null: .text, .rodata, .data or .bss, as fits. */
  readonly section: string | null;
  readonly kind: 'code' | 'constant' | 'variable';
  readonly isExported: boolean;
  /** Not null for functions. */
  readonly code: MachineCode | null;
  /** Of a jump table the function that it belongs to. */
  readonly owner: string | null;
  /** Set by the linker. */
  address: number;
}

/** Something in the program does not fit together: the program's fault, not the linker's. */
export class LinkError extends Error {
  /** The function that it shows in; null if it is about the program as a whole. */
  readonly location: SourceLocation | null;

  constructor(message: string, location: SourceLocation | null = null) {
    super(message);
    this.location = location;
  }
}

/** All items of a module: functions, each followed by its tables, then data. */
export function collectItems(module: MachineModule): Item[] {
  const items: Item[] = [];
  for (const code of module.functions) {
    items.push(codeItem(code));
    for (const table of code.tables) items.push(tableItem(code, table.name, table.targets));
  }
  for (const data of module.data) items.push(dataItem(data));
  return items;
}

function codeItem(code: MachineCode): Item {
  const { align, bytes, fixups, isExported, name, section } = code;
  return {
    name,
    size: bytes.length,
    align,
    bytes,
    fixups,
    section,
    kind: 'code',
    isExported,
    code,
    owner: null,
    address: 0,
  };
}

/** Code in a section of its own keeps its tables there: it may run where the rest is out of reach. */
function tableItem(code: MachineCode, name: string, targets: readonly number[]): Item {
  return {
    name,
    size: targets.length * 4,
    align: 4,
    bytes: new Uint8Array(targets.length * 4),
    fixups: targets.map((addend, n) => ({ at: n * 4, kind: 'abs32', symbol: code.name, addend })),
    section: code.section,
    kind: 'constant',
    isExported: false,
    code: null,
    owner: code.name,
    address: 0,
  };
}

function dataItem(data: IrData): Item {
  const { align, bytes, isConstant, isExported, name, relocations, section, size } = data;
  return {
    name,
    size,
    align,
    bytes: bytes === null && relocations.length > 0 ? new Uint8Array(size) : bytes,
    fixups: relocations.map(({ addend, at, symbol }) => ({ at, kind: 'abs32', symbol, addend })),
    section,
    kind: isConstant ? 'constant' : 'variable',
    isExported,
    code: null,
    owner: null,
    address: 0,
  };
}

/** Sections whose items are found through __start_NAME and __stop_NAME: they are needed without being named. */
export function isListSection(section: string | null): boolean {
  return section !== null && /^[A-Za-z_]\w*$/.test(section);
}

/**
 * The items that can be reached from the entry, from what is exported, from list sections and from sections with a
 * fixed place (.multiboot). The order stays.
 */
export function reachableItems(items: readonly Item[], entry: string): Item[] {
  const byName = new Map(items.map((item) => [item.name, item]));
  const isRoot = (item: Item): boolean => {
    return item.isExported || item.name === entry || isListSection(item.section) || item.section === '.multiboot';
  };
  const reached = new Set(items.filter(isRoot));
  for (const item of reached) {
    for (const { symbol } of item.fixups) {
      const target = byName.get(symbol);
      if (target !== undefined) reached.add(target);
    }
  }
  return items.filter((item) => reached.has(item));
}
