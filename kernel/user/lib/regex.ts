/*
 * Regular expressions of POSIX: basic, extended, or plain text.
 *
 *   . any character     [a-z] [^a-z] [[:digit:]] one of several     ^ $ the ends of the line
 *   * + ? {m,n} repetition     ( ) grouping     | alternatives      (with a backslash in basic ones, but for *)
 *
 * Idea. An expression is compiled into a small program (Thompson 1968). It is run on a text with the set of all places
 * at which it can be at once, so the time is proportional to the text's length times the program's, whatever the
 * expression. Jumps are relative: a piece of program can be moved and repeated as it is.
 */

import { allocate } from './buffer.ts';
import {
  BACKSLASH,
  BAR,
  CARET,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  COMMA,
  DOLLAR,
  DOT,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  PLUS,
  QUESTION,
  STAR,
} from './characters.ts';
import { matches } from './pattern.ts';
import { isNameStart } from './strings.ts';

export enum Syntax {
  Basic,
  Extended,
  Fixed,
}

enum Code {
  Character,
  Any,
  /** `text[0..length)` is a bracket expression. */
  Bracket,
  Start,
  End,
  /** Go on at both `first` and `second`. */
  Split,
  Jump,
  Match,
}

class Step {
  code: u8;
  character: u8;
  first: i32;
  second: i32;
  text: Ptr<u8>;
}

const CAPACITY: u32 = 4096;
const LIMIT: u32 = 255;

class Compiler {
  text: Ptr<u8>;
  at: u32;
  extended: boolean;
  folds: boolean;
  count: u32;
  depth: u32;
  steps: Ptr<Inline<Step>>;
  problem: string | null;
  /** The places that a run is at, before and after a character; `marks[i]` is the round in which i was added. */
  places: Ptr<u32>;
  next: Ptr<u32>;
  marks: Ptr<u32>;
  placeCount: u32;
  nextCount: u32;
  round: u32;
}

const compiler = zeroed<Inline<Compiler>>();

/** Compiles an expression for `matchesRegex`. Returns null, or what is wrong with it. */
export function compileRegex(text: Ptr<u8>, syntax: i32, folds: boolean): string | null {
  const c: Compiler = compiler;
  c.text = text;
  c.at = 0;
  c.extended = syntax === Syntax.Extended;
  c.folds = folds;
  c.count = 0;
  c.depth = 0;
  c.problem = null;
  c.steps = ptr<Inline<Step>>(u32(allocate(CAPACITY * sizeof<Step>())));
  c.places = ptr<u32>(u32(allocate(CAPACITY * 4)));
  c.next = ptr<u32>(u32(allocate(CAPACITY * 4)));
  c.marks = ptr<u32>(u32(allocate(CAPACITY * 4)));
  for (let i: u32 = 0; i < CAPACITY; i++) c.marks[i] = 0;
  c.round = 0;
  if (syntax === Syntax.Fixed) {
    for (; text[c.at] !== 0; c.at++) emitCharacter(c, text[c.at]);
  } else {
    alternatives(c);
    if (c.problem === null && text[c.at] !== 0) c.problem = 'unmatched )';
  }
  emit(c, Code.Match);
  return c.problem;
}

/** Does the compiled expression match somewhere in `text[0..length)`? */
export function matchesRegex(text: Ptr<u8>, length: u32): boolean {
  const c: Compiler = compiler;
  c.placeCount = 0;
  for (let at: u32 = 0; ; at++) {
    c.round++;
    c.nextCount = 0;
    // Those that came here by the character before, and a new beginning.
    for (let i: u32 = 0; i < c.placeCount; i++) {
      if (arrive(c, i32(c.places[i]), at, length)) return true;
    }
    if (arrive(c, 0, at, length)) return true;
    if (at === length) return false;
    let count: u32 = 0;
    for (let i: u32 = 0; i < c.nextCount; i++) {
      if (!accepts(c, c.steps[c.next[i]], text[at])) continue;
      c.places[count] = c.next[i] + 1;
      count++;
    }
    c.placeCount = count;
  }
}

