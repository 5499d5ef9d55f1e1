/*
 * Booting kernels by the Multiboot Specification: what is handed over, which images are understood, which are refused and why.
 */

import { describe, expect, test } from 'vitest';
import { loadMultiboot } from '../../emulator/boot/multiboot.ts';
import { BootError, Disk, DiskImage } from '../../emulator/machine.ts';
import { buildKernel, createMachine, MEMORY_BYTES, runKernel } from './support.ts';

const boot = buildKernel('boot');
const text = (value: string) => new TextEncoder().encode(value);

describe('booting', () => {
  test('hands over command line, modules and memory', async () => {
    const modules = [
      { data: text('first contents'), commandLine: 'first one' },
      { data: text('second'), commandLine: 'second' },
    ];
    const { output, exitCode } = await runKernel(boot, { commandLine: 'root=/dev/ram quiet', modules });
    expect(exitCode).toBe(42);
    expect(output.split('\n')).toEqual([
      'command line: root=/dev/ram quiet',
      'lower 639',
      'upper 15360',
      'modules 2',
      'first one: first contents',
      'aligned 1',
      'second: second',
      'aligned 1',
      'available 00000000 0009fc00',
      'available 00100000 00f00000',
      'loader pagewright',
      'screen at b8000 1',
      'columns 80',
      'text 2',
      'base memory 639',
      'first serial port 1016',
      'extended data 654336',
      'disks 0',
      '',
    ]);
  });

  const patched = (change: (image: Uint8Array, view: DataView) => void) => {
    const image = Uint8Array.from(boot);
    change(image, new DataView(image.buffer));
    return image;
  };
  const headerAt = boot.findIndex(
    (_, i) => i % 4 === 0 && new DataView(boot.buffer, boot.byteOffset).getUint32(i, true) === 0x1badb002,
  );

  const withFlags = (flags: number) =>
    patched((_, view) => {
      view.setUint32(headerAt + 4, flags, true);
      view.setUint32(headerAt + 8, -(0x1badb002 + flags), true);
    });

  test.each([
    ['not an ELF file', text('#!/bin/sh'.padEnd(100)), /no multiboot header/],
    ['header without ELF', patched((image) => image.fill(0, 0, 4)), /not an ELF file/],
    ['another machine', patched((_, view) => view.setUint16(18, 62, true)), /not for the i386/],
    ['cut off', boot.slice(0, headerAt + 64), /damaged|outside its file/],
    ['no header', patched((image) => image.fill(0, headerAt, headerAt + 4)), /no multiboot header/],
    ['entry outside', patched((_, view) => view.setUint32(24, 0x5000_0000, true)), /entry point/],
    ['a requirement of tomorrow', withFlags(0x13), /requirements that are not supported: 0x10/],
    [
      'too large',
      patched((_, view) => {
        view.setUint32(view.getUint32(28, true) + 20, 0x2000_0000, true);
      }),
      /beyond the machine's memory of 16 MiB/,
    ],
  ])('refuses an image: %s', async (_, kernel, message) => {
    await expect(createMachine(kernel)).rejects.toThrow(BootError);
    await expect(createMachine(kernel)).rejects.toThrow(message);
  });

  test('refuses a module that does not fit', async () => {
    const modules = [{ data: new Uint8Array(MEMORY_BYTES), commandLine: 'big' }];
    await expect(createMachine(boot, { modules })).rejects.toThrow(/module 0 \(big\) ends at/);
  });

  test('tells a kernel that asks for a video mode what there is', async () => {
    const { output, exitCode } = await runKernel(withFlags(7));
    expect(exitCode).toBe(42);
    expect(output).toContain('text 2');
  });

  test('counts the disks', async () => {
    const disk = () => new Disk(DiskImage.of(new Uint8Array(512)));
    const { output } = await runKernel(boot, { disks: [disk(), undefined, disk()] });
    expect(output).toContain('disks 2');
  });
});

describe('a kernel that is no ELF file', () => {
  const LOAD = 0x10_0000;
  /** The loaded bytes of the ELF file as a flat file after `before` other bytes, with the address fields made valid. */
  const flat = (before: number, change: (header: DataView) => void = () => undefined) => {
    const ram = new Uint8Array(MEMORY_BYTES);
    loadMultiboot({ kernel: boot, commandLine: '', modules: [] }, ram);
    const header = new DataView(ram.buffer, LOAD);
    const dataEnd = header.getUint32(20, true);
    header.setUint32(4, 0x1_0003, true);
    header.setUint32(8, -(0x1badb002 + 0x1_0003), true);
    change(header);
    const file = new Uint8Array(before + dataEnd - LOAD);
    file.set(ram.subarray(LOAD, dataEnd), before);
    return file;
  };

  test.each([0, 4, 4096])('is loaded by the addresses in its header, which comes at %i', async (before) => {
    const { output, exitCode } = await runKernel(flat(before), { commandLine: 'flat' });
    expect(exitCode).toBe(42);
    expect(output).toMatch(/^command line: flat\n/);
  });

  test('is loaded to the end of the file if no end is given', async () => {
    const file = flat(0, (header) => header.setUint32(20, 0, true));
    expect((await runKernel(file)).exitCode).toBe(42);
  });

  test.each([
    ['cut off', flat(0).subarray(0, 2000), /cut off/],
    ['cut off in its header', flat(0).subarray(0, 24), /address fields .* cut off/],
    ['loaded from before the file', flat(0, (h) => h.setUint32(12, LOAD + 64, true)), /outside the file/],
    ['longer than its memory', flat(0, (h) => h.setUint32(24, LOAD + 16, true)), /zeroed memory/],
    ['entered outside', flat(0, (h) => h.setUint32(28, 0x1000, true)), /entry point 0x1000 lies outside/],
    ['in the area of the BIOS', moveTo(flat(0), 0xa_0000), /in the area of the BIOS/],
    ['too large', flat(0, (h) => h.setUint32(24, 0x2000_0000, true)), /beyond the machine's memory of 16 MiB/],
  ])('is refused: %s', async (_, kernel, message) => {
    await expect(createMachine(kernel)).rejects.toThrow(BootError);
    await expect(createMachine(kernel)).rejects.toThrow(message);
  });

  test('may lie in low memory: the information goes elsewhere', () => {
    const ram = new Uint8Array(MEMORY_BYTES);
    const { ebx = 0 } = loadMultiboot(
      { kernel: moveTo(flat(0), 0x8000), commandLine: 'low', modules: [] },
      ram,
    ).registers;
    const view = new DataView(ram.buffer);
    const end = 0x8000 + view.getUint32(0x8000 + 24, true) - view.getUint32(0x8000 + 16, true);
    expect(ebx).toBeGreaterThanOrEqual(end);
    const commandLine = view.getUint32(ebx + 16, true);
    expect(new TextDecoder().decode(ram.subarray(commandLine, commandLine + 4))).toBe('low\0');
  });
});

/** Moves all addresses in the header of a flat kernel. */
function moveTo(kernel: Uint8Array, load: number): Uint8Array {
  const view = new DataView(kernel.buffer);
  const by = load - view.getUint32(16, true);
  for (const at of [12, 16, 20, 24, 28]) view.setUint32(at, view.getUint32(at, true) + by, true);
  return kernel;
}
