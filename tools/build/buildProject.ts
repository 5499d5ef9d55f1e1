/*
 * Builds Pagewright itself: the kernel from its first instruction in kernel/arch/x86/boot.ts, a program from each file
 * directly in kernel/user, and the initial RAM disk from them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Compiler,
  type BuildTimings,
  type BuiltImage,
  type CompilerOptions,
  type ImageSpec,
} from '../compiler/compile.ts';
import type { Diagnostic } from '../compiler/frontend/index.ts';
import type { LayoutFile } from '../compiler/output/index.ts';
import { buildInitramfs, type InitramfsRecipe } from '../image/initramfs.ts';
import { BuildCache, groupKey, type ImageGroup } from './buildCache.ts';
import { diskFiles } from './diskFiles.ts';

type Defines = ReadonlyMap<string, number | boolean>;

export interface ProjectOptions extends Partial<
  Pick<CompilerOptions, 'files' | 'level' | 'onPass' | 'onImage' | 'now'>
> {
  readonly defines?: Defines;
  /** Compile even what is in the cache. Implied by `files`, `level` and `onPass`. */
  readonly isFresh?: boolean;
}

export interface ProjectImages {
  readonly kernel: Uint8Array;
  readonly layout: LayoutFile;
  readonly initrd: Uint8Array;
  /** The programs of the initial RAM disk by name. */
  readonly programs: ReadonlyMap<string, Uint8Array>;
  /** All zero if everything came from the cache. */
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

const KERNEL = 'kernel';
const groups: readonly ImageGroup[] = ['kernel', 'programs'];

/** Builds what has changed since it was built last. Throws BuildError if the sources have faults. */
export function buildProject(root: string, options: ProjectOptions = {}): ProjectImages {
  const { files, level, onPass } = options;
  const isUsual = files === undefined && level === undefined && onPass === undefined;
  const isFresh = options.isFresh === true || !isUsual;
  const cache = new BuildCache(root);
  const keys = new Map(groups.map((group) => [group, groupKey(root, group, options.defines ?? new Map())]));
  const known = new Map(groups.map((group) => [group, isFresh ? null : cache.read(keys.get(group)!)]));
  const missing = groups.filter((group) => known.get(group) === null);
  let timings: BuildTimings = { frontend: 0, passes: 0, backend: 0, output: 0 };
  if (missing.length > 0) {
    const result = projectCompiler(root, options, missing).build();
    if (result.diagnostics.length > 0) throw new BuildError(result.diagnostics);
    timings = result.timings;
    for (const group of missing) {
      const images = new Map([...result.images].filter(([name]) => (name === KERNEL) === (group === 'kernel')));
      known.set(group, images);
      if (isUsual) cache.write(keys.get(group)!, images);
    }
  }
  return packImages(root, known.get('kernel')!, known.get('programs')!, timings);
}

/** A compiler for the project in the folder `root`; keep it to build again quickly after an edit. */
export function projectCompiler(
  root: string,
  options: ProjectOptions = {},
  wanted: readonly ImageGroup[] = groups,
): Compiler {
  const kernel = join(root, 'kernel');
  return new Compiler({
    files: diskFiles,
    ...options,
    root: kernel,
    library: join(root, 'tools', 'compiler', 'library'),
    images: projectImages(kernel).filter((image) => wanted.includes(image.kind === 'kernel' ? 'kernel' : 'programs')),
    defines: options.defines ?? new Map(),
  });
}

function projectImages(kernel: string): ImageSpec[] {
  const folder = join(kernel, 'user');
  const programs = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  return [
    { name: KERNEL, entry: join(kernel, 'arch', 'x86', 'boot.ts'), kind: 'kernel' },
    ...programs.map((file) => ({ name: file.slice(0, -3), entry: join(folder, file), kind: 'program' as const })),
  ];
}

function packImages(
  root: string,
  kernelGroup: ReadonlyMap<string, BuiltImage>,
  programGroup: ReadonlyMap<string, BuiltImage>,
  timings: BuildTimings,
): ProjectImages {
  const recipe = JSON.parse(readFileSync(join(root, 'images', 'initramfs.json'), 'utf8')) as InitramfsRecipe;
  const programs = new Map([...programGroup].map(([name, image]) => [name, image.elf]));
  // Debug information names folders of this computer, and what the guest sees must be the same on every one.
  const initrd = buildInitramfs(recipe, new Map([...programGroup].map(([name, image]) => [name, image.stripped])));
  const kernel = kernelGroup.get(KERNEL)!;
  return { kernel: kernel.elf, layout: kernel.layout, initrd, programs, timings };
}
