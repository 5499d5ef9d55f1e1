/*
 * The line discipline's way in: what happens to a character that comes from the line.
 *
 * In canonical mode a line is collected, can be edited, and is handed to readers as a whole; in raw mode each byte is.
 * Between the two lie many switches (abi/termios.ts), which are looked at in the order that Linux's n_tty has, for the
 * order shows: ^C is a signal before it is an erase character, a carriage return is translated before it can end a line.
 *
 * `receive` is called by drivers in interrupts. It must not wait for anything: what does not fit in the input ring stays
 * with the driver (`mayReceive`), what does not fit in the output ring is not echoed, and signals are sent after the
 * lock is released (`deliverRaised`).
 *
 * Locking. (L) unless it says otherwise.
 */

import { SIGINT, SIGQUIT, SIGTSTP } from '../abi/signal.ts';
import {
  BRKINT,
  DISABLED_CHAR,
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
  IGNPAR,
  INLCR,
  INPCK,
  ISIG,
  ISTRIP,
  IUCLC,
  IXANY,
  IXON,
  NOFLSH,
  PARMRK,
  VEOF,
  VEOL,
  VEOL2,
  VERASE,
  VINTR,
  VKILL,
  VLNEXT,
  VQUIT,
  VREPRINT,
  VSTART,
  VSTOP,
  VSUSP,
  VWERASE,
} from '../abi/termios.ts';
import { sendSignalToGroup } from '../proc/signalSend.ts';
import { LINE_SIZE, INPUT_SIZE, type Tty, type TtyLock } from './tty.ts';
import { echo, echoBack, echoErase, echoRaw, isContinuation, isControl } from './ttyOutput.ts';

const TAB: u8 = 0x09;
const NEWLINE: u8 = 0x0a;
const RETURN: u8 = 0x0d;
const BACKSPACE: u8 = 0x08;
const CARET: u8 = 0x5e;
const UNDERSCORE: u8 = 0x5f;
/** Marks a bad byte under PARMRK, and is doubled where it is a byte of its own. */
const MARK: u8 = 0xff;
/** A byte turns into at most this many. */
const MAX_EXPANSION: u32 = 3;
/** Free bytes at which a throttled line is let go again. */
const UNTHROTTLE_ROOM: u32 = INPUT_SIZE / 2;

/** Signals that typing can raise, as bits in Tty.raised. */
function raise(tty: Tty, signal: i32): void {
  tty.raised |= 1 << u32(signal);
}

/** Is `character` the control character number `index`, and that switched on? */
function isKey(tty: Tty, character: u8, index: u32): boolean {
  return character === tty.termios.c_cc[index] && character !== DISABLED_CHAR;
}

/** The modes have changed: is there anything to look at in what comes in? */
export function updateTransparency(tty: Tty, _held: Held<TtyLock>): void {
  const inputFlags = IGNBRK | BRKINT | PARMRK | INPCK | ISTRIP | INLCR | IGNCR | ICRNL | IUCLC | IXON;
  const localFlags = ISIG | ICANON | ECHO;
  tty.isTransparent = (tty.termios.c_iflag & inputFlags) === 0 && (tty.termios.c_lflag & localFlags) === 0;
}

/** Can the terminal take another byte? If not, the driver leaves it where it is, and is told when to go on. */
export function mayReceive(tty: Tty, held: Held<TtyLock>): boolean {
  if (tty.inputRoom() > MAX_EXPANSION) return true;
  if (!tty.isThrottled) {
    tty.isThrottled = true;
    const throttle = tty.driver.throttle;
    throttle(tty, true, held);
  }
  return false;
}

/** Readers have taken something: lets the line go on if it was held back. */
export function unthrottle(tty: Tty, held: Held<TtyLock>): void {
  if (!tty.isThrottled || tty.inputRoom() < UNTHROTTLE_ROOM) return;
  tty.isThrottled = false;
  const throttle = tty.driver.throttle;
  throttle(tty, false, held);
}

