/*
 * Where nodes stand: the file that they are in, their text, lines and columns. Functions, not methods, so that it does not
 * matter who has made the tree.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { isLineBreak, skipTrivia } from './trivia.ts';

/** The file that a node stands in. */
export function sourceOf(node: ts.Node): ts.SourceFile {
  let at = node;
  while (at.kind !== SyntaxKind.SourceFile) at = at.parent;
  return at as ts.SourceFile;
}

/** Where a node begins without the space and the comments before it. */
export function startOf(node: ts.Node, source: ts.SourceFile = sourceOf(node)): number {
  const { end, kind, pos } = node;
  const isMissing = pos === end && kind !== SyntaxKind.EndOfFileToken;
  return isMissing ? pos : skipTrivia(source.text, pos);
}

/** What is written there, from the first token to the last. */
export function textOf(node: ts.Node): string {
  const source = sourceOf(node);
  return source.text.slice(startOf(node, source), node.end);
}

/** Where the lines of a file begin. */
export function lineStartsOf(source: ts.SourceFile): readonly number[] {
  const lines = source as { lineMap?: readonly number[] }; // where TypeScript keeps them, too
  lines.lineMap ??= findLineStarts(source.text);
  return lines.lineMap;
}

/** Nearly all texts have only line feeds, which V8 finds quicker than we do. */
function findLineStarts(text: string): number[] {
  if (otherLineBreak.test(text)) return findAllLineStarts(text);
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts.slice(); // just as long as it is
}

const otherLineBreak = /[\r\u2028\u2029]/;

function findAllLineStarts(text: string): number[] {
  const starts = [0];
  const { length } = text;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code > 13 && code < 128) continue;
    if (!isLineBreak(code)) continue;
    if (code === 13 && text.charCodeAt(at + 1) === 10) at++;
    starts.push(at + 1);
  }
  return starts;
}

/** Line and column, counted from 0. */
export function lineAndCharacterOf(source: ts.SourceFile, position: number): ts.LineAndCharacter {
  const starts = lineStartsOf(source);
  const line = lineAt(starts, position);
  return { line, character: position - starts[line]! };
}

/** The last line that does not begin behind the position, counted from 0. */
export function lineAt(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
