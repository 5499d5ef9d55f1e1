/*
 * Of what kind a node is: a function for each kind that somebody asks about, so that its type is known afterwards.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';

export function isArrayLiteralExpression(node: ts.Node): node is ts.ArrayLiteralExpression {
  return node.kind === SyntaxKind.ArrayLiteralExpression;
}

export function isArrayTypeNode(node: ts.Node): node is ts.ArrayTypeNode {
  return node.kind === SyntaxKind.ArrayType;
}

export function isArrowFunction(node: ts.Node): node is ts.ArrowFunction {
  return node.kind === SyntaxKind.ArrowFunction;
}

export function isBinaryExpression(node: ts.Node): node is ts.BinaryExpression {
  return node.kind === SyntaxKind.BinaryExpression;
}

export function isBindingElement(node: ts.Node): node is ts.BindingElement {
  return node.kind === SyntaxKind.BindingElement;
}

export function isBlock(node: ts.Node): node is ts.Block {
  return node.kind === SyntaxKind.Block;
}

export function isCallExpression(node: ts.Node): node is ts.CallExpression {
  return node.kind === SyntaxKind.CallExpression;
}

export function isCaseClause(node: ts.Node): node is ts.CaseClause {
  return node.kind === SyntaxKind.CaseClause;
}

export function isClassDeclaration(node: ts.Node): node is ts.ClassDeclaration {
  return node.kind === SyntaxKind.ClassDeclaration;
}

export function isClassExpression(node: ts.Node): node is ts.ClassExpression {
  return node.kind === SyntaxKind.ClassExpression;
}

export function isClassStaticBlockDeclaration(node: ts.Node): node is ts.ClassStaticBlockDeclaration {
  return node.kind === SyntaxKind.ClassStaticBlockDeclaration;
}

export function isComputedPropertyName(node: ts.Node): node is ts.ComputedPropertyName {
  return node.kind === SyntaxKind.ComputedPropertyName;
}

export function isConditionalExpression(node: ts.Node): node is ts.ConditionalExpression {
  return node.kind === SyntaxKind.ConditionalExpression;
}

export function isConstructorDeclaration(node: ts.Node): node is ts.ConstructorDeclaration {
  return node.kind === SyntaxKind.Constructor;
}

export function isContinueStatement(node: ts.Node): node is ts.ContinueStatement {
  return node.kind === SyntaxKind.ContinueStatement;
}

export function isDefaultClause(node: ts.Node): node is ts.DefaultClause {
  return node.kind === SyntaxKind.DefaultClause;
}

export function isElementAccessExpression(node: ts.Node): node is ts.ElementAccessExpression {
  return node.kind === SyntaxKind.ElementAccessExpression;
}

export function isEnumDeclaration(node: ts.Node): node is ts.EnumDeclaration {
  return node.kind === SyntaxKind.EnumDeclaration;
}

export function isEnumMember(node: ts.Node): node is ts.EnumMember {
  return node.kind === SyntaxKind.EnumMember;
}

export function isExportAssignment(node: ts.Node): node is ts.ExportAssignment {
  return node.kind === SyntaxKind.ExportAssignment;
}

export function isExportDeclaration(node: ts.Node): node is ts.ExportDeclaration {
  return node.kind === SyntaxKind.ExportDeclaration;
}

export function isExpressionStatement(node: ts.Node): node is ts.ExpressionStatement {
  return node.kind === SyntaxKind.ExpressionStatement;
}

export function isExpressionWithTypeArguments(node: ts.Node): node is ts.ExpressionWithTypeArguments {
  return node.kind === SyntaxKind.ExpressionWithTypeArguments;
}

export function isExternalModuleReference(node: ts.Node): node is ts.ExternalModuleReference {
  return node.kind === SyntaxKind.ExternalModuleReference;
}

export function isFunctionDeclaration(node: ts.Node): node is ts.FunctionDeclaration {
  return node.kind === SyntaxKind.FunctionDeclaration;
}

export function isFunctionExpression(node: ts.Node): node is ts.FunctionExpression {
  return node.kind === SyntaxKind.FunctionExpression;
}

export function isFunctionTypeNode(node: ts.Node): node is ts.FunctionTypeNode {
  return node.kind === SyntaxKind.FunctionType;
}

export function isIdentifier(node: ts.Node): node is ts.Identifier {
  return node.kind === SyntaxKind.Identifier;
}

export function isImportDeclaration(node: ts.Node): node is ts.ImportDeclaration {
  return node.kind === SyntaxKind.ImportDeclaration;
}

export function isImportEqualsDeclaration(node: ts.Node): node is ts.ImportEqualsDeclaration {
  return node.kind === SyntaxKind.ImportEqualsDeclaration;
}

export function isImportTypeNode(node: ts.Node): node is ts.ImportTypeNode {
  return node.kind === SyntaxKind.ImportType;
}

export function isIndexSignatureDeclaration(node: ts.Node): node is ts.IndexSignatureDeclaration {
  return node.kind === SyntaxKind.IndexSignature;
}

export function isInterfaceDeclaration(node: ts.Node): node is ts.InterfaceDeclaration {
  return node.kind === SyntaxKind.InterfaceDeclaration;
}

export function isIntersectionTypeNode(node: ts.Node): node is ts.IntersectionTypeNode {
  return node.kind === SyntaxKind.IntersectionType;
}

export function isLiteralTypeNode(node: ts.Node): node is ts.LiteralTypeNode {
  return node.kind === SyntaxKind.LiteralType;
}

export function isMethodDeclaration(node: ts.Node): node is ts.MethodDeclaration {
  return node.kind === SyntaxKind.MethodDeclaration;
}

export function isModuleDeclaration(node: ts.Node): node is ts.ModuleDeclaration {
  return node.kind === SyntaxKind.ModuleDeclaration;
}

export function isNamedExports(node: ts.Node): node is ts.NamedExports {
  return node.kind === SyntaxKind.NamedExports;
}

export function isNamedImports(node: ts.Node): node is ts.NamedImports {
  return node.kind === SyntaxKind.NamedImports;
}

export function isNamespaceExport(node: ts.Node): node is ts.NamespaceExport {
  return node.kind === SyntaxKind.NamespaceExport;
}

export function isNamespaceImport(node: ts.Node): node is ts.NamespaceImport {
  return node.kind === SyntaxKind.NamespaceImport;
}

export function isNoSubstitutionTemplateLiteral(node: ts.Node): node is ts.NoSubstitutionTemplateLiteral {
  return node.kind === SyntaxKind.NoSubstitutionTemplateLiteral;
}

export function isNonNullExpression(node: ts.Node): node is ts.NonNullExpression {
  return node.kind === SyntaxKind.NonNullExpression;
}

export function isNumericLiteral(node: ts.Node): node is ts.NumericLiteral {
  return node.kind === SyntaxKind.NumericLiteral;
}

export function isObjectLiteralExpression(node: ts.Node): node is ts.ObjectLiteralExpression {
  return node.kind === SyntaxKind.ObjectLiteralExpression;
}

export function isParameter(node: ts.Node): node is ts.ParameterDeclaration {
  return node.kind === SyntaxKind.Parameter;
}

export function isParenthesizedExpression(node: ts.Node): node is ts.ParenthesizedExpression {
  return node.kind === SyntaxKind.ParenthesizedExpression;
}

export function isParenthesizedTypeNode(node: ts.Node): node is ts.ParenthesizedTypeNode {
  return node.kind === SyntaxKind.ParenthesizedType;
}

export function isPrefixUnaryExpression(node: ts.Node): node is ts.PrefixUnaryExpression {
  return node.kind === SyntaxKind.PrefixUnaryExpression;
}

export function isPrivateIdentifier(node: ts.Node): node is ts.PrivateIdentifier {
  return node.kind === SyntaxKind.PrivateIdentifier;
}

export function isPropertyAccessExpression(node: ts.Node): node is ts.PropertyAccessExpression {
  return node.kind === SyntaxKind.PropertyAccessExpression;
}

export function isPropertyDeclaration(node: ts.Node): node is ts.PropertyDeclaration {
  return node.kind === SyntaxKind.PropertyDeclaration;
}

export function isQualifiedName(node: ts.Node): node is ts.QualifiedName {
  return node.kind === SyntaxKind.QualifiedName;
}

export function isReturnStatement(node: ts.Node): node is ts.ReturnStatement {
  return node.kind === SyntaxKind.ReturnStatement;
}

export function isSourceFile(node: ts.Node): node is ts.SourceFile {
  return node.kind === SyntaxKind.SourceFile;
}

export function isSpreadElement(node: ts.Node): node is ts.SpreadElement {
  return node.kind === SyntaxKind.SpreadElement;
}

export function isStringLiteral(node: ts.Node): node is ts.StringLiteral {
  return node.kind === SyntaxKind.StringLiteral;
}

export function isTaggedTemplateExpression(node: ts.Node): node is ts.TaggedTemplateExpression {
  return node.kind === SyntaxKind.TaggedTemplateExpression;
}

export function isTypeAliasDeclaration(node: ts.Node): node is ts.TypeAliasDeclaration {
  return node.kind === SyntaxKind.TypeAliasDeclaration;
}

export function isTypeLiteralNode(node: ts.Node): node is ts.TypeLiteralNode {
  return node.kind === SyntaxKind.TypeLiteral;
}

export function isTypeOperatorNode(node: ts.Node): node is ts.TypeOperatorNode {
  return node.kind === SyntaxKind.TypeOperator;
}

export function isTypeParameterDeclaration(node: ts.Node): node is ts.TypeParameterDeclaration {
  return node.kind === SyntaxKind.TypeParameter;
}

export function isTypePredicateNode(node: ts.Node): node is ts.TypePredicateNode {
  return node.kind === SyntaxKind.TypePredicate;
}

export function isTypeQueryNode(node: ts.Node): node is ts.TypeQueryNode {
  return node.kind === SyntaxKind.TypeQuery;
}

export function isTypeReferenceNode(node: ts.Node): node is ts.TypeReferenceNode {
  return node.kind === SyntaxKind.TypeReference;
}

export function isUnionTypeNode(node: ts.Node): node is ts.UnionTypeNode {
  return node.kind === SyntaxKind.UnionType;
}

export function isVariableDeclaration(node: ts.Node): node is ts.VariableDeclaration {
  return node.kind === SyntaxKind.VariableDeclaration;
}

export function isVariableDeclarationList(node: ts.Node): node is ts.VariableDeclarationList {
  return node.kind === SyntaxKind.VariableDeclarationList;
}

export function isVariableStatement(node: ts.Node): node is ts.VariableStatement {
  return node.kind === SyntaxKind.VariableStatement;
}

// ---------------------------------------------------------------------------------------------------------------------
// Groups

export function isAccessor(node: ts.Node): node is ts.AccessorDeclaration {
  return node.kind === SyntaxKind.GetAccessor || node.kind === SyntaxKind.SetAccessor;
}

export function isClassLike(node: ts.Node): node is ts.ClassLikeDeclaration {
  return node.kind === SyntaxKind.ClassDeclaration || node.kind === SyntaxKind.ClassExpression;
}

export function isStringLiteralLike(node: ts.Node): node is ts.StringLiteralLike {
  return node.kind === SyntaxKind.StringLiteral || node.kind === SyntaxKind.NoSubstitutionTemplateLiteral;
}

/** Whether a node may be a member of a class. */
export function isClassElement(node: ts.Node): node is ts.ClassElement {
  return classElements.has(node.kind);
}

