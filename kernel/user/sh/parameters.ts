/*
 * Values of parameters: variables, `$1` and so on, and the special ones; and cutting patterns off them.
 */

import { append, type Buffer, contents, freeBuffer } from '../lib/buffer.ts';
import { AT_SIGN, DOLLAR, EXCLAMATION, HASH, MINUS, QUESTION, STAR } from '../lib/characters.ts';
import { initOutput, type Output, printError, printTo } from '../lib/output.ts';
import { matches } from '../lib/pattern.ts';
import { isDigit, parseNumber, stringLength } from '../lib/strings.ts';
import { take, takeCopy } from './arena.ts';
import { optionLetters } from './options.ts';
import { abort, shell } from './state.ts';
import { findValue, nameLength } from './variables.ts';

/**
 * Length of the parameter's name that begins `text`: a variable's, a number (within braces of any length), or a special
 * character. 0: none.
 */
export function parameterLength(text: Ptr<u8>, length: u32, braced: boolean): u32 {
  if (length === 0) return 0;
  let count: u32 = 0;
  while (count < length && isDigit(text[count])) count++;
  if (count > 0) return braced ? count : 1;
  count = nameLength(text);
  if (count > 0) return count < length ? count : length;
  switch (text[0]) {
    case QUESTION:
    case DOLLAR:
    case EXCLAMATION:
    case HASH:
    case AT_SIGN:
    case STAR:
    case MINUS:
      return 1;
    default:
      return 0;
  }
}

/** `$@` and `$*`: all parameters. */
export function isAll(name: Ptr<u8>, length: u32): boolean {
  return length === 1 && (name[0] === AT_SIGN || name[0] === STAR);
}

/** The value of a parameter, perhaps in the arena; null if it is not set. */
export function parameterValue(name: Ptr<u8>, length: u32): Ptr<u8> | null {
  if (isDigit(name[0])) return positional(name, length);
  switch (name[0]) {
    case QUESTION:
      return numberText(shell.status);
    case DOLLAR:
      return numberText(shell.pid);
    case EXCLAMATION:
      return shell.lastBackground === 0 ? null : numberText(shell.lastBackground);
    case HASH:
      return numberText(i32(shell.parameters.count));
    case MINUS: {
      const letters = take(16);
      optionLetters(letters);
      return letters;
    }
    default:
      return findValue(name, length);
  }
}

function positional(name: Ptr<u8>, length: u32): Ptr<u8> | null {
  let index: u32 = 0;
  for (let i: u32 = 0; i < length && index < 100000; i++) index = index * 10 + (name[i] - 0x30);
  if (index === 0) return shell.name;
  return index <= shell.parameters.count ? shell.parameters.list[index - 1] : null;
}

/** A number in decimal, in the arena. */
export function numberText(value: i32): Ptr<u8> {
  const output = zeroed<Inline<Output>>();
  initOutput(output, -1);
  printTo(output, '%d', value);
  return takeCopy(output.buffer, output.used);
}

/** A number as text; if it is none, complains and gives `otherwise`. */
export function numberArgument(text: Ptr<u8>, otherwise: i32): i32 {
  const number = zeroed<FixedArray<i32, 1>>();
  if (parseNumber(text, number)) return number[0];
  printError('sh: %s: not a number\n', text);
  return otherwise;
}

/** Which part of a value a pattern is cut from, and how much of it. */
export enum Cut {
  ShortestPrefix,
  LongestPrefix,
  ShortestSuffix,
  LongestSuffix,
}

/** The value without what the pattern matches, in the arena. */
export function cut(value: Ptr<u8>, pattern: Ptr<u8>, kind: i32): Ptr<u8> {
  const length = stringLength(value);
  const grows = kind === Cut.ShortestPrefix || kind === Cut.ShortestSuffix;
  const atEnd = kind === Cut.ShortestSuffix || kind === Cut.LongestSuffix;
  for (let i: u32 = 0; i <= length; i++) {
    const size = grows ? i : length - i;
    const from = atEnd ? length - size : 0;
    if (!matches(pattern, value.add(from), size, false)) continue;
    return atEnd ? takeCopy(value, length - size) : takeCopy(value.add(size), length - size);
  }
  return value;
}

/** Says that an expansion failed, and drops the command. */
export function complainParameter(name: Ptr<u8>, length: u32, message: Ptr<u8>): void {
  const text = zeroed<Inline<Buffer>>();
  for (let i: u32 = 0; i < length; i++) append(text, name[i]);
  printError('sh: %s: %s\n', contents(text), message);
  freeBuffer(text);
  abort(2);
}
