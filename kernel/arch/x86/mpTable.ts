/*
 * The MP configuration table: which processors and interrupt controllers there are, and which line goes where
 * (Intel MultiProcessor Specification 1.4, chapter 4).
 *
 * The firmware leaves a floating pointer, which begins with `_MP_` on a 16-byte boundary, in one of three places; it
 * points to the table. All is read once, at boot, into the records below, which are constant after that.
 *
 * Lines of the ISA bus that the table does not mention are wired one to one: that is what the specification's default
 * configurations do, and what the tables of real machines take for granted.
 */

import { MAX_CPUS } from './cpu.ts';
import { type PhysAddr, physToVirt } from './layout.ts';

const MAX_IO_APICS: u32 = 4;
/** Lines of the ISA bus. */
export const ISA_LINES: u32 = 16;

/** "_MP_" and "PCMP", as little-endian words. */
const POINTER_SIGNATURE: u32 = 0x5f504d5f;
const TABLE_SIGNATURE: u32 = 0x504d4350;

const ENTRY_PROCESSOR = 0;
const ENTRY_BUS = 1;
const ENTRY_IO_APIC = 2;
const ENTRY_IO_INTERRUPT = 3;

/** Bytes of an entry for a processor, and of any other. */
const PROCESSOR_SIZE: u32 = 20;
const OTHER_SIZE: u32 = 8;

/** The only kind of interrupt assignment that we follow: an ordinary vectored interrupt. */
const INTERRUPT_VECTORED = 0;
/** "ISA" in the first three bytes of a bus's type. */
const BUS_ISA: u32 = 0x415349;

/** Default configurations have the controllers here. */
const DEFAULT_LOCAL_APIC: u32 = 0xfee00000;
const DEFAULT_IO_APIC: u32 = 0xfec00000;

class FloatingPointer {
  signature: u32;
  table: u32; // physical
  length: u8; // in units of 16 bytes
  revision: u8;
  checksum: u8;
  defaultType: u8; // not 0: no table, but one of the specification's default configurations
  features: u8; // bit 7: there is an IMCR, and the 8259 is wired past the APIC until it is told otherwise
}

class TableHeader {
  signature: u32;
  length: u16;
  revision: u8;
  checksum: u8;
  vendor: FixedArray<u8, 20>;
  oemTable: u32;
  oemSize: u16;
  entryCount: u16;
  localApic: u32; // physical
  extendedLength: u16;
  extendedChecksum: u8;
  reserved: u8;
}

class ProcessorEntry {
  type: u8;
  apicId: u8;
  apicVersion: u8;
  flags: u8; // 1: usable
}

class BusEntry {
  type: u8;
  id: u8;
  name: FixedArray<u8, 6>;
}

class IoApicEntry {
  type: u8;
  id: u8;
  version: u8;
  flags: u8; // 1: usable
  address: u32; // physical
}

class InterruptEntry {
  type: u8;
  kind: u8;
  flags: u16; // bits 0-1 polarity, 2-3 trigger; 0: as is usual on the bus, 1: high, edge; 3: low, level
  bus: u8;
  line: u8;
  ioApic: u8; // id
  pin: u8;
}

/** An I/O APIC that the table names. */
export class IoApicInfo {
  id: u32;
  address: PhysAddr;
}

/** Where a line ends. */
export class LineRoute {
  ioApic: u32; // id
  pin: u32;
  activeLow: boolean;
  levelTriggered: boolean;
}

/** What the machine is made of. */
export class MachineInfo {
  found: boolean; // false: no table, a machine with 8259s alone
  localApic: PhysAddr;
  hasImcr: boolean;
  cpuCount: u32; // usable ones, at most MAX_CPUS
  apicIds: FixedArray<u32, 8>; // MAX_CPUS
  ioApicCount: u32;
  ioApics: FixedArray<Inline<IoApicInfo>, 4>; // MAX_IO_APICS
  isaLines: FixedArray<Inline<LineRoute>, 16>; // ISA_LINES
}

const machine = zeroed<Inline<MachineInfo>>();

/** What `readMpTable` found. */
export function machineInfo(): MachineInfo {
  return machine;
}

/** Looks for the table and reads it. Low memory is mapped. */
export function readMpTable(): void {
  const pointer = findFloatingPointer();
  if (pointer === null) return;
  machine.found = true;
  machine.hasImcr = (pointer.features & 0x80) !== 0;
  for (let line: u32 = 0; line < ISA_LINES; line++) machine.isaLines[line].pin = line;
  if (pointer.defaultType !== 0 || pointer.table === 0) {
    describeDefault();
    return;
  }
  const header = as<TableHeader>(physToVirt(pointer.table));
  if (header.signature !== TABLE_SIGNATURE || byteSum(u32(header), header.length) !== 0) {
    machine.found = false;
    return;
  }
  machine.localApic = header.localApic;
  readEntries(header);
  if (machine.ioApicCount === 0) machine.found = false;
}

