/*
 * Which modules a program consists of.
 */

import type { Sources } from './program.ts';
import { ts } from './typescript.ts';

/** The modules that `entry` brings in, itself first; imports of types alone bring nothing in. */
export function reachedFrom(entry: ts.SourceFile, sources: Sources): ts.SourceFile[] {
  const found = new Set([entry]);
  for (const source of found) {
    for (const statement of source.statements) {
      const name = neededModule(statement);
      const target = name === null ? undefined : sources.imported(name, source);
      if (target !== undefined) found.add(target);
    }
  }
  return [...found];
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
