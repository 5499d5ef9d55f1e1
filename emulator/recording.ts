/*
 * What a run depended on, and enough of what came of it to tell whether another run is the same.
 *
 * A run is a function of the machine's options and of the host's input with its moments: that is what a recording stores.
 * On the way it takes samples (the registers of the CPU that runs, every SAMPLE_INTERVAL instructions) and checkpoints (the
 * state hash, every so many samples, with the hashes of the pages that have changed), so that a replay that goes astray is
 * noticed, and can say where. Samples and checkpoints only look: the run is the same as without them.
 *
 * A recording begins when the machine has been created and has not run; it covers any number of runs.
 */

import { type Compression, packFile, unpackFile } from './container.ts';
import { FILE_KINDS, RECORDING_FILE } from './file-kinds.ts';
import type { HostInput, Machine, Moment, Registers, RunObserver, RunResult } from './machine.ts';
import { type MachineIdentity, SnapshotError } from './snapshot.ts';
import type { StateDigest } from './state-hash.ts';

/** Instructions between two samples. */
export const SAMPLE_INTERVAL = 1_000_000;
/** Samples to a checkpoint. */
export const SAMPLES_PER_CHECKPOINT = 50;

export interface RecordedInput extends HostInput {
  readonly at: Moment;
}

export interface Sample {
  readonly at: Moment;
  readonly cpu: number;
  readonly registers: Registers;
}

export interface Checkpoint {
  readonly at: Moment;
  readonly hash: string;
  readonly cpus: readonly string[];
  readonly devices: string;
  readonly registers: readonly Registers[];
  /** The first eight digits of the hashes of the pages that changed since the last checkpoint; '' for zeros. */
  readonly pages: Readonly<Record<number, string>>;
}

export interface Recording {
  readonly identity: MachineIdentity;
  readonly seed: number;
  /** Whatever the host needs to create the machine again. */
  readonly host: unknown;
  readonly inputs: readonly RecordedInput[];
  readonly samples: readonly Sample[];
  /** The last one is the end. */
  readonly checkpoints: readonly Checkpoint[];
  /** How the last run ended, if the machine has run. */
  readonly result: RunResult | undefined;
}

export class Recorder implements RunObserver {
  readonly interval = SAMPLE_INTERVAL;
  readonly #machine: Machine;
  readonly #inputs: RecordedInput[] = [];
  readonly #samples: Sample[] = [];
  readonly #checkpoints: Checkpoint[] = [];
  readonly #pages: PageHashes = new PageHashes();

  /** Throws SnapshotError if the machine has run already. */
  constructor(machine: Machine) {
    if (machine.instructions !== 0 || machine.nanoseconds !== 0) {
      throw new SnapshotError('a recording begins when a machine is switched on, but this one has run already');
    }
    this.#machine = machine;
    machine.observe(this);
  }

  checkpoint(): void {
    this.#samples.push(takeSample(this.#machine));
    if (this.#samples.length % SAMPLES_PER_CHECKPOINT === 0) this.#takeCheckpoint();
  }

  input(input: HostInput): void {
    this.#inputs.push({ at: momentOf(this.#machine), ...input });
  }

  /** Ends the recording. The machine must not be running; `result` tells how its last run ended. */
  finish(host: unknown, result?: RunResult): Recording {
    this.#machine.settle();
    this.#takeCheckpoint();
    this.#machine.observe(undefined);
    return {
      identity: this.#machine.identity,
      seed: this.#machine.seed,
      host,
      inputs: this.#inputs,
      samples: this.#samples,
      checkpoints: this.#checkpoints,
      result,
    };
  }

  #takeCheckpoint(): void {
    const digest = this.#machine.stateDigest();
    const { hash, cpus, devices } = digest;
    const registers = cpus.map((_, cpu) => this.#machine.registers(cpu));
    const pages = Object.fromEntries(this.#pages.update(digest));
    this.#checkpoints.push({ at: momentOf(this.#machine), hash, cpus, devices, registers, pages });
  }
}

/** Short hashes of pages, from one checkpoint to the next. */
export class PageHashes {
  #last: StateDigest['pages'] = [];

  /** The pages that are not as they were at the last call. */
  *update({ pages }: StateDigest): Generator<[number, string]> {
    for (const [page, hash] of pages.entries()) {
      if (hash !== (this.#last[page] ?? null)) yield [page, shortHash(hash)];
    }
    this.#last = pages;
  }
}

/** The first eight hexadecimal digits of a page's hash; '' for zeros. */
export function shortHash(hash: Uint8Array | null): string {
  if (hash === null) return '';
  return Array.from(hash.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function takeSample(machine: Machine): Sample {
  return { at: momentOf(machine), cpu: machine.currentCpu, registers: machine.registers(machine.currentCpu) };
}

export function momentOf(machine: Machine): Moment {
  return { instructions: machine.instructions, nanoseconds: machine.nanoseconds };
}

/** The file of a recording. */
export function writeRecording(recording: Recording, compression: Compression): Uint8Array {
  return packFile(RECORDING_FILE, new TextEncoder().encode(JSON.stringify(recording)), compression);
}

/** Throws SnapshotError if the file is not a whole recording of this version. */
export function readRecording(file: Uint8Array, compression: Compression): Recording {
  const contents = unpackFile(RECORDING_FILE, FILE_KINDS, file, compression);
  return JSON.parse(new TextDecoder().decode(contents)) as Recording;
}
