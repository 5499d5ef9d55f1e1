/*
 * What the parser's parts share: where it stands, and how it fails.
 */

import { printError } from '../lib/output.ts';
import { bytesEqual, stringLength } from '../lib/strings.ts';
import { takeCopy } from './arena.ts';
import { advance, type Lexer, Token } from './lexer.ts';
import { type Node } from './tree.ts';

export enum Outcome {
  Parsed,
  /** The text ends where more must come. */
  Unfinished,
  /** A syntax error, which has been reported. */
  Error,
}

export class Parser {
  lexer: Inline<Lexer>;
  /** Parsed, or what went wrong first. Once it is set, everything returns null up to the top. */
  outcome: i32;
  /** Nothing is said about errors: the text is looked at only to find an end. */
  isQuiet: boolean;
}

/** Sets a parser up for `text`. With `isLast`, it is the end of all input. */
export function initParser(parser: Parser, text: Ptr<u8>, length: u32, isLast: boolean): void {
  parser.outcome = Outcome.Parsed;
  parser.isQuiet = false;
  parser.lexer.text = text;
  parser.lexer.length = length;
  parser.lexer.at = 0;
  parser.lexer.isLast = isLast;
  parser.lexer.pending = null;
}

export function skipNewlines(lexer: Lexer): void {
  while (lexer.kind === Token.Newline) advance(lexer);
}

/** The current word, in the arena. */
export function wordText(lexer: Lexer): Ptr<u8> {
  return takeCopy(lexer.text.add(lexer.from), lexer.at - lexer.from);
}

/** Is the current token this word, unquoted? */
export function isWord(lexer: Lexer, word: string): boolean {
  const length = stringLength(bytes(word));
  if (lexer.kind !== Token.Word || lexer.at - lexer.from !== length) return false;
  return bytesEqual(lexer.text.add(lexer.from), bytes(word), length);
}

/** Steps over this word, or fails. */
export function expectWord(parser: Parser, word: string): boolean {
  if (!isWord(parser.lexer, word)) {
    fail(parser);
    return false;
  }
  advance(parser.lexer);
  return true;
}

/** Steps over this token, or fails. */
export function expectToken(parser: Parser, kind: i32): boolean {
  if (parser.lexer.kind !== kind) {
    fail(parser);
    return false;
  }
  advance(parser.lexer);
  return true;
}

/** Notes that the current token does not fit. At the end of the text more may come, so nothing is said yet. */
export function fail(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  if (parser.outcome !== Outcome.Parsed) return null;
  if (lexer.kind === Token.End || lexer.kind === Token.Unfinished) {
    parser.outcome = Outcome.Unfinished;
    return null;
  }
  parser.outcome = Outcome.Error;
  if (parser.isQuiet) return null;
  if (lexer.kind === Token.Newline) printError('sh: syntax error: unexpected end of line\n');
  else printError("sh: syntax error near '%s'\n", wordText(lexer));
  return null;
}
