/*
 * Fields that expansions grow.
 *
 * A field grows in two forms side by side: as plain text, and as a pattern in which every character that was quoted, or
 * came out of something quoted, is behind a backslash if it would be special. Values outside of quotes are split at the
 * characters of IFS while they are added: blanks among these separate fields, each of the others ends one.
 */

import { append, appendBytes, type Buffer, contents, freeBuffer } from '../lib/buffer.ts';
import { BACKSLASH, NEWLINE, OPEN_BRACKET, QUESTION, SLASH, SPACE, STAR, TAB } from '../lib/characters.ts';
import { contains, stringLength } from '../lib/strings.ts';
import { takeCopy } from './arena.ts';
import { expandPattern } from './glob.ts';
import { isSet, ShellOption } from './options.ts';
import { addWord, type WordList } from './tree.ts';
import { valueOf } from './variables.ts';

export class Field {
  /** Where finished fields go; null: all is one field, without splitting and patterns of file names. */
  fields: WordList | null;
  /** The form as a pattern is wanted as well. */
  hasPattern: boolean;
  /** A field has begun, be it an empty one in quotes. */
  begun: boolean;
  /** It has a special character that is not quoted. */
  special: boolean;
  /** The field before was ended by a blank: another separator right behind it ends no other field. */
  afterBlank: boolean;
  /** `"$@"` without parameters was met: the quotes around it make no field. */
  wasNothing: boolean;
  /** The characters that separate. */
  separators: Ptr<u8>;
  text: Inline<Buffer>;
  pattern: Inline<Buffer>;
}

/** To be done first, with a cleared one. */
export function beginField(field: Field, fields: WordList | null): void {
  field.fields = fields;
  field.hasPattern = fields !== null;
  field.separators = separators();
}

/** The value of IFS, or what stands for it. */
export function separators(): Ptr<u8> {
  const value = valueOf('IFS');
  return value === null ? bytes(' \t\n') : value;
}

export function isBlankOrNewline(byte: u32): boolean {
  return byte === SPACE || byte === TAB || byte === NEWLINE;
}

/** Ends the field that has begun, if any. */
export function endField(field: Field): void {
  const fields = field.fields;
  if (fields === null || !field.begun) return;
  const text = takeCopy(contents(field.text), field.text.length);
  const expanded = field.special && !isSet(ShellOption.NoGlob) && expandPattern(contents(field.pattern), fields);
  if (!expanded) addWord(fields, text);
  field.begun = false;
  field.special = false;
  field.text.length = 0;
  field.pattern.length = 0;
}

/** To be done last. */
export function dropField(field: Field): void {
  freeBuffer(field.text);
  freeBuffer(field.pattern);
}

/** Adds a character to the field. */
export function add(field: Field, byte: u32, quoted: boolean): void {
  field.begun = true;
  append(field.text, byte);
  const special = byte === STAR || byte === QUESTION || byte === OPEN_BRACKET;
  if (special && !quoted) field.special = true;
  if (field.hasPattern) addToPattern(field, byte, quoted);
}

function addToPattern(field: Field, byte: u32, quoted: boolean): void {
  // A slash is never special, and separates the parts of a path whether it is quoted or not.
  if ((quoted && byte !== SLASH) || byte === BACKSLASH) append(field.pattern, BACKSLASH);
  append(field.pattern, byte);
}

/** Adds a character of a value: outside quotes, it may separate fields. */
export function addSplitting(field: Field, byte: u32, quoted: boolean): void {
  if (quoted || field.fields === null || !contains(field.separators, u8(byte))) {
    add(field, byte, quoted);
    field.afterBlank = false;
  } else if (isBlankOrNewline(byte)) {
    if (field.begun) field.afterBlank = true;
    endField(field);
  } else {
    if (!field.afterBlank) field.begun = true;
    endField(field);
    field.afterBlank = false;
  }
}

/** A value that is not split goes over as a whole: a loop may well build up a long one, piece by piece. */
export function addValue(field: Field, value: Ptr<u8>, quoted: boolean): void {
  if (quoted || field.fields === null) {
    const length = stringLength(value);
    if (length === 0) return;
    field.begun = true;
    field.afterBlank = false;
    appendBytes(field.text, value, length);
    for (let i: u32 = 0; i < length && field.hasPattern; i++) addToPattern(field, value[i], quoted);
    return;
  }
  for (let i: u32 = 0; value[i] !== 0; i++) addSplitting(field, value[i], quoted);
}
