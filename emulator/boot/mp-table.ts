/*
 * The tables by which a kernel finds the processors and APICs: the MP floating pointer structure and the MP configuration
 * table.
 *
 * They are placed at the end of the BIOS ROM's area, where the specification lets kernels search, and which the memory map
 * reserves: a kernel that is loaded low or uses all of base memory does not overwrite them.
 *
 * Source: Intel MultiProcessor Specification 1.4, chapter 4.
 */

import { EXTERNAL_PIN, IO_APIC_ID, pinOfLine } from '../interrupts.ts';
import { CPU_SIGNATURE } from '../v86/reset-state.ts';

export const LOCAL_APIC_ADDRESS = 0xfee0_0000;
export const IO_APIC_ADDRESS = 0xfec0_0000;

/** Where the tables are unless there is a BIOS. */
export const MP_TABLE_ADDRESS = 0xf_f000;

const LOCAL_APIC_VERSION = 0x14;
const IO_APIC_VERSION = 0x11;
/** A PCI bus has the number by which its configuration space is reached (appendix D.2). */
const BUS_PCI = 0;
const BUS_ISA = 1;
const ALL_LOCAL_APICS = 0xff;

const INTERRUPT_VECTORED = 0;
const INTERRUPT_NMI = 1;
const INTERRUPT_EXTINT = 3;

/** Features as CPUID tells them. */
const CPU_FEATURES = 0x0780_ab79;
const FEATURE_HTT = 1 << 28;

/** The floating pointer and the table behind it, to be written at `address`, which is a multiple of 16. */
export function mpTables(cpus: number, address: number): Uint8Array {
  const entries = [
    ...Array.from({ length: cpus }, (_, id) => processor(id, CPU_FEATURES | (cpus > 1 ? FEATURE_HTT : 0))),
    bus(BUS_PCI, 'PCI   '),
    bus(BUS_ISA, 'ISA   '),
    ioApic(),
    interrupt(3, INTERRUPT_EXTINT, 0, IO_APIC_ID, EXTERNAL_PIN),
    // The timer's line is wired to pin 2; line 2 itself is the cascade of the 8259s and has no pin.
    ...Array.from({ length: 16 }, (_, line) => line)
      .filter((line) => line !== 2)
      .map((line) => interrupt(3, INTERRUPT_VECTORED, line, IO_APIC_ID, pinOfLine(line))),
    interrupt(4, INTERRUPT_EXTINT, 0, 0, 0),
    interrupt(4, INTERRUPT_NMI, 0, ALL_LOCAL_APICS, 1),
  ];
  const table = configurationTable(entries);
  const pointer = floatingPointer(address + 16);
  return Uint8Array.from([...pointer, ...table]);
}

function floatingPointer(tableAddress: number): number[] {
  const bytes = [...text('_MP_'), ...u32(tableAddress), 1, 4, 0, 0, 0, 0, 0, 0];
  bytes[10] = checksum(bytes);
  return bytes;
}

function configurationTable(entries: readonly (readonly number[])[]): number[] {
  const body = entries.flat();
  const header = [
    ...text('PCMP'),
    ...u16(44 + body.length),
    4,
    0, // checksum
    ...text('PAGEWRIT'),
    ...text('MACHINE     '),
    ...u32(0),
    ...u16(0),
    ...u16(entries.length),
    ...u32(LOCAL_APIC_ADDRESS),
    ...u32(0),
  ];
  const table = [...header, ...body];
  table[7] = checksum(table);
  return table;
}

function processor(id: number, features: number): number[] {
  const flags = id === 0 ? 0b11 : 0b01; // enabled; the boot processor
  return [0, id, LOCAL_APIC_VERSION, flags, ...u32(CPU_SIGNATURE), ...u32(features), ...u32(0), ...u32(0)];
}

function bus(id: number, name: string): number[] {
  return [1, id, ...text(name)];
}

function ioApic(): number[] {
  return [2, IO_APIC_ID, IO_APIC_VERSION, 1, ...u32(IO_APIC_ADDRESS)];
}

/** An interrupt assignment (type 3, to the I/O APIC; type 4, to local APICs), polarity and trigger as the bus has them. */
function interrupt(type: number, kind: number, line: number, destination: number, pin: number): number[] {
  return [type, kind, 0, 0, BUS_ISA, line, destination, pin];
}

function checksum(bytes: readonly number[]): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}

function text(characters: string): number[] {
  return Array.from(characters, (character) => character.charCodeAt(0));
}

function u16(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff];
}

function u32(value: number): number[] {
  return [...u16(value), ...u16(value >>> 16)];
}
