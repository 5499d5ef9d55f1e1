/*
 * What snapshots, restoring and replaying cost, with the kernel at its prompt on four CPUs and 16 MB.
 */
import { Machine, type MachineOptions } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import { Recorder } from '../../emulator/recording.ts';
import { replay } from '../../emulator/replay.ts';
import type { ProjectImages } from '../build/buildProject.ts';
import { commandsArchive } from '../image/initramfs.ts';
import { processorSeconds } from './machineRows.ts';
import { atMost, type BenchRow } from './rows.ts';

const PROMPT = 'pagewright:/# ';
const LIMIT = 4e9;
const TOUCHED_PAGES = 100;
const ROUNDS = 200;
const PAGE = 4096;
/** Where the rounds write: within RAM, from the middle upwards. */
const FIRST_TOUCHED = 8 << 20;

export async function stateRows(images: ProjectImages): Promise<BenchRow[]> {
  const rows = await snapshotRows(images);
  rows.push(await replayRow(images));
  return rows;
}

async function snapshotRows(images: ProjectImages): Promise<BenchRow[]> {
  const whole: number[] = [];
  const later: number[] = [];
  const restored: number[] = [];
  const machine = await createMachine(images, []);
  try {
    const { reason } = machine.runSync({ untilOutput: { port: 0, pattern: PROMPT }, instructions: LIMIT });
    if (reason !== 'output') throw new Error(`the kernel did not reach its prompt (${reason})`);
    const all = machine.readPhysical(0, machine.memory().length);
    const snapshot = machine.snapshot();
    for (let i = 0; i < ROUNDS; i++) {
      touchPages(machine);
      restored.push(milliseconds(() => machine.restore(snapshot)));
    }
    for (let i = 0; i < ROUNDS; i++) {
      touchPages(machine);
      later.push(milliseconds(() => machine.snapshot()));
    }
    for (let i = 0; i < ROUNDS / 4; i++) {
      machine.writePhysical(0, all);
      whole.push(milliseconds(() => machine.snapshot()));
    }
  } finally {
    await machine.destroy();
  }
  const row = (name: string, values: number[]) => ({ group: 'state', name, value: median(values), unit: 'ms' });
  return [
    atMost(row('snapshot after all of 16 MB', whole), 5),
    atMost(row(`snapshot after ${TOUCHED_PAGES} pages`, later), 5),
    atMost(row(`restore after ${TOUCHED_PAGES} pages`, restored), 0.3),
  ];
}

/** Verification at checkpoints and samples, against the run alone. */
async function replayRow(images: ProjectImages): Promise<BenchRow> {
  const commands = ['torture --iterations 5'];
  const recorded = await createMachine(images, commands);
  const recorder = new Recorder(recorded);
  const result = recorded.runSync({ instructions: LIMIT });
  const recording = recorder.finish(null, result);
  await recorded.destroy();
  const plain = await createMachine(images, commands);
  const alone = milliseconds(() => plain.runSync({ instructions: LIMIT }));
  await plain.destroy();
  const machine = await createMachine(images, commands);
  const start = processorSeconds();
  const { divergence, at } = await replay(machine, recording);
  const replayed = 1000 * (processorSeconds() - start);
  await machine.destroy();
  if (divergence !== undefined) throw new Error(`the replay went astray: ${divergence.differences.join('; ')}`);
  return {
    group: 'state',
    name: 'replay and verification',
    value: at.instructions / replayed / 1000,
    unit: 'M instructions/s',
    against: 'the run alone',
    ratio: alone / replayed,
  };
}

function touchPages(machine: Machine): void {
  for (let i = 0; i < TOUCHED_PAGES; i++) machine.writePhysical(FIRST_TOUCHED + i * PAGE, Uint8Array.of(i, 1));
}

function createMachine(images: ProjectImages, commands: readonly string[]): Promise<Machine> {
  const modules = [{ data: images.initrd, commandLine: 'initrd.cpio' }];
  if (commands.length > 0) modules.push({ data: commandsArchive(commands), commandLine: 'exec.cpio' });
  const options: MachineOptions = {
    wasm: readCore,
    memoryBytes: 16 << 20,
    seed: 1,
    cpus: 4,
    kernel: images.kernel,
    modules,
    commandLine: commands.length > 0 ? 'quiet' : '',
  };
  return Machine.create(options);
}

function milliseconds(work: () => void): number {
  const start = processorSeconds();
  work();
  return 1000 * (processorSeconds() - start);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
