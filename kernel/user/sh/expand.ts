/*
 * From words as they are written to the fields that commands get: variables and the output of commands are put in,
 * unquoted results are split at blanks, patterns are replaced by the names that they match, quotes go.
 *
 * A field grows in two forms side by side: as plain text, and as a pattern in which every character that was quoted, or
 * came out of something quoted, is behind a backslash if it would be special.
 */

import {
  AT_SIGN,
  BACKQUOTE,
  BACKSLASH,
  CLOSE_BRACE,
  DOLLAR,
  DOUBLE_QUOTE,
  EXCLAMATION,
  HASH,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  QUESTION,
  SINGLE_QUOTE,
  SPACE,
  STAR,
  TAB,
} from '../lib/characters.ts';
import { exit } from '../lib/crt.ts';
import { initOutput, type Output, printError, printTo } from '../lib/output.ts';
import { isDigit, stringLength } from '../lib/strings.ts';
import { takeCopy } from './arena.ts';
import { expandPattern } from './glob.ts';
import { skipUnit } from './lexer.ts';
import { shell } from './state.ts';
import { addWord, type WordList } from './tree.ts';
import { findValue, nameLength } from './variables.ts';

const FIELD_SIZE: u32 = 16384;

/** Runs a command and gives its output, without the newlines at its end. Set by execute.ts, which needs this file. */
export type Substitution = (command: Ptr<u8>, length: u32) => Ptr<u8>;

class Expansion {
  /** Where finished fields go; null: all is one field, without splitting and patterns. */
  fields: WordList | null;
  /** A field has begun, be it an empty one in quotes. */
  begun: boolean;
  /** It has a special character that is not quoted. */
  special: boolean;
  length: u32;
  patternLength: u32;
  text: FixedArray<u8, 16384>;
  pattern: FixedArray<u8, 32768>;
  substitute: Substitution;
}

const expansion = zeroed<Inline<Expansion>>();

/** Tells how to run commands within words. */
export function setSubstitution(substitute: Substitution): void {
  expansion.substitute = substitute;
}

/** Expands a word to any number of fields, appended to `fields`. */
export function expandFields(word: Ptr<u8>, fields: WordList): void {
  begin(fields);
  expandText(word, stringLength(word), false);
  endField();
}

/** Expands a word to exactly one field: a value, or a file's name. */
export function expandOne(word: Ptr<u8>): Ptr<u8> {
  begin(null);
  expandText(word, stringLength(word), false);
  return takeCopy(expansion.text, expansion.length);
}

function begin(fields: WordList | null): void {
  expansion.fields = fields;
  reset();
}

function reset(): void {
  expansion.begun = false;
  expansion.special = false;
  expansion.length = 0;
  expansion.patternLength = 0;
}

/** Ends the field that has begun, if any. */
function endField(): void {
  const fields = expansion.fields;
  if (fields === null || !expansion.begun) return;
  const text = takeCopy(expansion.text, expansion.length);
  const special = expansion.special;
  expansion.pattern[expansion.patternLength] = 0;
  if (!special || !expandPattern(expansion.pattern, fields)) addWord(fields, text);
  reset();
}

/** Adds a character to the field. */
function add(byte: u8, quoted: boolean): void {
  if (expansion.length === FIELD_SIZE) {
    printError('sh: a word of more than %u bytes\n', FIELD_SIZE);
    exit(2);
  }
  expansion.begun = true;
  expansion.text[expansion.length] = byte;
  expansion.length++;
  const special = byte === STAR || byte === QUESTION || byte === OPEN_BRACKET;
  if (special && !quoted) expansion.special = true;
  if (byte === BACKSLASH || (special && quoted)) addToPattern(BACKSLASH);
  addToPattern(byte);
}

function addToPattern(byte: u8): void {
  expansion.pattern[expansion.patternLength] = byte;
  expansion.patternLength++;
}

/** Adds a value: outside quotes, blanks in it separate fields. */
function addValue(value: Ptr<u8>, quoted: boolean): void {
  for (let i: u32 = 0; value[i] !== 0; i++) {
    const byte = value[i];
    const blank = byte === SPACE || byte === TAB || byte === NEWLINE;
    if (blank && !quoted && expansion.fields !== null) endField();
    else add(byte, quoted);
  }
}

