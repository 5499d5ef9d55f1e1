/*
 * The front end: kernel TS sources to typed SSA, or diagnostics.
 *
 *   const program = new KernelTsProgram({ files, entries, root, libraryFiles, defines });
 *   const diagnostics = program.diagnostics();
 *   if (diagnostics.length === 0) for (const entry of entries) compile(program.lower(entry));
 *
 * One KernelTsProgram covers all programs of a build. `diagnostics` lowers every entry's program, then whatever no
 * program reaches, so that errors anywhere are found; `lower` hands the modules out. With `previous`, only what an edit
 * can have affected is done again (incremental.ts).
 */

import type { IrModule } from '../ir/types.ts';
import { checkSource } from './checks.ts';
import { Reporter, type Diagnostic } from './diagnostics.ts';
import { reportFailure } from './failure.ts';
import { ImportGraph } from './imports.ts';
import { Incremental, type FinishedBuild } from './incremental.ts';
import { ModuleLowering } from './module.ts';
import { createProgram, normalizePath, type VirtualFileSystem } from './program.ts';
import { addConstants, addRoots } from './roots.ts';
import { fromTsc } from './tsc-diagnostics.ts';
import type { ts } from './typescript.ts';
import { World } from './world.ts';

export type { Diagnostic, RelatedSpan, Span } from './diagnostics.ts';
export type { VirtualFileSystem } from './program.ts';
export { codes, type CodeRow } from './codes.ts';
export { formatDiagnostic, formatDiagnostics, type FormatOptions } from './format.ts';

export interface KernelTsOptions {
  readonly files: VirtualFileSystem;
  /** The entry modules of all programs of the build. */
  readonly entries: readonly string[];
  /** Symbols are `path/relative/to/root/without/extension:name`. */
  readonly root: string;
  /** kernel.d.ts and scalars.d.ts, readable through `files`. */
  readonly libraryFiles: readonly string[];
  readonly defines: ReadonlyMap<string, number | boolean>;
  /** The build before this one: what has not changed since is not parsed, checked or lowered again. */
  readonly previous?: KernelTsProgram | undefined;
  /**
   * Two cores can share a build: one does the `types` (tsc's findings), the other the `code` (syntax, our findings,
   * lowering). mergeDiagnostics puts the findings together; the code is worth something only if there are none.
   */
  readonly part?: 'all' | 'types' | 'code';
}

/** The findings of both parts of a build, as one build would have them. */
export function mergeDiagnostics(types: readonly Diagnostic[], code: readonly Diagnostic[]): Diagnostic[] {
  const reporter = new Reporter();
  for (const diagnostic of [...types, ...code]) reporter.add(diagnostic);
  return reporter.sorted();
}

export class KernelTsProgram {
  readonly #entries: readonly string[];
  readonly #program: ts.Program;
  readonly #reporter = new Reporter();
  readonly #world: World;
  readonly #graph: ImportGraph;
  readonly #incremental: Incremental;
  readonly #modules = new Map<string, ModuleLowering>();
  readonly #settings: string;
  readonly #part: 'all' | 'types' | 'code';
  #clean: ReadonlySet<string> = new Set();
  #checked: readonly Diagnostic[] | null = null;

  constructor(options: KernelTsOptions) {
    this.#part = options.part ?? 'all';
    this.#entries = options.entries.map(normalizePath);
    const library = options.libraryFiles.map(normalizePath);
    this.#settings = JSON.stringify([this.#part, options.root, library, [...options.defines]]);
    const previous = options.previous?.finished(this.#settings) ?? null;
    const { program, tooDeep } = createProgram(
      options.files,
      [...library, ...this.#entries],
      previous?.program ?? null,
    );
    this.#program = program;
    for (const path of tooDeep) this.#reporter.reportFile(path, 'tooDeep');
    const isLibrary = (source: ts.SourceFile): boolean => library.includes(source.fileName);
    const sources = this.#program.getSourceFiles();
    this.#world = new World({
      checker: this.#program.getTypeChecker(),
      reporter: this.#reporter,
      root: normalizePath(options.root),
      sources: sources.filter((source) => !isLibrary(source)),
      library: new Set(sources.filter(isLibrary)),
      defines: options.defines,
    });
    this.#graph = new ImportGraph(this.#program);
    this.#incremental = new Incremental(this.#program, this.#graph, previous);
  }

