/*
 * Tokens of the shell's language: operators and words. A word is passed on as it is written; its quotes matter to the
 * expansion (expand.ts), and here only in that what they enclose does not end it.
 *
 * Here-documents stand on the lines after the one that asks for them. The parser puts them on the lexer's list, and the
 * next newline token takes their lines along.
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
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_PAREN,
  SEMICOLON,
  SINGLE_QUOTE,
  SPACE,
  TAB,
} from '../lib/characters.ts';
import { bytesEqual, isDigit, stringLength } from '../lib/strings.ts';
import { take } from './arena.ts';
import { type Redirection } from './tree.ts';

export enum Token {
  End,
  Word,
  Newline,
  Semicolon,
  /** ;; */
  DoubleSemicolon,
  Background,
  And,
  Or,
  Pipe,
  Open,
  Close,
  /** < > >| >> <& >& <> << <<- (the redirections), perhaps with the descriptor's number in front. */
  In,
  Out,
  Clobber,
  Append,
  CopyIn,
  CopyOut,
  Both,
  Document,
  DocumentStripped,
  /** The text ends within quotes or the like. */
  Unfinished,
}

export class Lexer {
  text: Ptr<u8>;
  length: u32;
  /** The current token: its kind, where it begins, where the next one may. */
  kind: i32;
  from: u32;
  at: u32;
  /** Of a redirection: the descriptor in front, or -1. */
  number: i32;
  /** Where the token before ended. */
  previousEnd: u32;
  /** No more text will come: the end also ends a here-document. */
  isLast: boolean;
  /** Here-documents whose lines come next. */
  pending: Redirection | null;
}

/** Finds the index behind the `)` of `$(`, whose command begins at `from`. Set by the parser, which knows commands. */
export type CommandEnd = (text: Ptr<u8>, from: u32, length: u32) => u32;

class Hooks {
  commandEnd: CommandEnd;
}

const hooks = zeroed<Inline<Hooks>>();

export function setCommandEnd(commandEnd: CommandEnd): void {
  hooks.commandEnd = commandEnd;
}

