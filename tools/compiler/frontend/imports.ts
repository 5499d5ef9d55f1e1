/*
 * Which module imports which.
 */

import { importedPath } from './program.ts';
import { ts } from './typescript.ts';

interface Import {
  readonly path: string;
  /** Only types: nothing of the other module is needed at run time. */
  readonly isTypeOnly: boolean;
}

export class ImportGraph {
  readonly #program: ts.Program;
  readonly #imports = new Map<ts.SourceFile, readonly Import[]>();

  constructor(program: ts.Program) {
    this.#program = program;
  }

  importsOf(source: ts.SourceFile): readonly Import[] {
    const known = this.#imports.get(source);
    if (known !== undefined) return known;
    const found = source.statements.flatMap((statement): Import[] => {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
      const name = statement.moduleSpecifier;
      if (name === undefined || !ts.isStringLiteral(name)) return [];
      return [{ path: importedPath(name.text, source.fileName), isTypeOnly: isTypeOnly(statement) }];
    });
    this.#imports.set(source, found);
    return found;
  }

  /** The modules that `entry` brings in, itself first; imports of types alone count only if `withTypes`. */
  reached(entry: ts.SourceFile, withTypes: boolean): ts.SourceFile[] {
    const found = new Set([entry]);
    for (const source of found) {
      for (const { path, isTypeOnly } of this.importsOf(source)) {
        const target = isTypeOnly && !withTypes ? undefined : this.#program.getSourceFile(path);
        if (target !== undefined) found.add(target);
      }
    }
    return [...found];
  }

  /** The given modules and all that import them, directly or not. */
  importersOf(changed: Iterable<ts.SourceFile>): Set<ts.SourceFile> {
    const importers = new Map<string, ts.SourceFile[]>();
    for (const source of this.#program.getSourceFiles()) {
      for (const { path } of this.importsOf(source)) {
        importers.set(path, [...(importers.get(path) ?? []), source]);
      }
    }
    const found = new Set(changed);
    for (const source of found) for (const importer of importers.get(source.fileName) ?? []) found.add(importer);
    return found;
  }
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  return ts.isImportDeclaration(node)
    ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    : node.isTypeOnly;
}
