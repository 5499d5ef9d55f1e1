/*
 * printf, as a program and as a builtin of the shell.
 *
 *   printf FORMAT [ARGUMENT...]   prints the arguments as the format says, over again while arguments are left: %d %i %u %x
 *                                 %X %o %c %s %b (a text with backslashes) %%, with flags, width and precision; what is
 *                                 missing is 0 or empty
 */

import {
  BACKSLASH,
  DIGIT_0,
  DOT,
  DOUBLE_QUOTE,
  HASH,
  LOWER_A,
  LOWER_X,
  MINUS,
  PERCENT,
  PLUS,
  SINGLE_QUOTE,
  SPACE,
  STAR,
} from './characters.ts';
import { printEscape, printEscaped } from './escapes.ts';
import { printError, putByte, putBytes, stdout } from './output.ts';
import { isDigit, stringLength, type StringList } from './strings.ts';

class Format {
  left: boolean;
  plus: boolean;
  blank: boolean;
  zeros: boolean;
  alternate: boolean;
  width: u32;
  hasPrecision: boolean;
  precision: u32;
  /** Arguments that are left. */
  arguments: StringList;
  /** How many have been used. */
  used: u32;
  status: i32;
  /** \c was met. */
  ended: boolean;
}

const LETTER_B = 0x62;
const LETTER_C = 0x63;
const LETTER_D = 0x64;
const LETTER_I = 0x69;
const LETTER_O = 0x6f;
const LETTER_S = 0x73;
const LETTER_U = 0x75;
const UPPER_X = 0x58;

export function printfCommand(argc: u32, argv: StringList): i32 {
  if (argc < 2) {
    printError('usage: printf FORMAT [ARGUMENT...]\n');
    return 2;
  }
  const format = zeroed<Inline<Format>>();
  format.arguments = argv.add(2);
  do {
    format.used = 0;
    printOnce(format, argv[1]!);
  } while (format.used > 0 && format.arguments[0] !== null && !format.ended);
  return format.status;
}

function printOnce(format: Format, text: Ptr<u8>): void {
  let i: u32 = 0;
  while (text[i] !== 0 && !format.ended) {
    if (text[i] === BACKSLASH) i += printEscape(text.add(i), false);
    else if (text[i] === PERCENT) i += convert(format, text.add(i));
    else {
      putByte(stdout, text[i]);
      i++;
    }
  }
}

/** The next argument, or null. */
function nextArgument(format: Format): Ptr<u8> | null {
  const argument = format.arguments[0];
  if (argument === null) return null;
  format.arguments = format.arguments.add(1);
  format.used++;
  return argument;
}

/** Prints one conversion. Returns the length of its specification. */
function convert(format: Format, text: Ptr<u8>): u32 {
  let i = readFlags(format, text);
  const letter = text[i];
  if (letter !== 0) i++;
  switch (letter) {
    case PERCENT:
      putByte(stdout, PERCENT);
      break;
    case LETTER_C: {
      const argument = nextArgument(format);
      if (argument !== null && argument[0] !== 0) putText(format, argument, 1);
      break;
    }
    case LETTER_S: {
      const argument = nextArgument(format);
      const value = argument === null ? bytes('') : argument;
      const length = stringLength(value);
      putText(format, value, format.hasPrecision && format.precision < length ? format.precision : length);
      break;
    }
    case LETTER_B: {
      const argument = nextArgument(format);
      if (argument !== null && !printEscaped(argument)) format.ended = true;
      break;
    }
    case LETTER_D:
    case LETTER_I:
    case LETTER_U:
    case LETTER_O:
    case LOWER_X:
    case UPPER_X:
      putInteger(format, letter, nextArgument(format));
      break;
    default:
      printError('printf: %c: unknown conversion\n', letter);
      format.status = 2;
      format.ended = true;
  }
  return i;
}

/** Flags, width and precision. Returns the index of the letter behind them. */
function readFlags(format: Format, text: Ptr<u8>): u32 {
  format.left = false;
  format.plus = false;
  format.blank = false;
  format.zeros = false;
  format.alternate = false;
  let i: u32 = 1;
  for (; ; i++) {
    if (text[i] === MINUS) format.left = true;
    else if (text[i] === PLUS) format.plus = true;
    else if (text[i] === SPACE) format.blank = true;
    else if (text[i] === DIGIT_0) format.zeros = true;
    else if (text[i] === HASH) format.alternate = true;
    else break;
  }
  i = readSize(format, text, i, false);
  format.hasPrecision = text[i] === DOT;
  return format.hasPrecision ? readSize(format, text, i + 1, true) : i;
}

