/*
 * The line discipline's way out: from characters to what goes down the line (OPOST).
 *
 * Programs' output and the echo of what is typed both go through `putProcessed`, so that both move the same cursor:
 * erasing a tab needs to know where it began.
 *
 * Locking. (L), proved by the witness.
 */

import { ECHOCTL, IUTF8, OCRNL, OLCUC, ONLCR, ONLRET, ONOCR, OPOST, TABDLY, XTABS } from '../abi/termios.ts';
import { OUTPUT_SIZE, type Tty, type TtyLock } from './tty.ts';

const BACKSPACE: u8 = 0x08;
const TAB: u8 = 0x09;
const NEWLINE: u8 = 0x0a;
const RETURN: u8 = 0x0d;
const SPACE: u8 = 0x20;
const DELETE: u8 = 0x7f;
const CARET: u8 = 0x5e;

export function isControl(character: u8): boolean {
  return character < SPACE || character === DELETE;
}

/** Is this a byte of a UTF-8 character that is not its first? (Where the terminal is said to speak UTF-8.) */
export function isContinuation(tty: Tty, character: u8): boolean {
  return (tty.termios.c_iflag & IUTF8) !== 0 && (character & 0xc0) === 0x80;
}

/** Stores a byte as it is. The caller has looked at the room. */
function store(tty: Tty, character: u8): void {
  tty.output[tty.outputHead & (OUTPUT_SIZE - 1)] = character;
  tty.outputHead++;
}

/** Stores bytes as they are, as many as there is room for beyond `spare`. Returns how many. */
export function putRaw(tty: Tty, source: Ptr<u8>, count: u32, spare: u32, _held: Held<TtyLock>): u32 {
  const room = tty.outputRoom();
  const free = room > spare ? room - spare : 0;
  const moved = count < free ? count : free;
  for (let i: u32 = 0; i < moved; i++) store(tty, source[i]);
  return moved;
}

/** Puts one character out as c_oflag wants it. False: there is no room, beyond `spare`, for all that it turns into. */
export function putProcessed(tty: Tty, character: u8, spare: u32, held: Held<TtyLock>): boolean {
  const room = tty.outputRoom();
  if (room <= spare) return false;
  const flags = tty.termios.c_oflag;
  if ((flags & OPOST) === 0) {
    store(tty, character);
    return true;
  }
  if (character === NEWLINE) return putNewline(tty, flags, room - spare, held);
  if (character === TAB) return putTab(tty, flags, room - spare, held);
  if (character === RETURN) putReturn(tty, flags, held);
  else if (character === BACKSPACE) {
    if (tty.column > 0) tty.column--;
    store(tty, character);
  } else putOrdinary(tty, character, flags, held);
  return true;
}

function putNewline(tty: Tty, flags: u32, room: u32, _held: Held<TtyLock>): boolean {
  if ((flags & ONLRET) !== 0) tty.column = 0;
  if ((flags & ONLCR) !== 0) {
    if (room < 2) return false;
    tty.column = 0;
    store(tty, RETURN);
  }
  store(tty, NEWLINE);
  tty.lineColumn = tty.column;
  return true;
}

function putReturn(tty: Tty, flags: u32, _held: Held<TtyLock>): void {
  if ((flags & ONOCR) !== 0 && tty.column === 0) return;
  const asNewline = (flags & OCRNL) !== 0;
  if (!asNewline || (flags & ONLRET) !== 0) tty.column = 0;
  tty.lineColumn = tty.column;
  store(tty, asNewline ? NEWLINE : RETURN);
}

function putTab(tty: Tty, flags: u32, room: u32, _held: Held<TtyLock>): boolean {
  const spaces = 8 - (tty.column & 7);
  if ((flags & TABDLY) === XTABS) {
    if (room < spaces) return false;
    for (let i: u32 = 0; i < spaces; i++) store(tty, SPACE);
  } else store(tty, TAB);
  tty.column += spaces;
  return true;
}

function putOrdinary(tty: Tty, character: u8, flags: u32, _held: Held<TtyLock>): void {
  let shown = character;
  if (!isControl(character)) {
    if ((flags & OLCUC) !== 0 && character >= 0x61 && character <= 0x7a) shown = u8(character - 0x20);
    if (!isContinuation(tty, character)) tty.column++;
  }
  store(tty, shown);
}

// ---------------------------------------------------------------------------------------------------------------------
// Echo. What finds no room is not echoed: nobody may wait here.

/** Echoes a character as such. */
export function echoRaw(tty: Tty, character: u8, held: Held<TtyLock>): void {
  putProcessed(tty, character, 0, held);
}

/** Echoes what was typed: control characters, but tabs, as ^X if ECHOCTL says so. */
export function echo(tty: Tty, character: u8, held: Held<TtyLock>): void {
  if (!isControl(character) || character === TAB || (tty.termios.c_lflag & ECHOCTL) === 0) {
    putProcessed(tty, character, 0, held);
    return;
  }
  if (tty.outputRoom() < 2) return;
  store(tty, CARET);
  store(tty, u8(character ^ 0x40));
  tty.column += 2;
}

/** Takes one column back from the screen. */
export function echoErase(tty: Tty, held: Held<TtyLock>): void {
  putProcessed(tty, BACKSPACE, 0, held);
  putProcessed(tty, SPACE, 0, held);
  putProcessed(tty, BACKSPACE, 0, held);
}

/** Moves back `columns` columns over blank space. */
export function echoBack(tty: Tty, columns: u32, held: Held<TtyLock>): void {
  for (let i: u32 = 0; i < columns; i++) putProcessed(tty, BACKSPACE, 0, held);
}
