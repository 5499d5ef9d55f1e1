/*
 * Interrupt messages, and what a local APIC is connected to.
 *
 * Source: Intel SDM vol. 3A, 11.6 (interprocessor interrupts), 11.5.1 (delivery modes).
 */

export const DELIVERY_FIXED = 0;
export const DELIVERY_LOWEST_PRIORITY = 1;
export const DELIVERY_NMI = 4;
export const DELIVERY_INIT = 5;
export const DELIVERY_STARTUP = 6;
export const DELIVERY_EXTINT = 7;

/** Interrupts below this vector are the processor's exceptions: an APIC does not take them. */
export const FIRST_VECTOR = 16;

/** Whether interrupts that are delivered in this mode reach a CPU that has switched its interrupts off. */
export function isUnmaskable(delivery: number): boolean {
  return delivery === DELIVERY_NMI || delivery === DELIVERY_INIT;
}

/** An interrupt message, as the ICR and the redirection entries of the I/O APIC make them. */
export interface InterruptMessage {
  readonly vector: number;
  readonly delivery: number;
  readonly level: boolean;
  readonly logical: boolean;
  readonly destination: number;
}

/** The other end of a local APIC's messages. */
export interface MessageTarget {
  /** Whether the message was taken. */
  accept(message: InterruptMessage): boolean;
}

/** What a local APIC can do to others. */
export interface ApicBus {
  /** Sends to the destination that the message names. Whether somebody took it. */
  send(message: InterruptMessage): boolean;
  /** Sends to all CPUs, or to all but the sender. */
  broadcast(sender: MessageTarget, includeSender: boolean, message: InterruptMessage): void;
  /** Who takes which messages may have changed. */
  receiversChanged(): void;
  /** A level-triggered interrupt was completed. */
  endOfInterrupt(vector: number): void;
}

/** What a local APIC can do to its own CPU. */
export interface ApicCpu {
  /** INIT has been received, STARTUP not yet: nothing else reaches the CPU. */
  readonly waitsForStartup: boolean;
  /** Whether the CPU handles an NMI, and takes no other before the next IRET. */
  readonly insideNmi: boolean;
  /** The INTR or NMI condition may have changed. */
  interruptsChanged(): void;
  /** INIT: reset, then wait for STARTUP. */
  init(): void;
  /** STARTUP: begin in real mode at `vector` << 12, if waiting for it. */
  startup(vector: number): void;
  /** The APIC base register was written. */
  apicBaseChanged(): void;
}
