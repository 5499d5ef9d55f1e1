/*
 * The PCI bus as software finds it: configuration space, by mechanism 1.
 *
 *   port CF8   32 bits: enable, bus, device, function, register
 *        CFC   a window to that register, 8, 16 or 32 bits
 *        CF9   reset control of the chip set (a byte inside the address register, which takes 32-bit accesses only)
 *
 * A function is 256 bytes, a mask that says which bits software can change, and what happens when it does.
 *
 * Source: PCI Local Bus Specification 2.2, 3.2.2.3 and 6.1 to 6.2; Intel 82371SB (PIIX3), 2.3.7 (reset control).
 */

import type { PortHandler } from '../ports.ts';
import type { Stateful, StateStream } from '../state.ts';

export const PCI_ADDRESS_PORT = 0xcf8;
const RESET_PORT = 0xcf9;
const DATA_PORT = 0xcfc;

const ENABLE = 0x8000_0000;
const RESET_SOFTWARE_BITS = 0x06;
const RESET_CPU = 0x04;
const CONFIGURATION_BYTES = 256;
const NO_DEVICE = 0xff;

export const CONFIG_COMMAND = 0x04;
export const COMMAND_IO = 0x01;
export const COMMAND_BUS_MASTER = 0x04;

export interface FunctionDescription {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** Class, subclass, programming interface: 24 bits. */
  readonly classCode: number;
  readonly isMultifunction?: boolean;
}

export class PciFunction implements Stateful {
  readonly #bytes = new Uint8Array(CONFIGURATION_BYTES);
  readonly #writable = new Uint8Array(CONFIGURATION_BYTES);
  readonly #changed: () => void;

  /** `changed` is called after software has written. */
  constructor(description: FunctionDescription, changed: () => void = () => undefined) {
    this.#changed = changed;
    this.#put(0x00, 2, description.vendor);
    this.#put(0x02, 2, description.device);
    this.#put(0x08, 4, (description.classCode << 8) | description.revision);
    this.#put(0x0e, 1, description.isMultifunction === true ? 0x80 : 0);
  }

  /** A register with the value that it has after power-on, and the bits that software can change. */
  define(offset: number, bytes: 1 | 2 | 4, value: number, writable: number): this {
    this.#put(offset, bytes, value);
    for (let i = 0; i < bytes; i++) this.#writable[offset + i] = (writable >>> (8 * i)) & 0xff;
    return this;
  }

  transferState(state: StateStream): void {
    state.array(this.#bytes);
  }

  get(offset: number, bytes: 1 | 2 | 4): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value |= this.#bytes[offset + i]! << (8 * i);
    return value >>> 0;
  }

  read(offset: number): number {
    return this.#bytes[offset]!;
  }

  /** A write by software, of 1, 2 or 4 bytes at once. */
  write(offset: number, bytes: 1 | 2 | 4, value: number): void {
    for (let i = 0; i < bytes; i++) {
      const writable = this.#writable[offset + i]!;
      this.#bytes[offset + i] = (this.#bytes[offset + i]! & ~writable) | ((value >>> (8 * i)) & writable);
    }
    this.#changed();
  }

  #put(offset: number, bytes: number, value: number): void {
    for (let i = 0; i < bytes; i++) this.#bytes[offset + i] = (value >>> (8 * i)) & 0xff;
  }
}

export class PciBus implements PortHandler, Stateful {
  readonly #functions = new Map<number, PciFunction>();
  readonly #onReset: () => void;
  #address = 0;
  #resetControl = 0;

  /** `onReset`: software resets the machine through the reset control register. */
  constructor(onReset: () => void) {
    this.#onReset = onReset;
  }

  /** Puts a function onto bus 0. */
  add(device: number, number: number, pciFunction: PciFunction): void {
    this.#functions.set((device << 3) | number, pciFunction);
  }

  transferState(state: StateStream): void {
    this.#address = state.number(this.#address);
    this.#resetControl = state.number(this.#resetControl);
    for (const pciFunction of this.#functions.values()) pciFunction.transferState(state);
  }

  read(port: number): number {
    if (port === RESET_PORT) return this.#resetControl;
    if (port < DATA_PORT) return 0xff;
    return this.#selected?.read(this.#register(port)) ?? NO_DEVICE;
  }

  read32(port: number): number {
    if (port === PCI_ADDRESS_PORT) return this.#address;
    return [0, 1, 2, 3].reduce((value, i) => value | (this.#readNext(port + i) << (8 * i)), 0);
  }

  write(port: number, value: number): void {
    if (port === RESET_PORT) this.#writeReset(value);
    else if (port >= DATA_PORT) this.#selected?.write(this.#register(port), 1, value);
  }

  write16(port: number, value: number): void {
    if (port < DATA_PORT) {
      this.write(port, value & 0xff);
      this.write(port + 1, value >> 8);
    } else if ((port & 1) === 0) {
      this.#selected?.write(this.#register(port), 2, value);
    }
  }

  write32(port: number, value: number): void {
    if (port === PCI_ADDRESS_PORT) this.#address = (value & 0x80ff_fffc) >>> 0;
    else if (port === DATA_PORT) this.#selected?.write(this.#register(port), 4, value);
  }

  /** Beyond the window there is nothing. */
  #readNext(port: number): number {
    return port < DATA_PORT + 4 ? this.read(port) : NO_DEVICE;
  }

  get #selected(): PciFunction | undefined {
    const isEnabled = (this.#address & ENABLE) !== 0;
    return isEnabled ? this.#functions.get((this.#address >>> 8) & 0xffff) : undefined;
  }

  #register(port: number): number {
    return (this.#address & 0xfc) | (port & 3);
  }

  #writeReset(value: number): void {
    const before = this.#resetControl;
    this.#resetControl = value & RESET_SOFTWARE_BITS;
    if ((value & ~before & RESET_CPU) !== 0) this.#onReset();
  }
}
