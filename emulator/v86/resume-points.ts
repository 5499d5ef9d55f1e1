/*
 * Resume points: where the guest went on after a stop, an interrupt or a device access. The compiler must not take them for
 * places at which code is often entered (patches.ts tells why). They are kept in a small table, by their low bits.
 */

import type { GlobalIndices } from './globals.ts';
import { code } from './wasm-code.ts';

/** Slots of 32 bits in the table; its address goes into the global `resumePoints`. A power of two. */
export const RESUME_POINTS = 256;

/** The address of the table's slot for an instruction pointer. */
export function resumePointSlot(g: GlobalIndices, instructionPointer: readonly number[]): number[] {
  return [
    ...instructionPointer,
    ...code.i32Const(RESUME_POINTS - 1),
    code.i32And,
    ...code.i32Const(2),
    code.i32Shl,
    ...code.globalGet(g.resumePoints),
    code.i32Add,
  ];
}
