/*
 * Bytes and strings. A string is the address of bytes that end with a zero.
 */

import { DIGIT_0, DIGIT_9, LOWER_A, LOWER_X, LOWER_Z, MINUS, UNDERSCORE } from './characters.ts';

const LARGEST: u32 = 0x7fffffff;

/** argv, envp: addresses of strings, ended by null. */
export type StringList = Ptr<Ptr<u8> | null>;

export function stringLength(text: Ptr<u8>): u32 {
  let length: u32 = 0;
  while (text[length] !== 0) length++;
  return length;
}

export function stringsEqual(a: Ptr<u8>, b: Ptr<u8>): boolean {
  return compareStrings(a, b) === 0;
}

/** Negative, zero or positive, as `a` is below, equal to or above `b`, byte by byte. */
export function compareStrings(a: Ptr<u8>, b: Ptr<u8>): i32 {
  let i: u32 = 0;
  while (a[i] !== 0 && a[i] === b[i]) i++;
  return i32(a[i]) - i32(b[i]);
}

/** Does `text` begin with `prefix`? */
export function startsWith(text: Ptr<u8>, prefix: Ptr<u8>): boolean {
  let i: u32 = 0;
  while (prefix[i] !== 0) {
    if (text[i] !== prefix[i]) return false;
    i++;
  }
  return true;
}

/** Index of the first `byte` in `text`, or the text's length. */
export function indexOf(text: Ptr<u8>, byte: u8): u32 {
  let i: u32 = 0;
  while (text[i] !== 0 && text[i] !== byte) i++;
  return i;
}

export function contains(text: Ptr<u8>, byte: u8): boolean {
  return text[indexOf(text, byte)] !== 0;
}

/** Copies `source` with its zero to `target`, cut to `size` bytes in all. Returns the copy's length. */
export function copyString(target: Ptr<u8>, source: Ptr<u8>, size: u32): u32 {
  let i: u32 = 0;
  while (source[i] !== 0 && i + 1 < size) {
    target[i] = source[i];
    i++;
  }
  target[i] = 0;
  return i;
}

export function bytesEqual(a: Ptr<u8>, b: Ptr<u8>, length: u32): boolean {
  for (let i: u32 = 0; i < length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

export function isDigit(byte: u32): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}

/** A letter or an underscore. */
export function isNameStart(byte: u32): boolean {
  const lower = byte | 0x20;
  return (lower >= LOWER_A && lower <= LOWER_Z) || byte === UNDERSCORE;
}

/**
 * Reads a whole text as a number: decimal, zeros in front or not, or hexadecimal after 0x; perhaps with a minus sign.
 * What is too large becomes the largest number there is. Returns false if it is none.
 */
export function parseNumber(text: Ptr<u8>, result: Ptr<i32>): boolean {
  let i: u32 = 0;
  const negative = text[0] === MINUS;
  if (negative) i = 1;
  let base: u32 = 10;
  if (text[i] === DIGIT_0 && (text[i + 1] | 0x20) === LOWER_X) {
    base = 16;
    i += 2;
  }
  if (text[i] === 0) return false;
  let value: u32 = 0;
  for (; text[i] !== 0; i++) {
    const digit = digitValue(text[i]);
    if (digit >= base) return false;
    value = value > (LARGEST - digit) / base ? LARGEST : value * base + digit;
  }
  result[0] = i32(negative ? 0 - value : value);
  return true;
}

/** The value of a digit in any base up to 36, or 255. */
function digitValue(byte: u32): u32 {
  if (isDigit(byte)) return byte - DIGIT_0;
  const lower = byte | 0x20;
  return lower >= LOWER_A && lower <= LOWER_Z ? lower - LOWER_A + 10 : 255;
}
