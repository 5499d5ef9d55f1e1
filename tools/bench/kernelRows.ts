/*
 * What the kernel's work costs, in guest instructions: booting, and single operations by the difference between runs that
 * do them often and less often.
 */
import { Disk, Machine, type BootModule } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import type { ProjectImages } from '../build/buildProject.ts';
import { commandsArchive } from '../image/initramfs.ts';
import { swapImage } from '../image/swapImage.ts';
import { atMost, type BenchRow } from './rows.ts';

const PROMPT = 'pagewright:/# ';
const LIMIT = 4e9;
const SWAP_BYTES = 48 << 20;
const NANOSECONDS_PER_INSTRUCTION = 10;
/** Linux, and so our kernel, lets a process have 65,530 regions unless it is told otherwise. */
const MORE_REGIONS = 'echo 70000 >/proc/sys/vm/max_map_count';

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
    ['swap', 'page fault: swap-in', 1000],
    ['vmas10', 'mmap, munmap among 10 regions', 500],
    ['vmas1000', 'mmap, munmap among 1,000 regions', 500],
    ['vmas65536', 'mmap, munmap among 65,536 regions', 500],
  ];
  for (const [word, name, times] of operations) {
    const once = await costOf(images, `${MORE_REGIONS}; bench ${word} ${times}`);
    const twice = await costOf(images, `${MORE_REGIONS}; bench ${word} ${2 * times}`);
    const value = Math.round((twice.instructions - once.instructions) / times);
    rows.push({ group: 'kernel', name, value, unit: 'instructions' });
  }
  for (const cpus of [2, 4]) rows.push(await threadsRow(images, cpus));
  return rows;
}

/** The time that four threads in one address space need, told in the instructions that one CPU could execute in it. */
async function threadsRow(images: ProjectImages, cpus: number): Promise<BenchRow> {
  const times = 500;
  const once = await costOf(images, `bench threads ${times}`, cpus);
  const twice = await costOf(images, `bench threads ${2 * times}`, cpus);
  const value = Math.round((twice.nanoseconds - once.nanoseconds) / NANOSECONDS_PER_INSTRUCTION / times);
  return { group: 'kernel', name: `4 threads on ${cpus} CPUs: mmap, page fault, munmap`, value, unit: 'instructions' };
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

async function costOf(
  images: ProjectImages,
  command: string,
  cpus = 1,
): Promise<{ readonly instructions: number; readonly nanoseconds: number }> {
  const modules = [
    { data: images.initrd, commandLine: 'initrd.cpio' },
    { data: commandsArchive([command]), commandLine: 'exec.cpio' },
  ];
  const machine = await createMachine(images, modules, 'quiet swap=/dev/hdd', cpus);
  try {
    const { reason, exitCode, instructions } = machine.runSync({ instructions: LIMIT });
    if (reason !== 'exit' || exitCode !== 0)
      throw new Error(`'${command}' failed (${reason}, status ${String(exitCode)})`);
    return { instructions, nanoseconds: machine.nanoseconds };
  } finally {
    await machine.destroy();
  }
}

function createMachine(images: ProjectImages, modules: BootModule[], commandLine: string, cpus = 1): Promise<Machine> {
  return Machine.create({
    wasm: readCore,
    memoryBytes: 16 << 20,
    seed: 1,
    cpus,
    disks: [undefined, undefined, undefined, new Disk(swapImage(SWAP_BYTES))],
    kernel: images.kernel,
    modules,
    commandLine,
  });
}
