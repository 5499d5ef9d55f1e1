/*
 * The only file that imports TypeScript. Version 6.0.3 is the last one with an in-process JavaScript API; whatever comes
 * after it will need another adapter, and this is the place for it.
 */

import ts from 'typescript';
import { forEachChild } from '../syntax/index.ts';

export { ts };

/** The tree that TypeScript makes of a file, whatever is wrong with that. Throws where the stack overflows. */
export function parseWithTypeScript(path: string, text: string): ts.SourceFile {
  const source = parseForTsc(path, text);
  setParents(source);
  return source;
}

/** The same as tsc wants it, whose binder tells every node the one around it. */
export function parseForTsc(path: string, text: string): ts.SourceFile {
  const source = ts.createSourceFile(path, text, {
    languageVersion: ts.ScriptTarget.ESNext,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone, // nobody asks: see syntax/documentation.ts
  });
  if (!ts.isExternalModule(source) && !source.isDeclarationFile) {
    // Every file is a module, also one without imports and exports (`moduleDetection: force`).
    (source as { externalModuleIndicator?: true }).externalModuleIndicator = true;
  }
  return source;
}

/** Nobody can follow a tree that is deeper: walking it takes several calls for each level. */
const deepest = 2000;

/** Lets every node know the one around it. Throws where whoever walks the tree would find no room on the stack. */
function setParents(source: ts.SourceFile): void {
  const pending: ts.Node[] = [source];
  const depths = [0];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const parent = node;
    const depth = depths.pop()! + 1;
    if (depth > deepest) throw new RangeError('Maximum call stack size exceeded');
    forEachChild(parent, (child) => {
      (child as { parent: ts.Node }).parent = parent;
      pending.push(child);
      depths.push(depth);
    });
  }
}
