/*
 * A snapshot of the machine: everything that its future depends on, but for the host's input to come.
 *
 * It is made of what the parts pass on (state.ts), the block of each CPU, the rest of the core, and RAM. It belongs to a
 * kind of machine: the images it was booted from, and its options. Pages are shared with other snapshots of the same
 * machine and never changed, so that a snapshot can be kept, restored any number of times, and given to other machines.
 */

import type { BootModule } from './boot/multiboot.ts';
import type { RamCopy } from './ram-pages.ts';
import { Sha256 } from './sha256.ts';
import type { StoredState } from './state.ts';
import type { CoreState } from './v86/core.ts';

/** What a machine is, as far as its snapshots and recordings must agree with it. */
export interface MachineIdentity {
  /** SHA-256 over kernel, command line and modules. */
  readonly images: string;
  readonly memoryBytes: number;
  readonly cpus: number;
}

export interface Snapshot {
  readonly identity: MachineIdentity;
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
}

export function identify({ memoryBytes, cpus, kernel, commandLine, modules }: IdentifyingOptions): MachineIdentity {
  const hash = new Sha256();
  const text = new TextEncoder();
  const parts = [kernel, text.encode(commandLine ?? '')];
  for (const module of modules ?? []) parts.push(module.data, text.encode(module.commandLine));
  for (const part of parts) hash.updateNumbers([part.length]).update(part);
  return { images: hash.digest(), memoryBytes, cpus: cpus ?? 1 };
}

/** Throws SnapshotError if what belongs to `found` does not fit the machine `own`. */
export function checkIdentity(own: MachineIdentity, found: MachineIdentity): void {
  const fail = (what: string) => {
    throw new SnapshotError(`the snapshot is of another machine: ${what}`);
  };
  if (found.cpus !== own.cpus)
    fail(`it has ${found.cpus} CPUs, this one ${own.cpus}; create the machine with ${found.cpus}`);
  if (found.memoryBytes !== own.memoryBytes) {
    const [theirs, ours] = [found.memoryBytes / 1024, own.memoryBytes / 1024];
    fail(`it has ${theirs} KiB of memory, this one ${ours}; create the machine with ${theirs} KiB`);
  }
  if (found.images !== own.images) {
    fail('it was booted from another kernel, command line or modules; create the machine with the same ones');
  }
}
