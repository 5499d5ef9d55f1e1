/*
 * The local APIC of one CPU.
 *
 * It accepts interrupts (from the I/O APIC, from other CPUs, from its own timer), keeps those that are not delivered yet
 * in the IRR and those that are being handled in the ISR, decides by priority which one the CPU sees next, and sends
 * interrupts to other CPUs when its ICR is written.
 *
 *   accepted             acknowledged by the CPU        EOI written
 *   IRR bit set    ->    IRR bit clear, ISR bit set ->  ISR bit clear (level: the I/O APIC hears of it)
 *
 * A vector's priority class is its upper four bits. The CPU is interrupted when the class of the highest vector in the IRR
 * is above the class of the PPR, which is the higher of the TPR and the highest vector in the ISR.
 *
 * This file is the register file and the priority logic; where messages between CPUs go is the bus's business
 * (`ApicBus`), and so is waking a CPU by INIT and STARTUP (`ApicCpu`).
 *
 * Source: Intel SDM vol. 3A, chapter 11 (numbers of sections below refer to it).
 */

import type { VirtualClock } from '../clock.ts';
import type { Stateful, StateStream } from '../state.ts';
import { ApicTimer } from './apic-timer.ts';

export const DELIVERY_FIXED = 0;
export const DELIVERY_LOWEST_PRIORITY = 1;
/** @public for the sake of the manual's list: system management interrupts go nowhere here */
export const DELIVERY_SMI = 2;
export const DELIVERY_NMI = 4;
export const DELIVERY_INIT = 5;
export const DELIVERY_STARTUP = 6;
export const DELIVERY_EXTINT = 7;

/** An interrupt message, as the ICR and the redirection entries of the I/O APIC make them. */
export interface InterruptMessage {
  readonly vector: number;
  readonly delivery: number;
  readonly level: boolean;
  readonly logical: boolean;
  readonly destination: number;
}

/** What a local APIC can do to others. */
export interface ApicBus {
  /** Sends to the destination that the message names. */
  send(message: InterruptMessage): void;
  /** Sends to all CPUs, or to all but the sender. */
  broadcast(sender: LocalApic, includeSender: boolean, message: InterruptMessage): void;
  /** A level-triggered interrupt was completed. */
  endOfInterrupt(vector: number): void;
}

/** What a local APIC can do to its own CPU. */
export interface ApicCpu {
  /** The INTR or NMI condition may have changed. */
  interruptsChanged(): void;
  /** INIT: reset, then wait for STARTUP. */
  init(): void;
  /** STARTUP: begin in real mode at `vector` << 12, if waiting for it. */
  startup(vector: number): void;
}

const REG_ID = 0x20;
const REG_VERSION = 0x30;
const REG_TPR = 0x80;
const REG_APR = 0x90;
const REG_PPR = 0xa0;
const REG_EOI = 0xb0;
const REG_REMOTE_READ = 0xc0;
const REG_LDR = 0xd0;
const REG_DFR = 0xe0;
const REG_SVR = 0xf0;
const REG_ISR = 0x100;
const REG_TMR = 0x180;
const REG_IRR = 0x200;
const REG_ESR = 0x280;
const REG_ICR_LOW = 0x300;
const REG_ICR_HIGH = 0x310;
const REG_LVT_FIRST = 0x320; // timer, thermal, performance, LINT0, LINT1, error
const REG_LVT_LAST = 0x370;
const REG_TIMER_INITIAL = 0x380;
const REG_TIMER_CURRENT = 0x390;
const REG_TIMER_DIVIDE = 0x3e0;

export const LVT_TIMER = 0;
export const LVT_LINT0 = 3;
export const LVT_LINT1 = 4;
const LVT_ERROR = 5;

/** Version 14 (an integrated APIC), highest LVT entry 5. */
const VERSION = 0x0005_0014;
const MASKED = 1 << 16;
const SVR_ENABLED = 1 << 8;
const TRIGGER_LEVEL = 1 << 15;
const REMOTE_IRR = 1 << 14;

/** Bits that software can set in the LVT entries, in their order (11.5.1). */
const LVT_WRITABLE = [0x300ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff];
const ICR_WRITABLE = 0xccfff & ~(1 << 12);

/** Errors in the ESR (11.5.3). */
const ERROR_SEND_ILLEGAL_VECTOR = 1 << 5;
const ERROR_RECEIVE_ILLEGAL_VECTOR = 1 << 6;
const ERROR_ILLEGAL_REGISTER = 1 << 7;

