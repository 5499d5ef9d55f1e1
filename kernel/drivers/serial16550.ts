/*
 * The 16550 UART: PC serial ports.
 *
 * Idea. All bytes move in interrupts. Received ones go from the chip's FIFO (16 bytes) straight through the line
 * discipline into the terminal's input ring. Bytes to be sent are taken from the output ring, up to 16 at a time, each
 * time the transmitter is empty; the transmitter interrupt is on only while there is something to send.
 *
 * Nothing is lost at full speed: the FIFO gives us 16 characters' time to answer (1.4 ms at 115200 baud), and the ring
 * holds 16 KiB. Should readers leave that to fill up, the receiver interrupt goes off and bytes wait in the chip: one
 * that emulates (QEMU, v86) then tells its host to wait, and with CRTSCTS a real one drops RTS.
 *
 * Edges. ISA interrupts are edge-triggered: as long as the chip asks for anything, its line stays high, and no further
 * interrupt comes. So the handler does not leave before the chip says that there is nothing.
 *
 * Locking. Tty.lock (L) of the port's terminal guards the registers, too.
 *
 * @source PC16550D data sheet, National Semiconductor, June 1995.
 */

import {
  B115200,
  B38400,
  B9600,
  CBAUD,
  CRTSCTS,
  CS5,
  CS6,
  CS7,
  CSIZE,
  CSTOPB,
  PARENB,
  PARODD,
  TIOCM_CAR,
  TIOCM_CTS,
  TIOCM_DSR,
  TIOCM_DTR,
  TIOCM_RNG,
  TIOCM_RTS,
} from '../abi/termios.ts';
import { claimTransmitter, releaseTransmitter } from '../arch/x86/earlyConsole.ts';
import { requestIrq } from '../arch/x86/irq.ts';
import { printk } from '../lib/printk.ts';
import { deliverRaised, endOfBurst, mayReceive, receive, receiveBreak, receiveDamaged } from './lineDiscipline.ts';
import { OUTPUT_SIZE, type Tty, type TtyDriver, type TtyLock } from './tty.ts';
import { createTty, SERIAL_MINOR, setConsole } from './ttyFile.ts';

// Registers, from the port's base.
const DATA: u16 = 0;
const DIVISOR_LOW: u16 = 0;
const DIVISOR_HIGH: u16 = 1;
const INTERRUPT_ENABLE: u16 = 1;
const INTERRUPT_ID: u16 = 2;
const FIFO_CONTROL: u16 = 2;
const LINE_CONTROL: u16 = 3;
const MODEM_CONTROL: u16 = 4;
const LINE_STATUS: u16 = 5;
const MODEM_STATUS: u16 = 6;
const SCRATCH: u16 = 7;

// Interrupt enable.
const IER_RECEIVE: u8 = 0x01;
const IER_TRANSMIT: u8 = 0x02;
const IER_LINE_STATUS: u8 = 0x04;
// Interrupt identification: bit 0 clear means that an interrupt is pending.
const IIR_NONE: u8 = 0x01;
// FIFO control: on, both emptied, an interrupt at 8 received bytes (or when they have waited for four characters' time).
const FIFO_SETUP: u8 = 0x87;
// Line control.
const LCR_DIVISOR: u8 = 0x80;
const LCR_BREAK: u8 = 0x40;
const LCR_EVEN: u8 = 0x10;
const LCR_PARITY: u8 = 0x08;
const LCR_TWO_STOPS: u8 = 0x04;
// Modem control. OUT2 connects the chip to its interrupt line.
const MCR_DTR: u8 = 0x01;
const MCR_RTS: u8 = 0x02;
const MCR_OUT2: u8 = 0x08;
// Line status.
const LSR_READY: u8 = 0x01;
const LSR_PARITY: u8 = 0x04;
const LSR_FRAMING: u8 = 0x08;
const LSR_BREAK: u8 = 0x10;
const LSR_HOLDING_EMPTY: u8 = 0x20;
const LSR_ALL_EMPTY: u8 = 0x40;
// Modem status.
const MSR_CTS: u8 = 0x10;
const MSR_DSR: u8 = 0x20;
const MSR_RING: u8 = 0x40;
const MSR_CARRIER: u8 = 0x80;

const FIFO_SIZE: u32 = 16;
/** Baud at a divisor of one. */
const BASE_BAUD: u32 = 115200;
/** A chip that asks for service again and again is left alone after so many rounds; the next edge finds us again. */
const MAX_ROUNDS: u32 = 8192;

class SerialPort {
  base: u16; // (C)
  irq: u32; // (C)
  tty: Tty | null; // (C) null: there is no such port
  /** What is in the registers that we write. */
  interruptEnable: u8; // (L)
  modemControl: u8; // (L)
  lineControl: u8; // (L)
}

const PORTS: u32 = 2;
const ports = zeroed<FixedArray<Inline<SerialPort>, 2>>();
const driver = zeroed<Inline<TtyDriver>>();

