/*
 * The shell's grammar, by recursive descent:
 *
 *   line      = list (newline | end)
 *   list      = and-or { (';' | '&' | newline) and-or } [ ';' | '&' ]
 *   and-or    = pipeline { ('&&' | '||') pipeline }
 *   pipeline  = [ '!' ] command { '|' command }
 *   command   = simple | function | compound { redirection }
 *   compound  = '(' list ')' | '{' list '}' | if | while | until | for | case
 *   function  = name '(' ')' compound { redirection }
 *   simple    = { assignment | redirection } { word | redirection }
 *   case      = 'case' word 'in' { [ '(' ] word { '|' word } ')' [ list ] ';;' } 'esac'
 *
 * Newlines separate within a compound command, and end the list of a line. Where the text ends too early, the outcome
 * is `unfinished`, and an interactive shell asks for more.
 */

import { BACKSLASH, CLOSE_PAREN, DOUBLE_QUOTE, EQUALS, SINGLE_QUOTE } from '../lib/characters.ts';
import { isDigit, isNameStart } from '../lib/strings.ts';
import { mark, release, take } from './arena.ts';
import { advance, type Lexer, setCommandEnd, skipNested, Token } from './lexer.ts';
import {
  expectToken,
  expectWord,
  fail,
  initParser,
  isWord,
  Outcome,
  type Parser,
  skipNewlines,
  wordText,
} from './parserState.ts';
import { addWord, makeNode, makePair, type Node, NodeKind, RedirectKind, type Redirection } from './tree.ts';

/** To be called once. */
export function initParsing(): void {
  setCommandEnd(commandEnd);
}

/** Is there nothing left but blanks and newlines? Steps over them. */
export function atEnd(parser: Parser): boolean {
  const lexer: Lexer = parser.lexer;
  do advance(lexer);
  while (lexer.kind === Token.Newline);
  lexer.at = lexer.from;
  return lexer.kind === Token.End;
}

/** Parses up to the end of a line. Null if the line is empty, or if `outcome` says that something is wrong. */
export function parseLine(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  parser.outcome = Outcome.Parsed;
  advance(lexer);
  if (lexer.kind === Token.Newline || lexer.kind === Token.End) return null;
  const node = parseList(parser, false);
  if (node === null) return null;
  if (lexer.kind !== Token.Newline && lexer.kind !== Token.End) return fail(parser);
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
    const separated = lexer.kind === Token.Semicolon || lexer.kind === Token.Background;
    if (lexer.kind === Token.Background) item = makePair(NodeKind.Background, item, null);
    list = list === null ? item : makePair(NodeKind.Sequence, list, item);
    if (separated) advance(lexer);
    else if (!compound || lexer.kind !== Token.Newline) return list;
    if (compound) skipNewlines(lexer);
    if (endsList(lexer)) return list;
  }
}

/** Nothing that could begin another command comes next. */
function endsList(lexer: Lexer): boolean {
  switch (lexer.kind) {
    case Token.Newline:
    case Token.End:
    case Token.Close:
    case Token.DoubleSemicolon:
      return true;
    default:
      return isClosingWord(lexer);
  }
}

function isClosingWord(lexer: Lexer): boolean {
  return (
    isWord(lexer, '}') ||
    isWord(lexer, 'then') ||
    isWord(lexer, 'else') ||
    isWord(lexer, 'elif') ||
    isWord(lexer, 'fi') ||
    isWord(lexer, 'do') ||
    isWord(lexer, 'done') ||
    isWord(lexer, 'esac')
  );
}

function parseAndOr(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  let left = parsePipeline(parser);
  while (left !== null && (lexer.kind === Token.And || lexer.kind === Token.Or)) {
    const kind = lexer.kind === Token.And ? NodeKind.And : NodeKind.Or;
    advance(lexer);
    skipNewlines(lexer);
    const right = parsePipeline(parser);
    left = right === null ? null : makePair(kind, left, right);
  }
  return left;
}

function parsePipeline(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const inverted = isWord(lexer, '!');
  if (inverted) advance(lexer);
  let left = parseCommand(parser);
  while (left !== null && lexer.kind === Token.Pipe) {
    advance(lexer);
    skipNewlines(lexer);
    const right = parseCommand(parser);
    left = right === null ? null : makePair(NodeKind.Pipe, left, right);
  }
  return left !== null && inverted ? makePair(NodeKind.Not, left, null) : left;
}

