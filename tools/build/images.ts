/*
 * What a machine boots: the kernel, its layout, and the initial RAM disk, built from the project's sources.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildResult, BuildTimings } from '../compiler/compile.ts';
import type { Diagnostic } from '../compiler/frontend/index.ts';
import type { LayoutFile } from '../compiler/output/index.ts';
import { buildInitramfs, type InitramfsRecipe } from '../image/initramfs.ts';
import { KERNEL, programsOf } from './buildProject.ts';

export interface ProjectImages {
  readonly kernel: Uint8Array;
  readonly layout: LayoutFile;
  readonly initrd: Uint8Array;
  /** The programs of the initial RAM disk by name. */
  readonly programs: ReadonlyMap<string, Uint8Array>;
  readonly timings: Readonly<BuildTimings>;
}

/** A build of the project did not succeed. */
export class BuildError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(`the build found ${diagnostics.length} error${diagnostics.length === 1 ? '' : 's'}`);
    this.diagnostics = diagnostics;
  }
}

/** Packs the result of a build. Throws BuildError if it found faults. */
export function packImages(root: string, result: BuildResult): ProjectImages {
  const kernel = result.images.get(KERNEL);
  if (result.diagnostics.length > 0 || kernel === undefined) throw new BuildError(result.diagnostics);
  const recipe = JSON.parse(readFileSync(join(root, 'images', 'initramfs.json'), 'utf8')) as InitramfsRecipe;
  const programs = programsOf(result);
  const initrd = buildInitramfs(recipe, programs);
  return { kernel: kernel.elf, layout: kernel.layout, initrd, programs, timings: result.timings };
}
