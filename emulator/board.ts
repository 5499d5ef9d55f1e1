/*
 * The board: what is soldered together. CPUs, interrupt controllers, clocks, serial ports and the exit port, the ports and
 * addresses at which they are found, and which CPU occupies the core.
 *
 *   ports    20 21 A0 A1 4D0 4D1  8259 pair       3F8 2F8 3E8 2E8  serial ports, lines 4 3 4 3
 *            40-43 61             PIT, line 0     70 71            RTC, line 8
 *            F4 .. F7             exit            B008 .. B00B     ACPI timer
 *            1F0-1F7 3F6          IDE, line 14    CF8 .. CFF       PCI configuration
 *            170-177 376          IDE, line 15    C000 .. C00F     IDE bus master (can be moved)
 *            60 64 92             keyboard, lines 1, 12            3C0 .. 3DF  VGA
 *            604 B004             power switch
 *   memory   B8000 .. BFFFF       VGA text
 *            FEC00000             I/O APIC        FEE00000         local APIC of the CPU that asks
 *
 * All else is empty: it reads as ones, and writes to it go nowhere. None of v86's own devices can be reached.
 */

import type { IoApic } from './apic/io-apic.ts';
import type { LocalApic } from './apic/local-apic.ts';
import { IO_APIC_ADDRESS } from './boot/mp-table.ts';
import { type Timer, VirtualClock } from './clock.ts';
import { type CpuSurroundings, VirtualCpu } from './cpu.ts';
import { Piix } from './devices/piix.ts';
import { KeyboardController } from './devices/keyboard.ts';
import { Pit } from './devices/pit.ts';
import { PM_TIMER_PORT, PmTimer } from './devices/pm-timer.ts';
import { POWER_PORTS, PowerSwitch } from './devices/power.ts';
import { Rtc } from './devices/rtc.ts';
import { Uart } from './devices/uart.ts';
import { TEXT_MEMORY, TEXT_MEMORY_BYTES, Vga, VGA_FIRST_PORT, VGA_LAST_PORT } from './devices/vga.ts';
import { InterruptSystem } from './interrupts.ts';
import { PortSpace } from './ports.ts';
import type { Random } from './random.ts';
import { SerialPort } from './serial.ts';
import type { Stateful, StateStream } from './state.ts';
import type { BusMemory } from './storage/bus-master.ts';
import type { Disk } from './storage/disk.ts';
import { IdeChannel } from './storage/ide-channel.ts';
import { type CoreHost, type V86Core } from './v86/core.ts';

/** The guest ends the run by writing to this port; the value becomes the exit code as it is. */
export const EXIT_PORT = 0xf4;

const SERIAL_PORTS = [
  { base: 0x3f8, line: 4 },
  { base: 0x2f8, line: 3 },
  { base: 0x3e8, line: 4 },
  { base: 0x2e8, line: 3 },
];

/** First ports of the serial ports. */
export const SERIAL_PORT_BASES = SERIAL_PORTS.map(({ base }) => base);

/** The lines of the two IDE channels. */
const IDE_LINES = [14, 15];

/** Listeners see output in pieces, at moments that the run determines: so long after the first byte. */
const OUTPUT_DELAY_NS = 100_000;

const KEYBOARD_PORTS = [0x60, 0x64, 0x92];
const KEYBOARD_LINE = 1;
const AUXILIARY_LINE = 12;

const PAGE_MASK = ~0xfff;
const CPUID_APIC = 1 << 9;
const CPUID_HTT = 1 << 28;
const NANOSECONDS_PER_MILLISECOND = 1_000_000;

export interface BoardOptions {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly random: Random;
  /** At the first IDE channel, then at the second; device 0, then device 1. */
  readonly disks: readonly (Disk | undefined)[];
  /** Software resets the machine. */
  readonly onReset: () => void;
  /** Software switches the machine off. */
  readonly onPowerOff: () => void;
  /** The guest wrote to the exit port. */
  readonly onExit: (code: number) => void;
  /** Input was queued at a serial port. */
  readonly onInput: () => void;
}

export class Board implements CoreHost, CpuSurroundings, Stateful {
  readonly clock: VirtualClock;
  readonly cpus: readonly VirtualCpu[];
  readonly interrupts: InterruptSystem;
  readonly serial: readonly SerialPort[];

  readonly #options: BoardOptions;
  readonly #ports = new PortSpace();
  readonly #devices: readonly Stateful[];
  readonly #vga: Vga;
  /** Set while there may be output that listeners have not seen. */
  readonly #outputDue: Timer;
  #core: V86Core | undefined;
  #current = 0;
  /** The set of CPUs that can run may have changed since `choose` was last called. */
  #mustReschedule = false;
  #inputWaits = false;
  readonly #runnable: number[] = [];

