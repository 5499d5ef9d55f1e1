/*
 * Disks: a kernel that drives them in all the ways there are prints the same as under QEMU; contents, snapshots of them and
 * what is written back; times; what the disk says at its edges.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Disk, DiskImage } from '../../emulator/machine.ts';
import { readState, storeState } from '../../emulator/state.ts';
import { buildKernel, runKernel, runUnderQemu } from './support.ts';

const SECTOR = 512;

/** Each 16-bit word of a sector is the sector's number. */
function numbered(sectors: number): Uint8Array {
  return new Uint8Array(Uint16Array.from({ length: (sectors * SECTOR) / 2 }, (_, i) => Math.floor(i / 256)).buffer);
}

const first = numbered(4001);
const second = new Uint8Array(70_000 * SECTOR);
const disks = () => [new Disk(DiskImage.of(first)), new Disk(DiskImage.of(second))];

describe('a kernel that drives two disks', () => {
  const kernel = buildKernel('disk');

  test('prints the same as under QEMU', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'disks-'));
    try {
      const drives = [first, second].flatMap((contents, index) => {
        const file = join(folder, `disk${index}`);
        writeFileSync(file, contents);
        return ['-drive', `file=${file},format=raw,if=ide,index=${index}`];
      });
      const { output, reason } = await runKernel(kernel, { disks: disks() });
      // QEMU forgets an interrupt that was disabled when it happened; the specification says that it is asserted later.
      expect(output).toContain('enabled 1\n');
      const expected = runUnderQemu('disk', 1, ['-nodefaults', ...drives]).replace('enabled 0\n', 'enabled 1\n');
      expect(output).toBe(expected);
      expect(reason).toBe('exit');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('does the same compiled and interpreted', async () => {
    const [fast, exact] = [
      await runKernel(kernel, { mode: 'fast', disks: disks() }),
      await runKernel(kernel, { mode: 'exact', disks: disks() }),
    ];
    expect(fast).toEqual(exact);
  });

  test('leaves its writes in the overlay', async () => {
    const [one, two] = disks();
    await runKernel(kernel, { disks: [one, two] });
    expect([...one!.changes()]).toEqual([]);
    const changed = [...two!.changes()].map(({ offset }) => offset / SECTOR);
    expect(changed).toEqual([40_000, 69_984, 69_992]);
    expect(Array.from(two!.read(69_990, 1).subarray(0, 2))).toEqual([77, 0]);
    expect(second.every((byte) => byte === 0)).toBe(true);
  });
});

describe('contents', () => {
  test('sectors are written over the image, whichever way they lie to the chunks', () => {
    const disk = new Disk(DiskImage.of(numbered(40)));
    const data = new Uint8Array(11 * SECTOR).fill(9);
    disk.write(5, data);
    const all = disk.read(0, 40);
    const expected = numbered(40);
    expected.fill(9, 5 * SECTOR, 16 * SECTOR);
    expect(Buffer.compare(all, expected)).toBe(0);
    expect([...disk.changes()].map((change) => change.offset)).toEqual([0, 4096]);
  });

  test('a part of a sector at the end is filled up with zeros', () => {
    const disk = new Disk(DiskImage.of(new Uint8Array(1000).fill(5)));
    expect(disk.sectors).toBe(2);
    expect(disk.read(1, 1).lastIndexOf(5)).toBe(1000 - SECTOR - 1);
    disk.write(1, new Uint8Array(SECTOR).fill(6));
    expect([...disk.changes()].map(({ data }) => data.length)).toEqual([1024]);
  });

  test('what is written as it was before is no change', () => {
    const disk = new Disk(DiskImage.of(numbered(10)));
    disk.write(3, disk.read(3, 4));
    expect([...disk.changes()]).toEqual([]);
  });

  test('the state brings contents back, and names the image', () => {
    const disk = new Disk(DiskImage.of(numbered(100)));
    disk.write(50, new Uint8Array(SECTOR).fill(1));
    const stored = storeState(disk);
    disk.write(50, new Uint8Array(SECTOR).fill(2));
    disk.write(90, new Uint8Array(SECTOR).fill(3));
    readState(disk, stored);
    expect(disk.read(50, 1)).toEqual(new Uint8Array(SECTOR).fill(1));
    expect(disk.read(90, 1)).toEqual(numbered(100).subarray(90 * SECTOR, 91 * SECTOR));
    expect(DiskImage.of(numbered(100)).identity).toEqual(DiskImage.of(numbered(100)).identity);
    expect(DiskImage.of(numbered(99)).identity).not.toEqual(DiskImage.of(numbered(100)).identity);
  });

  test('an empty image is refused', () => {
    expect(() => new Disk(DiskImage.of(new Uint8Array(0)))).toThrow(/must not be empty/);
  });
});
