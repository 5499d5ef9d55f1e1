/*
 * What the flags of variable declarations say: which keyword they begin with.
 */

import type ts from 'typescript';
import { NodeFlags } from './flags.ts';

export type DeclarationKind = 'var' | 'let' | 'const' | 'using' | 'await using';

/** Which keyword a list of variable declarations begins with. */
export function declarationKind(list: ts.VariableDeclarationList): DeclarationKind {
  const { flags } = list;
  const isUsing = (flags & NodeFlags.Using) !== 0;
  if ((flags & NodeFlags.Const) !== 0) return isUsing ? 'await using' : 'const'; // the one is both bits
  if (isUsing) return 'using';
  return (flags & NodeFlags.Let) !== 0 ? 'let' : 'var';
}

/** `let`, `const` and `using`: everything but `var`. */
export function isBlockScoped(list: ts.VariableDeclarationList): boolean {
  return (list.flags & NodeFlags.BlockScoped) !== 0;
}
