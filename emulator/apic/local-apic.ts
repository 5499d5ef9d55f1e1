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
 * This file is the register file and the priority logic; the sources of interrupts that an APIC has itself are in
 * local-vectors.ts. Where messages between CPUs go is the bus's business (`ApicBus`), and so is waking a CPU by INIT and
 * STARTUP (`ApicCpu`).
 *
 * Source: Intel SDM vol. 3A, chapter 11 (numbers of sections below refer to it).
 */

import type { VirtualClock } from '../clock.ts';
import type { Stateful, StateStream } from '../state.ts';
import { ApicTimer } from './apic-timer.ts';
import { LocalVectorTable, LVT_ERROR, LVT_LINT0, LVT_LINT1, LVT_TIMER, LVT_TRIGGER_LEVEL } from './local-vectors.ts';
import {
  type ApicBus,
  type ApicCpu,
  DELIVERY_EXTINT,
  DELIVERY_FIXED,
  DELIVERY_INIT,
  DELIVERY_LOWEST_PRIORITY,
  DELIVERY_NMI,
  DELIVERY_STARTUP,
  FIRST_VECTOR,
  type InterruptMessage,
  type MessageTarget,
} from './messages.ts';
import { VectorSet } from './vector-set.ts';

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

/** Version 14 (an integrated APIC), highest LVT entry 5. */
const VERSION = 0x0005_0014;
const SVR_ENABLED = 1 << 8;
const SVR_NO_FOCUS = 1 << 9;

/** Where the registers of every APIC are after power-on. */
export const APIC_POWER_ON_ADDRESS = 0xfee0_0000;
const BASE_BOOT_PROCESSOR = 1 << 8;
const BASE_ENABLED = 1 << 11;
const BASE_ADDRESS = 0xffff_f000;

/** Bits of the interrupt command that software can set (11.6.1). */
const ICR_WRITABLE = 0xccfff & ~(1 << 12);
const ICR_TRIGGER_LEVEL = 1 << 15;

/** Errors in the ESR (11.5.3). */
const ERROR_SEND_ILLEGAL_VECTOR = 1 << 5;
const ERROR_RECEIVE_ILLEGAL_VECTOR = 1 << 6;
const ERROR_ILLEGAL_REGISTER = 1 << 7;

export class LocalApic implements MessageTarget, Stateful {
  /** The initial APIC id. Software may change the id that is used for physical destinations. */
  readonly index: number;
  /**
   * NMIs that the CPU has not taken yet: one, or two if it is outside the handler. A CPU that runs would have begun to handle
   * the first by the time the second comes; that this one may be waiting for its turn must not show.
   */
  #nmis = 0;

  readonly #bus: ApicBus;
  readonly #cpu: ApicCpu;
  readonly #timer: ApicTimer;
  readonly #irr = new VectorSet();
  readonly #isr = new VectorSet();
  readonly #tmr = new VectorSet();
  readonly #lvt: LocalVectorTable;
  #base = APIC_POWER_ON_ADDRESS | BASE_ENABLED;
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
  /** The next error interrupts; it is the only one until software writes the ESR. */
  #errorArmed = true;

