/*
 * What TypeScript has and kernel TS has not: each with a code that says what to write instead.
 */

import { kindName, textOf, ts } from '../syntax/index.ts';
import type { CodeName } from './codes.ts';
import type { FunctionLowering } from './function.ts';

const { SyntaxKind } = ts;

const expressions: ReadonlyMap<ts.SyntaxKind, CodeName> = new Map<ts.SyntaxKind, CodeName>([
  [SyntaxKind.ObjectLiteralExpression, 'objectLiteral'],
  [SyntaxKind.ArrayLiteralExpression, 'arrayLiteral'],
  [SyntaxKind.NewExpression, 'new'],
  [SyntaxKind.AwaitExpression, 'async'],
  [SyntaxKind.YieldExpression, 'generator'],
  [SyntaxKind.DeleteExpression, 'delete'],
  [SyntaxKind.TypeOfExpression, 'typeof'],
  [SyntaxKind.VoidExpression, 'void'],
  [SyntaxKind.RegularExpressionLiteral, 'regularExpression'],
  [SyntaxKind.TemplateExpression, 'templateString'],
  [SyntaxKind.NoSubstitutionTemplateLiteral, 'templateString'],
  [SyntaxKind.AsExpression, 'assertion'],
  [SyntaxKind.TypeAssertionExpression, 'assertion'],
  [SyntaxKind.SatisfiesExpression, 'assertion'],
  [SyntaxKind.SpreadElement, 'spread'],
  [SyntaxKind.ClassExpression, 'classExpression'],
  [SyntaxKind.SuperKeyword, 'inheritance'],
  [SyntaxKind.MetaProperty, 'dynamicImport'],
  [SyntaxKind.TaggedTemplateExpression, 'misplacedAsm'],
]);

const statements: ReadonlyMap<ts.SyntaxKind, CodeName> = new Map<ts.SyntaxKind, CodeName>([
  [SyntaxKind.TryStatement, 'exceptions'],
  [SyntaxKind.ThrowStatement, 'exceptions'],
  [SyntaxKind.ForOfStatement, 'forOf'],
  [SyntaxKind.ForInStatement, 'forOf'],
  [SyntaxKind.DebuggerStatement, 'debugger'],
  [SyntaxKind.FunctionDeclaration, 'nestedDeclaration'],
  [SyntaxKind.ClassDeclaration, 'nestedDeclaration'],
  [SyntaxKind.EnumDeclaration, 'nestedDeclaration'],
  [SyntaxKind.ModuleDeclaration, 'namespace'],
]);

/** What to say of a node wherever it stands; null if it has a place in the language, or tsc has found a syntax error there. */
export function unsupportedCode(node: ts.Node): CodeName | null {
  return expressions.get(node.kind) ?? statements.get(node.kind) ?? null;
}

/** Nodes that only stand where tsc has found a syntax error need no word of ours. */
export function unsupportedExpression(f: FunctionLowering, node: ts.Expression): void {
  const isForeignTag = ts.isTaggedTemplateExpression(node) && textOf(node.tag) !== 'asm';
  const code = isForeignTag ? 'templateString' : (expressions.get(node.kind) ?? 'unknownSyntax');
  f.report(node, code, [kindName(node.kind)]);
}

export function unsupportedStatement(f: FunctionLowering, node: ts.Statement): void {
  f.report(node, statements.get(node.kind) ?? 'unknownSyntax', [kindName(node.kind)]);
}
