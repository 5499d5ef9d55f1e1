/*
 * stty: shows or changes the terminal on standard input.
 *
 * stty: the flags; stty -a: the size and the control characters, too; stty size: rows and columns. Otherwise each word
 * changes something: `raw`, `cooked` (or `-raw`), `sane`, `rows N`, `cols N` (or `columns N`), or a flag (`echo`) that is set, or
 * cleared with a minus before it (`-echo`). Nothing is changed if one of the words makes no sense.
 */

import {
  BRKINT,
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  ECHONL,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNBRK,
  IGNCR,
  IMAXBEL,
  INLCR,
  ISIG,
  ISTRIP,
  IUTF8,
  IXANY,
  IXOFF,
  IXON,
  NOFLSH,
  OCRNL,
  ONLCR,
  OPOST,
  TOSTOP,
  VEOF,
  VERASE,
  VINTR,
  VKILL,
  VQUIT,
  VSTART,
  VSTOP,
  VSUSP,
  VWERASE,
  type Termios,
  type Winsize,
} from '../abi/termios.ts';
import { MINUS } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { print, printError } from './lib/output.ts';
import { parseNumber, stringsEqual, type StringList } from './lib/strings.ts';
import { getTermios, getWindowSize, setCookedModes, setRawModes, setTermios, setWindowSize } from './lib/terminal.ts';

/** The flags, those of c_iflag first, then those of c_oflag, then those of c_lflag. */
const FLAGS: u32 = 25;
const FIRST_OUTPUT: u32 = 11;
const FIRST_LOCAL: u32 = 14;

const flagNames = table<string, 25>(
  'ignbrk',
  'brkint',
  'istrip',
  'inlcr',
  'igncr',
  'icrnl',
  'ixon',
  'ixoff',
  'ixany',
  'imaxbel',
  'iutf8',
  'opost',
  'onlcr',
  'ocrnl',
  'isig',
  'icanon',
  'iexten',
  'echo',
  'echoe',
  'echok',
  'echonl',
  'noflsh',
  'tostop',
  'echoctl',
  'echoke',
);

const flagBits = table<u32, 25>(
  IGNBRK,
  BRKINT,
  ISTRIP,
  INLCR,
  IGNCR,
  ICRNL,
  IXON,
  IXOFF,
  IXANY,
  IMAXBEL,
  IUTF8,
  OPOST,
  ONLCR,
  OCRNL,
  ISIG,
  ICANON,
  IEXTEN,
  ECHO,
  ECHOE,
  ECHOK,
  ECHONL,
  NOFLSH,
  TOSTOP,
  ECHOCTL,
  ECHOKE,
);

/** Control characters that -a shows. */
const CHARACTERS: u32 = 9;
const characterNames = table<string, 9>('intr', 'quit', 'erase', 'kill', 'eof', 'start', 'stop', 'susp', 'werase');
const characterPlaces = table<u32, 9>(VINTR, VQUIT, VERASE, VKILL, VEOF, VSTART, VSTOP, VSUSP, VWERASE);

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(argc: u32, argv: StringList): i32 {
  const termios = zeroed<Inline<Termios>>();
  const size = zeroed<Inline<Winsize>>();
  const error = getTermios(0, termios);
  if (error < 0) return complain('stty', bytes('standard input'), error);
  getWindowSize(0, size);
  if (argc === 1) return show(termios, size, false);
  if (argc === 2 && stringsEqual(argv[1]!, bytes('-a'))) return show(termios, size, true);
  if (argc === 2 && stringsEqual(argv[1]!, bytes('size'))) {
    print('%d %d\n', size.ws_row, size.ws_col);
    return 0;
  }
  for (let i: u32 = 1; i < argc;) {
    const used = change(termios, size, argv[i]!, i + 1 < argc ? argv[i + 1]! : bytes(''));
    if (used === 0) {
      printError('stty: invalid argument: %s\n', argv[i]);
      return 1;
    }
    i += used;
  }
  const refused = setTermios(0, termios);
  if (refused < 0) return complain('stty', bytes('standard input'), refused);
  setWindowSize(0, size);
  return 0;
}

/** Makes the change that `word` asks for. Returns how many words that took; 0: it makes no sense. */
function change(termios: Termios, size: Winsize, word: Ptr<u8>, next: Ptr<u8>): u32 {
  const isRows = stringsEqual(word, bytes('rows'));
  if (isRows || stringsEqual(word, bytes('cols')) || stringsEqual(word, bytes('columns'))) {
    const number = zeroed<FixedArray<i32, 1>>();
    if (!parseNumber(next, number) || number[0] < 0 || number[0] > 0xffff) return 0;
    if (isRows) size.ws_row = u16(number[0]);
    else size.ws_col = u16(number[0]);
    return 2;
  }
  if (stringsEqual(word, bytes('raw'))) setRawModes(termios);
  else if (stringsEqual(word, bytes('cooked')) || stringsEqual(word, bytes('-raw'))) setCookedModes(termios);
  else if (stringsEqual(word, bytes('sane'))) makeSane(termios);
  else return changeFlag(termios, word) ? 1 : 0;
  return 1;
}

function changeFlag(termios: Termios, word: Ptr<u8>): boolean {
  const off = word[0] === MINUS;
  const name = off ? word.add(1) : word;
  for (let i: u32 = 0; i < FLAGS; i++) {
    if (!stringsEqual(name, bytes(flagNames[i]))) continue;
    const place = flagWord(termios, i);
    place[0] = off ? place[0] & ~flagBits[i] : place[0] | flagBits[i];
    return true;
  }
  return false;
}

/** The word of the record in which flag `i` lies. */
function flagWord(termios: Termios, i: u32): Ptr<u32> {
  if (i < FIRST_OUTPUT) return addrOf(termios.c_iflag);
  return i < FIRST_LOCAL ? addrOf(termios.c_oflag) : addrOf(termios.c_lflag);
}

/** What a shell and its user need, whatever a program has left behind. */
function makeSane(termios: Termios): void {
  termios.c_iflag = (termios.c_iflag & IUTF8) | BRKINT | ICRNL | IXON | IMAXBEL;
  termios.c_oflag = OPOST | ONLCR;
  termios.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
  setCookedModes(termios);
}

function show(termios: Termios, size: Winsize, all: boolean): i32 {
  if (all) {
    print('rows %d; columns %d;\n', size.ws_row, size.ws_col);
    for (let i: u32 = 0; i < CHARACTERS; i++) {
      print(i === 0 ? '%s = ' : ' %s = ', characterNames[i]);
      showCharacter(termios.c_cc[characterPlaces[i]]);
    }
    print('\n');
  }
  for (let i: u32 = 0; i < FLAGS; i++) {
    const isOn = (flagWord(termios, i)[0] & flagBits[i]) !== 0;
    print(isOn ? '%s' : '-%s', flagNames[i]);
    print(i + 1 === FIRST_OUTPUT || i + 1 === FIRST_LOCAL || i + 1 === FLAGS ? '\n' : ' ');
  }
  return 0;
}

/** A control character as ^C, 0 as <undef>. */
function showCharacter(byte: u8): void {
  if (byte === 0) print('<undef>;');
  else if (byte < 32) print('^%c;', byte + 64);
  else if (byte === 127) print('^?;');
  else print('%c;', byte);
}
