/*
 * The guest of the machine's measurements: it starts all other processors, and then every one computes for ever, in memory
 * of its own. v86's own loop boots it too; there, nobody answers the start.
 *
 * A processor starts in real mode at TRAMPOLINE. The code there enters protected mode with flat segments, takes a stack,
 * turns paging on, and calls the function whose address lies behind it.
 *
 * Source: Intel SDM vol. 3A, 9.4 (starting processors), 11.6.1 (interrupt command).
 */
import { join } from 'node:path';
import { buildBare } from '../build/bare.ts';
import { diskFiles } from '../build/diskFiles.ts';
import type { VirtualFileSystem } from '../compiler/frontend/index.ts';

const TRAMPOLINE = 0x8000;
const PROTECTED = 0x20;
const TABLE_REGISTER = 0x70;
const NEXT_STACK = 0x80;
const ENTRY = 0x84;
const DIRECTORY = 0x88;
const TABLE = 0x90;
const BYTES = 0xb0;

function trampoline(): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set([
    0xfa, // cli
    ...[0x2e, 0x0f, 0x01, 0x16, TABLE_REGISTER, 0], // lgdt %cs:TABLE_REGISTER
    ...[0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0], // CR0.PE = 1
    ...[0x66, 0xea, ...u32(TRAMPOLINE + PROTECTED), 0x08, 0x00], // ljmpl $8, PROTECTED
  ]);
  bytes.set(
    [
      ...[0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0], // DS, ES, SS = 16
      ...[0xa1, ...u32(TRAMPOLINE + DIRECTORY), 0x0f, 0x22, 0xd8], // CR3
      ...[0x0f, 0x20, 0xe0, 0x0c, 0x10, 0x0f, 0x22, 0xe0], // CR4.PSE = 1
      ...[0x0f, 0x20, 0xc0, 0x0d, ...u32(0x8000_0000), 0x0f, 0x22, 0xc0], // CR0.PG = 1
      ...[0xb8, ...u32(0x1000), 0xf0, 0x0f, 0xc1, 0x05, ...u32(TRAMPOLINE + NEXT_STACK), 0x89, 0xc4], // take a stack
      ...[0xa1, ...u32(TRAMPOLINE + ENTRY), 0xff, 0xd0, 0xf4], // call the entry
    ],
    PROTECTED,
  );
  view.setUint16(TABLE_REGISTER, 23, true);
  view.setUint32(TABLE_REGISTER + 2, TRAMPOLINE + TABLE, true);
  view.setUint32(NEXT_STACK, 0x2_0000, true);
  view.setBigUint64(TABLE + 8, 0x00cf_9a00_0000_ffffn, true); // flat code
  view.setBigUint64(TABLE + 16, 0x00cf_9200_0000_ffffn, true); // flat data
  return bytes;
}

function u32(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}

function source(): string {
  const words = Array.from(new Uint32Array(trampoline().buffer));
  const stores = words.map((word, i) => `  ptr<u32>(${TRAMPOLINE + 4 * i})[0] = ${word};`);
  return `
const apic = ptr<Volatile<u32>>(0xfee00000);

function compute(): never {
  const data = ptr<u32>(0x200000 + (apic[8] >>> 24) * 0x1000);
  let state: u32 = 1;
  for (;;) {
    for (let i: u32 = 0; i < 1024; i++) {
      state = state * 1664525 + 1013904223;
      data[i] = data[i] ^ (state >>> 7);
    }
  }
}

export function main(): u32 {
${stores.join('\n')}
  ptr<u32>(${TRAMPOLINE + ENTRY})[0] = u32(compute);
  const directory = readCr3();
  ptr<u32>(${TRAMPOLINE + DIRECTORY})[0] = directory;
  ptr<u32>(directory)[0xfee00000 >>> 22] = 0xfec00083; // a large page, for the APIC
  apic[0xf0 / 4] = 0x1ff;
  apic[0x300 / 4] = 0xc4500; // INIT to all others, then STARTUP
  for (let i: u32 = 0; i < 100; i++) apic[0x300 / 4] = 0xc4600 | ${TRAMPOLINE >> 12};
  compute();
}
`;
}

/** A multiboot image. `root` is the project's folder. */
export function buildMachineKernel(root: string): Uint8Array {
  const program = '/bench/compute.ts';
  const text = source();
  const files: VirtualFileSystem = { readFile: (path) => (path === program ? text : diskFiles.readFile(path)) };
  return buildBare({ files, program, library: join(root, 'tools', 'compiler', 'library'), kind: 'kernel' }).elf;
}
