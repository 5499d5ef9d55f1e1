/*
 * Units: the pieces of a module that can change on their own. Every declaration at the top of a module is one, and so is
 * every method.
 */

import { ts } from '../syntax/index.ts';
import { memberName } from './entities.ts';

/** The unit that a node lies in: `path#name`, `path#Class.method`. */
export function unitOf(node: ts.Node): string {
  let member: ts.Node | null = null;
  let at = node;
  while (!ts.isSourceFile(at.parent)) {
    if (ts.isMethodDeclaration(at) && ts.isClassDeclaration(at.parent)) member = at;
    at = at.parent;
  }
  const names = namesOf(at as ts.Statement);
  const suffix = member === null ? '' : `.${methodName(member as ts.MethodDeclaration)}`;
  return `${at.parent.fileName}#${names[0] ?? ''}${suffix}`;
}

export function methodName(node: ts.MethodDeclaration): string {
  return memberName(node.name) ?? '';
}

/** What a statement at the top of a module declares. */
export function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => (ts.isIdentifier(name) ? name.text : ''));
  }
  const isDeclaration =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return isDeclaration && statement.name !== undefined ? [statement.name.text] : [];
}