/** A number, or `*` for the next argument. A negative width means left. */
function readSize(format: Format, text: Ptr<u8>, from: u32, isPrecision: boolean): u32 {
  let i = from;
  let size: i64 = 0n;
  if (text[i] === STAR) {
    size = parseInteger(format, nextArgument(format));
    i++;
  } else {
    for (; isDigit(text[i]); i++) size = size * 10n + i64(text[i] - DIGIT_0);
  }
  if (isPrecision) {
    format.precision = u32(size);
    return i;
  }
  if (size < 0n) format.left = true;
  format.width = u32(size < 0n ? 0n - size : size);
  return i;
}

function pad(byte: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) putByte(stdout, byte);
}

function putText(format: Format, text: Ptr<u8>, length: u32): void {
  const padding = format.width > length ? format.width - length : 0;
  if (!format.left) pad(SPACE, padding);
  putBytes(stdout, text, length);
  if (format.left) pad(SPACE, padding);
}

function putInteger(format: Format, letter: u8, argument: Ptr<u8> | null): void {
  const signed = letter === LETTER_D || letter === LETTER_I;
  const value = parseInteger(format, argument);
  const negative = signed && value < 0n;
  const base: u64 = letter === LETTER_O ? 8n : (letter | 0x20) === LOWER_X ? 16n : 10n;
  const letterA: u32 = letter === UPPER_X ? LOWER_A - 0x20 : LOWER_A;
  const digits = zeroed<FixedArray<u8, 24>>();
  let at: u32 = 24;
  let rest = negative ? 0n - u64(value) : u64(value);
  while (rest !== 0n || (at === 24 && !(format.hasPrecision && format.precision === 0))) {
    const digit = u32(rest % base);
    at--;
    digits[at] = u8(digit < 10 ? digit + DIGIT_0 : digit - 10 + letterA);
    rest = rest / base;
  }
  let count = 24 - at;
  const sign: u32 = negative ? MINUS : signed && format.plus ? PLUS : signed && format.blank ? SPACE : 0;
  const prefix: u32 = format.alternate && value !== 0n ? (base === 16n ? 2 : base === 8n ? 1 : 0) : 0;
  const taken = count + (sign !== 0 ? 1 : 0) + prefix;
  let zeros: u32 = format.hasPrecision && format.precision > count ? format.precision - count : 0;
  if (format.zeros && !format.left && !format.hasPrecision && format.width > taken) zeros = format.width - taken;
  count = taken + zeros;
  const padding = format.width > count ? format.width - count : 0;
  if (!format.left) pad(SPACE, padding);
  if (sign !== 0) putByte(stdout, sign);
  if (prefix > 0) putByte(stdout, DIGIT_0);
  if (prefix > 1) putByte(stdout, letter);
  pad(DIGIT_0, zeros);
  putBytes(stdout, addrOf(digits[at]), 24 - at);
  if (format.left) pad(SPACE, padding);
}

/** A number as C writes it, or a quote and a character. Complains if it is something else, and gives what it can. */
function parseInteger(format: Format, argument: Ptr<u8> | null): i64 {
  if (argument === null || argument[0] === 0) return 0n;
  if (argument[0] === SINGLE_QUOTE || argument[0] === DOUBLE_QUOTE) return i64(u32(argument[1]));
  let i: u32 = 0;
  while (argument[i] === SPACE) i++;
  const negative = argument[i] === MINUS;
  if (negative || argument[i] === PLUS) i++;
  let base: i64 = argument[i] === DIGIT_0 ? 8n : 10n;
  if (argument[i] === DIGIT_0 && (argument[i + 1] | 0x20) === LOWER_X) {
    base = 16n;
    i += 2;
  }
  const first = i;
  let value: i64 = 0n;
  for (; ; i++) {
    const byte = argument[i] | 0x20;
    const digit: i64 = isDigit(argument[i]) ? i64(argument[i] - DIGIT_0) : byte >= LOWER_A ? i64(byte) - 87n : 99n;
    if (digit >= base) break;
    value = value * base + digit;
  }
  if (argument[i] !== 0 || i === first) {
    printError('printf: %s: not a number\n', argument);
    format.status = 1;
  }
  return negative ? 0n - value : value;
}
