/*
 * What a BIOS leaves behind: its data area, and as much ROM as a kernel relies on that never calls a BIOS.
 *
 * Kernels look there for the extended BIOS data (and in it for the MP tables), for the size of base memory, for serial
 * ports and disks. The ROM holds the machine's date and model, and the code at the reset vector: a processor that is reset
 * after software has put a shutdown code into CMOS byte 0Fh goes on where software wants it, through the vector at 40:67.
 * That is how processors without STARTUP messages are started, and how old software leaves protected mode. Without such a
 * code there is nothing to boot, and the processor sleeps.
 *
 * Source: IBM PC AT Technical Reference (BIOS data, shutdown codes); MP Specification 1.4, B.4 and B.5.
 */

import { EXTENDED_BIOS_DATA } from './memory-map.ts';

const DATA = 0x400;
const ROM = 0xf_0000;
/** Offsets in the ROM. */
const RESET_CODE = 0xe05b;
const RESET_VECTOR = 0xfff0;
const DATE = 0xfff5;
const MODEL = 0xfffe;
const MODEL_AT = 0xfc;

const EQUIPMENT_FPU = 0x0002;
const EQUIPMENT_COLOUR_80 = 0x0020;

/**
 * mov al, 8Fh / out 70h, al / in al, 71h / cmp al, 5 / je end of interrupt / cmp al, 0Ah / je go / cli / hlt / jmp to cli
 * end of interrupt: mov al, 20h / out A0h, al / out 20h, al
 * go: xor ax, ax / mov ds, ax / jmp far [467h]
 */
const RESET_PROGRAM = [
  [0xb0, 0x8f, 0xe6, 0x70, 0xe4, 0x71, 0x3c, 0x05, 0x74, 0x08, 0x3c, 0x0a, 0x74, 0x0a, 0xfa, 0xf4, 0xeb, 0xfc],
  [0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20],
  [0x31, 0xc0, 0x8e, 0xd8, 0xff, 0x2e, 0x67, 0x04],
].flat();

/**
 * What a BIOS writes to the chips, and leaves so: the 8259s at vectors 8 and 70h, with the lines of timer, keyboard, floppy
 * disk, clock, mouse, FPU and first IDE channel open; 18.2 ticks a second. Ports and bytes, in order.
 */
export const BIOS_PORT_WRITES: readonly (readonly [number, number])[] = [
  ...[0x11, 0x08, 0x04, 0x01, 0xb8].map((value, i): [number, number] => [i === 0 ? 0x20 : 0x21, value]),
  ...[0x11, 0x70, 0x02, 0x01, 0x8e].map((value, i): [number, number] => [i === 0 ? 0xa0 : 0xa1, value]),
  [0x43, 0x34],
  [0x40, 0],
  [0x40, 0],
];

/** Writes data area and ROM into RAM. `serialPorts`: their first ports. */
export function writeBiosData(ram: Uint8Array, serialPorts: readonly number[], disks: number): void {
  const view = new DataView(ram.buffer, ram.byteOffset, ram.length);
  const put16 = (offset: number, value: number) => view.setUint16(DATA + offset, value, true);
  serialPorts.slice(0, 4).forEach((port, i) => put16(2 * i, port));
  put16(0x0e, EXTENDED_BIOS_DATA >> 4);
  put16(0x10, EQUIPMENT_FPU | EQUIPMENT_COLOUR_80 | (serialPorts.length << 9));
  put16(0x13, EXTENDED_BIOS_DATA >> 10);
  for (const end of [0x1a, 0x1c, 0x80]) put16(end, 0x1e); // the keyboard's buffer is empty
  put16(0x82, 0x3e);
  ram[DATA + 0x49] = 3; // text, 80 columns
  put16(0x4a, 80);
  put16(0x4c, 4096);
  put16(0x60, 0x0607);
  put16(0x63, 0x3d4);
  ram[DATA + 0x75] = disks;
  ram[DATA + 0x84] = 24;
  put16(0x85, 16);
  ram[EXTENDED_BIOS_DATA] = 1; // its size in KiB
  writeRom(ram);
}

function writeRom(ram: Uint8Array): void {
  ram.set(RESET_PROGRAM, ROM + RESET_CODE);
  ram.set([0xea, RESET_CODE & 0xff, RESET_CODE >> 8, 0x00, 0xf0], ROM + RESET_VECTOR);
  ram.set(new TextEncoder().encode('01/01/00'), ROM + DATE);
  ram[ROM + MODEL] = MODEL_AT;
}
