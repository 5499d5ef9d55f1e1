/*
 * Boots a Linux kernel (bzImage) by the 32-bit boot protocol, without a BIOS.
 *
 *   10000 .. 10FFF   the "zero page": what the kernel's real-mode part would have found out, and the header that it brought
 *   11000 ..         the command line
 *  100000 ..         the protected-mode part, where it is entered; it moves and unpacks itself
 *      ... top       the initial file system, as high as the kernel can take it
 *
 * Several initial file systems become one: the kernel unpacks archives one after the other.
 *
 * Source: Linux, Documentation/x86/boot.rst and zero-page.rst.
 */

import { BootError } from './boot-error.ts';
import type { BootImage, BootState } from './boot-image.ts';
import { EXTENDED_BIOS_DATA, memoryMap, UPPER_MEMORY } from './memory-map.ts';

const ZERO_PAGE = 0x1_0000;
const COMMAND_LINE = 0x1_1000;
const KERNEL = UPPER_MEMORY;
const PAGE = 4096;
const SECTOR = 512;

/** Offsets in the zero page, the first ones of what was found out, the others of the header. */
const EXTENDED_MEMORY_KIB = 0x002;
const VIDEO_MODE = 0x006;
const VIDEO_COLUMNS = 0x007;
const VIDEO_LINES = 0x00e;
const VIDEO_IS_VGA = 0x00f;
const VIDEO_POINTS = 0x010;
const ALTERNATIVE_MEMORY_KIB = 0x1e0;
const MAP_ENTRIES = 0x1e8;
const SETUP_SECTORS = 0x1f1;
const BOOT_FLAG = 0x1fe;
const HEADER_JUMP = 0x201;
const HEADER_START = 0x202;
const VERSION = 0x206;
const LOADER_TYPE = 0x210;
const LOAD_FLAGS = 0x211;
const CODE_START = 0x214;
const INITRD_ADDRESS = 0x218;
const INITRD_BYTES = 0x21c;
const COMMAND_LINE_ADDRESS = 0x228;
const INITRD_LIMIT = 0x22c;
const COMMAND_LINE_BYTES = 0x238;
const PREFERRED_ADDRESS = 0x258;
const UNPACKED_BYTES = 0x260;
const MAP = 0x2d0;
const MAP_ENTRY_BYTES = 20;

const BOOT_FLAG_VALUE = 0xaa55;
const HEADER_MAGIC = 0x5372_6448; // "HdrS"
const LOADED_HIGH = 1;
const UNKNOWN_LOADER = 0xff;
/** Versions of the protocol: an entry for 32 bits that is documented; the limit of the command line; where it unpacks. */
const OLDEST_VERSION = 0x0203;
const VERSION_COMMAND_LINE = 0x0206;
const VERSION_UNPACKED = 0x020a;
const SHORT_COMMAND_LINE = 255;

const BOOT_CODE_SELECTOR = 0x10;
const BOOT_DATA_SELECTOR = 0x18;

/** Whether an image is a Linux kernel, of any version. */
export function isLinux(kernel: Uint8Array): boolean {
  if (kernel.length < ZERO_PAGE_HEADER_END) return false;
  const view = viewOf(kernel);
  return view.getUint16(BOOT_FLAG, true) === BOOT_FLAG_VALUE && view.getUint32(HEADER_START, true) === HEADER_MAGIC;
}
const ZERO_PAGE_HEADER_END = 0x268;

/** Writes the image into RAM. Throws BootError. */
export function loadLinux(image: BootImage, ram: Uint8Array): BootState {
  const { kernel } = image;
  const header = viewOf(kernel);
  const version = header.getUint16(VERSION, true);
  if (version < OLDEST_VERSION) {
    throw new BootError(
      `the Linux kernel speaks boot protocol ${versionText(version)}; 2.03 is the oldest that will do`,
    );
  }
  if ((kernel[LOAD_FLAGS]! & LOADED_HIGH) === 0) {
    throw new BootError('the Linux kernel is a zImage, which belongs into low memory; only a bzImage can be booted');
  }
  const setupBytes = ((kernel[SETUP_SECTORS]! || 4) + 1) * SECTOR;
  if (setupBytes >= kernel.length) throw new BootError('the Linux kernel is cut off');
  const program = kernel.subarray(setupBytes);
  let end = KERNEL + program.length;
  if (version >= VERSION_UNPACKED) {
    const unpacked = Math.max(KERNEL, Number(header.getBigUint64(PREFERRED_ADDRESS, true)));
    end = Math.max(end, unpacked + header.getUint32(UNPACKED_BYTES, true));
  }
  checkEnd(end, ram.length, `needs memory up to`);
  ram.set(program, KERNEL);
  writeZeroPage(kernel, ram);
  placeInitrd(image, version, end, ram);
  placeCommandLine(image.commandLine, version, ram);
  return {
    entry: header.getUint32(CODE_START, true),
    registers: { esi: ZERO_PAGE },
    codeSelector: BOOT_CODE_SELECTOR,
    dataSelector: BOOT_DATA_SELECTOR,
  };
}

