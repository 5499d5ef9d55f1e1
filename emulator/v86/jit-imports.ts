/*
 * The imports of a module that v86's compiler wrote: those that it has, and the globals that jit-module.ts adds.
 */

import type { ByteWriter } from './byte-writer.ts';
import type { GlobalName } from './globals.ts';
import { readUnsigned, skipLeb, unsigned } from './wasm-code.ts';

export const SECTION_IMPORT = 2;
const KIND_GLOBAL = 3;
const TYPE_I32 = 0x7f;
const MUTABLE = 1;

/** Indices of the imported globals in a rewritten module, in the order of their imports. */
export const JIT_STOP_AT = 0;
export const IN_FLIGHT = 1;
export const STOP_AT = 2;
export const PAUSE_STOPS = 3;
export const PAUSED = 4;
const IMPORTED_GLOBALS = ['jitStopAt', 'inFlight', 'stopAt', 'pauseStops', 'paused'] satisfies GlobalName[];

/** What a module imports. */
export interface Imports {
  readonly functions: readonly string[];
  readonly count: number;
  /** Position after the number of imports. */
  readonly start: number;
}

/** Reads an import section, which begins at `at` with the number of imports. Throws if there is what v86 does not write. */
export function readImports(module: Uint8Array, at: number): Imports {
  const count = readUnsigned(module, at);
  const start = skipLeb(module, at);
  const functions: string[] = [];
  const decoder = new TextDecoder();
  let position = start;
  const name = () => {
    const length = readUnsigned(module, position);
    const from = skipLeb(module, position);
    position = from + length;
    return decoder.decode(module.subarray(from, position));
  };
  for (let left = count; left > 0; left--) {
    name();
    const field = name();
    const kind = module[position++];
    if (kind === 0) {
      functions.push(field);
      position = skipLeb(module, position);
    } else if (kind === 2) {
      const hasMaximum = module[position++]! & 1;
      position = skipLeb(module, position);
      if (hasMaximum !== 0) position = skipLeb(module, position);
    } else {
      throw new Error(`compiled module imports something of kind ${kind ?? 'nothing'}`);
    }
  }
  return { functions, count, start };
}

/** Writes the section again, with the globals behind what is there. `end`: where the old one ends. */
export function writeImports(output: ByteWriter, module: Uint8Array, imports: Imports, end: number): void {
  const encoder = new TextEncoder();
  const added = IMPORTED_GLOBALS.flatMap((name) => {
    const bytes = encoder.encode(name);
    return [1, 'e'.charCodeAt(0), ...unsigned(bytes.length), ...bytes, KIND_GLOBAL, TYPE_I32, MUTABLE];
  });
  const count = unsigned(imports.count + IMPORTED_GLOBALS.length);
  output.push(SECTION_IMPORT, ...unsigned(count.length + end - imports.start + added.length), ...count);
  output.copy(module, imports.start, end);
  output.push(...added);
}
