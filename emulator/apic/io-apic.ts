/*
 * The I/O APIC: 24 input pins, each with a redirection entry that turns it into an interrupt message.
 *
 * Edge-triggered pins send a message when they become active; an edge on a masked pin is lost. Level-triggered pins send
 * one whenever they are active and unmasked and their Remote IRR is clear; acceptance by a local APIC sets the Remote IRR,
 * that APIC's EOI clears it, and if the pin is still active, the message is sent again. What nobody accepts is tried again
 * when somebody might. NMI, SMI and INIT are edges whatever the entry says.
 *
 * The pins carry "active" and "inactive": the polarity bit is kept, and assumed to describe the device rightly.
 *
 * Source: Intel 82093AA data sheet.
 */

import type { Stateful, StateStream } from '../state.ts';
import { DELIVERY_EXTINT, DELIVERY_LOWEST_PRIORITY, type InterruptMessage, isUnmaskable } from './messages.ts';

export const IO_APIC_PINS = 24;

const REG_ID = 0;
const REG_VERSION = 1;
const REG_ARBITRATION = 2;
const REG_REDIRECTION = 0x10;

const VERSION = 0x11;
const DESTINATION_LOGICAL = 1 << 11;
const REMOTE_IRR = 1 << 14;
const TRIGGER_LEVEL = 1 << 15;
const MASKED = 1 << 16;
/** Vector, delivery mode, destination mode, polarity, trigger mode, mask. The status bits are read-only. */
const LOW_WRITABLE = 0x1afff;

const OFFSET_SELECT = 0x00;
const OFFSET_WINDOW = 0x10;

export interface IoApicOutput {
  /** Delivers a message. Whether somebody took it. */
  send(message: InterruptMessage): boolean;
  /** Who gets the 8259's interrupts may have changed. */
  externalInterruptChanged(): void;
  /** Called before an entry is looked at or changed, and after. */
  accessed(): void;
}

export class IoApic implements Stateful {
  readonly #output: IoApicOutput;
  readonly #low = new Uint32Array(IO_APIC_PINS).fill(MASKED);
  readonly #high = new Uint32Array(IO_APIC_PINS);
  /** One bit for each pin that is active. */
  #active = 0;
  #select = 0;
  #id: number;

  constructor(id: number, output: IoApicOutput) {
    this.#id = id;
    this.#output = output;
  }

  setPin(pin: number, active: boolean): void {
    const bit = 1 << pin;
    const was = (this.#active & bit) !== 0;
    if (was === active) return;
    this.#active ^= bit;
    if (active) this.#trigger(pin);
  }

  /** A local APIC completed a level-triggered interrupt. */
  endOfInterrupt(vector: number): void {
    for (let pin = 0; pin < IO_APIC_PINS; pin++) {
      const entry = this.#low[pin]!;
      if ((entry & 0xff) !== vector || (entry & REMOTE_IRR) === 0) continue;
      this.#low[pin] = entry & ~REMOTE_IRR;
      this.#sendLevel(pin);
    }
  }

  isMasked(pin: number): boolean {
    return (this.#low[pin]! & MASKED) !== 0;
  }

  /** Whether some pin reaches CPUs even if their interrupts are off. */
  get passesUnmaskable(): boolean {
    return this.#low.some((entry) => (entry & MASKED) === 0 && isUnmaskable(deliveryOf(entry)));
  }

  /** Level-triggered interrupts that nobody took may find somebody now. */
  sendAgain(): void {
    for (let pin = 0; pin < IO_APIC_PINS; pin++) this.#sendLevel(pin);
  }

  /** Where pin 0, to which the 8259's output is wired, passes external interrupts on to: null if it does not. */
  get externalInterrupts(): { readonly destination: number; readonly logical: boolean } | null {
    const entry = this.#low[0]!;
    if ((entry & MASKED) !== 0 || deliveryOf(entry) !== DELIVERY_EXTINT) return null;
    return { destination: this.#high[0]! >>> 24, logical: (entry & DESTINATION_LOGICAL) !== 0 };
  }

  read(offset: number): number {
    if (offset === OFFSET_SELECT) return this.#select;
    if (offset !== OFFSET_WINDOW) return 0;
    this.#output.accessed();
    return this.#readRegister(this.#select);
  }

  write(offset: number, value: number): void {
    if (offset === OFFSET_SELECT) this.#select = value & 0xff;
    if (offset !== OFFSET_WINDOW) return;
    this.#output.accessed();
    this.#writeRegister(this.#select, value);
    this.#output.accessed();
  }

  transferState(state: StateStream): void {
    state.array(this.#low);
    state.array(this.#high);
    this.#active = state.number(this.#active);
    this.#select = state.number(this.#select);
    this.#id = state.number(this.#id);
  }

  #readRegister(register: number): number {
    if (register === REG_ID || register === REG_ARBITRATION) return (this.#id << 24) >>> 0;
    if (register === REG_VERSION) return VERSION | ((IO_APIC_PINS - 1) << 16);
    const pin = (register - REG_REDIRECTION) >> 1;
    if (pin < 0 || pin >= IO_APIC_PINS) return 0;
    return (register & 1) === 0 ? this.#low[pin]! : this.#high[pin]!;
  }

  #writeRegister(register: number, value: number): void {
    if (register === REG_ID) {
      this.#id = (value >>> 24) & 0xf;
      return;
    }
    const pin = (register - REG_REDIRECTION) >> 1;
    if (pin < 0 || pin >= IO_APIC_PINS) return;
    if ((register & 1) !== 0) {
      this.#high[pin] = (value & 0xff00_0000) >>> 0;
      return;
    }
    // Making an entry edge-triggered clears its Remote IRR: kernels use this to get a lost EOI back.
    const remoteIrr = (value & TRIGGER_LEVEL) !== 0 ? this.#low[pin]! & REMOTE_IRR : 0;
    this.#low[pin] = (value & LOW_WRITABLE) | remoteIrr;
    this.#sendLevel(pin);
    this.#output.externalInterruptChanged();
  }

  #trigger(pin: number): void {
    const entry = this.#low[pin]!;
    if (isLevel(entry)) this.#sendLevel(pin);
    else if ((entry & MASKED) === 0) this.#send(pin);
  }

  #sendLevel(pin: number): void {
    const entry = this.#low[pin]!;
    const ready = isLevel(entry) && (entry & (MASKED | REMOTE_IRR)) === 0;
    if (!ready || (this.#active & (1 << pin)) === 0) return;
    if (this.#send(pin)) this.#low[pin] = this.#low[pin]! | REMOTE_IRR;
  }

  /** Whether somebody took the message. */
  #send(pin: number): boolean {
    const entry = this.#low[pin]!;
    const delivery = deliveryOf(entry);
    if (delivery === DELIVERY_EXTINT) return false; // the 8259 has the vector, and the CPU asks it
    return this.#output.send({
      vector: entry & 0xff,
      delivery,
      level: isLevel(entry),
      logical: (entry & DESTINATION_LOGICAL) !== 0,
      destination: this.#high[pin]! >>> 24,
    });
  }
}

function deliveryOf(entry: number): number {
  return (entry >> 8) & 7;
}

function isLevel(entry: number): boolean {
  return (entry & TRIGGER_LEVEL) !== 0 && deliveryOf(entry) <= DELIVERY_LOWEST_PRIORITY;
}
