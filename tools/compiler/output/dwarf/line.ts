/*
 * .debug_line: source lines by address (DWARF 4, section 6.2).
 *
 * Each unit has a line program of its own, each function a sequence in it. A row is written where file or line changes.
 * Special opcodes advance address and line at once: opcode = line advance - lineBase + lineRange * address advance + 13.
 */

import { LINE_LENGTH } from '../../backend/machine/types.ts';
import { ByteWriter } from '../bytes.ts';
import {
  DW_LNE_end_sequence,
  DW_LNE_set_address,
  DW_LNS_advance_line,
  DW_LNS_advance_pc,
  DW_LNS_copy,
  DW_LNS_set_column,
  DW_LNS_set_file,
  DW_LNS_set_prologue_end,
} from './constants.ts';
import type { PlacedFunction, Unit } from './units.ts';

const lineBase = -5;
const lineRange = 14;
const opcodeBase = 13;
/** How many operands each standard opcode takes, from 1 on. */
const operandCounts = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];

export interface LineSection {
  readonly bytes: Uint8Array;
  /** Per unit: where its program starts. */
  readonly offsets: readonly number[];
  /** Per unit: the number of a file in its table, from 1 on; the unit's own file has 1. */
  readonly files: readonly ReadonlyMap<string, number>[];
}

export function writeLines(units: readonly Unit[]): LineSection {
  const writer = new ByteWriter();
  const offsets: number[] = [];
  const files: ReadonlyMap<string, number>[] = [];
  for (const unit of units) {
    offsets.push(writer.length);
    const table = fileTable(unit);
    files.push(table);
    writeProgram(writer, unit, table);
  }
  return { bytes: writer.finish(), offsets, files };
}

/** The unit's own file and those that code was inlined from. */
function fileTable(unit: Unit): Map<string, number> {
  const table = new Map([[unit.file, 1]]);
  for (const { code } of unit.functions) {
    for (const file of code.lines.files) if (file !== '' && !table.has(file)) table.set(file, table.size + 1);
  }
  return table;
}

function writeProgram(writer: ByteWriter, unit: Unit, files: ReadonlyMap<string, number>): void {
  const start = writer.length;
  writer.u32(0); // length, patched below
  writer.u16(4);
  const headerLength = writer.length;
  writer.u32(0);
  writer.bytes([1, 1, 1]); // shortest instruction, operations per instruction, is_stmt at first
  writer.bytes([lineBase & 0xff, lineRange, opcodeBase, ...operandCounts]);
  writer.u8(0); // no include directories
  for (const name of files.keys()) {
    writer.string(name);
    writer.bytes([0, 0, 0]); // directory, time, length: not told
  }
  writer.u8(0);
  writer.patch32(headerLength, writer.length - headerLength - 4);
  for (const fn of unit.functions) writeSequence(writer, fn, files);
  writer.patch32(start, writer.length - start - 4);
}

function writeSequence(
  writer: ByteWriter,
  { address, code, size }: PlacedFunction,
  files: ReadonlyMap<string, number>,
): void {
  const bodyStart = prologueEnd(code.frame?.depths ?? []);
  writer.bytes([0, 5, DW_LNE_set_address]);
  writer.u32(address);
  let at = 0;
  let line = 1;
  let file = 1;
  let isFirst = true;
  let isBodyMarked = false;
  const numbers = code.lines.files.map((name) => files.get(name));
  const { rows } = code.lines;
  for (let row = 0; row < rows.length; row += LINE_LENGTH) {
    const offset = rows[row]!;
    const number = numbers[rows[row + 1]!];
    if (number === undefined || offset >= size) continue;
    const nextLine = rows[row + 2]!;
    const startsBody: boolean = !isBodyMarked && offset >= bodyStart;
    if (!isFirst && number === file && nextLine === line && !startsBody) continue;
    if (number !== file) {
      writer.u8(DW_LNS_set_file);
      writer.uleb(number);
    }
    writer.u8(DW_LNS_set_column);
    writer.uleb(rows[row + 3]!);
    if (startsBody) writer.u8(DW_LNS_set_prologue_end);
    advance(writer, offset - at, nextLine - line);
    isBodyMarked ||= startsBody;
    isFirst = false;
    file = number;
    line = nextLine;
    at = offset;
  }
  writer.u8(DW_LNS_advance_pc);
  writer.uleb(size - at);
  writer.bytes([0, 1, DW_LNE_end_sequence]);
}

/** Where the code after the prologue starts. */
function prologueEnd(depths: readonly { readonly at: number; readonly saved?: number }[]): number {
  let end = 0;
  for (const { at, saved } of depths) {
    if (saved === undefined && end !== 0) break;
    end = at;
  }
  return end;
}

/** Adds a row that many bytes and lines further on. */
function advance(writer: ByteWriter, bytes: number, lines: number): void {
  const special = lines - lineBase + lineRange * bytes + opcodeBase;
  if (lines >= lineBase && lines < lineBase + lineRange && special <= 255) {
    writer.u8(special);
    return;
  }
  if (bytes !== 0) {
    writer.u8(DW_LNS_advance_pc);
    writer.uleb(bytes);
  }
  if (lines !== 0) {
    writer.u8(DW_LNS_advance_line);
    writer.sleb(lines);
  }
  writer.u8(DW_LNS_copy);
}
