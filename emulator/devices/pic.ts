/*
 * Two 8259A interrupt controllers, the second cascaded into input 2 of the first, as in every PC.
 *
 * An input that becomes active (or is active, in level mode) sets its bit in the IRR. If it is not masked and nothing of
 * the same or a higher priority is in service, INTR is asserted. The CPU's acknowledge moves the bit to the ISR and reads
 * the vector; the EOI command clears it there. A request that has gone away by then gives the spurious vector, 7 or 15.
 *
 * Source: Intel 8259A data sheet (initialisation ICW1..4, operation OCW1..3).
 */

import type { Stateful, StateStream } from '../state.ts';

const ICW1 = 0x10;
const ICW1_NEEDS_ICW4 = 0x01;
const ICW1_SINGLE = 0x02;
const ICW4_AUTO_EOI = 0x02;
const ICW4_SPECIAL_FULLY_NESTED = 0x10;
const OCW3 = 0x08;
const CASCADE = 2;
/** Of each chip. The timer, the keyboard, the cascade, the clock and the FPU are edges for good. */
const CAN_BE_LEVEL = [0xf8, 0xde];

class Pic implements Stateful {
  irr = 0;
  isr = 0;
  mask = 0;
  /** Inputs that are level-triggered (the edge/level control register of EISA and later chip sets). */
  levelTriggered = 0;
  #lines = 0;
  #base = 0;
  /** The next initialisation word that port 1 takes, or 0. */
  #expect = 0;
  #needsIcw4 = false;
  #single = false;
  #autoEoi = false;
  #rotateOnAutoEoi = false;
  #specialFullyNested = false;
  #specialMask = false;
  #readIsr = false;
  #poll = false;
  /** The input of lowest priority; the next one is the highest. */
  #lowest = 7;
  readonly #isMaster: boolean;

  constructor(isMaster: boolean) {
    this.#isMaster = isMaster;
  }

