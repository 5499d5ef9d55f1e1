/*
 * echo, as a program and as a builtin of the shell.
 *
 *   echo [-neE] [WORD...]   prints its arguments, separated by blanks, and a newline unless -n; with -e, backslashes stand
 *                           for characters (lib/escapes.ts), and \c ends the output
 */

import { MINUS, NEWLINE, SPACE } from './characters.ts';
import { printEscaped } from './escapes.ts';
import { putByte, putString, stdout } from './output.ts';
import { type StringList } from './strings.ts';

const LETTER_N = 0x6e;
const LETTER_LOWER_E = 0x65;
const LETTER_UPPER_E = 0x45;

class EchoOptions {
  bare: boolean;
  escapes: boolean;
}

export function echoCommand(argc: u32, argv: StringList): i32 {
  const options = zeroed<Inline<EchoOptions>>();
  let first: u32 = 1;
  while (first < argc && takeOptions(argv[first]!, options)) first++;
  for (let i = first; i < argc; i++) {
    if (i > first) putByte(stdout, SPACE);
    if (!options.escapes) putString(stdout, argv[i]!);
    else if (!printEscaped(argv[i]!)) return 0;
  }
  if (!options.bare) putByte(stdout, NEWLINE);
  return 0;
}

/** Takes a word over if it consists of options only. */
function takeOptions(text: Ptr<u8>, options: EchoOptions): boolean {
  if (text[0] !== MINUS || text[1] === 0) return false;
  for (let i: u32 = 1; text[i] !== 0; i++) {
    if (text[i] !== LETTER_N && text[i] !== LETTER_LOWER_E && text[i] !== LETTER_UPPER_E) return false;
  }
  for (let i: u32 = 1; text[i] !== 0; i++) {
    if (text[i] === LETTER_N) options.bare = true;
    else options.escapes = text[i] === LETTER_LOWER_E;
  }
  return true;
}