/** Finds the ports, makes a terminal of each, and of the first one the console. */
export function initSerial(): void {
  driver.startOutput = startOutput;
  driver.throttle = throttle;
  driver.setLine = setLine;
  driver.readModem = readModem;
  driver.writeModem = writeModem;
  driver.setBreak = setBreak;
  driver.isDrained = isDrained;
  ports[0].base = 0x3f8;
  ports[0].irq = 4;
  ports[1].base = 0x2f8;
  ports[1].irq = 3;
  for (let i: u32 = 0; i < PORTS; i++) attachPort(ports[i], i);
  const first = ports[0].tty;
  if (first !== null) setConsole(first);
}

function attachPort(port: SerialPort, index: u32): void {
  if (!isPresent(port)) {
    printk('serial: no ttyS%u\n', index);
    return;
  }
  const tty = createTty(SERIAL_MINOR + index, driver, u32(port));
  if (tty === null) {
    printk('serial: no memory for ttyS%u\n', index);
    return;
  }
  port.tty = tty;
  const error = requestIrq(port.irq, handleInterrupt, 'serial');
  if (error !== 0) printk('serial: ttyS%u cannot have interrupt %u: error %d\n', index, port.irq, -error);
  startPort(port, tty);
  printk('serial: ttyS%u at %x, interrupt %u\n', index, port.base, port.irq);
}

/** A scratch register keeps what is written to it; where there is no chip, nothing does. */
function isPresent(port: SerialPort): boolean {
  write(port, SCRATCH, 0x5a);
  if (read(port, SCRATCH) !== 0x5a) return false;
  write(port, SCRATCH, 0xa5);
  return read(port, SCRATCH) === 0xa5;
}

function startPort(port: SerialPort, tty: Tty): void {
  using held = tty.lock.acquireIrqSave();
  write(port, INTERRUPT_ENABLE, 0);
  setLine(tty, held);
  write(port, FIFO_CONTROL, FIFO_SETUP);
  port.modemControl = MCR_DTR | MCR_RTS | MCR_OUT2;
  write(port, MODEM_CONTROL, port.modemControl);
  // What the chip remembers from before is not ours.
  read(port, LINE_STATUS);
  read(port, DATA);
  read(port, INTERRUPT_ID);
  read(port, MODEM_STATUS);
  port.interruptEnable = IER_RECEIVE | IER_LINE_STATUS;
  write(port, INTERRUPT_ENABLE, port.interruptEnable);
}

function read(port: SerialPort, register: u16): u8 {
  return inb(u16(port.base + register));
}

function write(port: SerialPort, register: u16, value: u8): void {
  outb(u16(port.base + register), value);
}

function portOf(tty: Tty): SerialPort {
  return as<SerialPort>(tty.port);
}

// ---------------------------------------------------------------------------------------------------------------------
// Interrupts.

function handleInterrupt(irq: u32): void {
  for (let i: u32 = 0; i < PORTS; i++) {
    const tty = ports[i].tty;
    if (ports[i].irq === irq && tty !== null) servePort(ports[i], tty);
  }
}

/** Does all that the chip asks for, then sends the signals that were typed. */
function servePort(port: SerialPort, tty: Tty): void {
  let raised: u32 = 0;
  let group: u32 = 0;
  {
    using held = tty.lock.acquireIrqSave();
    for (let round: u32 = 0; round < MAX_ROUNDS; round++) {
      if ((read(port, INTERRUPT_ID) & IIR_NONE) !== 0) break;
      drainReceiver(port, tty, held);
      fillTransmitter(port, tty, held);
      read(port, MODEM_STATUS);
    }
    endOfBurst(tty, held);
    raised = tty.raised;
    group = tty.foreground;
    tty.raised = 0;
  }
  deliverRaised(raised, group);
}

/** Takes all bytes from the FIFO, as long as the terminal takes them. */
function drainReceiver(port: SerialPort, tty: Tty, held: Held<TtyLock>): void {
  for (;;) {
    const status = read(port, LINE_STATUS);
    if ((status & LSR_READY) === 0) return;
    if (!mayReceive(tty, held)) return;
    const byte = read(port, DATA);
    if ((status & (LSR_BREAK | LSR_PARITY | LSR_FRAMING)) === 0) receive(tty, byte, held);
    else if ((status & LSR_BREAK) !== 0) receiveBreak(tty, held);
    else receiveDamaged(tty, byte, held);
  }
}

/** Gives the chip a FIFO full, if it is empty, and sees that it asks for more as long as there is more. */
function fillTransmitter(port: SerialPort, tty: Tty, _held: Held<TtyLock>): void {
  let left = tty.isStopped ? 0 : tty.outputHead - tty.outputTail;
  const count = left === 0 ? 0 : fillFifo(port, tty, left < FIFO_SIZE ? left : FIFO_SIZE);
  if (count > 0) {
    tty.outputTail += count;
    left -= count;
    if (left === 0 || tty.outputRoom() >= OUTPUT_SIZE / 2) tty.writeQueue.wakeAll();
  }
  enable(port, IER_TRANSMIT, left > 0);
}

