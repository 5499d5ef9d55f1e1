/*
 * Declarations: what may stand at the top of a module and in a class, whether any program uses it or not.
 *
 * Lowering follows what programs reach; here every file is walked once, so that an error in code that nobody calls yet is
 * found as well: the form of declarations, types of fields, values of variables and enums, signatures.
 */

import { declarationKind, decoratorsOf, hasModifier, suppressionsIn, textOf, ts } from '../syntax/index.ts';
import { isAmbient, memberName } from './entities.ts';
import type { Recorder } from './recorder.ts';
import { checkSyntax } from './syntax.ts';
import { readTags, strayTags } from './tags.ts';
import { classOf } from './types.ts';
import type { World } from './world.ts';

/** What decoders put in place of bytes that mean nothing. */
const replacement = '\ufffd';

/** Checks the declarations of one module. Functions that no program has lowered are asked for in `leftovers`. */
export function checkSource(world: World, source: ts.SourceFile, leftovers: Recorder): void {
  const garbled = source.text.indexOf(replacement);
  if (garbled >= 0) world.reporter.reportRange(source, { pos: garbled, end: garbled + 1 }, 'encoding');
  for (const range of suppressionsIn(source)) world.reporter.reportRange(source, range, 'suppression');
  for (const tag of strayTags(source.text)) {
    world.reporter.reportRange(source, tag, 'misplacedTag', [tag.name, 'comment that does not begin its line']);
  }
  for (const statement of source.statements) {
    checkModifiers(world, statement);
    checkTopLevel(world, statement, leftovers);
  }
}

function checkTopLevel(world: World, node: ts.Statement, leftovers: Recorder): void {
  if (ts.isFunctionDeclaration(node)) checkFunction(world, node, leftovers);
  else if (ts.isClassDeclaration(node)) checkClass(world, node, leftovers);
  else if (ts.isVariableStatement(node)) checkVariables(world, node);
  else if (ts.isEnumDeclaration(node)) checkEnum(world, node);
  else if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) readTags(node, 'type', world.reporter);
  else if (ts.isModuleDeclaration(node)) world.reporter.report(node, 'namespace');
  else if (ts.isExportAssignment(node)) world.reporter.report(node, 'defaultExport');
  else if (ts.isExpressionStatement(node)) checkExpression(world, node);
  else if (!isHarmless(node)) world.reporter.report(node, 'moduleStatement');
}

function isHarmless(node: ts.Statement): boolean {
  return ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || node.kind === ts.SyntaxKind.EmptyStatement;
}

function checkModifiers(world: World, node: ts.Node): void {
  for (const decorator of decoratorsOf(node)) world.reporter.report(decorator, 'decorator');
  if (hasModifier(node, ts.SyntaxKind.DefaultKeyword)) world.reporter.report(node, 'defaultExport');
  if (hasModifier(node, ts.SyntaxKind.AsyncKeyword)) world.reporter.report(node, 'async');
}

// ---------------------------------------------------------------------------------------------------------------------

function checkFunction(world: World, node: ts.FunctionDeclaration, leftovers: Recorder): void {
  if (node.asteriskToken !== undefined) world.reporter.report(node, 'generator');
  if (isAmbient(node) || node.name === undefined) return;
  if (node.body === undefined) world.reporter.report(node.name, 'noBody', [node.name.text]);
  const entity = world.entities.entityAt(node.name);
  if (entity?.kind !== 'function') return;
  if (entity.typeParameters.length > 0) {
    checkSyntax(world.reporter, node); // what it means depends on its instances
    return;
  }
  const instance = world.instances.instanceOf(entity, [], null);
  if (!world.catalogue.hasLowered(instance)) leftovers.add(world.catalogue.functionNeed(instance));
}

