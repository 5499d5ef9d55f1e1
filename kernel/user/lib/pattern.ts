/*
 * Patterns, of file names and of texts: `*` any characters, `?` one, `[a-z]` one of those, `[!a-z]` one of the others,
 * `[[:digit:]]` one of a class. A backslash makes the next character an ordinary one.
 */

import {
  BACKSLASH,
  CARET,
  CARRIAGE_RETURN,
  CLOSE_BRACKET,
  COLON,
  DELETE,
  EXCLAMATION,
  LOWER_A,
  LOWER_F,
  LOWER_Z,
  MINUS,
  OPEN_BRACKET,
  QUESTION,
  SLASH,
  SPACE,
  STAR,
  TAB,
} from './characters.ts';
import { bytesEqual, isDigit, isNameStart, stringLength } from './strings.ts';

/** Does all of `text[0..length)` match the pattern, which ends at a zero, or at a slash if `path` says so? */
export function matches(pattern: Ptr<u8>, text: Ptr<u8>, length: u32, path: boolean): boolean {
  const p = pattern[0];
  if (p === 0 || (path && p === SLASH)) return length === 0;
  if (p === STAR) {
    const rest = pattern.add(1);
    if (rest[0] === 0) return true;
    for (let i: u32 = 0; i <= length; i++) {
      if (matches(rest, text.add(i), length - i, path)) return true;
    }
    return false;
  }
  if (length === 0) return false;
  let used: u32 = 1;
  if (p === OPEN_BRACKET && bracketLength(pattern, path) !== 0) {
    used = bracketLength(pattern, path);
    if (!bracketHolds(pattern, used, text[0])) return false;
  } else if (p !== QUESTION) {
    if (p === BACKSLASH && pattern[1] !== 0) used = 2;
    if (pattern[used - 1] !== text[0]) return false;
  }
  return matches(pattern.add(used), text.add(1), length - 1, path);
}

/** Length of the bracket expression that begins `pattern`; 0 if it has no end: the bracket is a character then. */
function bracketLength(pattern: Ptr<u8>, path: boolean): u32 {
  let i: u32 = isInverted(pattern) ? 2 : 1;
  const first = i;
  while (pattern[i] !== 0 && !(path && pattern[i] === SLASH) && (pattern[i] !== CLOSE_BRACKET || i === first)) {
    const named = classLength(pattern.add(i));
    if (named !== 0) i += named;
    else i += pattern[i] === BACKSLASH && pattern[i + 1] !== 0 ? 2 : 1;
  }
  return pattern[i] === CLOSE_BRACKET ? i + 1 : 0;
}

function isInverted(pattern: Ptr<u8>): boolean {
  return pattern[1] === EXCLAMATION || pattern[1] === CARET;
}

/** Length of `[:name:]`, if that comes next in a bracket expression; else 0. */
function classLength(text: Ptr<u8>): u32 {
  if (text[0] !== OPEN_BRACKET || text[1] !== COLON) return 0;
  let i: u32 = 2;
  while (isNameStart(text[i])) i++;
  return text[i] === COLON && text[i + 1] === CLOSE_BRACKET ? i + 2 : 0;
}

function bracketHolds(pattern: Ptr<u8>, length: u32, byte: u8): boolean {
  const inverted = isInverted(pattern);
  let i: u32 = inverted ? 2 : 1;
  let held = false;
  while (i < length - 1) {
    const named = classLength(pattern.add(i));
    if (named !== 0) {
      if (isInClass(pattern.add(i + 2), named - 4, byte)) held = true;
      i += named;
      continue;
    }
    if (pattern[i] === BACKSLASH && i + 2 < length) i++;
    const low = pattern[i];
    i++;
    let high = low;
    if (pattern[i] === MINUS && i + 2 < length) {
      i++;
      if (pattern[i] === BACKSLASH && i + 2 < length) i++;
      high = pattern[i];
      i++;
    }
    if (byte >= low && byte <= high) held = true;
  }
  return held !== inverted;
}

const classNames = table<string, 12>(
  'alpha',
  'digit',
  'alnum',
  'upper',
  'lower',
  'space',
  'blank',
  'punct',
  'print',
  'graph',
  'cntrl',
  'xdigit',
);

function isInClass(name: Ptr<u8>, length: u32, byte: u8): boolean {
  for (let i: u32 = 0; i < 12; i++) {
    const known = bytes(classNames[i]);
    if (stringLength(known) === length && bytesEqual(known, name, length)) return holds(i, byte);
  }
  return false;
}

/** Is the byte in class number `index` of `classNames`? ASCII only. */
function holds(index: u32, byte: u8): boolean {
  const folded = byte | 0x20;
  const isLetter = folded >= LOWER_A && folded <= LOWER_Z;
  const isGraphic = byte > SPACE && byte < DELETE;
  switch (index) {
    case 0:
      return isLetter;
    case 1:
      return isDigit(byte);
    case 2:
      return isLetter || isDigit(byte);
    case 3:
      return isLetter && byte !== folded;
    case 4:
      return isLetter && byte === folded;
    case 5:
      return byte === SPACE || (byte >= TAB && byte <= CARRIAGE_RETURN);
    case 6:
      return byte === SPACE || byte === TAB;
    case 7:
      return isGraphic && !isLetter && !isDigit(byte);
    case 8:
      return byte === SPACE || isGraphic;
    case 9:
      return isGraphic;
    case 10:
      return byte < SPACE || byte === DELETE;
    default:
      return isDigit(byte) || (folded >= LOWER_A && folded <= LOWER_F);
  }
}
