/*
 * A virtual CPU.
 *
 * There is one core; the machine lets it be one CPU after the other. A VirtualCpu holds what makes it that CPU: its state
 * while another one occupies the core, its local APIC, and whether it runs, sleeps in HLT, or waits for a STARTUP message.
 *
 *   power-on:  boot processor  running        others  waiting
 *   INIT:      any state -> reset, waiting    STARTUP: waiting -> running at vector << 12
 *
 * Source: Intel SDM vol. 3A, 9.4 (multiple-processor initialisation); MP Specification appendix B.
 */

import type { LocalApic } from './apic/local-apic.ts';
import type { ApicCpu } from './apic/messages.ts';
import type { InterruptSystem } from './interrupts.ts';
import type { Stateful, StateStream } from './state.ts';
import { CPU_STATE_BYTES, type V86Core } from './v86/core.ts';
import { layout } from './v86/layout.ts';
import { INTERRUPT_LINE_INTR, INTERRUPT_LINE_NMI } from './v86/patches.ts';
import { completeReset, initialise } from './v86/reset-state.ts';

const NMI_VECTOR = 2;
const CODE_SEGMENT = 1;

/** What a CPU needs of the machine around it. */
export interface CpuSurroundings {
  readonly core: V86Core;
  readonly interrupts: InterruptSystem;
  /** Whether this CPU occupies the core. */
  isCurrent(cpu: VirtualCpu): boolean;
  /** What CPUID leaf 1 adds to EBX on this CPU. */
  identityOf(cpu: VirtualCpu): number;
  /** The machine must look anew at which CPUs can run. */
  reschedule(): void;
  /** The features of the CPU that occupies the core may have changed. */
  announce(): void;
}

export class VirtualCpu implements ApicCpu, Stateful {
  readonly index: number;
  readonly #machine: CpuSurroundings;
  /** Where in the core's memory its state is while another CPU occupies the core: as `layout` has it, from `cpuStart` on. */
  #saved = 0;
  #reset = new Uint8Array(0);
  #waitsForStartup: boolean;
  /** An INIT that reached the CPU while it occupied the core: it takes effect when the core has stopped. */
  #initPending = false;
  #lines = 0;
  /** An NMI is being handled: no other one is taken before the next IRET (SDM vol. 3A, 6.7.1). */
  #insideNmi = false;

  constructor(index: number, machine: CpuSurroundings) {
    this.index = index;
    this.#machine = machine;
    this.#waitsForStartup = index > 0;
  }

  get apic(): LocalApic {
    return this.#machine.interrupts.localApics[this.index]!;
  }

