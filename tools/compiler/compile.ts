/*
 * The driver: sources in, images out. Runs in Node and in a browser worker; it reads files only through the virtual file
 * system it is given, and has no clock of its own (`now` is the caller's).
 *
 * One Compiler serves many builds. What a build leaves behind for the next one is in a store (incremental/), which the
 * caller may keep for longer than the compiler lives.
 */
import { AssemblyError, generateCode, type MachineModule } from './backend/index.ts';
import {
  type CodeRow,
  type Diagnostic,
  KernelTsProgram,
  type KernelTsOptions,
  stageCodes,
  type VirtualFileSystem,
} from './frontend/index.ts';
import { IncrementalFrontEnd, LookAgain, type FrontEndResult } from './incremental/build.ts';
import type { AreAllTypesRight, AreTypesRight } from './incremental/checking.ts';
import { compileImage, type CompiledImage } from './incremental/image.ts';
import { patchImage } from './incremental/patch.ts';
import { PlanRefused } from './incremental/plan.ts';
import { Stages } from './incremental/stages.ts';
import { CannotReuse, MemoryStore, type CompileStore } from './incremental/store.ts';
import type { IrModule, SourceLocation } from './ir/types.ts';
import { type BuiltImage, LinkError, linkKernel, linkUserProgram } from './output/index.ts';
import { optimise } from './passes/optimise.ts';
import { UnfamiliarBody } from './syntax/index.ts';

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
  /** What earlier builds have left behind. Default: a store that lives as long as the compiler. */
  readonly store?: CompileStore;
  /** Who looks at the types of many files. Default: nobody. */
  readonly areAllTypesRight?: AreAllTypesRight | undefined;
  /** Who looks at the types of a few files, quickly. Default: nobody. */
  readonly areTypesRight?: AreTypesRight | undefined;
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

export interface BuildResult {
  /** Empty if and only if all images are there. */
  readonly diagnostics: readonly Diagnostic[];
  readonly images: ReadonlyMap<string, BuiltImage>;
  readonly timings: Readonly<BuildTimings>;
}

export class Compiler {
  readonly #options: CompilerOptions;
  readonly #store: CompileStore;

  constructor(options: CompilerOptions) {
    this.#options = options;
    this.#store = options.store ?? new MemoryStore();
  }

