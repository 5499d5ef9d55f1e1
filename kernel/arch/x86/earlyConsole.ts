/*
 * The first serial port, by polling: the console of the log.
 *
 * It works from the first instruction on, with interrupts off, inside a panic, and next to the driver that serves the
 * same port by interrupts (drivers/serial16550.ts): all it does is wait until the transmitter is empty, and write.
 *
 * Whoever finds the transmitter empty must be the one who fills it: two CPUs that both do would write more than there is
 * room for. So either side claims it before it looks. The flag is a bare one, since printk is used by the locks
 * themselves, and nobody waits for it for ever, since the one who holds it may have been stopped for a panic.
 *
 * A port that is not there reads as all ones; then nothing is written.
 */

import { registerConsole } from '../../lib/printk.ts';

const PORT: u16 = 0x3f8;
const DATA: u16 = PORT;
const INTERRUPT_ENABLE: u16 = PORT + 1;
const FIFO_CONTROL: u16 = PORT + 2;
const LINE_CONTROL: u16 = PORT + 3;
const MODEM_CONTROL: u16 = PORT + 4;
const LINE_STATUS: u16 = PORT + 5;

const LINE_8N1: u8 = 0x03;
const DIVISOR_LATCH: u8 = 0x80;
/** 115200 baud. */
const DIVISOR: u8 = 1;
const TRANSMITTER_EMPTY: u8 = 0x20;
const NOT_THERE: u8 = 0xff;
/** A port that never gets ready must not stop the kernel. */
const PATIENCE: u32 = 100000;

/** 1: somebody fills a transmitter. */
let isClaimed: Volatile<u32> = 0;

const NEWLINE: u8 = 0x0a;
const RETURN: u8 = 0x0d;

/** Sets the port up and registers it with the log, if there is one. */
export function initEarlyConsole(): void {
  if (inb(LINE_STATUS) === NOT_THERE) return;
  outb(INTERRUPT_ENABLE, 0);
  outb(LINE_CONTROL, DIVISOR_LATCH | LINE_8N1);
  outb(DATA, DIVISOR);
  outb(INTERRUPT_ENABLE, 0);
  outb(LINE_CONTROL, LINE_8N1);
  outb(FIFO_CONTROL, 0x07);
  outb(MODEM_CONTROL, 0x03);
  registerConsole(writeSerial);
}

function writeSerial(text: Ptr<u8>, length: u32): void {
  for (let i: u32 = 0; i < length; i++) {
    if (text[i] === NEWLINE) put(RETURN);
    put(text[i]);
  }
}

function put(character: u8): void {
  claimTransmitter();
  for (let i: u32 = 0; i < PATIENCE && (inb(LINE_STATUS) & TRANSMITTER_EMPTY) === 0; i++) pause();
  outb(DATA, character);
  releaseTransmitter();
}

/** Until the release, nobody else looks whether a transmitter is empty. Interrupts are off. */
export function claimTransmitter(): void {
  for (let i: u32 = 0; i < PATIENCE && atomic.xchg(addrOf(isClaimed), 1) !== 0; i++) pause();
}

export function releaseTransmitter(): void {
  isClaimed = 0;
}
