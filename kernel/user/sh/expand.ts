/*
 * From words as they are written to the fields that commands get: parameters, the output of commands and the values of
 * expressions are put in, unquoted results are split (field.ts), patterns are replaced by the names that they match,
 * quotes go.
 */

import {
  BACKQUOTE,
  BACKSLASH,
  COLON,
  DOLLAR,
  DOUBLE_QUOTE,
  EQUALS,
  HASH,
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  OPEN_PAREN,
  PERCENT,
  PLUS,
  QUESTION,
  SINGLE_QUOTE,
  SLASH,
  STAR,
  TILDE,
} from '../lib/characters.ts';
import { contents } from '../lib/buffer.ts';
import { stringLength } from '../lib/strings.ts';
import { take, takeCopy } from './arena.ts';
import { evaluate } from './arithmetic.ts';
import { add, addSplitting, addValue, beginField, dropField, endField, type Field } from './field.ts';
import { arithmeticEnd, skipUnit } from './lexer.ts';
import { isSet, ShellOption } from './options.ts';
import { complainParameter, Cut, cut, isAll, numberText, parameterLength, parameterValue } from './parameters.ts';
import { shell } from './state.ts';
import { type WordList } from './tree.ts';
import { assignVariable, nameLength, valueOf } from './variables.ts';

/** Runs a command and gives its output, without the newlines at its end. Set by execute.ts, which needs this file. */
export type Substitution = (command: Ptr<u8>, length: u32) => Ptr<u8>;

class Hooks {
  substitute: Substitution;
}

const hooks = zeroed<Inline<Hooks>>();

/** How text stands that is expanded. */
enum Quoting {
  None,
  /** The word within an unquoted `${name:-word}`: it is split as values are. */
  Value,
  Double,
  /** In a here-document: a double quote is a character like others. */
  Document,
}

/** Tells how to run commands within words. */
export function setSubstitution(substitute: Substitution): void {
  hooks.substitute = substitute;
}

/** Expands a word to any number of fields, appended to `fields`. */
export function expandFields(word: Ptr<u8>, fields: WordList): void {
  const field = zeroed<Inline<Field>>();
  beginField(field, fields);
  expandText(field, word, afterTilde(field, word), stringLength(word), Quoting.None);
  endField(field);
  dropField(field);
}

/** Expands a word to exactly one field: a file's name, or what `case` looks at. */
export function expandOne(word: Ptr<u8>): Ptr<u8> {
  const field = zeroed<Inline<Field>>();
  beginField(field, null);
  return finish(field, word, afterTilde(field, word), stringLength(word), Quoting.None);
}

/** Expands what is assigned to a variable: like one field, but a tilde may stand behind a colon as well. */
export function expandAssigned(word: Ptr<u8>): Ptr<u8> {
  const field = zeroed<Inline<Field>>();
  beginField(field, null);
  let from: u32 = 0;
  const length = stringLength(word);
  while (from < length) {
    from += afterTilde(field, word.add(from));
    let end = from;
    while (end < length && word[end] !== COLON) end = skipUnit(word, end, length, false);
    if (end < length) end++;
    expandText(field, word, from, end < length ? end : length, Quoting.None);
    from = end;
  }
  return finish(field, word, length, length, Quoting.None);
}

/** Expands the text of a here-document, or of a prompt. */
export function expandDocument(text: Ptr<u8>): Ptr<u8> {
  return expandPart(text, stringLength(text), Quoting.Document);
}

/** Expands a word to a pattern, in which what was quoted is behind backslashes. */
export function expandToPattern(word: Ptr<u8>, length: u32): Ptr<u8> {
  const field = zeroed<Inline<Field>>();
  beginField(field, null);
  field.hasPattern = true;
  expandText(field, word, 0, length, Quoting.None);
  const pattern = takeCopy(contents(field.pattern), field.pattern.length);
  dropField(field);
  return pattern;
}

function expandPart(text: Ptr<u8>, length: u32, quoting: i32): Ptr<u8> {
  const field = zeroed<Inline<Field>>();
  beginField(field, null);
  return finish(field, text, tildeWithin(field, text, length, quoting), length, quoting);
}

/** Expands the rest of a text into a field that is the only one. */
function finish(field: Field, text: Ptr<u8>, from: u32, length: u32, quoting: i32): Ptr<u8> {
  expandText(field, text, from, length, quoting);
  const result = takeCopy(contents(field.text), field.text.length);
  dropField(field);
  return result;
}

/** `~` at the beginning is the home directory, alone or before a slash. Returns how much of the word that was. */
function afterTilde(field: Field, word: Ptr<u8>): u32 {
  if (word[0] !== TILDE || (word[1] !== 0 && word[1] !== SLASH && word[1] !== COLON)) return 0;
  const home = valueOf('HOME');
  if (home === null) return 0;
  field.begun = true;
  addValue(field, home, true);
  return 1;
}

