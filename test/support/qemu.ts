/*
 * The kernel under QEMU, for tests of what the machine does not have or does otherwise.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { commandsArchive } from '../../tools/image/initramfs.ts';
import { builtFile } from './guest.ts';

/** Runs commands under QEMU; what the console showed, and the status of the last command. */
export function runQemu(machine: readonly string[], commands: readonly string[]): { output: string; status: number } {
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
