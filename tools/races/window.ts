/*
 * One race, again and again: a machine that stands one step before it, and goes on from there by whatever schedule.
 *
 *   boot          once; everything comes to rest, and the two parties wait (kernel/mm/raceTest.ts)
 *   approach      once for each race: what it is about is prepared; a snapshot
 *   run           back to the snapshot, open a race or none, follow a schedule, judge
 *
 * A run is a function of the image, the race, what is open, the schedule, and the seed of what follows it.
 */
import { checkMemory } from '../../emulator/inspect/invariants.ts';
import { KernelReader } from '../../emulator/inspect/kernelReader.ts';
import { MemoryState } from '../../emulator/inspect/memoryState.ts';
import { Disk, Machine, type RunResult, type Snapshot } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import { RoundRobin } from '../../emulator/policies/round-robin.ts';
import { Random } from '../../emulator/random.ts';
import { RACE_NONE } from '../../kernel/abi/races.ts';
import type { LayoutFile } from '../compiler/output/index.ts';
import { commandsArchive } from '../image/initramfs.ts';
import { swapImage } from '../image/swapImage.ts';
import { Director } from './director.ts';
import { judge, type Outcome } from './judge.ts';
import { ScheduleError, type Step } from './schedule.ts';

/** What boots: a kernel built with RACE_TEST, and any initial RAM disk. */
export interface RaceImages {
  readonly kernel: Uint8Array;
  readonly layout: LayoutFile;
  readonly initrd: Uint8Array;
}

const MEMORY_BYTES = 8 << 20;
const SWAP_BYTES = 1 << 20;
/** Instructions: far more than a boot needs, and than a race needs. */
const BOOT_LIMIT = 1e9;
const RACE_LIMIT = 400_000;
/** Longest slice of the boot, about; and instructions until both parties wait, one at a time, so that no slice is left over. */
const BOOT_SLICE = 5000;
const SETTLING = 20_000;
/** Instructions between two looks whether both are through. */
const PACE = 50;
/** The line of the kernel's log that tells how it went. */
const TOLD = /(?:^|\n)(?:\[[ \d.]*\] )?((?:race|panic): [^\r\n]*)\r?\n/;
/** Mean slice of what follows a schedule. */
const MEAN_SLICE = 400;

export class RaceWindow {
  readonly #machine: Machine;
  readonly #director: Director;
  readonly #reader: KernelReader;
  readonly #atRest: Snapshot;
  #console = '';
  #before: Snapshot | undefined;
  #length = 0;

  private constructor(machine: Machine, director: Director, layout: LayoutFile) {
    this.#machine = machine;
    this.#director = director;
    this.#reader = new KernelReader(machine, layout);
    const functions = new Map(layout.symbols.map(({ name, address }) => [name, address]));
    director.enter({
      instructionPointer: (cpu) => machine.registers(cpu).eip,
      topOfStack: (cpu) => this.#reader.word(machine.registers(cpu).esp),
      functionAddress: (name) => {
        const address = functions.get(name);
        if (address !== undefined) return address;
        throw new ScheduleError(`the kernel has no function ${name} (it may be inlined): name another one`);
      },
      watchedWord: () => this.#reader.word(this.#read('watched')),
    });
    machine.serial(0).onOutput((bytes) => {
      this.#console += Buffer.from(bytes).toString('latin1');
    });
    this.#runUntil('race: which?\r\n', BOOT_LIMIT);
    this.#atRest = machine.snapshot();
  }

  /** Boots. The caller closes it. */
  static async open({ kernel, layout, initrd }: RaceImages): Promise<RaceWindow> {
    const director = new Director();
    director.direct([], new RoundRobin(new Random(1), BOOT_SLICE));
    const machine = await Machine.create({
      wasm: readCore,
      memoryBytes: MEMORY_BYTES,
      seed: 1,
      cpus: 2,
      mode: 'exact',
      policy: () => director,
      kernel,
      commandLine: 'quiet swap=/dev/hdd',
      modules: [
        { data: initrd, commandLine: 'initrd.cpio' },
        { data: commandsArchive(['sleep 100000']), commandLine: 'exec.cpio' },
      ],
      disks: [undefined, undefined, undefined, new Disk(swapImage(SWAP_BYTES))],
    });
    return new RaceWindow(machine, director, layout);
  }

  /** Instructions that both parties together take when nothing goes wrong, about. */
  get length(): number {
    return this.#length;
  }

  /** Prepares the race with this number. */
  approach(race: number): void {
    const machine = this.#machine;
    machine.restore(this.#atRest);
    this.#direct([], 1);
    this.#write('program', race);
    this.#runUntil('race: ready\r\n', BOOT_LIMIT);
    this.#director.direct([], new RoundRobin(new Random(1), 1));
    machine.runSync({ instructions: SETTLING });
    this.#write('go', 1);
    this.#before = machine.snapshot();
    const start = machine.instructions;
    while (this.#read('done') < 2 && machine.instructions < start + RACE_LIMIT) machine.runSync({ instructions: PACE });
    this.#length = machine.instructions - start;
    if (this.#read('done') < 2) throw new Error(`race ${race} does not end though nothing is open`);
  }

  /** The race by this schedule, with race `open` re-opened. `inspect`: memory is looked at from outside, too. */
  run(open: number, steps: readonly Step[], seed: number, inspect = true): Outcome {
    const machine = this.#machine;
    machine.restore(this.#before!);
    if (open !== RACE_NONE) this.#write('openRace', open);
    this.#direct(steps, seed);
    this.#console = '';
    const end = machine.instructions + RACE_LIMIT;
    let result: RunResult;
    let line: string | undefined;
    do {
      result = machine.runSync({
        instructions: end - machine.instructions,
        untilOutput: { port: 0, pattern: '\n' },
      });
      line = TOLD.exec(this.#console)?.[1];
    } while (line === undefined && result.reason === 'output');
    const state = new MemoryState(this.#reader);
    const outcome = judge(line, result, state);
    if (outcome.kind !== 'clean' || !inspect) return outcome;
    const findings = checkMemory(state, false);
    return findings.length === 0 ? outcome : { kind: 'broken invariant', text: findings.join('; ') };
  }

  async close(): Promise<void> {
    await this.#machine.destroy();
  }

  #direct(steps: readonly Step[], seed: number): void {
    this.#director.direct(steps, new RoundRobin(new Random(seed), MEAN_SLICE));
  }

  /** Sets a variable of the race test or its flags. */
  #write(name: string, value: number): void {
    const module = name === 'openRace' ? 'mm/raceFlags' : 'mm/raceTest';
    const physical = this.#reader.physical(this.#reader.symbol(`${module}:${name}`));
    this.#machine.writePhysical(physical, Uint8Array.of(value)); // all of them are below 256, and were 0
  }

  #read(name: string): number {
    return this.#reader.word(this.#reader.symbol(`mm/raceTest:${name}`));
  }

  #runUntil(pattern: string, instructions: number): void {
    const { reason } = this.#machine.runSync({ untilOutput: { port: 0, pattern }, instructions });
    if (reason !== 'output') throw new Error(`the race test did not say '${pattern.trim()}':\n${this.#console}`);
  }
}