/** Writes `count` bytes of the output to the chip, at most FIFO_SIZE, if its FIFO is empty; else none. Says how many. */
function fillFifo(port: SerialPort, tty: Tty, count: u32): u32 {
  claimTransmitter();
  const isEmpty = (read(port, LINE_STATUS) & LSR_HOLDING_EMPTY) !== 0;
  for (let i: u32 = 0; isEmpty && i < count; i++) {
    write(port, DATA, tty.output[(tty.outputTail + i) & (OUTPUT_SIZE - 1)]);
  }
  releaseTransmitter();
  return isEmpty ? count : 0;
}

/** Switches one source of interrupts; writes the register only if that changes it. */
function enable(port: SerialPort, source: u8, on: boolean): void {
  const wanted = on ? port.interruptEnable | source : port.interruptEnable & ~source;
  if (wanted === port.interruptEnable) return;
  port.interruptEnable = u8(wanted);
  write(port, INTERRUPT_ENABLE, port.interruptEnable);
}

// ---------------------------------------------------------------------------------------------------------------------
// What the terminal asks for.

function startOutput(tty: Tty, held: Held<TtyLock>): void {
  fillTransmitter(portOf(tty), tty, held);
}

function throttle(tty: Tty, on: boolean, _held: Held<TtyLock>): void {
  const port = portOf(tty);
  enable(port, IER_RECEIVE, !on);
  enable(port, IER_LINE_STATUS, !on);
  if ((tty.termios.c_cflag & CRTSCTS) === 0) return;
  port.modemControl = u8(on ? port.modemControl & ~MCR_RTS : port.modemControl | MCR_RTS);
  write(port, MODEM_CONTROL, port.modemControl);
}

/** The divisor for the speed in c_cflag; for speeds that we do not know, the highest. */
function divisorFor(flags: u32): u32 {
  switch (flags & CBAUD) {
    case B9600:
      return BASE_BAUD / 9600;
    case B38400:
      return BASE_BAUD / 38400;
    case B115200:
      return 1;
    default:
      return 1;
  }
}

function lineControlFor(flags: u32): u8 {
  let control: u8 = 3; // 8 bits
  const size = flags & CSIZE;
  if (size === CS5) control = 0;
  else if (size === CS6) control = 1;
  else if (size === CS7) control = 2;
  if ((flags & CSTOPB) !== 0) control |= LCR_TWO_STOPS;
  if ((flags & PARENB) !== 0) {
    control |= LCR_PARITY;
    if ((flags & PARODD) === 0) control |= LCR_EVEN;
  }
  return control;
}

function setLine(tty: Tty, _held: Held<TtyLock>): void {
  const port = portOf(tty);
  const divisor = divisorFor(tty.termios.c_cflag);
  port.lineControl = lineControlFor(tty.termios.c_cflag);
  write(port, LINE_CONTROL, port.lineControl | LCR_DIVISOR);
  write(port, DIVISOR_LOW, u8(divisor));
  write(port, DIVISOR_HIGH, u8(divisor >>> 8));
  write(port, LINE_CONTROL, port.lineControl);
}

function readModem(tty: Tty, _held: Held<TtyLock>): u32 {
  const port = portOf(tty);
  const status = read(port, MODEM_STATUS);
  let lines: u32 = 0;
  if ((status & MSR_CTS) !== 0) lines |= TIOCM_CTS;
  if ((status & MSR_DSR) !== 0) lines |= TIOCM_DSR;
  if ((status & MSR_RING) !== 0) lines |= TIOCM_RNG;
  if ((status & MSR_CARRIER) !== 0) lines |= TIOCM_CAR;
  if ((port.modemControl & MCR_DTR) !== 0) lines |= TIOCM_DTR;
  if ((port.modemControl & MCR_RTS) !== 0) lines |= TIOCM_RTS;
  return lines;
}

function writeModem(tty: Tty, lines: u32, _held: Held<TtyLock>): void {
  const port = portOf(tty);
  let control: u8 = MCR_OUT2;
  if ((lines & TIOCM_DTR) !== 0) control |= MCR_DTR;
  if ((lines & TIOCM_RTS) !== 0) control |= MCR_RTS;
  port.modemControl = control;
  write(port, MODEM_CONTROL, control);
}

function setBreak(tty: Tty, on: boolean, _held: Held<TtyLock>): void {
  const port = portOf(tty);
  write(port, LINE_CONTROL, u8(on ? port.lineControl | LCR_BREAK : port.lineControl));
}

function isDrained(tty: Tty, _held: Held<TtyLock>): boolean {
  return (read(portOf(tty), LINE_STATUS) & LSR_ALL_EMPTY) !== 0;
}
