/*
 * cut -d CHARACTER -f LIST, cut -c LIST: fields of the lines of standard input, or characters: numbers and ranges
 * (1,3-5,7-). The separator is a tab if none is given. Lines without one are copied whole.
 */

import { COMMA, NEWLINE, MINUS, TAB } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { initInput, type Input, readLine } from './lib/input.ts';
import { printError, putByte, stdout } from './lib/output.ts';
import { contains, isDigit, type StringList } from './lib/strings.ts';

const LINE_SIZE: u32 = 4096;

class Settings {
  separator: u8;
  list: Ptr<u8> | null;
  characters: boolean;
}

const settings = zeroed<Inline<Settings>>();
const input = zeroed<Inline<Input>>();
const line = zeroed<FixedArray<u8, 4096>>();

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
  settings.separator = TAB;
  for (let i: u32 = 1; i < argc; i++) {
    const word = argv[i]!;
    const joined = word[0] === MINUS && word[1] !== 0 && word[2] !== 0;
    const value = joined ? word.add(2) : i + 1 < argc ? argv[i + 1]! : bytes('');
    if (!joined) i++;
    if (word[0] === MINUS && word[1] === 0x64) settings.separator = value[0];
    else if (word[0] === MINUS && (word[1] === 0x66 || word[1] === 0x63)) {
      settings.list = value;
      settings.characters = word[1] === 0x63;
    } else settings.list = bytes('');
  }
  if (settings.list === null || !isDigit(settings.list[settings.list[0] === MINUS ? 1 : 0])) {
    printError('usage: cut -f LIST [-d CHARACTER], or cut -c LIST\n');
    return 1;
  }
  initInput(input, 0);
  while (readLine(input, line, LINE_SIZE) >= 0) {
    if (settings.characters) cutCharacters();
    else cutFields();
    putByte(stdout, NEWLINE);
  }
  return 0;
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

function cutCharacters(): void {
  for (let i: u32 = 0; line[i] !== 0; i++) {
    if (isChosen(i + 1)) putByte(stdout, line[i]);
  }
}

function cutFields(): void {
  const whole = !contains(line, settings.separator);
  let field: u32 = 1;
  let printed = false;
  for (let i: u32 = 0; line[i] !== 0; field++) {
    const chosen = whole || isChosen(field);
    if (chosen && printed) putByte(stdout, settings.separator);
    if (chosen) printed = true;
    for (; line[i] !== 0 && (whole || line[i] !== settings.separator); i++) {
      if (chosen) putByte(stdout, line[i]);
    }
    if (line[i] !== 0) i++;
  }
}
