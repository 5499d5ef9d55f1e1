/*
 * How interrupts travel from devices to CPUs.
 *
 *   device --- ISA line ---+--- 8259 pair --- INTR --- LINT0 (ExtINT) of the boot processor's local APIC --- CPU 0
 *                          |
 *                          +--- I/O APIC pin --- message --- local APIC of any CPU
 *
 * Both controllers see every line; software masks the one that it does not use. Line 0 (the PIT) is wired to pin 2 of the
 * I/O APIC, as on real boards and as the MP table says; the others to the pin of their number. Several devices can share
 * a line: it is active while one of them drives it.
 */

import type { VirtualClock } from './clock.ts';
import {
  type ApicBus,
  type ApicCpu,
  DELIVERY_LOWEST_PRIORITY,
  type InterruptMessage,
  LocalApic,
} from './apic/local-apic.ts';
import { IoApic } from './apic/io-apic.ts';
import { PicPair } from './devices/pic.ts';
import type { Stateful, StateStream } from './state.ts';

/** Beyond the ids of the local APICs, which are 0 to 7. */
export const IO_APIC_ID = 8;

/** The pin of the I/O APIC that an ISA line goes to. */
export function pinOfLine(line: number): number {
  return line === 0 ? 2 : line;
}

export class InterruptSystem implements ApicBus, Stateful {
  readonly pic: PicPair;
  readonly ioApic: IoApic;
  readonly localApics: LocalApic[] = [];

  /** For each line, who drives it: one bit for each source. */
  readonly #drivers = new Uint32Array(16);
  #sources = 0;

  constructor(clock: VirtualClock, cpus: readonly ApicCpu[]) {
    const bootChanged = () => cpus[0]!.interruptsChanged();
    this.pic = new PicPair(bootChanged);
    this.ioApic = new IoApic(IO_APIC_ID, {
      send: (message) => this.send(message),
      externalInterruptChanged: bootChanged,
    });
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

  /** Whether the 8259 pair interrupts this CPU now: only the boot processor is wired to it. */
  externalInterruptPending(cpu: number): boolean {
    if (cpu !== 0 || !this.pic.interruptPending) return false;
    return this.localApics[0]!.passesExternalInterrupts || this.ioApic.passesExternalInterrupts;
  }

  send(message: InterruptMessage): void {
    const targets = this.localApics.filter((apic) => apic.matches(message.destination, message.logical));
    this.#deliver(targets, message);
  }

  broadcast(sender: LocalApic, includeSender: boolean, message: InterruptMessage): void {
    const targets = this.localApics.filter((apic) => includeSender || apic !== sender);
    this.#deliver(targets, message);
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

  /** "Lowest priority" goes to the enabled APIC whose CPU does the least important work; the lowest id wins a tie. */
  #deliver(targets: readonly LocalApic[], message: InterruptMessage): void {
    if (message.delivery !== DELIVERY_LOWEST_PRIORITY) {
      for (const apic of targets) apic.accept(message);
      return;
    }
    const [first, ...others] = targets.filter((apic) => apic.softwareEnabled);
    if (first === undefined) return;
    others
      .reduce((best, apic) => (apic.processorPriority < best.processorPriority ? apic : best), first)
      .accept(message);
  }
}
