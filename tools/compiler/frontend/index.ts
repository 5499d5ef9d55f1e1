/*
 * The front end: kernel TS sources to typed SSA, or diagnostics.
 *
 *   const program = new KernelTsProgram({ files, entries, root, libraryFiles, defines });
 *   const diagnostics = program.diagnostics();
 *   if (diagnostics.length === 0) for (const entry of entries) compile(program.lower(entry));
 *
 * One KernelTsProgram covers all programs of a build. `diagnostics` lowers every entry's program, then whatever no
 * program reaches, so that errors anywhere are found; `lower` hands the modules out. A build that knows most of the answers
 * already (incremental/build.ts) asks for single files and functions instead.
 */

import type { IrFunction, IrModule } from '../ir/types.ts';
import { syntaxErrorsIn, ts } from '../syntax/index.ts';
import type { Catalogue } from './catalogue.ts';
import { checkSource } from './checks.ts';
import { Reporter, type Diagnostic } from './diagnostics.ts';
import { factsOf } from './facts.ts';
import { reportFailure } from './failure.ts';
import { Imports } from './imports.ts';
import { ProgramImage, TextTable, type RecordSource } from './program-image.ts';
import { normalizePath, Sources, type ParseSource, type VirtualFileSystem } from './program.ts';
import { Recorder } from './recorder.ts';
import type { FileFacts, FunctionNeed, Need } from './records.ts';
import { createProgram, type CheckedProgram } from './tsc.ts';
import { fromTsc } from './tsc-diagnostics.ts';
import { classOf } from './types.ts';
import { methodName, unitOf } from './units.ts';
import { World } from './world.ts';

export type { Diagnostic, RelatedSpan, Span } from './diagnostics.ts';
export type { VirtualFileSystem } from './program.ts';
export { codes, stageCodes, type CodeRow } from './codes.ts';
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
  /** Makes syntax trees; for callers who have some already. */
  readonly parse?: ParseSource;
  /** Names that several classes have. Default: those among the files that the entries reach. */
  readonly ambiguousNames?: ReadonlySet<string>;
  /** Whether somebody else looks at the types: tsc is not asked then. The code is worth something only if they are right. */
  readonly isCodeOnly?: boolean;
  /** What is done to functions before they become records, as long as we find nothing wrong. Default: nothing. */
  readonly improve?: (fn: IrFunction) => void;
}

const noFacts: FileFacts = { start: null, functions: [], variables: [], constants: [] };

export class KernelTsProgram {
  readonly #entries: readonly string[];
  readonly #sources: Sources;
  readonly #imports: Imports;
  readonly #roots: readonly string[];
  readonly #reporter = new Reporter();
  readonly #world: World;
  readonly #images = new Map<string, ProgramImage>();
  readonly #facts = new Map<ts.SourceFile, FileFacts>();
  readonly #texts = new TextTable();
  readonly #isCodeOnly: boolean;
  #checked: readonly Diagnostic[] | null = null;

