/*
 * How interrupts travel from devices to CPUs.
 *
 *   device --- ISA line ---+--- 8259 pair --- INTR --+-- LINT0 of the boot processor's local APIC --- CPU 0
 *                          |                         |
 *                          |                         +-- pin 0
 *                          +--- I/O APIC pin --------------- message --- local APIC of any CPU
 *
 * Both controllers see every line; software masks the one that it does not use. Line 0 (the PIT) is wired to pin 2 of the
 * I/O APIC, as on real boards and as the MP table says; the others to the pin of their number; pin 0 takes INTR itself. Several devices can share
 * a line: it is active while one of them drives it.
 */

import type { VirtualClock } from './clock.ts';
import { LocalApic } from './apic/local-apic.ts';
import { LVT_LINT0 } from './apic/local-vectors.ts';
import {
  type ApicBus,
  type ApicCpu,
  DELIVERY_LOWEST_PRIORITY,
  type InterruptMessage,
  type MessageTarget,
} from './apic/messages.ts';
import { IoApic } from './apic/io-apic.ts';
import { PicPair } from './devices/pic.ts';
import type { Stateful, StateStream } from './state.ts';

/** Beyond the ids of the local APICs, which are 0 to 7. */
export const IO_APIC_ID = 8;

/** The pin of the I/O APIC that the 8259's output is wired to. */
export const EXTERNAL_PIN = 0;

/** The pin of the I/O APIC that an ISA line goes to. */
export function pinOfLine(line: number): number {
  return line === 0 ? 2 : line;
}

export class InterruptSystem implements ApicBus, Stateful {
  readonly pic: PicPair;
  readonly ioApic: IoApic;
  readonly localApics: LocalApic[] = [];
  /** Called when software looks at the state of lines, and when it may have opened some: who was quiet must make good for it. */
  onAttention: () => void = () => undefined;

  /** For each line, who drives it: one bit for each source. */
  readonly #drivers = new Uint32Array(16);
  #sources = 0;

  constructor(clock: VirtualClock, cpus: readonly ApicCpu[]) {
    const externalInterruptChanged = () => {
      for (const cpu of cpus) cpu.interruptsChanged();
    };
    const accessed = () => this.onAttention();
    this.pic = new PicPair(() => {
      const isPending = this.pic.interruptPending;
      this.ioApic.setPin(EXTERNAL_PIN, isPending);
      this.localApics[0]!.setPin(LVT_LINT0, isPending);
      externalInterruptChanged();
    }, accessed);
    this.ioApic = new IoApic(IO_APIC_ID, { send: (message) => this.send(message), externalInterruptChanged, accessed });
    for (const [index, cpu] of cpus.entries()) {
      this.localApics.push(new LocalApic(index, clock, this, cpu));
    }
  }

  /** A new source for a line: the function that it drives the line with. */
  source(line: number): (active: boolean) => void {
    const bit = 1 << this.#sources++;
    return (active) => {
      const before = this.#drivers[line]!;
      const after = active ? before | bit : before & ~bit;
      this.#drivers[line] = after;
      if ((before !== 0) === (after !== 0)) return;
      this.pic.setLine(line, active);
      this.ioApic.setPin(pinOfLine(line), active);
    };
  }

  /** Whether a change of this line can have consequences before software looks at a controller. */
  isHeard(line: number): boolean {
    return !this.pic.isMasked(line) || !this.ioApic.isMasked(pinOfLine(line));
  }

  /** Whether a device can wake a CPU that has switched its interrupts off: software routes it to an NMI or an INIT. */
  get passesUnmaskable(): boolean {
    return this.ioApic.passesUnmaskable || this.localApics.some((apic) => apic.passesUnmaskable);
  }

  /** Whether the 8259 pair interrupts this CPU now: the boot processor, or the one that the I/O APIC passes it on to. */
  externalInterruptPending(cpu: number): boolean {
    if (!this.pic.interruptPending) return false;
    const apic = this.localApics[cpu]!;
    if (cpu === 0 && apic.passesExternalInterrupts) return true;
    const passed = this.ioApic.externalInterrupts;
    return passed !== null && apic.matches(passed.destination, passed.logical);
  }

  send(message: InterruptMessage): boolean {
    const targets = this.localApics.filter((apic) => apic.matches(message.destination, message.logical));
    return this.#deliver(targets, message);
  }

  broadcast(sender: MessageTarget, includeSender: boolean, message: InterruptMessage): void {
    const targets = this.localApics.filter((apic) => apic.hardwareEnabled && (includeSender || apic !== sender));
    this.#deliver(targets, message);
  }

  receiversChanged(): void {
    this.ioApic.sendAgain();
  }

  endOfInterrupt(vector: number): void {
    this.ioApic.endOfInterrupt(vector);
  }

  transferState(state: StateStream): void {
    this.pic.transferState(state);
    this.ioApic.transferState(state);
    for (const apic of this.localApics) apic.transferState(state);
    state.array(this.#drivers);
  }

  /**
   * "Lowest priority" goes to the enabled APIC whose CPU deals with that vector already, or else does the least important
   * work; the lowest id wins a tie. Returns whether somebody took it.
   */
  #deliver(targets: readonly LocalApic[], message: InterruptMessage): boolean {
    if (message.delivery !== DELIVERY_LOWEST_PRIORITY) {
      let taken = false;
      for (const apic of targets) taken = apic.accept(message) || taken;
      return taken;
    }
    const [first, ...others] = targets.filter((apic) => apic.softwareEnabled);
    if (first === undefined) return false;
    const focus = [first, ...others].find((apic) => apic.isFocus(message.vector));
    const least = others.reduce(
      (best, apic) => (apic.arbitrationPriority < best.arbitrationPriority ? apic : best),
      first,
    );
    return (focus ?? least).accept(message);
  }
}
