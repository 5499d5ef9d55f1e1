/*
 * The only file that imports TypeScript. Version 6.0.3 is the last one with an in-process JavaScript API; whatever comes
 * after it will need another adapter, and this is the place for it.
 */

import ts from 'typescript';

export { ts };

export type DeclarationKind = 'var' | 'let' | 'const' | 'using' | 'await using';

/** Which keyword a list of variable declarations begins with. */
export function declarationKind(list: ts.VariableDeclarationList): DeclarationKind {
  const { flags } = list;
  const isUsing = (flags & ts.NodeFlags.Using) !== 0;
  if ((flags & ts.NodeFlags.Const) !== 0) return isUsing ? 'await using' : 'const'; // the one is both bits
  if (isUsing) return 'using';
  return (flags & ts.NodeFlags.Let) !== 0 ? 'let' : 'var';
}

/** The comments that tell tsc to look away: @ts-ignore, @ts-expect-error, @ts-nocheck. */
export function suppressionsIn(source: ts.SourceFile): readonly ts.TextRange[] {
  // Fields that TypeScript keeps to itself.
  const { checkJsDirective, commentDirectives } = source as {
    readonly checkJsDirective?: ts.TextRange & { readonly enabled: boolean };
    readonly commentDirectives?: readonly { readonly range: ts.TextRange }[];
  };
  const ofFile = checkJsDirective === undefined || checkJsDirective.enabled ? [] : [checkJsDirective];
  return [...ofFile, ...(commentDirectives ?? []).map(({ range }) => range)];
}