  /** Gives the CPU, before the machine runs, the state after reset, in which the core is. */
  powerOn(): void {
    this.#saved = this.#machine.core.allocateCpu();
    this.leave();
    completeReset(this.#savedBytes);
    this.#reset = this.#savedBytes.slice();
    if (this.#machine.isCurrent(this)) this.enter();
  }

  get #savedBytes(): Uint8Array {
    return this.#machine.core.bytes.subarray(this.#saved, this.#saved + CPU_STATE_BYTES);
  }

  /** A byte of its state, by its address in `layout`. */
  #byteAt(address: number): number {
    const { core } = this.#machine;
    return core.bytes[this.#machine.isCurrent(this) ? address : address - layout.cpuStart + this.#saved]!;
  }

  get insideNmi(): boolean {
    return this.#insideNmi;
  }

  get waitsForStartup(): boolean {
    return this.#waitsForStartup;
  }

  get halted(): boolean {
    return this.#byteAt(layout.halted) !== 0;
  }

  /** What is not in the core's block: that is passed on by whoever handles the core. */
  transferState(state: StateStream): void {
    this.#waitsForStartup = state.flag(this.#waitsForStartup);
    this.#initPending = state.flag(this.#initPending);
    this.#lines = state.number(this.#lines);
    this.#insideNmi = state.flag(this.#insideNmi);
  }

  /** Whether there is anything for it to do: it is not waiting, and if it sleeps, something would wake it. */
  get runnable(): boolean {
    if (this.#waitsForStartup) return false;
    if (!this.halted || (this.#lines & INTERRUPT_LINE_NMI) !== 0) return true;
    return this.#interruptsEnabled && this.#lines !== 0;
  }

  /** Whether an interrupt would make it runnable. */
  get wakeable(): boolean {
    return !this.#waitsForStartup && (!this.halted || this.#interruptsEnabled);
  }

  get #interruptsEnabled(): boolean {
    return (this.#byteAt(layout.eflags + 1) & 2) !== 0;
  }

  /** The state of the CPU, addressed as `layout`, less `cpuStart`. Valid until the machine runs again. */
  block(): Uint8Array {
    if (this.#machine.isCurrent(this)) this.leave();
    return this.#savedBytes;
  }

  /** Takes back what `block` gave, for a CPU that does not occupy the core, or is to enter it anew. */
  restoreBlock(block: Uint8Array): void {
    this.#savedBytes.set(block);
  }

  /** Moves this CPU into the core. */
  enter(): void {
    this.#machine.core.loadCpu(this.#saved, this.#machine.identityOf(this));
    this.enterLines();
  }

  /** Tells the core about this CPU's interrupt lines. */
  enterLines(): void {
    this.#machine.core.setInterruptLines(this.#lines);
    this.#machine.core.setInsideNmi(this.#insideNmi);
  }

  /** Moves this CPU out of the core. */
  leave(): void {
    this.#machine.core.saveCpu(this.#saved);
  }

  interruptsChanged(): void {
    const { core, interrupts } = this.#machine;
    const apic = this.apic;
    const intr = apic.interruptPending || interrupts.externalInterruptPending(this.index);
    const nmi = apic.nmiPending && !this.#insideNmi;
    const lines = (intr ? INTERRUPT_LINE_INTR : 0) | (nmi ? INTERRUPT_LINE_NMI : 0);
    if (lines === this.#lines) return;
    this.#lines = lines;
    if (this.#machine.isCurrent(this)) {
      core.setInterruptLines(lines);
      if (lines !== 0) core.stop();
    }
    if (lines !== 0) this.#machine.reschedule();
  }

  apicBaseChanged(): void {
    if (this.#machine.isCurrent(this)) this.#machine.announce();
  }

  /** The acknowledge cycle: which vector the CPU takes now, or -1. */
  acknowledge(): number {
    const { core, interrupts } = this.#machine;
    if (this.apic.nmiPending && !this.#insideNmi) {
      this.apic.takeNmi();
      this.#setInsideNmi(true);
      return NMI_VECTOR;
    }
    if (!core.interruptsEnabled) return -1;
    if (interrupts.externalInterruptPending(this.index)) return interrupts.pic.acknowledge();
    return this.apic.interruptPending ? this.apic.acknowledge() : -1;
  }

  /** The CPU, which occupies the core, executes an IRET. */
  returnFromNmi(): void {
    this.#setInsideNmi(false);
  }

  #setInsideNmi(inside: boolean): void {
    this.#insideNmi = inside;
    this.#machine.core.setInsideNmi(inside);
    this.interruptsChanged();
  }

  init(): void {
    this.#initPending = true;
    if (this.#machine.isCurrent(this)) this.#machine.core.stop();
    else this.completeInit();
  }

  /** Carries an INIT out. The CPU must not be in the middle of an instruction. */
  completeInit(): void {
    if (!this.#initPending) return;
    this.#initPending = false;
    this.#insideNmi = false;
    this.apic.reset();
    if (this.#machine.isCurrent(this)) this.leave();
    initialise(this.#savedBytes, this.#reset);
    this.#waitsForStartup = this.index > 0;
    if (this.#machine.isCurrent(this)) this.enter();
    this.#machine.reschedule();
  }

  startup(vector: number): void {
    if (!this.#waitsForStartup) return;
    const segment = vector << 8;
    const saved = new DataView(this.#machine.core.bytes.buffer, this.#saved, CPU_STATE_BYTES);
    const put = (at: number, value: number) => saved.setUint32(at - layout.cpuStart, value, true);
    saved.setUint16(layout.selectors + 2 * CODE_SEGMENT - layout.cpuStart, segment, true);
    put(layout.segmentBases + 4 * CODE_SEGMENT, segment << 4);
    put(layout.instructionPointer, segment << 4);
    put(layout.previousInstructionPointer, segment << 4);
    this.#waitsForStartup = false;
    if (this.#machine.isCurrent(this)) this.enter();
    this.#machine.reschedule();
  }
}
