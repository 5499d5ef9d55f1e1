/*
 * Terminals: what a terminal is, whoever looks at it.
 *
 * Idea. A terminal stands between a line, with bytes coming in and going out, and programs that read and write. What it
 * does to the bytes in between (echo, line editing, ^C) is the line discipline's business, one file for each direction:
 *
 *            interrupt                                            read(2)
 *   port  ------------>  lineDiscipline.ts  --->  input ring  ------------>  ttyRead.ts
 *                              | echo
 *                              v                                  write(2)
 *   port  <------------  output ring  <---  ttyOutput.ts  <----------------  ttyWrite.ts
 *            interrupt
 *
 * Whose terminal it is (sessions, the foreground group, SIGTTIN) is in jobControl.ts, ioctl in ttyIoctl.ts, and how
 * files in /dev lead here in ttyFile.ts. A driver (serial16550.ts) moves bytes between the rings and the hardware.
 *
 * The input ring. `tail` is where reading goes on; `head` is where the next byte goes. In canonical mode only whole lines
 * can be read: `lineEnd` is just behind the last complete one, and a bitmap marks the bytes that end a line, for these
 * are not known by their looks (a newline that was typed after ^V ends nothing, an end-of-file typed at ^D is a mark
 * with no character).
 *
 *        tail               lineEnd        head
 *          v                   v             v
 *   .......|ls -l\n|echo hello\n|cat foo.tx   |........
 *                                 ^ can still be erased
 *
 * Locking. (L) Tty.lock, interrupts off, guards everything that is not marked otherwise, the driver's registers included.
 * It is taken in interrupts; user memory is never touched under it. (W) writeMutex keeps the output of two writes apart.
 */

import { type Termios, type Winsize } from '../abi/termios.ts';
import { type Mutex } from '../sync/mutex.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitQueue } from '../sync/waitQueue.ts';

/** Class of Tty.lock. */
export class TtyLock {
  declare readonly lock: 'tty';
}

/** Class of Tty.writeMutex. */
export class TtyWriteMutex {
  declare readonly lock: 'ttyWrite';
}

/** Bytes of the input ring: more than the 8 KiB that a host may have on their way. A power of two. */
export const INPUT_SIZE: u32 = 16384;
/** Bytes of the output ring. A power of two. */
export const OUTPUT_SIZE: u32 = 4096;
/** Of which programs leave so many for the echo. */
export const ECHO_ROOM: u32 = 256;
/** The longest line in canonical mode, its end counted. */
export const LINE_SIZE: u32 = 4096;

/** What a driver does for its terminals. All are called with (L). */
export class TtyDriver {
  /** Bytes are in the output ring, or it may be sent again: gets them going. */
  startOutput: (tty: Tty, held: Held<TtyLock>) => void;
  /** The input ring is nearly full (true): the other side must be held back. Or it has room again. */
  throttle: (tty: Tty, on: boolean, held: Held<TtyLock>) => void;
  /** c_cflag has changed: speed and format of the line. */
  setLine: (tty: Tty, held: Held<TtyLock>) => void;
  /** Modem lines that are on (TIOCM_...). */
  readModem: (tty: Tty, held: Held<TtyLock>) => u32;
  /** Sets DTR and RTS. */
  writeModem: (tty: Tty, lines: u32, held: Held<TtyLock>) => void;
  /** Starts (true) or ends a break condition on the line. */
  setBreak: (tty: Tty, on: boolean, held: Held<TtyLock>) => void;
  /** Has the hardware sent the last bit? */
  isDrained: (tty: Tty, held: Held<TtyLock>) => boolean;
}

export class Tty {
  lock: Inline<Spinlock<TtyLock>>;
  writeMutex: Inline<Mutex<TtyWriteMutex>>;
  driver: TtyDriver; // (C)
  port: u32; // (C) belongs to the driver
  device: u32; // (C)
  /** The terminal of the kernel's messages: its device is /dev/console, too. */
  isConsole: boolean; // (C)

  termios: Inline<Termios>;
  winsize: Inline<Winsize>;
  /** Nothing in `termios` wants input looked at: bytes are stored as they come. */
  isTransparent: boolean;

  // Whose it is (jobControl.ts).
  session: u32; // 0: nobody's
  foreground: u32; // the process group in the foreground; 0: none
  /** Counts hang-ups: files that were opened before the last one are dead. */
  hangups: Volatile<u32>;
  openCount: u32;

  // Input.
  input: Ptr<u8>; // (C)
  lineMarks: Ptr<u32>; // (C) bitmap over `input`: this byte ends a line
  head: u32; // counts bytes stored; modulo INPUT_SIZE the place
  lineEnd: u32;
  tail: u32;
  isLiteralNext: boolean; // ^V was typed
  isThrottled: boolean;
  readQueue: Inline<WaitQueue>;

  // Output.
  output: Ptr<u8>; // (C)
  outputHead: u32;
  outputTail: u32;
  isStopped: boolean; // ^S was typed, or tcflow says so
  stoppedByCall: boolean; // by tcflow: no typed character starts it again
  column: u32; // where the cursor is, as far as we know
  lineColumn: u32; // where it was when the line that is being typed began
  writeQueue: Inline<WaitQueue>;

  // What to do once (L) is released: signals are sent without it.
  raised: u32; // bit per signal

  /** Bytes that can be stored before the ring is full. */
  inputRoom(): u32 {
    return INPUT_SIZE - (this.head - this.tail);
  }

  outputRoom(): u32 {
    return OUTPUT_SIZE - (this.outputHead - this.outputTail);
  }

  inputAt(position: u32): u8 {
    return this.input[position & (INPUT_SIZE - 1)];
  }

  isLineMark(position: u32): boolean {
    const at = position & (INPUT_SIZE - 1);
    return (this.lineMarks[at >>> 5] & (1 << (at & 31))) !== 0;
  }

  setLineMark(position: u32, on: boolean): void {
    const at = position & (INPUT_SIZE - 1);
    if (on) this.lineMarks[at >>> 5] |= 1 << (at & 31);
    else this.lineMarks[at >>> 5] &= ~(1 << (at & 31));
  }
}

/** What an open file on a terminal knows (File.data). */
export class TtyHandle {
  tty: Tty; // (C)
  /** Tty.hangups when the file was opened. */
  hangups: u32; // (C)
  /** Opened as /dev/console: lives on after a hang-up, as init has it open for ever. */
  survives: boolean; // (C)

  /** Has the line been hung up since? Reads are at their end then, all else is EIO. */
  isDead(): boolean {
    return !this.survives && this.hangups !== this.tty.hangups;
  }
}
