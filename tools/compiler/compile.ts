/*
 * The driver: sources in, images out. Runs in Node and in a browser worker; it reads files only through the virtual file
 * system it is given, and has no clock of its own (`now` is the caller's).
 *
 * One Compiler serves many builds. What a build leaves behind for the next one: syntax trees of unchanged files, and the
 * images of programs none of whose files have changed.
 */
import { AssemblyError, generateCode } from './backend/index.ts';
import { KernelTsProgram, type Diagnostic, type VirtualFileSystem } from './frontend/index.ts';
import type { IrModule } from './ir/types.ts';
import { LinkError, linkKernel, linkUserProgram, type LinkedImage } from './output/index.ts';
import { optimise } from './passes/optimise.ts';

/** One image of a build: the kernel, or a program that runs under it. */
export interface ImageSpec {
  readonly name: string;
  /** Path of the entry module, in the virtual file system. */
  readonly entry: string;
  readonly kind: 'kernel' | 'program';
}

export interface CompilerOptions {
  readonly files: VirtualFileSystem;
  /** The folder that symbol names are relative to. */
  readonly root: string;
  /** The folder with kernel.d.ts and scalars.d.ts. */
  readonly library: string;
  readonly images: readonly ImageSpec[];
  readonly defines: ReadonlyMap<string, number | boolean>;
  /** 0, 1 or 2: how much the passes do. Default: 2. */
  readonly level?: 0 | 1 | 2;
  /** Called after the front end (as `frontend`) and after each pass, once per image. */
  readonly onPass?: (image: string, pass: string, module: IrModule) => void;
  /** Called before each image, for progress. */
  readonly onImage?: (image: string) => void;
  /** A clock in milliseconds, for the timings; without it they are all 0. */
  readonly now?: () => number;
}

/** Milliseconds spent in each stage, over all images. */
export interface BuildTimings {
  frontend: number;
  passes: number;
  backend: number;
  output: number;
}

export interface BuiltImage extends LinkedImage {
  /** The same image without debug information: free of the names of this computer's folders, and small. */
  readonly stripped: Uint8Array;
}

export interface BuildResult {
  /** Empty if and only if all images are there. */
  readonly diagnostics: readonly Diagnostic[];
  readonly images: ReadonlyMap<string, BuiltImage>;
  readonly timings: Readonly<BuildTimings>;
}

export class Compiler {
  readonly #options: CompilerOptions;
  #previous: KernelTsProgram | undefined;
  /** The images of the build before; those whose files have not changed since are used again. */
  #images: ReadonlyMap<string, BuiltImage> = new Map();

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  /** Builds all images from the files as they are now. */
  build(): BuildResult {
    const options = this.#options;
    const now = options.now ?? ((): number => 0);
    const timings: BuildTimings = { frontend: 0, passes: 0, backend: 0, output: 0 };
    const images = new Map<string, BuiltImage>();
    const started = now();
    const program = new KernelTsProgram({
      files: options.files,
      entries: options.images.map((image) => image.entry),
      root: options.root,
      libraryFiles: [`${options.library}/kernel.d.ts`, `${options.library}/scalars.d.ts`],
      defines: options.defines,
      previous: this.#previous,
    });
    const diagnostics = [...program.diagnostics()];
    this.#previous = program;
    timings.frontend = now() - started;
    if (diagnostics.length > 0) return { diagnostics, images, timings };
    for (const image of options.images) {
      const known = program.isUnchanged(image.entry) ? this.#images.get(image.name) : undefined;
      if (known !== undefined) {
        images.set(image.name, known);
        continue;
      }
      options.onImage?.(image.name);
      try {
        images.set(image.name, this.#buildImage(image, program, timings, now));
      } catch (error) {
        diagnostics.push(...describe(image, error));
      }
    }
    this.#images = images;
    return { diagnostics, images, timings };
  }

  #buildImage(image: ImageSpec, program: KernelTsProgram, timings: BuildTimings, now: () => number): BuiltImage {
    const { level, onPass } = this.#options;
    const t0 = now();
    const module = program.lower(image.entry);
    const t1 = now();
    onPass?.(image.name, 'frontend', module);
    optimise(module, {
      ...(level === undefined ? {} : { level }),
      ...(onPass === undefined ? {} : { dump: (pass, changed) => onPass(image.name, pass, changed) }),
    });
    const t2 = now();
    const machine = generateCode(module);
    const t3 = now();
    const link = image.kind === 'kernel' ? linkKernel : linkUserProgram;
    const linked = { ...link(machine), stripped: link(machine, { stripDebug: true }).elf };
    timings.frontend += t1 - t0;
    timings.passes += t2 - t1;
    timings.backend += t3 - t2;
    timings.output += now() - t3;
    return linked;
  }
}

/** What the stages behind the front end can find wrong with a program: its assembly, and the way it hangs together. */
function describe(image: ImageSpec, error: unknown): Diagnostic[] {
  if (error instanceof AssemblyError) {
    return error.problems.map(({ location: { file, line, column }, message }) => {
      return { file, line, column, length: 1, code: 'PW2001', message, hint: null, related: [] };
    });
  }
  if (error instanceof LinkError) {
    const { message } = error;
    return [{ file: image.entry, line: 1, column: 1, length: 1, code: 'PW2002', message, hint: null, related: [] }];
  }
  throw error;
}
