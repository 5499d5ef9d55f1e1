/*
 * Runs before all tests: builds the kernel and all programs once, for the tests that boot them. They read the result from
 * the folder that `provide` tells them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { BuildError, buildProject, type ProjectImages } from '../../tools/build/buildProject.ts';
import { diskFiles } from '../../tools/build/diskFiles.ts';
import { formatDiagnostics } from '../../tools/compiler/frontend/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with kernel.elf, kernel.layout.json, initrd.cpio and bin/. */
    readonly imageFolder: string;
  }
}

export default function buildOnce(project: TestProject): void {
  const root = project.config.root;
  const images = build(root);
  const folder = join(root, '.cache', 'test');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'kernel.elf'), images.kernel);
  writeFileSync(join(folder, 'kernel.layout.json'), JSON.stringify(images.layout));
  writeFileSync(join(folder, 'initrd.cpio'), images.initrd);
  for (const [name, elf] of images.programs) writeFileSync(join(folder, 'bin', name), elf, { mode: 0o755 });
  project.provide('imageFolder', folder);
}

function build(root: string): ProjectImages {
  try {
    return buildProject(root);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    const found = formatDiagnostics(error.diagnostics, { files: diskFiles, colour: false });
    throw new Error(`${error.message}\n${found}`, { cause: error });
  }
}
