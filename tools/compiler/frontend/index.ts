/*
 * The front end: kernel TS sources to typed SSA, or diagnostics.
 *
 *   const program = new KernelTsProgram({ files, entries, root, libraryFiles, defines });
 *   const diagnostics = program.diagnostics();
 *   if (diagnostics.length === 0) for (const entry of entries) compile(program.lower(entry));
 *
 * One KernelTsProgram covers all programs of a build. `diagnostics` lowers every entry's program, then whatever no
 * program reaches, so that errors anywhere are found; `lower` hands the modules out.
 */

import type { IrModule } from '../ir/types.ts';
import { checkSource } from './checks.ts';
import { Reporter, type Diagnostic } from './diagnostics.ts';
import { hasModifier } from './entities.ts';
import { reportFailure } from './failure.ts';
import { ModuleLowering } from './module.ts';
import { createProgram, normalizePath, type VirtualFileSystem } from './program.ts';
import { fromTsc } from './tsc-diagnostics.ts';
import { ts } from './typescript.ts';
import { World } from './world.ts';

export type { Diagnostic, RelatedSpan, Span } from './diagnostics.ts';
export type { VirtualFileSystem } from './program.ts';
export { codes, type CodeRow } from './codes.ts';
export { formatDiagnostic, formatDiagnostics } from './format.ts';

export interface KernelTsOptions {
  readonly files: VirtualFileSystem;
  /** The entry modules of all programs of the build. */
  readonly entries: readonly string[];
  /** Symbols are `path/relative/to/root/without/extension:name`. */
  readonly root: string;
  /** kernel.d.ts and scalars.d.ts, readable through `files`. */
  readonly libraryFiles: readonly string[];
  readonly defines: ReadonlyMap<string, number | boolean>;
  /** The build before this one: what has not changed since is not read, parsed or checked again. */
  readonly previous?: KernelTsProgram | undefined;
}

export class KernelTsProgram {
  readonly #options: KernelTsOptions;
  readonly #program: ts.Program;
  readonly #reporter = new Reporter();
  readonly #world: World;
  readonly #modules = new Map<string, ModuleLowering>();
  #checked: readonly Diagnostic[] | null = null;

  constructor(options: KernelTsOptions) {
    this.#options = options;
    const entries = options.entries.map(normalizePath);
    const library = options.libraryFiles.map(normalizePath);
    const previous = options.previous === undefined ? null : options.previous.#program;
    this.#program = createProgram(options.files, [...library, ...entries], previous);
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
  }

  /** The files that the programs consist of, without the library. */
  get sourceFiles(): readonly string[] {
    return this.#sources().map((source) => source.fileName);
  }

