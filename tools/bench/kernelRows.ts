/*
 * What the kernel's work costs, in guest instructions: booting, and single operations by the difference between runs that
 * do them often and less often.
 */
import { Machine, type BootModule } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import type { ProjectImages } from '../build/buildProject.ts';
import { commandsArchive } from '../image/initramfs.ts';
import { atMost, type BenchRow } from './rows.ts';

const PROMPT = 'pagewright:/# ';
const LIMIT = 4e9;

export async function kernelRows(images: ProjectImages): Promise<BenchRow[]> {
  const rows = [await bootRow(images)];
  const operations: [string, string, number][] = [
    ['null', 'null system call', 2000],
    ['fault', 'mmap, page fault, munmap', 500],
    ['fork', 'fork, exit and wait', 100],
    ['exec', 'fork, exec, exit and wait', 50],
    ['zero', 'page fault: demand zero', 500],
    ['cow', 'page fault: demand zero, fork of the page, copy on write', 500],
    ['fork1000', 'fork, exit and wait with 1,000 pages', 10],
    ['map', 'mmap, munmap', 500],
    ['protect', 'mprotect, to and fro', 500],
    ['move', 'mremap of a page, to and fro', 500],
    ['vmas10', 'mmap, munmap among 10 regions', 500],
    ['vmas1000', 'mmap, munmap among 1,000 regions', 500],
    ['vmas65000', 'mmap, munmap among 65,000 regions', 500],
  ];
  for (const [word, name, times] of operations) {
    const once = await instructionsOf(images, `bench ${word} ${times}`);
    const twice = await instructionsOf(images, `bench ${word} ${2 * times}`);
    rows.push({ group: 'kernel', name, value: Math.round((twice - once) / times), unit: 'instructions' });
  }
  return rows;
}

async function bootRow(images: ProjectImages): Promise<BenchRow> {
  const machine = await createMachine(images, [{ data: images.initrd, commandLine: 'initrd.cpio' }], '');
  try {
    const { reason, instructions } = machine.runSync({
      untilOutput: { port: 0, pattern: PROMPT },
      instructions: LIMIT,
    });
    if (reason !== 'output') throw new Error(`the kernel did not reach its prompt (${reason})`);
    return atMost({ group: 'kernel', name: 'boot to prompt', value: instructions, unit: 'instructions' }, 5e6);
  } finally {
    await machine.destroy();
  }
}

async function instructionsOf(images: ProjectImages, command: string): Promise<number> {
  const modules = [
    { data: images.initrd, commandLine: 'initrd.cpio' },
    { data: commandsArchive([command]), commandLine: 'exec.cpio' },
  ];
  const machine = await createMachine(images, modules, 'quiet');
  try {
    const { reason, exitCode, instructions } = machine.runSync({ instructions: LIMIT });
    if (reason !== 'exit' || exitCode !== 0)
      throw new Error(`'${command}' failed (${reason}, status ${String(exitCode)})`);
    return instructions;
  } finally {
    await machine.destroy();
  }
}

function createMachine(images: ProjectImages, modules: BootModule[], commandLine: string): Promise<Machine> {
  return Machine.create({
    wasm: readCore,
    memoryBytes: 16 << 20,
    seed: 1,
    kernel: images.kernel,
    modules,
    commandLine,
  });
}
