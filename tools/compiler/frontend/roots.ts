/*
 * What a program consists of to begin with, and the names of its constants.
 *
 * A program with a function `start` in its entry module is that function and what is tagged `@export` in the modules it
 * brings in. A module without one is a library: its exported functions are the roots (that is how tests run single
 * functions).
 */

import { hasModifier, type FunctionInfo } from './entities.ts';
import type { ModuleLowering } from './module.ts';
import { ts } from './typescript.ts';
import type { World } from './world.ts';

export function addRoots(
  world: World,
  module: ModuleLowering,
  entry: ts.SourceFile,
  reached: readonly ts.SourceFile[],
): void {
  const start = functionsOf(world, entry).find((info) => info.name === 'start');
  if (start !== undefined) module.ir.entry = world.instances.instanceOf(start, [], null).symbolName;
  for (const source of reached) {
    for (const info of functionsOf(world, source)) {
      const isVisible = source === entry && hasModifier(info.declaration, ts.SyntaxKind.ExportKeyword);
      const isRoot = isVisible && (start === undefined || info === start);
      if (isRoot || info.tags.isExported) module.addRoot(world.instances.instanceOf(info, [], null));
    }
    addExportedVariables(world, module, source);
  }
}

function functionsOf(world: World, source: ts.SourceFile): FunctionInfo[] {
  return source.statements.flatMap((statement) => {
    if (!ts.isFunctionDeclaration(statement) || statement.name === undefined) return [];
    const entity = world.entities.entityAt(statement.name);
    return entity?.kind === 'function' && entity.typeParameters.length === 0 && !entity.isAmbient ? [entity] : [];
  });
}

/** Variables that are kept and visible although nothing may refer to them. */
function addExportedVariables(world: World, module: ModuleLowering, source: ts.SourceFile): void {
  for (const declaration of variablesOf(source)) {
    const entity = world.entities.entityAt(declaration.name);
    if (entity?.kind !== 'variable' || !entity.tags.isExported) continue;
    const { global } = world.constants.variable(entity);
    if (global !== null) module.symbolOf({ kind: 'global', global });
  }
}

function variablesOf(source: ts.SourceFile, isWanted: (node: ts.VariableStatement) => boolean = () => true) {
  return source.statements
    .filter(ts.isVariableStatement)
    .filter(isWanted)
    .flatMap((statement) => statement.declarationList.declarations.filter(({ name }) => ts.isIdentifier(name)));
}

/** The names of numbers for the layout file: exported constants, and members of exported enums. */
export function addConstants(world: World, module: ModuleLowering, source: ts.SourceFile): void {
  const isExported = (node: ts.Node): boolean => hasModifier(node, ts.SyntaxKind.ExportKeyword);
  for (const statement of source.statements) {
    if (!ts.isEnumDeclaration(statement) || !isExported(statement)) continue;
    const entity = world.entities.entityAt(statement.name);
    if (entity?.kind !== 'enum') continue;
    for (const [name, value] of world.constants.enumValues(entity)) {
      module.ir.constants.set(`${entity.qualifiedName}.${name}`, Number(value));
    }
  }
  const prefix = world.entities.moduleOf(source);
  for (const declaration of variablesOf(source, isExported)) {
    const value = constantOf(world, declaration);
    if (value !== null) module.ir.constants.set(`${prefix}:${declaration.name.getText()}`, value);
  }
}

/** The number that a constant stands for; a bigint if it has 64 bits. */
function constantOf(world: World, declaration: ts.VariableDeclaration): number | bigint | null {
  const entity = world.entities.entityAt(declaration.name);
  if (entity?.kind !== 'variable' || !entity.isConst || entity.isAmbient) return null;
  const { constant } = world.constants.variable(entity);
  if (constant === null || constant.constant === null) return null;
  const { type } = constant;
  if (type.kind === 'int') return type.bits === 64 ? constant.constant : Number(constant.constant);
  if (type.kind === 'untyped') return type.wide ? constant.constant : Number(constant.constant);
  return type.kind === 'bool' ? Number(constant.constant) : null;
}