/** Adds a place, and all that can be reached from it without a character. Returns whether that is the end. */
function arrive(c: Compiler, place: i32, at: u32, length: u32): boolean {
  if (c.marks[place] === c.round) return false;
  c.marks[place] = c.round;
  const step: Step = c.steps[place];
  switch (step.code) {
    case Code.Match:
      return true;
    case Code.Jump:
      return arrive(c, place + step.first, at, length);
    case Code.Split:
      return arrive(c, place + step.first, at, length) || arrive(c, place + step.second, at, length);
    case Code.Start:
      return at === 0 && arrive(c, place + 1, at, length);
    case Code.End:
      return at === length && arrive(c, place + 1, at, length);
    default:
      c.next[c.nextCount] = u32(place);
      c.nextCount++;
      return false;
  }
}

function accepts(c: Compiler, step: Step, byte: u8): boolean {
  if (step.code === Code.Any) return true;
  if (acceptsExactly(step, byte)) return true;
  return c.folds && isLetter(byte) && acceptsExactly(step, byte ^ 0x20);
}

function acceptsExactly(step: Step, byte: u8): boolean {
  if (step.code === Code.Character) return step.character === byte;
  const place = zeroed<FixedArray<u8, 1>>();
  place[0] = byte;
  return matches(step.text, place, 1, false);
}

function isLetter(byte: u8): boolean {
  return isNameStart(byte) && byte !== 0x5f;
}

// ---------------------------------------------------------------------------------------------------------------------
// Compiling.

function emit(c: Compiler, code: i32): Step {
  if (c.count + 1 >= CAPACITY) {
    c.problem = 'the expression is too large';
    c.count--;
  }
  const step: Step = c.steps[c.count];
  step.code = u8(code);
  step.first = 0;
  step.second = 0;
  c.count++;
  return step;
}

function emitCharacter(c: Compiler, character: u8): void {
  emit(c, Code.Character).character = character;
}

/** Makes room for a step in front of those from `at` on. */
function insert(c: Compiler, at: u32, code: i32): Step {
  emit(c, code);
  for (let i = c.count - 1; i > at; i--) copyStep(c, i, i - 1);
  const step: Step = c.steps[at];
  step.code = u8(code);
  return step;
}

function copyStep(c: Compiler, to: u32, from: u32): void {
  copyBytes(addrOf(c.steps[to].code), addrOf(c.steps[from].code), sizeof<Step>());
}

/** Is this operator next? In basic expressions it has a backslash in front. Steps over it. */
function accept(c: Compiler, operator: u8): boolean {
  if (!isNext(c, operator)) return false;
  c.at += c.extended ? 1 : 2;
  return true;
}

function isNext(c: Compiler, operator: u8): boolean {
  if (c.extended) return c.text[c.at] === operator;
  return c.text[c.at] === BACKSLASH && c.text[c.at + 1] === operator;
}

function alternatives(c: Compiler): void {
  const start = c.count;
  sequence(c);
  while (c.problem === null && accept(c, BAR)) {
    const length = i32(c.count - start);
    const split = insert(c, start, Code.Split);
    split.first = 1;
    split.second = length + 2;
    const jump = c.count;
    emit(c, Code.Jump);
    sequence(c);
    c.steps[jump].first = i32(c.count - jump);
  }
}

function sequence(c: Compiler): void {
  let first = true;
  while (c.problem === null && c.text[c.at] !== 0 && !isNext(c, BAR) && !(c.depth > 0 && isNext(c, CLOSE_PAREN))) {
    if (c.extended && c.text[c.at] === CLOSE_PAREN) return;
    repeated(c, first);
    first = false;
  }
}

/** One piece, and what says how often it comes. */
function repeated(c: Compiler, first: boolean): void {
  const start = c.count;
  if (!atom(c, first)) return;
  while (c.problem === null) {
    const length = i32(c.count - start);
    if (c.text[c.at] === STAR) {
      c.at++;
      star(c, start, length);
    } else if (accept(c, PLUS)) {
      const split = emit(c, Code.Split);
      split.first = 0 - length;
      split.second = 1;
    } else if (accept(c, QUESTION)) optional(c, start, length);
    else if (accept(c, OPEN_BRACE)) interval(c, start, u32(length));
    else return;
  }
}

function star(c: Compiler, start: u32, length: i32): void {
  const split = insert(c, start, Code.Split);
  split.first = 1;
  split.second = length + 2;
  emit(c, Code.Jump).first = 0 - length - 1;
}