/** The three places of section 4: the extended BIOS data area, the end of base memory, the BIOS. */
function findFloatingPointer(): FloatingPointer | null {
  const extendedArea = u32(ptr<u16>(physToVirt(0x40e))[0]) << 4;
  const baseMemory = u32(ptr<u16>(physToVirt(0x413))[0]) << 10;
  const inArea = extendedArea === 0 ? null : searchPointer(extendedArea, 1024);
  if (inArea !== null) return inArea;
  const inBase = searchPointer((baseMemory === 0 ? 0xa0000 : baseMemory) - 1024, 1024);
  if (inBase !== null) return inBase;
  return searchPointer(0xf0000, 0x10000);
}

function searchPointer(start: PhysAddr, length: u32): FloatingPointer | null {
  for (let at = start; at < start + length; at += 16) {
    const pointer = as<FloatingPointer>(physToVirt(at));
    if (pointer.signature === POINTER_SIGNATURE && byteSum(u32(pointer), u32(pointer.length) * 16) === 0)
      return pointer;
  }
  return null;
}

/** All records of the specification are made so that their bytes add up to 0. ACPI's as well. */
export function byteSum(address: u32, length: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < length; i++) sum += ptr<u8>(address)[i];
  return sum & 0xff;
}

/** Chapter 5: two processors, one I/O APIC, ISA lines one to one but for the timer, which is on pin 2. */
function describeDefault(): void {
  machine.localApic = DEFAULT_LOCAL_APIC;
  addProcessorId(0);
  addProcessorId(1);
  addIoApic(2, DEFAULT_IO_APIC);
  for (let line: u32 = 0; line < ISA_LINES; line++) machine.isaLines[line].ioApic = 2;
  machine.isaLines[0].pin = 2;
}

function readEntries(header: TableHeader): void {
  let at = u32(header) + sizeof<TableHeader>();
  let isaBus: u32 = 0xffffffff;
  for (let i: u32 = 0; i < header.entryCount; i++) {
    const type = ptr<u8>(at)[0];
    if (type === ENTRY_PROCESSOR) addProcessor(as<ProcessorEntry>(at));
    else if (type === ENTRY_BUS && busName(as<BusEntry>(at)) === BUS_ISA) isaBus = as<BusEntry>(at).id;
    else if (type === ENTRY_IO_APIC) readIoApic(as<IoApicEntry>(at));
    else if (type === ENTRY_IO_INTERRUPT) readInterrupt(as<InterruptEntry>(at), isaBus);
    at += type === ENTRY_PROCESSOR ? PROCESSOR_SIZE : OTHER_SIZE;
  }
}

function busName(entry: BusEntry): u32 {
  return u32(entry.name[0]) | (u32(entry.name[1]) << 8) | (u32(entry.name[2]) << 16);
}

function addProcessor(entry: ProcessorEntry): void {
  if ((entry.flags & 1) !== 0) addProcessorId(entry.apicId);
}

/** A processor that can be used. More than MAX_CPUS are left out. */
export function addProcessorId(apicId: u32): void {
  if (machine.cpuCount === MAX_CPUS) return;
  machine.apicIds[machine.cpuCount] = apicId;
  machine.cpuCount++;
}

/** Another table knows better which processors there are. */
export function clearProcessors(): void {
  machine.cpuCount = 0;
}

function readIoApic(entry: IoApicEntry): void {
  if ((entry.flags & 1) === 0) return;
  // One-to-one lines, until an entry says otherwise, are those of the first controller.
  if (machine.ioApicCount === 0) {
    for (let line: u32 = 0; line < ISA_LINES; line++) machine.isaLines[line].ioApic = entry.id;
  }
  addIoApic(entry.id, entry.address);
}

/** An I/O APIC that can be used. More than MAX_IO_APICS are left out. */
export function addIoApic(id: u32, address: PhysAddr): void {
  if (machine.ioApicCount === MAX_IO_APICS) return;
  const info = machine.ioApics[machine.ioApicCount];
  info.id = id;
  info.address = address;
  machine.ioApicCount++;
}

/** On the ISA bus "as usual" means active high and edge triggered. */
function readInterrupt(entry: InterruptEntry, isaBus: u32): void {
  if (entry.kind !== INTERRUPT_VECTORED || entry.bus !== isaBus || entry.line >= ISA_LINES) return;
  const route = machine.isaLines[entry.line];
  route.ioApic = entry.ioApic;
  route.pin = entry.pin;
  route.activeLow = (entry.flags & 3) === 3;
  route.levelTriggered = ((entry.flags >>> 2) & 3) === 3;
}
