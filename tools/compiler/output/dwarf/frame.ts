/*
 * .debug_frame: for every instruction, where the return address and the caller's registers are (DWARF 4, section 6.4).
 *
 * The canonical frame address (CFA) is ESP before the call pushed the return address: on entry ESP + 4. It is given
 * relative to ESP throughout, and follows every push and pop. Naked functions have no entry.
 */

import type { FrameChange, FrameInfo } from '../../backend/machine/types.ts';
import { ByteWriter } from '../bytes.ts';
import * as dw from './constants.ts';
import type { PlacedFunction } from './units.ts';

const esp = 4;
const returnAddress = 8;

export function writeFrames(functions: readonly PlacedFunction[]): Uint8Array {
  const writer = new ByteWriter();
  writeCommon(writer);
  for (const fn of functions) if (fn.code.frame !== null) writeFunction(writer, fn, fn.code.frame);
  return writer.finish();
}

/** What holds on entry to every function. */
function writeCommon(writer: ByteWriter): void {
  const start = writer.length;
  writer.u32(0);
  writer.u32(0xffffffff);
  writer.u8(3);
  writer.u8(0); // no augmentation
  writer.uleb(1);
  writer.sleb(-4);
  writer.uleb(returnAddress);
  writer.u8(dw.DW_CFA_def_cfa);
  writer.uleb(esp);
  writer.uleb(4);
  writer.u8(dw.DW_CFA_offset | returnAddress);
  writer.uleb(1);
  finishEntry(writer, start);
}

function writeFunction(writer: ByteWriter, { address, size }: PlacedFunction, frame: FrameInfo): void {
  const start = writer.length;
  writer.u32(0);
  writer.u32(0); // the common entry
  writer.u32(address);
  writer.u32(size);
  let at = 0;
  for (const change of frame.depths) {
    if (change.at >= size) break;
    advance(writer, change.at - at);
    at = change.at;
    writeChange(writer, change, frame);
  }
  finishEntry(writer, start);
}

function writeChange(writer: ByteWriter, change: FrameChange, frame: FrameInfo): void {
  writer.u8(dw.DW_CFA_def_cfa_offset);
  writer.uleb(change.depth + 4);
  if (change.saved !== undefined) writeSaved(writer, change.saved, change.depth);
  if (change.restored !== undefined) writer.u8(dw.DW_CFA_restore | change.restored);
  if (change.isBody === true) frame.pushes.forEach((register, n) => writeSaved(writer, register, (n + 1) * 4));
}

/** The register was pushed when the depth became `depth`; offsets count in words down from the CFA. */
function writeSaved(writer: ByteWriter, register: number, depth: number): void {
  writer.u8(dw.DW_CFA_offset | register);
  writer.uleb(depth / 4 + 1);
}

function advance(writer: ByteWriter, bytes: number): void {
  if (bytes === 0) return;
  if (bytes < 0x40) writer.u8(dw.DW_CFA_advance_loc | bytes);
  else if (bytes < 0x100) writer.bytes([dw.DW_CFA_advance_loc1, bytes]);
  else if (bytes < 0x10000) {
    writer.u8(dw.DW_CFA_advance_loc2);
    writer.u16(bytes);
  } else {
    writer.u8(dw.DW_CFA_advance_loc4);
    writer.u32(bytes);
  }
}

/** Entries are padded to whole words. */
function finishEntry(writer: ByteWriter, start: number): void {
  while ((writer.length - start) % 4 !== 0) writer.u8(dw.DW_CFA_nop);
  writer.patch32(start, writer.length - start - 4);
}
