/*
 * JSDoc comments, and the tags in them. Nobody but us wants to know of them, and only of a few, so they are no part of the
 * tree: they are looked for before a declaration when somebody asks.
 *
 * A tag begins with an @ that is the first thing in its line, or has space before it and none behind, or another tag's name. What is between
 * backquotes, or in braces, `{@link ...}`, is text. A tag's text goes on to the next tag.
 */

import type ts from 'typescript';
import { isFunctionLike } from './guards.ts';
import { SyntaxKind } from './kinds.ts';
import { sourceOf, startOf } from './positions.ts';
import { commentsAt, type Comment } from './trivia.ts';

/** `@name text`. The place is that of the name. */
export interface DocumentationTag {
  readonly name: string;
  readonly text: string;
  readonly pos: number;
  readonly end: number;
}

/** Where a node begins with the JSDoc comments before it. */
export function documentedStartOf(node: ts.Node, source: ts.SourceFile): number {
  return documentationOf(node, source, true)?.pos ?? startOf(node, source);
}

/** The tags of a declaration, and of what it is the value of: an arrow has those of the variable. */
export function tagsOf(declaration: ts.Node): DocumentationTag[] {
  const source = sourceOf(declaration);
  const { text } = source;
  const tags: DocumentationTag[] = [];
  forEachDocumented(declaration, (node) => {
    // Of several comments, the last one counts.
    const comment = documentationOf(node, source, false);
    if (comment !== null && hasTag(text, comment.pos, comment.end)) readTags(tags, text, comment);
  });
  return tags;
}

/** Kinds whose comment may stand behind the token before on its line. */
const withTrailing: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.ArrowFunction,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ParenthesizedExpression,
  SyntaxKind.VariableDeclaration,
]);

/** The first or the last one of the JSDoc comments right before a node. */
function documentationOf({ end, kind, pos }: ts.Node, { text }: ts.SourceFile, isFirst: boolean): Comment | null {
  let found: Comment | null = null;
  const comments = commentsAt(text, pos, withTrailing.has(kind));
  for (let n = 0; n < comments.length; n++) {
    const comment = comments[n]!;
    const isOne = comment.end <= end && text.startsWith('/**', comment.pos) && text[comment.pos + 3] !== '/';
    if (isOne && isFirst) return comment;
    if (isOne) found = comment;
  }
  return found;
}

// ---------------------------------------------------------------------------------------------------------------------
// What a comment may be about

/** Calls back for the nodes whose comments tell of a declaration. */
function forEachDocumented(declaration: ts.Node, action: (node: ts.Node) => void): void {
  const { initializer } = declaration as Partial<ts.VariableDeclaration>;
  if (initializer !== undefined && (isFunctionLike(initializer) || isParenthesized(initializer))) action(initializer);
  for (let at: ts.Node | null = declaration; at !== null; at = nextAround(at)) action(at);
}

function isParenthesized({ kind }: ts.Node): boolean {
  return kind === SyntaxKind.ParenthesizedExpression || kind === SyntaxKind.ClassExpression;
}

/** What a node is the value of; of a variable, the statement that declares it. */
function nextAround(node: ts.Node): ts.Node | null {
  const { parent } = node;
  if (isValued(parent) || isAssignment(node)) return parent;
  if (isAssignment(parent)) return parent.parent;
  if (parent.kind === SyntaxKind.VariableDeclaration) return statementOf(parent);
  if (node.kind !== SyntaxKind.VariableDeclaration) return null;
  return (parent as ts.VariableDeclarationList).declarations[0] === node ? statementOf(node) : null;
}

function isValued({ kind }: ts.Node): boolean {
  return (
    kind === SyntaxKind.ExportAssignment ||
    kind === SyntaxKind.PropertyAssignment ||
    kind === SyntaxKind.PropertyDeclaration ||
    kind === SyntaxKind.ReturnStatement
  );
}

function isAssignment(node: ts.Node): boolean {
  if (node.kind !== SyntaxKind.BinaryExpression) return false;
  const { kind } = (node as ts.BinaryExpression).operatorToken;
  return kind >= SyntaxKind.EqualsToken && kind <= SyntaxKind.CaretEqualsToken;
}

function statementOf(variable: ts.Node): ts.Node | null {
  const statement = variable.parent.parent;
  return statement.kind === SyntaxKind.VariableStatement ? statement : null;
}

// ---------------------------------------------------------------------------------------------------------------------
// Tags

/** A tag whose text may go on. */
interface OpenTag {
  name: string;
  text: string;
  pos: number;
  end: number;
}

const space = /\s/;
const inName = /[\p{L}\p{N}_$-]/u;
const tagName = /[\p{L}_$][\p{L}\p{N}_$-]*/uy;

function readTags(tags: DocumentationTag[], text: string, comment: Comment): void {
  let tag: OpenTag | null = null;
  let at = comment.pos + 3;
  const end = comment.end - 2;
  while (at < end) {
    const lineEnd = endOfLine(text, at, end);
    if (at > comment.pos + 3) at = skipMargin(text, at, lineEnd);
    for (const start of tagStarts(text, at, lineEnd, tag !== null)) {
      if (tag !== null) tag.text += text.slice(at, start);
      if (tag !== null) tags.push({ ...tag, text: tag.text.trim() });
      tagName.lastIndex = start + 1;
      const name: string = tagName.exec(text)?.[0] ?? '';
      tag = { name, text: '', pos: start + 1, end: start + 1 + name.length };
      at = tag.end;
    }
    if (tag !== null) tag.text += `${text.slice(at, lineEnd)}\n`;
    at = lineEnd + 1;
  }
  if (tag !== null) tags.push({ ...tag, text: tag.text.trim() });
}

/** Whether there may be one. */
function hasTag(text: string, from: number, end: number): boolean {
  const at = text.indexOf('@', from);
  return at >= 0 && at < end;
}

function endOfLine(text: string, from: number, end: number): number {
  const found = text.indexOf('\n', from);
  return found < 0 || found > end ? end : found;
}

/** Skips the space before the asterisk that a line begins with, and the asterisk. */
function skipMargin(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && space.test(text[at]!)) at++;
  return text[at] === '*' ? at + 1 : from;
}

/** Where tags begin in a line. Backquotes count only where a tag is being read. */
function tagStarts(text: string, from: number, end: number, isWithin: boolean): number[] {
  const starts: number[] = [];
  if (!hasTag(text, from, end)) return starts;
  let isFirst = true;
  let isQuoted = false;
  /** In the name of a tag, or right behind it. */
  let isName = false;
  let isTag = isWithin;
  for (let at = from; at < end; at++) {
    const character = text[at]!;
    if (character === '`' && isTag) isQuoted = !isQuoted;
    const isAfterSpace = space.test(text[at - 1]!) && !space.test(text[at + 1]!);
    if (character === '@' && (isFirst || isName || (isAfterSpace && !isQuoted))) {
      isTag = true;
      isName = true;
      starts.push(at);
    } else if (!inName.test(character)) isName = false;
    if (!space.test(character)) isFirst = false;
  }
  return starts;
}
