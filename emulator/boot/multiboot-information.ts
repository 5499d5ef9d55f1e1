/*
 * The structure by which a multiboot loader tells the kernel what it found and did, with the strings and tables behind it.
 *
 * The display is described as what it is, a text screen of 80 by 25 characters: a kernel that asks for a video mode must be
 * told what it has got.
 *
 * Source: Multiboot Specification 0.6.96, section 3.3.
 */

import { EXTENDED_BIOS_DATA, memoryMap, UPPER_MEMORY } from './memory-map.ts';

const INFO_MEMORY = 1 << 0;
const INFO_COMMAND_LINE = 1 << 2;
const INFO_MODULES = 1 << 3;
const INFO_MEMORY_MAP = 1 << 6;
const INFO_LOADER_NAME = 1 << 9;
const INFO_FRAME_BUFFER = 1 << 12;

const INFO_BYTES = 120;
const REGION_BYTES = 24;

const TEXT_SCREEN = 0xb_8000;
const FRAME_BUFFER_TEXT = 2;

export interface LoadedModule {
  readonly start: number;
  readonly end: number;
  readonly commandLine: string;
}

/** All of it, for the physical address at which it will be. */
export function multibootInformation(
  address: number,
  commandLine: string,
  modules: readonly LoadedModule[],
  memoryBytes: number,
): Uint8Array {
  const bytes: number[] = new Array<number>(INFO_BYTES).fill(0);
  const append = (data: Iterable<number>) => {
    while (bytes.length % 4 !== 0) bytes.push(0);
    const at = address + bytes.length;
    bytes.push(...data);
    return at;
  };
  const string = (text: string) => append([...new TextEncoder().encode(text), 0]);
  const put = (offset: number, value: number) => void bytes.splice(offset, 4, ...u32(value));
  const map = memoryMap(memoryBytes);
  put(0, INFO_MEMORY | INFO_COMMAND_LINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME | INFO_FRAME_BUFFER);
  put(4, EXTENDED_BIOS_DATA >> 10);
  put(8, (memoryBytes - UPPER_MEMORY) >> 10);
  put(16, string(commandLine));
  put(20, modules.length);
  const list = modules.flatMap((module) => [module.start, module.end, string(module.commandLine), 0].flatMap(u32));
  put(24, append(list));
  put(44, REGION_BYTES * map.length);
  put(
    48,
    append(map.flatMap((region) => [REGION_BYTES - 4, region.start, 0, region.bytes, 0, region.type].flatMap(u32))),
  );
  put(64, string('pagewright'));
  put(88, TEXT_SCREEN);
  put(96, 160); // bytes of a line
  put(100, 80);
  put(104, 25);
  bytes.splice(108, 2, 16, FRAME_BUFFER_TEXT); // bits of a character with its attribute
  return Uint8Array.from(bytes);
}

function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
