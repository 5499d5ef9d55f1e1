/*
 * The kernel on boards that differ: where interrupts come by APIC, where there are only the 8259s of 1984, and where
 * memory is short.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandsArchive } from '../../tools/image/initramfs.ts';
import { builtFile } from '../support/guest.ts';

/** Runs commands under QEMU; what the console showed, and the status of the last command. */
function runQemu(machine: readonly string[], commands: readonly string[]): { output: string; status: number } {
  const folder = mkdtempSync(join(tmpdir(), 'pagewright-platforms-'));
  try {
    const file = (name: string, data: Uint8Array): string => {
      writeFileSync(join(folder, name), data);
      return join(folder, name);
    };
    const modules = [file('initrd.cpio', builtFile('initrd.cpio')), file('exec.cpio', commandsArchive(commands))].join(
      ',',
    );
    const image = ['-kernel', file('kernel.elf', builtFile('kernel.elf')), '-initrd', modules];
    const devices = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-serial', 'stdio', '-serial', 'null'];
    const all = [...machine, ...image, ...devices, '-display', 'none', '-no-reboot'];
    const qemu = spawnSync('qemu-system-i386', all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    if (qemu.error !== undefined) throw qemu.error;
    expect(qemu.status! % 2, qemu.stderr).toBe(1); // isa-debug-exit gives 2 * status + 1
    return { output: qemu.stdout.replaceAll('\r', ''), status: (qemu.status! - 1) / 2 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const commands = ['torture --iterations 1', 'sleep 1', 'cat /proc/interrupts'];

test('a PC with APICs: no interrupt takes the old way', () => {
  const { output, status } = runQemu(['-machine', 'pc', '-m', '16'], commands);
  expect(status, output).toBe(0);
  expect(output).toMatch(/ 4: +[1-9][0-9]* +IO-APIC/);
  expect(output).not.toContain('XT-PIC');
});

test('a board without an I/O APIC: the 8259s carry all, the 8254 ticks', () => {
  const { output, status } = runQemu(['-machine', 'isapc', '-cpu', 'pentium3', '-m', '16'], commands);
  expect(status, output).toBe(0);
  expect(output).toContain('no I/O APIC where the MP table says, using the 8259');
  expect(output).toMatch(/ 0: +[1-9][0-9]* +XT-PIC/);
  expect(output).toMatch(/ 4: +[1-9][0-9]* +XT-PIC/);
});

test.each(['8', '64', '1024'])('a PC with %s MiB', (megabytes) => {
  const { output, status } = runQemu(['-machine', 'pc', '-m', megabytes], ['free', 'torture --iterations 1']);
  expect(status, output).toBe(0);
});
