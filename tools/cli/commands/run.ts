/*
 * pagewright run: boots our kernel on the machine, or any other that follows the Multiboot Specification.
 *
 * With --exec our kernel runs shell commands, and the status is that of the last one: the commands travel in a second
 * archive that init finds, so that a run depends on nothing but its arguments. Without, this terminal becomes the console,
 * or what is piped in is typed at it.
 */
import { BootError, Machine } from '../../../emulator/machine.ts';
import { readCore } from '../../../emulator/node/wasm.ts';
import { type Command, listOption, type OptionValues, type Output, parseDefines, RunError } from '../command.ts';
import { diskOptions, openDisks, type OpenDisks } from '../run/disks.ts';
import { type BootImages, imageOptions, namesOtherKernel, ownImages, readOtherImages } from '../run/images.ts';
import { runQemu } from '../run/qemu.ts';
import { runSession } from '../run/session.ts';
import { readSettings, type Settings, settingsOptions } from '../run/settings.ts';
import { buildOrExplain } from './build.ts';

export const runCommand: Command = {
  name: 'run',
  summary: 'Boot the kernel, and run commands in it or give it this terminal (Ctrl-] leaves).',
  options: {
    exec: {
      type: 'string',
      short: 'e',
      multiple: true,
      value: 'COMMANDS',
      help: "run these in the guest's shell; the last one's status is ours",
    },
    console: { type: 'boolean', help: 'the first serial port is this terminal, or the pipe (so it is without --exec)' },
    ...settingsOptions,
    ...imageOptions,
    ...diskOptions,
    'state-hash': { type: 'boolean', help: 'print the hash over memory, CPUs and devices at the end' },
    define: { type: 'string', multiple: true, value: 'N=V', help: 'set a build constant: true, false or a number' },
    qemu: { type: 'boolean', help: 'run the same images under qemu-system-i386 instead' },
    json: { type: 'boolean', help: 'print output, status, instructions and hash as JSON' },
  },
  async run(values, _operands, root, output) {
    const settings = readSettings(values, !namesOtherKernel(values));
    const images = readImages(values, root, output);
    if (images === null) return 1;
    const disks = openDisks(values);
    try {
      if (values['qemu'] === true) return runQemu(root, images, disks, settings);
      return await runMachine(images, disks, settings, output);
    } finally {
      disks.close();
    }
  },
};

/** What boots, or null if our own kernel does not compile: that has been explained. */
function readImages(values: OptionValues, root: string, output: Output): BootImages | null {
  if (namesOtherKernel(values)) return readOtherImages(values);
  const images = buildOrExplain(root, { defines: parseDefines(listOption(values, 'define')) }, output);
  return images === null ? null : ownImages(images, values);
}

async function runMachine(images: BootImages, disks: OpenDisks, settings: Settings, output: Output): Promise<number> {
  const machine = await createMachine(images, disks, settings);
  try {
    return await runSession(machine, settings, output);
  } finally {
    await machine.destroy();
  }
}

async function createMachine(images: BootImages, { disks }: OpenDisks, settings: Settings): Promise<Machine> {
  try {
    return await Machine.create({
      wasm: readCore,
      cpus: settings.cpus,
      memoryBytes: settings.memoryBytes,
      seed: settings.seed,
      mode: settings.isExact ? 'exact' : 'fast',
      ...images,
      disks,
    });
  } catch (error) {
    if (error instanceof BootError) throw new RunError(error.message);
    throw error;
  }
}
