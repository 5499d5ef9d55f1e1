/*
 * Tokens of the shell's language: operators and words. A word is passed on as it is written; its quotes matter to the
 * expansion (expand.ts), and here only in that what they enclose does not end it.
 */

import {
  AMPERSAND,
  BACKQUOTE,
  BACKSLASH,
  BAR,
  CLOSE_BRACE,
  CLOSE_PAREN,
  DOLLAR,
  DOUBLE_QUOTE,
  GREATER,
  HASH,
  LESS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_PAREN,
  SEMICOLON,
  SINGLE_QUOTE,
  SPACE,
  TAB,
} from '../lib/characters.ts';
import { isDigit } from '../lib/strings.ts';

export const TOKEN_END = 0;
export const TOKEN_WORD = 1;
export const TOKEN_NEWLINE = 2;
export const TOKEN_SEMICOLON = 3;
export const TOKEN_BACKGROUND = 4;
export const TOKEN_AND = 5;
export const TOKEN_OR = 6;
export const TOKEN_PIPE = 7;
export const TOKEN_OPEN = 8;
export const TOKEN_CLOSE = 9;
/** < > >> <& >& <>, perhaps with the descriptor's number in front. */
export const TOKEN_IN = 10;
export const TOKEN_OUT = 11;
export const TOKEN_APPEND = 12;
export const TOKEN_COPY_IN = 13;
export const TOKEN_COPY_OUT = 14;
export const TOKEN_BOTH = 15;
/** The text ends within quotes or the like. */
export const TOKEN_UNFINISHED = 16;

export class Lexer {
  text: Ptr<u8>;
  length: u32;
  /** The current token: its kind, where it begins, where the next one may. */
  kind: u32;
  from: u32;
  at: u32;
  /** Of a redirection: the descriptor in front, or -1. */
  number: i32;
  /** Where the token before ended. */
  previousEnd: u32;
}

export function isBlank(byte: u32): boolean {
  return byte === SPACE || byte === TAB;
}

/** The byte `ahead` of the position, or 0 beyond the end. */
function peekByte(lexer: Lexer, ahead: u32): u32 {
  return lexer.at + ahead < lexer.length ? lexer.text[lexer.at + ahead] : 0;
}

/** Reads the next token. */
export function advance(lexer: Lexer): void {
  lexer.previousEnd = lexer.at;
  skipBlanks(lexer);
  lexer.from = lexer.at;
  lexer.number = -1;
  if (lexer.at >= lexer.length) {
    lexer.kind = TOKEN_END;
    return;
  }
  let digits: u32 = 0;
  while (isDigit(peekByte(lexer, digits))) digits++;
  const behind = peekByte(lexer, digits);
  if (digits > 0 && digits < 4 && (behind === LESS || behind === GREATER)) {
    lexer.number = 0;
    for (; isDigit(peekByte(lexer, 0)); lexer.at++) lexer.number = lexer.number * 10 + i32(peekByte(lexer, 0) - 0x30);
  }
  lexer.kind = operator(lexer, peekByte(lexer, 0), peekByte(lexer, 1));
  if (lexer.kind === TOKEN_WORD) scanWord(lexer);
}

/** Skips blanks, comments, and newlines behind a backslash. */
function skipBlanks(lexer: Lexer): void {
  while (true) {
    const byte = peekByte(lexer, 0);
    if (isBlank(byte)) lexer.at++;
    else if (byte === BACKSLASH && peekByte(lexer, 1) === NEWLINE) lexer.at += 2;
    else break;
  }
  if (peekByte(lexer, 0) !== HASH) return;
  while (lexer.at < lexer.length && lexer.text[lexer.at] !== NEWLINE) lexer.at++;
}

