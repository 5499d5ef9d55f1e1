/*
 * Makes a recorded run again, and checks that it is the same.
 *
 * The input is given to the machine at the moments at which it took effect; at every sample and checkpoint the state is
 * compared with the recorded one. The first sample that differs tells between which two instruction counts the runs parted,
 * on which CPU, and in which registers; the replay goes on to the next checkpoint, which tells in which pages of RAM. To
 * know whose fault it is, that stretch is then run once more, from a snapshot that was taken at the last checkpoint.
 */

import type { HostInput, Machine, Moment, Registers, RunObserver, RunResult } from './machine.ts';
import {
  type Checkpoint,
  momentOf,
  type Recording,
  SAMPLE_INTERVAL,
  type Sample,
  shortHash,
  takeSample,
} from './recording.ts';
import { checkIdentity, type Snapshot } from './snapshot.ts';

export interface Divergence {
  /** The last moment at which the runs were the same, as far as is known, and the first at which they were not. */
  readonly after: Moment;
  readonly before: Moment;
  /** What differs, a line each. */
  readonly differences: readonly string[];
  /** Whether the stretch from the last checkpoint came out the same when it was run again. */
  readonly repeats: boolean;
}

export interface ReplayResult {
  /** Checkpoints that agreed. */
  readonly checkpoints: number;
  readonly divergence: Divergence | undefined;
  /** Where the replay ended. */
  readonly at: Moment;
}

export interface ReplayOptions {
  /** Stops after so many instructions. Default: the end of the recording. */
  readonly instructions?: number;
  /** Called at every sample: the share of the recording that has been replayed. */
  readonly onProgress?: (share: number) => void;
}

const START: Moment = { instructions: 0, nanoseconds: 0 };

/**
 * `machine` is freshly created from the same images and options. It can be used afterwards. Throws SnapshotError if the
 * recording is of another machine.
 */
export async function replay(
  machine: Machine,
  recording: Recording,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  checkIdentity('recording', machine.identity, recording.identity);
  const player = new Player(machine, recording, options);
  machine.observe(player);
  try {
    return await player.play();
  } finally {
    machine.observe(undefined);
  }
}

class Player implements RunObserver {
  readonly interval = SAMPLE_INTERVAL;
  readonly #machine: Machine;
  readonly #recording: Recording;
  readonly #options: ReplayOptions;
  readonly #end: number;
  /** What the recording says about pages, up to the last checkpoint. */
  readonly #recordedPages = new Map<number, string>();
  #samples = 0;
  #checkpoints = 0;
  #inputs = 0;
  /** The last moment at which all was well, and the state at the last checkpoint. */
  #good: Moment = START;
  #snapshot: { readonly taken: Snapshot; readonly inputs: number } | undefined;
  #differences: string[] = [];
  #bad: Moment | undefined;

  constructor(machine: Machine, recording: Recording, options: ReplayOptions) {
    this.#machine = machine;
    this.#recording = recording;
    this.#options = options;
    const whole = recording.checkpoints.at(-1)!.at.instructions;
    this.#end = Math.min(whole, options.instructions ?? whole);
  }

