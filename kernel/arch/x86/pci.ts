/*
 * PCI configuration space: what is plugged in, and where its registers are.
 *
 * Each function of each device on each bus has 64 words of configuration. They are reached through a pair of ports:
 * a location is written to one, the word then read or written at the other (PCI Local Bus Specification 3.0, 3.2.2.3,
 * "configuration mechanism 1"). A function that is not there reads as ones.
 *
 * A `PciFunction` is that location, without the number of the word:
 *
 *   31      23..16  15..11  10..8     7..2
 *   enable  bus     device  function  word
 *
 * Locking. (C) pciLock, interrupts off: the two ports are used as a pair.
 */

import { type Spinlock } from '../../sync/spinlock.ts';

/** The class of pciLock. */
export class PciLock {
  declare readonly lock: 'pci';
}

/** Names a function; 0 names none. */
export type PciFunction = u32 & { readonly __space?: 'pci' };

const ADDRESS_PORT: u16 = 0xcf8;
const DATA_PORT: u16 = 0xcfc;
const ENABLE: u32 = 0x80000000;

const DEVICES: u32 = 32;
const FUNCTIONS: u32 = 8;
/** Bridges behind bridges: more than any machine has, and an end to a table that is a circle. */
const MAX_DEPTH: u32 = 4;

// Words of the header, as offsets in bytes.
export const PCI_ID: u32 = 0x00;
export const PCI_COMMAND: u32 = 0x04;
export const PCI_CLASS: u32 = 0x08;
const PCI_HEADER_TYPE: u32 = 0x0c;
const PCI_BUSES: u32 = 0x18;
/** The first of six base address registers. */
export const PCI_BASE: u32 = 0x10;

// Bits of PCI_COMMAND.
export const PCI_COMMAND_IO: u32 = 0x1;
export const PCI_COMMAND_MEMORY: u32 = 0x2;
export const PCI_COMMAND_MASTER: u32 = 0x4;

/** The two upper bytes of PCI_CLASS of a bridge to another PCI bus. */
const CLASS_PCI_BRIDGE: u32 = 0x0604;
const ABSENT: u32 = 0xffffffff;

const pciLock = zeroed<Inline<Spinlock<PciLock>>>();

/** Prepares the lock. Before anything else here. */
export function initPci(): void {
  pciLock.init('pci');
}

/** Reads a word of configuration; `offset` is a multiple of 4. */
export function readPci(where: PciFunction, offset: u32): u32 {
  using _held = pciLock.acquireIrqSave();
  outl(ADDRESS_PORT, where | offset);
  return inl(DATA_PORT);
}

/** Writes a word of configuration; `offset` is a multiple of 4. */
export function writePci(where: PciFunction, offset: u32, value: u32): void {
  using _held = pciLock.acquireIrqSave();
  outl(ADDRESS_PORT, where | offset);
  outl(DATA_PORT, value);
}

/** The first function whose class and subclass are `classCode` (0x0101: an IDE controller); 0: there is none. */
export function findPciClass(classCode: u32): PciFunction {
  return hasPci() ? searchBus(0, classCode, 0) : 0;
}

/** Is there a host bridge that answers? On a machine without one, the port does not keep what is written to it. */
function hasPci(): boolean {
  using _held = pciLock.acquireIrqSave();
  outl(ADDRESS_PORT, ENABLE);
  return inl(ADDRESS_PORT) === ENABLE;
}

function searchBus(bus: u32, classCode: u32, depth: u32): PciFunction {
  for (let device: u32 = 0; device < DEVICES; device++) {
    const first: PciFunction = ENABLE | (bus << 16) | (device << 11);
    if (readPci(first, PCI_ID) === ABSENT) continue;
    const functions: u32 = (readPci(first, PCI_HEADER_TYPE) & 0x800000) !== 0 ? FUNCTIONS : 1;
    for (let i: u32 = 0; i < functions; i++) {
      const found = searchFunction(first | (i << 8), classCode, depth);
      if (found !== 0) return found;
    }
  }
  return 0;
}

/** The function itself, or what is behind it if it is a bridge. */
function searchFunction(where: PciFunction, classCode: u32, depth: u32): PciFunction {
  if (readPci(where, PCI_ID) === ABSENT) return 0;
  const itsClass = readPci(where, PCI_CLASS) >>> 16;
  if (itsClass === classCode) return where;
  if (itsClass !== CLASS_PCI_BRIDGE || depth === MAX_DEPTH) return 0;
  const secondary = (readPci(where, PCI_BUSES) >>> 8) & 0xff;
  return secondary === 0 ? 0 : searchBus(secondary, classCode, depth + 1);
}
