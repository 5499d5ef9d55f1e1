/*
 * A kernel that does what teaching systems do runs here as it does under QEMU, and comes back from
 * resets.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Disk, DiskImage } from '../../emulator/machine.ts';
import { RandomSlices } from '../../emulator/policies/random-slices.ts';
import type { Random } from '../../emulator/random.ts';
import { buildKernel, runKernel, runUnderQemu } from './support.ts';

const kernel = buildKernel('teaching');
const contents = new Uint8Array(Uint16Array.from({ length: 200 * 256 }, (_, i) => Math.floor(i / 256)).buffer);
const disks = () => [new Disk(DiskImage.of(contents)), new Disk(DiskImage.of(contents))];

/** Under QEMU once: it is slow with several processors on few. */
function expected(cpus: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'teaching-'));
  try {
    const drives = [0, 1].flatMap((index) => {
      const file = join(folder, `disk${index}`);
      writeFileSync(file, contents);
      return ['-drive', `file=${file},format=raw,if=ide,index=${index}`];
    });
    // One processor a socket: the BIOS lists only the first of each.
    return runUnderQemu('teaching', cpus, ['-smp', `${cpus},sockets=${cpus}`, ...drives]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('two CPUs do the same as under QEMU', async () => {
  const { output, reason, exitCode } = await runKernel(kernel, { cpus: 2, disks: disks() });
  expect(output).toBe(expected(2));
  expect({ reason, exitCode }).toEqual({ reason: 'exit', exitCode: 0 });
});

test.each(['reset', 'resetk'])('a processor that is reset goes on through the vector: %s', async (commandLine) => {
  const { output } = await runKernel(kernel, { cpus: 2, disks: disks(), commandLine });
  expect(output).toMatch(/all tick 1\nshutdown code 1\nagain 1\ndone\n$/);
});

test('a second disk may be the only one', async () => {
  const options = { cpus: 2, disks: disks().map((disk, i) => (i === 0 ? undefined : disk)), commandLine: 'second' };
  expect((await runKernel(kernel, options)).output).toMatch(/contents 12076\n.*done\n$/s);
});

const options = (cpus: number, seed: number) => ({
  cpus,
  seed,
  disks: disks(),
  policy: (random: Random) => new RandomSlices(random, 20_000),
});

test.each([1, 8])('%i CPUs come up and do the work, whatever the slices', async (cpus) => {
  const { output } = await runKernel(kernel, options(cpus, 4));
  expect(output).toContain(`processors ${cpus}\n`);
  expect(output).toContain(`started ${cpus - 1}\n`);
  expect(output).toMatch(/done\n$/);
});

test('three CPUs do the same compiled and interpreted', async () => {
  const fast = await runKernel(kernel, options(3, 9));
  expect(await runKernel(kernel, { ...options(3, 9), mode: 'exact' })).toEqual(fast);
});
