/*
 * Boots a kernel by the Multiboot Specification, without a BIOS.
 *
 * The kernel goes to its physical addresses, as its ELF program headers say or the address fields of its multiboot header;
 * modules above it on page boundaries; and the information structure with its strings and tables into low memory, where the
 * kernel is not. The CPU then starts in 32-bit protected mode, paging off, with flat segments, EAX = magic and EBX = address
 * of the information.
 *
 * Whatever is wrong with the image is said before the machine runs.
 *
 * Source: Multiboot Specification 0.6.96, sections 3.1 to 3.3.
 */

import { BootError } from './boot-error.ts';
import type { BootImage, BootState } from './boot-image.ts';
import { readElf, type Segment } from './elf.ts';
import { EXTENDED_BIOS_DATA, UPPER_MEMORY } from './memory-map.ts';
import { type LoadedModule, multibootInformation } from './multiboot-information.ts';

const HEADER_MAGIC = 0x1bad_b002;
const HEADER_SEARCH_BYTES = 8192;
const HEADER_BYTES = 12;
const HEADER_ADDRESSES_END = 32;
const HEADER_ADDRESSES_VALID = 1 << 16;
/** The requirements (lower half of the flags) that this loader fulfils: page-aligned modules, memory, video. */
const SUPPORTED_REQUIREMENTS = 0b111;

const BOOT_MAGIC = 0x2bad_b002;

/** Where the information goes if nothing is there; above the interrupt vectors and the data of a BIOS. */
const LOWEST_INFORMATION = 0x9000;
const PAGE = 4096;
/** Not named by the specification; these are common. */
const CODE_SELECTOR = 0x08;
const DATA_SELECTOR = 0x10;

interface Program {
  readonly entry: number;
  readonly segments: readonly Segment[];
}

/** Writes the image into RAM. Throws BootError. */
export function loadMultiboot(image: BootImage, ram: Uint8Array): BootState {
  const program = readProgram(image.kernel);
  let top = UPPER_MEMORY;
  for (const segment of program.segments) {
    checkPlace(`kernel segment at 0x${segment.address.toString(16)}`, segment.address, segment.memoryBytes, ram.length);
    ram.fill(0, segment.address, segment.address + segment.memoryBytes);
    ram.set(segment.data, segment.address);
    top = Math.max(top, segment.address + segment.memoryBytes);
  }
  const modules = image.modules.map((module, i): LoadedModule => {
    const start = Math.ceil(top / PAGE) * PAGE;
    checkPlace(`module ${i} (${module.commandLine})`, start, module.data.length, ram.length);
    ram.set(module.data, start);
    top = start + module.data.length;
    return { start, end: top, commandLine: module.commandLine };
  });
  const describe = (address: number) => multibootInformation(address, image.commandLine, modules, ram.length);
  const information = placeInformation(program.segments, describe(0).length);
  ram.set(describe(information), information);
  return {
    entry: program.entry,
    registers: { eax: BOOT_MAGIC, ebx: information },
    codeSelector: CODE_SELECTOR,
    dataSelector: DATA_SELECTOR,
  };
}

/** What to load, and where it starts. */
function readProgram(kernel: Uint8Array): Program {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.length);
  const end = Math.min(HEADER_SEARCH_BYTES, kernel.length) - HEADER_BYTES;
  for (let at = 0; at <= end; at += 4) {
    if (view.getUint32(at, true) !== HEADER_MAGIC) continue;
    const flags = view.getUint32(at + 4, true);
    if ((HEADER_MAGIC + flags + view.getUint32(at + 8, true)) % 2 ** 32 !== 0) continue;
    const unknown = flags & 0xffff & ~SUPPORTED_REQUIREMENTS;
    if (unknown !== 0) {
      throw new BootError(`the multiboot header has requirements that are not supported: 0x${unknown.toString(16)}`);
    }
    return (flags & HEADER_ADDRESSES_VALID) !== 0 ? readAddresses(kernel, at) : readElf(kernel);
  }
  throw new BootError(`no multiboot header in the first ${HEADER_SEARCH_BYTES} bytes of the kernel`);
}

/** The address fields of the header take precedence over what the file's format says. */
function readAddresses(kernel: Uint8Array, headerAt: number): Program {
  if (headerAt + HEADER_ADDRESSES_END > kernel.length) {
    throw new BootError('the address fields of the multiboot header are cut off: the file is too short');
  }
  const view = new DataView(kernel.buffer, kernel.byteOffset + headerAt);
  const [header, load, loadEnd, bssEnd, entry] = [12, 16, 20, 24, 28].map((offset) => view.getUint32(offset, true));
  const start = headerAt - (header! - load!);
  if (load! > header! || start < 0) {
    throw new BootError('the load address in the multiboot header lies outside the file');
  }
  const bytes = loadEnd === 0 ? kernel.length - start : loadEnd! - load!;
  if (bytes < 0 || start + bytes > kernel.length) {
    throw new BootError('the load end address in the multiboot header lies outside the file: the file is cut off');
  }
  const memoryBytes = bssEnd === 0 ? bytes : bssEnd! - load!;
  if (memoryBytes < bytes) throw new BootError('the multiboot header ends the zeroed memory before the loaded data');
  if (entry! < load! || entry! >= load! + memoryBytes) {
    throw new BootError(`the entry point 0x${entry!.toString(16)} lies outside the kernel`);
  }
  return { entry: entry!, segments: [{ address: load!, data: kernel.subarray(start, start + bytes), memoryBytes }] };
}

function checkPlace(what: string, start: number, bytes: number, memoryBytes: number): void {
  const end = start + bytes;
  if (end > memoryBytes) {
    throw new BootError(
      `${what} ends at 0x${end.toString(16)}, beyond the machine's memory of ${memoryBytes / 2 ** 20} MiB`,
    );
  }
  if (start < UPPER_MEMORY && end > EXTENDED_BIOS_DATA) {
    throw new BootError(`${what} occupies 0x${start.toString(16)} to 0x${end.toString(16)}, in the area of the BIOS`);
  }
}

/** The first place in low memory that the kernel leaves free. */
function placeInformation(segments: readonly Segment[], bytes: number): number {
  let place = LOWEST_INFORMATION;
  const low = segments.filter((segment) => segment.address < UPPER_MEMORY).sort((a, b) => a.address - b.address);
  for (const { address, memoryBytes } of low) {
    if (place + bytes > address) place = Math.max(place, Math.ceil((address + memoryBytes) / PAGE) * PAGE);
  }
  if (place + bytes <= EXTENDED_BIOS_DATA) return place;
  throw new BootError(
    `the boot information (${bytes} bytes, with all command lines) does not fit into the low memory that the kernel leaves free`,
  );
}