/** The same for a word that ends in the middle of a text; within quotes, a tilde is a character like others. */
function tildeWithin(field: Field, text: Ptr<u8>, length: u32, quoting: i32): u32 {
  if (quoting >= Quoting.Double || length === 0 || text[0] !== TILDE) return 0;
  return afterTilde(field, takeCopy(text, length));
}

/** Expands `text[from..length)`. */
function expandText(field: Field, text: Ptr<u8>, from: u32, length: u32, quoting: i32): void {
  const quoted = quoting >= Quoting.Double;
  let at = from;
  while (at < length) {
    const byte = text[at];
    if (byte === DOLLAR) at = expandDollar(field, text, at, length, quoting);
    else if (byte === BACKSLASH) at = expandBackslash(field, text, at, length, quoting);
    else if (byte === BACKQUOTE) at = expandBackquoted(field, text, at, length, quoted);
    else if (byte === SINGLE_QUOTE && !quoted) {
      const end = skipUnit(text, at, length, false);
      field.begun = true;
      for (let i = at + 1; i < end - 1; i++) add(field, text[i], true);
      at = end;
    } else if (byte === DOUBLE_QUOTE && quoting !== Quoting.Document) {
      const end = skipUnit(text, at, length, quoted);
      expandQuoted(field, text, at + 1, end - 1);
      at = end;
    } else {
      if (quoting === Quoting.Value) addSplitting(field, byte, false);
      else add(field, byte, quoted);
      at++;
    }
  }
}

/** What stands within double quotes makes a field, also if it is empty; but `"$@"` may be no field at all. */
function expandQuoted(field: Field, text: Ptr<u8>, from: u32, end: u32): void {
  const begun = field.begun;
  field.wasNothing = false;
  expandText(field, text, from, end, Quoting.Double);
  if (!field.wasNothing) field.begun = true;
  else if (field.text.length === 0) field.begun = begun;
  field.wasNothing = false;
}

/** A backslash quotes the next character; within double quotes only some, and is a character before the others. */
function expandBackslash(field: Field, text: Ptr<u8>, at: u32, length: u32, quoting: i32): u32 {
  if (at + 1 >= length) {
    add(field, BACKSLASH, true);
    return at + 1;
  }
  const next = text[at + 1];
  if (next === NEWLINE) return at + 2;
  const isQuote = next === DOUBLE_QUOTE && quoting !== Quoting.Document;
  const special = next === DOLLAR || next === BACKQUOTE || next === BACKSLASH || isQuote;
  if (quoting >= Quoting.Double && !special) add(field, BACKSLASH, true);
  add(field, next, true);
  return at + 2;
}

/** `` `command` ``: a backslash in it quotes only what is special there. */
function expandBackquoted(field: Field, text: Ptr<u8>, at: u32, length: u32, quoted: boolean): u32 {
  const end = skipUnit(text, at, length, quoted);
  const command = take(end - at);
  let size: u32 = 0;
  for (let i = at + 1; i < end - 1; i++) {
    const next = text[i + 1];
    const special = next === DOLLAR || next === BACKQUOTE || next === BACKSLASH || (quoted && next === DOUBLE_QUOTE);
    if (text[i] === BACKSLASH && i + 1 < end - 1 && special) i++;
    command[size] = text[i];
    size++;
  }
  addValue(field, hooks.substitute(command, size), quoted);
  return end;
}

/** What begins with a dollar. Returns the index behind it. */
function expandDollar(field: Field, text: Ptr<u8>, at: u32, length: u32, quoting: i32): u32 {
  const quoted = quoting >= Quoting.Double;
  const next: u8 = at + 1 < length ? text[at + 1] : 0;
  if (next === OPEN_PAREN) {
    const end = arithmeticEnd(text, at, length);
    if (end !== 0) {
      const expression = expandPart(text.add(at + 3), end - at - 5, Quoting.Double);
      if (!shell.aborted) addValue(field, evaluate(expression), quoted);
      return end;
    }
    const close = skipUnit(text, at, length, quoted);
    addValue(field, hooks.substitute(text.add(at + 2), close - at - 3), quoted);
    return close;
  }
  if (next === OPEN_BRACE) {
    const end = skipUnit(text, at, length, quoted);
    expandBraces(field, text.add(at + 2), end - at - 3, quoting);
    return end;
  }
  const name = parameterLength(text.add(at + 1), length - at - 1, false);
  if (name === 0) add(field, DOLLAR, quoted);
  else addParameter(field, text.add(at + 1), name, quoted);
  return at + 1 + name;
}

/** A parameter without anything done to it. */
function addParameter(field: Field, name: Ptr<u8>, length: u32, quoted: boolean): void {
  if (isAll(name, length)) {
    addAll(field, quoted, name[0] !== STAR);
    return;
  }
  const value = existing(name, length);
  if (value !== null) addValue(field, value, quoted);
}