function parseCommand(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  if (endsList(lexer)) return fail(parser);
  const from = lexer.from;
  const node = parseCompound(parser);
  if (node === null || node.kind === NodeKind.Simple || node.kind === NodeKind.Function) return node;
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
  if (lexer.kind === Token.Open) {
    advance(lexer);
    const body = parseList(parser, true);
    if (body === null) return null;
    if (!expectToken(parser, Token.Close)) return null;
    return makePair(NodeKind.Subshell, body, null);
  }
  if (isWord(lexer, '{')) {
    advance(lexer);
    const body = parseList(parser, true);
    if (body === null || !expectWord(parser, '}')) return null;
    return makePair(NodeKind.Group, body, null);
  }
  if (isWord(lexer, 'if')) return parseIf(parser);
  if (isWord(lexer, 'while')) return parseLoop(parser, NodeKind.While);
  if (isWord(lexer, 'until')) return parseLoop(parser, NodeKind.Until);
  if (isWord(lexer, 'for')) return parseFor(parser);
  if (isWord(lexer, 'case')) return parseCase(parser);
  return parseSimple(parser);
}

/** From `if` or `elif` up to `fi`. */
function parseIf(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const node = makeNode(NodeKind.If);
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

function parseLoop(parser: Parser, kind: i32): Node | null {
  const node = makeNode(kind);
  advance(parser.lexer);
  node.condition = parseList(parser, true);
  return node.condition === null ? null : parseBody(parser, node);
}

function parseFor(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const node = makeNode(NodeKind.For);
  advance(lexer);
  if (lexer.kind !== Token.Word || !isNameStart(lexer.text[lexer.from])) return fail(parser);
  node.name = wordText(lexer);
  advance(lexer);
  if (lexer.kind === Token.Semicolon) advance(lexer);
  skipNewlines(lexer);
  if (!isWord(lexer, 'in')) {
    node.condition = node;
    return parseBody(parser, node);
  }
  advance(lexer);
  while (lexer.kind === Token.Word) {
    addWord(node.words, wordText(lexer));
    advance(lexer);
  }
  if (lexer.kind !== Token.Semicolon && lexer.kind !== Token.Newline) return fail(parser);
  advance(lexer);
  skipNewlines(lexer);
  return parseBody(parser, node);
}

function parseCase(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const node = makeNode(NodeKind.Case);
  advance(lexer);
  if (lexer.kind !== Token.Word) return fail(parser);
  node.name = wordText(lexer);
  advance(lexer);
  skipNewlines(lexer);
  if (!expectWord(parser, 'in')) return null;
  skipNewlines(lexer);
  let last: Node = node;
  while (!isWord(lexer, 'esac')) {
    const item = parseCaseItem(parser);
    if (item === null) return null;
    last.right = item;
    last = item;
    if (lexer.kind !== Token.DoubleSemicolon) break;
    advance(lexer);
    skipNewlines(lexer);
  }
  return expectWord(parser, 'esac') ? node : null;
}

/** Patterns and commands, up to what ends them. */
function parseCaseItem(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const item = makeNode(NodeKind.CaseItem);
  if (lexer.kind === Token.Open) advance(lexer);
  while (true) {
    if (lexer.kind !== Token.Word) return fail(parser);
    addWord(item.words, wordText(lexer));
    advance(lexer);
    if (lexer.kind !== Token.Pipe) break;
    advance(lexer);
  }
  if (!expectToken(parser, Token.Close)) return null;
  skipNewlines(lexer);
  if (lexer.kind === Token.DoubleSemicolon || isWord(lexer, 'esac')) return item;
  item.left = parseList(parser, true);
  return item.left === null ? null : item;
}

/** do list done */
function parseBody(parser: Parser, node: Node): Node | null {
  if (!expectWord(parser, 'do')) return null;
  node.left = parseList(parser, true);
  return node.left !== null && expectWord(parser, 'done') ? node : null;
}

function parseSimple(parser: Parser): Node | null {
  const lexer: Lexer = parser.lexer;
  const node = makeNode(NodeKind.Simple);
  const from = lexer.from;
  while (true) {
    if (lexer.kind === Token.Word) {
      const text = wordText(lexer);
      const assigns = node.words.first === null && isAssignment(text);
      addWord(assigns ? node.assignments : node.words, text);
      advance(lexer);
      if (lexer.kind === Token.Open && isFunctionName(node, text)) return parseFunction(parser, text);
    } else if (isRedirection(lexer.kind)) {
      if (!parseRedirection(parser, node)) return null;
    } else break;
  }
  if (node.words.first === null && node.assignments.first === null && node.redirections === null) return fail(parser);
  if (lexer.kind === Token.Unfinished) return fail(parser);
  noteSource(lexer, node, from);
  return node;
}

/** Is all that the command has so far one plain name? */
function isFunctionName(node: Node, text: Ptr<u8>): boolean {
  if (node.words.first === null || node.words.first !== node.words.last) return false;
  if (node.assignments.first !== null || node.redirections !== null) return false;
  let i: u32 = 0;
  while (isNameStart(text[i]) || (i > 0 && isDigit(text[i]))) i++;
  return i > 0 && text[i] === 0;
}

/** From the parentheses behind the name up to the end of the body. */
function parseFunction(parser: Parser, name: Ptr<u8>): Node | null {
  const lexer: Lexer = parser.lexer;
  advance(lexer);
  if (!expectToken(parser, Token.Close)) return null;
  skipNewlines(lexer);
  const body = parseCommand(parser);
  if (body === null) return null;
  if (body.kind === NodeKind.Simple || body.kind === NodeKind.Function) return fail(parser);
  const node = makePair(NodeKind.Function, body, null);
  node.name = name;
  return node;
}

/** NAME=... */
function isAssignment(text: Ptr<u8>): boolean {
  let i: u32 = 0;
  while (isNameStart(text[i]) || (i > 0 && isDigit(text[i]))) i++;
  return i > 0 && text[i] === EQUALS;
}

function isRedirection(kind: i32): boolean {
  return kind >= Token.In && kind <= Token.DocumentStripped;
}

/** Parses a redirection and appends it to the node's. */
function parseRedirection(parser: Parser, node: Node): boolean {
  const lexer: Lexer = parser.lexer;
  const redirection = as<Redirection>(take(sizeof<Redirection>()));
  const token = lexer.kind;
  const writes = token === Token.Out || token === Token.Clobber || token === Token.Append || token === Token.CopyOut;
  redirection.fd = lexer.number >= 0 ? lexer.number : writes ? 1 : 0;
  redirection.kind = redirectionKind(token);
  advance(lexer);
  if (lexer.kind !== Token.Word) {
    fail(parser);
    return false;
  }
  redirection.target = wordText(lexer);
  if (redirection.kind === RedirectKind.Document) {
    redirection.stripsTabs = token === Token.DocumentStripped;
    expectDocument(lexer, redirection);
  }
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

/** Lets the lexer read a here-document behind the next newline. */
function expectDocument(lexer: Lexer, document: Redirection): void {
  const word = document.target;
  const plain = take(lexer.at - lexer.from + 1);
  let length: u32 = 0;
  for (let i: u32 = 0; word[i] !== 0; i++) {
    if (word[i] === BACKSLASH || word[i] === SINGLE_QUOTE || word[i] === DOUBLE_QUOTE) {
      document.isLiteral = true;
      if (word[i] !== BACKSLASH || word[i + 1] === 0) continue;
      i++;
    }
    plain[length] = word[i];
    length++;
  }
  document.delimiter = plain;
  document.target = bytes('');
  if (lexer.pending === null) {
    lexer.pending = document;
    return;
  }
  let last: Redirection = lexer.pending;
  while (last.nextPending !== null) last = last.nextPending;
  last.nextPending = document;
}

function redirectionKind(token: i32): i32 {
  switch (token) {
    case Token.In:
      return RedirectKind.In;
    case Token.Out:
      return RedirectKind.Out;
    case Token.Clobber:
      return RedirectKind.Clobber;
    case Token.Append:
      return RedirectKind.Append;
    case Token.Document:
    case Token.DocumentStripped:
      return RedirectKind.Document;
    case Token.Both:
      return RedirectKind.Both;
    default:
      return RedirectKind.Copy;
  }
}

/** Where the command of `$(` ends. A text that is no command ends at the parenthesis that fits. */
function commandEnd(text: Ptr<u8>, from: u32, length: u32): u32 {
  const position = mark();
  const parser = zeroed<Inline<Parser>>();
  const lexer: Lexer = parser.lexer;
  initParser(parser, text, length, false);
  parser.isQuiet = true;
  lexer.at = from;
  advance(lexer);
  skipNewlines(lexer);
  const isEmpty = lexer.kind === Token.Close;
  const node = isEmpty ? null : parseList(parser, true);
  const found = isEmpty || (node !== null && lexer.kind === Token.Close);
  const end = found ? lexer.at : parser.outcome === Outcome.Unfinished ? length + 1 : 0;
  release(position);
  return end !== 0 ? end : skipNested(text, from, length, CLOSE_PAREN, false);
}
