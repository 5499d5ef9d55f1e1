/*
 * The same images, CPUs and disks under QEMU, with the console on this terminal.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { RunError } from '../command.ts';
import type { OpenDisks } from './disks.ts';
import type { BootImages } from './images.ts';
import type { Settings } from './settings.ts';

/** The exit status of the guest. Throws RunError if QEMU cannot be started. */
export function runQemu(root: string, images: BootImages, disks: OpenDisks, settings: Settings): number {
  const folder = join(root, 'dist');
  mkdirSync(folder, { recursive: true });
  const file = (name: string, data: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, data);
    return path;
  };
  const args = ['-kernel', file('kernel.elf', images.kernel), '-append', images.commandLine];
  const modules = images.modules.map(({ data, commandLine }) => {
    const [path = '', ...words] = commandLine.split(' ');
    return [file(basename(path), data), ...words].join(' ');
  });
  if (modules.length > 0) args.push('-initrd', modules.join(','));
  args.push('-smp', `${settings.cpus}`, '-m', `${settings.memoryBytes >> 20}`);
  disks.files.forEach((disk, index) => {
    if (disk === undefined && disks.disks[index] !== undefined) {
      throw new RunError(
        '--swap is for the machine; give QEMU a disk that mkswap has prepared, and --append swap=/dev/hdd',
      );
    }
    if (disk === undefined) return;
    const snapshot = disk.writable ? 'off' : 'on';
    args.push('-drive', `file=${disk.path},format=raw,if=ide,index=${index},snapshot=${snapshot}`);
  });
  args.push('-display', 'none', '-no-reboot', '-serial', 'mon:stdio');
  args.push('-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04');
  const result = spawnSync('qemu-system-i386', args, { stdio: 'inherit' });
  if (result.error !== undefined) {
    throw new RunError(`cannot start qemu-system-i386 (${result.error.message}); Debian's package is qemu-system-x86`);
  }
  // isa-debug-exit ends QEMU with 2 * status + 1.
  const status = result.status ?? 1;
  return status % 2 === 1 ? status >> 1 : status;
}
