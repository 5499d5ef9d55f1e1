/*
 * What is known of a file as a whole, beside its tree. Much of it is in fields that TypeScript keeps to itself.
 */

import type ts from 'typescript';

/** Whether a file is a module; all others declare what every file sees. */
export function isModule(source: ts.SourceFile): boolean {
  return (source as { readonly externalModuleIndicator?: unknown }).externalModuleIndicator !== undefined;
}

/** What is wrong with the syntax of a file. */
export function syntaxErrorsIn(source: ts.SourceFile): readonly ts.Diagnostic[] {
  return (source as { readonly parseDiagnostics?: readonly ts.Diagnostic[] }).parseDiagnostics ?? [];
}

/** Whether `import()` may occur in a file, as an expression or as a type. */
export function mayImportDynamically(source: ts.SourceFile): boolean {
  const possiblyContainsDynamicImport = 1 << 22;
  return (source.flags & possiblyContainsDynamicImport) !== 0;
}

/** The comments that tell tsc to look away: @ts-ignore, @ts-expect-error, @ts-nocheck. */
export function suppressionsIn(source: ts.SourceFile): readonly ts.TextRange[] {
  const { checkJsDirective, commentDirectives } = source as {
    readonly checkJsDirective?: ts.TextRange & { readonly enabled: boolean };
    readonly commentDirectives?: readonly { readonly range: ts.TextRange }[];
  };
  const ofFile = checkJsDirective === undefined || checkJsDirective.enabled ? [] : [checkJsDirective];
  return [...ofFile, ...(commentDirectives ?? []).map(({ range }) => range)];
}
