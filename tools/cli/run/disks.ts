/*
 * Disk images given on the command line.
 *
 * An image file is only read: what the guest writes stays in memory and is gone at the end, so that the same run can be
 * made again. `--hda FILE,writable` asks for the contrary: when the run ends, however it ends, the changes go to the file.
 * Images are read piece by piece when the guest asks for them, so that large ones cost nothing.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { Disk, DiskImage } from '../../../emulator/machine.ts';
import { swapImage } from '../../image/swapImage.ts';
import { type Option, type OptionValues, parseSize, RunError, stringOption, UsageError } from '../command.ts';

const NAMES = ['hda', 'hdb', 'hdc', 'hdd'];
const WRITABLE = ',writable';

const PAGE_BYTES = 4096;
/** A header, and something to keep pages in. */
const SMALLEST_SWAP = 10 * PAGE_BYTES;
/** The disk that --swap makes, and the word that tells our kernel's init to use it. */
const SWAP_DISK = 3;
export const SWAP_WORD = `swap=/dev/${NAMES[SWAP_DISK]!}`;

const swapOption: Option = {
  type: 'string',
  value: 'SIZE',
  help: 'swap space for our kernel, in an empty disk of its own (hdd)',
};

export const diskOptions: Readonly<Record<string, Option>> = Object.fromEntries([
  ...NAMES.map((name, i) => [
    name,
    {
      type: 'string',
      value: 'FILE[,writable]',
      help:
        i === 0
          ? 'IDE disk; the file stays as it is unless `,writable` follows its name'
          : `another one, ${['', 'beside the first', 'on the second channel', 'beside that'][i]!}`,
    },
  ]),
  ['swap', swapOption],
]) as Readonly<Record<string, Option>>;

export interface OpenDisks {
  /** hda to hdd; absent ones are undefined. */
  readonly disks: readonly (Disk | undefined)[];
  /** The files and options behind them, for QEMU; a disk that is in no file has none. */
  readonly files: readonly ({ readonly path: string; readonly writable: boolean } | undefined)[];
  /** Writes back what belongs into files, and closes them. */
  close(): void;
}

interface OpenDisk {
  readonly disk: Disk;
  readonly file: { readonly path: string; readonly writable: boolean } | undefined;
  readonly close: () => void;
}

/** Throws RunError if a file cannot be used. The caller closes what it gets. */
export function openDisks(values: OptionValues): OpenDisks {
  const opened: (OpenDisk | undefined)[] = [];
  const close = () => {
    for (const disk of opened) disk?.close();
  };
  try {
    for (const name of NAMES) {
      const value = stringOption(values, name);
      opened.push(value === undefined ? undefined : openDisk(name, value));
    }
    const swap = stringOption(values, 'swap');
    if (swap !== undefined) opened[SWAP_DISK] = makeSwap(swap, opened[SWAP_DISK]);
  } catch (error) {
    close();
    throw error;
  }
  return { disks: opened.map((disk) => disk?.disk), files: opened.map((disk) => disk?.file), close };
}

function makeSwap(value: string, other: OpenDisk | undefined): OpenDisk {
  if (other !== undefined) throw new UsageError('--swap needs the place of --hdd');
  const bytes = parseSize(value, 'swap');
  if (bytes < SMALLEST_SWAP || bytes % PAGE_BYTES !== 0) {
    throw new UsageError('--swap takes a size of whole pages of 4K, and 40K at least');
  }
  return { disk: new Disk(swapImage(bytes)), file: undefined, close: () => undefined };
}

function openDisk(name: string, value: string): OpenDisk {
  const writable = value.endsWith(WRITABLE);
  const path = writable ? value.slice(0, -WRITABLE.length) : value;
  if (path === '') throw new UsageError(`--${name} takes the file of a disk image`);
  let descriptor: number;
  try {
    descriptor = openSync(path, writable ? 'r+' : 'r');
  } catch (error) {
    throw new RunError(`cannot open the disk image ${path}: ${(error as Error).message}`);
  }
  try {
    const size = fstatSync(descriptor);
    if (!size.isFile()) throw new RunError(`the disk image ${path} is not a file`);
    if (size.size === 0) throw new RunError(`the disk image ${path} is empty`);
    const disk = new Disk(new DiskImage(size.size, (offset, into) => readAll(descriptor, path, offset, into)));
    const close = () => {
      if (writable) writeBack(descriptor, disk);
      closeSync(descriptor);
    };
    return { disk, file: { path, writable }, close };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function readAll(descriptor: number, path: string, offset: number, into: Uint8Array): void {
  for (let at = 0; at < into.length;) {
    const bytes = readSync(descriptor, into, at, into.length - at, offset + at);
    if (bytes === 0) throw new RunError(`the disk image ${path} has become shorter while it was in use`);
    at += bytes;
  }
}

function writeBack(descriptor: number, disk: Disk): void {
  for (const { offset, data } of disk.changes()) writeSync(descriptor, data, 0, data.length, offset);
}