/** Expands `text[0..length)`, all of it within double quotes or none. */
function expandText(text: Ptr<u8>, length: u32, quoted: boolean): void {
  let at: u32 = 0;
  while (at < length) {
    const byte = text[at];
    if (byte === DOLLAR) {
      at = expandDollar(text, at, length, quoted);
    } else if (byte === BACKSLASH) {
      at = expandBackslash(text, at, length, quoted);
    } else if (byte === BACKQUOTE) {
      const end = skipUnit(text, at, length);
      addValue(expansion.substitute(text.add(at + 1), end - at - 2), quoted);
      at = end;
    } else if (byte === SINGLE_QUOTE && !quoted) {
      const end = skipUnit(text, at, length);
      expansion.begun = true;
      for (let i = at + 1; i < end - 1; i++) add(text[i], true);
      at = end;
    } else if (byte === DOUBLE_QUOTE && !quoted) {
      const end = skipUnit(text, at, length);
      expansion.begun = true;
      expandText(text.add(at + 1), end - at - 2, true);
      at = end;
    } else {
      add(byte, quoted);
      at++;
    }
  }
}

/** A backslash quotes the next character; within double quotes only some, and is a character before the others. */
function expandBackslash(text: Ptr<u8>, at: u32, length: u32, quoted: boolean): u32 {
  if (at + 1 >= length) {
    add(BACKSLASH, true);
    return at + 1;
  }
  const next = text[at + 1];
  if (next === NEWLINE) return at + 2;
  const special = next === DOLLAR || next === BACKQUOTE || next === DOUBLE_QUOTE || next === BACKSLASH;
  if (quoted && !special) add(BACKSLASH, true);
  add(next, true);
  return at + 2;
}

/** What begins with a dollar. Returns the index behind it. */
function expandDollar(text: Ptr<u8>, at: u32, length: u32, quoted: boolean): u32 {
  const next: u8 = at + 1 < length ? text[at + 1] : 0;
  if (next === OPEN_PAREN) {
    const end = skipUnit(text, at, length);
    addValue(expansion.substitute(text.add(at + 2), end - at - 3), quoted);
    return end;
  }
  if (next === OPEN_BRACE) {
    let end = at + 2;
    while (end < length && text[end] !== CLOSE_BRACE) end++;
    addParameter(text.add(at + 2), end - at - 2, quoted);
    return end + 1;
  }
  const name = at + 1 < length ? parameterLength(text.add(at + 1)) : 0;
  if (name === 0) {
    add(DOLLAR, quoted);
    return at + 1;
  }
  addParameter(text.add(at + 1), name, quoted);
  return at + 1 + name;
}

/** Length of the parameter's name that begins `text`: a variable's, a digit, or a special character. 0: none. */
function parameterLength(text: Ptr<u8>): u32 {
  const length = nameLength(text);
  if (length > 0) return length;
  switch (text[0]) {
    case QUESTION:
    case DOLLAR:
    case EXCLAMATION:
    case HASH:
    case AT_SIGN:
    case STAR:
      return 1;
    default:
      return isDigit(text[0]) ? 1 : 0;
  }
}

function addParameter(name: Ptr<u8>, length: u32, quoted: boolean): void {
  if (length === 1) {
    switch (name[0]) {
      case QUESTION:
        addNumber(shell.status);
        return;
      case DOLLAR:
        addNumber(shell.pid);
        return;
      case EXCLAMATION:
        if (shell.lastBackground !== 0) addNumber(shell.lastBackground);
        return;
      case HASH:
        addNumber(i32(shell.parameterCount));
        return;
      case AT_SIGN:
      case STAR:
        addAllParameters(quoted, name[0] === AT_SIGN);
        return;
      default:
        break;
    }
  }
  if (isDigit(name[0])) {
    const index: u32 = name[0] - 0x30;
    if (index === 0) addValue(shell.name, quoted);
    else if (index <= shell.parameterCount) addValue(shell.parameters[index - 1]!, quoted);
    return;
  }
  const value = findValue(name, length);
  if (value !== null) addValue(value, quoted);
}

/** `$@` and `$*`. Within quotes, the first gives a field per parameter, the second one field with blanks. */
function addAllParameters(quoted: boolean, separate: boolean): void {
  for (let i: u32 = 0; i < shell.parameterCount; i++) {
    if (i > 0 && (separate || !quoted)) endField();
    if (i > 0 && (expansion.fields === null || (quoted && !separate))) add(SPACE, true);
    if (quoted) expansion.begun = true;
    addValue(shell.parameters[i]!, quoted);
  }
}

function addNumber(value: i32): void {
  const output = zeroed<Inline<Output>>();
  initOutput(output, -1);
  printTo(output, '%d', value);
  for (let i: u32 = 0; i < output.used; i++) add(output.buffer[i], true);
}