function isBlank(byte: u32): boolean {
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
    lexer.kind = lexer.pending === null || lexer.isLast ? Token.End : Token.Unfinished;
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
  if (lexer.kind === Token.Word) scanWord(lexer);
  else if (lexer.kind === Token.Newline) readDocuments(lexer);
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

/** Recognises an operator and steps over it. Returns Token.Word if there is none. */
function operator(lexer: Lexer, byte: u32, next: u32): i32 {
  switch (byte) {
    case NEWLINE:
      return step(lexer, 1, Token.Newline);
    case SEMICOLON:
      return next === SEMICOLON ? step(lexer, 2, Token.DoubleSemicolon) : step(lexer, 1, Token.Semicolon);
    case OPEN_PAREN:
      return step(lexer, 1, Token.Open);
    case CLOSE_PAREN:
      return step(lexer, 1, Token.Close);
    case AMPERSAND:
      return next === AMPERSAND ? step(lexer, 2, Token.And) : step(lexer, 1, Token.Background);
    case BAR:
      return next === BAR ? step(lexer, 2, Token.Or) : step(lexer, 1, Token.Pipe);
    case LESS:
      if (next === AMPERSAND) return step(lexer, 2, Token.CopyIn);
      if (next === LESS && peekByte(lexer, 2) === MINUS) return step(lexer, 3, Token.DocumentStripped);
      if (next === LESS) return step(lexer, 2, Token.Document);
      return next === GREATER ? step(lexer, 2, Token.Both) : step(lexer, 1, Token.In);
    case GREATER:
      if (next === AMPERSAND) return step(lexer, 2, Token.CopyOut);
      if (next === BAR) return step(lexer, 2, Token.Clobber);
      return next === GREATER ? step(lexer, 2, Token.Append) : step(lexer, 1, Token.Out);
    default:
      return Token.Word;
  }
}

function step(lexer: Lexer, bytes: u32, kind: i32): i32 {
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
    const end = skipUnit(lexer.text, lexer.at, lexer.length, false);
    if (end > lexer.length) {
      lexer.kind = Token.Unfinished;
      lexer.at = lexer.length;
      return;
    }
    lexer.at = end;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Here-documents.

/** Takes the lines of all documents that were asked for. They begin where the lexer is: behind a newline. */
function readDocuments(lexer: Lexer): void {
  while (lexer.pending !== null) {
    const document = lexer.pending;
    if (!readDocument(lexer, document)) {
      lexer.kind = Token.Unfinished;
      return;
    }
    lexer.pending = document.nextPending;
  }
}

/** Returns false if the text ends before the document does. */
function readDocument(lexer: Lexer, document: Redirection): boolean {
  const delimiterLength = stringLength(document.delimiter);
  const text = take(lexer.length - lexer.at + 1);
  let length: u32 = 0;
  while (lexer.at < lexer.length) {
    while (document.stripsTabs && peekByte(lexer, 0) === TAB) lexer.at++;
    const from = lexer.at;
    while (lexer.at < lexer.length && lexer.text[lexer.at] !== NEWLINE) lexer.at++;
    const lineLength = lexer.at - from;
    if (lexer.at < lexer.length) lexer.at++;
    if (lineLength === delimiterLength && bytesEqual(lexer.text.add(from), document.delimiter, lineLength)) {
      document.target = text;
      return true;
    }
    copyBytes(text.add(length), lexer.text.add(from), lexer.at - from);
    length += lexer.at - from;
  }
  document.target = text;
  return lexer.isLast;
}

// ---------------------------------------------------------------------------------------------------------------------
// Units of words.

/**
 * The index behind the unit of a word that begins at `at`: a plain character, one behind a backslash, something quoted,
 * `$(...)`, `${...}` or `` `...` ``. More than `length` if the text ends within it. With `quoted`, the unit stands
 * within double quotes, where a single quote is a character like others.
 */
export function skipUnit(text: Ptr<u8>, at: u32, length: u32, quoted: boolean): u32 {
  switch (text[at]) {
    case BACKSLASH:
      return at + 2;
    case SINGLE_QUOTE:
      return quoted ? at + 1 : skipPlain(text, at + 1, length, SINGLE_QUOTE);
    case DOUBLE_QUOTE:
      return skipNested(text, at + 1, length, DOUBLE_QUOTE, true);
    case BACKQUOTE:
      return skipBackquoted(text, at + 1, length);
    case DOLLAR: {
      const next: u32 = at + 1 < length ? text[at + 1] : 0;
      if (next === OPEN_BRACE) return skipNested(text, at + 2, length, CLOSE_BRACE, quoted);
      if (next !== OPEN_PAREN) return at + 1;
      const end = arithmeticEnd(text, at, length);
      return end !== 0 ? end : hooks.commandEnd(text, at + 2, length);
    }
    default:
      return at + 1;
  }
}

/** The index behind `$((...))`, which begins at `at`; 0 if there is none such: it is a command in parentheses then. */
export function arithmeticEnd(text: Ptr<u8>, at: u32, length: u32): u32 {
  if (at + 2 >= length || text[at + 1] !== OPEN_PAREN || text[at + 2] !== OPEN_PAREN) return 0;
  const inner = skipNested(text, at + 3, length, CLOSE_PAREN, true);
  if (inner > length) return length + 1;
  return inner < length && text[inner] === CLOSE_PAREN ? inner + 1 : 0;
}

/** The index behind the next `close`, whatever stands before it. */
function skipPlain(text: Ptr<u8>, from: u32, length: u32, close: u32): u32 {
  let at = from;
  while (at < length && text[at] !== close) at++;
  return at + 1;
}

function skipBackquoted(text: Ptr<u8>, from: u32, length: u32): u32 {
  let at = from;
  while (at < length && text[at] !== BACKQUOTE) at += text[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** The index behind the next `close`; quotes, substitutions and parentheses on the way are skipped as wholes. */
export function skipNested(text: Ptr<u8>, from: u32, length: u32, close: u32, quoted: boolean): u32 {
  let at = from;
  while (at < length && text[at] !== close) {
    if (close === CLOSE_PAREN && text[at] === OPEN_PAREN) at = skipNested(text, at + 1, length, CLOSE_PAREN, quoted);
    else at = skipUnit(text, at, length, quoted);
  }
  return at + 1;
}