/** Takes one byte from the line; `mayReceive` was true. */
export function receive(tty: Tty, byte: u8, held: Held<TtyLock>): void {
  if (tty.isTransparent) {
    store(tty, byte);
    return;
  }
  let character = byte;
  const flags = tty.termios.c_iflag;
  if ((flags & ISTRIP) !== 0) character &= 0x7f;
  if ((flags & IUCLC) !== 0 && (tty.termios.c_lflag & IEXTEN) !== 0 && character >= 0x41 && character <= 0x5a) {
    character += 0x20;
  }
  if (tty.isLiteralNext) {
    tty.isLiteralNext = false;
    takeLiteral(tty, character, held);
    return;
  }
  if ((flags & IXON) !== 0 && takeFlowControl(tty, character, held)) return;
  if ((tty.termios.c_lflag & ISIG) !== 0 && takeSignal(tty, character, held)) return;
  if (character === RETURN) {
    if ((flags & IGNCR) !== 0) return;
    if ((flags & ICRNL) !== 0) character = NEWLINE;
  } else if (character === NEWLINE && (flags & INLCR) !== 0) character = RETURN;
  if ((tty.termios.c_lflag & ICANON) !== 0 && takeEditing(tty, character, held)) return;
  takeOrdinary(tty, character, held);
}

/** A break condition on the line: the other side hangs up, or wants attention. */
export function receiveBreak(tty: Tty, held: Held<TtyLock>): void {
  const flags = tty.termios.c_iflag;
  if ((flags & IGNBRK) !== 0) return;
  if ((flags & BRKINT) !== 0) {
    interrupt(tty, SIGINT, held);
    return;
  }
  storeMarked(tty, 0);
}

/** A byte with a parity or framing error. */
export function receiveDamaged(tty: Tty, byte: u8, held: Held<TtyLock>): void {
  const flags = tty.termios.c_iflag;
  if ((flags & INPCK) === 0) receive(tty, byte, held);
  else if ((flags & IGNPAR) === 0) storeMarked(tty, byte);
}

function storeMarked(tty: Tty, byte: u8): void {
  if ((tty.termios.c_iflag & PARMRK) !== 0) {
    store(tty, MARK);
    store(tty, 0);
    store(tty, byte);
  } else store(tty, 0);
}

/** All bytes of a burst are in: wakes readers, sends the echo. */
export function endOfBurst(tty: Tty, held: Held<TtyLock>): void {
  if ((tty.termios.c_lflag & ICANON) === 0) tty.lineEnd = tty.head;
  if (tty.lineEnd !== tty.tail) tty.readQueue.wakeAll();
  if (tty.outputHead !== tty.outputTail) {
    const start = tty.driver.startOutput;
    start(tty, held);
  }
}

