/*
 * What a build makes depends on the sources alone: not on the folder that they are in, nor on what was built before.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildProject } from '../../tools/build/buildProject.ts';
import { builtFile } from '../support/guest.ts';

const root = join(import.meta.dirname, '..', '..');

test('a fresh build in another folder gives the same bytes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'a folder with a longer name '));
  try {
    for (const part of ['kernel', 'images', 'package-lock.json', join('tools', 'build'), join('tools', 'compiler')]) {
      cpSync(join(root, part), join(folder, part), { recursive: true });
    }
    const { kernel, initrd } = buildProject(folder);
    expect(Buffer.compare(kernel, builtFile('kernel.elf')), 'the kernels differ').toBe(0);
    expect(Buffer.compare(initrd, builtFile('initrd.cpio')), 'the archives differ').toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
