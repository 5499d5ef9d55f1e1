/*
 * What is in a node: the fields that hold its parts, in the order of the source. This is also a description of the trees.
 */

import type ts from 'typescript';
import { lastToken, SyntaxKind } from './kinds.ts';

const fields: ReadonlyMap<ts.SyntaxKind, string> = new Map<ts.SyntaxKind, string>([
  [SyntaxKind.QualifiedName, 'left right'],
  [SyntaxKind.ComputedPropertyName, 'expression'],
  [SyntaxKind.TypeParameter, 'modifiers name constraint default expression'],
  [SyntaxKind.Parameter, 'modifiers dotDotDotToken name questionToken type initializer'],
  [SyntaxKind.Decorator, 'expression'],
  [SyntaxKind.PropertySignature, 'modifiers name questionToken type initializer'],
  [SyntaxKind.PropertyDeclaration, 'modifiers name questionToken exclamationToken type initializer'],
  [SyntaxKind.MethodSignature, 'modifiers name questionToken typeParameters parameters type'],
  [
    SyntaxKind.MethodDeclaration,
    'modifiers asteriskToken name questionToken exclamationToken typeParameters parameters type body',
  ],
  [SyntaxKind.ClassStaticBlockDeclaration, 'modifiers body'],
  [SyntaxKind.Constructor, 'modifiers name typeParameters parameters type body'],
  [SyntaxKind.GetAccessor, 'modifiers name typeParameters parameters type body'],
  [SyntaxKind.SetAccessor, 'modifiers name typeParameters parameters type body'],
  [SyntaxKind.CallSignature, 'typeParameters parameters type'],
  [SyntaxKind.ConstructSignature, 'typeParameters parameters type'],
  [SyntaxKind.IndexSignature, 'modifiers typeParameters parameters type'],
  [SyntaxKind.TypePredicate, 'assertsModifier parameterName type'],
  [SyntaxKind.TypeReference, 'typeName typeArguments'],
  [SyntaxKind.FunctionType, 'modifiers typeParameters parameters type'],
  [SyntaxKind.ConstructorType, 'modifiers typeParameters parameters type'],
  [SyntaxKind.TypeQuery, 'exprName typeArguments'],
  [SyntaxKind.TypeLiteral, 'members'],
  [SyntaxKind.ArrayType, 'elementType'],
  [SyntaxKind.TupleType, 'elements'],
  [SyntaxKind.OptionalType, 'type'],
  [SyntaxKind.RestType, 'type'],
  [SyntaxKind.UnionType, 'types'],
  [SyntaxKind.IntersectionType, 'types'],
  [SyntaxKind.ConditionalType, 'checkType extendsType trueType falseType'],
  [SyntaxKind.InferType, 'typeParameter'],
  [SyntaxKind.ParenthesizedType, 'type'],
  [SyntaxKind.TypeOperator, 'type'],
  [SyntaxKind.IndexedAccessType, 'objectType indexType'],
  [SyntaxKind.MappedType, 'readonlyToken typeParameter nameType questionToken type members'],
  [SyntaxKind.LiteralType, 'literal'],
  [SyntaxKind.NamedTupleMember, 'dotDotDotToken name questionToken type'],
  [SyntaxKind.TemplateLiteralType, 'head templateSpans'],
  [SyntaxKind.TemplateLiteralTypeSpan, 'type literal'],
  [SyntaxKind.ImportType, 'argument attributes qualifier typeArguments'],
  [SyntaxKind.ObjectBindingPattern, 'elements'],
  [SyntaxKind.ArrayBindingPattern, 'elements'],
  [SyntaxKind.BindingElement, 'dotDotDotToken propertyName name initializer'],
  [SyntaxKind.ArrayLiteralExpression, 'elements'],
  [SyntaxKind.ObjectLiteralExpression, 'properties'],
  [SyntaxKind.PropertyAccessExpression, 'expression questionDotToken name'],
  [SyntaxKind.ElementAccessExpression, 'expression questionDotToken argumentExpression'],
  [SyntaxKind.CallExpression, 'expression questionDotToken typeArguments arguments'],
  [SyntaxKind.NewExpression, 'expression questionDotToken typeArguments arguments'],
  [SyntaxKind.TaggedTemplateExpression, 'tag questionDotToken typeArguments template'],
  [SyntaxKind.TypeAssertionExpression, 'type expression'],
  [SyntaxKind.ParenthesizedExpression, 'expression'],
  [SyntaxKind.FunctionExpression, 'modifiers asteriskToken name typeParameters parameters type body'],
  [SyntaxKind.ArrowFunction, 'modifiers typeParameters parameters type equalsGreaterThanToken body'],
  [SyntaxKind.DeleteExpression, 'expression'],
  [SyntaxKind.TypeOfExpression, 'expression'],
  [SyntaxKind.VoidExpression, 'expression'],
  [SyntaxKind.AwaitExpression, 'expression'],
  [SyntaxKind.PrefixUnaryExpression, 'operand'],
  [SyntaxKind.PostfixUnaryExpression, 'operand'],
  [SyntaxKind.BinaryExpression, 'left operatorToken right'],
  [SyntaxKind.ConditionalExpression, 'condition questionToken whenTrue colonToken whenFalse'],
  [SyntaxKind.TemplateExpression, 'head templateSpans'],
  [SyntaxKind.YieldExpression, 'asteriskToken expression'],
  [SyntaxKind.SpreadElement, 'expression'],
  [SyntaxKind.ClassExpression, 'modifiers name typeParameters heritageClauses members'],
  [SyntaxKind.ExpressionWithTypeArguments, 'expression typeArguments'],
  [SyntaxKind.AsExpression, 'expression type'],
  [SyntaxKind.NonNullExpression, 'expression'],
  [SyntaxKind.MetaProperty, 'name'],
  [SyntaxKind.SatisfiesExpression, 'expression type'],
  [SyntaxKind.TemplateSpan, 'expression literal'],
  [SyntaxKind.Block, 'statements'],
  [SyntaxKind.VariableStatement, 'modifiers declarationList'],
  [SyntaxKind.ExpressionStatement, 'expression'],
  [SyntaxKind.IfStatement, 'expression thenStatement elseStatement'],
  [SyntaxKind.DoStatement, 'statement expression'],
  [SyntaxKind.WhileStatement, 'expression statement'],
  [SyntaxKind.ForStatement, 'initializer condition incrementor statement'],
  [SyntaxKind.ForInStatement, 'initializer expression statement'],
  [SyntaxKind.ForOfStatement, 'awaitModifier initializer expression statement'],
  [SyntaxKind.ContinueStatement, 'label'],
  [SyntaxKind.BreakStatement, 'label'],
  [SyntaxKind.ReturnStatement, 'expression'],
  [SyntaxKind.WithStatement, 'expression statement'],
  [SyntaxKind.SwitchStatement, 'expression caseBlock'],
  [SyntaxKind.LabeledStatement, 'label statement'],
  [SyntaxKind.ThrowStatement, 'expression'],
  [SyntaxKind.TryStatement, 'tryBlock catchClause finallyBlock'],
  [SyntaxKind.VariableDeclaration, 'name exclamationToken type initializer'],
  [SyntaxKind.VariableDeclarationList, 'declarations'],
  [SyntaxKind.FunctionDeclaration, 'modifiers asteriskToken name typeParameters parameters type body'],
  [SyntaxKind.ClassDeclaration, 'modifiers name typeParameters heritageClauses members'],
  [SyntaxKind.InterfaceDeclaration, 'modifiers name typeParameters heritageClauses members'],
  [SyntaxKind.TypeAliasDeclaration, 'modifiers name typeParameters type'],
  [SyntaxKind.EnumDeclaration, 'modifiers name members'],
  [SyntaxKind.ModuleDeclaration, 'modifiers name body'],
  [SyntaxKind.ModuleBlock, 'statements'],
  [SyntaxKind.CaseBlock, 'clauses'],
  [SyntaxKind.NamespaceExportDeclaration, 'modifiers name'],
  [SyntaxKind.ImportEqualsDeclaration, 'modifiers name moduleReference'],
  [SyntaxKind.ImportDeclaration, 'modifiers importClause moduleSpecifier attributes'],
  [SyntaxKind.ImportClause, 'name namedBindings'],
  [SyntaxKind.NamespaceImport, 'name'],
  [SyntaxKind.NamedImports, 'elements'],
  [SyntaxKind.ImportSpecifier, 'propertyName name'],
  [SyntaxKind.ExportAssignment, 'modifiers expression'],
  [SyntaxKind.ExportDeclaration, 'modifiers exportClause moduleSpecifier attributes'],
  [SyntaxKind.NamedExports, 'elements'],
  [SyntaxKind.NamespaceExport, 'name'],
  [SyntaxKind.ExportSpecifier, 'propertyName name'],
  [SyntaxKind.MissingDeclaration, 'modifiers'],
  [SyntaxKind.ExternalModuleReference, 'expression'],
  [SyntaxKind.CaseClause, 'expression statements'],
  [SyntaxKind.DefaultClause, 'statements'],
  [SyntaxKind.HeritageClause, 'types'],
  [SyntaxKind.CatchClause, 'variableDeclaration block'],
  [SyntaxKind.ImportAttributes, 'elements'],
  [SyntaxKind.ImportAttribute, 'name value'],
  [SyntaxKind.PropertyAssignment, 'modifiers name questionToken exclamationToken initializer'],
  [
    SyntaxKind.ShorthandPropertyAssignment,
    'modifiers name questionToken exclamationToken equalsToken objectAssignmentInitializer',
  ],
  [SyntaxKind.SpreadAssignment, 'expression'],
  [SyntaxKind.EnumMember, 'name initializer'],
  [SyntaxKind.SourceFile, 'statements endOfFileToken'],
]);

/** The same by kind. */
const fieldsOf: (readonly string[] | undefined)[] = [];
for (const [kind, names] of fields) fieldsOf[kind] = names.split(' ');

/** Gives each part of a node to `visit`, until that answers with something, which is the answer then. */
export function forEachChild<T>(node: ts.Node, visit: (child: ts.Node) => T | undefined): T | undefined {
  const names = node.kind <= lastToken ? undefined : fieldsOf[node.kind];
  if (names === undefined) return undefined;
  const parts = node as unknown as Readonly<Record<string, ts.Node | readonly ts.Node[] | undefined>>;
  for (let index = 0; index < names.length; index++) {
    const part = parts[names[index]!];
    if (part === undefined) continue;
    const found = Array.isArray(part) ? visitAll(part as readonly ts.Node[], visit) : visit(part as ts.Node);
    if (found !== undefined) return found;
  }
  return undefined;
}

function visitAll<T>(nodes: readonly ts.Node[], visit: (child: ts.Node) => T | undefined): T | undefined {
  for (let index = 0; index < nodes.length; index++) {
    const found = visit(nodes[index]!);
    if (found !== undefined) return found;
  }
  return undefined;
}
