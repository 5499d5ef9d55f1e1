/*
 * What a machine is made of, how a run of it is asked for, and how it ends.
 */

import type { BootModule } from './boot/boot-image.ts';
import type { Roms } from './boot/roms.ts';
import type { Policy } from './policy.ts';
import type { Random } from './random.ts';
import type { Disk } from './storage/disk.ts';

export interface MachineOptions {
  /** Provides the contents of v86's core, build/v86.wasm of the package. */
  readonly wasm: () => Promise<Uint8Array>;
  /** A multiple of 128 KiB, 1 MiB or more. */
  readonly memoryBytes: number;
  /** Determines everything random: slices of CPUs, RDRAND. */
  readonly seed: number;
  /** 1 to 8. */
  readonly cpus?: number;
  /** `fast` compiles guest code, `exact` interprets it. The guest cannot tell, and neither can the state hash. */
  readonly mode?: 'fast' | 'exact';
  /** A multiboot kernel, or a Linux bzImage whose modules are its initial file systems. */
  readonly kernel: Uint8Array;
  readonly commandLine?: string;
  readonly modules?: readonly BootModule[];
  /** Read-only memory below 1 MiB. */
  readonly roms?: Roms;
  /** IDE disks: hda, hdb, hdc, hdd. */
  readonly disks?: readonly (Disk | undefined)[];
  /** Chooses CPUs; the default is round robin with random slices. */
  readonly policy?: (random: Random) => Policy;
}

/**
 * A point of a run between two instructions: how many were executed, and what time it was. Time can pass without
 * instructions, while all CPUs sleep.
 */
export interface Moment {
  readonly instructions: number;
  readonly nanoseconds: number;
}

/** What the host did to a serial port. */
export interface HostInput {
  readonly port: number;
  /** Whether input that had not entered the guest was dropped before. */
  readonly discards: boolean;
  readonly bytes: readonly number[];
}

/** Is told of what a recording must know. */
export interface RunObserver {
  /** `checkpoint` is called at all multiples of this number of instructions. */
  readonly interval: number;
  /** The events that are due were handled; input that arrives at this moment was not. */
  checkpoint(): void;
  /** Input takes effect at this moment. */
  input(input: HostInput): void;
}

export interface RunOptions {
  /** Ends the run when the guest has written this text to the serial port. */
  readonly untilOutput?: { readonly port: number; readonly pattern: string | Uint8Array };
  /** Ends the run after this many instructions, of all CPUs together. */
  readonly instructions?: number;
  /** Ends the run at this point. */
  readonly until?: Moment;
  /** When all CPUs sleep and only input could wake them, waits for `send` instead of ending the run. */
  readonly waitForInput?: boolean;
  /** While all CPUs sleep, lets virtual time pass no faster than the host's. For people; `runSync` takes no notice. */
  readonly realTime?: boolean;
}

export interface RunResult {
  /**
   * `output`: the pattern was written; `limit`: the instructions are used up; `exit`: the guest wrote to the exit port;
   * `halted`: all CPUs sleep and nothing but input can wake them; `shutdown`: a CPU could not deliver an exception (triple
   * fault); `reset`: the guest reset the machine, which stays off; `stopped`: `stop` was called.
   */
  readonly reason: 'output' | 'limit' | 'exit' | 'halted' | 'shutdown' | 'reset' | 'stopped';
  /** What the guest wrote to the exit port. */
  readonly exitCode?: number;
  /** For `shutdown`: what happened and where. */
  readonly message?: string;
  /** Executed by this run. */
  readonly instructions: number;
}

const MEMORY_GRANULE = 128 * 1024;

/** Throws RangeError. */
export function checkOptions({ memoryBytes, cpus = 1 }: MachineOptions): void {
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > 8) throw new RangeError(`a machine has 1 to 8 CPUs, not ${cpus}`);
  if (memoryBytes < 2 ** 20 || memoryBytes > 2 ** 30 || memoryBytes % MEMORY_GRANULE !== 0) {
    throw new RangeError(`memory is 1 MiB to 1 GiB in steps of 128 KiB, not ${memoryBytes} bytes`);
  }
}
