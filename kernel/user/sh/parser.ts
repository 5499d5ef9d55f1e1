/*
 * The shell's grammar, by recursive descent:
 *
 *   line      = list (newline | end)
 *   list      = and-or { (';' | '&' | newline) and-or } [ ';' | '&' ]
 *   and-or    = pipeline { ('&&' | '||') pipeline }
 *   pipeline  = [ '!' ] command { '|' command }
 *   command   = simple | ( '(' list ')' | '{' list '}' | if | while | until | for ) { redirection }
 *   simple    = { assignment | redirection } { word | redirection }
 *
 * Newlines separate within a compound command, and end the list of a line. Where the text ends too early, the outcome
 * is `unfinished`, and an interactive shell asks for more.
 */

import { EQUALS, EXCLAMATION } from '../lib/characters.ts';
import { bytesEqual, isDigit, isNameStart, stringLength } from '../lib/strings.ts';
import { printError } from '../lib/output.ts';
import { take, takeCopy } from './arena.ts';
import {
  advance,
  type Lexer,
  TOKEN_AND,
  TOKEN_APPEND,
  TOKEN_BACKGROUND,
  TOKEN_BOTH,
  TOKEN_CLOSE,
  TOKEN_COPY_IN,
  TOKEN_END,
  TOKEN_IN,
  TOKEN_NEWLINE,
  TOKEN_OPEN,
  TOKEN_OR,
  TOKEN_OUT,
  TOKEN_PIPE,
  TOKEN_SEMICOLON,
  TOKEN_UNFINISHED,
  TOKEN_WORD,
} from './lexer.ts';
import {
  addWord,
  makeNode,
  makePair,
  type Node,
  NODE_AND,
  NODE_BACKGROUND,
  NODE_FOR,
  NODE_GROUP,
  NODE_IF,
  NODE_NOT,
  NODE_OR,
  NODE_PIPE,
  NODE_SEQUENCE,
  NODE_SIMPLE,
  NODE_SUBSHELL,
  NODE_UNTIL,
  NODE_WHILE,
  type Redirection,
  REDIRECT_APPEND,
  REDIRECT_BOTH,
  REDIRECT_COPY,
  REDIRECT_IN,
  REDIRECT_OUT,
} from './tree.ts';

export const PARSED = 0;
/** The text ends where more must come. */
export const PARSE_UNFINISHED = 1;
/** A syntax error, which has been reported. */
export const PARSE_ERROR = 2;

export class Parser {
  lexer: Inline<Lexer>;
  /** PARSED, or what went wrong first. Once it is set, everything returns null up to the top. */
  outcome: u32;
}

/** Sets a parser up for `text`. */
export function initParser(parser: Parser, text: Ptr<u8>, length: u32): void {
  parser.lexer.text = text;
  parser.lexer.length = length;
  parser.lexer.at = 0;
}

/** Is there nothing left but blanks and newlines? Steps over them. */
export function atEnd(parser: Parser): boolean {
  const lexer: Lexer = parser.lexer;
  do advance(lexer);
  while (lexer.kind === TOKEN_NEWLINE);
  lexer.at = lexer.from;
  return lexer.kind === TOKEN_END;
}

/** Parses up to the end of a line. Null if the line is empty, or if `outcome` says that something is wrong. */
export function parseLine(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  parser.outcome = PARSED;
  advance(lexer);
  if (lexer.kind === TOKEN_NEWLINE || lexer.kind === TOKEN_END) return null;
  const node = parseList(parser, false);
  if (node === null) return null;
  if (lexer.kind !== TOKEN_NEWLINE && lexer.kind !== TOKEN_END) return fail(parser);
  return node;
}

/** Commands in sequence. In a compound command newlines separate, too, and the list ends at a word that closes it. */
function parseList(parser: Parser, compound: boolean): Node | null {
  const lexer: Lexer = parser.lexer;
  if (compound) skipNewlines(lexer);
  let list: Node | null = null;
  while (true) {
    let item = parseAndOr(parser);
    if (item === null) return null;
    const separated = lexer.kind === TOKEN_SEMICOLON || lexer.kind === TOKEN_BACKGROUND;
    if (lexer.kind === TOKEN_BACKGROUND) item = makePair(NODE_BACKGROUND, item, null);
    list = list === null ? item : makePair(NODE_SEQUENCE, list, item);
    if (separated) advance(lexer);
    else if (!compound || lexer.kind !== TOKEN_NEWLINE) return list;
    if (compound) skipNewlines(lexer);
    if (endsList(lexer)) return list;
  }
}

