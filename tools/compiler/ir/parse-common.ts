/*
 * The small pieces of the grammar that both parse.ts and parse-function.ts need.
 */

import { type Lexer } from './lexer.ts';
import type { SourceLocation, ValueType } from './types.ts';

/** A word, or a string in quotes. */
export function parseName(lexer: Lexer): string {
  if (lexer.next.kind !== 'word' && lexer.next.kind !== 'string') lexer.fail('a name');
  return lexer.take().text;
}

/** A number without sign. */
export function parseNumber(lexer: Lexer): number {
  return Number(lexer.expectKind('number', 'a number'));
}

/** `+ 5`, `- 5`, or nothing, which is 0. */
export function parseSignedNumber(lexer: Lexer): number {
  if (lexer.accept('+')) return parseNumber(lexer);
  return lexer.accept('-') ? -parseNumber(lexer) : 0;
}

export function parseType(lexer: Lexer): ValueType {
  for (const type of ['i32', 'i64', 'void'] as const) {
    if (lexer.accept(type)) return type;
  }
  return lexer.fail('"i32", "i64" or "void"');
}

/** A chain of `!file:line:column`, each inlined at the one after it. Null if there is none. */
export function parseLocation(lexer: Lexer, ownFile: string): SourceLocation | null {
  if (lexer.next.kind !== 'location') return null;
  const { text, start } = lexer.take();
  const [, name, line, column] = /^!(?:(.*):)?(\d+):(\d+)$/.exec(text)!;
  const file = name === undefined ? ownFile : name.startsWith('"') ? lexer.unquote(name, start) : name;
  const own = { file, line: Number(line), column: Number(column) };
  const inlinedAt = parseLocation(lexer, ownFile);
  return inlinedAt === null ? own : { ...own, inlinedAt };
}
