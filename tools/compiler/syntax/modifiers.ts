/*
 * Modifiers: `export`, `static` and the like before a declaration, and decorators.
 */

import type ts from 'typescript';
import { ModifierFlags } from './flags.ts';
import { SyntaxKind } from './kinds.ts';

function modifiersOf(node: ts.Node): readonly ts.ModifierLike[] | undefined {
  return (node as Partial<ts.FunctionDeclaration>).modifiers;
}

export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  const modifiers = modifiersOf(node);
  if (modifiers === undefined) return false;
  for (let n = 0; n < modifiers.length; n++) if (modifiers[n]!.kind === kind) return true;
  return false;
}

/** Those of a declaration that may have some; tsc says so where there may be none. */
export function decoratorsOf(node: ts.Node): ts.Decorator[] {
  const modifiers = modifiersOf(node);
  if (modifiers === undefined || !withDecorators.has(node.kind)) return [];
  return modifiers.filter((one) => one.kind === SyntaxKind.Decorator);
}

/** The flags that anybody asks for: of a declaration, and of the statement that a variable is declared by. */
export function combinedModifierFlags(node: ts.Declaration): ts.ModifierFlags {
  let at: ts.Node = node;
  while (at.kind === SyntaxKind.BindingElement) at = at.parent.parent;
  let flags = flagsOf(at);
  if (at.kind === SyntaxKind.VariableDeclaration) at = at.parent;
  if (at.kind === SyntaxKind.VariableDeclarationList) flags |= flagsOf(at.parent);
  return flags;
}

function flagsOf(node: ts.Node): ts.ModifierFlags {
  let flags: ts.ModifierFlags = ModifierFlags.None;
  const modifiers = modifiersOf(node);
  if (modifiers === undefined) return flags;
  for (let n = 0; n < modifiers.length; n++) {
    const { kind } = modifiers[n]!;
    if (kind === SyntaxKind.ExportKeyword) flags |= ModifierFlags.Export;
    else if (kind === SyntaxKind.DeclareKeyword) flags |= ModifierFlags.Ambient;
    else if (kind === SyntaxKind.DefaultKeyword) flags |= ModifierFlags.Default;
  }
  return flags;
}

const withDecorators: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.ClassDeclaration,
  SyntaxKind.ClassExpression,
  SyntaxKind.GetAccessor,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Parameter,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.SetAccessor,
]);
