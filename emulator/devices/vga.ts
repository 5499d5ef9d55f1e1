/*
 * A VGA in its text mode: 80 by 25 characters with attributes at B8000, and the registers that programs set.
 *
 * Nothing is drawn. What software writes can be read again; the retrace bits of the status register follow virtual time.
 *
 *   ports 3C0 3C1   attributes; index and data in turn      3D4 3D5   CRT controller: cursor, start of the screen
 *         3C2 3CC   miscellaneous output, written and read  3DA       status; makes 3C0 expect an index
 *         3C4 3C5   sequencer                               3CE 3CF   graphics controller
 *         3C6..3C9  palette
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem (registers, mode 3).
 */

import type { VirtualClock } from '../clock.ts';
import type { PortHandler } from '../ports.ts';
import type { Stateful, StateStream } from '../state.ts';

export const TEXT_MEMORY = 0xb_8000;
export const TEXT_MEMORY_BYTES = 0x8000;
export const VGA_FIRST_PORT = 0x3c0;
export const VGA_LAST_PORT = 0x3df;

const COLUMNS = 80;
const LINES = 25;
const BLANK = [0x20, 0x07];

/** 70 frames a second of 449 lines, 400 of them visible; a sixth of a line is blank. */
const FRAME_NS = 14_285_714;
const FRAME_LINES = 449;
const VISIBLE_LINES = 400;
const RETRACE_LINES = [412, 414] as const;
const STATUS_BLANK = 0x01;
const STATUS_RETRACE = 0x08;

/** An index register with the registers that it chooses from, and what mode 3 has in them. */
class Bank implements Stateful {
  index = 0;
  readonly #registers: Uint8Array;

  constructor(modeThree: readonly number[]) {
    this.#registers = Uint8Array.from(modeThree);
  }

  transferState(state: StateStream): void {
    this.index = state.number(this.index);
    state.array(this.#registers);
  }

  get data(): number {
    return this.#registers[this.index] ?? 0xff;
  }

  set data(value: number) {
    if (this.index < this.#registers.length) this.#registers[this.index] = value;
  }
}

const SEQUENCER = [0x03, 0x00, 0x03, 0x00, 0x02];
const GRAPHICS = [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff];
const ATTRIBUTES = [
  [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f],
  [0x0c, 0x00, 0x0f, 0x08, 0x00],
].flat();
const CRT_CONTROLLER = [
  [0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00],
  [0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff],
].flat();

export class Vga implements PortHandler, Stateful {
  readonly #clock: VirtualClock;
  readonly #text = new Uint8Array(TEXT_MEMORY_BYTES);
  readonly #attributes = new Bank(ATTRIBUTES);
  readonly #sequencer = new Bank(SEQUENCER);
  readonly #graphics = new Bank(GRAPHICS);
  readonly #crtController = new Bank(CRT_CONTROLLER);
  readonly #palette = new Uint8Array(3 * 256);
  /** Position in the palette for reading and writing. */
  #paletteRead = 0;
  #paletteWrite = 0;
  #paletteMask = 0xff;
  #miscellaneous = 0x67;
  /** The attribute port takes an index next. */
  #takesIndex = true;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    for (let i = 0; i < 2 * COLUMNS * LINES; i += 2) this.#text.set(BLANK, i);
  }

  transferState(state: StateStream): void {
    this.#text.set(state.bytes(this.#text));
    for (const bank of [this.#attributes, this.#sequencer, this.#graphics, this.#crtController]) {
      bank.transferState(state);
    }
    this.#palette.set(state.bytes(this.#palette));
    this.#paletteRead = state.number(this.#paletteRead);
    this.#paletteWrite = state.number(this.#paletteWrite);
    this.#paletteMask = state.number(this.#paletteMask);
    this.#miscellaneous = state.number(this.#miscellaneous);
    this.#takesIndex = state.flag(this.#takesIndex);
  }

  /** `offset` from TEXT_MEMORY. */
  readMemory(offset: number, bytes: 1 | 4): number {
    if (bytes === 1) return this.#text[offset]!;
    return [0, 1, 2, 3].reduce((word, i) => word | ((this.#text[offset + i] ?? 0xff) << (8 * i)), 0) >>> 0;
  }

  writeMemory(offset: number, bytes: 1 | 2 | 4, value: number): void {
    for (let i = 0; i < bytes; i++) this.#text[offset + i] = (value >>> (8 * i)) & 0xff;
  }

  read(port: number): number {
    switch (port) {
      case 0x3c0:
        return this.#attributes.index;
      case 0x3c1:
        return this.#attributes.data;
      case 0x3c6:
        return this.#paletteMask;
      case 0x3c8:
        return Math.floor(this.#paletteWrite / 3);
      case 0x3c9:
        return this.#readPalette();
      case 0x3cc:
        return this.#miscellaneous;
      case 0x3da:
        this.#takesIndex = true;
        return this.#status();
      default: {
        const bank = this.#bank(port);
        if (bank === null) return 0xff;
        return (port & 1) === 0 ? bank.index : bank.data;
      }
    }
  }

  write(port: number, value: number): void {
    switch (port) {
      case 0x3c0:
        if (this.#takesIndex) this.#attributes.index = value & 0x1f;
        else this.#attributes.data = value;
        this.#takesIndex = !this.#takesIndex;
        break;
      case 0x3c2:
        this.#miscellaneous = value;
        break;
      case 0x3c6:
        this.#paletteMask = value;
        break;
      case 0x3c7:
        this.#paletteRead = 3 * value;
        break;
      case 0x3c8:
        this.#paletteWrite = 3 * value;
        break;
      case 0x3c9:
        this.#palette[this.#paletteWrite] = value & 0x3f;
        this.#paletteWrite = (this.#paletteWrite + 1) % this.#palette.length;
        break;
      default: {
        const bank = this.#bank(port);
        if (bank === null) return;
        if ((port & 1) === 0) bank.index = value;
        else bank.data = value;
      }
    }
  }

  #bank(port: number): Bank | null {
    switch (port & ~1) {
      case 0x3c4:
        return this.#sequencer;
      case 0x3ce:
        return this.#graphics;
      case 0x3d4:
        return this.#crtController;
      default:
        return null;
    }
  }

  #readPalette(): number {
    const value = this.#palette[this.#paletteRead]!;
    this.#paletteRead = (this.#paletteRead + 1) % this.#palette.length;
    return value;
  }

  #status(): number {
    const place = ((this.#clock.now() % FRAME_NS) * FRAME_LINES) / FRAME_NS;
    const line = Math.floor(place);
    const isBlank = line >= VISIBLE_LINES || place - line >= 5 / 6;
    const retraces = line >= RETRACE_LINES[0] && line < RETRACE_LINES[1];
    return (isBlank ? STATUS_BLANK : 0) | (retraces ? STATUS_RETRACE : 0);
  }
}
