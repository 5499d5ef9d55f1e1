/*
 * Partition tables as PCs have them: four entries in the first sector, one of which may be an *extended* partition.
 * That holds logical partitions, numbered from 5 on, as a chain of further tables: the first entry of each is the
 * logical partition, relative to that table; the second the next table, relative to the extended partition.
 *
 * What a table says is not believed: an entry that leaves the disk, or a chain that does not end, is where reading stops.
 */

import { type Disk, SECTOR_SIZE } from './bio.ts';

/** The last logical partition that can be numbered. */
const MAX_PARTITIONS: u32 = 63;
const FIRST_LOGICAL: u32 = 5;
const ENTRIES: u32 = 4;
const TABLE_OFFSET: u32 = 446;
const SIGNATURE_OFFSET: u32 = 510;

const TYPE_EXTENDED = 0x05;
const TYPE_EXTENDED_LBA = 0x0f;
const TYPE_EXTENDED_LINUX = 0x85;

/** @packed */
class PartitionEntry {
  status: u8; // 0, or 0x80: the one to boot
  firstCylinder: FixedArray<u8, 3>; // as heads were counted once
  type: u8; // 0: not in use
  lastCylinder: FixedArray<u8, 3>;
  start: u32; // in sectors, see above from where
  sectors: u32;
}

/** Reads a sector into `target`; false: it cannot be read. */
export type SectorReader = (disk: Disk, sector: u32, target: Ptr<u8>) => boolean;
/** Told of each partition: its number from 1 on, first sector of the disk, length in sectors. */
export type PartitionSink = (disk: Disk, number: u32, start: u32, sectors: u32) => void;

/** Finds all partitions of a disk; none when it has no table. */
export function readPartitions(disk: Disk, read: SectorReader, found: PartitionSink): void {
  const sector = uninitialized<FixedArray<u8, 512>>();
  if (!readTable(disk, 0, read, sector)) return;
  let extended: u32 = 0;
  for (let i: u32 = 0; i < ENTRIES; i++) {
    const entry = entryOf(sector, i);
    if ((entry.status & 0x7f) !== 0) return; // a boot sector without a table: its code lies here
    if (entry.type === 0 || !isInside(disk, entry.start, entry.sectors)) continue;
    if (isExtended(entry.type)) extended = entry.start;
    found(disk, i + 1, entry.start, isExtended(entry.type) ? 2 : entry.sectors);
  }
  if (extended !== 0) readLogical(disk, extended, read, found, sector);
}

/** Follows the chain of tables in an extended partition. */
function readLogical(disk: Disk, extended: u32, read: SectorReader, found: PartitionSink, sector: Ptr<u8>): void {
  let at = extended;
  for (let number = FIRST_LOGICAL; number <= MAX_PARTITIONS; number++) {
    if (!readTable(disk, at, read, sector)) return;
    const logical = entryOf(sector, 0);
    if (logical.type === 0 || !isInside(disk, at + logical.start, logical.sectors)) return;
    found(disk, number, at + logical.start, logical.sectors);
    const next = entryOf(sector, 1);
    if (!isExtended(next.type) || next.start === 0 || !isInside(disk, extended + next.start, 1)) return;
    at = extended + next.start;
  }
}

function readTable(disk: Disk, at: u32, read: SectorReader, sector: Ptr<u8>): boolean {
  return read(disk, at, sector) && sector[SIGNATURE_OFFSET] === 0x55 && sector[SIGNATURE_OFFSET + 1] === 0xaa;
}

function entryOf(sector: Ptr<u8>, index: u32): PartitionEntry {
  return as<PartitionEntry>(u32(sector) + TABLE_OFFSET + index * sizeof<PartitionEntry>());
}

function isExtended(type: u8): boolean {
  return type === TYPE_EXTENDED || type === TYPE_EXTENDED_LBA || type === TYPE_EXTENDED_LINUX;
}

function isInside(disk: Disk, start: u32, sectors: u32): boolean {
  return sectors !== 0 && start !== 0 && start < disk.sectors && sectors <= disk.sectors - start;
}

staticAssert(sizeof<PartitionEntry>() * ENTRIES + TABLE_OFFSET === SIGNATURE_OFFSET, 'four entries fill the sector');
staticAssert(SIGNATURE_OFFSET + 2 === SECTOR_SIZE, 'the signature ends the sector');
