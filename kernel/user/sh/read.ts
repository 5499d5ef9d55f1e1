/*
 * read [-r] [-p PROMPT] NAME...: a line of input, a field for each name, the rest for the last. Status 1 at the end of
 * input. Without -r, a backslash quotes the next character, and joins lines.
 */

import { EINTR } from '../../abi/errno.ts';
import { append, type Buffer, contents, freeBuffer } from '../lib/buffer.ts';
import { BACKSLASH, MINUS, NEWLINE } from '../lib/characters.ts';
import { read } from '../lib/fileCalls.ts';
import { printError } from '../lib/output.ts';
import { contains, stringLength, type StringList } from '../lib/strings.ts';
import { takeCopy } from './arena.ts';
import { isBlankOrNewline, separators } from './field.ts';
import { shell } from './state.ts';
import { runTraps } from './traps.ts';
import { assignVariable, nameLength } from './variables.ts';

class Line {
  text: Inline<Buffer>;
  /** A byte for each byte of the text: 1 if a backslash quoted it. */
  quoted: Inline<Buffer>;
  at: u32;
  separators: Ptr<u8>;
}

const LETTER_P = 0x70;
const LETTER_R = 0x72;

export function readVariables(argc: u32, argv: StringList): i32 {
  let raw = false;
  let first: u32 = 1;
  for (; first < argc && argv[first]![0] === MINUS && argv[first]![1] !== 0; first++) {
    const letter = argv[first]![1];
    if (letter === LETTER_R) raw = true;
    else if (letter === LETTER_P && first + 1 < argc) {
      first++;
      printError('%s', argv[first]);
    } else if (letter !== MINUS) return complain('unknown option', argv[first]!);
  }
  if (first === argc) return complain('no name', bytes(''));
  for (let i = first; i < argc; i++) {
    const name = argv[i]!;
    if (nameLength(name) !== stringLength(name) || name[0] === 0) return complain('not a name', name);
  }
  const line = zeroed<Inline<Line>>();
  line.separators = separators();
  const status = readLine(line, raw) ? 0 : 1;
  for (let i = first; i < argc; i++) {
    const value = i + 1 === argc ? takeRest(line) : takeField(line);
    assignVariable(argv[i]!, stringLength(argv[i]!), value, false);
  }
  freeBuffer(line.text);
  freeBuffer(line.quoted);
  return status;
}

function complain(what: string, text: Ptr<u8>): i32 {
  printError('sh: read: %s %s\n', what, text);
  return 2;
}

/** One byte at a time: what follows the line belongs to whoever reads next. Returns false at the end of input. */
function readLine(line: Line, raw: boolean): boolean {
  const place = zeroed<FixedArray<u8, 1>>();
  let escaped = false;
  while (true) {
    const got = read(0, place, 1);
    if (got === -EINTR && !shell.interrupted) {
      runTraps();
      continue;
    }
    if (got <= 0) return false;
    const byte = place[0];
    if (escaped) {
      escaped = false;
      if (byte !== NEWLINE) add(line, byte, 1);
    } else if (byte === NEWLINE) return true;
    else if (byte === BACKSLASH && !raw) escaped = true;
    else if (byte !== 0) add(line, byte, 0);
  }
}

function add(line: Line, byte: u32, quoted: u32): void {
  append(line.text, byte);
  append(line.quoted, quoted);
}

function isSeparator(line: Line, at: u32): boolean {
  return line.quoted.data![at] === 0 && contains(line.separators, line.text.data![at]);
}

function isBlankSeparator(line: Line, at: u32): boolean {
  return isSeparator(line, at) && isBlankOrNewline(line.text.data![at]);
}

function skipBlankSeparators(line: Line): void {
  while (line.at < line.text.length && isBlankSeparator(line, line.at)) line.at++;
}

/** The next field, up to a separator: blanks, or another one with blanks around it. */
function takeField(line: Line): Ptr<u8> {
  skipBlankSeparators(line);
  const from = line.at;
  while (line.at < line.text.length && !isSeparator(line, line.at)) line.at++;
  const end = line.at;
  const value = part(line, from, end);
  if (end < line.text.length) stepOver(line);
  return value;
}

/** Steps over one separator, with the blanks around it. */
function stepOver(line: Line): void {
  skipBlankSeparators(line);
  if (line.at < line.text.length && isSeparator(line, line.at)) line.at++;
  skipBlankSeparators(line);
}

/** All that is left, but for blanks at its end. One separator at the end of a single field goes as well. */
function takeRest(line: Line): Ptr<u8> {
  skipBlankSeparators(line);
  const from = line.at;
  while (line.at < line.text.length && !isSeparator(line, line.at)) line.at++;
  const end = line.at;
  if (end < line.text.length) stepOver(line);
  if (line.at === line.text.length) return part(line, from, end);
  let last = line.text.length;
  while (last > from && isBlankSeparator(line, last - 1)) last--;
  return part(line, from, last);
}

/** Bytes of the line as a string, in the arena. */
function part(line: Line, from: u32, end: u32): Ptr<u8> {
  return takeCopy(contents(line.text).add(from), end - from);
}
