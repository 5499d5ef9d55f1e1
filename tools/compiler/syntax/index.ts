/*
 * Syntax: what trees are made of, and what one can ask them.
 */

export { sort as characterSort, sorts as characterSorts } from './characters.ts';
export { declarationKind, isBlockScoped, type DeclarationKind } from './declarationKinds.ts';
export { forEachChild } from './children.ts';
export { documentedStartOf, tagsOf, type DocumentationTag } from './documentation.ts';
export { kindName } from './kinds.ts';
export { combinedModifierFlags, decoratorsOf, hasModifier } from './modifiers.ts';
export { lineAndCharacterOf, lineAt, lineStartsOf, sourceOf, startOf, textOf } from './positions.ts';
export { giveUpBlock, UnfamiliarBody } from './laterBlock.ts';
export { parseSyntax } from './parse.ts';
export { isModule, mayImportDynamically, suppressionsIn, syntaxErrorsIn } from './source.ts';
export { tokenText } from './tokens.ts';
export * as ts from './tree.ts';
export { WordTable } from './wordTable.ts';