export class LocalApic implements Stateful {
  /** The initial APIC id. Software may change the id that is used for physical destinations. */
  readonly index: number;
  /** An NMI that the CPU has not taken yet. */
  nmiPending = false;

  readonly #bus: ApicBus;
  readonly #cpu: ApicCpu;
  readonly #timer: ApicTimer;
  /** 256 bits each, in eight words. */
  readonly #irr = new Uint32Array(8);
  readonly #isr = new Uint32Array(8);
  readonly #tmr = new Uint32Array(8);
  readonly #lvt = new Uint32Array(6).fill(MASKED);
  #id = 0;
  #tpr = 0;
  #ldr = 0;
  #dfr = 0xffff_ffff;
  #svr = 0xff;
  #icrLow = 0;
  #icrHigh = 0;
  /** Errors since the last write of the ESR, and what that write made readable. */
  #errors = 0;
  #esr = 0;

  constructor(index: number, clock: VirtualClock, bus: ApicBus, cpu: ApicCpu) {
    this.index = index;
    this.#bus = bus;
    this.#cpu = cpu;
    this.#timer = new ApicTimer(clock, () => this.#raiseLocal(LVT_TIMER));
    this.#id = index;
  }

  /** State after power-up and INIT (11.4.7): the id survives. */
  reset(): void {
    for (const register of [this.#irr, this.#isr, this.#tmr]) register.fill(0);
    this.#lvt.fill(MASKED);
    this.#tpr = 0;
    this.#ldr = 0;
    this.#dfr = 0xffff_ffff;
    this.#svr = 0xff;
    this.#icrLow = 0;
    this.#icrHigh = 0;
    this.#errors = 0;
    this.#esr = 0;
    this.nmiPending = false;
    this.#timer.reset();
    this.#cpu.interruptsChanged();
  }

  get id(): number {
    return this.#id;
  }

  /** The arbitration and processor priority that decide "lowest priority" delivery. */
  get processorPriority(): number {
    const inService = Math.max(0, highest(this.#isr)) & 0xf0;
    return (this.#tpr & 0xf0) >= inService ? this.#tpr : inService;
  }

  get softwareEnabled(): boolean {
    return (this.#svr & SVR_ENABLED) !== 0;
  }

  /** Whether a destination with this address means this APIC (11.6.2). */
  matches(destination: number, logical: boolean): boolean {
    if (!logical) return destination === 0xff || destination === this.#id;
    const own = this.#ldr >>> 24;
    if (this.#dfr >>> 28 === 0xf) return (own & destination) !== 0; // flat
    const cluster = destination >> 4;
    return (cluster === 0xf || cluster === own >> 4) && (destination & own & 0xf) !== 0;
  }

  /** Whether the CPU's INTR is asserted by a vector of this APIC. */
  get interruptPending(): boolean {
    const vector = highest(this.#irr);
    return vector >= 0 && vector >> 4 > this.processorPriority >> 4;
  }

  /** The CPU's acknowledge cycle. Gives the spurious vector if priorities have changed in between (11.9). */
  acknowledge(): number {
    if (!this.interruptPending) return this.#svr & 0xff;
    const vector = highest(this.#irr);
    clearBit(this.#irr, vector);
    setBit(this.#isr, vector);
    this.#cpu.interruptsChanged();
    return vector;
  }

  /** Takes a message that is addressed to this APIC. */
  accept(message: InterruptMessage): void {
    switch (message.delivery) {
      case DELIVERY_FIXED:
      case DELIVERY_LOWEST_PRIORITY:
        this.#acceptVector(message.vector, message.level);
        break;
      case DELIVERY_NMI:
        this.nmiPending = true;
        this.#cpu.interruptsChanged();
        break;
      case DELIVERY_INIT:
        this.#cpu.init();
        break;
      case DELIVERY_STARTUP:
        this.#cpu.startup(message.vector);
        break;
      default: // SMI has no handler on this machine; ExtINT is a matter of the 8259's output
        break;
    }
  }

  /** Whether the 8259's output reaches the CPU through LINT0. */
  get passesExternalInterrupts(): boolean {
    const lint0 = this.#lvt[LVT_LINT0]!;
    return (lint0 & MASKED) === 0 && ((lint0 >> 8) & 7) === DELIVERY_EXTINT;
  }

  /** The state in which a PC BIOS hands over the boot processor: enabled, LINT0 from the 8259, LINT1 for NMI. */
  enterVirtualWireMode(): void {
    this.write(REG_SVR, SVR_ENABLED | 0xff);
    this.write(REG_LVT_FIRST + 0x10 * LVT_LINT0, TRIGGER_LEVEL | (DELIVERY_EXTINT << 8));
    this.write(REG_LVT_FIRST + 0x10 * LVT_LINT1, TRIGGER_LEVEL | (DELIVERY_NMI << 8));
  }

  read(offset: number): number {
    if (offset >= REG_ISR && offset < REG_ESR) return this.#readVectors(offset);
    if (offset >= REG_LVT_FIRST && offset <= REG_LVT_LAST) return this.#lvt[(offset - REG_LVT_FIRST) >> 4]!;
    switch (offset) {
      case REG_ID:
        return (this.#id << 24) >>> 0;
      case REG_VERSION:
        return VERSION;
      case REG_TPR:
        return this.#tpr;
      case REG_APR:
        return this.#arbitrationPriority();
      case REG_PPR:
        return this.processorPriority;
      case REG_EOI:
      case REG_REMOTE_READ:
        return 0;
      case REG_LDR:
        return this.#ldr;
      case REG_DFR:
        return this.#dfr;
      case REG_SVR:
        return this.#svr;
      case REG_ESR:
        return this.#esr;
      case REG_ICR_LOW:
        return this.#icrLow;
      case REG_ICR_HIGH:
        return this.#icrHigh;
      case REG_TIMER_INITIAL:
        return this.#timer.initialCount;
      case REG_TIMER_CURRENT:
        return this.#timer.currentCount;
      case REG_TIMER_DIVIDE:
        return this.#timer.divideConfiguration;
      default:
        this.#error(ERROR_ILLEGAL_REGISTER);
        return 0;
    }
  }

  write(offset: number, value: number): void {
    if (offset >= REG_LVT_FIRST && offset <= REG_LVT_LAST) {
      this.#writeLvt((offset - REG_LVT_FIRST) >> 4, value);
      return;
    }
    switch (offset) {
      case REG_ID:
        this.#id = value >>> 24;
        break;
      case REG_TPR:
        this.#tpr = value & 0xff;
        this.#cpu.interruptsChanged();
        break;
      case REG_EOI:
        this.#endOfInterrupt();
        break;
      case REG_LDR:
        this.#ldr = (value & 0xff00_0000) >>> 0;
        break;
      case REG_DFR:
        this.#dfr = (value | 0x0fff_ffff) >>> 0;
        break;
      case REG_SVR:
        this.#writeSpurious(value);
        break;
      case REG_ESR:
        this.#esr = this.#errors;
        this.#errors = 0;
        break;
      case REG_ICR_LOW:
        this.#icrLow = value & ICR_WRITABLE;
        this.#send();
        break;
      case REG_ICR_HIGH:
        this.#icrHigh = (value & 0xff00_0000) >>> 0;
        break;
      case REG_TIMER_INITIAL:
        this.#timer.start(value >>> 0);
        break;
      case REG_TIMER_DIVIDE:
        this.#timer.setDivider(value);
        break;
      case REG_VERSION: // read-only registers ignore writes
      case REG_APR:
      case REG_PPR:
      case REG_REMOTE_READ:
      case REG_TIMER_CURRENT:
        break;
      default:
        if (offset < REG_ISR || offset >= REG_ESR) this.#error(ERROR_ILLEGAL_REGISTER);
    }
  }

  transferState(state: StateStream): void {
    for (const registers of [this.#irr, this.#isr, this.#tmr, this.#lvt]) state.array(registers);
    this.#id = state.number(this.#id);
    this.#tpr = state.number(this.#tpr);
    this.#ldr = state.number(this.#ldr);
    this.#dfr = state.number(this.#dfr);
    this.#svr = state.number(this.#svr);
    this.#icrLow = state.number(this.#icrLow);
    this.#icrHigh = state.number(this.#icrHigh);
    this.#errors = state.number(this.#errors);
    this.#esr = state.number(this.#esr);
    this.nmiPending = state.flag(this.nmiPending);
    this.#timer.transferState(state);
  }

  #readVectors(offset: number): number {
    const index = (offset >> 4) & 7;
    if (offset < REG_TMR) return this.#isr[index]!;
    return offset < REG_IRR ? this.#tmr[index]! : this.#irr[index]!;
  }

  #acceptVector(vector: number, level: boolean): void {
    if (vector < 16) {
      this.#error(ERROR_RECEIVE_ILLEGAL_VECTOR);
      return;
    }
    if (!this.softwareEnabled) return;
    setBit(this.#irr, vector);
    if (level) setBit(this.#tmr, vector);
    else clearBit(this.#tmr, vector);
    this.#cpu.interruptsChanged();
  }

  #endOfInterrupt(): void {
    const vector = highest(this.#isr);
    if (vector < 0) return;
    clearBit(this.#isr, vector);
    if (hasBit(this.#tmr, vector)) this.#bus.endOfInterrupt(vector);
    this.#cpu.interruptsChanged();
  }

  /** 11.4.7.2: disabling masks all LVT entries; while disabled they cannot be unmasked. */
  #writeSpurious(value: number): void {
    this.#svr = value & 0x3ff;
    if (!this.softwareEnabled) for (let i = 0; i < this.#lvt.length; i++) this.#lvt[i]! |= MASKED;
    this.#cpu.interruptsChanged();
  }

  #writeLvt(index: number, value: number): void {
    const mask = this.softwareEnabled ? 0 : MASKED;
    const status = this.#lvt[index]! & REMOTE_IRR;
    this.#lvt[index] = (value & LVT_WRITABLE[index]!) | mask | status;
    if (index === LVT_TIMER) this.#timer.setPeriodic(((value >> 17) & 3) === 1);
    this.#cpu.interruptsChanged();
  }

  /** Sends the interrupt command (11.6.1). It is accepted at once, so that the delivery status is always idle. */
  #send(): void {
    const message: InterruptMessage = {
      vector: this.#icrLow & 0xff,
      delivery: (this.#icrLow >> 8) & 7,
      level: (this.#icrLow & TRIGGER_LEVEL) !== 0,
      logical: (this.#icrLow & (1 << 11)) !== 0,
      destination: this.#icrHigh >>> 24,
    };
    const assert = (this.#icrLow & (1 << 14)) !== 0;
    if (message.delivery === DELIVERY_INIT && message.level && !assert) return; // de-assert: nothing since the P6
    if (message.vector < 16 && message.delivery <= DELIVERY_LOWEST_PRIORITY) {
      this.#error(ERROR_SEND_ILLEGAL_VECTOR);
      return;
    }
    // IPIs are edges: "the trigger mode is used for INIT level de-assert only".
    const edge = { ...message, level: false };
    switch ((this.#icrLow >> 18) & 3) {
      case 0:
        this.#bus.send(edge);
        break;
      case 1:
        if (edge.delivery === DELIVERY_FIXED) this.accept(edge);
        break;
      case 2:
        this.#bus.broadcast(this, true, edge);
        break;
      default:
        this.#bus.broadcast(this, false, edge);
    }
  }

  #raiseLocal(index: number): void {
    const entry = this.#lvt[index]!;
    if ((entry & MASKED) === 0) this.#acceptVector(entry & 0xff, false);
  }

  #error(bit: number): void {
    this.#errors |= bit;
    const entry = this.#lvt[LVT_ERROR]!;
    if ((entry & MASKED) === 0 && (entry & 0xff) >= 16) this.#acceptVector(entry & 0xff, false);
  }

  /** 11.8.3.1 */
  #arbitrationPriority(): number {
    const request = Math.max(0, highest(this.#irr)) >> 4;
    const service = Math.max(0, highest(this.#isr)) >> 4;
    const task = this.#tpr >> 4;
    return task >= request && task > service ? this.#tpr : Math.max(task, request, service) << 4;
  }
}

/** The highest bit that is set, or -1. */
function highest(bits: Uint32Array): number {
  for (let i = 7; i >= 0; i--) {
    if (bits[i] !== 0) return 32 * i + 31 - Math.clz32(bits[i]!);
  }
  return -1;
}

function hasBit(bits: Uint32Array, index: number): boolean {
  return ((bits[index >> 5]! >>> (index & 31)) & 1) !== 0;
}

function setBit(bits: Uint32Array, index: number): void {
  bits[index >> 5]! |= 1 << (index & 31);
}

function clearBit(bits: Uint32Array, index: number): void {
  bits[index >> 5]! &= ~(1 << (index & 31));
}
