/*
 * Buffered output, and formatted text on top of it.
 *
 * An `Output` collects bytes for a descriptor and writes them when it is full, when asked, and at exit (crt.ts). What a
 * terminal or a pipe sees is therefore whole lines of a program, not its fragments. Errors stick: the first one is kept
 * in `error`, and what comes after is dropped, so that a program may print at will and look once, at its end.
 *
 * Formats: %d %u %x %o %c %s %p and %%, with the flags `-` (left) and `0` and a width, which may be `*`. An argument is
 * one machine word; 64-bit numbers are printed with `%lu` and take two (low, high).
 */

import { EINTR } from '../../abi/errno.ts';
import { DIGIT_0, LOWER_A, MINUS, PERCENT, SPACE, STAR } from './characters.ts';
import { write } from './fileCalls.ts';
import { isDigit, stringLength } from './strings.ts';

const CAPACITY: u32 = 1024;

// The letters of conversions.
const LETTER_C = 0x63;
const LETTER_D = 0x64;
const LETTER_L = 0x6c;
const LETTER_O = 0x6f;
const LETTER_P = 0x70;
const LETTER_S = 0x73;
const LETTER_U = 0x75;
const LETTER_X = 0x78;

export class Output {
  fd: i32;
  used: u32;
  /** 0, or the error of the first write that failed, negated. */
  error: i32;
  buffer: FixedArray<u8, 1024>;
}

/** Standard output. Its descriptor is set by crt.ts, as is that of `stderr`. */
export const stdout = zeroed<Inline<Output>>();
/** Standard error. `printError` flushes it. */
export const stderr = zeroed<Inline<Output>>();

/** Makes `output` an empty one for descriptor `fd`. */
export function initOutput(output: Output, fd: i32): void {
  output.fd = fd;
  output.used = 0;
  output.error = 0;
}

/** Writes all of `count` bytes, however many calls that takes. Returns 0 or an error, negated. */
export function writeAll(fd: i32, source: Ptr<u8>, count: u32): i32 {
  let done: u32 = 0;
  while (done < count) {
    const wrote = write(fd, source.add(done), count - done);
    if (wrote === -EINTR) continue;
    if (wrote < 0) return wrote;
    done += u32(wrote);
  }
  return 0;
}

/** Writes what has been collected. Returns the output's error: 0, or the first one, negated. */
export function flush(output: Output): i32 {
  if (output.used !== 0 && output.error === 0) output.error = writeAll(output.fd, output.buffer, output.used);
  output.used = 0;
  return output.error;
}

export function putByte(output: Output, byte: u32): void {
  if (output.used === CAPACITY) flush(output);
  output.buffer[output.used] = u8(byte);
  output.used++;
}

export function putBytes(output: Output, source: Ptr<u8>, count: u32): void {
  for (let i: u32 = 0; i < count; i++) putByte(output, source[i]);
}

export function putString(output: Output, text: Ptr<u8>): void {
  putBytes(output, text, stringLength(text));
}

/** Prints to standard output. */
export function print(format: string, ...args: Word[]): void {
  formatTo(stdout, bytes(format), ptr<u32>(addrOf(args[0])));
}

/** Prints to standard error, at once. What standard output has collected goes first. */
export function printError(format: string, ...args: Word[]): void {
  flush(stdout);
  formatTo(stderr, bytes(format), ptr<u32>(addrOf(args[0])));
  flush(stderr);
}

/** Prints to any output. */
export function printTo(output: Output, format: string, ...args: Word[]): void {
  formatTo(output, bytes(format), ptr<u32>(addrOf(args[0])));
}

/** How a conversion is laid out. */
class Field {
  left: boolean;
  zeros: boolean;
  wide: boolean;
  width: u32;
}

/** Carries out `format`. `args` are the words that its conversions consume. */
export function formatTo(output: Output, format: Ptr<u8>, args: Ptr<u32>): void {
  const field = zeroed<Inline<Field>>();
  let next: u32 = 0;
  let i: u32 = 0;
  while (format[i] !== 0) {
    if (format[i] !== PERCENT) {
      putByte(output, format[i]);
      i++;
      continue;
    }
    i++;
    field.left = format[i] === MINUS;
    if (field.left) i++;
    field.zeros = format[i] === DIGIT_0;
    if (field.zeros) i++;
    field.width = 0;
    if (format[i] === STAR) {
      field.width = args[next];
      next++;
      i++;
    }
    for (; isDigit(format[i]); i++) field.width = field.width * 10 + (format[i] - DIGIT_0);
    field.wide = format[i] === LETTER_L;
    if (field.wide) i++;
    const conversion = format[i];
    if (conversion === 0) return;
    i++;
    next += convert(output, field, conversion, args.add(next));
  }
}

/** Prints one conversion. Returns how many words it took. */
function convert(output: Output, field: Field, conversion: u8, args: Ptr<u32>): u32 {
  if (conversion === PERCENT) {
    putByte(output, conversion);
    return 0;
  }
  const word = args[0];
  switch (conversion) {
    case LETTER_D:
      if (i32(word) < 0) putNumber(output, field, u64(0 - word), 10n, true);
      else putNumber(output, field, u64(word), 10n, false);
      break;
    case LETTER_U:
      if (field.wide) {
        putNumber(output, field, (u64(args[1]) << 32n) | u64(word), 10n, false);
        return 2;
      }
      putNumber(output, field, u64(word), 10n, false);
      break;
    case LETTER_X:
      putNumber(output, field, u64(word), 16n, false);
      break;
    case LETTER_O:
      putNumber(output, field, u64(word), 8n, false);
      break;
    case LETTER_P:
      putString(output, bytes('0x'));
      field.zeros = true;
      field.width = 8;
      putNumber(output, field, u64(word), 16n, false);
      break;
    case LETTER_C:
      putByte(output, word & 0xff);
      break;
    case LETTER_S:
      putField(output, field, ptr<u8>(word), stringLength(ptr<u8>(word)), false);
      break;
    default:
      putByte(output, PERCENT);
      putByte(output, conversion);
      return 0;
  }
  return 1;
}

function putNumber(output: Output, field: Field, value: u64, base: u64, negative: boolean): void {
  const digits = uninitialized<FixedArray<u8, 24>>();
  let at: u32 = 24;
  let rest: u64 = value;
  do {
    const digit = u32(rest % base);
    at--;
    digits[at] = u8(digit < 10 ? digit + DIGIT_0 : digit - 10 + LOWER_A);
    rest = rest / base;
  } while (rest !== 0n);
  putField(output, field, addrOf(digits[at]), 24 - at, negative);
}

/** Pads `text` to the field's width. A minus sign stands before zeros, but after blanks. */
function putField(output: Output, field: Field, text: Ptr<u8>, length: u32, negative: boolean): void {
  const taken = negative ? length + 1 : length;
  const padding = field.width > taken ? field.width - taken : 0;
  const zeros = field.zeros && !field.left;
  if (!field.left && !zeros) putMany(output, SPACE, padding);
  if (negative) putByte(output, MINUS);
  if (zeros) putMany(output, DIGIT_0, padding);
  putBytes(output, text, length);
  if (field.left) putMany(output, SPACE, padding);
}

function putMany(output: Output, byte: u8, count: u32): void {
  for (let i: u32 = 0; i < count; i++) putByte(output, byte);
}
