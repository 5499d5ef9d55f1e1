/*
 * The answer to IDENTIFY DEVICE: 256 words that say what a disk is and what it is set to.
 *
 * Source: ATA/ATAPI-6 (T13/1410D), 8.15, table 27.
 */

import { SECTOR_BYTES } from './disk.ts';

/** The most sectors that READ/WRITE MULTIPLE move for one interrupt. */
export const LARGEST_MULTIPLE = 16;

/** Beyond this, only the 48-bit commands reach a sector. */
export const LBA28_SECTORS = 0x0fff_ffff;

/** Cylinders, heads and sectors, for programs that do not count sectors simply. */
export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

const LARGEST_CYLINDERS = 16_383;

/** What the disk says of itself without being told; cylinders beyond the 8.4 GB that this can address are not counted. */
export function defaultGeometry(sectors: number): Geometry {
  return translation(sectors, 16, 63);
}

/** The geometry that results from choosing heads and sectors. */
export function translation(sectors: number, heads: number, sectorsPerTrack: number): Geometry {
  const cylinders = Math.min(LARGEST_CYLINDERS, Math.floor(sectors / (heads * sectorsPerTrack)));
  return { cylinders, heads, sectorsPerTrack };
}

/** What software can set. */
export interface Settings {
  readonly geometry: Geometry;
  /** Sectors for one interrupt of READ/WRITE MULTIPLE; 0: these commands are off. */
  readonly multiple: number;
  /** As SET FEATURES takes it: 20h + mode for multiword DMA, 40h + mode for Ultra DMA. */
  readonly transferMode: number;
  readonly writeCache: boolean;
  readonly readAhead: boolean;
}

export interface DiskDescription {
  readonly settings: Settings;
  readonly sectors: number;
  /** 0 to 3: its place at the controller. */
  readonly position: number;
}

export const TRANSFER_MULTIWORD = 0x20;
export const TRANSFER_ULTRA = 0x40;
export const LAST_MULTIWORD_MODE = 2;
export const LAST_ULTRA_MODE = 5;

/** 512 bytes. */
export function identifyData(disk: DiskDescription): Uint8Array {
  const words = new Uint16Array(SECTOR_BYTES / 2);
  const put32 = (at: number, value: number) => {
    words[at] = value & 0xffff;
    words[at + 1] = value >>> 16;
  };
  const natural = defaultGeometry(disk.sectors);
  words[0] = 0x0040; // an ATA device, not removable
  words[1] = natural.cylinders;
  words[3] = natural.heads;
  words[6] = natural.sectorsPerTrack;
  putText(words, 10, 20, `PW${String(disk.position + 1).padStart(6, '0')}`);
  putText(words, 23, 8, '1.0');
  putText(words, 27, 40, 'PAGEWRIGHT DISK');
  words[47] = 0x8000 | LARGEST_MULTIPLE;
  words[49] = 0x2f00; // standby timer, IORDY, LBA, DMA
  words[50] = 0x4000;
  words[51] = 0x0200;
  words[53] = 0x0007; // words 54-58, 64-70 and 88 mean something
  const { cylinders, heads, sectorsPerTrack } = disk.settings.geometry;
  words[54] = cylinders;
  words[55] = heads;
  words[56] = sectorsPerTrack;
  put32(57, cylinders * heads * sectorsPerTrack);
  words[59] = disk.settings.multiple === 0 ? 0 : 0x0100 | disk.settings.multiple;
  put32(60, Math.min(disk.sectors, LBA28_SECTORS));
  putTransferModes(words, disk.settings.transferMode);
  putFeatures(words, disk.settings);
  words[93] = (disk.position & 1) === 0 ? 0x600b : 0x6b01; // an 80-conductor cable, place by jumper, diagnostics passed
  put32(100, disk.sectors % 2 ** 32);
  put32(102, Math.floor(disk.sectors / 2 ** 32));
  const data = bytesOf(words);
  data[510] = 0xa5;
  data[511] = -data.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return data;
}

/** PIO to mode 4, multiword DMA to mode 2, Ultra DMA to mode 5: what can be chosen, and what is. */
function putTransferModes(words: Uint16Array, mode: number): void {
  const chosen = (kind: number) => ((mode & 0xf8) === kind ? 0x100 << (mode & 7) : 0);
  words[63] = ((1 << (LAST_MULTIWORD_MODE + 1)) - 1) | chosen(TRANSFER_MULTIWORD);
  words[64] = 0x0003;
  words.fill(120, 65, 69); // cycle times in nanoseconds
  words[88] = ((1 << (LAST_ULTRA_MODE + 1)) - 1) | chosen(TRANSFER_ULTRA);
}

/** NOP, buffers, look-ahead, write cache, power management; 48 bits and the flush commands; all on but what can be off. */
function putFeatures(words: Uint16Array, settings: Settings): void {
  words[80] = 0x007e; // up to ATA/ATAPI-6
  words[82] = 0x7068;
  words[83] = 0x7400;
  words[84] = 0x4000;
  words[85] = 0x7008 | (settings.writeCache ? 0x20 : 0) | (settings.readAhead ? 0x40 : 0);
  words[86] = 0x3400;
  words[87] = 0x4000;
}

/** Text has its first character in the upper half of a word. */
function putText(words: Uint16Array, at: number, length: number, text: string): void {
  const padded = text.padEnd(length);
  for (let i = 0; i < length / 2; i++) {
    words[at + i] = (padded.charCodeAt(2 * i) << 8) | padded.charCodeAt(2 * i + 1);
  }
}

function bytesOf(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(2 * words.length);
  words.forEach((word, i) => {
    bytes[2 * i] = word & 0xff;
    bytes[2 * i + 1] = word >> 8;
  });
  return bytes;
}
