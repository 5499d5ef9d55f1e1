/*
 * .debug_info, .debug_abbrev, .debug_aranges, .debug_ranges and .debug_str: units and their functions (DWARF 4, section 7.5).
 *
 * Functions have their plain name and no DW_AT_linkage_name: gdb prefers the latter to the former if it cannot demangle it,
 * and `break allocPages` would not find `mm/buddy:allocPages`. The full name is in the ELF symbol table.
 */

import { ByteWriter, StringTable } from '../bytes.ts';
import * as dw from './constants.ts';
import type { LineSection } from './line.ts';
import type { PlacedFunction, Unit } from './units.ts';

const unitAbbreviation = 1;
const functionAbbreviation = 2;
const producer = 'kernel TS';

/** Attributes and their forms, in the order in which the writers below put them. */
const abbreviations: readonly (readonly [
  code: number,
  tag: number,
  children: number,
  attributes: readonly number[],
])[] = [
  [
    unitAbbreviation,
    dw.DW_TAG_compile_unit,
    dw.DW_CHILDREN_yes,
    [
      ...[dw.DW_AT_producer, dw.DW_FORM_strp],
      ...[dw.DW_AT_language, dw.DW_FORM_data1],
      ...[dw.DW_AT_name, dw.DW_FORM_strp],
      ...[dw.DW_AT_comp_dir, dw.DW_FORM_strp],
      ...[dw.DW_AT_ranges, dw.DW_FORM_sec_offset],
      ...[dw.DW_AT_low_pc, dw.DW_FORM_addr],
      ...[dw.DW_AT_stmt_list, dw.DW_FORM_sec_offset],
    ],
  ],
  [
    functionAbbreviation,
    dw.DW_TAG_subprogram,
    dw.DW_CHILDREN_no,
    [
      ...[dw.DW_AT_external, dw.DW_FORM_flag],
      ...[dw.DW_AT_name, dw.DW_FORM_strp],
      ...[dw.DW_AT_decl_file, dw.DW_FORM_udata],
      ...[dw.DW_AT_decl_line, dw.DW_FORM_udata],
      ...[dw.DW_AT_low_pc, dw.DW_FORM_addr],
      ...[dw.DW_AT_high_pc, dw.DW_FORM_data4],
      ...[dw.DW_AT_frame_base, dw.DW_FORM_exprloc],
    ],
  ],
];

export interface InfoSections {
  readonly info: Uint8Array;
  readonly abbrev: Uint8Array;
  readonly aranges: Uint8Array;
  readonly ranges: Uint8Array;
  readonly str: Uint8Array;
}

/** `directory`: where relative file names start. */
export function writeInfo(units: readonly Unit[], lines: LineSection, directory: string): InfoSections {
  const info = new ByteWriter();
  const aranges = new ByteWriter();
  const ranges = new ByteWriter();
  const strings = new StringTable();
  units.forEach((unit, n) => {
    const start = info.length;
    writeArangesOf(aranges, unit, start);
    info.u32(0); // length, patched below
    info.u16(4);
    info.u32(0); // all units share one table of abbreviations
    info.u8(4);
    info.uleb(unitAbbreviation);
    info.u32(strings.add(producer));
    info.u8(dw.DW_LANG_C99);
    info.u32(strings.add(unit.file));
    info.u32(strings.add(directory));
    info.u32(ranges.length);
    info.u32(0);
    info.u32(lines.offsets[n]!);
    writeRangesOf(ranges, unit);
    for (const fn of unit.functions) writeFunction(info, fn, strings, lines.files[n]!);
    info.u8(0);
    info.patch32(start, info.length - start - 4);
  });
  return {
    info: info.finish(),
    abbrev: writeAbbreviations(),
    aranges: aranges.finish(),
    ranges: ranges.finish(),
    str: strings.finish(),
  };
}

function writeFunction(
  info: ByteWriter,
  { address, code, size }: PlacedFunction,
  strings: StringTable,
  files: ReadonlyMap<string, number>,
): void {
  info.uleb(functionAbbreviation);
  info.u8(1);
  info.u32(strings.add(code.debugName));
  info.uleb(files.get(code.location.file)!);
  info.uleb(code.location.line);
  info.u32(address);
  info.u32(size);
  info.uleb(1);
  info.u8(dw.DW_OP_call_frame_cfa);
}

function writeAbbreviations(): Uint8Array {
  const writer = new ByteWriter();
  for (const [code, tag, children, attributes] of abbreviations) {
    writer.uleb(code);
    writer.uleb(tag);
    writer.u8(children);
    for (const value of attributes) writer.uleb(value);
    writer.bytes([0, 0]);
  }
  writer.u8(0);
  return writer.finish();
}

/** Address ranges that touch are one. */
function mergedRanges(unit: Unit): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (const { address, size } of unit.functions) {
    const last = found[found.length - 1];
    if (last !== undefined && last.end === address) last.end = address + size;
    else found.push({ start: address, end: address + size });
  }
  return found;
}

function writeRangesOf(ranges: ByteWriter, unit: Unit): void {
  for (const { start, end } of mergedRanges(unit)) {
    ranges.u32(start);
    ranges.u32(end);
  }
  ranges.u32(0);
  ranges.u32(0);
}

function writeArangesOf(aranges: ByteWriter, unit: Unit, unitOffset: number): void {
  const start = aranges.length;
  aranges.u32(0);
  aranges.u16(2);
  aranges.u32(unitOffset);
  aranges.bytes([4, 0]); // address size, segment size
  while ((aranges.length - start) % 8 !== 0) aranges.u8(0);
  for (const range of mergedRanges(unit)) {
    aranges.u32(range.start);
    aranges.u32(range.end - range.start);
  }
  aranges.u32(0);
  aranges.u32(0);
  aranges.patch32(start, aranges.length - start - 4);
}