/** Nothing that could begin another command comes next. */
function endsList(lexer: Lexer): boolean {
  if (lexer.kind === TOKEN_NEWLINE || lexer.kind === TOKEN_END || lexer.kind === TOKEN_CLOSE) return true;
  return (
    isWord(lexer, '}') ||
    isWord(lexer, 'then') ||
    isWord(lexer, 'else') ||
    isWord(lexer, 'elif') ||
    isWord(lexer, 'fi') ||
    isWord(lexer, 'do') ||
    isWord(lexer, 'done')
  );
}

function parseAndOr(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  let left = parsePipeline(parser);
  while (left !== null && (lexer.kind === TOKEN_AND || lexer.kind === TOKEN_OR)) {
    const kind = lexer.kind === TOKEN_AND ? NODE_AND : NODE_OR;
    advance(lexer);
    skipNewlines(lexer);
    const right = parsePipeline(parser);
    left = right === null ? null : makePair(kind, left, right);
  }
  return left;
}

function parsePipeline(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const inverted = lexer.kind === TOKEN_WORD && lexer.at === lexer.from + 1 && lexer.text[lexer.from] === EXCLAMATION;
  if (inverted) advance(lexer);
  let left = parseCommand(parser);
  while (left !== null && lexer.kind === TOKEN_PIPE) {
    advance(lexer);
    skipNewlines(lexer);
    const right = parseCommand(parser);
    left = right === null ? null : makePair(NODE_PIPE, left, right);
  }
  return left !== null && inverted ? makePair(NODE_NOT, left, null) : left;
}

function parseCommand(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  if (endsList(lexer)) return fail(parser);
  const from = lexer.from;
  const node = parseCompound(parser);
  if (node === null || node.kind === NODE_SIMPLE) return node;
  while (isRedirection(lexer.kind)) {
    if (!parseRedirection(parser, node)) return null;
  }
  noteSource(lexer, node, from);
  return node;
}

function noteSource(lexer: Lexer, node: Node, from: u32): void {
  node.source = lexer.text.add(from);
  node.sourceLength = lexer.previousEnd - from;
}

/** A compound command, or else a simple one. */
function parseCompound(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  if (lexer.kind === TOKEN_OPEN) {
    advance(lexer);
    const body = parseList(parser, true);
    if (body === null) return null;
    if (lexer.kind !== TOKEN_CLOSE) return fail(parser);
    advance(lexer);
    return makePair(NODE_SUBSHELL, body, null);
  }
  if (isWord(lexer, '{')) {
    advance(lexer);
    const body = parseList(parser, true);
    if (body === null || !expectWord(parser, '}')) return null;
    return makePair(NODE_GROUP, body, null);
  }
  if (isWord(lexer, 'if')) return parseIf(parser);
  if (isWord(lexer, 'while')) return parseLoop(parser, NODE_WHILE);
  if (isWord(lexer, 'until')) return parseLoop(parser, NODE_UNTIL);
  if (isWord(lexer, 'for')) return parseFor(parser);
  return parseSimple(parser);
}

/** From `if` or `elif` up to `fi`. */
function parseIf(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const node = makeNode(NODE_IF);
  advance(lexer);
  node.condition = parseList(parser, true);
  if (node.condition === null || !expectWord(parser, 'then')) return null;
  node.left = parseList(parser, true);
  if (node.left === null) return null;
  if (isWord(lexer, 'elif')) {
    node.right = parseIf(parser);
    return node.right === null ? null : node;
  }
  if (isWord(lexer, 'else')) {
    advance(lexer);
    node.right = parseList(parser, true);
    if (node.right === null) return null;
  }
  return expectWord(parser, 'fi') ? node : null;
}

function parseLoop(parser: Parser, kind: u32): Node | null {
  const node = makeNode(kind);
  advance(parser.lexer);
  node.condition = parseList(parser, true);
  return node.condition === null ? null : parseBody(parser, node);
}

function parseFor(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const node = makeNode(NODE_FOR);
  advance(lexer);
  if (lexer.kind !== TOKEN_WORD || !isNameStart(lexer.text[lexer.from])) return fail(parser);
  node.name = wordText(lexer);
  advance(lexer);
  if (!expectWord(parser, 'in')) return null;
  while (lexer.kind === TOKEN_WORD) {
    addWord(node.words, wordText(lexer));
    advance(lexer);
  }
  if (lexer.kind !== TOKEN_SEMICOLON && lexer.kind !== TOKEN_NEWLINE) return fail(parser);
  advance(lexer);
  skipNewlines(lexer);
  return parseBody(parser, node);
}

