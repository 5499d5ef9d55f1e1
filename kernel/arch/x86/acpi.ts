/*
 * The ACPI table that names processors and interrupt controllers (ACPI Specification 2.0, 5.2: the MADT, "APIC").
 *
 * The MP table is older than processors with several cores: firmware lists one of each package there, and the rest here.
 * And there are machines that have this table alone. So processors come from here if it exists, and the controllers and
 * lines if there is no MP table.
 *
 *   RSDP, in the BIOS's memory  ->  RSDT, a list of tables  ->  the one with the signature "APIC": a list of entries
 *
 * Tables lie in memory that is not ours, and not in the direct map: each is mapped like a device. Once, at boot.
 */

import { mapDevice } from '../../mm/kernelMap.ts';
import { type PhysAddr, physToVirt } from './layout.ts';
import { addIoApic, addProcessorId, byteSum, clearProcessors, ISA_LINES, machineInfo } from './mpTable.ts';

/** "RSD PTR ", "RSDT" and "APIC", as little-endian words. */
const POINTER_SIGNATURE_LOW: u32 = 0x20445352;
const POINTER_SIGNATURE_HIGH: u32 = 0x20525450;
const RSDT_SIGNATURE: u32 = 0x54445352;
const MADT_SIGNATURE: u32 = 0x43495041;

const ENTRY_LOCAL_APIC = 0;
const ENTRY_IO_APIC = 1;
const ENTRY_OVERRIDE = 2;

/** Longer ones are not what they seem. */
const MAX_TABLE: u32 = 0x10000;

class RootPointer {
  signatureLow: u32;
  signatureHigh: u32;
  checksum: u8;
  oem: FixedArray<u8, 6>;
  revision: u8;
  rsdt: u32; // physical
}

/** Bytes of a RootPointer that the checksum covers. */
const ROOT_POINTER_SIZE: u32 = 20;

class AcpiHeader {
  signature: u32;
  length: u32;
  revision: u8;
  checksum: u8;
  oem: FixedArray<u8, 6>;
  oemTable: FixedArray<u8, 8>;
  oemRevision: u32;
  creator: u32;
  creatorRevision: u32;
}

class Madt {
  header: Inline<AcpiHeader>;
  localApic: u32; // physical
  flags: u32;
}

class LocalApicEntry {
  type: u8;
  length: u8;
  processor: u8;
  apicId: u8;
  flags: u32; // 1: usable
}

class IoApicEntry {
  type: u8;
  length: u8;
  id: u8;
  reserved: u8;
  address: u32; // physical
  firstLine: u32; // global number of pin 0
}

/** A line of the ISA bus that is not wired to the pin of its number. @packed */
class OverrideEntry {
  type: u8;
  length: u8;
  bus: u8;
  line: u8;
  globalLine: u32;
  flags: u16; // as in the MP table
}

/** Looks for the table, and adds what it tells to machineInfo. After readMpTable; the first MiB is mapped. */
export function readAcpi(): void {
  const madt = findMadt();
  if (madt === null) return;
  const machine = machineInfo();
  clearProcessors();
  readEntries(madt, ENTRY_LOCAL_APIC);
  if (machine.found || machine.cpuCount === 0) return;
  machine.localApic = madt.localApic;
  readEntries(madt, ENTRY_IO_APIC);
  for (let line: u32 = 0; line < ISA_LINES; line++) routeGlobal(madt, line, line, 0);
  readEntries(madt, ENTRY_OVERRIDE);
  machine.found = machine.ioApicCount !== 0;
}

function findMadt(): Madt | null {
  const extendedArea = u32(ptr<u16>(physToVirt(0x40e))[0]) << 4;
  let pointer = extendedArea === 0 ? null : searchPointer(extendedArea, 1024);
  if (pointer === null) pointer = searchPointer(0xe0000, 0x20000);
  if (pointer === null || pointer.rsdt === 0) return null;
  const root = mapTable(pointer.rsdt, RSDT_SIGNATURE);
  if (root === null) return null;
  const tables = ptr<u32>(u32(root) + sizeof<AcpiHeader>());
  for (let i: u32 = 0; i < (root.length - sizeof<AcpiHeader>()) / 4; i++) {
    const found = mapTable(tables[i], MADT_SIGNATURE);
    if (found !== null) return as<Madt>(found);
  }
  return null;
}

function searchPointer(start: PhysAddr, length: u32): RootPointer | null {
  for (let at = start; at < start + length; at += 16) {
    const pointer = as<RootPointer>(physToVirt(at));
    if (pointer.signatureLow !== POINTER_SIGNATURE_LOW || pointer.signatureHigh !== POINTER_SIGNATURE_HIGH) continue;
    if (byteSum(u32(pointer), ROOT_POINTER_SIZE) === 0) return pointer;
  }
  return null;
}

/** Maps the table at `address` if it has this signature and is whole; null: not. */
function mapTable(address: PhysAddr, signature: u32): AcpiHeader | null {
  const header = as<AcpiHeader>(mapDevice(address, sizeof<AcpiHeader>()));
  if (header.signature !== signature || header.length < sizeof<AcpiHeader>() || header.length > MAX_TABLE) return null;
  const table = mapDevice(address, header.length);
  return byteSum(table, header.length) === 0 ? as<AcpiHeader>(table) : null;
}

/** Reads the entries of one type. */
function readEntries(madt: Madt, type: u8): void {
  const end = u32(madt) + madt.header.length;
  let at = u32(madt) + sizeof<Madt>();
  while (at + 2 <= end) {
    const length = u32(ptr<u8>(at)[1]);
    if (length < 2 || at + length > end) return;
    if (ptr<u8>(at)[0] === type) readEntry(madt, at, type);
    at += length;
  }
}

function readEntry(madt: Madt, at: u32, type: u8): void {
  if (type === ENTRY_LOCAL_APIC) {
    const entry = as<LocalApicEntry>(at);
    if ((entry.flags & 1) !== 0) addProcessorId(entry.apicId);
  } else if (type === ENTRY_IO_APIC) {
    const entry = as<IoApicEntry>(at);
    addIoApic(entry.id, entry.address);
  } else {
    const entry = as<OverrideEntry>(at);
    if (entry.line < ISA_LINES) routeGlobal(madt, entry.line, entry.globalLine, entry.flags);
  }
}

/** Says that ISA line `line` is `globalLine`: a pin of the controller whose first line is the nearest below. */
function routeGlobal(madt: Madt, line: u32, globalLine: u32, flags: u32): void {
  const route = machineInfo().isaLines[line];
  const end = u32(madt) + madt.header.length;
  let best: u32 = 0;
  for (let at = u32(madt) + sizeof<Madt>(); at + 2 <= end && ptr<u8>(at)[1] >= 2; at += u32(ptr<u8>(at)[1])) {
    if (ptr<u8>(at)[0] !== ENTRY_IO_APIC) continue;
    const entry = as<IoApicEntry>(at);
    if (entry.firstLine > globalLine || entry.firstLine < best) continue;
    best = entry.firstLine;
    route.ioApic = entry.id;
    route.pin = globalLine - entry.firstLine;
  }
  route.activeLow = (flags & 3) === 3;
  route.levelTriggered = ((flags >>> 2) & 3) === 3;
}
