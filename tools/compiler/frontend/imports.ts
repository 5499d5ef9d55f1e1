/*
 * Which modules a program consists of.
 */

import { importedPath } from './program.ts';
import { ts } from './typescript.ts';

/** The modules that `entry` brings in, itself first; imports of types alone bring nothing in. */
export function reachedFrom(entry: ts.SourceFile, program: ts.Program): ts.SourceFile[] {
  const found = new Set([entry]);
  for (const source of found) {
    for (const statement of source.statements) {
      const path = neededModule(statement, source);
      const target = path === null ? undefined : program.getSourceFile(path);
      if (target !== undefined) found.add(target);
    }
  }
  return [...found];
}

/** The module that a statement needs at run time. */
function neededModule(statement: ts.Statement, source: ts.SourceFile): string | null {
  if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return null;
  const { moduleSpecifier } = statement;
  if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier) || isTypeOnly(statement)) return null;
  return importedPath(moduleSpecifier.text, source.fileName);
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  return ts.isImportDeclaration(node)
    ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    : node.isTypeOnly;
}