function checkClass(world: World, node: ts.ClassDeclaration, leftovers: Recorder): void {
  const extended = node.heritageClauses?.find((clause) => clause.token === ts.SyntaxKind.ExtendsKeyword);
  if (extended !== undefined) world.reporter.report(extended, 'inheritance');
  for (const member of node.members) checkMember(world, member);
  if (isAmbient(node) || node.name === undefined) return;
  const entity = world.entities.entityAt(node.name);
  if (entity?.kind !== 'class') return;
  const isGeneric = entity.typeParameters.length > 0;
  const self = classOf(entity, []);
  if (isGeneric) checkSyntax(world.reporter, node);
  else world.layouts.layoutOf(self);
  for (const member of [...entity.statics.values(), ...entity.methods.values()]) {
    if (member.kind === 'variable') world.constants.variable(member);
    else if (member.typeParameters.length > 0) checkSyntax(world.reporter, member.declaration);
    else if (member.isStatic || !isGeneric) {
      const instance = world.instances.instanceOf(member, [], member.isStatic ? null : self);
      if (!world.catalogue.hasLowered(instance)) leftovers.add(world.catalogue.functionNeed(instance));
    }
  }
}

function checkMember(world: World, node: ts.ClassElement): void {
  const { reporter } = world;
  checkModifiers(world, node);
  if (ts.isConstructorDeclaration(node)) reporter.report(node, 'constructorMember', ['constructor']);
  else if (ts.isAccessor(node)) reporter.report(node, 'constructorMember', ['getters and setters']);
  else if (ts.isIndexSignatureDeclaration(node)) reporter.report(node, 'constructorMember', ['index signature']);
  else if (ts.isClassStaticBlockDeclaration(node)) reporter.report(node, 'constructorMember', ['static block']);
  else if (ts.isMethodDeclaration(node)) {
    if (node.asteriskToken !== undefined) reporter.report(node, 'generator');
    if (node.questionToken !== undefined) reporter.report(node, 'optionalMember');
    if (node.body === undefined) reporter.report(node.name, 'noBody', [textOf(node.name)]);
  } else if (ts.isPropertyDeclaration(node)) checkField(world, node);
  if (node.name !== undefined && memberName(node.name) === null) {
    reporter.report(node.name, 'constructorMember', ['members with computed names, except [Symbol.dispose]']);
  }
}

function checkField(world: World, node: ts.PropertyDeclaration): void {
  const { reporter } = world;
  if (isAmbient(node)) return;
  if (node.questionToken !== undefined) reporter.report(node, 'optionalMember');
  if (hasModifier(node, ts.SyntaxKind.StaticKeyword)) return;
  if (hasModifier(node, ts.SyntaxKind.AccessorKeyword)) reporter.report(node, 'constructorMember', ['accessors']);
  if (node.initializer !== undefined) reporter.report(node.initializer, 'fieldInitializer');
}

function checkVariables(world: World, node: ts.VariableStatement): void {
  if (hasModifier(node, ts.SyntaxKind.DeclareKeyword)) return;
  const kind = declarationKind(node.declarationList);
  if (kind === 'var') world.reporter.report(node, 'var');
  if (kind === 'using' || kind === 'await using') world.reporter.report(node, 'moduleStatement');
  for (const declaration of node.declarationList.declarations) {
    if (!ts.isIdentifier(declaration.name)) {
      world.reporter.report(declaration.name, 'destructuring');
      continue;
    }
    const entity = world.entities.entityAt(declaration.name);
    if (entity?.kind === 'variable') world.constants.variable(entity);
  }
}

function checkEnum(world: World, node: ts.EnumDeclaration): void {
  readTags(node, 'type', world.reporter);
  if (!isAmbient(node)) world.constants.enumType(node);
}

/** Only staticAssert makes sense where nothing runs. */
function checkExpression(world: World, node: ts.ExpressionStatement): void {
  const { expression } = node;
  const isAssert =
    ts.isCallExpression(expression) &&
    ts.isIdentifier(expression.expression) &&
    expression.expression.text === 'staticAssert';
  if (isAssert) world.constants.runStaticAssert(expression);
  else world.reporter.report(node, 'moduleStatement');
}
