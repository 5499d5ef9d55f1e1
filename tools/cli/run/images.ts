/*
 * What boots: the project's own kernel and archives, or the kernel of somebody else.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isLinux } from '../../../emulator/boot/linux.ts';
import type { Roms } from '../../../emulator/boot/roms.ts';
import type { BootModule } from '../../../emulator/machine.ts';
import type { ProjectImages } from '../../build/buildProject.ts';
import { commandsArchive } from '../../image/initramfs.ts';
import { listOption, type Option, type OptionValues, RunError, stringOption, UsageError } from '../command.ts';
import { SWAP_WORD } from './disks.ts';
import { hostFilesArchive } from './hostFiles.ts';

export const imageOptions: Readonly<Record<string, Option>> = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'PATH[:PLACE]',
    help: "put this file or folder into our guest's root file system: in /tmp, or as PLACE",
  },
  kernel: { type: 'string', value: 'FILE', help: 'boot this multiboot kernel instead of our own' },
  bzimage: { type: 'string', value: 'FILE', help: 'boot this Linux kernel' },
  initrd: {
    type: 'string',
    multiple: true,
    value: 'FILE',
    help: 'the initial file system for --bzimage; a module for --kernel, `FILE WORDS` to give it words',
  },
  bios: { type: 'string', value: 'FILE', help: 'put this ROM below 1 MiB, for kernels that look for a BIOS' },
  'vga-bios': { type: 'string', value: 'FILE', help: 'put this ROM at C0000' },
  append: { type: 'string', value: 'TEXT', help: "words for the kernel's command line" },
  cmdline: { type: 'string', value: 'TEXT', help: 'the same' },
};

export interface BootImages {
  readonly kernel: Uint8Array;
  readonly commandLine: string;
  readonly modules: readonly BootModule[];
  readonly roms: Roms;
}

/** Whether the options name a kernel of somebody else. */
export function namesOtherKernel(values: OptionValues): boolean {
  return values['kernel'] !== undefined || values['bzimage'] !== undefined;
}

/** The kernel that the options name. Throws UsageError, or RunError if a file cannot be read. */
export function readOtherImages(values: OptionValues): BootImages {
  if (listOption(values, 'exec').length > 0) {
    throw new UsageError('--exec runs commands in our own kernel; give other kernels their input through a pipe');
  }
  if (listOption(values, 'file').length > 0) {
    throw new UsageError('--file is for our own kernel; give others their files on a disk, or with --initrd');
  }
  if (listOption(values, 'define').length > 0)
    throw new UsageError('--define is for our own kernel, which is built with it');
  if (hasSwap(values)) throw new UsageError('--swap is for our own kernel; give others a disk with --hda to --hdd');
  const [kernel, bzImage] = [stringOption(values, 'kernel'), stringOption(values, 'bzimage')];
  if (kernel !== undefined && bzImage !== undefined) throw new UsageError('give either --kernel or --bzimage');
  const image = readImage((kernel ?? bzImage)!, 'kernel');
  if (bzImage !== undefined && !isLinux(image)) throw new RunError(`${bzImage} is not a Linux kernel (bzImage)`);
  return {
    kernel: image,
    roms: readRoms(values),
    commandLine: commandLineOf(values),
    modules: listOption(values, 'initrd').map(readModule),
  };
}

/** Our own kernel, with the archive of its programs, those of the host's files, and of the commands that init will run. */
export function ownImages(images: ProjectImages, values: OptionValues): BootImages {
  const commands = listOption(values, 'exec');
  if (listOption(values, 'initrd').length > 0) throw new UsageError('--initrd belongs to --kernel or --bzimage');
  const modules = [{ data: images.initrd, commandLine: 'initrd.cpio' }];
  const files = listOption(values, 'file');
  if (files.length > 0) modules.push({ data: hostFilesArchive(files, images.folders), commandLine: 'files.cpio' });
  if (commands.length > 0) modules.push({ data: commandsArchive(commands), commandLine: 'exec.cpio' });
  const session = stringOption(values, 'session') ?? sessionWords(values);
  const words = [session, hasSwap(values) ? SWAP_WORD : '', commandLineOf(values)];
  return {
    kernel: images.kernel,
    roms: readRoms(values),
    commandLine: words.filter((word) => word !== '').join(' '),
    modules,
  };
}

/**
 * What our kernel is told of the console: that it runs the host's commands, how large the terminal's window is, or that
 * the console is a pipe: then its shell is the only one, and with it the machine ends. A run keeps the words among its
 * options as `session`, so that a recording can be replayed elsewhere.
 */
export function sessionWords(values: OptionValues): string {
  if (listOption(values, 'exec').length > 0) return 'quiet';
  if (!process.stdin.isTTY) return 'once';
  const { rows, columns } = process.stdout;
  return process.stdout.isTTY ? `rows=${rows} columns=${columns}` : '';
}

function hasSwap(values: OptionValues): boolean {
  return values['swap'] !== undefined;
}

function commandLineOf(values: OptionValues): string {
  return [stringOption(values, 'append'), stringOption(values, 'cmdline')]
    .filter((text) => text !== undefined)
    .join(' ');
}

/** A module's string is what stands on the command line, file and words. */
function readModule(text: string): BootModule {
  const space = text.indexOf(' ');
  const path = space === -1 || existsSync(text) ? text : text.slice(0, space);
  return { data: readImage(path, 'module'), commandLine: text };
}

function readRoms(values: OptionValues): Roms {
  const read = (option: string) => {
    const path = stringOption(values, option);
    return path === undefined ? undefined : readImage(path, 'ROM');
  };
  return { bios: read('bios'), vgaBios: read('vga-bios') };
}

function readImage(path: string, what: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new RunError(`cannot read the ${what} ${path}: ${(error as Error).message}`);
  }
}
