/*
 * printf's little brother.
 *
 *   %d %u        i32, u32 in decimal          %c  a character
 *   %x %o        u32 in base 16, 8            %s  a string: NUL-terminated bytes, null is "(null)"
 *   %p           an address, 8 digits         %%  a percent sign
 *   %ld %lu %lx  64 bits: takes two arguments, the low half and the high half (`lo(x), hi(x)`)
 *
 * Between the percent sign and the letter: `-` (left aligned), `0` (padded with zeroes), a width, `.N` (%s: at most N
 * bytes). Arguments are 32-bit words, as rest parameters deliver them; their number is checked against the format at
 * run time, and a missing one prints as `?`.
 */

import { strnlen } from './string.ts';

const MINUS = 0x2d;
const ZERO = 0x30;
const PERCENT = 0x25;
const QUESTION_MARK = 0x3f;

/** The low and high half of a 64-bit number, for %lu and %lx. */
export function lo(value: u64): u32 {
  return u32(value);
}

export function hi(value: u64): u32 {
  return u32(value >> 32n);
}

/** Where the text goes, and what is left of the arguments. */
class Formatter {
  target: Ptr<u8>;
  size: u32;
  length: u32; // that the text has, or would have if it fitted
  args: Ptr<u32>;
  argCount: u32;
  // The directive that is being worked on.
  leftAligned: boolean;
  zeroPadded: boolean;
  width: u32;
  precision: u32;

  put(character: u8): void {
    if (this.length + 1 < this.size) this.target[this.length] = character;
    this.length++;
  }

  /** The next argument; the formatter remembers that one was missing by returning 0 and printing a question mark. */
  next(): u32 {
    if (this.argCount === 0) {
      this.put(QUESTION_MARK);
      return 0;
    }
    const value = this.args[0];
    this.args = this.args.add(1);
    this.argCount--;
    return value;
  }

  next64(): u64 {
    const low = u64(this.next());
    return low | (u64(this.next()) << 32n);
  }

  /** Text of known length, padded to the width. */
  putPadded(text: Ptr<u8>, length: u32, padding: u8): void {
    const pad = length < this.width ? this.width - length : 0;
    if (!this.leftAligned) for (let i: u32 = 0; i < pad; i++) this.put(padding);
    for (let i: u32 = 0; i < length; i++) this.put(text[i]);
    if (this.leftAligned) for (let i: u32 = 0; i < pad; i++) this.put(0x20);
  }

  /** A number, its digits made from the last to the first. */
  putNumber(value: u64, base: u32, negative: boolean): void {
    const digits = uninitialized<FixedArray<u8, 24>>();
    let at: u32 = 24;
    let rest = value;
    while (rest > 0xffffffffn) {
      at--;
      digits[at] = digitOf(u32(rest % u64(base)));
      rest = rest / u64(base);
    }
    let small = u32(rest);
    do {
      at--;
      digits[at] = digitOf(small % base);
      small = small / base;
    } while (small !== 0);
    const zeroes = this.zeroPadded && !this.leftAligned;
    if (negative && zeroes) {
      this.put(MINUS);
      if (this.width > 0) this.width--;
    } else if (negative) {
      at--;
      digits[at] = MINUS;
    }
    this.putPadded(addrOf(digits[at]), 24 - at, zeroes ? ZERO : 0x20);
  }

  putSigned(value: i64): void {
    if (value < 0n) this.putNumber(u64(-value), 10, true);
    else this.putNumber(u64(value), 10, false);
  }

  putString(address: u32): void {
    const text = address === 0 ? bytes('(null)') : ptr<u8>(address);
    this.putPadded(text, strnlen(text, this.precision), 0x20);
  }

  /** Reads flags, width and precision at `format`; returns where the letter stands. */
  parse(format: Ptr<u8>): Ptr<u8> {
    let at = format;
    this.leftAligned = false;
    this.zeroPadded = false;
    this.width = 0;
    this.precision = 0xffffffff;
    for (; ; at = at.add(1)) {
      if (at[0] === MINUS) this.leftAligned = true;
      else if (at[0] === ZERO) this.zeroPadded = true;
      else break;
    }
    for (; isDigit(at[0]); at = at.add(1)) this.width = this.width * 10 + (at[0] - ZERO);
    if (at[0] !== 0x2e) return at; // '.'
    this.precision = 0;
    for (at = at.add(1); isDigit(at[0]); at = at.add(1)) this.precision = this.precision * 10 + (at[0] - ZERO);
    return at;
  }

  /** One directive whose letter stands at `format`; returns what follows it. */
  directive(format: Ptr<u8>): Ptr<u8> {
    let at = format;
    const wide = at[0] === 0x6c; // 'l'
    if (wide) at = at.add(1);
    switch (at[0]) {
      case 0x64: // 'd'
        this.putSigned(wide ? i64(this.next64()) : i64(i32(this.next())));
        break;
      case 0x75: // 'u'
        this.putNumber(wide ? this.next64() : u64(this.next()), 10, false);
        break;
      case 0x78: // 'x'
        this.putNumber(wide ? this.next64() : u64(this.next()), 16, false);
        break;
      case 0x6f: // 'o'
        this.putNumber(u64(this.next()), 8, false);
        break;
      case 0x70: // 'p'
        this.zeroPadded = true;
        this.width = 8;
        this.putNumber(u64(this.next()), 16, false);
        break;
      case 0x73: // 's'
        this.putString(this.next());
        break;
      case 0x63: // 'c'
        this.put(u8(this.next()));
        break;
      case PERCENT:
        this.put(PERCENT);
        break;
      case 0: // the format ends in the middle of a directive
        return at;
      default: // an unknown letter shows itself
        this.put(PERCENT);
        this.put(at[0]);
    }
    return at.add(1);
  }
}

function isDigit(character: u8): boolean {
  return character >= ZERO && character <= 0x39;
}

function digitOf(value: u32): u8 {
  return u8(value < 10 ? ZERO + value : 0x61 - 10 + value);
}

/**
 * Writes the formatted text to `target`: at most `size` bytes with the NUL that always ends it (unless size is 0).
 * Returns the length of the whole text without the NUL; `size` or more says that it is cut short.
 */
export function formatWords(target: Ptr<u8>, size: u32, format: Ptr<u8>, args: Ptr<u32>, argCount: u32): u32 {
  const formatter = zeroed<Inline<Formatter>>();
  formatter.target = target;
  formatter.size = size;
  formatter.args = args;
  formatter.argCount = argCount;
  let at = format;
  while (at[0] !== 0) {
    if (at[0] === PERCENT) {
      at = formatter.directive(formatter.parse(at.add(1)));
    } else {
      formatter.put(at[0]);
      at = at.add(1);
    }
  }
  if (size > 0) target[formatter.length < size ? formatter.length : size - 1] = 0;
  return formatter.length;
}

/** `snprintf`. */
export function formatText(target: Ptr<u8>, size: u32, format: string, ...args: Word[]): u32 {
  return formatWords(target, size, bytes(format), ptr<u32>(addrOf(args[0])), args.length);
}