/** do list done */
function parseBody(parser: Parser, node: Node): Node | null {
  if (!expectWord(parser, 'do')) return null;
  node.left = parseList(parser, true);
  return node.left !== null && expectWord(parser, 'done') ? node : null;
}

function parseSimple(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const node = makeNode(NODE_SIMPLE);
  const from = lexer.from;
  while (true) {
    if (lexer.kind === TOKEN_WORD) {
      const text = wordText(lexer);
      const assigns = node.words.first === null && isAssignment(text);
      addWord(assigns ? node.assignments : node.words, text);
      advance(lexer);
    } else if (isRedirection(lexer.kind)) {
      if (!parseRedirection(parser, node)) return null;
    } else break;
  }
  if (node.words.first === null && node.assignments.first === null && node.redirections === null) return fail(parser);
  if (lexer.kind === TOKEN_UNFINISHED) return fail(parser);
  noteSource(lexer, node, from);
  return node;
}

/** NAME=... */
function isAssignment(text: Ptr<u8>): boolean {
  let i: u32 = 0;
  while (isNameStart(text[i]) || (i > 0 && isDigit(text[i]))) i++;
  return i > 0 && text[i] === EQUALS;
}

function isRedirection(kind: u32): boolean {
  return kind >= TOKEN_IN && kind <= TOKEN_BOTH;
}

/** Parses a redirection and appends it to the node's. */
function parseRedirection(parser: Parser, node: Node): boolean {
  const lexer: Lexer = parser.lexer;
  const redirection = as<Redirection>(take(sizeof<Redirection>()));
  const reads = lexer.kind === TOKEN_IN || lexer.kind === TOKEN_COPY_IN || lexer.kind === TOKEN_BOTH;
  redirection.fd = lexer.number >= 0 ? lexer.number : reads ? 0 : 1;
  redirection.kind = redirectionKind(lexer.kind);
  advance(lexer);
  if (lexer.kind !== TOKEN_WORD) {
    fail(parser);
    return false;
  }
  redirection.target = wordText(lexer);
  advance(lexer);
  if (node.redirections === null) {
    node.redirections = redirection;
    return true;
  }
  let last: Redirection = node.redirections;
  while (last.next !== null) last = last.next;
  last.next = redirection;
  return true;
}

function redirectionKind(token: u32): u32 {
  switch (token) {
    case TOKEN_IN:
      return REDIRECT_IN;
    case TOKEN_OUT:
      return REDIRECT_OUT;
    case TOKEN_APPEND:
      return REDIRECT_APPEND;
    case TOKEN_BOTH:
      return REDIRECT_BOTH;
    default:
      return REDIRECT_COPY;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Helpers.

function skipNewlines(lexer: Lexer): void {
  while (lexer.kind === TOKEN_NEWLINE) advance(lexer);
}

function wordText(lexer: Lexer): Ptr<u8> {
  return takeCopy(lexer.text.add(lexer.from), lexer.at - lexer.from);
}

/** Is the current token this word, unquoted? */
function isWord(lexer: Lexer, word: string): boolean {
  const length = stringLength(bytes(word));
  if (lexer.kind !== TOKEN_WORD || lexer.at - lexer.from !== length) return false;
  return bytesEqual(lexer.text.add(lexer.from), bytes(word), length);
}

/** Steps over this word, or fails. */
function expectWord(parser: Parser, word: string): boolean {
  if (!isWord(parser.lexer, word)) {
    fail(parser);
    return false;
  }
  advance(parser.lexer);
  return true;
}

/** Notes that the current token does not fit. At the end of the text more may come, so nothing is said yet. */
function fail(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  if (parser.outcome !== PARSED) return null;
  if (lexer.kind === TOKEN_END || lexer.kind === TOKEN_UNFINISHED) {
    parser.outcome = PARSE_UNFINISHED;
    return null;
  }
  parser.outcome = PARSE_ERROR;
  if (lexer.kind === TOKEN_NEWLINE) printError('sh: syntax error: unexpected end of line\n');
  else printError("sh: syntax error near '%s'\n", wordText(lexer));
  return null;
}