/** Whether a node has parameters. */
export function isFunctionLike(node: ts.Node): node is ts.SignatureDeclaration {
  return functionLikes.has(node.kind);
}

/** Whether a node is a type. Names in types are not: they are within one. */
export function isTypeNode(node: ts.Node): node is ts.TypeNode {
  const { kind } = node;
  return (kind >= SyntaxKind.TypePredicate && kind <= SyntaxKind.ImportType) || otherTypes.has(kind);
}

const classElements: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.ClassStaticBlockDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.IndexSignature,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.SemicolonClassElement,
  SyntaxKind.SetAccessor,
]);

const functionLikes: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.ArrowFunction,
  SyntaxKind.CallSignature,
  SyntaxKind.ConstructSignature,
  SyntaxKind.Constructor,
  SyntaxKind.ConstructorType,
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.FunctionType,
  SyntaxKind.GetAccessor,
  SyntaxKind.IndexSignature,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.MethodSignature,
  SyntaxKind.SetAccessor,
]);

const otherTypes: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.AnyKeyword,
  SyntaxKind.BigIntKeyword,
  SyntaxKind.BooleanKeyword,
  SyntaxKind.ExpressionWithTypeArguments,
  SyntaxKind.IntrinsicKeyword,
  SyntaxKind.NeverKeyword,
  SyntaxKind.NumberKeyword,
  SyntaxKind.ObjectKeyword,
  SyntaxKind.StringKeyword,
  SyntaxKind.SymbolKeyword,
  SyntaxKind.UndefinedKeyword,
  SyntaxKind.UnknownKeyword,
  SyntaxKind.VoidKeyword,
]);
