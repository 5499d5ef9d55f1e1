/*
 * What a module contributes to a program by being part of it: roots, and the names of its constants.
 */

import { hasModifier, ts } from '../syntax/index.ts';
import type { FileFacts, GlobalNeed } from './records.ts';
import type { World } from './world.ts';

export function factsOf(world: World, source: ts.SourceFile): FileFacts {
  const functions = source.statements.flatMap((statement) => {
    if (!ts.isFunctionDeclaration(statement) || statement.name === undefined) return [];
    const entity = world.entities.entityAt(statement.name);
    if (entity?.kind !== 'function' || entity.typeParameters.length > 0 || entity.isAmbient) return [];
    const isVisible = hasModifier(statement, ts.SyntaxKind.ExportKeyword);
    const { isExported } = entity.tags;
    const isStart = entity.name === 'start';
    if (!isVisible && !isExported && !isStart) return [];
    const need = world.catalogue.functionNeed(world.instances.instanceOf(entity, [], null));
    return [{ need, isVisible, isExported, isStart }];
  });
  return {
    start: functions.find(({ isStart }) => isStart)?.need ?? null,
    functions: functions.map(({ need, isVisible, isExported }) => ({ need, isVisible, isExported })),
    variables: exportedVariables(world, source),
    constants: constantsOf(world, source),
  };
}

/** Variables that are kept and visible although nothing may refer to them. */
function exportedVariables(world: World, source: ts.SourceFile): GlobalNeed[] {
  return variablesOf(source).flatMap((declaration) => {
    const entity = world.entities.entityAt(declaration.name);
    if (entity?.kind !== 'variable' || !entity.tags.isExported) return [];
    const { global } = world.constants.variable(entity);
    return global === null ? [] : [world.catalogue.globalNeed(global)];
  });
}

type NamedVariable = ts.VariableDeclaration & { readonly name: ts.Identifier };

function variablesOf(source: ts.SourceFile, isWanted: (node: ts.VariableStatement) => boolean = () => true) {
  return source.statements
    .filter(ts.isVariableStatement)
    .filter(isWanted)
    .flatMap((statement) => statement.declarationList.declarations.filter(isNamed));
}

function isNamed(node: ts.VariableDeclaration): node is NamedVariable {
  return ts.isIdentifier(node.name);
}

/** The names of numbers for the layout file: exported constants, and members of exported enums. */
function constantsOf(world: World, source: ts.SourceFile): [string, number | bigint][] {
  const constants: [string, number | bigint][] = [];
  const isExported = (node: ts.Node): boolean => hasModifier(node, ts.SyntaxKind.ExportKeyword);
  for (const statement of source.statements) {
    if (!ts.isEnumDeclaration(statement) || !isExported(statement)) continue;
    const entity = world.entities.entityAt(statement.name);
    if (entity?.kind !== 'enum') continue;
    for (const [name, value] of world.constants.enumValues(entity)) {
      constants.push([`${entity.qualifiedName}.${name}`, Number(value)]);
    }
  }
  const prefix = world.entities.moduleOf(source);
  for (const declaration of variablesOf(source, isExported)) {
    const value = constantOf(world, declaration);
    if (value !== null) constants.push([`${prefix}:${declaration.name.text}`, value]);
  }
  return constants;
}

/** The number that a constant stands for; a bigint if it has 64 bits. */
function constantOf(world: World, declaration: NamedVariable): number | bigint | null {
  const entity = world.entities.entityAt(declaration.name);
  if (entity?.kind !== 'variable' || !entity.isConst || entity.isAmbient) return null;
  const { constant } = world.constants.variable(entity);
  if (constant === null || constant.constant === null) return null;
  const { type } = constant;
  if (type.kind === 'int') return type.bits === 64 ? constant.constant : Number(constant.constant);
  if (type.kind === 'untyped') return type.wide ? constant.constant : Number(constant.constant);
  return type.kind === 'bool' ? Number(constant.constant) : null;
}
