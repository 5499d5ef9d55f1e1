/*
 * A 16550A serial port.
 *
 * Output takes no time: the transmitter is always empty again at once, and bytes leave in the order in which they were
 * written. Input waits in a queue on the host's side; a byte enters the receiver BYTE_NS after the one before, if there is
 * room for it, so that nothing is ever lost, and so that the guest sees the same however the host chunked its input.
 *
 * Interrupts, by priority: line status, received data (at the FIFO's trigger level), time-out (the FIFO is below its
 * trigger level, and nothing came or was read for four characters), transmitter empty, modem status. They reach the bus
 * whatever OUT2 says, as under QEMU: on the first PCs that pin had to connect them, and kernels that were never run on one
 * leave it low.
 *
 * Source: National Semiconductor PC16550D data sheet.
 */

import type { Timer, VirtualClock } from '../clock.ts';
import type { Stateful, StateStream } from '../state.ts';

/** A character on the line: about a megabaud. */
export const BYTE_NS = 10_000;

const FIFO_SIZE = 16;
const TRIGGER_LEVELS = [1, 4, 8, 14];

const IER_RECEIVED = 0x01;
const IER_TRANSMITTER = 0x02;
const IER_LINE_STATUS = 0x04;
const IER_MODEM_STATUS = 0x08;
const IIR_NONE = 0x01;
const IIR_MODEM_STATUS = 0x00;
const IIR_TRANSMITTER = 0x02;
const IIR_RECEIVED = 0x04;
const IIR_LINE_STATUS = 0x06;
const IIR_TIME_OUT = 0x0c;
const IIR_FIFO = 0xc0;
const FCR_ENABLE = 0x01;
const FCR_CLEAR_RECEIVER = 0x02;
const LCR_BREAK = 0x40;
const LCR_DLAB = 0x80;
const MCR_DTR = 0x01;
const MCR_RTS = 0x02;
const MCR_OUT1 = 0x04;
const MCR_OUT2 = 0x08;
const MCR_LOOPBACK = 0x10;
const LSR_DATA_READY = 0x01;
const LSR_OVERRUN = 0x02;
const LSR_BREAK = 0x10;
const LSR_TRANSMITTER_EMPTY = 0x60;
const MSR_CTS = 0x10;
const MSR_DSR = 0x20;
const MSR_RI = 0x40;
const MSR_DCD = 0x80;

/** A guest that has looked at the line status so often without writing in between waits for something else than room. */
const LISTENING_LOOKS = 64;

export interface UartHost {
  /** A byte leaves the port. */
  transmit(byte: number): void;
  setIrq(active: boolean): void;
  /** The byte at the front of the host's queue entered the receiver, and the queue has `left` more. */
  received(left: number): void;
}

export class Uart implements Stateful {
  readonly #clock: VirtualClock;
  readonly #host: UartHost;
  readonly #arrival: Timer;
  readonly #timeOut: Timer;
  /** From the host; `#next` is the first byte that is still to come. */
  #queue: number[] = [];
  #next = 0;
  /** When the line is free for the next byte. */
  #lineFree = 0;
  #fifo: number[] = [];
  #interruptEnable = 0;
  #lineControl = 0;
  #modemControl = 0;
  #scratch = 0;
  #divisor = 1;
  #fifoEnabled = false;
  #trigger = 1;
  #errors = 0;
  #timedOut = false;
  #transmitterInterrupt = false;
  #modemStatus = MSR_CTS | MSR_DSR | MSR_DCD;
  #modemDelta = 0;
  /** How often the line status was read since a byte was written or received. */
  #looks = 0;

  constructor(clock: VirtualClock, host: UartHost) {
    this.#clock = clock;
    this.#host = host;
    this.#arrival = clock.timer(() => this.#arrive());
    this.#timeOut = clock.timer(() => this.#expire());
  }

  /** Queues input from the host. It begins to arrive now. */
  enqueue(bytes: readonly number[]): void {
    for (const byte of bytes) this.#queue.push(byte);
    this.#schedule();
  }

  /** Bytes that the host sent and the receiver has not taken. */
  get queued(): number {
    return this.#queue.length - this.#next;
  }