  #sources(): ts.SourceFile[] {
    return this.#program.getSourceFiles().filter((source) => !this.#world.entities.isLibrary(source));
  }

  /** Everything that is wrong with the programs, sorted by place. */
  diagnostics(): readonly Diagnostic[] {
    this.#checked ??= this.#check();
    return this.#checked;
  }

  #check(): readonly Diagnostic[] {
    const syntactic = this.#program.getSyntacticDiagnostics();
    for (const diagnostic of [...syntactic, ...this.#program.getOptionsDiagnostics()])
      this.#reporter.add(fromTsc(diagnostic));
    if (syntactic.length > 0) return this.#reporter.sorted(); // what follows would guess at half a tree
    for (const diagnostic of this.#program.getSemanticDiagnostics()) this.#reporter.add(fromTsc(diagnostic));
    for (const entry of this.#options.entries) this.#modules.set(entry, this.#lower(entry));
    const leftovers = new ModuleLowering(this.#world);
    for (const source of this.#sources()) {
      try {
        checkSource(this.#world, source, leftovers);
      } catch (error) {
        reportFailure(this.#reporter, source.statements[0] ?? source, error);
      }
    }
    leftovers.run();
    return this.#reporter.sorted();
  }

  /** The program that starts at `entry`, one of the options' entries. Only without diagnostics. The module is the caller's. */
  lower(entry: string): IrModule {
    if (this.diagnostics().length > 0) throw new Error('a program with errors cannot be lowered');
    const ready = this.#modules.get(entry) ?? this.#lower(entry);
    this.#modules.delete(entry);
    return ready.ir;
  }

  #lower(entry: string): ModuleLowering {
    const module = new ModuleLowering(this.#world);
    const source = this.#program.getSourceFile(normalizePath(entry));
    if (source === undefined) return module;
    this.#addRoots(module, source);
    module.run();
    module.describeClasses();
    for (const used of this.#imported(source)) this.#addConstants(module, used);
    return module;
  }

  /** The entry's exported functions, and what is tagged `@export` anywhere in the program. */
  #addRoots(module: ModuleLowering, entry: ts.SourceFile): void {
    const start = this.#functionsOf(entry).find((info) => info.name === 'start');
    if (start !== undefined) module.ir.entry = this.#world.instances.instanceOf(start, [], null).symbolName;
    for (const source of this.#imported(entry)) {
      for (const info of this.#functionsOf(source)) {
        const isVisible = hasModifier(info.declaration, ts.SyntaxKind.ExportKeyword);
        const isRoot = source === entry && isVisible && (start === undefined || info === start);
        if (isRoot || info.tags.isExported) module.addRoot(this.#world.instances.instanceOf(info, [], null));
      }
      this.#addExportedVariables(module, source);
    }
  }

  #functionsOf(source: ts.SourceFile) {
    return source.statements.flatMap((statement) => {
      if (!ts.isFunctionDeclaration(statement) || statement.name === undefined) return [];
      const entity = this.#world.entities.entityAt(statement.name);
      return entity?.kind === 'function' && entity.typeParameters.length === 0 ? [entity] : [];
    });
  }

  #addExportedVariables(module: ModuleLowering, source: ts.SourceFile): void {
    for (const statement of source.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const declaration of statement.declarationList.declarations) {
        const entity = ts.isIdentifier(declaration.name) ? this.#world.entities.entityAt(declaration.name) : null;
        if (entity?.kind !== 'variable' || !entity.tags.isExported) continue;
        const { global } = this.#world.constants.variable(entity);
        if (global !== null) module.symbolOf({ kind: 'global', global });
      }
    }
  }

  /** The modules that `entry` brings in, itself first. Imports of types alone bring nothing in. */
  #imported(entry: ts.SourceFile): ts.SourceFile[] {
    const found = new Set([entry]);
    for (const source of found) {
      for (const statement of source.statements) {
        const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
        if (!isImport || statement.moduleSpecifier === undefined || isTypeOnly(statement)) continue;
        const symbol = this.#world.checker.getSymbolAtLocation(statement.moduleSpecifier);
        const target = symbol?.declarations?.find(ts.isSourceFile);
        if (target !== undefined) found.add(target);
      }
    }
    return [...found];
  }

  /** Names of numbers for the layout file: exported constants and enum members. */
  #addConstants(module: ModuleLowering, source: ts.SourceFile): void {
    const prefix = this.#world.entities.moduleOf(source);
    for (const statement of source.statements) {
      if (!ts.canHaveModifiers(statement) || !hasModifier(statement, ts.SyntaxKind.ExportKeyword)) continue;
      if (ts.isEnumDeclaration(statement)) {
        const entity = this.#world.entities.entityAt(statement.name);
        if (entity?.kind !== 'enum') continue;
        for (const [name, value] of this.#world.constants.enumValues(entity)) {
          module.ir.constants.set(`${entity.qualifiedName}.${name}`, Number(value));
        }
      }
      if (ts.isVariableStatement(statement)) this.#addConstantVariables(module, statement, prefix);
    }
  }

  #addConstantVariables(module: ModuleLowering, statement: ts.VariableStatement, prefix: string): void {
    for (const declaration of statement.declarationList.declarations) {
      const entity = ts.isIdentifier(declaration.name) ? this.#world.entities.entityAt(declaration.name) : null;
      if (entity?.kind !== 'variable' || !entity.isConst) continue;
      const { constant } = this.#world.constants.variable(entity);
      const kind = constant?.type.kind;
      if (constant?.constant == null || (kind !== 'int' && kind !== 'untyped' && kind !== 'bool')) continue;
      const isWide =
        constant.type.kind === 'int'
          ? constant.type.bits === 64
          : constant.type.kind === 'untyped' && constant.type.wide;
      module.ir.constants.set(
        `${prefix}:${declaration.name.getText()}`,
        isWide ? constant.constant : Number(constant.constant),
      );
    }
  }
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  return ts.isImportDeclaration(node)
    ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    : node.isTypeOnly;
}
