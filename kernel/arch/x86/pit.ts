/*
 * The 8254 interval timer, channel 0: the one clock of a PC whose rate is known. It serves to measure the others, and as
 * the tick on machines that have no local APIC.
 */

const CHANNEL_0: u16 = 0x40;
const COMMAND: u16 = 0x43;

const LATCH_CHANNEL_0: u8 = 0x00;
/** Channel 0, low byte then high byte, mode 2: counts down and starts over. */
const RATE_GENERATOR: u8 = 0x34;

/** Counts a second. */
export const PIT_HZ: u32 = 1193182;

/** Counts down from 65536 over and over: for measuring. */
export function startPitCounter(): void {
  startPit(0);
}

/** Interrupts on line 0, `hz` times a second. */
export function startPitTicks(hz: u32): void {
  startPit((PIT_HZ + hz / 2) / hz);
}

/** The counter: goes down by PIT_HZ a second, modulo 65536. */
export function readPit(): u32 {
  outb(COMMAND, LATCH_CHANNEL_0);
  const low = inb(CHANNEL_0);
  return u32(low) | (u32(inb(CHANNEL_0)) << 8);
}

/** A reload value of 0 counts as 65536. */
function startPit(reload: u32): void {
  outb(COMMAND, RATE_GENERATOR);
  outb(CHANNEL_0, u8(reload));
  outb(CHANNEL_0, u8(reload >>> 8));
}