  /** Whether the guest takes input: by interrupt, or by asking for it over and over. */
  get listening(): boolean {
    return (this.#interruptEnable & IER_RECEIVED) !== 0 || this.#looks >= LISTENING_LOOKS;
  }

  /** Drops input that has not arrived. */
  discardQueue(): void {
    this.#queue = [];
    this.#next = 0;
    this.#arrival.cancel();
  }

  read(port: number): number {
    switch (port & 7) {
      case 0:
        return this.#divisorAccess ? this.#divisor & 0xff : this.#readData();
      case 1:
        return this.#divisorAccess ? this.#divisor >> 8 : this.#interruptEnable;
      case 2:
        return this.#readIdentification();
      case 3:
        return this.#lineControl;
      case 4:
        return this.#modemControl;
      case 5:
        return this.#readLineStatus();
      case 6:
        return this.#readModemStatus();
      default:
        return this.#scratch;
    }
  }

  write(port: number, value: number): void {
    switch (port & 7) {
      case 0:
        if (this.#divisorAccess) this.#divisor = (this.#divisor & 0xff00) | value;
        else this.#writeData(value);
        break;
      case 1:
        if (this.#divisorAccess) this.#divisor = (this.#divisor & 0xff) | (value << 8);
        else this.#writeInterruptEnable(value);
        break;
      case 2:
        this.#writeFifoControl(value);
        break;
      case 3:
        this.#writeLineControl(value);
        break;
      case 4:
        this.#writeModemControl(value);
        break;
      case 7:
        this.#scratch = value;
        break;
      default: // the status registers are read-only
    }
  }

  /** Input that has not arrived is included: what the host has sent happens to the guest sooner or later. */
  transferState(state: StateStream): void {
    this.#queue = state.list(this.#queue.slice(this.#next));
    this.#next = 0;
    this.#fifo = state.list(this.#fifo);
    this.#lineFree = state.number(this.#lineFree);
    this.#interruptEnable = state.number(this.#interruptEnable);
    this.#lineControl = state.number(this.#lineControl);
    this.#modemControl = state.number(this.#modemControl);
    this.#scratch = state.number(this.#scratch);
    this.#divisor = state.number(this.#divisor);
    this.#trigger = state.number(this.#trigger);
    this.#errors = state.number(this.#errors);
    this.#modemStatus = state.number(this.#modemStatus);
    this.#modemDelta = state.number(this.#modemDelta);
    this.#fifoEnabled = state.flag(this.#fifoEnabled);
    this.#timedOut = state.flag(this.#timedOut);
    this.#transmitterInterrupt = state.flag(this.#transmitterInterrupt);
    this.#looks = state.number(this.#looks);
  }

  get #divisorAccess(): boolean {
    return (this.#lineControl & LCR_DLAB) !== 0;
  }

  get #capacity(): number {
    return this.#fifoEnabled ? FIFO_SIZE : 1;
  }

  #schedule(): void {
    if (this.queued === 0 || this.#fifo.length >= this.#capacity) this.#arrival.cancel();
    else this.#arrival.set(Math.max(this.#clock.now(), this.#lineFree));
  }

  #arrive(): void {
    const byte = this.#queue[this.#next++]!;
    if (this.#next === this.#queue.length) this.discardQueue();
    this.#lineFree = this.#clock.now() + BYTE_NS;
    this.#host.received(this.queued);
    if ((this.#modemControl & MCR_LOOPBACK) === 0) this.#receive(byte);
    this.#schedule();
  }

  #receive(byte: number): void {
    if (this.#fifo.length >= this.#capacity) {
      this.#errors |= LSR_OVERRUN;
      if (!this.#fifoEnabled) this.#fifo[0] = byte;
    } else {
      this.#fifo.push(byte);
    }
    this.#touch();
    this.#update();
  }

  /** The FIFO was used: its time-out begins anew. */
  #touch(): void {
    this.#timedOut = false;
    if (this.#fifoEnabled && this.#fifo.length > 0) this.#timeOut.set(this.#clock.now() + 4 * BYTE_NS);
    else this.#timeOut.cancel();
  }

  #expire(): void {
    this.#timedOut = this.#fifo.length > 0;
    this.#update();
  }

  #readData(): number {
    const byte = this.#fifo.shift() ?? 0;
    this.#touch();
    this.#schedule();
    this.#update();
    return byte;
  }

  #writeData(value: number): void {
    this.#looks = 0;
    if ((this.#modemControl & MCR_LOOPBACK) !== 0) this.#receive(value);
    else this.#host.transmit(value);
    this.#transmitterInterrupt = true; // empty again
    this.#update();
  }

  #writeInterruptEnable(value: number): void {
    const enables = (value & ~this.#interruptEnable & IER_TRANSMITTER) !== 0;
    this.#interruptEnable = value & 0x0f;
    if (enables) this.#transmitterInterrupt = true; // the transmitter is empty: enabling the interrupt raises it
    this.#update();
  }

  #writeFifoControl(value: number): void {
    const enable = (value & FCR_ENABLE) !== 0;
    if (enable !== this.#fifoEnabled || (value & FCR_CLEAR_RECEIVER) !== 0) this.#fifo = [];
    this.#fifoEnabled = enable;
    this.#trigger = enable ? TRIGGER_LEVELS[value >> 6]! : 1;
    this.#touch();
    this.#schedule();
    this.#update();
  }

  #writeLineControl(value: number): void {
    const breaks = (value & ~this.#lineControl & LCR_BREAK) !== 0;
    this.#lineControl = value;
    if (breaks && (this.#modemControl & MCR_LOOPBACK) !== 0) {
      this.#errors |= LSR_BREAK;
      this.#receive(0);
    }
  }

  /** In loopback, the modem outputs come back as the modem inputs. */
  #writeModemControl(value: number): void {
    this.#modemControl = value & 0x1f;
    const wires = [
      [MCR_RTS, MSR_CTS],
      [MCR_DTR, MSR_DSR],
      [MCR_OUT1, MSR_RI],
      [MCR_OUT2, MSR_DCD],
    ] as const;
    const looped = wires.reduce((status, [output, input]) => status | ((value & output) !== 0 ? input : 0), 0);
    const status = (value & MCR_LOOPBACK) !== 0 ? looped : MSR_CTS | MSR_DSR | MSR_DCD;
    const changed = status ^ this.#modemStatus;
    const ringEnded = changed & MSR_RI & ~status;
    this.#modemDelta |= ((changed & ~MSR_RI) | ringEnded) >> 4;
    this.#modemStatus = status;
    this.#update();
  }

  #readLineStatus(): number {
    const status = this.#errors | LSR_TRANSMITTER_EMPTY | (this.#fifo.length > 0 ? LSR_DATA_READY : 0);
    this.#errors = 0;
    this.#looks = Math.min(LISTENING_LOOKS, this.#looks + 1);
    this.#update();
    return status;
  }

  #readModemStatus(): number {
    const status = this.#modemStatus | this.#modemDelta;
    this.#modemDelta = 0;
    this.#update();
    return status;
  }

  #readIdentification(): number {
    const cause = this.#cause();
    if (cause === IIR_TRANSMITTER) {
      this.#transmitterInterrupt = false;
      this.#update();
    }
    return cause | (this.#fifoEnabled ? IIR_FIFO : 0);
  }

  /** The interrupt of the highest priority, as the identification register shows it. */
  #cause(): number {
    const enabled = this.#interruptEnable;
    if ((enabled & IER_LINE_STATUS) !== 0 && this.#errors !== 0) return IIR_LINE_STATUS;
    if ((enabled & IER_RECEIVED) !== 0) {
      if (this.#fifo.length >= this.#trigger) return IIR_RECEIVED;
      if (this.#timedOut) return IIR_TIME_OUT;
    }
    if ((enabled & IER_TRANSMITTER) !== 0 && this.#transmitterInterrupt) return IIR_TRANSMITTER;
    if ((enabled & IER_MODEM_STATUS) !== 0 && this.#modemDelta !== 0) return IIR_MODEM_STATUS;
    return IIR_NONE;
  }

  #update(): void {
    this.#host.setIrq(this.#cause() !== IIR_NONE);
  }
}
