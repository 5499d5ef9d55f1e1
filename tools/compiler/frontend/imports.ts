/*
 * Which modules a program consists of.
 */

import { ts } from '../syntax/index.ts';
import type { Sources } from './program.ts';

export class Imports {
  readonly #sources: Sources;
  readonly #needed = new Map<ts.SourceFile, readonly ts.SourceFile[]>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** The modules that `entry` brings in, itself first; imports of types alone bring nothing in. */
  reachedFrom(entry: ts.SourceFile): ts.SourceFile[] {
    const found = new Set([entry]);
    for (const source of found) for (const needed of this.#neededBy(source)) found.add(needed);
    return [...found];
  }

  #neededBy(source: ts.SourceFile): readonly ts.SourceFile[] {
    let needed = this.#needed.get(source);
    if (needed === undefined) {
      needed = source.statements.flatMap((statement) => {
        const name = neededModule(statement);
        return name === null ? [] : (this.#sources.imported(name, source) ?? []);
      });
      this.#needed.set(source, needed);
    }
    return needed;
  }
}

/** The module that a statement needs at run time. */
function neededModule(statement: ts.Statement): string | null {
  if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return null;
  const { moduleSpecifier } = statement;
  const isNamed = moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier);
  return isNamed && !isTypeOnly(statement) ? moduleSpecifier.text : null;
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  return ts.isImportDeclaration(node)
    ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    : node.isTypeOnly;
}