  constructor(options: KernelTsOptions) {
    this.#isCodeOnly = options.isCodeOnly ?? false;
    this.#entries = options.entries.map(normalizePath);
    const library = options.libraryFiles.map(normalizePath);
    this.#roots = [...library, ...this.#entries];
    this.#sources = new Sources(options.files, this.#roots, options.parse);
    this.#imports = new Imports(this.#sources);
    for (const path of this.#sources.tooDeep) this.#reporter.reportFile(path, 'tooDeep');
    this.#world = new World({
      reporter: this.#reporter,
      root: normalizePath(options.root),
      sources: this.#sources,
      library,
      defines: options.defines,
      ...(options.ambiguousNames === undefined ? {} : { ambiguousNames: options.ambiguousNames }),
      improve: options.improve ?? ((): void => undefined),
    });
  }

  /** The files that the programs consist of, without the library. */
  get sourceFiles(): readonly string[] {
    const own = this.#sources.all.filter((source) => !this.#world.entities.isLibrary(source));
    return own.map((source) => source.fileName);
  }

  /** Everything that is wrong with the programs, sorted by place. */
  diagnostics(): readonly Diagnostic[] {
    this.#checked ??= this.#check();
    return this.#checked;
  }

  #check(): readonly Diagnostic[] {
    if (this.checkTypes(this.#sources.all.map(({ fileName }) => fileName))) {
      for (const entry of this.#entries) this.#image(entry);
      const leftovers = new ProgramImage(this.#recordSource());
      for (const need of this.checkDeclarations(this.sourceFiles)) leftovers.add(need);
      leftovers.run();
    }
    return this.found;
  }

  /**
   * The program that starts at `entry`, one of the options' entries. Throws if there are diagnostics. The module belongs
   * to the caller, who may change it: each call gives a new one.
   */
  lower(entry: string): IrModule {
    if (this.diagnostics().length > 0) throw new Error('a program with errors cannot be lowered');
    const path = normalizePath(entry);
    const image = this.#image(path);
    image.addConstants(this.#factsFor(path));
    return image.toModule();
  }

  #image(entry: string): ProgramImage {
    const known = this.#images.get(entry);
    if (known !== undefined) return known;
    const image = new ProgramImage(this.#recordSource());
    this.#images.set(entry, image);
    image.addRoots(this.#factsFor(entry));
    image.run();
    image.describeClasses();
    return image;
  }

  /** Of the modules of a program. None where tsc has said that there is no such file. */
  #factsFor(entry: string): FileFacts[] {
    const source = this.#sources.get(entry);
    if (source === undefined) return [];
    return this.#imports.reachedFrom(source).map((reached) => this.#factsOf(reached));
  }

  #recordSource(): RecordSource {
    const { catalogue } = this.#world;
    return {
      function: (need) => catalogue.function(need) ?? null,
      global: (need) => catalogue.global(need) ?? null,
      class: (need) => catalogue.class(need) ?? null,
      text: (need) => this.#texts.of(need),
      noteDuplicate: (need) => {
        const node = catalogue.declarationOf(need);
        if (node !== undefined) this.#reporter.report(node, 'duplicateSymbol', [need.symbol]);
      },
    };
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Piece by piece

  /** What has been found so far, sorted by place. */
  get found(): readonly Diagnostic[] {
    return this.#reporter.sorted();
  }

  get catalogue(): Catalogue {
    return this.#world.catalogue;
  }

  /** tsc's findings in some files. False if there are syntax errors: what follows would guess at half a tree. */
  checkTypes(paths: readonly string[]): boolean {
    const syntactic = this.#sources.all.flatMap(syntaxErrorsIn);
    for (const diagnostic of syntactic) this.#reporter.add(fromTsc(diagnostic));
    // Without files to look at there is nothing to make a ts.Program for.
    if (!this.#isCodeOnly && paths.length > 0) this.#checkWithTsc(syntactic.length > 0 ? [] : paths);
    return syntactic.length === 0;
  }

  #checkWithTsc(paths: readonly string[]): void {
    const { program, tooDeep } = createProgram(this.#sources, this.#roots);
    for (const path of tooDeep) this.#reporter.reportFile(path, 'tooDeep');
    for (const diagnostic of program.getOptionsDiagnostics()) this.#reporter.add(fromTsc(diagnostic));
    for (const path of paths) {
      for (const diagnostic of this.#semantic(program, path)) this.#reporter.add(fromTsc(diagnostic));
    }
    if (paths.length === 0) return;
    for (const diagnostic of program.getGlobalDiagnostics()) this.#reporter.add(fromTsc(diagnostic));
  }

  #semantic(program: CheckedProgram['program'], path: string): readonly ts.Diagnostic[] {
    const source = program.getSourceFile(path);
    if (source === undefined) return [];
    try {
      return program.getSemanticDiagnostics(source);
    } catch (error) {
      reportFailure(this.#reporter, source, error);
      return [];
    }
  }

  /** Our findings in the declarations of some files. Gives the functions that no program has lowered. */
  checkDeclarations(paths: Iterable<string>): readonly Need[] {
    const leftovers = new Recorder(this.#world);
    for (const path of paths) {
      const source = this.#sources.get(path);
      if (source === undefined) continue;
      try {
        checkSource(this.#world, source, leftovers);
      } catch (error) {
        reportFailure(this.#reporter, source, error);
      }
    }
    return leftovers.needs;
  }

  /** What a file contributes to programs. */
  facts(path: string): FileFacts | null {
    const source = this.#sources.get(path);
    return source === undefined ? null : this.#factsOf(source);
  }

  #factsOf(source: ts.SourceFile): FileFacts {
    let facts = this.#facts.get(source);
    if (facts === undefined) {
      facts = this.#findFacts(source);
      this.#facts.set(source, facts);
    }
    return facts;
  }

  #findFacts(source: ts.SourceFile): FileFacts {
    try {
      return factsOf(this.#world, source);
    } catch (error) {
      reportFailure(this.#reporter, source, error);
      return noFacts;
    }
  }

  /** Makes a function known to the catalogue, if its unit tells which one it is: neither generic nor an arrow. */
  register(need: FunctionNeed, path: string): void {
    const { entities, instances, catalogue } = this.#world;
    for (const statement of this.#sources.get(path)?.statements ?? []) {
      if (!need.unit.startsWith(unitOf(statement))) continue;
      const name = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) ? statement.name : undefined;
      const entity = name === undefined ? null : entities.entityAt(name);
      if (entity?.kind === 'function' && entity.typeParameters.length === 0) {
        catalogue.functionNeed(instances.instanceOf(entity, [], null));
      } else if (entity?.kind === 'class' && entity.typeParameters.length === 0) {
        for (const member of [...entity.methods.values(), ...entity.statics.values()]) {
          if (member.kind !== 'function' || member.typeParameters.length > 0) continue;
          if (!need.unit.endsWith(`.${methodName(member.declaration as ts.MethodDeclaration)}`)) continue;
          const self = member.isStatic ? null : classOf(entity, []);
          catalogue.functionNeed(instances.instanceOf(member, [], self));
        }
      }
    }
  }
}
