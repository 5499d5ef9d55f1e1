/*
 * Disks: found with their partitions, read and written by DMA and by the CPU, and what becomes of sectors that cannot be
 * read. Under QEMU, whose disks others have tested.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../emulator/random.ts';
import { runQemu } from '../support/qemu.ts';

const SECTOR = 512;
const SECTORS = 4001; // the last page of the device is not whole
const FIRST_TABLE_ENTRY = 446;
const LINUX = 0x83;
const EXTENDED = 0x05;

interface Partition {
  readonly type: number;
  readonly start: number;
  readonly sectors: number;
}

/** Writes a partition table into the sector `at`. */
function writeTable(disk: Uint8Array, at: number, partitions: readonly Partition[]): void {
  const sector = new DataView(disk.buffer, disk.byteOffset + at * SECTOR, SECTOR);
  for (let i = FIRST_TABLE_ENTRY; i < SECTOR; i++) sector.setUint8(i, 0);
  partitions.forEach(({ type, start, sectors }, i) => {
    const entry = FIRST_TABLE_ENTRY + 16 * i;
    sector.setUint8(entry + 4, type);
    sector.setUint32(entry + 8, start, true);
    sector.setUint32(entry + 12, sectors, true);
  });
  sector.setUint16(SECTOR - 2, 0xaa55, true);
}

/** Random bytes, with a table of two primary partitions, one of them extended, and two logical ones. */
function partitionedDisk(): Uint8Array {
  const random = new Random(42);
  const disk = Uint8Array.from({ length: SECTORS * SECTOR }, () => random.below(256));
  writeTable(disk, 0, [
    { type: LINUX, start: 100, sectors: 1000 },
    { type: EXTENDED, start: 1200, sectors: 2000 },
    { type: LINUX, start: 3900, sectors: 500 }, // leaves the disk: not believed
  ]);
  const second = { type: EXTENDED, start: 600, sectors: 800 };
  writeTable(disk, 1200, [{ type: LINUX, start: 10, sectors: 500 }, second]);
  writeTable(disk, 1800, [{ type: LINUX, start: 10, sectors: 300 }]);
  return disk;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pagewright-disks-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function diskFile(name: string, contents: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

const drive = (index: number, file: string): string[] => [
  '-drive',
  `file=${file},format=raw,if=ide,index=${index},rerror=report,werror=report`,
];

const boards = [
  { name: 'a PC with a bus master', machine: ['-machine', 'pc'], mode: 'DMA' },
  { name: 'a board without PCI', machine: ['-machine', 'isapc', '-cpu', 'pentium3'], mode: 'PIO' },
];

describe.each(boards)('$name', ({ machine, mode }) => {
  test('reads and writes whole disks', () => {
    const contents = partitionedDisk();
    const source = diskFile(`source-${mode}`, contents);
    const target = diskFile(`target-${mode}`, new Uint8Array(contents.length));
    const { output, status } = runQemu(
      [...machine, '-m', '16', ...drive(0, source), ...drive(1, target)],
      ['cp /dev/hda /dev/hdb'],
    );
    expect(status, output).toBe(0);
    expect(Buffer.compare(readFileSync(target), contents)).toBe(0);
    expect(Buffer.compare(readFileSync(source), contents)).toBe(0);
  });

  test('finds the partitions, and nothing that a table only claims', () => {
    const source = diskFile(`partitions-${mode}`, partitionedDisk());
    const { output, status } = runQemu(
      [...machine, '-m', '16', ...drive(3, source)],
      ['cat /proc/partitions', 'wc -c < /dev/hdd1', 'wc -c < /dev/hdd6', 'ls -l /dev/hdd5'],
    );
    expect(status, output).toBe(0);
    const sizes = [...output.matchAll(/^ +22 +(\d+) +(\d+) (\w+)$/gm)].map(([, minor, blocks, name]) => [
      name,
      Number(minor),
      Number(blocks),
    ]);
    expect(sizes).toEqual([
      ['hdd', 64, 2000],
      ['hdd1', 65, 500],
      ['hdd2', 66, 1],
      ['hdd5', 69, 250],
      ['hdd6', 70, 150],
    ]);
    expect(output).toMatch(/^512000$/m);
    expect(output).toMatch(/^153600$/m);
    expect(output).toMatch(/^brw-rw---- .* 22, +69 .*hdd5$/m);
  });
});

test('a sector that cannot be read fails its readers, and nobody else', () => {
  const source = diskFile('broken', partitionedDisk());
  const target = diskFile('untouched', new Uint8Array(SECTORS * SECTOR));
  const rules = diskFile(
    'rules',
    Buffer.from('[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "1000"\nonce = "off"\n'),
  );
  const { output } = runQemu(
    ['-m', '16', ...drive(0, `blkdebug:${rules}:${source}`), ...drive(1, target)],
    ['cp /dev/hda /dev/hdb', 'wc -c < /dev/hda6', 'cp /dev/hda1 /dev/null'],
  );
  expect(output).toMatch(/^cp: .*\/dev\/hda: Input\/output error$/m);
  expect(output).toMatch(/^cp: .*\/dev\/hda1: Input\/output error$/m);
  expect(output).toMatch(/^153600$/m);
  const copied = readFileSync(target);
  const end = 1000 * SECTOR;
  expect(Buffer.compare(copied.subarray(0, end), readFileSync(source).subarray(0, end))).toBe(0);
});
