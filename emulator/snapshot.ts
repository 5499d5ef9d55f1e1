/*
 * A snapshot of the machine: everything that its future depends on, but for the host's input to come.
 *
 * It is made of what the parts pass on (state.ts), the block of each CPU, the rest of the core, and RAM. It belongs to a
 * kind of machine: the images it was booted from, and its options. Pages are shared with other snapshots of the same
 * machine and never changed, so that a snapshot can be kept, restored any number of times, and given to other machines.
 */

import type { BootModule } from './boot/boot-image.ts';
import type { Roms } from './boot/roms.ts';
import type { RamCopy } from './ram-pages.ts';
import { Sha256 } from './sha256.ts';
import type { StoredState } from './state.ts';
import type { Disk } from './storage/disk.ts';
import type { CoreState } from './v86/core.ts';

/** What a machine was booted from, in part: a kernel, its command line, a module, a disk. */
export interface ImageIdentity {
  /** For messages: "kernel", "module initrd.cpio". */
  readonly name: string;
  /** SHA-256. */
  readonly hash: string;
}

/** What a machine is, as far as its snapshots and recordings must agree with it. */
export interface MachineIdentity {
  readonly images: readonly ImageIdentity[];
  readonly memoryBytes: number;
  readonly cpus: number;
}

/** Computed when it is first asked for: hashing images takes longer than taking a snapshot. */
export interface LazyIdentity {
  readonly value: MachineIdentity;
}

export interface Snapshot {
  readonly identity: LazyIdentity;
  /** Instructions that the machine had executed. */
  readonly instructions: number;
  readonly state: StoredState;
  /** The block of each CPU, CPU_STATE_BYTES. */
  readonly cpus: readonly Uint8Array[];
  readonly core: CoreState;
  readonly ram: RamCopy;
}

/** A snapshot or recording is of another machine, or its file cannot be used. The message says what to do. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

/** The options that make a machine what it is. */
interface IdentifyingOptions {
  readonly memoryBytes: number;
  readonly cpus?: number;
  readonly kernel: Uint8Array;
  readonly commandLine?: string;
  readonly modules?: readonly BootModule[];
  readonly roms?: Roms;
  readonly disks?: readonly (Disk | undefined)[];
}

const DISK_NAMES = ['hda', 'hdb', 'hdc', 'hdd'];

export function identify(options: IdentifyingOptions): LazyIdentity {
  let value: MachineIdentity | undefined;
  return {
    get value() {
      return (value ??= computeIdentity(options));
    },
  };
}

function computeIdentity(options: IdentifyingOptions): MachineIdentity {
  const { memoryBytes, cpus, kernel, commandLine, modules = [], roms = {}, disks = [] } = options;
  const image = (name: string, data: Uint8Array): ImageIdentity => ({ name, hash: new Sha256().update(data).digest() });
  const images = [image('kernel', kernel), image('command line', new TextEncoder().encode(commandLine ?? ''))];
  for (const { commandLine: words, data } of modules) images.push(image(`module '${words}'`, data));
  if (roms.bios !== undefined) images.push(image('BIOS', roms.bios));
  if (roms.vgaBios !== undefined) images.push(image('VGA BIOS', roms.vgaBios));
  for (const [i, disk] of disks.entries()) {
    if (disk !== undefined) images.push({ name: `disk ${DISK_NAMES[i]!}`, hash: hexadecimal(disk.image.identity) });
  }
  return { images, memoryBytes, cpus: cpus ?? 1 };
}

/** Throws SnapshotError if `what` (a snapshot, a recording), which belongs to `found`, does not fit the machine `own`. */
export function checkIdentity(what: string, own: MachineIdentity, found: MachineIdentity): void {
  const fail = (how: string) => {
    throw new SnapshotError(`the ${what} is of another machine: ${how}`);
  };
  if (found.cpus !== own.cpus) {
    fail(`it had ${found.cpus} CPUs, this one has ${own.cpus}; create the machine with ${found.cpus}`);
  }
  if (found.memoryBytes !== own.memoryBytes) {
    const [theirs, ours] = [found.memoryBytes / 1024, own.memoryBytes / 1024];
    fail(`it had ${theirs} KiB of memory, this one has ${ours}; create the machine with ${theirs} KiB`);
  }
  const differing = differingImages(own.images, found.images);
  if (differing.length > 0) fail(`${differing.join('; ')}. Create the machine with the same images`);
}

/** What is not the same, in words. */
function differingImages(own: readonly ImageIdentity[], found: readonly ImageIdentity[]): string[] {
  const names = new Set([...found, ...own].map((image) => image.name));
  return Array.from(names, (name) => {
    const [theirs, ours] = [found, own].map((images) => images.find((image) => image.name === name)?.hash);
    if (theirs === ours) return '';
    if (ours === undefined) return `its ${name} is missing here`;
    if (theirs === undefined) return `it had no ${name}`;
    return `its ${name} was another one (SHA-256 ${theirs.slice(0, 16)}..., here ${ours.slice(0, 16)}...)`;
  }).filter((text) => text !== '');
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
