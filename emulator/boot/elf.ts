/*
 * Reads what a loader needs of an ELF32 executable for the i386: the entry and the loadable segments.
 *
 * Source: System V ABI, chapters 4 and 5.
 */

import { BootError } from './boot-error.ts';

const PROGRAM_LOAD = 1;
const TYPE_EXECUTABLE = 2;
const MACHINE_386 = 3;
const HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;

export interface Segment {
  /** Physical. */
  readonly address: number;
  readonly data: Uint8Array;
  /** At least the data's length; what is more is zero. */
  readonly memoryBytes: number;
}

export interface Elf {
  /** Physical address of the first instruction. */
  readonly entry: number;
  readonly segments: readonly Segment[];
}

/** Throws BootError. */
export function readElf(image: Uint8Array): Elf {
  if (image.length < HEADER_BYTES || ![0x7f, 0x45, 0x4c, 0x46].every((byte, i) => image[i] === byte)) {
    throw new BootError('the kernel is not an ELF file');
  }
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  const machine = view.getUint16(18, true);
  if (image[4] !== 1 || image[5] !== 1 || machine !== MACHINE_386) {
    throw new BootError('the kernel is an ELF file, but not for the i386 (32 bits, little-endian)');
  }
  if (view.getUint16(16, true) !== TYPE_EXECUTABLE) throw new BootError('the kernel is not an executable ELF file');
  const entry = view.getUint32(24, true);
  const tableAt = view.getUint32(28, true);
  const count = view.getUint16(44, true);
  if (view.getUint16(42, true) !== PROGRAM_HEADER_BYTES || tableAt + PROGRAM_HEADER_BYTES * count > image.length) {
    throw new BootError('the program headers of the kernel are damaged');
  }
  const segments: Segment[] = [];
  let physicalEntry: number | undefined;
  for (let i = 0; i < count; i++) {
    const at = tableAt + PROGRAM_HEADER_BYTES * i;
    const field = (offset: number) => view.getUint32(at + offset, true);
    if (field(0) !== PROGRAM_LOAD || field(20) === 0) continue;
    const [offset, virtual, address, bytes, memoryBytes] = [field(4), field(8), field(12), field(16), field(20)];
    if (offset + bytes > image.length || bytes > memoryBytes) {
      throw new BootError(`segment ${i} of the kernel lies outside its file: the file is cut off or damaged`);
    }
    segments.push({ address, data: image.subarray(offset, offset + bytes), memoryBytes });
    // An entry is a physical address by the specification; that of a higher-half kernel is often given as a virtual one.
    if (entry >= virtual && entry < virtual + memoryBytes) physicalEntry ??= entry - virtual + address;
  }
  if (segments.length === 0) throw new BootError('the kernel has nothing to load');
  const isPhysical = segments.some((s) => entry >= s.address && entry < s.address + s.memoryBytes);
  if (!isPhysical && physicalEntry === undefined) {
    throw new BootError(`the entry point 0x${entry.toString(16)} is in no segment of the kernel`);
  }
  return { entry: isPhysical ? entry : physicalEntry!, segments };
}