/** Recognises an operator and steps over it. Returns TOKEN_WORD if there is none. */
function operator(lexer: Lexer, byte: u32, next: u32): u32 {
  switch (byte) {
    case NEWLINE:
      return step(lexer, 1, TOKEN_NEWLINE);
    case SEMICOLON:
      return step(lexer, 1, TOKEN_SEMICOLON);
    case OPEN_PAREN:
      return step(lexer, 1, TOKEN_OPEN);
    case CLOSE_PAREN:
      return step(lexer, 1, TOKEN_CLOSE);
    case AMPERSAND:
      return next === AMPERSAND ? step(lexer, 2, TOKEN_AND) : step(lexer, 1, TOKEN_BACKGROUND);
    case BAR:
      return next === BAR ? step(lexer, 2, TOKEN_OR) : step(lexer, 1, TOKEN_PIPE);
    case LESS:
      if (next === AMPERSAND) return step(lexer, 2, TOKEN_COPY_IN);
      return next === GREATER ? step(lexer, 2, TOKEN_BOTH) : step(lexer, 1, TOKEN_IN);
    case GREATER:
      if (next === AMPERSAND) return step(lexer, 2, TOKEN_COPY_OUT);
      return next === GREATER ? step(lexer, 2, TOKEN_APPEND) : step(lexer, 1, TOKEN_OUT);
    default:
      return TOKEN_WORD;
  }
}

function step(lexer: Lexer, bytes: u32, kind: u32): u32 {
  lexer.at += bytes;
  return kind;
}

/** Does this byte end a word, unless quoted? */
function endsWord(byte: u32): boolean {
  switch (byte) {
    case SPACE:
    case TAB:
    case NEWLINE:
    case SEMICOLON:
    case AMPERSAND:
    case BAR:
    case LESS:
    case GREATER:
    case OPEN_PAREN:
    case CLOSE_PAREN:
      return true;
    default:
      return false;
  }
}

function scanWord(lexer: Lexer): void {
  while (lexer.at < lexer.length && !endsWord(lexer.text[lexer.at])) {
    const end = skipUnit(lexer.text, lexer.at, lexer.length);
    if (end > lexer.length) {
      lexer.kind = TOKEN_UNFINISHED;
      lexer.at = lexer.length;
      return;
    }
    lexer.at = end;
  }
}

/**
 * The index behind the unit of a word that begins at `at`: a plain character, one behind a backslash, something quoted,
 * `$(...)`, `${...}` or `` `...` ``. More than `length` if the text ends within it.
 */
export function skipUnit(text: Ptr<u8>, at: u32, length: u32): u32 {
  switch (text[at]) {
    case BACKSLASH:
      return at + 2;
    case SINGLE_QUOTE:
      return skipTo(text, at + 1, length, SINGLE_QUOTE, false);
    case DOUBLE_QUOTE:
      return skipTo(text, at + 1, length, DOUBLE_QUOTE, true);
    case BACKQUOTE:
      return skipTo(text, at + 1, length, BACKQUOTE, false);
    case DOLLAR:
      if (at + 1 < length && text[at + 1] === OPEN_PAREN) return skipTo(text, at + 2, length, CLOSE_PAREN, true);
      if (at + 1 < length && text[at + 1] === OPEN_BRACE) return skipTo(text, at + 2, length, CLOSE_BRACE, true);
      return at + 1;
    default:
      return at + 1;
  }
}

/** The index behind the next `close`; with `nested`, quotes and substitutions on the way are skipped as wholes. */
function skipTo(text: Ptr<u8>, from: u32, length: u32, close: u32, nested: boolean): u32 {
  let at = from;
  while (at < length && text[at] !== close) {
    const byte = text[at];
    // A single quote within double quotes is just a character; parentheses may stand within parentheses.
    if (!nested || (close === DOUBLE_QUOTE && byte === SINGLE_QUOTE)) at++;
    else if (close === CLOSE_PAREN && byte === OPEN_PAREN) at = skipTo(text, at + 1, length, CLOSE_PAREN, true);
    else at = skipUnit(text, at, length);
  }
  return at + 1;
}