/** Sends the signals that were typed (Tty.raised) to the foreground group. To be called after each burst, without (L). */
export function deliverRaised(raised: u32, group: u32): void {
  if (raised === 0 || group === 0) return;
  for (let signal: u32 = 1; signal < 32; signal++) {
    if ((raised & (1 << signal)) !== 0) sendSignalToGroup(group, i32(signal));
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Characters that mean something.

/** ^S and ^Q. */
function takeFlowControl(tty: Tty, character: u8, held: Held<TtyLock>): boolean {
  if (isKey(tty, character, VSTART)) {
    startOutput(tty, held);
    return true;
  }
  if (isKey(tty, character, VSTOP)) {
    tty.isStopped = true;
    return true;
  }
  if ((tty.termios.c_iflag & IXANY) !== 0) startOutput(tty, held);
  return false;
}

/** Output goes on, unless it was a system call that has stopped it. */
export function startOutput(tty: Tty, held: Held<TtyLock>): void {
  if (!tty.isStopped || tty.stoppedByCall) return;
  tty.isStopped = false;
  const start = tty.driver.startOutput;
  start(tty, held);
}

/** ^C, ^\ and ^Z. */
function takeSignal(tty: Tty, character: u8, held: Held<TtyLock>): boolean {
  if (isKey(tty, character, VINTR)) interrupt(tty, SIGINT, held);
  else if (isKey(tty, character, VQUIT)) interrupt(tty, SIGQUIT, held);
  else if (isKey(tty, character, VSUSP)) interrupt(tty, SIGTSTP, held);
  else return false;
  if ((tty.termios.c_iflag & IXON) !== 0) startOutput(tty, held);
  if ((tty.termios.c_lflag & ECHO) !== 0) echo(tty, character, held);
  return true;
}

/** Raises a signal; what was typed before it, and what waits to be sent, is void (unless NOFLSH). */
function interrupt(tty: Tty, signal: i32, held: Held<TtyLock>): void {
  raise(tty, signal);
  if ((tty.termios.c_lflag & NOFLSH) !== 0) return;
  flushInput(tty, held);
  flushOutput(tty, held);
}

/** Editing, and what ends lines. True: the character is dealt with. */
function takeEditing(tty: Tty, character: u8, held: Held<TtyLock>): boolean {
  const flags = tty.termios.c_lflag;
  const extended = (flags & IEXTEN) !== 0;
  if (isKey(tty, character, VERASE)) erase(tty, VERASE, held);
  else if (isKey(tty, character, VKILL)) erase(tty, VKILL, held);
  else if (extended && isKey(tty, character, VWERASE)) erase(tty, VWERASE, held);
  else if (extended && isKey(tty, character, VLNEXT)) {
    tty.isLiteralNext = true;
    if ((flags & ECHO) !== 0 && (flags & ECHOCTL) !== 0) {
      echoRaw(tty, CARET, held);
      echoRaw(tty, BACKSPACE, held);
    }
  } else if (extended && (flags & ECHO) !== 0 && isKey(tty, character, VREPRINT)) reprint(tty, character, held);
  else if (character === NEWLINE) {
    if ((flags & (ECHO | ECHONL)) !== 0) echoRaw(tty, NEWLINE, held);
    endLine(tty, NEWLINE);
  } else if (isKey(tty, character, VEOF)) endLine(tty, DISABLED_CHAR);
  else if (isKey(tty, character, VEOL) || (extended && isKey(tty, character, VEOL2))) {
    if ((flags & ECHO) !== 0) echo(tty, character, held);
    if (character === MARK && (tty.termios.c_iflag & PARMRK) !== 0) store(tty, MARK);
    endLine(tty, character);
  } else return false;
  return true;
}

/** A character that is only itself. A newline (here that of raw mode) moves the cursor even where others show as ^X. */
function takeOrdinary(tty: Tty, character: u8, held: Held<TtyLock>): void {
  if (character !== NEWLINE) {
    takeLiteral(tty, character, held);
    return;
  }
  if ((tty.termios.c_lflag & ECHO) !== 0) echoRaw(tty, NEWLINE, held);
  store(tty, NEWLINE);
}

/** A character that has no meaning, be it a newline. */
function takeLiteral(tty: Tty, character: u8, held: Held<TtyLock>): void {
  if ((tty.termios.c_lflag & ECHO) !== 0) {
    if (tty.head === tty.lineEnd) tty.lineColumn = tty.column;
    echo(tty, character, held);
  }
  if (character === MARK && (tty.termios.c_iflag & PARMRK) !== 0) store(tty, MARK);
  store(tty, character);
}

/** Stores a byte. Where a canonical line has reached its limit, it takes the place of the last one. */
function store(tty: Tty, character: u8): void {
  if ((tty.termios.c_lflag & ICANON) !== 0) limitLine(tty);
  tty.input[tty.head & (INPUT_SIZE - 1)] = character;
  tty.setLineMark(tty.head, false);
  tty.head++;
}

function limitLine(tty: Tty): void {
  if (tty.head - tty.lineEnd >= LINE_SIZE) tty.head--;
}

/** Stores what ends a line; the line can be read now. */
function endLine(tty: Tty, character: u8): void {
  limitLine(tty);
  tty.input[tty.head & (INPUT_SIZE - 1)] = character;
  tty.setLineMark(tty.head, true);
  tty.head++;
  tty.lineEnd = tty.head;
}

// ---------------------------------------------------------------------------------------------------------------------
// Erasing.

/** Erases a character (VERASE), a word (VWERASE) or the line (VKILL), as far as it is not yet complete. */
function erase(tty: Tty, kind: u32, held: Held<TtyLock>): void {
  const flags = tty.termios.c_lflag;
  if (tty.head === tty.lineEnd) return;
  if (kind === VKILL && !killsVisibly(flags)) {
    tty.head = tty.lineEnd;
    if ((flags & ECHO) === 0) return;
    echo(tty, tty.termios.c_cc[VKILL], held);
    if ((flags & ECHOK) !== 0) echoRaw(tty, NEWLINE, held);
    return;
  }
  let inWord = false;
  while (tty.head !== tty.lineEnd) {
    const start = previousCharacter(tty);
    const character = tty.inputAt(start);
    if (isContinuation(tty, character)) break; // the rest of a character whose beginning is gone
    if (kind === VWERASE) {
      if (isWordCharacter(character)) inWord = true;
      else if (inWord) break;
    }
    tty.head = start;
    if ((flags & ECHO) !== 0) echoErased(tty, character, kind, held);
    if (kind === VERASE) break;
  }
}

/** Does VKILL take the line back from the screen, or only say that it is void? */
function killsVisibly(flags: u32): boolean {
  const needed = ECHO | ECHOK | ECHOKE | ECHOE;
  return (flags & needed) === needed;
}

/** Where the last character of the line begins. */
function previousCharacter(tty: Tty): u32 {
  let at = tty.head;
  do at--;
  while (at !== tty.lineEnd && isContinuation(tty, tty.inputAt(at)));
  return at;
}

function isWordCharacter(character: u8): boolean {
  const lower = character | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  return (character >= 0x30 && character <= 0x39) || character === UNDERSCORE || character >= 0x80;
}

/** Takes a character that was just erased back from the screen. */
function echoErased(tty: Tty, character: u8, kind: u32, held: Held<TtyLock>): void {
  const flags = tty.termios.c_lflag;
  if (kind === VERASE && (flags & ECHOE) === 0) {
    echo(tty, tty.termios.c_cc[VERASE], held);
    return;
  }
  if (character === TAB) {
    echoBack(tty, tabWidth(tty), held);
    return;
  }
  if (isControl(character)) {
    if ((flags & ECHOCTL) === 0) return;
    echoErase(tty, held);
  }
  echoErase(tty, held);
}

/** How many columns a tab at `head` took: that depends on all that stands before it on the line. */
function tabWidth(tty: Tty): u32 {
  let columns: u32 = 0;
  let at = tty.head;
  let afterTab = false;
  while (at !== tty.lineEnd && !afterTab) {
    at--;
    const character = tty.inputAt(at);
    if (character === TAB) afterTab = true;
    else if (isControl(character)) columns += (tty.termios.c_lflag & ECHOCTL) !== 0 ? 2 : 0;
    else if (!isContinuation(tty, character)) columns++;
  }
  if (!afterTab) columns += tty.lineColumn;
  return 8 - (columns & 7);
}

/** Shows the line anew (^R). */
function reprint(tty: Tty, key: u8, held: Held<TtyLock>): void {
  echo(tty, key, held);
  echoRaw(tty, NEWLINE, held);
  for (let at = tty.lineEnd; at !== tty.head; at++) echo(tty, tty.inputAt(at), held);
}

// ---------------------------------------------------------------------------------------------------------------------
// Throwing away.

/** Drops all input that nobody has read. */
export function flushInput(tty: Tty, held: Held<TtyLock>): void {
  tty.tail = tty.head;
  tty.lineEnd = tty.head;
  tty.isLiteralNext = false;
  unthrottle(tty, held);
}

/** Drops all output that was not sent. */
export function flushOutput(tty: Tty, _held: Held<TtyLock>): void {
  tty.outputTail = tty.outputHead;
  tty.writeQueue.wakeAll();
}
