/*
 * cut [-s] [-d CHARACTER] -f LIST [FILE...], cut -c LIST [FILE...]: fields of lines, or characters: numbers and ranges
 * (1,3-5,7-). The separator is a tab if none is given. Lines without one are copied whole, or with -s not at all.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { type Buffer, contents } from './lib/buffer.ts';
import { COMMA, NEWLINE, MINUS, TAB } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, open } from './lib/fileCalls.ts';
import { initInput, type Input, nextLine } from './lib/input.ts';
import { print, printError, putByte, stdout } from './lib/output.ts';
import { contains, isDigit, stringsEqual, type StringList } from './lib/strings.ts';

const LETTER_C = 0x63;
const LETTER_D = 0x64;
const LETTER_F = 0x66;

class Settings {
  separator: u8;
  list: Ptr<u8> | null;
  characters: boolean;
  /** Lines without a separator are left out. */
  strict: boolean;
}

const settings = zeroed<Inline<Settings>>();
const input = zeroed<Inline<Input>>();
const line = zeroed<Inline<Buffer>>();

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
  const first = readSettings(argv);
  if (settings.list === null || !isDigit(settings.list[settings.list[0] === MINUS ? 1 : 0])) {
    printError('usage: cut [-s] [-d CHARACTER] -f LIST [FILE...], or cut -c LIST [FILE...]\n');
    return 1;
  }
  if (first === argc) cutFile(0);
  let status: i32 = 0;
  for (let i = first; i < argc; i++) {
    const isInput = stringsEqual(argv[i]!, bytes('-'));
    const fd = isInput ? 0 : open(argv[i]!, O_RDONLY, 0);
    if (fd < 0) {
      status = complain('cut', argv[i]!, fd);
      continue;
    }
    cutFile(fd);
    if (!isInput) close(fd);
  }
  return status;
}

/** Reads the options, whose values may be words of their own. Returns the index of the first operand. */
function readSettings(argv: StringList): u32 {
  settings.separator = TAB;
  let i: u32 = 1;
  for (; argv[i] !== null; i++) {
    const word = argv[i]!;
    if (word[0] !== MINUS || word[1] === 0) break;
    if (stringsEqual(word, bytes('--'))) return i + 1;
    if (stringsEqual(word, bytes('-s'))) {
      settings.strict = true;
      continue;
    }
    let value = word.add(2);
    if (value[0] === 0 && argv[i + 1] !== null) {
      i++;
      value = argv[i]!;
    }
    if (word[1] === LETTER_D) settings.separator = value[0];
    else {
      settings.list = word[1] === LETTER_F || word[1] === LETTER_C ? value : bytes('');
      settings.characters = word[1] === LETTER_C;
    }
  }
  return i;
}

function cutFile(fd: i32): void {
  initInput(input, fd);
  while (nextLine(input, line)) {
    const text = contents(line);
    if (settings.characters) cutCharacters(text);
    else if (contains(text, settings.separator)) cutFields(text);
    else if (settings.strict) continue;
    else print('%s', text);
    putByte(stdout, NEWLINE);
  }
}

/** Is this number in the list? */
function isChosen(number: u32): boolean {
  const list = settings.list!;
  let i: u32 = 0;
  while (list[i] !== 0) {
    let low: u32 = 0;
    for (; isDigit(list[i]); i++) low = low * 10 + (list[i] - 0x30);
    let high = low;
    if (list[i] === MINUS) {
      i++;
      high = isDigit(list[i]) ? 0 : 0xffffffff;
      for (; isDigit(list[i]); i++) high = high * 10 + (list[i] - 0x30);
    }
    if (number >= low && number <= high) return true;
    if (list[i] !== COMMA) return false;
    i++;
  }
  return false;
}

function cutCharacters(text: Ptr<u8>): void {
  for (let i: u32 = 0; text[i] !== 0; i++) {
    if (isChosen(i + 1)) putByte(stdout, text[i]);
  }
}

function cutFields(text: Ptr<u8>): void {
  let field: u32 = 1;
  let printed = false;
  for (let i: u32 = 0; text[i] !== 0; field++) {
    const chosen = isChosen(field);
    if (chosen && printed) putByte(stdout, settings.separator);
    if (chosen) printed = true;
    for (; text[i] !== 0 && text[i] !== settings.separator; i++) {
      if (chosen) putByte(stdout, text[i]);
    }
    if (text[i] !== 0) i++;
  }
}