  async play(): Promise<ReplayResult> {
    for (const checkpoint of this.#recording.checkpoints) {
      this.#snapshot = { taken: this.#machine.snapshot(), inputs: this.#inputs };
      if (checkpoint.at.instructions > this.#end) {
        await this.#playTo({ instructions: this.#end, nanoseconds: 0 });
        break;
      }
      const isLast = checkpoint === this.#recording.checkpoints.at(-1);
      await this.#playTo(checkpoint.at, isLast);
      this.#compare(checkpoint);
      if (this.#bad !== undefined) break;
      this.#checkpoints++;
      this.#good = checkpoint.at;
    }
    return { checkpoints: this.#checkpoints, divergence: await this.#explain(), at: momentOf(this.#machine) };
  }

  /** A sample. */
  checkpoint(): void {
    const expected = this.#recording.samples[this.#samples++];
    this.#options.onProgress?.(this.#machine.instructions / this.#end);
    if (expected === undefined || this.#bad !== undefined) return;
    const differences = differingSample(expected, takeSample(this.#machine));
    if (differences.length === 0) this.#good = expected.at;
    else this.#diverge(expected.at, differences);
  }

  input(_input: HostInput): void {
    // It is what was given to it.
  }

  /** A checkpoint is taken before the input of its moment takes effect; the end (`withLast`) comes after it. */
  async #playTo(target: Moment, withLast = false): Promise<void> {
    for (; this.#inputs < this.#recording.inputs.length; this.#inputs++) {
      const input = this.#recording.inputs[this.#inputs]!;
      if (isAfter(input.at, target) || (!withLast && !isAfter(target, input.at))) break;
      await this.#runTo(input.at);
      const port = this.#machine.serial(input.port);
      if (input.discards) port.discardInput();
      port.send(Uint8Array.from(input.bytes));
    }
    await this.#runTo(target);
    if (withLast) this.#machine.settle();
  }

  /** Runs to a moment, through whatever would end a run before. */
  async #runTo(target: Moment): Promise<void> {
    let result: RunResult;
    do {
      result = await this.#machine.run({ until: target });
    } while (result.reason === 'exit');
    const reached = momentOf(this.#machine);
    if (this.#bad !== undefined || reached.instructions >= target.instructions) return;
    const recorded = this.#recording.result?.reason;
    const why = result.reason === recorded ? '' : `; the machine stopped (${result.message ?? result.reason})`;
    this.#diverge(target, [`after ${reached.instructions} instructions nothing runs any more${why}`]);
  }

  #compare(recorded: Checkpoint): void {
    const digest = this.#machine.stateDigest();
    for (const [page, hash] of Object.entries(recorded.pages)) this.#recordedPages.set(Number(page), hash);
    if (digest.hash === recorded.hash) return;
    const differences: string[] = [];
    for (const [cpu, hash] of digest.cpus.entries()) {
      if (hash === recorded.cpus[cpu]) continue;
      const registers = differingRegisters(recorded.registers[cpu]!, this.#machine.registers(cpu));
      differences.push(
        `CPU ${cpu}: ${registers.length > 0 ? registers.join(', ') : 'segments, FPU or system registers'}`,
      );
    }
    const pages = Array.from(digest.pages.keys()).filter(
      (page) => shortHash(digest.pages[page]!) !== (this.#recordedPages.get(page) ?? ''),
    );
    if (pages.length > 0) {
      const first = `0x${(pages[0]! * 4096).toString(16)}`;
      differences.push(`RAM: ${pages.length} ${pages.length === 1 ? 'page' : 'pages'}, the first at ${first}`);
    }
    if (digest.devices !== recorded.devices) differences.push('the devices, the clock or the schedule');
    const now = momentOf(this.#machine);
    if (now.nanoseconds !== recorded.at.nanoseconds) {
      differences.push(`virtual time: ${now.nanoseconds} ns instead of ${recorded.at.nanoseconds} ns`);
    }
    this.#diverge(recorded.at, differences);
  }

  /** Only the first divergence has a place; what is found later adds to it. */
  #diverge(at: Moment, differences: readonly string[]): void {
    this.#bad ??= at;
    this.#differences.push(...differences);
  }

  async #explain(): Promise<Divergence | undefined> {
    if (this.#bad === undefined) return undefined;
    const end = momentOf(this.#machine);
    this.#machine.settle();
    const first = this.#machine.stateHash();
    this.#machine.observe(undefined);
    this.#machine.restore(this.#snapshot!.taken);
    this.#inputs = this.#snapshot!.inputs;
    await this.#playTo(end, true);
    const repeats = this.#machine.stateHash() === first;
    return { after: this.#good, before: this.#bad, differences: this.#differences, repeats };
  }
}

function isAfter(a: Moment, b: Moment): boolean {
  return a.instructions > b.instructions || (a.instructions === b.instructions && a.nanoseconds > b.nanoseconds);
}

function differingSample(recorded: Sample, found: Sample): string[] {
  if (found.cpu !== recorded.cpu) return [`CPU ${found.cpu} runs instead of CPU ${recorded.cpu}`];
  const registers = differingRegisters(recorded.registers, found.registers);
  const differences = registers.length === 0 ? [] : [`CPU ${found.cpu}: ${registers.join(', ')}`];
  if (found.at.nanoseconds !== recorded.at.nanoseconds) {
    differences.push(`virtual time: ${found.at.nanoseconds} ns instead of ${recorded.at.nanoseconds} ns`);
  }
  return differences;
}

function differingRegisters(recorded: Registers, found: Registers): string[] {
  const hex = (value: number) => `0x${(value >>> 0).toString(16)}`;
  return Object.entries(recorded)
    .filter(([name, value]) => found[name as keyof Registers] >>> 0 !== (value as number) >>> 0)
    .map(([name, value]) => `${name} ${hex(found[name as keyof Registers])} instead of ${hex(value as number)}`);
}
