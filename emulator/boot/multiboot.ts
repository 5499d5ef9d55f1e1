/*
 * Boots an ELF kernel by the Multiboot Specification, without a BIOS.
 *
 * The kernel's segments go to their physical addresses, modules above them on page boundaries, and the information
 * structure with its strings and tables into low memory. The CPU then starts in 32-bit protected mode, paging off, with
 * flat segments, EAX = magic and EBX = address of the information.
 *
 * Whatever is wrong with the image is said before the machine runs.
 *
 * Source: Multiboot Specification 0.6.96, sections 3.1 to 3.3.
 */

import { BootError } from './boot-error.ts';
import { readElf } from './elf.ts';

const HEADER_MAGIC = 0x1bad_b002;
const HEADER_SEARCH_BYTES = 8192;
const HEADER_ADDRESSES_VALID = 1 << 16;
const HEADER_WANTS_VIDEO = 1 << 2;
/** The requirements (lower half of the flags) that this loader fulfils: page-aligned modules, memory information. */
const SUPPORTED_REQUIREMENTS = 0b11;

export const BOOT_MAGIC = 0x2bad_b002;

const INFO_MEMORY = 1 << 0;
const INFO_COMMAND_LINE = 1 << 2;
const INFO_MODULES = 1 << 3;
const INFO_MEMORY_MAP = 1 << 6;
const INFO_LOADER_NAME = 1 << 9;

const INFO_ADDRESS = 0x9000;
const INFO_BYTES = 120;
/** End of the room for the information: below the boot sector's traditional place and the extended BIOS data. */
const INFO_END = 0x9_0000;
const EXTENDED_BIOS_DATA = 0x9_fc00;
const UPPER_MEMORY = 0x10_0000;
const PAGE = 4096;

export interface BootModule {
  readonly data: Uint8Array;
  readonly commandLine: string;
}

export interface BootImage {
  readonly kernel: Uint8Array;
  readonly commandLine: string;
  readonly modules: readonly BootModule[];
}

export interface BootState {
  /** Physical address of the first instruction. */
  readonly entry: number;
  /** Physical address of the information structure, for EBX. */
  readonly information: number;
}

/** Writes the image into RAM. Throws BootError. */
export function loadMultiboot(image: BootImage, ram: Uint8Array): BootState {
  checkHeader(image.kernel);
  const elf = readElf(image.kernel);
  let top = UPPER_MEMORY;
  for (const segment of elf.segments) {
    checkPlace(`kernel segment at 0x${segment.address.toString(16)}`, segment.address, segment.memoryBytes, ram.length);
    ram.fill(0, segment.address, segment.address + segment.memoryBytes);
    ram.set(segment.data, segment.address);
    top = Math.max(top, segment.address + segment.memoryBytes);
  }
  const modules = image.modules.map((module, i) => {
    const start = Math.ceil(top / PAGE) * PAGE;
    checkPlace(`module ${i} (${module.commandLine})`, start, module.data.length, ram.length);
    ram.set(module.data, start);
    top = start + module.data.length;
    return { start, end: top, commandLine: module.commandLine };
  });
  writeInformation(image.commandLine, modules, ram);
  return { entry: elf.entry, information: INFO_ADDRESS };
}

function checkHeader(kernel: Uint8Array): void {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.length);
  const end = Math.min(HEADER_SEARCH_BYTES, kernel.length) - 12;
  for (let at = 0; at <= end; at += 4) {
    if (view.getUint32(at, true) !== HEADER_MAGIC) continue;
    const flags = view.getUint32(at + 4, true);
    if ((HEADER_MAGIC + flags + view.getUint32(at + 8, true)) >>> 0 !== 0) continue;
    if ((flags & HEADER_WANTS_VIDEO) !== 0)
      throw new BootError('the kernel asks for a video mode; there is no display');
    const unknown = flags & 0xffff & ~SUPPORTED_REQUIREMENTS;
    if (unknown !== 0) {
      throw new BootError(`the multiboot header has requirements that are not supported: 0x${unknown.toString(16)}`);
    }
    if ((flags & HEADER_ADDRESSES_VALID) !== 0) {
      throw new BootError('the multiboot header gives load addresses; only ELF images are supported');
    }
    return;
  }
  throw new BootError(`no multiboot header in the first ${HEADER_SEARCH_BYTES} bytes of the kernel`);
}

function checkPlace(what: string, start: number, bytes: number, memoryBytes: number): void {
  const end = start + bytes;
  if (end > memoryBytes) {
    throw new BootError(
      `${what} ends at 0x${end.toString(16)}, beyond the machine's memory of ${memoryBytes / 2 ** 20} MiB`,
    );
  }
  if (start < UPPER_MEMORY && end > INFO_ADDRESS) {
    const overlaps = start < INFO_END ? 'the boot information' : 'the area of the BIOS';
    throw new BootError(`${what} occupies 0x${start.toString(16)} to 0x${end.toString(16)}, in ${overlaps}`);
  }
}

interface LoadedModule {
  readonly start: number;
  readonly end: number;
  readonly commandLine: string;
}

function writeInformation(commandLine: string, modules: readonly LoadedModule[], ram: Uint8Array): void {
  const view = new DataView(ram.buffer, ram.byteOffset, ram.length);
  let next = INFO_ADDRESS + INFO_BYTES;
  const reserve = (bytes: number) => {
    const at = next;
    next = (at + bytes + 3) & ~3;
    if (next > INFO_END) throw new BootError('the command lines do not fit into low memory');
    return at;
  };
  const string = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    const at = reserve(bytes.length + 1);
    ram.set(bytes, at);
    ram[at + bytes.length] = 0;
    return at;
  };
  const put = (offset: number, value: number) => view.setUint32(INFO_ADDRESS + offset, value, true);
  const list = reserve(16 * modules.length);
  for (const [i, module] of modules.entries()) {
    view.setUint32(list + 16 * i, module.start, true);
    view.setUint32(list + 16 * i + 4, module.end, true);
    view.setUint32(list + 16 * i + 8, string(module.commandLine), true);
    view.setUint32(list + 16 * i + 12, 0, true);
  }
  const map = memoryMap(ram.length);
  const mapAddress = reserve(24 * map.length);
  for (const [i, region] of map.entries()) {
    [20, region.start, 0, region.bytes, 0, region.type].forEach((value, word) => {
      view.setUint32(mapAddress + 24 * i + 4 * word, value, true);
    });
  }
  put(0, INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME);
  put(4, EXTENDED_BIOS_DATA >> 10);
  put(8, (ram.length - UPPER_MEMORY) >> 10);
  put(16, string(commandLine));
  put(20, modules.length);
  put(24, list);
  put(44, 24 * map.length);
  put(48, mapAddress);
  put(64, string('pagewright'));
}

const AVAILABLE = 1;
const RESERVED = 2;

function memoryMap(memoryBytes: number) {
  return [
    { start: 0, bytes: EXTENDED_BIOS_DATA, type: AVAILABLE },
    { start: EXTENDED_BIOS_DATA, bytes: 0xa_0000 - EXTENDED_BIOS_DATA, type: RESERVED },
    { start: 0xf_0000, bytes: 0x1_0000, type: RESERVED },
    { start: UPPER_MEMORY, bytes: memoryBytes - UPPER_MEMORY, type: AVAILABLE },
    { start: 0xfec0_0000, bytes: 0x1000, type: RESERVED },
    { start: 0xfee0_0000, bytes: 0x1000, type: RESERVED },
  ];
}