  /** For the build after this one; null if it cannot use anything of it. */
  finished(settings: string): FinishedBuild | null {
    if (this.#checked === null || settings !== this.#settings) return null;
    return { program: this.#program, clean: this.#clean, isClean: this.#checked.length === 0 };
  }

  /** The files that the programs consist of, without the library. */
  get sourceFiles(): readonly string[] {
    return this.#sources().map((source) => source.fileName);
  }

  #sources(): ts.SourceFile[] {
    return this.#program.getSourceFiles().filter((source) => !this.#world.entities.isLibrary(source));
  }

  /** Whether the program at `entry` is the same as in the previous build, down to the last instruction. */
  isUnchanged(entry: string): boolean {
    const source = this.#program.getSourceFile(normalizePath(entry));
    return source !== undefined && this.#incremental.isUnchanged(source);
  }

  /** Everything that is wrong with the programs, sorted by place. */
  diagnostics(): readonly Diagnostic[] {
    this.#checked ??= this.#check();
    return this.#checked;
  }

  #check(): readonly Diagnostic[] {
    if (this.#checkTypes() && this.#part !== 'types') {
      for (const entry of this.#entries) {
        if (!this.isUnchanged(entry)) this.#modules.set(entry, this.#lower(entry));
      }
      this.#checkDeclarations();
    }
    return this.#reporter.sorted();
  }

  /** tsc's findings. False if there are syntax errors: what follows would guess at half a tree. */
  #checkTypes(): boolean {
    const { toCheck } = this.#incremental;
    const clean = new Set<string>();
    const all = this.#program.getSourceFiles();
    const syntactic = all.flatMap((source) => this.#program.getSyntacticDiagnostics(source));
    for (const diagnostic of [...this.#program.getOptionsDiagnostics(), ...syntactic])
      this.#reporter.add(fromTsc(diagnostic));
    if (syntactic.length > 0) return false;
    if (this.#part === 'code') return true;
    for (const source of all) {
      const found = toCheck.has(source) ? this.#semantic(source) : [];
      for (const diagnostic of found) this.#reporter.add(fromTsc(diagnostic));
      if (found.length === 0) clean.add(source.fileName);
    }
    for (const diagnostic of this.#program.getGlobalDiagnostics()) this.#reporter.add(fromTsc(diagnostic));
    this.#clean = clean;
    return true;
  }

  #semantic(source: ts.SourceFile): readonly ts.Diagnostic[] {
    try {
      return this.#program.getSemanticDiagnostics(source);
    } catch (error) {
      reportFailure(this.#reporter, source, error);
      return [];
    }
  }

  #checkDeclarations(): void {
    const leftovers = new ModuleLowering(this.#world);
    for (const source of this.#sources()) {
      if (!this.#incremental.toDeclare.has(source)) continue;
      try {
        checkSource(this.#world, source, leftovers);
      } catch (error) {
        reportFailure(this.#reporter, source, error);
      }
    }
    leftovers.run();
  }

  /**
   * The program that starts at `entry`, one of the options' entries. Throws if there are diagnostics. The module belongs
   * to the caller, who may change it: each call gives a new one.
   */
  lower(entry: string): IrModule {
    if (this.diagnostics().length > 0) throw new Error('a program with errors cannot be lowered');
    if (this.#part === 'types') throw new Error('only the types of this program have been looked at');
    const path = normalizePath(entry);
    const ready = this.#modules.get(path) ?? this.#lower(path);
    this.#modules.delete(path);
    return ready.ir;
  }

  #lower(entry: string): ModuleLowering {
    const module = new ModuleLowering(this.#world);
    const source = this.#program.getSourceFile(entry);
    if (source === undefined) return module; // tsc has said that there is no such file
    const reached = this.#graph.reached(source, false);
    addRoots(this.#world, module, source, reached);
    module.run();
    module.describeClasses();
    for (const used of reached) addConstants(this.#world, module, used);
    return module;
  }
}
