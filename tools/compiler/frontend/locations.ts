/*
 * Where a node stands, as the IR wants to know it.
 */

import type { SourceLocation } from '../ir/types.ts';
import { ts } from './typescript.ts';

/** The place of the node's first character, after the comments before it. */
export function locationOf(node: ts.Node): SourceLocation {
  const source = node.getSourceFile();
  return locationAt(source, node.getStart(source));
}

export function locationAt(source: ts.SourceFile, position: number): SourceLocation {
  const { line, character } = ts.getLineAndCharacterOfPosition(source, position);
  return { file: source.fileName, line: line + 1, column: character + 1 };
}