  /** Builds all images from the files as they are now. */
  build(): BuildResult {
    const { level, onPass } = this.#options;
    if (level !== undefined || onPass !== undefined) return new Run(this.#options).buildAll();
    let isComplete = false;
    try {
      const result = new Run(this.#options).buildChanged(this.#store);
      isComplete = result.diagnostics.length === 0;
      // The first function with faulty assembly has ended its image: a build of everything finds the others.
      return result.diagnostics.some(isOfStages) ? new Run(this.#options).buildAll() : result;
    } catch (error) {
      if (error instanceof CannotReuse) return new Run(this.#options).buildAll();
      throw error;
    } finally {
      this.#store.endBuild(isComplete);
    }
  }
}

/** One build. */
class Run {
  readonly #options: CompilerOptions;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #images = new Map<string, BuiltImage>();
  readonly #timings: BuildTimings = { frontend: 0, passes: 0, backend: 0, output: 0 };

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  /** Adds the time that the action takes to a stage's. */
  #time<T>(stage: keyof BuildTimings, action: () => T): T {
    const now = this.#options.now ?? ((): number => 0);
    const started = now();
    const result = action();
    this.#timings[stage] += now() - started;
    return result;
  }

  get #frontEndOptions(): Pick<KernelTsOptions, 'files' | 'root' | 'libraryFiles' | 'defines'> {
    const { defines, files, library, root } = this.#options;
    return { files, root, libraryFiles: [`${library}/kernel.d.ts`, `${library}/scalars.d.ts`], defines };
  }

  #result(): BuildResult {
    return { diagnostics: this.#diagnostics, images: this.#images, timings: this.#timings };
  }

  /** Makes one image. What is wrong with it becomes a diagnostic. */
  #addImage(image: ImageSpec, build: () => BuiltImage): void {
    this.#options.onImage?.(image.name);
    try {
      this.#images.set(image.name, build());
    } catch (error) {
      for (const found of describe(image, error)) {
        const isKnown = this.#diagnostics.some(({ file, line, message }) => {
          return file === found.file && line === found.line && message === found.message; // another image has it too
        });
        if (!isKnown) this.#diagnostics.push(found);
      }
    }
  }

  #link(image: ImageSpec, machine: MachineModule): BuiltImage {
    return this.#time('output', () => {
      if (image.kind === 'kernel') return linkKernel(machine);
      const { elf, stripped } = linkUserProgram(machine);
      return { elf, stripped, layout: null, layoutText: null };
    });
  }

  // -------------------------------------------------------------------------------------------------------------------

  /** Throws CannotReuse. */
  buildChanged(store: CompileStore): BuildResult {
    const { areAllTypesRight, areTypesRight, images } = this.#options;
    const options = { ...this.#frontEndOptions, images, areAllTypesRight, areTypesRight };
    const start = (isCautious: boolean): IncrementalFrontEnd => {
      return this.#time('frontend', () => new IncrementalFrontEnd(options, store, isCautious));
    };
    try {
      return this.#buildWith(start(false), store);
    } catch (error) {
      if (error instanceof UnfamiliarBody) return this.#buildWith(start(true), store);
      throw error;
    }
  }

  #buildWith(frontEnd: IncrementalFrontEnd, store: CompileStore): BuildResult {
    for (let withPlans = true; ;) {
      try {
        return this.#buildBehind(frontEnd, withPlans, store);
      } catch (error) {
        if (error instanceof PlanRefused && withPlans) withPlans = false;
        else if (!(error instanceof LookAgain)) throw error;
      }
    }
  }

  #buildBehind(frontEnd: IncrementalFrontEnd, withPlans: boolean, store: CompileStore): BuildResult {
    const result = this.#time('frontend', () => frontEnd.run(withPlans));
    const confirm = (): readonly Diagnostic[] => this.#time('frontend', () => result.confirm());
    try {
      this.#buildLowered(result, store);
    } catch (error) {
      // Programs with wrong types may do anything to the stages behind the front end.
      if (confirm().length === 0) throw error;
    }
    result.prepareEnd();
    const wrong = confirm();
    const isNothingNew = result.lowered.size === 0 && result.planned.size === 0;
    if (wrong.length === 0 && isNothingNew) this.#timings.frontend = 0; // looking is not compiling
    if (wrong.length === 0) return this.#result();
    return { diagnostics: wrong, images: new Map(), timings: this.#timings };
  }

  #buildLowered({ imageKeys, keys, lowered, planKeys, planned }: FrontEndResult, store: CompileStore): void {
    const stages = new Stages(store, keys);
    const make = (name: string): (() => CompiledImage) | null => {
      const change = planned.get(name);
      const program = lowered.get(name);
      if (change !== undefined) return () => patchImage(change, stages, store);
      return program === undefined ? null : () => compileImage(program, stages);
    };
    for (const image of this.#options.images) {
      const key = imageKeys.get(image.name)!;
      const known = store.images.find(key);
      const compile = make(image.name);
      if (known !== undefined) this.#images.set(image.name, known);
      if (known !== undefined || compile === null) continue;
      this.#addImage(image, () => {
        const { machine, plan } = this.#time('backend', compile);
        const built = this.#link(image, machine);
        store.images.put(key, built);
        if (plan !== null) store.plans.put(planKeys.get(image.name)!, plan);
        return built;
      });
    }
  }

  // -------------------------------------------------------------------------------------------------------------------

  /** Builds everything, module by module and pass by pass. */
  buildAll(): BuildResult {
    const { images } = this.#options;
    const program = new KernelTsProgram({ ...this.#frontEndOptions, entries: images.map((image) => image.entry) });
    this.#diagnostics.push(...this.#time('frontend', () => program.diagnostics()));
    if (this.#diagnostics.length > 0) return this.#result();
    for (const image of images) {
      this.#addImage(image, () => {
        const module = this.#time('frontend', () => program.lower(image.entry));
        this.#time('passes', () => this.#optimise(image, module));
        return this.#link(
          image,
          this.#time('backend', () => generateCode(module)),
        );
      });
    }
    return this.#result();
  }

  #optimise(image: ImageSpec, module: IrModule): void {
    const { level, onPass } = this.#options;
    onPass?.(image.name, 'frontend', module);
    optimise(module, {
      ...(level === undefined ? {} : { level }),
      ...(onPass === undefined ? {} : { dump: (pass, changed) => onPass(image.name, pass, changed) }),
    });
  }
}

/** What the stages behind the front end can find wrong with a program: its assembly, and the way it hangs together. */
function describe(image: ImageSpec, error: unknown): Diagnostic[] {
  if (error instanceof AssemblyError) {
    return error.problems.map(({ location, message }) => asDiagnostic(stageCodes.assembly, location, message));
  }
  if (error instanceof LinkError) {
    const location = error.location ?? { file: image.entry, line: 1, column: 1 };
    return [asDiagnostic(stageCodes.link, location, error.message)];
  }
  throw error;
}

function isOfStages({ code }: Diagnostic): boolean {
  return Object.values(stageCodes).some((row) => row.code === code);
}

function asDiagnostic({ code, hint }: CodeRow, { column, file, line }: SourceLocation, message: string): Diagnostic {
  return { file, line, column, length: 1, code, message, hint, related: [] };
}
