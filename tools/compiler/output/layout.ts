/*
 * The layout file: what host tools need to know of an image. JSON; this is its schema.
 *
 * The machine shows kernel structures by `symbols` and `structs`, and finds source lines by `lines`. Numbers are plain
 * JSON numbers; constants beyond 2^53 are strings of decimal digits.
 */

import type { MachineModule } from '../backend/generate.ts';
import type { PlacedSection } from './elf.ts';

/** Grows whenever the meaning of a field changes. */
export const LAYOUT_VERSION = 1;

export interface LayoutSymbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly kind: 'function' | 'object' | 'linker';
  /** For functions with a fixed frame: bytes from ESP to the return address in the body. */
  readonly frameSize?: number;
}

export interface LayoutField {
  readonly name: string;
  readonly offset: number;
  readonly type: string;
  readonly size: number;
}

export interface LayoutStruct {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly fields: readonly LayoutField[];
}

/**
 * Source lines by address. `rows` holds groups of three numbers, in ascending order of addresses: the address minus the
 * address before, the index into `files`, the line. A row holds up to the next one; line 0 ends a stretch of code.
 */
export interface LayoutLines {
  readonly files: readonly string[];
  readonly rows: readonly number[];
}

export interface LayoutFile {
  readonly version: number;
  readonly kind: 'kernel' | 'program';
  readonly entry: number;
  /** Virtual minus physical address of the kernel proper; 0 for programs. */
  readonly virtualOffset: number;
  readonly sections: readonly PlacedSection[];
  readonly symbols: readonly LayoutSymbol[];
  readonly structs: readonly LayoutStruct[];
  readonly constants: Readonly<Record<string, number | string>>;
  readonly lines: LayoutLines;
}

/** The parts of a layout file that come from the module alone. */
export function describeModule({ constants, structs }: MachineModule): Pick<LayoutFile, 'structs' | 'constants'> {
  return { structs: [...structs.values()], constants: describeConstants(constants) };
}

function describeConstants(constants: MachineModule['constants']): LayoutFile['constants'] {
  const described: Record<string, number | string> = {};
  for (const [name, value] of constants) {
    described[name] = typeof value === 'bigint' && !Number.isSafeInteger(Number(value)) ? String(value) : Number(value);
  }
  return described;
}

/** The text of the file. The same image gives the same text. */
export function formatLayout(layout: LayoutFile): string {
  return `${JSON.stringify(layout)}\n`;
}