  constructor(options: BoardOptions) {
    this.#options = options;
    this.clock = new VirtualClock(() => this.#core?.completed ?? 0, options.cpus);
    this.clock.onEarlier = () => this.#core?.stop();
    // The first timer of all: at its moment, output is handed over, and may be answered, before anything else happens.
    this.#outputDue = this.clock.timer(() => this.flushOutput());
    this.cpus = Array.from({ length: options.cpus }, (_, index) => new VirtualCpu(index, this));
    this.interrupts = new InterruptSystem(this.clock, this.cpus);
    this.serial = SERIAL_PORTS.map(() => new SerialPort(() => this.#inputArrives()));
    this.#vga = new Vga(this.clock);
    this.#devices = this.#addDevices();
  }

  get core(): V86Core {
    return this.#core!;
  }

  /** Puts the core in. Its CPU is in the state after reset. */
  attach(core: V86Core): void {
    this.#core = core;
    for (const cpu of this.cpus) cpu.powerOn();
    this.announce();
  }

  get current(): VirtualCpu {
    return this.cpus[this.#current]!;
  }

  isCurrent(cpu: VirtualCpu): boolean {
    return cpu.index === this.#current;
  }

  identityOf(cpu: VirtualCpu): number {
    return (cpu.index << 24) | (this.cpus.length << 16);
  }

  /** Lets another CPU occupy the core. */
  switchTo(index: number): void {
    if (index === this.#current) return;
    this.current.leave();
    this.#current = index;
    this.current.enter();
    this.announce();
  }

  reschedule(): void {
    this.#mustReschedule = true;
    this.#core?.stop();
  }

  get anyRunnable(): boolean {
    return this.cpus.some((cpu) => cpu.runnable);
  }

  /** Hands the output of the serial ports to their listeners. */
  flushOutput(): void {
    for (const port of this.serial) port.flush();
  }

  /** Input of the host takes effect between two quanta: the one that is under way must end. */
  #inputArrives(): void {
    this.#core?.stop();
    this.#inputWaits = true;
    this.#options.onInput();
  }

  /** Whether there may be input of the host that has not taken effect; asking once takes the notice away. */
  takeInputNotice(): boolean {
    const waits = this.#inputWaits;
    this.#inputWaits = false;
    return waits;
  }

  /** Indices of the CPUs that can run, ascending. The array is valid until the next call. */
  runnableCpus(): readonly number[] {
    const runnable = this.#runnable;
    runnable.length = 0;
    for (const cpu of this.cpus) if (cpu.runnable) runnable.push(cpu.index);
    return runnable;
  }

  #transmit(port: SerialPort, byte: number): void {
    if (this.#outputDue.time === Number.POSITIVE_INFINITY) this.#outputDue.set(this.clock.now() + OUTPUT_DELAY_NS);
    port.transmit(byte);
  }

  /** Whether the set of CPUs that can run may have changed since the last call. */
  takeReschedule(): boolean {
    const must = this.#mustReschedule;
    this.#mustReschedule = false;
    return must;
  }

  acknowledgeInterrupt(): number {
    return this.current.acknowledge();
  }

  milliseconds(): number {
    return this.clock.now() / NANOSECONDS_PER_MILLISECOND;
  }

  random32(): number {
    return this.#options.random.next32();
  }

  readPort(port: number, bytes: 1 | 2 | 4): number {
    return this.#ports.read(port, bytes);
  }

  writePort(port: number, bytes: 1 | 2 | 4, value: number): void {
    this.#ports.write(port, bytes, value);
  }

  returnFromNmi(): void {
    this.current.returnFromNmi();
  }

  readApicBase(): number {
    return this.current.apic.base;
  }

  writeApicBase(value: number): void {
    this.current.apic.base = value;
  }

  readMemory(address: number, bytes: 1 | 4): number {
    const registers = this.#apicAt(address);
    if (isText(address)) return this.#vga.readMemory(address - TEXT_MEMORY, bytes);
    if (registers === null) return bytes === 4 ? 0xffff_ffff : 0xff;
    const word = registers.read(address & 0xffc);
    return bytes === 4 ? word : (word >>> (8 * (address & 3))) & 0xff;
  }

  /** The APICs take aligned 32-bit writes only. */
  writeMemory(address: number, bytes: 1 | 2 | 4, value: number): void {
    const registers = this.#apicAt(address);
    if (isText(address)) this.#vga.writeMemory(address - TEXT_MEMORY, bytes, value);
    else if (registers !== null && bytes === 4 && (address & 3) === 0) registers.write(address & 0xfff, value);
  }

  /** The APIC whose registers are in the page of this address. */
  #apicAt(address: number): LocalApic | IoApic | null {
    const page = (address & PAGE_MASK) >>> 0;
    if (page === this.current.apic.page) return this.current.apic;
    return page === IO_APIC_ADDRESS ? this.interrupts.ioApic : null;
  }

  /** Everything but RAM and what the core holds. */
  transferState(state: StateStream): void {
    this.#current = state.number(this.#current);
    this.#mustReschedule = state.flag(this.#mustReschedule);
    this.#options.random.transferState(state);
    this.core.transferState(state);
    this.clock.transferState(state);
    this.interrupts.transferState(state);
    for (const cpu of this.cpus) cpu.transferState(state);
    for (const device of this.#devices) device.transferState(state);
    for (const port of this.serial) port.transferState(state);
  }

  /** Must follow the restoring of a state: tells the core what the CPU that occupies it now brings along. */
  restored(): void {
    this.#inputWaits = true;
    this.current.enterLines();
    this.announce();
  }

  /** Tells the core who it is: CPUID leaf 1. */
  announce(): void {
    const count = this.cpus.length;
    const features = (this.current.apic.hardwareEnabled ? CPUID_APIC : 0) | (count > 1 ? CPUID_HTT : 0);
    this.core.setTopology(this.identityOf(this.current), features);
  }

  #addDevices(): readonly Stateful[] {
    const { clock, interrupts } = this;
    const pic = interrupts.pic;
    for (const first of [0x20, 0xa0, 0x4d0]) this.#ports.register(first, first + 1, pic);
    const pit = new Pit(clock, interrupts.source(0), () => interrupts.isHeard(0));
    interrupts.onAttention = () => pit.catchUp();
    this.#ports.register(0x40, 0x43, pit);
    this.#ports.register(0x61, 0x61, pit);
    const rtc = new Rtc(clock, this.#options.memoryBytes, interrupts.source(8));
    this.#ports.register(0x70, 0x71, rtc);
    this.#ports.register(PM_TIMER_PORT, PM_TIMER_PORT + 3, new PmTimer(clock));
    const power = new PowerSwitch(this.#options.onPowerOff);
    for (const port of POWER_PORTS) this.#ports.register(port, port + 1, power);
    const exit = (_port: number, code: number) => this.#options.onExit(code);
    this.#ports.register(EXIT_PORT, EXIT_PORT + 3, { write: exit, write32: exit });
    const uarts = SERIAL_PORTS.map(({ base, line }, i) => this.#addSerialPort(base, line, this.serial[i]!));
    this.#ports.register(VGA_FIRST_PORT, VGA_LAST_PORT, this.#vga);
    return [pit, rtc, ...uarts, this.#addChipSet(), this.#addKeyboard(rtc), this.#vga];
  }

  #addChipSet(): Piix {
    const { disks, onReset } = this.#options;
    const channels = IDE_LINES.map((line, i) => {
      const wiring = { clock: this.clock, memory: this.#busMemory(), setIrq: this.interrupts.source(line) };
      return new IdeChannel(wiring, 2 * i, disks);
    });
    return new Piix(this.#ports, channels, onReset);
  }

  #addKeyboard(rtc: Rtc): KeyboardController {
    const keyboard = new KeyboardController({
      setKeyboardIrq: this.interrupts.source(KEYBOARD_LINE),
      setAuxiliaryIrq: this.interrupts.source(AUXILIARY_LINE),
      // The processor's reset, of which software may want to come back.
      onReset: () => {
        if (rtc.returnsFromReset) this.cpus[0]!.init();
        else this.#options.onReset();
      },
    });
    for (const port of KEYBOARD_PORTS) this.#ports.register(port, port, keyboard);
    return keyboard;
  }

  /** RAM, as devices reach it. */
  #busMemory(): BusMemory {
    const isRam = (address: number, bytes: number) => address + bytes <= this.core.ram.length;
    return {
      read: (address, bytes) => (isRam(address, bytes) ? this.core.ram.slice(address, address + bytes) : null),
      write: (address, data) => {
        if (!isRam(address, data.length)) return false;
        this.core.ram.set(data, address);
        this.core.invalidateCode(address, address + data.length);
        return true;
      },
    };
  }

  #addSerialPort(base: number, line: number, port: SerialPort): Uart {
    const uart = new Uart(this.clock, {
      transmit: (byte) => this.#transmit(port, byte),
      received: () => port.received(),
      setIrq: this.interrupts.source(line),
    });
    port.attach(uart);
    this.#ports.register(base, base + 7, uart);
    return uart;
  }
}

function isText(address: number): boolean {
  return address >= TEXT_MEMORY && address < TEXT_MEMORY + TEXT_MEMORY_BYTES;
}
