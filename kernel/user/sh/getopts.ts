/*
 * getopts OPTIONS NAME [ARGUMENT...]: takes options off the arguments (the shell's parameters by default), one letter a
 * call. A letter with a colon behind it takes an argument, which goes to OPTARG. With a colon in front of all, nothing is
 * said about errors: NAME is then `?` or `:`, and OPTARG the letter.
 */

import { COLON, MINUS, QUESTION } from '../lib/characters.ts';
import { printError } from '../lib/output.ts';
import { indexOf, parseNumber, stringLength, type StringList } from '../lib/strings.ts';
import { numberText } from './parameters.ts';
import { shell } from './state.ts';
import { assign, assignVariable, unsetVariable, valueOf } from './variables.ts';

class State {
  /** The argument that is being taken apart, and how far it is; `letter` 0: it has not begun. */
  index: u32;
  letter: u32;
}

const state = zeroed<Inline<State>>();

export function getOption(argc: u32, argv: StringList): i32 {
  if (argc < 3) {
    printError('usage: getopts OPTIONS NAME [ARGUMENT...]\n');
    return 2;
  }
  const own = argc > 3;
  const count = own ? argc - 3 : shell.parameters.count;
  const list = own ? argv.add(3) : shell.parameters.list;
  const index = optionIndex();
  if (index !== state.index) {
    state.index = index;
    state.letter = 0;
  }
  const found = next(argv[1]!, count, list);
  const name = argv[2]!;
  const value = zeroed<FixedArray<u8, 2>>();
  value[0] = found === 0 ? QUESTION : u8(found);
  assignVariable(name, stringLength(name), value, false);
  assign('OPTIND', numberText(i32(state.index)));
  return found === 0 ? 1 : 0;
}

function optionIndex(): u32 {
  const value = valueOf('OPTIND');
  const number = zeroed<FixedArray<i32, 1>>();
  return value !== null && parseNumber(value, number) && number[0] > 0 ? u32(number[0]) : 1;
}

/** The next option's letter, or `?` or `:` for an error; 0 at the end. */
function next(known: Ptr<u8>, count: u32, list: StringList): u32 {
  if (state.letter === 0) {
    if (state.index > count) return 0;
    const text = list[state.index - 1]!;
    if (text[0] !== MINUS || text[1] === 0) return 0;
    if (text[1] === MINUS && text[2] === 0) {
      state.index++;
      return 0;
    }
    state.letter = 1;
  }
  const argument = list[state.index - 1]!;
  const letter = argument[state.letter];
  state.letter++;
  const rest = argument.add(state.letter);
  const at = indexOf(known, letter);
  const isKnown = letter !== COLON && known[at] !== 0;
  const takesArgument = isKnown && known[at + 1] === COLON;
  if (rest[0] === 0 || takesArgument) {
    state.index++;
    state.letter = 0;
  }
  if (!isKnown) return report(known, letter, QUESTION);
  if (!takesArgument) {
    unsetVariable(bytes('OPTARG'));
    return letter;
  }
  if (rest[0] !== 0) assign('OPTARG', rest);
  else if (state.index <= count) {
    assign('OPTARG', list[state.index - 1]!);
    state.index++;
  } else return report(known, letter, known[0] === COLON ? COLON : QUESTION);
  return letter;
}

/** An option that is not known, or lacks its argument. */
function report(known: Ptr<u8>, letter: u8, result: u32): u32 {
  if (known[0] === COLON) {
    const text = zeroed<FixedArray<u8, 2>>();
    text[0] = letter;
    assign('OPTARG', text);
  } else {
    unsetVariable(bytes('OPTARG'));
    const isMissing = known[indexOf(known, letter)] !== 0;
    printError(isMissing ? 'No arg for -%c option\n' : 'Illegal option -%c\n', letter);
  }
  return result;
}
