/*
 * resize: asks the terminal for its size and tells the kernel, whose serial line knows nothing of windows.
 *
 * The cursor is sent to the far corner, where it cannot go further than the last row and column, and asked where it is; a
 * terminal answers `ESC [ ROW ; COLUMN R`. A line that is no terminal at all answers nothing: after two seconds resize
 * gives up.
 */

import { type Termios, type Winsize, VMIN, VTIME } from '../abi/termios.ts';
import { DIGIT_0 } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { read } from './lib/fileCalls.ts';
import { print, printError, writeAll } from './lib/output.ts';
import { isDigit, stringLength } from './lib/strings.ts';
import { getTermios, setRawModes, setTermios, setWindowSize } from './lib/terminal.ts';

/** Tenths of a second until the answer. */
const PATIENCE = 20;
/** The last byte of an answer. */
const LETTER_R = 0x52;
/** Save the cursor, scroll everywhere, go to the corner, report, go back. */
const QUESTION = '\x1b7\x1b[r\x1b[999;999H\x1b[6n\x1b8';

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

function main(): i32 {
  const before = zeroed<Inline<Termios>>();
  const error = getTermios(0, before);
  if (error < 0) return complain('resize', bytes('standard input'), error);
  const raw = zeroed<Inline<Termios>>();
  assign<Termios>(raw, before);
  setRawModes(raw);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = PATIENCE;
  setTermios(0, raw);
  const size = zeroed<Inline<Winsize>>();
  writeAll(0, bytes(QUESTION), stringLength(bytes(QUESTION)));
  const answered = readAnswer(size);
  setTermios(0, before);
  if (!answered) {
    printError('resize: the terminal does not tell its size; use stty rows N cols N\n');
    return 1;
  }
  setWindowSize(0, size);
  print('COLUMNS=%d;\nLINES=%d;\nexport COLUMNS LINES;\n', size.ws_col, size.ws_row);
  return 0;
}

/** Reads the numbers of an answer; says whether there were two. */
function readAnswer(size: Winsize): boolean {
  const byte = zeroed<FixedArray<u8, 1>>();
  const numbers = zeroed<FixedArray<u32, 2>>();
  let count: u32 = 0;
  let inNumber = false;
  while (read(0, byte, 1) === 1 && byte[0] !== LETTER_R) {
    const digit = isDigit(byte[0]);
    if (digit && !inNumber) count++;
    inNumber = digit;
    if (digit && count <= 2) numbers[count - 1] = numbers[count - 1] * 10 + (byte[0] - DIGIT_0);
  }
  size.ws_row = u16(numbers[0]);
  size.ws_col = u16(numbers[1]);
  return byte[0] === LETTER_R && count === 2 && size.ws_row !== 0 && size.ws_col !== 0;
}
