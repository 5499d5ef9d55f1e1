/*
 * Arguments of programs: single-letter options, gathered as POSIX has it (`-la` is `-l -a`; `--` ends them).
 */

import { MINUS } from './characters.ts';
import { printError } from './output.ts';
import { contains, type StringList } from './strings.ts';

/** The outcome of reading options. */
export class Options {
  /** Bit n is set if the option that is letter n of the `known` ones was given. */
  given: u32;
  /** Index of the first argument that is no option. */
  operands: u32;
}

/**
 * Reads the options of `argv` (whose first entry is the program's name). `known` are the letters that the program
 * understands, 32 at most. Says what is wrong and returns false if there is another one.
 */
export function readOptions(argv: StringList, known: string, result: Options): boolean {
  const letters = bytes(known);
  result.given = 0;
  let i: u32 = 1;
  for (; argv[i] !== null; i++) {
    const argument = argv[i]!;
    if (argument[0] !== MINUS || argument[1] === 0) break;
    if (argument[1] === MINUS && argument[2] === 0) {
      i++;
      break;
    }
    for (let k: u32 = 1; argument[k] !== 0; k++) {
      if (!contains(letters, argument[k])) {
        printError('%s: invalid option -- %c\n', argv[0], argument[k]);
        return false;
      }
      result.given |= u32(1) << indexOfLetter(letters, argument[k]);
    }
  }
  result.operands = i;
  return true;
}

/** Was option number `index` (of the `known` ones) given? */
export function hasOption(options: Options, index: u32): boolean {
  return ((options.given >>> index) & 1) !== 0;
}

function indexOfLetter(letters: Ptr<u8>, letter: u8): u32 {
  let i: u32 = 0;
  while (letters[i] !== letter) i++;
  return i;
}
