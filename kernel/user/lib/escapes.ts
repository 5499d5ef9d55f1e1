/*
 * Characters that a backslash stands for: \a \b \f \n \r \t \v \\, and up to three octal digits (after a 0, which echo
 * asks for and printf's formats do not).
 */

import { BACKSLASH, DIGIT_0 } from './characters.ts';
import { putByte, stdout } from './output.ts';

const letters = 'abfnrtv\\';
const values = table<u8, 8>(7, 8, 12, 10, 13, 9, 11, 92);
const LETTER_C = 0x63;

/**
 * Prints what the backslash at `text` stands for. Returns the length of the sequence; 0 for \c, which ends all output.
 * A sequence that means nothing is printed as it is. With `zeroFirst`, octal numbers begin with a 0 that is no digit.
 */
export function printEscape(text: Ptr<u8>, zeroFirst: boolean): u32 {
  const byte = text[1];
  if (byte === LETTER_C && zeroFirst) return 0;
  for (let i: u32 = 0; i < 8; i++) {
    if (bytes(letters)[i] !== byte) continue;
    putByte(stdout, values[i]);
    return 2;
  }
  let length: u32 = zeroFirst && byte === DIGIT_0 ? 2 : 1;
  const first = length;
  let value: u32 = 0;
  const isOctal = !zeroFirst || byte === DIGIT_0;
  while (isOctal && length < first + 3 && text[length] >= DIGIT_0 && text[length] < DIGIT_0 + 8) {
    value = value * 8 + (text[length] - DIGIT_0);
    length++;
  }
  if (length > 1) putByte(stdout, value & 0xff);
  else putByte(stdout, BACKSLASH);
  return length;
}

/** Prints a text and what the backslashes in it stand for. Returns false after \c. */
export function printEscaped(text: Ptr<u8>): boolean {
  let i: u32 = 0;
  while (text[i] !== 0) {
    if (text[i] !== BACKSLASH) {
      putByte(stdout, text[i]);
      i++;
      continue;
    }
    const length = printEscape(text.add(i), true);
    if (length === 0) return false;
    i += length;
  }
  return true;
}