function optional(c: Compiler, start: u32, length: i32): void {
  const split = insert(c, start, Code.Split);
  split.first = 1;
  split.second = length + 1;
}

/** {m}, {m,}, {m,n}: the piece is copied as often as need be. */
function interval(c: Compiler, start: u32, length: u32): void {
  const least = number(c);
  let most = least;
  const open = c.text[c.at] === COMMA;
  if (open) {
    c.at++;
    most = c.text[c.at] >= 0x30 && c.text[c.at] <= 0x39 ? number(c) : LIMIT + 1;
  }
  const infinite = open && most > LIMIT;
  if (!accept(c, CLOSE_BRACE) || (most < least && !infinite) || least > LIMIT) {
    c.problem = 'bad interval';
    return;
  }
  const piece = ptr<Inline<Step>>(u32(allocate(length * sizeof<Step>() + 1)));
  copyBytes(ptr<u8>(u32(piece)), ptr<u8>(u32(c.steps) + start * sizeof<Step>()), length * sizeof<Step>());
  c.count = start;
  for (let i: u32 = 0; i < least; i++) append(c, piece, length);
  for (let i = least; i < most && !infinite; i++) {
    const from = c.count;
    append(c, piece, length);
    optional(c, from, i32(length));
  }
  if (!infinite) return;
  const from = c.count;
  append(c, piece, length);
  star(c, from, i32(length));
}

function append(c: Compiler, piece: Ptr<Inline<Step>>, length: u32): void {
  for (let i: u32 = 0; i < length && c.problem === null; i++) {
    const step = emit(c, Code.Any);
    copyBytes(addrOf(step.code), addrOf(piece[i].code), sizeof<Step>());
  }
}

function number(c: Compiler): u32 {
  let value: u32 = 0;
  for (; c.text[c.at] >= 0x30 && c.text[c.at] <= 0x39; c.at++) value = value * 10 + (c.text[c.at] - 0x30);
  return value;
}

/** A character, a bracket, a group, an end of the line. Returns false for what cannot be repeated. */
function atom(c: Compiler, first: boolean): boolean {
  const byte = c.text[c.at];
  if (accept(c, OPEN_PAREN)) {
    c.depth++;
    alternatives(c);
    c.depth--;
    if (c.problem === null && !accept(c, CLOSE_PAREN)) c.problem = 'unmatched (';
    return true;
  }
  c.at++;
  if (byte === CARET && (first || c.extended)) {
    emit(c, Code.Start);
    return false;
  }
  if (byte === DOLLAR && (c.extended || c.text[c.at] === 0 || isNext(c, CLOSE_PAREN) || isNext(c, BAR))) {
    emit(c, Code.End);
    return false;
  }
  if (byte === DOT) emit(c, Code.Any);
  else if (byte === OPEN_BRACKET) bracket(c);
  else if (byte === BACKSLASH && c.text[c.at] !== 0) {
    emitCharacter(c, c.text[c.at]);
    c.at++;
  } else if (byte === BACKSLASH) c.problem = 'a backslash at the end';
  else emitCharacter(c, byte);
  return true;
}

/** A bracket expression is matched as the one of a file name's pattern, to which it is copied. */
function bracket(c: Compiler): void {
  const from = c.at - 1;
  if (c.text[c.at] === CARET) c.at++;
  if (c.text[c.at] === CLOSE_BRACKET) c.at++;
  while (c.text[c.at] !== 0 && c.text[c.at] !== CLOSE_BRACKET) {
    const named = c.text[c.at] === OPEN_BRACKET && c.text[c.at + 1] === COLON;
    c.at++;
    while (named && c.text[c.at] !== 0 && !(c.text[c.at] === COLON && c.text[c.at + 1] === CLOSE_BRACKET)) c.at++;
    if (named && c.text[c.at] !== 0) c.at += 2;
  }
  if (c.text[c.at] === 0) {
    c.problem = 'unmatched [';
    return;
  }
  c.at++;
  const length = c.at - from;
  // Every backslash is an ordinary character there, and must be doubled for a pattern.
  const text = allocate(2 * length + 1);
  let size: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    if (c.text[from + i] === BACKSLASH) {
      text[size] = BACKSLASH;
      size++;
    }
    text[size] = c.text[from + i];
    size++;
  }
  text[size] = 0;
  emit(c, Code.Bracket).text = text;
}
