/*
 * What a build makes depends on the sources alone: not on the folder that they are in, nor on what was built before. (Debug
 * information has the folder's path, so that gdb finds the sources; nothing of it reaches the guest.)
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readElf, type Segment } from '../../emulator/boot/elf.ts';
import { buildProject } from '../../tools/build/buildProject.ts';
import { builtFile } from '../support/guest.ts';

const root = join(import.meta.dirname, '..', '..');

const placeOf = ({ address, memoryBytes }: Segment) => ({ address, memoryBytes });

test('a fresh build in another folder gives the guest the same bytes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'a folder with a longer name '));
  try {
    for (const part of ['kernel', 'images', 'package-lock.json', join('tools', 'build'), join('tools', 'compiler')]) {
      cpSync(join(root, part), join(folder, part), { recursive: true });
    }
    const { kernel, initrd } = buildProject(folder);
    const [here, there] = [readElf(builtFile('kernel.elf')), readElf(kernel)];
    expect(there.entry).toBe(here.entry);
    expect(there.segments.map(placeOf)).toEqual(here.segments.map(placeOf));
    there.segments.forEach(({ data }, i) => {
      expect(Buffer.compare(data, here.segments[i]!.data), `segment ${i} differs`).toBe(0);
    });
    expect(Buffer.compare(initrd, builtFile('initrd.cpio')), 'the archives differ').toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