  constructor(index: number, clock: VirtualClock, bus: ApicBus, cpu: ApicCpu) {
    this.index = index;
    this.#bus = bus;
    this.#cpu = cpu;
    this.#timer = new ApicTimer(clock, () => this.#lvt.raise(LVT_TIMER));
    this.#lvt = new LocalVectorTable({
      acceptVector: (vector, level) => this.#acceptVector(vector, level),
      accept: (message) => this.accept(message),
    });
    this.#id = index;
  }

  /** State after power-up and INIT (11.4.7): the id and the base register survive. */
  reset(): void {
    for (const vectors of [this.#irr, this.#isr, this.#tmr]) vectors.clear();
    this.#lvt.reset();
    this.#tpr = 0;
    this.#ldr = 0;
    this.#dfr = 0xffff_ffff;
    this.#svr = 0xff;
    this.#icrLow = 0;
    this.#icrHigh = 0;
    this.#errors = 0;
    this.#esr = 0;
    this.#errorArmed = true;
    this.#nmis = 0;
    this.#timer.reset();
    this.#cpu.interruptsChanged();
  }

  get id(): number {
    return this.#id;
  }

  get nmiPending(): boolean {
    return this.#nmis > 0;
  }

  /** The CPU begins to handle an NMI. */
  takeNmi(): void {
    this.#nmis--;
  }

  /** 11.8.3.1 */
  get processorPriority(): number {
    const inService = Math.max(0, this.#isr.highest) & 0xf0;
    return (this.#tpr & 0xf0) >= inService ? this.#tpr : inService;
  }

  /** What decides "lowest priority" delivery (11.6.2.4). */
  get arbitrationPriority(): number {
    const request = Math.max(0, this.#irr.highest) >> 4;
    const service = Math.max(0, this.#isr.highest) >> 4;
    const task = this.#tpr >> 4;
    return task >= request && task > service ? this.#tpr : Math.max(task, request, service) << 4;
  }

  /** Whether this CPU is concerned with the vector already, and so gets it whatever its priority is. */
  isFocus(vector: number): boolean {
    return (this.#svr & SVR_NO_FOCUS) === 0 && (this.#irr.has(vector) || this.#isr.has(vector));
  }

  /** The APIC base register of the CPU (11.4.4). */
  get base(): number {
    return (this.#base | (this.index === 0 ? BASE_BOOT_PROCESSOR : 0)) >>> 0;
  }

  /** Disabling leaves the CPU as one that has no APIC; its registers lose their contents, as at power-on (11.4.3). */
  set base(value: number) {
    const before = this.#base;
    this.#base = (value & (BASE_ADDRESS | BASE_ENABLED)) >>> 0;
    if ((before & ~this.#base & BASE_ENABLED) !== 0) {
      this.reset();
      this.#id = this.index;
    }
    this.#cpu.apicBaseChanged();
    this.#cpu.interruptsChanged();
    this.#bus.receiversChanged();
  }

  get hardwareEnabled(): boolean {
    return (this.#base & BASE_ENABLED) !== 0;
  }

  /** The physical page at which the CPU finds the registers, or -1. */
  get page(): number {
    return this.hardwareEnabled ? (this.#base & BASE_ADDRESS) >>> 0 : -1;
  }

  get softwareEnabled(): boolean {
    return (this.#svr & SVR_ENABLED) !== 0;
  }

  /** Whether a destination with this address means this APIC (11.6.2). */
  matches(destination: number, logical: boolean): boolean {
    if (!this.hardwareEnabled) return false;
    if (destination === 0xff) return true;
    if (!logical) return destination === this.#id;
    const own = this.#ldr >>> 24;
    if (this.#dfr >>> 28 === 0xf) return (own & destination) !== 0; // flat
    const cluster = destination >> 4;
    return (cluster === 0xf || cluster === own >> 4) && (destination & own & 0xf) !== 0;
  }

  /** Whether the CPU's INTR is asserted by a vector of this APIC. */
  get interruptPending(): boolean {
    const vector = this.#irr.highest;
    return vector >= 0 && vector >> 4 > this.processorPriority >> 4;
  }

  /** The CPU's acknowledge cycle. Gives the spurious vector if priorities have changed in between (11.9). */
  acknowledge(): number {
    if (!this.interruptPending) return this.#svr & 0xff;
    const vector = this.#irr.highest;
    this.#irr.set(vector, false);
    this.#isr.set(vector, true);
    this.#cpu.interruptsChanged();
    return vector;
  }

  /** Takes a message that is addressed to this APIC, if it can: while disabled by software, it takes no vectors. */
  accept(message: InterruptMessage): boolean {
    switch (message.delivery) {
      case DELIVERY_FIXED:
      case DELIVERY_LOWEST_PRIORITY:
        return this.#acceptVector(message.vector, message.level);
      case DELIVERY_NMI:
        if (this.#cpu.waitsForStartup) break;
        this.#nmis = Math.min(this.#nmis + 1, this.#cpu.insideNmi ? 1 : 2);
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
    return true;
  }

  /** Whether the 8259's output reaches the CPU: through LINT0, or directly while there is no APIC. */
  get passesExternalInterrupts(): boolean {
    return !this.hardwareEnabled || this.#lvt.passesExternalInterrupts;
  }

  /** Whether LINT0 reaches the CPU even if its interrupts are off. */
  get passesUnmaskable(): boolean {
    return this.#lvt.passesUnmaskable;
  }

  /** Drives LINT0 or LINT1, named by its LVT entry. */
  setPin(index: number, active: boolean): void {
    this.#lvt.setPin(index, active);
  }

  /** The state in which a PC BIOS hands over the boot processor: enabled, LINT0 from the 8259, LINT1 for NMI. */
  enterVirtualWireMode(): void {
    this.write(REG_SVR, SVR_ENABLED | 0xff);
    this.write(REG_LVT_FIRST + 0x10 * LVT_LINT0, LVT_TRIGGER_LEVEL | (DELIVERY_EXTINT << 8));
    this.write(REG_LVT_FIRST + 0x10 * LVT_LINT1, LVT_TRIGGER_LEVEL | (DELIVERY_NMI << 8));
  }

  read(offset: number): number {
    if (offset >= REG_ISR && offset < REG_ESR) return this.#readVectors(offset);
    if (offset >= REG_LVT_FIRST && offset <= REG_LVT_LAST) return this.#lvt.read((offset - REG_LVT_FIRST) >> 4);
    switch (offset) {
      case REG_ID:
        return (this.#id << 24) >>> 0;
      case REG_VERSION:
        return VERSION;
      case REG_TPR:
        return this.#tpr;
      case REG_APR:
        return this.arbitrationPriority;
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
        if ((offset & 0xf) === 0) this.#error(ERROR_ILLEGAL_REGISTER); // what is beside a register is undefined
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
        this.#bus.receiversChanged();
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
        this.#bus.receiversChanged();
        break;
      case REG_DFR:
        this.#dfr = (value | 0x0fff_ffff) >>> 0;
        this.#bus.receiversChanged();
        break;
      case REG_SVR:
        this.#writeSpurious(value);
        break;
      case REG_ESR:
        this.#esr = this.#errors;
        this.#errors = 0;
        this.#errorArmed = true;
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
        if ((offset & 0xf) === 0 && (offset < REG_ISR || offset >= REG_ESR)) this.#error(ERROR_ILLEGAL_REGISTER);
    }
  }

  transferState(state: StateStream): void {
    for (const vectors of [this.#irr, this.#isr, this.#tmr]) vectors.transferState(state);
    this.#lvt.transferState(state);
    this.#base = state.number(this.#base);
    this.#id = state.number(this.#id);
    this.#tpr = state.number(this.#tpr);
    this.#ldr = state.number(this.#ldr);
    this.#dfr = state.number(this.#dfr);
    this.#svr = state.number(this.#svr);
    this.#icrLow = state.number(this.#icrLow);
    this.#icrHigh = state.number(this.#icrHigh);
    this.#errors = state.number(this.#errors);
    this.#esr = state.number(this.#esr);
    this.#errorArmed = state.flag(this.#errorArmed);
    this.#nmis = state.number(this.#nmis);
    this.#timer.transferState(state);
  }

  #readVectors(offset: number): number {
    const index = (offset >> 4) & 7;
    if (offset < REG_TMR) return this.#isr.word(index);
    return offset < REG_IRR ? this.#tmr.word(index) : this.#irr.word(index);
  }

  #acceptVector(vector: number, level: boolean): boolean {
    if (vector < FIRST_VECTOR) {
      this.#error(ERROR_RECEIVE_ILLEGAL_VECTOR);
      return false;
    }
    if (!this.softwareEnabled) return false;
    this.#irr.set(vector, true);
    this.#tmr.set(vector, level);
    this.#cpu.interruptsChanged();
    return true;
  }

  #endOfInterrupt(): void {
    const vector = this.#isr.highest;
    if (vector < 0) return;
    this.#isr.set(vector, false);
    if (this.#tmr.has(vector)) {
      this.#lvt.endOfInterrupt(vector);
      this.#bus.endOfInterrupt(vector);
    }
    this.#cpu.interruptsChanged();
  }

  /** 11.4.7.2: disabling masks all LVT entries; while disabled they cannot be unmasked. */
  #writeSpurious(value: number): void {
    this.#svr = value & 0x3ff;
    if (!this.softwareEnabled) {
      this.#lvt.maskAll();
      this.#setTimerMode();
    }
    this.#cpu.interruptsChanged();
    this.#bus.receiversChanged();
  }

  #writeLvt(index: number, value: number): void {
    this.#lvt.write(index, value, this.softwareEnabled);
    if (index === LVT_TIMER) this.#setTimerMode();
    this.#cpu.interruptsChanged();
  }

  #setTimerMode(): void {
    this.#timer.setMode(this.#lvt.timerIsPeriodic, this.#lvt.isMasked(LVT_TIMER));
  }

  /** Sends the interrupt command (11.6.1). It is accepted at once, so that the delivery status is always idle. */
  #send(): void {
    const message: InterruptMessage = {
      vector: this.#icrLow & 0xff,
      delivery: (this.#icrLow >> 8) & 7,
      level: (this.#icrLow & ICR_TRIGGER_LEVEL) !== 0,
      logical: (this.#icrLow & (1 << 11)) !== 0,
      destination: this.#icrHigh >>> 24,
    };
    const assert = (this.#icrLow & (1 << 14)) !== 0;
    if (message.delivery === DELIVERY_INIT && message.level && !assert) return; // de-assert: nothing since the P6
    // It is sent all the same; whoever gets it notes an error as well, and does not deliver it.
    const isVectored = message.delivery <= DELIVERY_LOWEST_PRIORITY;
    if (isVectored && message.vector < FIRST_VECTOR) this.#error(ERROR_SEND_ILLEGAL_VECTOR);
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

  #error(bit: number): void {
    this.#errors |= bit;
    if (!this.#errorArmed || this.#lvt.isMasked(LVT_ERROR) || this.#lvt.vectorOf(LVT_ERROR) < FIRST_VECTOR) return;
    this.#errorArmed = false;
    this.#lvt.raise(LVT_ERROR);
  }
}