/** The kernel's header, and a text screen and memory for it. */
function writeZeroPage(kernel: Uint8Array, ram: Uint8Array): void {
  ram.fill(0, ZERO_PAGE, ZERO_PAGE + PAGE);
  const headerEnd = Math.min(HEADER_START + kernel[HEADER_JUMP]!, MAP);
  ram.set(kernel.subarray(SETUP_SECTORS, headerEnd), ZERO_PAGE + SETUP_SECTORS);
  const page = new DataView(ram.buffer, ram.byteOffset + ZERO_PAGE, PAGE);
  const upperKib = (ram.length - UPPER_MEMORY) >> 10;
  page.setUint16(EXTENDED_MEMORY_KIB, Math.min(upperKib, 0xffff), true);
  page.setUint32(ALTERNATIVE_MEMORY_KIB, upperKib, true);
  page.setUint8(VIDEO_MODE, 3);
  page.setUint8(VIDEO_COLUMNS, 80);
  page.setUint8(VIDEO_LINES, 25);
  page.setUint8(VIDEO_IS_VGA, 1);
  page.setUint16(VIDEO_POINTS, 16, true);
  page.setUint8(LOADER_TYPE, UNKNOWN_LOADER);
  const map = memoryMap(ram.length);
  page.setUint8(MAP_ENTRIES, map.length);
  map.forEach(({ start, bytes, type }, i) => {
    const at = MAP + MAP_ENTRY_BYTES * i;
    page.setBigUint64(at, BigInt(start), true);
    page.setBigUint64(at + 8, BigInt(bytes), true);
    page.setUint32(at + 16, type, true);
  });
}

function placeInitrd(image: BootImage, version: number, kernelEnd: number, ram: Uint8Array): void {
  if (image.modules.length === 0) return;
  const page = viewOf(ram.subarray(ZERO_PAGE, ZERO_PAGE + PAGE));
  const bytes = image.modules.reduce((sum, { data }) => sum + padded(data.length), 0);
  const limit = version >= 0x0203 ? page.getUint32(INITRD_LIMIT, true) + 1 : 0x3800_0000;
  const start = Math.floor((Math.min(ram.length, limit) - bytes) / PAGE) * PAGE;
  if (start < kernelEnd) checkEnd(kernelEnd + bytes, ram.length, `and its initial file system need memory up to`);
  let at = start;
  for (const { data } of image.modules) {
    ram.set(data, at);
    at += padded(data.length);
  }
  page.setUint32(INITRD_ADDRESS, start, true);
  page.setUint32(INITRD_BYTES, bytes, true);
}

function placeCommandLine(text: string, version: number, ram: Uint8Array): void {
  const page = viewOf(ram.subarray(ZERO_PAGE, ZERO_PAGE + PAGE));
  const bytes = new TextEncoder().encode(text);
  const announced = version >= VERSION_COMMAND_LINE ? page.getUint32(COMMAND_LINE_BYTES, true) : SHORT_COMMAND_LINE;
  const limit = Math.min(announced, EXTENDED_BIOS_DATA - COMMAND_LINE - 1);
  if (bytes.length > limit) {
    throw new BootError(`the command line has ${bytes.length} bytes; this Linux kernel takes ${limit}`);
  }
  ram.set(bytes, COMMAND_LINE);
  ram[COMMAND_LINE + bytes.length] = 0;
  page.setUint32(COMMAND_LINE_ADDRESS, COMMAND_LINE, true);
}

function checkEnd(end: number, memoryBytes: number, what: string): void {
  if (end <= memoryBytes) return;
  throw new BootError(
    `the Linux kernel ${what} 0x${end.toString(16)}, beyond the machine's memory of ${memoryBytes / 2 ** 20} MiB`,
  );
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function versionText(version: number): string {
  return `${version >> 8}.${String(version & 0xff).padStart(2, '0')}`;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
