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

/** `let`, `const` and `using`: everything but `var`. */
export function isBlockScoped(list: ts.VariableDeclarationList): boolean {
  return (list.flags & ts.NodeFlags.BlockScoped) !== 0;
}

/** What is wrong with the syntax of a file. */
export function syntaxErrorsIn(source: ts.SourceFile): readonly ts.Diagnostic[] {
  // A field that TypeScript keeps to itself.
  return (source as { readonly parseDiagnostics?: readonly ts.Diagnostic[] }).parseDiagnostics ?? [];
}

/** Whether `import()` may occur in a file, as an expression or as a type. */
export function mayImportDynamically(source: ts.SourceFile): boolean {
  const possiblyContainsDynamicImport = 1 << 22; // a flag that TypeScript keeps to itself
  return (source.flags & possiblyContainsDynamicImport) !== 0;
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

const { SyntaxKind, forEachChild } = ts;

/** Lets every node know the one around it: tsc's binder does so too, but not everybody has files bound. */
export function setParents(source: ts.SourceFile): void {
  let parent: ts.Node = source;
  const visit = (node: ts.Node): void => {
    (node as { parent: ts.Node }).parent = parent;
    if (node.kind <= SyntaxKind.LastToken) return; // there is nothing in it
    const outer = parent;
    parent = node;
    forEachChild(node, visit);
    // Another field of its own.
    const { jsDoc } = node as { readonly jsDoc?: readonly ts.JSDoc[] };
    if (jsDoc !== undefined) jsDoc.forEach(visit);
    parent = outer;
  };
  forEachChild(source, visit);
}
