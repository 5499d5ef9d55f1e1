/*
 * The chip set: an 82441FX host bridge, and an 82371SB ("PIIX3") with its ISA bridge and IDE controller.
 *
 *   00:00.0   8086:1237   host bridge
 *   00:01.0   8086:7000   ISA bridge
 *   00:01.1   8086:7010   IDE, both channels at their places on a PC, bus master registers at BAR 4
 *
 * A machine without a BIOS starts with what a BIOS would have set up: both channels on, the bus master registers at
 * BUS_MASTER_PORT. Whether the controller answers at its ports, and whether it may be a bus master, is up to the command
 * register, as software leaves it.
 *
 * Source: Intel 82441FX and 82371FB/82371SB data sheets.
 */

import type { PortHandler, PortSpace } from '../ports.ts';
import type { Stateful, StateStream } from '../state.ts';
import { CONTROL_OFFSET, type IdeChannel } from '../storage/ide-channel.ts';
import { COMMAND_BUS_MASTER, COMMAND_IO, CONFIG_COMMAND, PCI_ADDRESS_PORT, PciBus, PciFunction } from './pci.ts';

/** Where the bus master registers are until software moves them. */
export const BUS_MASTER_PORT = 0xc000;
const BUS_MASTER_PORTS = 16;

const CHANNEL_PORTS = [0x1f0, 0x170];
const CONFIG_BAR4 = 0x20;
const BAR_IO = 1;
/** IDE timing, one word for each channel; its highest bit makes the channel answer. */
const CONFIG_TIMING = 0x40;
const TIMING_DECODE = 0x8000;

export class Piix implements Stateful {
  readonly #pci: PciBus;
  readonly #ide: PciFunction;
  readonly #channels: readonly IdeChannel[];
  readonly #ports: PortSpace;
  readonly #busMasterPorts: PortHandler;
  #busMasterBase = 0;

  constructor(ports: PortSpace, channels: readonly IdeChannel[], onReset: () => void) {
    this.#ports = ports;
    this.#channels = channels;
    this.#pci = new PciBus(onReset);
    this.#pci.add(0, 0, hostBridge());
    this.#pci.add(1, 0, isaBridge());
    this.#ide = ideFunction(() => this.#update());
    this.#pci.add(1, 1, this.#ide);
    ports.register(PCI_ADDRESS_PORT, PCI_ADDRESS_PORT + 7, this.#pci);
    this.#busMasterPorts = {
      read: (port) => this.#busMaster(port).read(port & 7),
      write: (port, value) => this.#busMaster(port).write(port & 7, value),
    };
    for (const [i, base] of CHANNEL_PORTS.entries()) {
      const gate = this.#gate(i);
      ports.register(base, base + 7, gate);
      ports.register(base + CONTROL_OFFSET, base + CONTROL_OFFSET, gate);
    }
    this.#update();
  }

  transferState(state: StateStream): void {
    this.#pci.transferState(state);
    for (const channel of this.#channels) channel.transferState(state);
    this.#mapBusMaster();
  }

  #busMaster(port: number) {
    return this.#channels[(port >> 3) & 1]!.busMaster;
  }

  /** What the configuration decides. */
  #update(): void {
    const command = this.#ide.get(CONFIG_COMMAND, 2);
    for (const channel of this.#channels) channel.busMaster.enabled = (command & COMMAND_BUS_MASTER) !== 0;
    this.#mapBusMaster();
  }

  #mapBusMaster(): void {
    const answers = (this.#ide.get(CONFIG_COMMAND, 2) & COMMAND_IO) !== 0;
    const bar = this.#ide.get(CONFIG_BAR4, 4);
    const base = answers && bar <= 0xffff ? bar & 0xfff0 : 0;
    if (base === this.#busMasterBase) return;
    if (this.#busMasterBase !== 0) this.#ports.unregister(this.#busMasterBase, BUS_MASTER_PORTS, this.#busMasterPorts);
    if (base !== 0) this.#ports.registerFree(base, BUS_MASTER_PORTS, this.#busMasterPorts);
    this.#busMasterBase = base;
  }

  /** The ports of a channel, which answers only when the configuration says so. */
  #gate(index: number): PortHandler {
    const channel = this.#channels[index]!;
    const answers = () =>
      (this.#ide.get(CONFIG_COMMAND, 2) & COMMAND_IO) !== 0 &&
      (this.#ide.get(CONFIG_TIMING + 2 * index, 2) & TIMING_DECODE) !== 0;
    return {
      read: (port) => (answers() ? channel.read(port) : 0xff),
      read16: (port) => (answers() ? channel.read16(port) : 0xffff),
      read32: (port) => (answers() ? channel.read32(port) : 0xffff_ffff),
      write: (port, value) => {
        if (answers()) channel.write(port, value);
      },
      write16: (port, value) => {
        if (answers()) channel.write16(port, value);
      },
      write32: (port, value) => {
        if (answers()) channel.write32(port, value);
      },
    };
  }
}

function hostBridge(): PciFunction {
  const bridge = new PciFunction({ vendor: 0x8086, device: 0x1237, revision: 2, classCode: 0x06_0000 });
  bridge.define(CONFIG_COMMAND, 2, 0x0006, 0x0100).define(0x06, 2, 0x0280, 0);
  // Shadow RAM for the BIOS's area: read and write enabled. All of it is RAM whatever these say.
  return bridge.define(0x58, 4, 0x3333_3000, 0xffff_ff00).define(0x5c, 4, 0x3333_3333, 0xffff_ffff);
}

function isaBridge(): PciFunction {
  const bridge = new PciFunction({
    vendor: 0x8086,
    device: 0x7000,
    revision: 0,
    classCode: 0x06_0100,
    isMultifunction: true,
  });
  bridge.define(CONFIG_COMMAND, 2, 0x0007, 0x0008).define(0x06, 2, 0x0200, 0);
  bridge.define(0x4c, 4, 0x0003_004d, 0xffff_ffff);
  // Where the PCI interrupts go: nowhere, as no device uses them.
  return bridge.define(0x60, 4, 0x8080_8080, 0x8f8f_8f8f);
}

function ideFunction(changed: () => void): PciFunction {
  const ide = new PciFunction({ vendor: 0x8086, device: 0x7010, revision: 0, classCode: 0x01_0180 }, changed);
  ide.define(CONFIG_COMMAND, 2, COMMAND_IO | COMMAND_BUS_MASTER, COMMAND_IO | COMMAND_BUS_MASTER);
  ide.define(0x06, 2, 0x0280, 0).define(0x0d, 1, 0, 0xf0);
  ide.define(CONFIG_BAR4, 4, BUS_MASTER_PORT | BAR_IO, 0xffff_fff0);
  return ide.define(CONFIG_TIMING, 4, (TIMING_DECODE << 16) | TIMING_DECODE, 0xffff_ffff).define(0x44, 1, 0, 0xff);
}