/** The value of a parameter. One that is not set is an error under `set -u`. */
function existing(name: Ptr<u8>, length: u32): Ptr<u8> | null {
  const value = parameterValue(name, length);
  if (value === null && isSet(ShellOption.NoUnset)) complainParameter(name, length, bytes('parameter not set'));
  return value;
}

/** `$@` and `$*`. Within quotes, the first gives a field per parameter, the second one field, joined by IFS. */
function addAll(field: Field, quoted: boolean, separate: boolean): void {
  const joined = field.fields === null || (quoted && !separate);
  if (quoted && separate && shell.parameters.count === 0) field.wasNothing = true;
  for (let i: u32 = 0; i < shell.parameters.count; i++) {
    if (i > 0 && !joined) endField(field);
    const joint = separate ? 0x20 : field.separators[0];
    if (i > 0 && joined && joint !== 0) add(field, joint, true);
    if (quoted) field.begun = true;
    addValue(field, shell.parameters.list[i]!, quoted);
  }
}

/** `${...}`; `text[0..length)` is what stands between the braces. */
function expandBraces(field: Field, text: Ptr<u8>, length: u32, quoting: i32): void {
  const quoted = quoting >= Quoting.Double;
  if (text[0] === HASH && length > 1 && parameterLength(text.add(1), length - 1, true) === length - 1) {
    addLength(field, text.add(1), length - 1);
    return;
  }
  const name = parameterLength(text, length, true);
  if (name === length && name > 0) {
    addParameter(field, text, name, quoted);
    return;
  }
  const colon = name > 0 && text[name] === COLON;
  const at = colon ? name + 1 : name;
  const operator: u32 = at < length ? text[at] : 0;
  if (name > 0 && !colon && (operator === HASH || operator === PERCENT)) {
    addCut(field, text, name, length, quoted);
  } else if (name > 0 && isChoice(operator)) {
    addChoice(field, text, name, length, quoting);
  } else complainParameter(text, length, bytes('bad substitution'));
}

function addLength(field: Field, name: Ptr<u8>, length: u32): void {
  const value = isAll(name, length) ? null : existing(name, length);
  const size = isAll(name, length) ? shell.parameters.count : value === null ? 0 : stringLength(value);
  addValue(field, numberText(i32(size)), false);
}

function isChoice(operator: u32): boolean {
  return operator === MINUS || operator === EQUALS || operator === PLUS || operator === QUESTION;
}

/** The word of `${name-word}`, in place of the value. */
function addWordOfChoice(field: Field, word: Ptr<u8>, length: u32, quoting: i32): void {
  const inner = quoting === Quoting.None ? Quoting.Value : quoting;
  expandText(field, word, tildeWithin(field, word, length, inner), length, inner);
}

/**
 * `${name-word}` and the like; with a colon, an empty value is like none. `name` is the name's length. A here-document's
 * double quotes are quotes within the braces.
 */
function addChoice(field: Field, text: Ptr<u8>, name: u32, length: u32, outer: i32): void {
  const quoting = outer === Quoting.Document ? Quoting.Double : outer;
  const colon = text[name] === COLON;
  const at = colon ? name + 1 : name;
  const word = text.add(at + 1);
  const wordLength = length - at - 1;
  const isThere = isAll(text, name) ? shell.parameters.count > 0 : isPresent(parameterValue(text, name), colon);
  switch (text[at]) {
    case PLUS:
      if (isThere) addWordOfChoice(field, word, wordLength, quoting);
      return;
    case MINUS:
      if (isThere) addParameter(field, text, name, quoting >= Quoting.Double);
      else addWordOfChoice(field, word, wordLength, quoting);
      return;
    case EQUALS:
      if (!isThere) {
        if (nameLength(text) !== name) {
          complainParameter(text, name, bytes('cannot be assigned'));
          return;
        }
        assignVariable(text, name, expandPart(word, wordLength, quoting), false);
      }
      addParameter(field, text, name, quoting >= Quoting.Double);
      return;
    default:
      if (isThere) addParameter(field, text, name, quoting >= Quoting.Double);
      else if (wordLength > 0) complainParameter(text, name, expandPart(word, wordLength, quoting));
      else complainParameter(text, name, bytes('parameter not set'));
  }
}

function isPresent(value: Ptr<u8> | null, colon: boolean): boolean {
  return value !== null && !(colon && value[0] === 0);
}

/** `${name#pattern}` and the like. */
function addCut(field: Field, text: Ptr<u8>, name: u32, length: u32, quoted: boolean): void {
  const atEnd = text[name] === PERCENT;
  const longest = name + 1 < length && text[name + 1] === text[name];
  const from = longest ? name + 2 : name + 1;
  const pattern = expandToPattern(text.add(from), length - from);
  const value = existing(text, name);
  if (value === null) return;
  const prefix = longest ? Cut.LongestPrefix : Cut.ShortestPrefix;
  const suffix = longest ? Cut.LongestSuffix : Cut.ShortestSuffix;
  addValue(field, cut(value, pattern, atEnd ? suffix : prefix), quoted);
}
