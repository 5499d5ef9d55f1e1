/*
 * Builds Pagewright itself: the kernel from its first instruction in kernel/arch/x86/boot.ts, a program from each file
 * directly in kernel/user, and the initial RAM disk from them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Compiler,
  type BuildResult,
  type BuildTimings,
  type CompilerOptions,
  type ImageSpec,
} from '../compiler/compile.ts';
import type { Diagnostic } from '../compiler/frontend/index.ts';
import type { BuiltImage, LayoutFile } from '../compiler/output/index.ts';
import { buildInitramfs, type InitramfsRecipe } from '../image/initramfs.ts';
import { allTypesCheck } from './allTypes.ts';
import { diskFiles } from './diskFiles.ts';
import { openDiskStore } from './diskStore.ts';
import { quickTypesCheck } from './quickTypes.ts';

type Defines = ReadonlyMap<string, number | boolean>;

export interface ProjectOptions extends Partial<
  Pick<CompilerOptions, 'files' | 'images' | 'level' | 'onPass' | 'onImage' | 'now' | 'store'>
> {
  readonly defines?: Defines;
  /** Compile even what is in the cache. Implied by `files`, `level` and `onPass`. */
  readonly isFresh?: boolean;
}

export interface ProjectImages {
  readonly kernel: Uint8Array;
  readonly layout: LayoutFile;
  /** The same as text. */
  readonly layoutText: string;
  readonly initrd: Uint8Array;
  /** The folders in the initial RAM disk. */
  readonly folders: readonly string[];
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

/**
 * Builds what has changed since it was built last, which is what the store in .cache/build tells. Throws BuildError if the
 * sources have faults.
 */
export function buildProject(root: string, options: ProjectOptions = {}): ProjectImages {
  const { files, level, onPass } = options;
  const isUsual = files === undefined && level === undefined && onPass === undefined;
  const isFresh = options.isFresh === true || !isUsual;
  const { images, timings } = compile(root, { ...options, isFresh });
  return packImages(root, images, timings);
}

/** Throws BuildError. */
function compile(root: string, options: ProjectOptions): BuildResult {
  const store = options.isFresh === true ? {} : { store: openDiskStore(root) };
  const result = projectCompiler(root, { ...store, ...options }).build();
  if (result.diagnostics.length > 0) throw new BuildError(result.diagnostics);
  return result;
}

/** The names of the images: the kernel's, and those of all programs. */
export function imageNames(root: string): string[] {
  return projectImages(join(root, 'kernel')).map(({ name }) => name);
}

/** Compiles the images with these names, to see whether anything is wrong. Throws BuildError if it is. */
export function checkProject(root: string, names: readonly string[], options: ProjectOptions = {}): void {
  const images = projectImages(join(root, 'kernel')).filter(({ name }) => names.includes(name));
  compile(root, { ...options, images });
}

/** The kernel alone, with other build constants. Throws BuildError. */
export function buildKernel(root: string, defines: Defines): Pick<ProjectImages, 'kernel' | 'layout'> {
  const folder = join(root, 'kernel');
  const images = projectImages(folder).filter(({ kind }) => kind === 'kernel');
  const kernel = compile(root, { defines, images }).images.get(KERNEL)!;
  return { kernel: kernel.elf, layout: kernel.layout! };
}

/** A compiler for the project in the folder `root`; keep it to build again quickly after an edit. */
export function projectCompiler(root: string, options: ProjectOptions = {}): Compiler {
  const kernel = join(root, 'kernel');
  return new Compiler({
    files: diskFiles,
    areAllTypesRight: allTypesCheck(),
    areTypesRight: quickTypesCheck(),
    images: projectImages(kernel),
    ...options,
    root: kernel,
    library: join(root, 'tools', 'compiler', 'library'),
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
  images: ReadonlyMap<string, BuiltImage>,
  timings: Readonly<BuildTimings>,
): ProjectImages {
  const recipe = JSON.parse(readFileSync(join(root, 'images', 'initramfs.json'), 'utf8')) as InitramfsRecipe;
  const programs = [...images].filter(([name]) => name !== KERNEL);
  // Debug information names folders of this computer, and what the guest sees must be the same on every one.
  const initrd = buildInitramfs(recipe, new Map(programs.map(([name, image]) => [name, image.stripped])));
  const kernel = images.get(KERNEL)!;
  return {
    kernel: kernel.elf,
    get layout() {
      return kernel.layout!;
    },
    get layoutText() {
      return kernel.layoutText!;
    },
    initrd,
    folders: recipe.folders,
    programs: new Map(programs.map(([name, image]) => [name, image.elf])),
    timings,
  };
}
