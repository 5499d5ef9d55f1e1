/*
 * The pair of 8259 interrupt controllers: what a machine without an MP table has, and what all others have to silence.
 *
 * At power-on their vectors collide with the CPU's exceptions, so they are moved in any case: even a masked controller can
 * raise its spurious interrupt.
 */

const MASTER_COMMAND: u16 = 0x20;
const MASTER_DATA: u16 = 0x21;
const SLAVE_COMMAND: u16 = 0xa0;
const SLAVE_DATA: u16 = 0xa1;

/** The line of the master that the slave hangs on. */
const CASCADE = 2;
const COMMAND_EOI: u8 = 0x20;
const COMMAND_READ_IN_SERVICE: u8 = 0x0b;

/** Bit n set: line n is masked. */
let mask: u32 = 0xffff;

/** Vectors from `firstVector` on, everything masked. */
export function initPic(firstVector: u32): void {
  outb(MASTER_COMMAND, 0x11); // initialise, expect four words
  outb(SLAVE_COMMAND, 0x11);
  outb(MASTER_DATA, u8(firstVector));
  outb(SLAVE_DATA, u8(firstVector + 8));
  outb(MASTER_DATA, 1 << CASCADE);
  outb(SLAVE_DATA, CASCADE);
  outb(MASTER_DATA, 1); // 8086 mode, explicit EOI
  outb(SLAVE_DATA, 1);
  writeMask();
}

/** Lets a line through. */
export function unmaskPicLine(line: u32): void {
  mask &= ~(u32(1) << line);
  if (line >= 8) mask &= ~(u32(1) << CASCADE);
  writeMask();
}

/** Is the interrupt that arrived on line 7 or 15 none at all? A request that vanished too early looks like that. */
export function isSpuriousPicLine(line: u32): boolean {
  if ((line & 7) !== 7) return false;
  const port = line < 8 ? MASTER_COMMAND : SLAVE_COMMAND;
  outb(port, COMMAND_READ_IN_SERVICE);
  if ((inb(port) & 0x80) !== 0) return false;
  if (line >= 8) outb(MASTER_COMMAND, COMMAND_EOI); // for the master, the cascade was real
  return true;
}

/** The interrupt of this line has been dealt with. */
export function acknowledgePicLine(line: u32): void {
  if (line >= 8) outb(SLAVE_COMMAND, COMMAND_EOI);
  outb(MASTER_COMMAND, COMMAND_EOI);
}

function writeMask(): void {
  outb(MASTER_DATA, u8(mask));
  outb(SLAVE_DATA, u8(mask >>> 8));
}