  setLine(line: number, active: boolean): void {
    const bit = 1 << line;
    const rises = active && (this.#lines & bit) === 0;
    this.#lines = active ? this.#lines | bit : this.#lines & ~bit;
    if (rises || (active && (this.levelTriggered & bit) !== 0)) this.irr |= bit;
    else if (!active) this.irr &= ~bit;
  }

  /** The input that would be acknowledged now, or -1. */
  pending(): number {
    const requests = this.irr & ~this.mask;
    const barriers = this.#specialMask ? this.isr & ~this.mask : this.isr;
    for (let i = 1; i <= 8; i++) {
      const line = (this.#lowest + i) & 7;
      const bit = 1 << line;
      if ((requests & bit) !== 0) {
        const nested = this.#isMaster && this.#specialFullyNested && line === CASCADE;
        if ((barriers & bit) === 0 || nested) return line;
      }
      if ((barriers & bit) !== 0 && !this.#specialMask) return -1;
    }
    return -1;
  }

  /** The CPU's acknowledge cycle: the input and its vector. */
  acknowledge(): { readonly line: number; readonly vector: number } {
    const line = this.pending();
    if (line < 0) return { line: -1, vector: this.#base | 7 };
    const bit = 1 << line;
    if ((this.levelTriggered & bit) === 0) this.irr &= ~bit;
    if (!this.#autoEoi) this.isr |= bit;
    else if (this.#rotateOnAutoEoi) this.#lowest = line;
    return { line, vector: this.#base | line };
  }

  read(port: number): number {
    if (this.#poll) {
      this.#poll = false;
      const { line } = this.acknowledge();
      return line < 0 ? 0 : 0x80 | line;
    }
    if (port === 1) return this.mask;
    return this.#readIsr ? this.isr : this.irr;
  }

  write(port: number, value: number): void {
    if (port === 1) this.#writeData(value);
    else if ((value & ICW1) !== 0) this.#initialise(value);
    else if ((value & OCW3) !== 0) this.#operate(value);
    else this.#endOfInterrupt(value);
  }

  transferState(state: StateStream): void {
    this.irr = state.number(this.irr);
    this.isr = state.number(this.isr);
    this.mask = state.number(this.mask);
    this.levelTriggered = state.number(this.levelTriggered);
    this.#lines = state.number(this.#lines);
    this.#base = state.number(this.#base);
    this.#expect = state.number(this.#expect);
    this.#lowest = state.number(this.#lowest);
    this.#needsIcw4 = state.flag(this.#needsIcw4);
    this.#single = state.flag(this.#single);
    this.#autoEoi = state.flag(this.#autoEoi);
    this.#rotateOnAutoEoi = state.flag(this.#rotateOnAutoEoi);
    this.#specialFullyNested = state.flag(this.#specialFullyNested);
    this.#specialMask = state.flag(this.#specialMask);
    this.#readIsr = state.flag(this.#readIsr);
    this.#poll = state.flag(this.#poll);
  }

  #initialise(value: number): void {
    this.irr = 0;
    this.isr = 0;
    this.mask = 0;
    this.#lowest = 7;
    this.#specialMask = false;
    this.#readIsr = false;
    this.#autoEoi = false;
    this.#rotateOnAutoEoi = false;
    this.#specialFullyNested = false;
    this.#needsIcw4 = (value & ICW1_NEEDS_ICW4) !== 0;
    this.#single = (value & ICW1_SINGLE) !== 0;
    this.#expect = 2;
    this.irr = this.#lines & this.levelTriggered;
  }

  #writeData(value: number): void {
    switch (this.#expect) {
      case 2:
        this.#base = value & 0xf8;
        if (!this.#single) this.#expect = 3;
        else this.#expect = this.#needsIcw4 ? 4 : 0;
        break;
      case 3: // the cascade is wired, not programmed
        this.#expect = this.#needsIcw4 ? 4 : 0;
        break;
      case 4:
        this.#autoEoi = (value & ICW4_AUTO_EOI) !== 0;
        this.#specialFullyNested = (value & ICW4_SPECIAL_FULLY_NESTED) !== 0;
        this.#expect = 0;
        break;
      default:
        this.mask = value;
    }
  }

  #operate(value: number): void {
    if ((value & 0x04) !== 0) this.#poll = true;
    if ((value & 0x02) !== 0) this.#readIsr = (value & 0x01) !== 0;
    if ((value & 0x40) !== 0) this.#specialMask = (value & 0x20) !== 0;
  }

  /** OCW2: rotate, specific, EOI. */
  #endOfInterrupt(value: number): void {
    const rotate = (value & 0x80) !== 0;
    const specific = (value & 0x40) !== 0;
    const eoi = (value & 0x20) !== 0;
    if (!eoi) {
      if (specific && rotate) this.#lowest = value & 7;
      else if (!specific) this.#rotateOnAutoEoi = rotate;
      return;
    }
    const line = specific ? value & 7 : this.#highestInService();
    if (line < 0) return;
    this.isr &= ~(1 << line);
    if (rotate) this.#lowest = line;
  }

  #highestInService(): number {
    for (let i = 1; i <= 8; i++) {
      const line = (this.#lowest + i) & 7;
      if ((this.isr & (1 << line)) !== 0) return line;
    }
    return -1;
  }
}

/** The pair, as the ISA bus sees it: lines 0 to 15, ports 20, 21, A0, A1, 4D0, 4D1. */
export class PicPair implements Stateful {
  readonly #master = new Pic(true);
  readonly #slave = new Pic(false);
  readonly #changed: () => void;
  readonly #accessed: () => void;

  /** `changed` is called when INTR may have changed, `accessed` before software looks at requests, and when it opened lines. */
  constructor(changed: () => void, accessed: () => void) {
    this.#changed = changed;
    this.#accessed = accessed;
  }

  isMasked(line: number): boolean {
    return ((this.#chip(line >> 3).mask >> (line & 7)) & 1) !== 0;
  }

  setLine(line: number, active: boolean): void {
    if (line >= 8) this.#slave.setLine(line - 8, active);
    else if (line !== CASCADE) this.#master.setLine(line, active);
    this.#update();
  }

  /** Whether INTR is asserted. */
  get interruptPending(): boolean {
    return this.#master.pending() >= 0;
  }

  /** The CPU's acknowledge cycle. */
  acknowledge(): number {
    const master = this.#master.acknowledge();
    const vector = master.line === CASCADE ? this.#slave.acknowledge().vector : master.vector;
    this.#update();
    return vector;
  }

  read(port: number): number {
    if (port >= 0x4d0) return this.#chip(port & 1).levelTriggered;
    this.#accessed();
    const value = this.#chip(port >= 0xa0 ? 1 : 0).read(port & 1);
    this.#update();
    return value;
  }

  write(port: number, value: number): void {
    this.#accessed();
    if (port >= 0x4d0) this.#chip(port & 1).levelTriggered = value & CAN_BE_LEVEL[port & 1]!;
    else this.#chip(port >= 0xa0 ? 1 : 0).write(port & 1, value);
    this.#update();
    this.#accessed();
  }

  transferState(state: StateStream): void {
    this.#master.transferState(state);
    this.#slave.transferState(state);
  }

  #chip(index: number): Pic {
    return index === 0 ? this.#master : this.#slave;
  }

  #update(): void {
    this.#master.setLine(CASCADE, this.#slave.pending() >= 0);
    this.#changed();
  }
}
