/*
 * The local vector table of an APIC: what its own sources of interrupts do to the CPU (11.5.1).
 *
 * The sources are the timer, the thermal and performance monitors (which this machine does not have), the pins LINT0 and
 * LINT1, and the error register. Each has an entry, with a vector, a mask, and for the pins a way of delivery. A pin whose
 * entry says *level* interrupts for as long as it is active: its REMOTE_IRR is set from the time the interrupt is accepted
 * until software ends it.
 *
 * Source: Intel SDM vol. 3A, chapter 11 (numbers of sections refer to it).
 */

import type { Stateful, StateStream } from '../state.ts';
import { DELIVERY_EXTINT, DELIVERY_FIXED, type InterruptMessage, isUnmaskable } from './messages.ts';

export const LVT_TIMER = 0;
export const LVT_LINT0 = 3;
export const LVT_LINT1 = 4;
export const LVT_ERROR = 5;

export const LVT_TRIGGER_LEVEL = 1 << 15;
const MASKED = 1 << 16;
const REMOTE_IRR = 1 << 14;
const TIMER_PERIODIC = 1 << 17;

/** Bits that software can set in the entries, in their order. */
const WRITABLE = [0x300ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff];

/** What the table does to its APIC. */
export interface LocalVectorTarget {
  /** Takes a vector, of an edge or a level. */
  acceptVector(vector: number, level: boolean): void;
  /** Takes an NMI or another message without a vector. */
  accept(message: InterruptMessage): void;
}

export class LocalVectorTable implements Stateful {
  readonly #target: LocalVectorTarget;
  readonly #entries = new Uint32Array(WRITABLE.length).fill(MASKED);
  /** The pins that are active: a bit for each entry. */
  #pins = 0;

  constructor(target: LocalVectorTarget) {
    this.#target = target;
  }

  /** The pins stay as they are: they are outside. */
  reset(): void {
    this.#entries.fill(MASKED);
  }

  read(index: number): number {
    return this.#entries[index]!;
  }

  /** `canUnmask`: the APIC is enabled by software. */
  write(index: number, value: number, canUnmask: boolean): void {
    const mask = canUnmask ? 0 : MASKED;
    const status = (value & LVT_TRIGGER_LEVEL) !== 0 ? this.#entries[index]! & REMOTE_IRR : 0;
    this.#entries[index] = (value & WRITABLE[index]!) | mask | status;
    if (index === LVT_LINT0 || index === LVT_LINT1) this.#raiseLevel(index);
  }

  maskAll(): void {
    for (let i = 0; i < this.#entries.length; i++) this.#entries[i]! |= MASKED;
  }

  get timerIsPeriodic(): boolean {
    return (this.#entries[LVT_TIMER]! & TIMER_PERIODIC) !== 0;
  }

  isMasked(index: number): boolean {
    return (this.#entries[index]! & MASKED) !== 0;
  }

  vectorOf(index: number): number {
    return this.#entries[index]! & 0xff;
  }

  /** Whether LINT0 lets the 8259's output through. */
  get passesExternalInterrupts(): boolean {
    return !this.isMasked(LVT_LINT0) && this.#deliveryOf(LVT_LINT0) === DELIVERY_EXTINT;
  }

  /** Whether LINT0 reaches the CPU even if its interrupts are off. */
  get passesUnmaskable(): boolean {
    return !this.isMasked(LVT_LINT0) && isUnmaskable(this.#deliveryOf(LVT_LINT0));
  }

  /** The timer, or the error register, interrupts. */
  raise(index: number): void {
    if (!this.isMasked(index)) this.#target.acceptVector(this.vectorOf(index), false);
  }

  /** Drives LINT0 or LINT1. */
  setPin(index: number, active: boolean): void {
    const bit = 1 << index;
    const rises = active && (this.#pins & bit) === 0;
    this.#pins = active ? this.#pins | bit : this.#pins & ~bit;
    if (rises) this.#pinRises(index);
  }

  /** Software has ended the handling of a level-triggered vector. */
  endOfInterrupt(vector: number): void {
    for (const index of [LVT_LINT0, LVT_LINT1]) {
      if ((this.#entries[index]! & REMOTE_IRR) === 0 || this.vectorOf(index) !== vector) continue;
      this.#entries[index]! &= ~REMOTE_IRR;
      this.#raiseLevel(index);
    }
  }

  transferState(state: StateStream): void {
    state.array(this.#entries);
    this.#pins = state.number(this.#pins);
  }

  #deliveryOf(index: number): number {
    return (this.#entries[index]! >> 8) & 7;
  }

  /** A pin becomes active. Levels matter for fixed interrupts only, NMI and INIT are edges whatever is set. */
  #pinRises(index: number): void {
    const delivery = this.#deliveryOf(index);
    if (this.isMasked(index) || delivery === DELIVERY_EXTINT) return;
    if (delivery !== DELIVERY_FIXED) {
      this.#target.accept({ vector: 0, level: false, logical: false, destination: 0, delivery });
    } else if ((this.#entries[index]! & LVT_TRIGGER_LEVEL) !== 0) this.#raiseLevel(index);
    else this.#target.acceptVector(this.vectorOf(index), false);
  }

  /** A level-triggered pin interrupts while it is active, again after each EOI. */
  #raiseLevel(index: number): void {
    const entry = this.#entries[index]!;
    const isReady = (entry & (LVT_TRIGGER_LEVEL | MASKED | REMOTE_IRR)) === LVT_TRIGGER_LEVEL;
    if (!isReady || this.#deliveryOf(index) !== DELIVERY_FIXED || (this.#pins & (1 << index)) === 0) return;
    this.#entries[index] = entry | REMOTE_IRR;
    this.#target.acceptVector(this.vectorOf(index), true);
  }
}
