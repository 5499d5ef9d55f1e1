/*
 * ELF32 executables for i386 (System V ABI, Intel386 supplement; the TIS ELF specification 1.2).
 *
 * File: ELF header, program headers, then each region's bytes at a page boundary (so that file offset and address agree
 * modulo the page size), then what is not loaded: symbols, strings, debug information; last the section headers.
 */

import { ByteWriter, StringTable } from './bytes.ts';
import { PAGE_SIZE, type Region, type Section } from './sections.ts';

const EHDR_SIZE = 52;
const PHDR_SIZE = 32;
const SHDR_SIZE = 40;
const SYM_SIZE = 16;

const ET_EXEC = 2;
const EM_386 = 3;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const PF_X = 1;
const PF_W = 2;
const PF_R = 4;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_NOBITS = 8;
const SHF_WRITE = 1;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const STT_NOTYPE = 0;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const STT_FILE = 4;
const STB_GLOBAL = 1;
const SHN_ABS = 0xfff1;

export interface ElfSymbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  readonly kind: 'function' | 'object' | 'label' | 'file';
  readonly isGlobal: boolean;
}

/** A section that is not loaded. */
export interface ElfExtra {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where a section lies, in memory and in the file. */
export interface PlacedSection {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

export interface ElfInput {
  readonly regions: readonly Region[];
  readonly entry: number;
  readonly symbols: readonly ElfSymbol[];
  readonly extras: readonly ElfExtra[];
  /** Adds the header that asks for a stack that is not executable. */
  readonly hasStackHeader: boolean;
}

interface SectionHeader {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entrySize: number;
}

export interface ElfFiles {
  readonly bytes: Uint8Array;
  /** The same without the extras: they come last, and move nothing. */
  readonly stripped: Uint8Array;
  /** Where the sections are in `bytes`. */
  readonly sections: readonly PlacedSection[];
}

/** Writes the file, with and without its extras. */
export function writeElf(input: ElfInput): ElfFiles {
  const writer = new ByteWriter();
  const headers: SectionHeader[] = [];
  writer.bytes(new Uint8Array(EHDR_SIZE + headerCount(input) * PHDR_SIZE));
  const segments = input.regions.map((region) => writeRegion(writer, region, headers));
  const firstSymbol = writeSymbols(writer, input, headers);
  const begun = { input, segments, firstSymbol };
  const stripped = finishElf(begun, new ByteWriter(writer.finish()), [...headers]);
  for (const { bytes, name } of input.extras) addUnloaded(writer, headers, name, bytes);
  const bytes = finishElf(begun, writer, headers);
  const sections = headers.map(({ name, address, offset, size }) => ({ name, address, offset, size }));
  return { bytes, stripped, sections };
}

function headerCount({ hasStackHeader, regions }: ElfInput): number {
  return regions.length + (hasStackHeader ? 1 : 0);
}

interface BegunElf {
  readonly input: ElfInput;
  readonly segments: readonly Segment[];
  readonly firstSymbol: number;
}

/** Adds the section headers, and fills in what stands at the beginning. */
function finishElf(
  { firstSymbol, input, segments }: BegunElf,
  writer: ByteWriter,
  headers: SectionHeader[],
): Uint8Array {
  const names = new StringTable();
  const nameOffsets = [...headers.map(({ name }) => names.add(name)), names.add('.shstrtab')];
  addUnloaded(writer, headers, '.shstrtab', names.finish(), SHT_STRTAB);
  writer.align(4);
  const table = writer.length;
  writer.bytes(new Uint8Array(SHDR_SIZE)); // the null section
  headers.forEach((header, n) => writeSectionHeader(writer, header, nameOffsets[n]!, firstSymbol));
  const bytes = writer.finish();
  bytes.set(elfHeader(input.entry, headerCount(input), table, headers.length + 1));
  bytes.set(programHeaders(input, segments), EHDR_SIZE);
  return bytes;
}

interface Segment {
  readonly region: Region;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

function writeRegion(writer: ByteWriter, region: Region, headers: SectionHeader[]): Segment {
  const [first] = region.sections as [Section];
  const last = region.sections[region.sections.length - 1]!;
  const { address } = first;
  writer.align(PAGE_SIZE);
  while (writer.length % PAGE_SIZE !== address % PAGE_SIZE) writer.u8(0);
  const offset = writer.length;
  const loaded = region.sections.filter(({ isZero }) => !isZero);
  const lastLoaded = loaded[loaded.length - 1];
  const content = new Uint8Array(lastLoaded === undefined ? 0 : lastLoaded.address + lastLoaded.size - address);
  if (region.isExecutable) content.fill(0xcc); // int3 between functions
  for (const { items } of loaded) {
    for (const item of items) {
      const at = item.address - address;
      content.fill(0, at, at + item.size);
      if (item.bytes !== null) content.set(item.bytes, at);
    }
  }
  writer.bytes(content);
  for (const section of region.sections) {
    headers.push({
      name: section.name,
      type: section.isZero ? SHT_NOBITS : SHT_PROGBITS,
      flags: SHF_ALLOC | (region.isWritable ? SHF_WRITE : 0) | (region.isExecutable ? SHF_EXECINSTR : 0),
      address: section.address,
      offset: offset + Math.min(section.address - address, content.length),
      size: section.size,
      link: 0,
      info: 0,
      align: Math.max(4, ...section.items.map(({ align }) => align)),
      entrySize: 0,
    });
  }
  return { region, offset, address, fileSize: content.length, memorySize: last.address + last.size - address };
}

function addUnloaded(
  writer: ByteWriter,
  headers: SectionHeader[],
  name: string,
  bytes: Uint8Array,
  type = SHT_PROGBITS,
): void {
  writer.align(4);
  const place = { name, type, flags: 0, address: 0, offset: writer.length, size: bytes.length };
  headers.push({ ...place, link: 0, info: 0, align: 1, entrySize: 0 });
  writer.bytes(bytes);
}

/** .symtab and .strtab; local symbols first, as the format wants. Returns the index of the first global one. */
function writeSymbols(writer: ByteWriter, input: ElfInput, headers: SectionHeader[]): number {
  const strings = new StringTable();
  const table = new ByteWriter();
  table.bytes(new Uint8Array(SYM_SIZE));
  const locals = input.symbols.filter(({ isGlobal }) => !isGlobal);
  const globals = input.symbols.filter(({ isGlobal }) => isGlobal);
  const types = { function: STT_FUNC, object: STT_OBJECT, label: STT_NOTYPE, file: STT_FILE };
  for (const symbol of [...locals, ...globals]) {
    table.u32(strings.add(symbol.name));
    table.u32(symbol.address);
    table.u32(symbol.size);
    table.u8(((symbol.isGlobal ? STB_GLOBAL : 0) << 4) | types[symbol.kind]);
    table.u8(0);
    table.u16(sectionIndex(headers, symbol));
  }
  const stringIndex = headers.length + 2;
  writer.align(4);
  const bytes = table.finish();
  const place = { name: '.symtab', type: SHT_SYMTAB, flags: 0, address: 0, offset: writer.length, size: bytes.length };
  headers.push({ ...place, link: stringIndex, info: locals.length + 1, align: 4, entrySize: SYM_SIZE });
  writer.bytes(bytes);
  addUnloaded(writer, headers, '.strtab', strings.finish(), SHT_STRTAB);
  return locals.length + 1;
}

/** Section indices count from 1: 0 is the null section. */
function sectionIndex(headers: readonly SectionHeader[], { address, kind, size }: ElfSymbol): number {
  if (kind === 'file') return SHN_ABS;
  const inside = headers.findIndex((header) => {
    if ((header.flags & SHF_ALLOC) === 0) return false;
    return address >= header.address && address + Math.max(size, 1) <= header.address + header.size;
  });
  return inside < 0 ? SHN_ABS : inside + 1;
}

function writeSectionHeader(writer: ByteWriter, header: SectionHeader, name: number, firstGlobal: number): void {
  writer.u32(name);
  writer.u32(header.type);
  writer.u32(header.flags);
  writer.u32(header.address);
  writer.u32(header.offset);
  writer.u32(header.size);
  writer.u32(header.link);
  writer.u32(header.type === SHT_SYMTAB ? firstGlobal : header.info);
  writer.u32(header.align);
  writer.u32(header.entrySize);
}

function elfHeader(entry: number, segments: number, sectionTable: number, sections: number): Uint8Array {
  const writer = new ByteWriter();
  writer.bytes([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  writer.u16(ET_EXEC);
  writer.u16(EM_386);
  writer.u32(1);
  writer.u32(entry);
  writer.u32(EHDR_SIZE);
  writer.u32(sectionTable);
  writer.u32(0);
  writer.u16(EHDR_SIZE);
  writer.u16(PHDR_SIZE);
  writer.u16(segments);
  writer.u16(SHDR_SIZE);
  writer.u16(sections);
  writer.u16(sections - 1);
  return writer.finish();
}

function programHeaders(input: ElfInput, segments: readonly Segment[]): Uint8Array {
  const writer = new ByteWriter();
  for (const { address, fileSize, memorySize, offset, region } of segments) {
    writer.u32(PT_LOAD);
    writer.u32(offset);
    writer.u32(address);
    writer.u32(address - region.virtualOffset);
    writer.u32(fileSize);
    writer.u32(memorySize);
    writer.u32(PF_R | (region.isWritable ? PF_W : 0) | (region.isExecutable ? PF_X : 0));
    writer.u32(PAGE_SIZE);
  }
  if (input.hasStackHeader) {
    for (const field of [PT_GNU_STACK, 0, 0, 0, 0, 0, PF_R | PF_W, 16]) writer.u32(field);
  }
  return writer.finish();
}
